"""Interrupted and resumed: whatever ends a run, the same words with `resume=true` end with the same bits."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from command_line import HEADER, LINE, Outcome, simulate, write
from conftest import Verified
from digests import of_dataset
from lives import Life, Server

from simulate import checkpoint, durable, every_draw, forecast, progress, provenance, signals, store, unfinished
from simulate.engines import local, work
from simulate.errors import StorageError

#: Hypotheses and evidence, so that all kinds of counts are there: histograms, weighted sums beyond 64 bits, pairs.
SET = f"""{LINE}
hypotheses:
  slow: {{weight: 0.3}}
  fast: {{weight: 0.7, inputs: {{trend_growth: {{low: 0.8, high: 1.2}}}}}}
evidence:
  seen: {{loglik: "-0.5*(trend_start - 26.5)**2"}}
"""
DRAWS = 100_000
WORDS = ["--config-dir=../sets", f"draws={DRAWS}"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, beside sets `both` (hypotheses and evidence) and `plain`; no figures, always keep."""
    write(tmp_path / "sets", "both.yaml", HEADER + SET)
    write(tmp_path / "sets", "plain.yaml", HEADER + LINE)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    monkeypatch.setattr(store, "save", lambda *parts, save=store.save, **rest: save(*parts, figures=(), **rest))
    return folder


@cache
def whole(name: str, draws: int = DRAWS, seed: int = 1, **options: Any) -> str:
    """The digest of a run that nothing has interrupted."""
    from simulate import compose
    from simulate.assumptions import build

    settings, where = compose.settings(name, [], "../sets")
    return of_dataset(forecast.run(build(settings, where), draws, seed, **options))


def digest(outcome: Outcome) -> str:
    """The digest of the result that a command has just told."""
    assert outcome.code == 0, outcome.err
    return of_dataset(store.load(outcome.out.splitlines()[-1]))


@contextmanager
def ended_by(error: type[BaseException], after: int = 30_000) -> Iterator[None]:
    """End runs by an exception in the main thread, once so many draws are done."""
    done = [0]

    @contextmanager
    def shown(what: str, total: float) -> Iterator[Callable[[float], None]]:
        def advance(draws: float) -> None:
            done[0] += int(draws)
            if done[0] >= after:
                raise error

        yield advance

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "shown", shown)
        patch.setattr(signals, "PATIENCE", 0.001)  # so that a small run can be met half done
        yield


def interrupted(*words: str, after: int = 30_000) -> Outcome:
    """A command that Ctrl-C ends in the middle of its work."""
    with ended_by(KeyboardInterrupt, after):
        outcome = simulate(*words)
    assert outcome.code == 130, outcome
    return outcome


def places(root: Path = Path("outputs")) -> list[Path]:
    """Whatever is hidden in a folder of runs."""
    return sorted(path for path in root.iterdir() if path.name.startswith("."))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# The same bits


@pytest.mark.parametrize(("name", "output"), [("plain", []), ("both", ["output=mine"])])
def test_an_interrupted_run_goes_on_to_the_same_bits_with_other_threads(
    name: str, output: list[str], here: Path
) -> None:
    words = [*WORDS, f"assumptions={name}", *output]
    first = interrupted(*words, "threads=1")
    (place,) = places()
    share = re.search(r"interrupted; ([\d.]+) % of the work is kept in (.+)\n", first.err)
    assert share
    assert 15 <= float(share[1]) < 60
    assert share[2] == str(place)
    assert f"go on with: simulate {' '.join(words)} threads=1 resume=true\n" in first.err
    second = interrupted(*words, "threads=2", "resume=true", after=90_000)
    assert f"going on with the run that {place} keeps, {share[1]} % of it done" in second.err
    assert "go on with: simulate" in second.err
    assert second.err.count("resume=true") == 1
    third = simulate(*words, "threads=3", "resume=true")
    assert digest(third) == whole(name)
    assert places() == []
    again = simulate(*words, "resume=true")
    assert again.out == third.out
    assert len(list(Path("outputs").iterdir())) == 1


