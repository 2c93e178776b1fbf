"""Crossing dates from counts, by hand: four draws or a hundred in cells of 1/128 year."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.crossings import Crossings
from simulate.reached import DATE_BINS

YEARS = np.array([2026.0, 2027.0, 2028.0])


def made(already: float, cells: dict[int, float], total: float, worth: float = 100.0) -> Crossings:
    """One threshold with so many draws in some cells."""
    counted = np.zeros((1, 2 * DATE_BINS))
    for cell, draws in cells.items():
        counted[0, cell] = draws
    certain, reference = np.array([False]), np.array([2026.0])
    return Crossings(YEARS, np.array([already]), counted, certain, reference, total, np.full((1, 3), worth))


def test_a_date_is_linear_within_its_cell() -> None:
    crossings = made(0, {10: 40, 11: 60}, 100)
    found = crossings.dates_of(0, np.array([0.1, 0.2, 0.4, 0.7]))
    assert found == pytest.approx(2026 + np.array([10.25, 10.5, 11.0, 11.5]) / DATE_BINS)


def test_those_that_had_crossed_come_first_and_those_that_never_do_last() -> None:
    crossings = made(20, {128: 40}, 100)
    found = crossings.dates_of(0, np.array([0.2, 0.4, 0.6, 0.61]))
    assert found.tolist() == [-np.inf, 2026 + 128.5 / DATE_BINS, 2026 + 129 / DATE_BINS, np.inf]


def test_the_error_is_half_the_way_between_one_binomial_error_below_and_above() -> None:
    """A hundred draws, one a cell: the median's share has the error 0.05, which is five cells."""
    dates, errors = made(0, dict.fromkeys(range(20, 120), 1.0), 100).quantiles(np.array([0.5, 0.99]))
    assert dates[0] == pytest.approx([2026 + 70 / DATE_BINS, 2026 + 119 / DATE_BINS])
    assert errors[0, 0] == pytest.approx(5 / DATE_BINS)
    assert errors[0, 1] == pytest.approx(np.sqrt(0.99 * 0.01 / 100) * 100 / DATE_BINS)


def test_an_error_whose_end_lies_beyond_the_horizon_is_infinite() -> None:
    dates, errors = made(0, dict.fromkeys(range(20, 72), 1.0), 100).quantiles(np.array([0.5, 0.6]))
    assert np.isfinite(dates[0, 0])
    assert np.isinf(errors[0, 0])
    assert np.isinf(dates[0, 1])
    assert np.isnan(errors[0, 1])


def test_the_error_beside_an_instant_that_has_none_is_not_lost() -> None:
    """Under one of two hypotheses all have crossed by 2027, under the other none: no draw decides that share."""
    crossings = made(0, dict.fromkeys(range(20, 120), 1.0), 200)
    known = made(0, dict.fromkeys(range(20, 120), 1.0), 200)
    known.worth[0, 1:] = 1e15
    levels = np.array([0.1, 0.25])
    (plain,), (found,) = crossings.quantiles(levels)[1], known.quantiles(levels)[1]
    there = (crossings.dates(levels)[0] - 2026.0) / (YEARS[1] - YEARS[0])
    assert found == pytest.approx(plain * np.sqrt(1.0 - there), rel=1e-6)


def test_the_shares_of_bins_over_a_horizon_of_one_cell() -> None:
    one = Crossings(
        np.array([2026.0, 2026.004]), np.array([10.0]), np.array([[40.0]]), np.array([False]), np.array([2026.0]), 100,
        np.full((1, 2), 100.0),
    )  # fmt: skip
    edges, width, shares = one.histogram()
    assert (edges.tolist(), width, shares.tolist()) == ([2026.0], 1 / DATE_BINS, [[0.4]])
