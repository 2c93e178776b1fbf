"""What is kept of millions of draws: the counts of many tasks added up, and the quantiles and moments that they give.

Sums are whole numbers, and two of them merge by addition. A row that is the same in every draw is known exactly.
"""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from simulate.compiled import entry
from simulate.histograms import (
    BINS,
    CELLS,
    COARSE_CELLS,
    COARSE_SQUARES,
    COUNTED,
    FAR_CELLS,
    MOMENTS,
    SQUARES,
    Counts,
    Watch,
)
from simulate.wide import in_one, whole

STRIPE = 64  # bins that are added to a sum at once, if any holds a draw


class Sum:
    """Counts of many tasks: 64-bit bins and, since they would overflow, moments in Python's integers."""

    def __init__(self, counts: Counts) -> None:
        shape = counts.totals.shape
        self.bins = np.zeros((*shape, BINS), np.int64)
        self.under, self.over, self.nan, self.differs, self.too_far = (np.zeros(shape, np.int64) for _ in range(5))
        self.sum, self.squares = (np.zeros(shape, dtype=object) for _ in MOMENTS)

    def take(self, counts: Counts) -> np.ndarray:
        """Add the counts of a task, and set them to zero; gives what was added to `sum`."""
        _pour(counts.heavy if counts.heavy.size else counts.bins, self.bins)
        for name in COUNTED:
            getattr(self, name)[:] += counts.totals[name]
        self.differs |= counts.totals["differs"]
        added = [whole(counts.totals[f"{name}_high"], counts.totals[name]) for name in MOMENTS]
        if counts.heavy.size:
            finer = CELLS / COARSE_CELLS, SQUARES / COARSE_SQUARES
            added = [some * int(times) for some, times in zip(added, finer, strict=True)]
        _pour_outside(counts, added)
        for name, more in zip(MOMENTS, added, strict=True):
            getattr(self, name)[:] += more
        counts.totals[:] = 0
        return added[0]

    def one_row(self, row: int) -> Sum:
        """The counts of one watched row, as a sum of one."""
        found = copy.copy(self)
        for name, counted in vars(self).items():
            setattr(found, name, counted[row : row + 1])
        return found

    def add(self, other: Sum) -> None:
        """Add the sum of another worker."""
        for name in ("bins", *COUNTED, *MOMENTS):
            getattr(self, name)[:] += getattr(other, name)
        self.differs |= other.differs


def _pour_outside(counts: Counts, sums: list[np.ndarray]) -> None:
    """Add the draws outside of the histograms to a task's `sums` of value and square, and set their own to zero."""
    some = (counts.totals["under"] | counts.totals["over"]) > 0
    for k, finer in enumerate((CELLS / FAR_CELLS, SQUARES / FAR_CELLS)):
        sums[k][some] += in_one(counts.outside[some, k]) * int(finer)
    counts.outside[some] = 0


@entry
def _pour(counted, total):
    """Add the bins of a task to those of a run, shape (watched, year, bin), and set them to zero."""
    for row in range(counted.shape[0]):
        for year in range(counted.shape[1]):
            here, there = counted[row, year], total[row, year]
            for first in range(0, BINS, STRIPE):  # most of a histogram lies beyond all draws
                some = 0
                for i in range(first, first + STRIPE):
                    some |= np.int64(here[i])
                if some:
                    for i in range(first, first + STRIPE):
                        there[i] += np.int64(here[i])
                        here[i] = 0


def cumulated(total: Sum) -> NDArray[np.int64]:
    """Weight of the draws up to the right end of each bin (watched, year, bin)."""
    return total.under[:, :, None] + np.cumsum(total.bins, axis=2)


def certain(watch: Watch, total: Sum) -> NDArray[np.bool_]:
    """Whether all draws have the finite value of draw 0 (watched, year)."""
    return (total.differs == 0) & np.isfinite(watch.place["reference"])


def quantiles(watch: Watch, total: Sum, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of every watched row, shape (watched, quantile, year): linear within a bin, infinite outside the
    histogram.
    """
    place = watch.place
    upto = cumulated(total)
    mass = upto[:, :, -1] + total.over
    found = np.empty((len(watch.row), len(levels), place.shape[1]))
    for row, year in np.ndindex(place.shape):
        cumulative, bins = upto[row, year], total.bins[row, year]
        target = levels * mass[row, year]
        b = np.minimum(np.searchsorted(cumulative, target), BINS - 1)  # the first bin that reaches the target
        within = (target - (cumulative[b] - bins[b])) / np.maximum(bins[b], 1)
        value = place["origin"][row, year] + place["width"][row, year] * (b + within)
        value = np.where(target > cumulative[-1], np.inf, value)
        found[row, :, year] = np.where(target < total.under[row, year], -np.inf, value)
    return np.where(certain(watch, total)[:, None, :], place["reference"][:, None, :], found)


def moments(watch: Watch, total: Sum, mass: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (watched, year); `mass` is the number of draws, or the sum of their weights.

    Both are infinite where a draw lies too far out for a sum (at a pole), and the spread is 0 where all draws are the
    same.
    """
    place = watch.place
    average = (total.sum / mass).astype(np.float64) / CELLS
    square = (total.squares / mass).astype(np.float64) / SQUARES
    mean = place["origin"] + place["width"] * (BINS // 2 + average)
    sd = place["width"] * np.sqrt(np.maximum(square - average * average, 0.0))
    same, far = total.differs == 0, total.too_far > 0
    infinite = np.where(total.over > 0, np.inf, -np.inf)
    mean = np.where(same, place["reference"], np.where(far, infinite, mean))
    return mean, np.where(same, 0.0, np.where(far, np.inf, sd))
