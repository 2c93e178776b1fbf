"""The same seed gives the same bits, whatever the threads, the size of a task, the other rows, or the number of draws."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
import xarray as xr

import simulate
from simulate import assumptions, compose, forecast
from simulate.engines import local

DRAWS = 5_000  # no multiple of a block


def digest(dataset: xr.Dataset) -> str:
    """One hash of every number of a result."""
    total = hashlib.sha256()
    for name in sorted(map(str, dataset.variables)):
        values = dataset[name].values
        if values.dtype.kind in "fiu":
            total.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def reference() -> str:
    return digest(simulate.run("baseline_2026", draws=DRAWS, threads=1))


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_do_not_matter(threads: int, reference: str) -> None:
    assert digest(simulate.run("baseline_2026", draws=DRAWS, threads=threads)) == reference


@pytest.mark.parametrize("blocks", [1, 3, 1000])
def test_the_size_of_a_task_does_not_matter(blocks: int, reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = local.run

    def in_other_tasks(*args: Any, **named: Any) -> Any:
        return run(*args, **named, blocks_per_task=blocks)

    monkeypatch.setattr(local, "run", in_other_tasks)
    assert digest(simulate.run("baseline_2026", draws=DRAWS, threads=2)) == reference


def test_another_seed_gives_other_bits(reference: str) -> None:
    assert digest(simulate.run("baseline_2026", draws=DRAWS, seed=2)) != reference


def paths(draws: int, **changes: Any) -> xr.Dataset:
    settings, where = compose.settings("baseline_2026", overrides=["thresholds=standard"])
    settings["inputs"] = {**changes.get("before", {}), **settings["inputs"], **changes.get("after", {})}
    settings["quantities"] = changes.get("quantities", {})
    return forecast.run(assumptions.build(settings, where), draws, keep="draws")


def test_more_draws_keep_the_first() -> None:
    few, many = paths(1_000), paths(2_000)
    for name in ("training_compute_draw", "effective_compute_draw", "spend_draw"):
        assert np.array_equal(few[name].values, many[name].values[:1_000])


def test_an_unrelated_row_moves_no_other_draw() -> None:
    extra = {"aside": {"dist": "normal", "low": 1, "high": 2, "unit": "1"}}
    use = {"twice": {"formula": "2*aside", "unit": "1"}}
    plain = paths(1_000)
    for more in (paths(1_000, before=extra, quantities=use), paths(1_000, after=extra, quantities=use)):
        for name in ("training_compute_draw", "effective_compute_draw", "chips_draw"):
            assert np.array_equal(plain[name].values, more[name].values)
