"""The kernel against the second opinion, draw by draw, on random assumption sets.

`reference_model.py` computes every quantity by name, with other mathematics (SciPy's distributions, series instead of
quadrature), from the same random words. Where two programs that share no line agree in every draw, year and quantity, a
bug must be in the text that both were written from.

Numbers are compared to 1e-9: inputs relative to their spread (most of the difference is the table of a quantile
function), levels relative to their size. A date may differ by what such a difference of level does to it, so a path
that hardly moves near its threshold has dates that say little. Draws in which something is not a number (infinity less
infinity beyond a pole) must be the same in both; a forecast refuses such a set, so their other numbers mean nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from kernel_values import Values, values
from random_sets import DRIVERS, LAW_ROWS, LIMITS, assumption_set
from reference_model import Reference, crossing_date, reference

from simulate import compose, units

CLOSE = 1e-9
DOLLARS = {year: units.DOLLARS[f"USD{year}"] for year in units.PRICES}


def all_levels(theirs: Reference) -> dict[str, np.ndarray]:
    """Everything that the second opinion says about levels, under the kernel's names."""
    found = {**theirs.quantity, **{f"ceiling:{name}": level for name, level in theirs.ceiling.items()}}
    for name in ("training_compute", "largest_run", "effective_compute", "largest_effective"):
        found[name] = getattr(theirs, name)
    return found


def check_inputs(ours: Values, theirs: Reference) -> None:
    for name, drawn in ours.inputs.items():
        expected = theirs.written.get(name, theirs.level.get(name.removeprefix("threshold:")))
        assert expected is not None, name
        expected = expected[0] if expected.ndim == 2 else expected  # the first of a row that moves
        spread = max(np.ptp(expected), 1e-3 * np.abs(expected).max())
        np.testing.assert_allclose(drawn, expected, rtol=0, atol=CLOSE * spread + 1e-300, err_msg=name)


def no_number(levels: Mapping[str, np.ndarray]) -> np.ndarray:
    """Whether anything is not a number in some year of a draw."""
    return np.any([np.isnan(level).any(axis=0) for level in levels.values()], axis=0)


def check_levels(ours: Values, theirs: Reference) -> None:
    expected = all_levels(theirs)
    without = no_number(expected)
    np.testing.assert_array_equal(no_number(ours.results), without)
    for name, level in ours.results.items():
        other = expected[name]
        same = (level == other) | without  # infinities too
        with np.errstate(invalid="ignore"):
            off = np.where(same, 0.0, np.abs(level - other) / np.maximum(1.0, np.abs(other)))
        assert np.all(off <= CLOSE), (name, off.max())


def check_binding(ours: Values, theirs: Reference) -> None:
    """The counts differ by no more than the draws in which two ceilings are equal to rounding."""
    stack = np.stack([theirs.ceiling[name] for name in theirs.active])
    with np.errstate(invalid="ignore"):
        ties = np.isnan(stack).any(axis=0) | (np.sum(stack - stack.min(axis=0) < 1e-7, axis=0) > 1)
    for k in range(len(theirs.active)):
        off = np.abs(ours.binding[k] - np.sum(theirs.binding == k, axis=1))
        assert np.all(off <= ties.sum(axis=1)), theirs.active[k]
    assert np.all(ours.binding.sum(axis=0) == stack.shape[2])


def check_crossings(config: Mapping[str, Any], ours: Values, theirs: Reference) -> None:
    levels = all_levels(theirs)
    without = no_number(levels)
    year, draw = ours.year, np.arange(len(without))
    for name, dates in ours.crossing.items():
        row = config["thresholds"][name]
        by_kind = "largest_effective" if row.get("kind") == "effective" else "largest_run"
        quantity = row.get("quantity") or by_kind
        expected = theirs.crossing[name]
        finite = np.isfinite(expected)
        with np.errstate(invalid="ignore", divide="ignore"):
            margin = np.maximum.accumulate(levels[quantity] - theirs.level[name], axis=0)
            size = 3 * CLOSE * np.abs(levels[quantity]).max(axis=0, initial=10.0)
            unsure = (np.abs(margin) <= size).any(axis=0)  # rounding decides whether it crosses at an instant
            after = np.clip(np.searchsorted(year, np.where(finite, expected, year[-1])), 1, len(year) - 1)
            slope = (margin[after, draw] - margin[after - 1, draw]) / (year[after] - year[after - 1])
            allowed = CLOSE + np.where(np.isfinite(slope), size / slope, 0.0)
            wrong = np.where(finite, ~(np.abs(dates - expected) <= allowed), dates != expected)
        wrong &= ~(unsure | without)
        assert not np.any(wrong), (name, dates[wrong], expected[wrong])
        if "value" in row or ("dist" in row and "each" not in row):
            own = crossing_date(year, ours.results[quantity] - ours.inputs[f"threshold:{name}"])
            with np.errstate(invalid="ignore"):
                assert np.all((own == dates) | (np.abs(own - dates) < CLOSE) | without), name


def compare(config: Mapping[str, Any], draws: int, number: int) -> None:
    """Run both and hold them against each other."""
    ours = values(config, draws, number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = reference(config, draws, number, DOLLARS)
    check_inputs(ours, theirs)
    check_levels(ours, theirs)
    check_binding(ours, theirs)
    if config.get("thresholds"):
        check_crossings(config, ours, theirs)


@pytest.mark.parametrize("number", range(60))
def test_random_sets(number: int) -> None:
    compare(assumption_set(number), 512, number)


@pytest.mark.long
@pytest.mark.parametrize("number", range(60, 560))
def test_many_random_sets(number: int) -> None:
    compare(assumption_set(number), 1024, number)


def test_the_random_sets_are_of_every_sort() -> None:
    seen: set[str] = set()
    for config in map(assumption_set, range(60)):
        for driver, options in config["drivers"].items():
            for choice in (options, *(inner for inner in options.values() if isinstance(inner, dict))):
                seen |= {driver, choice.get("law", ""), f"limit {choice.get('limit')}"}
        seen |= {row.get("dist", "") for row in config["inputs"].values()}
        seen |= {row["unit"] for row in config["inputs"].values()}
        seen |= {f"has {key}" for key in ("correlations", "sharpness", "ceilings", "inactive") if config[key]}
        seen |= {f"has {name.split('_')[-1]}" for name in config["inputs"]}
        seen |= {f"step {config['step']}"}
    wanted = {*DRIVERS, *LAW_ROWS, *(f"limit {limit}" for limit in LIMITS), *units.GROWTH}
    wanted |= {"normal", "lognormal", "uniform", "loguniform", "triangular", "beta", "metalog", "mixture"}
    wanted |= {f"has {key}" for key in ("correlations", "sharpness", "ceilings", "inactive", "volatility")}
    wanted |= {"step 1", "step 0.5", "step 0.3333333333"}
    assert not wanted - seen


@pytest.mark.parametrize("step", [1, 0.5])
def test_the_shipped_set(step: float) -> None:
    config, _ = compose.settings("baseline_2026", [f"step={step}", "thresholds=[standard,anchors,regulatory]"])
    compare(config, 1024, 20261122)


@pytest.mark.parametrize("number", [0, 2**32, 2**64 - 1])
def test_seeds_at_the_ends(number: int) -> None:
    config, _ = compose.settings("baseline_2026", ["horizon=2030"])
    compare(config, 512, number)
