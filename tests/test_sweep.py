"""Sweeps: all jobs in one result, a failed one with its own error, and only what is missing run again."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import HEADER, LINE, simulate, write

from simulate import netcdf, plots, store, sweep
from simulate.library import Library


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    write(tmp_path / "sets", "line.yaml", HEADER + LINE)
    write(tmp_path / "sets", "longer.yaml", HEADER + "defaults: [line]\nhorizon: 2034\n")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(plots, "FIGURES", {})  # those of a run are drawn in test_plots.py and test_store.py
    return ["-m", f"--config-dir={tmp_path / 'sets'}", "draws=1000"]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "jobs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_mistakes_in_a_file_of_a_sweep_have_its_lines(words: list[str], tmp_path: Path) -> None:
    write(tmp_path / "sets", "b.yaml", "threads: [1, abc]\nfoo: 3\nseed: 2\n", group="sweep")
    outcome = simulate(*words, "assumptions=line", "sweep=b", "seed=1")
    assert outcome.code == 2
    for said in (
        r"b.yaml:1, value 2: threads = 'abc'",
        r"b.yaml:2: unknown key 'foo'",
        r"override 4: 'seed' is given twice \([^ ]*b.yaml:3 and override 4\)",
    ):
        assert re.search(said, outcome.err), outcome.err


def test_jobs_are_gathered_and_a_failed_one_is_named_with_its_own_error(words: list[str]) -> None:
    outcome = simulate(*words, "assumptions=line,longer", "inputs.patience.value=2,-2")
    assert outcome.code == 3
    assert outcome.err.count("failed: ") == 2
    assert "2 of 4 jobs failed" in outcome.err
    assert outcome.err.count("log_of_wait") == 2
    folder = Path(outcome.out.splitlines()[-1])
    found = store.load(folder / "result.nc")
    assert found["word:inputs.patience.value"].values.tolist() == ["2", "-2", "2", "-2"]
    assert found["word:assumptions"].values.tolist() == ["line", "line", "longer", "longer"]
    assert [bool(problem) for problem in found["problem"].values] == [False, True, False, True]
    shares = found["probability"].sel(threshold="level")
    for job in (0, 2):
        alone = store.load(folder / f"{job:04}")["probability"].sel(threshold="level")
        assert np.array_equal(shares.sel(job=job, year=alone["year"]), alone)
    assert np.isnan(shares.sel(job=[1, 3])).all()
    assert np.isnan(shares.sel(job=0, year=2034))
    table = [row for row in rows(folder) if row["threshold"] in ("level", "")]
    assert [row["job"] for row in table] == ["0", "1", "2", "3"]
    assert float(table[0]["P by 2030"]) == float(shares.sel(job=0, year=2030))
    assert "log_of_wait" in table[1]["problem"]


def test_resume_runs_only_what_is_missing(words: list[str]) -> None:
    sweep = [*words, "inputs.trend_growth.value=0.5,0.6,0.7", "assumptions=line"]
    first = simulate(*sweep)
    assert first.code == 0, first.err
    folder = Path(first.out.splitlines()[-1])
    before = {name: (folder / name / "manifest.json").stat().st_mtime_ns for name in ("0000", "0001", "0002")}
    whole = store.load(folder / "result.nc")
    shutil.rmtree(folder / "0001")
    again = simulate(*sweep, "resume=true")
    assert again.code == 0, again.err
    assert Path(again.out.splitlines()[-1]) == folder
    after = {name: (folder / name / "manifest.json").stat().st_mtime_ns for name in before}
    assert [after[name] == before[name] for name in before] == [True, False, True]
    assert store.load(folder / "result.nc").identical(whole)
    anew = simulate(*sweep)
    assert Path(anew.out.splitlines()[-1]) != folder


def test_an_interrupted_sweep_says_what_is_kept(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sweep, "_collect", killed)
        outcome = simulate(*words, "assumptions=line,longer")
    assert outcome.code == 130
    assert re.search(r"interrupted; 2 of 2 jobs are kept in outputs/sweep-\S+\ngo on with: simulate -m ", outcome.err)


def test_words_in_another_order_are_another_sweep(words: list[str]) -> None:
    """Jobs are numbered in the order of the words."""
    first = simulate(*words, "seed=1,2", "assumptions=line,longer")
    folder = Path(first.out.splitlines()[-1])
    before = (folder / "result.nc").read_bytes()
    other = simulate(*words, "assumptions=line,longer", "seed=1,2", "resume=true")
    assert other.code == 0
    assert Path(other.out.splitlines()[-1]) != folder
    assert (folder / "result.nc").read_bytes() == before
    again = simulate(*words, "seed=1,2", "assumptions=line,longer", "resume=true", "overwrite=true")
    assert Path(again.out.splitlines()[-1]) == folder


def test_a_number_that_another_sweep_has_taken_is_left_to_it(words: list[str]) -> None:
    """Two sweeps of the same words at the same time."""
    told = [f"draws={1000}", "seed=1,2"]
    with sweep._home(told, 2, resume=False) as mine, sweep._home(told, 2, resume=False) as other:
        assert mine != other
        assert mine.is_dir()
        assert other.is_dir()
    assert not Path("outputs").exists()


def test_what_a_kill_while_gathering_leaves_is_swept_up(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = [*words, "assumptions=line,longer"]
    folder = Path(simulate(*sweep).out.splitlines()[-1])
    whole = sorted(path.name for path in folder.iterdir())

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(netcdf, "write", killed)
        dying.setattr(shutil, "rmtree", lambda *_, **__: None)  # nothing runs after a kill
        assert simulate(*sweep, "resume=true").code == 130
    assert len(list(folder.iterdir())) == len(whole) + 1
    assert simulate(*sweep, "resume=true").code == 0
    assert sorted(path.name for path in folder.iterdir()) == whole


def test_a_sweep_over_the_folder_is_gathered_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate("-m", "output=a,b", "draws=1000", "horizon=2030")
    assert outcome.code == 0, outcome.err
    folder = Path(outcome.out.splitlines()[-1])
    assert (folder / "jobs.csv").read_text().startswith("job,output,")
    assert store.load(folder / "result.nc").sizes["job"] == 2
    assert {path.name for path in Path("outputs").iterdir()} == {"a", "b", folder.name}


@pytest.mark.parametrize("name", Library().names("sweep"))
def test_every_shipped_sweep_is_valid(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate("-m", f"sweep={name}", "study=validate")
    assert outcome.code == 0, outcome.err
