"""Every draw on disk: the same numbers as in memory, in any number of tasks and threads, and nothing half-written."""

from __future__ import annotations

import builtins
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from command_line import HEADER, NORMAL, assert_clean_refusal, simulate, write

import simulate as package
from simulate import assumptions, compose, every_draw, forecast
from simulate.engines import work

pytest.importorskip("zarr")

MORE = """
horizon: 2030
thresholds: {level: {value: 27, quantity: training_compute, unit: log10 FLOP}}
hypotheses:
  low: {weight: 0.5}
  high: {weight: 0.5, inputs: {trend_start: {dist: normal, mean: 27, sd: 1, unit: log10 FLOP}}}
evidence:
  seen: {quantity: training_compute, date: 2027, value: 26.5, sd: 0.5, unit: log10 FLOP, source: own, note: own}
"""
DRAWS = 40_000  # two whole tasks of 32 blocks and a part of one


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "stories.yaml", HEADER + NORMAL + MORE)
    return tmp_path


def store(folder: str = "all") -> Any:
    return xr.open_zarr(Path("outputs", folder, "draws.zarr"), chunks=None)


def same(stored: Any, kept: Any) -> bool:
    return np.array_equal(stored.values, kept.values, equal_nan=True)


@pytest.mark.parametrize("threads", [1, 3])
def test_every_draw_is_that_of_a_run_in_memory(threads: int, here: Path) -> None:
    words = [f"draws={DRAWS}", "horizon=2029", f"threads={threads}"]
    outcome = simulate(*words, "keep=draws", "output=all")
    assert outcome.code == 0, outcome.err
    found, kept = store(), package.run(draws=DRAWS, keep="draws", overrides=["horizon=2029"])
    for name in assumptions.build(*compose.settings("baseline_2026")).units:
        assert same(found[name], kept[f"{name}_draw"]), name
        assert found[name].attrs["units"] == kept[name].attrs["units"]
    assert found.sizes == {"draw": DRAWS, "year": 4, "threshold": kept.sizes["threshold"]}
    for k, year in enumerate(kept["year"].values):
        assert np.array_equal((found["crossing"] <= year).mean("draw"), kept["probability"].values[:, k])
    assert found.attrs["complete"]
    assert found.attrs["config_hash"] == package.load("outputs/all").attrs["config_hash"]
    assert package.load("outputs/all").sizes["draw"] == 50  # what figures show


def test_hypotheses_and_evidence(here: Path) -> None:
    words = ["--config-dir", "sets", "assumptions=stories", "thresholds=[regulatory]", f"draws={DRAWS}"]
    assert simulate(*words, "keep=draws", "kept=[training_compute]", "output=all").code == 0
    found = store()
    kept = package.run("stories", DRAWS, keep="draws", config_dir="sets", overrides=["thresholds=[regulatory]"])
    assert found["hypothesis"].values.tolist() == ["low", "high"]
    assert same(found["training_compute"], kept["training_compute_draw_by_hypothesis"])
    assert same(found["log_likelihood"], kept["log_likelihood_draw_by_hypothesis"])
    assert found.sizes["hypothesis"] == 2
    assert "effective_compute" not in found


def test_sobol_points_are_all_there(here: Path) -> None:
    """Tasks are smaller than usual, and so are the chunks: two threads never write to one."""
    words = ["sampling=sobol", "horizon=2029"]
    assert simulate("draws=1e4", *words, "keep=draws", "kept=[chips]", "output=all").code == 0
    kept = package.run(draws=10_000, keep="draws", overrides=words)
    assert store().sizes["draw"] == 16_384
    assert same(store()["chips"], kept["chips_draw"])


def test_memory_stays_small(here: Path) -> None:
    """Twenty times the draws take no more memory than one task of them, and the store holds them all."""
    one = assumptions.build(*compose.settings("baseline_2026", ["horizon=2036"]))
    task = work.MOST_BLOCKS * 512

    def peak(draws: int) -> int:
        tracemalloc.start()
        try:
            into = every_draw.Store(here / f"{draws}.zarr", one, ["training_compute"], draws, "random")
            forecast.simulate(one, draws, 1, threads=1, into=into)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(task)  # what is made once a process
    few, many = peak(task), peak(20 * task)
    of_a_task = task * 4 * (len(one.years) + len(one.thresholds))
    assert many - few < 2 * of_a_task < 20 * of_a_task
    assert xr.open_zarr(here / f"{20 * task}.zarr", chunks=None, consolidated=False).sizes["draw"] == 20 * task


def test_a_finished_run_is_found_again(here: Path) -> None:
    words = ["draws=2000", "horizon=2028", "keep=draws", "output=all"]
    assert simulate(*words).code == 0
    before = Path("outputs/all/draws.zarr/zarr.json").stat().st_mtime_ns
    assert simulate(*words, "resume=true").code == 0
    assert Path("outputs/all/draws.zarr/zarr.json").stat().st_mtime_ns == before
    assert simulate("draws=2000", "horizon=2028", "output=bare").code == 0
    assert simulate("draws=2000", "horizon=2028", "keep=draws", "output=bare", "resume=true").code == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["keep=draws", "kept=[chip]"], "the set has no quantity 'chip' (did you mean 'chips'?)"),
        (["kept=[chips]"], "add keep=draws"),
        (["keep=draws", "kept=chips"], "a list of quantities is needed"),
        (["keep=draws", "target_error=0.01"], "give their number"),
    ],
)
def test_mistakes(words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate(*words)
    assert_clean_refusal(outcome, tmp_path)
    assert said in outcome.err


def test_a_disk_that_is_too_small_is_said_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate("draws=1e12", "keep=draws")
    assert outcome.code == 4
    assert "not enough space" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_written_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, which: int) -> Any:
        def take(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        return take

    monkeypatch.setattr(every_draw.Store, "sink", full)
    outcome = simulate("draws=2000", "horizon=2028", "keep=draws")
    assert outcome.code == 4
    assert "No space left" in outcome.err
    assert not Path("outputs").exists()


def test_zarr_that_is_missing_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    usual = builtins.__import__

    def without(name: str, *more: Any, **rest: Any) -> Any:
        if name == "zarr":
            raise ImportError(name)
        return usual(name, *more, **rest)

    monkeypatch.setattr(builtins, "__import__", without)
    outcome = simulate("keep=draws")
    assert_clean_refusal(outcome, tmp_path)
    assert "pip install -e '.[zarr]'" in outcome.err
