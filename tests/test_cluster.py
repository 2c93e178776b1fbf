"""A cluster gives the bits of this process, whatever becomes of its workers; what cannot do the work is refused."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import HEADER, assert_clean_refusal, simulate, write
from test_house import PACKAGE, loaded
from test_resume import SET, WORDS, digest, here, interrupted, whole

import simulate as package
from simulate import checkpoint, sources, store
from simulate.fingerprints import of_dataset

pytest.importorskip("distributed")

import dask
from cluster_processes import Processes, certificate, processes

from simulate.engines import choice, cluster, local, remote
from simulate.errors import ClusterError

assert here  # a fixture
FEW = ["horizon=2029"]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A scheduler and two workers, started once."""
    with processes(tmp_path_factory.mktemp("cluster"), 2) as found:
        yield found


@pytest.fixture
def joined(workers: Processes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words that join it; tasks are so short that a run has many."""
    workers.wait(2)
    monkeypatch.setattr(cluster, "LEAST", 0.0)
    monkeypatch.setattr(cluster, "USUAL", 0.0)
    monkeypatch.setattr(cluster, "BUSY", 0.0)
    return ["engine=dask", f"engine.scheduler={workers.address}"]


def no_threads(*parts: Any, **rest: Any) -> Any:
    raise AssertionError("the work was done in this process")


# The same bits


@pytest.mark.parametrize("words", [[], ["sampling=sobol"], ["target_error=0.001"]])
def test_the_command_gives_the_same_bits(words: list[str], joined: list[str], here: Path) -> None:
    """Hypotheses and evidence: histograms, weighted sums beyond 64 bits, pairs."""
    asked = [*WORDS, "assumptions=both", *words]
    alone = digest(simulate(*asked))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "run", no_threads)
        assert digest(simulate(*asked, *joined)) == alone


def several(joined: list[str]) -> list[Callable[[list[str]], Any]]:
    """Studies of the default set, which has eleven thresholds, as functions of further words."""
    few: dict[str, Any] = {"draws": 2000, "seed": 7}
    pinned = {"base": "baseline_2026", "inputs": {"chip_growth": {"value": 1.5}}}
    sets: list[Any] = ["baseline_2026", pinned]
    return [
        lambda words: package.run(draws=40_001, seed=7, overrides=[*FEW, *words]),
        lambda words: package.run(**few, keep="draws", overrides=[*FEW, *words]),
        lambda words: package.compare(sets, **few, overrides=[*FEW, *words]),
        lambda words: package.attribute(sets[0], sets[1], **few, at=[2028], overrides=[*FEW, *words]),
        lambda words: package.sensitivity(**few, threshold="flop_1e27", year=2028, overrides=[*FEW, *words]),
        lambda words: package.structures(**few, law_of="investment", overrides=[*FEW, *words]),
        lambda words: package.grid("baseline_2026", {"chip_growth": [1.5, -1, 2]}, **few, overrides=[*FEW, *words]),
    ]


@pytest.mark.parametrize("which", [0, 1, 2, 3, pytest.param(4, marks=pytest.mark.long), 5, 6])
def test_all_studies_give_the_same_bits(
    which: int, joined: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = several(joined)[which]
    expected = of_dataset(study([]))
    monkeypatch.setattr(local, "run", no_threads)
    assert of_dataset(study(joined)) == expected


def test_every_draw_goes_to_the_disk_from_a_cluster_too(
    joined: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zarr = pytest.importorskip("zarr")
    monkeypatch.setattr(cluster, "LARGEST", 2**20)
    words = ["draws=50000", "keep=draws", "kept=[training_compute,chips]", *FEW]
    found = [simulate(*words, *more) for more in ([], joined)]
    one, other = (zarr.open_group(Path(each.out.splitlines()[-1]) / store.DRAWS) for each in found)
    assert sorted(one.array_keys()) == sorted(other.array_keys())
    for name in one.array_keys():
        assert np.array_equal(one[name][:], other[name][:]), name
    assert np.isfinite(other["chips"][:]).all()
    assert digest(found[0]) == digest(found[1])


# Interruptions


def test_what_one_engine_has_begun_the_other_ends(joined: list[str], here: Path) -> None:
    words = [*WORDS, "assumptions=both", "output=mine"]
    first = interrupted(*words, *joined)
    assert f"go on with: simulate {' '.join([*words, *joined])} resume=true\n" in first.err
    interrupted(*words, "threads=1", "resume=true", after=60_000)
    last = simulate(*words, *joined, "resume=true")
    assert "going on" in last.err
    assert digest(last) == whole("both")


def test_nobody_begins_what_nobody_waits_for(joined: list[str], workers: Processes, here: Path) -> None:
    interrupted(*WORDS[:1], "draws=1e9", "assumptions=plain", *joined)
    until = time.monotonic() + 20
    while any(workers.client.processing().values()):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_worker_that_is_killed_takes_nothing_with_it(joined: list[str], workers: Processes, here: Path) -> None:
    """It is stopped while tasks wait for it, so that it cannot have answered before it is killed. There are more tasks
    than are handed out at first, so that it has some however quick it is.
    """
    victim = workers.add("victim")
    workers.wait(3)
    expected = whole("both", 1_000_000)
    took = cluster._Run._take

    def watched(self: Any, answer: Any, first: int, last: int) -> None:
        took(self, answer, first, last)
        if not held and workers.client.processing().get(address):
            victim.send_signal(signal.SIGSTOP)
            held.extend(workers.client.processing()[address])
            threading.Timer(1.0, victim.kill).start()

    held: list[str] = []
    address = workers.called("victim")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster._Run, "_take", watched)
        found = simulate(*WORDS[:1], "draws=1000000", "assumptions=both", *joined)
    victim.kill()
    assert held, "it had nothing to do"
    assert victim.wait(60) == -signal.SIGKILL
    assert digest(found) == expected
    workers.wait(2)


@pytest.mark.long
def test_a_scheduler_that_is_lost_costs_nothing_that_was_kept(
    tmp_path: Path, here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = [*WORDS[:1], "draws=1e8", "assumptions=both", "output=mine"]
    with processes(tmp_path, 1) as lost:
        threading.Timer(15.0, lost.started[0].kill).start()
        outcome = simulate(*words, "engine=dask", f"engine.scheduler={lost.address}")
    assert outcome.code == 7, outcome
    said = re.match(
        r"error: the cluster is lost: .+; ([\d.]+) % of the work is kept in outputs/.mine.progress\n", outcome.err
    )
    assert said, outcome.err
    assert not caplog.records, "dask's own words"
    assert 0 < float(said[1]) < 100
    outcome = interrupted(*words, "resume=true", after=100_000)
    assert f"going on with the run that outputs/.mine.progress keeps, {said[1]} % of it done" in outcome.err


@pytest.mark.long
def test_a_cluster_that_speaks_tls_is_joined_by_those_who_have_its_certificate(tmp_path: Path, here: Path) -> None:
    certificates = certificate(tmp_path)
    with dask.config.set(certificates), processes(tmp_path, 1, certificates) as guarded:
        assert guarded.address.startswith("tls://")
        words = [*WORDS, "assumptions=both", "engine=dask", f"engine.scheduler={guarded.address}"]
        assert digest(simulate(*words)) == whole("both")
        with dask.config.set(dict.fromkeys(certificates)):
            outcome = simulate(*words, "output=other")
    assert outcome.code == 7, outcome
    assert outcome.err.startswith(f"error: no scheduler answers at {guarded.address}: ")
    assert "Traceback" not in outcome.err


def test_jobs_of_a_sweep_share_a_cluster(joined: list[str], here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the job after one that has failed, perhaps because of the cluster."""
    opened, begin, run = [], cluster.Cluster.__init__, cluster.Cluster.run
    failing = iter([False, False, True, False])

    def counted(self: cluster.Cluster, *words: Any) -> None:
        opened.append(self)
        begin(self, *words)

    def lost(*parts: Any, **rest: Any) -> Any:
        if next(failing):
            raise ClusterError("lost")
        return run(*parts, **rest)

    monkeypatch.setattr(cluster.Cluster, "__init__", counted)
    monkeypatch.setattr(cluster.Cluster, "run", lost)
    outcome = simulate("-m", WORDS[0], "draws=2000", "assumptions=plain", "seed=1,2,3,4", *joined)
    assert outcome.code == 3
    assert re.match(r"failed: .*seed=3 .*: lost\n1 of 4 jobs failed\n", outcome.err)
    assert len(opened) == 2


# What is refused


def test_a_worker_of_other_sources_is_refused(
    joined: list[str], workers: Processes, tmp_path: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any work starts, and by the task itself where it joined later."""
    monkeypatch.setattr(checkpoint, "EVERY", 60.0)
    shutil.copytree(PACKAGE, tmp_path / "other" / "simulate", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "other" / "simulate" / "laws.py").open("a") as file:
        file.write("# a change\n")
    other = workers.add("other", tmp_path / "other")
    try:
        workers.wait(3)
        address = workers.called("other")
        outcome = simulate(*WORDS, "assumptions=plain", *joined)
        assert outcome.code == 7, outcome
        own = sources.source_hash()[:16]
        said = rf"worker {address} has another program: simulate [0-9a-f]{{16}}, not {own}; install"
        assert re.match(f"error: {said} the same on all\n$", outcome.err)
        assert list(here.iterdir()) == []
        task = workers.client.submit(remote.count, remote.program(), b"", 0, 1, workers=[address], pure=False)
        with pytest.raises(ClusterError, match=said):
            task.result()
    finally:
        other.kill()
        workers.wait(2)


def test_a_worker_without_this_program_is_refused(joined: list[str], workers: Processes, tmp_path: Path) -> None:
    (tmp_path / "simulate").mkdir()
    for name in ("__init__", "engines"):
        (tmp_path / "simulate" / f"{name}.py").write_text("")
    other = workers.add("other", tmp_path)
    try:
        workers.wait(3)
        with pytest.raises(ClusterError, match="does not know this program: ModuleNotFoundError"):
            cluster.Cluster(workers.address)
    finally:
        other.kill()
        workers.wait(2)


def test_a_scheduler_that_is_not_there_is_said_soon(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    began = time.monotonic()
    outcome = simulate(*WORDS, "assumptions=plain", "engine=dask", "engine.scheduler=tcp://127.0.0.1:9")
    assert outcome.code == 7
    assert outcome.err.startswith("error: no scheduler answers at tcp://127.0.0.1:9: ")
    assert "Traceback" not in outcome.err
    assert time.monotonic() - began < 8
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["engine=dsak"], "engine = 'dsak': there is no such name (did you mean 'dask'?); one of: dask, local"),
        (["engine=dask", "engine.sheduler=tcp://a:1"], "'engine.sheduler' (did you mean 'engine.scheduler'?)"),
        (["engine.scheduler=tcp://a:1"], "'engine.scheduler' means nothing to engine=local; add engine=dask"),
        (["engine=dask", "engine.scheduler=a:8786"], "engine.scheduler = 'a:8786': no address of a scheduler; write"),
        (["engine=dask", "engine.scheduler=tcp://a:1", "threads=2"], "'threads' means nothing to a cluster"),
    ],
)
def test_words_that_cannot_be(words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate(*words)
    assert_clean_refusal(outcome, tmp_path)
    assert said in outcome.err


def test_a_missing_extra_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "distributed" else find(name))
    outcome = simulate("engine=dask")
    assert_clean_refusal(outcome, tmp_path)
    assert outcome.err.startswith("error: override 1: engine=dask needs dask.distributed, which is not installed")
    assert outcome.err.endswith("pip install -e '.[cluster]'\n")


def test_no_cluster_is_imported_unasked() -> None:
    found = loaded("from simulate import api, command, forecast, gridded, indices; from simulate.engines import local")
    assert "numba" in found
    assert found.isdisjoint({"distributed", "tornado"})


def test_threads_do_the_work_where_nothing_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with choice.chosen({"engine": {"name": "local", "scheduler": None}, "threads": 2}):
        assert choice.at_once(3) == 3
    monkeypatch.setattr(choice, "_Lazy", None)
    assert of_dataset(package.run(draws=600, overrides=FEW)) == of_dataset(package.run(draws=600, overrides=FEW))


# A cluster of one's own


def of_session(number: int) -> list[str]:
    """Processes of a session, but for those that have ended."""
    said = subprocess.run(["ps", "-s", str(number), "-o", "stat=,args="], capture_output=True, text=True).stdout
    return [line for line in said.splitlines() if not line.startswith("Z")]


def started(words: list[str], folder: Path) -> subprocess.Popen[str]:
    """Python in a session of its own, with a temporary folder of its own."""
    write(folder / "sets", "both.yaml", HEADER + SET)
    for name in ("here", "temporary"):
        (folder / name).mkdir()
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder / "here",
        env={**os.environ, "TMPDIR": str(folder / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def assert_nothing_is_left(program: subprocess.Popen[str], folder: Path) -> None:
    assert of_session(program.pid) == []
    assert list((folder / "temporary").iterdir()) == []


SCRIPT = """
import simulate
from simulate.fingerprints import of_dataset

if __name__ == "__main__":
    words = ["assumptions=both", "engine=dask"]
    print(of_dataset(simulate.run(None, draws=100_000, threads=2, overrides=words, config_dir="../sets")))
"""


def test_a_cluster_of_one_s_own_leaves_nothing(here: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    program = started([str(tmp_path / "script.py")], tmp_path / "own")
    out, err = program.communicate(timeout=240)
    assert (out.strip(), err) == (whole("both"), "")
    assert_nothing_is_left(program, tmp_path / "own")


@pytest.mark.long
def test_ctrl_c_ends_a_cluster_of_one_s_own(tmp_path: Path) -> None:
    """It reaches all processes of a terminal."""
    program = started(["-m", "simulate", WORDS[0], "draws=1e9", "assumptions=both", "engine=dask"], tmp_path)
    try:
        until = time.monotonic() + 240
        while not list((tmp_path / "here").glob("outputs/.*/counts")) and time.monotonic() < until:
            assert program.poll() is None, "it has ended by itself"
            time.sleep(0.2)
        os.killpg(program.pid, signal.SIGINT)
        _, err = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 130
    assert re.match(r"interrupted; \S+ % of the work is kept in outputs/.+\ngo on with: .+\n$", err), err
    assert_nothing_is_left(program, tmp_path)
