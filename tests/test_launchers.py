"""Sweeps whose jobs run in other processes: the same answer, each failure by its own error, nothing left behind."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import HEADER, LINE, Outcome, assert_clean_refusal, simulate, write

from simulate import command, launchers, store


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A sweep in an empty folder, with a temporary folder of its own beside it."""
    write(tmp_path / "sets", "line.yaml", HEADER + LINE)
    for name in ("here", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("simulate.plots.files", lambda *_: [])  # in this process, where no test looks at figures
    return ["-m", f"--config-dir={tmp_path / 'sets'}", "assumptions=line"]


def without_folders(outcome: Outcome) -> list[str]:
    return [line for line in outcome.out.splitlines() if not line.startswith("outputs/")]


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_jobs_of_other_processes_are_gathered_as_those_of_this_one(
    launcher: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = [*words, "draws=1000", "inputs.patience.value=2,-2"]  # the second is done long before the first
    alone = simulate(*sweep)
    with monkeypatch.context() as here:
        here.setattr(command, "study", None)  # a job in this process would fail
        outcome = simulate(*sweep, f"hydra/launcher={launcher}")
    assert outcome.code == alone.code == 3
    assert outcome.err == alone.err
    assert outcome.err.count("log_of_wait") == 1
    assert without_folders(outcome) == without_folders(alone)
    first, second = (Path(each.out.splitlines()[-1]) for each in (alone, outcome))
    assert [first.name[:-1], first.name[-1], second.name[-1]] == [second.name[:-1], "1", "2"]
    found, expected = (store.load(folder / "result.nc") for folder in (second, first))
    assert found.drop_vars("folder").identical(expected.drop_vars("folder"))
    assert found["word:inputs.patience.value"].values.tolist() == ["2", "-2"]
    assert found["folder"].values.tolist() == [f"outputs/{second.name}/0000", ""]
    assert sorted(path.name for path in Path("outputs").iterdir()) == [first.name, second.name]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_resume_runs_only_what_is_missing_whatever_ran_it_before(words: list[str]) -> None:
    sweep = [*words, "draws=1000", "seed=1,2"]
    first = simulate(*sweep)
    folder = Path(first.out.splitlines()[-1])
    whole = store.load(folder / "result.nc")
    before = {name: (folder / name / "manifest.json").stat().st_mtime_ns for name in ("0000", "0001")}
    shutil.rmtree(folder / "0000")
    again = simulate(*sweep, "resume=true", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert again.code == 0, again.err
    assert Path(again.out.splitlines()[-1]) == folder
    after = {name: (folder / name / "manifest.json").stat().st_mtime_ns for name in before}
    assert [after[name] == before[name] for name in before] == [False, True]
    assert store.load(folder / "result.nc").identical(whole)


def test_a_job_whose_process_dies_costs_no_other(words: list[str], tmp_path: Path) -> None:
    line = [*words, "draws=1e10,1000,2000", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "threads=1"]
    command_line = [sys.executable, "-m", "simulate", *line]
    run = subprocess.Popen(command_line, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 120
        while not (taken := list((tmp_path / "temporary").glob("*/0.job"))) and time.monotonic() < deadline:
            time.sleep(0.1)
        os.kill(int(taken[0].read_text().split()[1]), signal.SIGKILL)
        out, err = run.communicate(timeout=120)
    finally:
        run.kill()
    assert run.returncode == 3, err
    assert "failed: assumptions=line draws=10000000000.0 threads=1: its process ended before the job did" in err
    with (Path(out.splitlines()[-1]) / "jobs.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["job"]: row for row in csv.DictReader(file)}
    assert "its process ended" in rows["0"]["problem"]
    assert rows["2"]["problem"] == ""  # it had not been started, and was by starting the launcher again
    assert rows["2"]["median_date"]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_launcher_that_is_not_installed_says_how_to_install_it(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name.startswith("hydra_plugins.") else find(name)
    )
    for launcher, extra in (("joblib", "joblib"), ("submitit_local", "submitit"), ("submitit_slurm", "submitit")):
        outcome = simulate(*words, "seed=1,2", f"hydra/launcher={launcher}")
        assert_clean_refusal(outcome, Path())
        assert f"the launcher {launcher} is not installed" in outcome.err
        assert f"[{extra}]'" in outcome.err


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (["hydra/launcher=jobli"], "there is no launcher 'jobli' (did you mean 'joblib'?)"),
        (["hydra/launcher=basic,joblib"], "'hydra/launcher' cannot be swept"),
        (["hydra.launcher.n_jobs=2"], "the launcher basic has no option 'n_jobs'"),
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=0"], "hydra.launcher.n_jobs = 0 cannot be"),
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=1,2"], "'hydra.launcher.n_jobs' cannot be swept"),
        (["hydra/launcher=joblib", "hydra.launcher.pre_dispatch=all"], "has no option 'pre_dispatch'"),
        (["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=1.5"], "timeout_min = 1.5 cannot be"),
        (["hydra/launcher=submitit_local", "hydra.launcher.submitit_folder=/tmp"], "no option 'submitit_folder'"),
        (["hydra/launcher=submitit_slurm", "hydra.launcher.setup=[ls]"], "has no option 'setup'"),
        (["hydra/launcher=submitit_slurm", "hydra.launcher.partition='a;b'"], "partition = 'a;b' cannot be"),
        (["hydra/launcher=submitit_slurm", "hydra.launcher.account=[a]"], "account = ['a'] cannot be"),
    ],
)
def test_launchers_and_their_options_are_closed(said: list[str], message: str, words: list[str]) -> None:
    outcome = simulate(*words, "seed=1,2", *said)
    assert_clean_refusal(outcome, Path())
    assert message in outcome.err


def test_a_launcher_is_for_sweeps(words: list[str]) -> None:
    outcome = simulate(*words[1:], "hydra/launcher=joblib")
    assert_clean_refusal(outcome, Path())
    assert "a sweep needs -m" in outcome.err


def test_slurm_is_refused_where_there_is_none(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    outcome = simulate(*words, "seed=1,2", "hydra/launcher=submitit_slurm", "hydra.launcher.partition=long")
    assert_clean_refusal(outcome, Path())
    assert "calls sbatch, which is not here" in outcome.err


def test_jobs_share_the_cores() -> None:
    said = launchers.chosen({"hydra/launcher": "joblib", "hydra.launcher.n_jobs": 3})
    assert (said.at_once(count=10, cores=8, threads=None), said.threads(at_once=3, cores=8)) == (3, 2)
    said = launchers.chosen({"hydra/launcher": "joblib"})
    assert [said.at_once(count, cores=8, threads=None) for count in (10, 5)] == [8, 5]
    assert said.threads(at_once=8, cores=4) == 1
    said = launchers.chosen({"hydra/launcher": "submitit_local"})
    assert [said.at_once(10, 8, threads) for threads in (None, 2, 16)] == [8, 4, 1]
    assert said.batches(4) == ["hydra.sweeper.max_batch_size=4"]
    said = launchers.chosen({"hydra/launcher": "submitit_slurm", "hydra.launcher.cpus_per_task": 16})
    assert said.threads(at_once=1, cores=2) == 16
    assert launchers.chosen({}).threads(at_once=1, cores=8) is None