@pytest.mark.parametrize(
    ("asked", "after"), [({"sampling": "sobol"}, 30_000), ({"target_error": 0.001}, 65_536 + 20_000)]
)
def test_even_points_and_repeated_runs_go_on_to_the_same_bits(asked: dict[str, Any], after: int, here: Path) -> None:
    words = [*WORDS, "assumptions=both", *(f"{key}={value}" for key, value in asked.items())]
    first = interrupted(*words, "threads=1", after=after)
    found = checkpoint.read(places()[0] / "counts")
    assert found is not None
    assert 0 < found.done < found.of
    assert found.of > after - 30_000
    assert "is kept in" in first.err
    second = simulate(*words, "threads=3", "resume=true")
    assert "going on" in second.err
    assert digest(second) == whole("both", **asked)


def test_what_was_done_is_not_done_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*WORDS, "assumptions=plain", "threads=1", "output=mine"]
    interrupted(*words)
    found = checkpoint.read(Path("outputs/.mine.progress/counts"))
    assert found is not None
    blocks: list[int] = []
    run = work.Memory.run

    def watched(memory: Any, seed: int, first: int, last: int, draws: int) -> None:
        blocks.extend(range(first, last))
        run(memory, seed, first, last, draws)

    monkeypatch.setattr(work.Memory, "run", watched)
    assert simulate(*words, "resume=true").code == 0
    assert blocks == [0, *range(found.done // 512, -(-DRAWS // 512))]  # 0: the pilot
    timings = json.loads(store.load("outputs/mine").attrs["timings"])
    assert timings["simulation"] > found.seconds > 0.0


def test_a_run_that_is_resumed_before_it_began_begins(here: Path) -> None:
    assert digest(simulate(*WORDS, "assumptions=plain", "resume=true")) == whole("plain")
    assert digest(simulate(*WORDS, "assumptions=plain", "output=mine", "resume=true")) == whole("plain")


def test_a_short_run_keeps_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY", 60.0)
    outcome = interrupted(*WORDS, "assumptions=plain")
    assert outcome.err == "interrupted; nothing half-written is left\n"
    assert list(here.iterdir()) == []


def all_draws(outcome: Outcome) -> dict[str, np.ndarray]:
    """Every array of the store of draws that a command has written."""
    with xr.open_zarr(Path(outcome.out.splitlines()[-1]) / store.DRAWS) as found:
        return {name: found[name].values for name in found.variables}


def test_kept_draws_go_on_with_those_that_are_missing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*WORDS, "assumptions=both", "keep=draws", "kept=[training_compute]"]
    anew = simulate(*words, "output=fresh")
    first = interrupted(*words, "output=mine", "threads=1", after=50_000)
    assert "of the work is kept in outputs/.mine.progress" in first.err
    for other, said in (
        (words[:-2], "keep: 'draws' -> not given"),
        (words[:-1], "kept: ['training_compute'] -> "),
    ):
        refused = simulate(*other, "output=mine", "resume=true")
        assert refused.code == 2
        assert said in refused.err
    take, began = every_draw.Store.sink, []

    def watched(self: every_draw.Store, which: int) -> work.Sink:
        sink = take(self, which)

        def noted(start: int, *values: np.ndarray) -> None:
            began.append(start)
            sink(start, *values)

        return noted

    monkeypatch.setattr(every_draw.Store, "sink", watched)
    second = simulate(*words, "output=mine", "threads=2", "resume=true")
    assert digest(second) == digest(anew)
    assert 0 < min(began) < DRAWS
    for name, values in all_draws(anew).items():
        np.testing.assert_array_equal(all_draws(second)[name], values)
    assert places() == []
    assert simulate(*words, "output=mine", "resume=true").out == second.out
    assert simulate(*words[:-1], "output=mine", "resume=true").code == 5


def test_draws_are_on_the_disk_before_the_counts_say_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    write, flush = checkpoint.write, durable.flush

    def written(*parts: Any) -> None:
        done.append("counts")
        write(*parts)

    def flushed() -> None:
        done.append("draws")
        flush()

    monkeypatch.setattr(checkpoint, "write", written)
    monkeypatch.setattr(durable, "flush", flushed)
    interrupted(*WORDS, "assumptions=plain", "keep=draws", after=50_000)
    assert "counts" in done
    assert done == ["draws", "counts"] * (len(done) // 2)


@pytest.mark.parametrize("lost", ["", "crossing"])
def test_counts_without_their_draws_are_refused(lost: str, here: Path) -> None:
    words = [*WORDS, "assumptions=plain", "keep=draws", "output=mine"]
    interrupted(*words, after=50_000)
    shutil.rmtree(Path("outputs/.mine.progress", store.DRAWS, lost))
    refused = simulate(*words, "resume=true")
    assert refused.code == 5
    assert "the draws that belong here are missing or damaged; overwrite=true, or a run without" in refused.err
    assert simulate(*words, "overwrite=true").code == 0


def test_a_failed_task_is_not_kept(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its draws are counted under one hypothesis and not yet under the other."""
    words = [*WORDS, "assumptions=both", "threads=2", "output=mine"]
    interrupted(*words)
    before = without_owner(Path("outputs"))
    run, calls = work.Memory.run, [0]

    def failing(memory: Any, *parts: Any) -> None:
        calls[0] += 1
        if calls[0] == 12:
            raise MemoryError
        run(memory, *parts)

    monkeypatch.setattr(checkpoint, "EVERY", 60.0)
    with monkeypatch.context() as patch:
        patch.setattr(work.Memory, "run", failing)
        outcome = simulate(*words, "resume=true")
    assert outcome.code == 70
    assert without_owner(Path("outputs")) == before
    assert digest(simulate(*words, "resume=true")) == whole("both")


def test_a_mistake_of_the_set_leaves_nothing(here: Path) -> None:
    bad = HEADER + LINE.replace("log10(patience)", "log10(trend_growth - 0.3 * patience)")
    write(here.parent / "sets", "bad.yaml", bad)
    outcome = simulate(*WORDS, "assumptions=bad", "output=mine")
    assert outcome.code == 2
    assert "not a number" in outcome.err
    assert list(here.iterdir()) == []


# Refused, not mixed in


OTHER = {
    "draws=300000": "draws: 100000 -> 300000",
    "seed=2": "seed: 1 -> 2",
    "inputs.trend_start.sd=2": "inputs.trend_start.sd: 1 -> 2",
    "horizon=2033": "horizon: 2032 -> 2033",
    "assumptions=both": "assumptions: 'plain' -> 'both'",
    "study=grid grid.trend_growth=[0.5,0.6]": "study: 'forecast' -> 'grid'",
}


def without_owner(folder: Path) -> dict[str, bytes]:
    return {path: content for path, content in tree(folder).items() if not path.endswith("/owner")}


def test_the_run_of_another_question_is_refused_and_unchanged(here: Path) -> None:
    words = [*WORDS, "assumptions=plain", "output=mine"]
    interrupted(*words)
    before = without_owner(Path("outputs"))
    for change, said in OTHER.items():
        keys = {word.split("=")[0] for word in change.split()}
        changed = [*(word for word in words if word.split("=")[0] not in keys), *change.split()]
        outcome = simulate(*changed, "resume=true")
        assert outcome.code == 2
        assert said in outcome.err
        assert "choose another name, or give overwrite=true in place of resume=true" in outcome.err
    for more in ([], ["horizon=2033"]):
        outcome = simulate(*words, *more)
        assert outcome.code == 2
        assert re.search(r"mine: a run of this name is unfinished, [\d.]+ % of it done; resume=true goes", outcome.err)
    assert without_owner(Path("outputs")) == before
    assert digest(simulate(*words, "resume=true")) == whole("plain")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("source_hash", lambda: "f" * 64, "program: '"), ("versions", lambda: {"numpy": "9.9"}, "versions.numpy: '")],
)
@pytest.mark.parametrize("output", [[], ["output=mine"]])
def test_the_run_of_another_program_is_refused(
    name: str, value: Any, said: str, output: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*WORDS, "assumptions=plain", *output]
    interrupted(*words)
    with monkeypatch.context() as patch:
        patch.setattr(provenance, name, value)
        outcome = simulate(*words, "resume=true")
        assert outcome.code == 2
        assert said in outcome.err
    assert digest(simulate(*words, "resume=true")) == whole("plain")


def test_a_run_without_a_name_finds_its_own_and_no_other(here: Path) -> None:
    words = [*WORDS, "assumptions=plain"]
    interrupted(*words)
    interrupted(*words, "seed=2")
    shorter = interrupted(*words, after=1)
    assert re.search(r"a run like this is unfinished, [\d.]+ % of it done; resume=true goes on with it", shorter.err)
    assert len(places()) == 3
    refused = simulate(*words, "seed=3", "resume=true")
    assert refused.code == 2
    assert "resume: the unfinished run here was asked something else (seed: " in refused.err
    assert "leave resume=true out to start anew" in refused.err
    assert len(places()) == 3
    kept = {place: checkpoint.read(place / "counts") for place in places()}
    furthest = max((s for s in kept.values() if s and s.about["seed"] == 1), key=lambda saved: saved.done)
    third = simulate(*words, "resume=true")
    assert f"{furthest.share} of it done" in third.err
    assert digest(third) == whole("plain")
    assert [kept[place].about["seed"] for place in places()] == [2]  # type: ignore[union-attr]
    anew = simulate(*words, "seed=2")  # not asked to go on, it does not
    assert "a run like this is unfinished" in anew.err
    assert digest(anew) == whole("plain", seed=2)
    assert places() == []  # what it had kept is finished by another run


def test_the_thread_that_hears_signals_takes_no_lock_that_others_wait_for(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal that comes between the taking of a lock and the promise to give it back would leave it taken, and the
    threads, and with them the command, would wait for ever. That was seen once in thousands of interruptions.
    """
    hearing, taken = threading.get_ident(), []

    class Turn(threading.Condition):
        def __enter__(self) -> bool:
            taken.append(threading.get_ident())
            return super().__enter__()

    monkeypatch.setattr(local, "Condition", Turn)
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    words = [*WORDS, "assumptions=plain", "output=mine"]
    interrupted(*words)
    assert digest(simulate(*words, "resume=true")) == whole("plain")
    assert taken
    assert hearing not in taken


def test_overwrite_starts_anew(here: Path) -> None:
    words = [*WORDS, "assumptions=plain", "output=mine"]
    interrupted(*words)
    outcome = simulate(*words, "seed=2", "overwrite=true")
    assert "going on" not in outcome.err
    assert digest(outcome) == whole("plain", seed=2)
    assert places() == []
    refused = simulate(*words, "resume=true")
    assert refused.code == 5
    assert "seed: 2 -> 1" in refused.err


def test_a_run_that_replaces_another_is_gone_on_with(here: Path) -> None:
    """The words that are told go on; until then the older result stays."""
    words = [*WORDS, "assumptions=plain", "output=mine"]
    older = tree(Path(simulate(*words, "seed=3").out.splitlines()[-1]))
    outcome = interrupted(*words, "overwrite=true")
    told = outcome.err.splitlines()[-1].removeprefix("go on with: simulate ").split()
    assert {"overwrite=true", "resume=true"} < set(told)
    assert tree(Path("outputs/mine")) == older
    other = simulate(*told, "seed=2")
    assert other.code == 2
    assert "was asked something else (seed: 1 -> 2)" in other.err
    again = simulate(*told)
    assert "going on" in again.err
    assert digest(again) == whole("plain")
    assert simulate(*told).out == again.out  # of a finished run the answer is told again
    assert places() == []


def test_what_was_kept_of_a_finished_run_is_forgotten(here: Path) -> None:
    """The process died after it had named the result and before it removed its checkpoint."""
    for output in ([], ["output=mine"]):
        words = [*WORDS, "assumptions=plain", *output]
        interrupted(*words)
        (place,) = places()
        shutil.copytree(place, "kept")
        finished = simulate(*words, "resume=true")
        shutil.move("kept", place)
        assert simulate(*words, "resume=true").out == finished.out
        assert places() == []
        shutil.rmtree("outputs")


def test_a_damaged_checkpoint_is_refused(here: Path) -> None:
    ways_out = {"overwrite=true": "overwrite=true starts anew", "": "without resume=true a new run starts"}
    for word, way_out in ways_out.items():
        output = ["output=mine"] if word else []
        words = [*WORDS, "assumptions=plain", *output]
        interrupted(*words)
        (place,) = places()
        content = bytearray((place / "counts").read_bytes())
        content[len(content) // 2] ^= 1
        (place / "counts").write_bytes(content)
        outcome = simulate(*words, "resume=true")
        assert outcome.code == 5
        assert "damaged since it was written" in outcome.err
        assert way_out in outcome.err
        assert (place / "counts").read_bytes() == content
        anew = simulate(*words, *word.split())
        assert digest(anew) == whole("plain")
        shutil.rmtree("outputs")


def test_counts_from_a_machine_with_other_numbers_are_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*WORDS, "assumptions=plain", "output=mine"]
    with monkeypatch.context() as patch:
        patch.setattr(forecast.histograms, "ROOM", 16.0)  # histograms twice as wide
        interrupted(*words)
    outcome = simulate(*words, "resume=true")
    assert outcome.code == 5
    assert "do not fit this run" in outcome.err


def test_a_study_that_cannot_be_resumed_says_so(here: Path) -> None:
    outcome = simulate("resume=true", "study=explain")
    assert outcome.code == 2
    assert "'resume' means nothing to study=explain" in outcome.err


# Grids and sweeps


def test_a_grid_goes_on_with_the_points_that_are_missing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [WORDS[0], "draws=20000", "assumptions=both", "study=grid", "output=mine"]
    words += ["grid.trend_growth=[0.5,0.7,0.9,1.1,1.3]"]
    anew = store.load(simulate(*words[:-2], words[-1], "output=whole").out.splitlines()[-1])
    count, ran = forecast.count, []

    def counted(one: Any, *parts: Any, fail_at: int | None = 4) -> Any:
        ran.append(one)
        if len(ran) == fail_at:
            raise KeyboardInterrupt
        return count(one, *parts)

    with monkeypatch.context() as patch:
        patch.setattr(forecast, "count", counted)
        first = simulate(*words, "threads=1")
    assert first.code == 130
    assert "60 % of the work is kept" in first.err
    other = simulate(*words, "grid_by=zip", "resume=true")
    assert other.code == 2
    assert "grid_by: 'product' -> 'zip'" in other.err
    ran.clear()
    monkeypatch.setattr(forecast, "count", partial(counted, fail_at=None))
    second = simulate(*words, "resume=true")
    assert second.code == 0, second.err
    assert len(ran) == 2
    assert store.load(second.out.splitlines()[-1]).identical(anew)
    assert places() == []
    assert simulate(*words, "resume=true").out == second.out
    assert len(ran) == 2


LATER = "sets=[plain,{base: plain, inputs: {trend_start: {value: 25.5}, trend_growth: {value: 0.7}}}]"
STUDIES = {
    "compare": (["sets=[plain,both]"], 130_000),
    "attribution": ([LATER, "groups={start: [trend_start], growth: [trend_growth]}"], 230_000),
    "sensitivity": (["assumptions=plain", "threshold=level"], 700_000),
    "structures": (["assumptions=plain", "laws=[exponential,decaying]"], 130_000),
}


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_of_several_runs_goes_on_with_the_one_that_was_interrupted(study: str, here: Path) -> None:
    more, after = STUDIES[study]
    words = [*WORDS, f"study={study}", *more]
    anew = store.load(simulate(*words, "output=whole").out.splitlines()[-1])
    first = interrupted(*words, "output=mine", "threads=1", after=after)
    share = re.search(r"interrupted; ([\d.]+) % of the work is kept in (.+)\n", first.err)
    assert share
    assert 40 < float(share[1]) < 95
    other = simulate(*words, "output=mine", "seed=2", "resume=true")
    assert other.code == 2
    assert "was asked something else (seed: 1 -> 2)" in other.err
    second = simulate(*words, "output=mine", "threads=2", "resume=true")
    assert second.code == 0, second.err
    assert f"{share[1]} % of it done" in second.err
    assert store.load(second.out.splitlines()[-1]).identical(anew)
    assert places() == []
    assert simulate(*words, "output=mine", "resume=true").out == second.out
    changed = simulate(*words, "output=mine", "seed=2", "resume=true")
    assert changed.code == 5
    assert "holds the result of other settings (seed: 1 -> 2)" in changed.err


def test_a_point_of_a_grid_ends_when_the_grid_is_interrupted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [WORDS[0], "draws=1e9", "assumptions=both", "study=grid", "grid.trend_growth=[0.5,0.7]", "output=mine"]
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    outcome = simulate(*words)  # hours
    timer.join()
    assert outcome.code == 130


def test_the_job_of_a_sweep_that_was_interrupted_goes_on(here: Path) -> None:
    words = ["-m", *WORDS, "assumptions=plain", "seed=1,2,3", "threads=1"]
    first = interrupted(*words, after=DRAWS + 30_000)
    assert "go on with: simulate -m" in first.err
    (home,) = Path("outputs").iterdir()
    assert [path.name for path in places(home)] == [".0001.progress"]
    second = simulate(*words, "resume=true")
    assert second.code == 0, second.err
    assert second.err.count("going on with the run that") == 1
    assert Path(second.out.splitlines()[-1]) == home
    assert places(home) == []
    for number in range(3):
        assert of_dataset(store.load(home / f"{number:04}")) == whole("plain", seed=number + 1)


# Faults of the disk


def test_failure_at_the_nth_operation_of_taking_a_place(here: Path) -> None:
    from test_checkpoint import fail_at

    words = [*WORDS, "assumptions=plain", "output=mine"]
    interrupted(*words)
    found = checkpoint.read(Path("outputs/.mine.progress/counts"))
    assert found is not None
    target = store.prepare("plain", "0", "mine")
    asked = {key: value for key, value in found.about.items() if key not in ("program", "versions")}
    for n in range(1, 30):
        with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt, StorageError):
            calls = fail_at(patch, n, 28)
            with unfinished.claim(target, asked, resume=True) as claimed:
                assert claimed.saved == found
                raise KeyboardInterrupt
        assert checkpoint.read(Path("outputs/.mine.progress/counts")) == found
        if len(calls) < n:
            break
    assert 3 < n < 29
    assert digest(simulate(*words, "resume=true")) == whole("plain")


def test_a_full_disk_costs_nothing_that_was_kept(here: Path, server: Server) -> None:
    words = [*WORDS, "assumptions=both", "threads=2", "output=mine"]
    kept_in = here / "outputs/.mine.progress/counts"
    assert server.run(Life([*words], str(here), largest_file=2000, every=0.05)) == 4
    said = (here / "noted").read_text()
    assert "progress could not be kept, the run goes on: " in said
    assert re.search(r"result\.nc.*needs about [\d,]+ bytes, [\d,]+ bytes are free", said)
    assert not (here / "outputs").exists()
    interrupted(*words)
    found = checkpoint.read(kept_in)
    assert found is not None
    assert server.run(Life([*words, "resume=true"], str(here), largest_file=2000, every=0.05)) == 4
    assert "% of the work is kept in outputs/.mine.progress\ngo on with: simulate" in (here / "noted").read_text()
    assert checkpoint.read(kept_in) == found
    assert server.run(Life([*words, "resume=true"], str(here))) == 0
    assert of_dataset(store.load("outputs/mine")) == whole("both")
    assert [path.name for path in Path("outputs").iterdir()] == ["mine"]


# Processes that die, and processes that live


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


def acknowledged(here: Path) -> list[int]:
    """What the lives in a folder have reported, the draws of one checkpoint a line."""
    file = here / "acknowledged"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for another process."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.002)


def kills(here: Path, server: Server, times: int) -> None:
    """Run, kill, resume, until so many kills have been; a run that ends in between must have the digest of all."""
    rng = np.random.default_rng(20261122)
    words = [*WORDS, "assumptions=both", "output=mine"]
    expected, finished, lost = whole("both"), 0, []
    for _ in range(times):
        (here / "acknowledged").unlink(missing_ok=True)
        before = checkpoint.read(here / "outputs/.mine.progress/counts")
        threads = int(rng.integers(1, 4))
        pid = server.start(Life([*words, "resume=true", f"threads={threads}"], str(here)))
        if rng.random() < 0.8:  # a while after a checkpoint: in the next task, or in the writing of the next one
            enough = int(rng.integers(1, 4))
            wait_until(partial(acknowledged_or_ended, here, enough, pid))
            time.sleep(rng.uniform(0.0, 0.15))
        else:  # at any time, while it starts or ends
            time.sleep(rng.uniform(0.0, 1.0))
        os.kill(pid, signal.SIGKILL)
        code = server.end(pid)
        assert code in (-signal.SIGKILL, 0), (here / "noted").read_text()
        if (here / "outputs/mine").exists():
            assert of_dataset(store.load("outputs/mine")) == expected
            finished += 1
            assert server.run(Life([*words, "resume=true"], str(here))) == 0
            assert [path.name for path in (here / "outputs").iterdir()] == ["mine"]
            shutil.rmtree(here / "outputs")
            continue
        now = checkpoint.read(here / "outputs/.mine.progress/counts")
        reported = max([*acknowledged(here), before.done if before else 0])
        lost.append(reported - (now.done if now else 0))
    assert max(lost) <= 0, lost
    assert server.run(Life([*words, "resume=true"], str(here))) == 0
    assert of_dataset(store.load("outputs/mine")) == expected
    assert [path.name for path in (here / "outputs").iterdir()] == ["mine"]


def acknowledged_or_ended(here: Path, enough: int, pid: int) -> bool:
    """Whether a life that nobody has waited for yet has reported so often, or is over."""
    return len(acknowledged(here)) >= enough or over(pid)


def over(pid: int) -> bool:
    """Whether a life that nobody has waited for yet has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_twenty_kills_lose_nothing_and_end_in_one_digest(here: Path, server: Server, verified: Verified) -> None:
    kills(here, server, 20)
    verified("C1", "kills: counts lost, digests that differ, files left over", "0 of 20", 0)


@pytest.mark.long
def test_a_thousand_kills_lose_nothing_and_end_in_one_digest(here: Path, server: Server, verified: Verified) -> None:
    kills(here, server, 1000)
    verified("C1", "kills: counts lost, digests that differ, files left over", "0 of 1,000", 0)


SOAK = 600.0  # seconds


def digests(folder: Path) -> dict[str, str]:
    """The digest of every result below a folder."""
    return {str(found.parent.relative_to(folder)): of_dataset(store.load(found)) for found in folder.rglob("result.nc")}


@pytest.mark.long
def test_a_sweep_outlives_kills_and_full_disks(here: Path, server: Server, verified: Verified) -> None:
    """Killed after up to six seconds, over and over; every tenth time it may end, and the disk takes no file as large
    as a result.
    """
    rng = np.random.default_rng(20261123)
    words = [WORDS[0], "-m", "assumptions=both", "draws=1e6", "seed=1,2,3,4", "resume=true"]
    assert server.run(Life(words, str(here), every=60.0)) == 0
    expected = digests(here / "outputs")
    assert len(expected) >= 4
    shutil.rmtree(here / "outputs")
    until, ended, whole_sweeps = time.monotonic() + SOAK, Counter[int](), 0
    while time.monotonic() < until or not whole_sweeps:
        full = sum(ended.values()) % 10 == 4
        life = Life(words, str(here), largest_file=100_000 if full else None, every=0.2)
        pid = server.start(life)
        with suppress(AssertionError):
            wait_until(partial(over, pid), seconds=60.0 if full else rng.uniform(0.5, 6.0))
        os.kill(pid, signal.SIGKILL)
        code = server.end(pid)
        assert code in (0, -signal.SIGKILL) or (full and code in (3, 4)), (code, (here / "noted").read_text())
        ended[code] += 1
        if code == 0:
            assert digests(here / "outputs") == expected
            assert not [path for path in (here / "outputs").rglob(".*") if path.name != ".hydra"]
            shutil.rmtree(here / "outputs")
            whole_sweeps += 1
    assert ended[-signal.SIGKILL] > 20
    assert ended[3] + ended[4] > 0
    told = f"sweeps of 4 jobs that end with other digests, after {ended[-9]} kills and {ended[3] + ended[4]} full disks"
    verified("C16", told, f"0 of {whole_sweeps}", 0)


@pytest.mark.parametrize(("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (15, 143, "terminated")])
def test_signals_end_a_run_at_once_and_say_how_to_go_on(
    number: int, code: int, word: str, here: Path, server: Server
) -> None:
    words = [WORDS[0], "draws=1e9", "assumptions=both", "output=mine"]
    pid = server.start(Life(words, str(here)))
    wait_until(lambda: len(acknowledged(here)) > 1)
    sent = time.monotonic()
    os.kill(pid, number)
    assert server.end(pid) == code
    assert time.monotonic() - sent < 5.0  # a second where nothing else runs
    said = (here / "noted").read_text()
    assert re.fullmatch(rf"{word}; [\d.e-]+ % of the work is kept in outputs/.mine.progress\ngo on with: .+\n", said)
    found = checkpoint.read(here / "outputs/.mine.progress/counts")
    assert found is not None
    assert found.done >= max(acknowledged(here))


def test_one_process_owns_a_run_and_the_lock_of_a_dead_one_is_taken_over(here: Path, server: Server) -> None:
    words = [WORDS[0], "assumptions=both", "output=mine"]
    pid = server.start(Life([*words, "draws=1e9"], str(here)))
    wait_until(lambda: len(acknowledged(here)) > 1)
    for more in ([], ["resume=true"], ["overwrite=true"], ["resume=true", "seed=2"]):
        outcome = simulate(*words, *more)
        assert outcome.code == 6, outcome
        assert re.search(rf"outputs/\.mine\.progress: process {pid} on .+, since 20.+, is at work", outcome.err)
    os.kill(pid, signal.SIGKILL)
    assert server.end(pid) == -signal.SIGKILL
    refused = simulate(*words, "draws=2000", "resume=true")
    assert refused.code == 2
    assert "draws: 1000000000 -> 2000" in refused.err


def test_of_runs_that_are_resumed_together_one_goes_on(here: Path, server: Server) -> None:
    for output in ([], ["output=mine"]):
        words = [WORDS[0], "draws=1e9", "assumptions=both", *output]
        interrupted(*words)
        lives = [server.start(Life([*words, "resume=true", "threads=1"], str(here))) for _ in range(3)]
        wait_until(lambda lives=lives: sum(map(over, lives)) == 2)  # type: ignore[misc]
        owner = next(pid for pid in lives if not over(pid))
        assert [server.end(pid) for pid in lives if pid != owner] == [6, 6]
        os.kill(owner, signal.SIGKILL)
        assert server.end(owner) == -signal.SIGKILL
        shutil.rmtree(here / "outputs")


def test_places_of_the_dead_without_a_checkpoint_are_removed(here: Path) -> None:
    Path("outputs/.mine.progress").mkdir(parents=True)
    Path("outputs/.mine.progress/owner").write_text("process 1 on nowhere")
    Path("outputs/.theirs.progress").mkdir()
    Path("outputs/.notes").mkdir()
    Path("outputs/.elsewhere").mkdir()
    Path("outputs/.linked.progress").symlink_to(here / "outputs/.elsewhere")
    assert simulate(*WORDS, "assumptions=plain").code == 0
    assert [path.name for path in places()] == [".elsewhere", ".linked.progress", ".notes"]


def test_a_link_in_the_place_of_a_checkpoint_is_not_followed(here: Path) -> None:
    Path("elsewhere").mkdir()
    Path("outputs").mkdir()
    Path("outputs/.mine.progress").symlink_to(here / "elsewhere")
    outcome = simulate(*WORDS, "assumptions=plain", "output=mine")
    assert outcome.code == 4
    assert list(Path("elsewhere").iterdir()) == []
