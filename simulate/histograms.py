"""Histograms of what is watched: where they lie, and the memory in which a task counts.

For each watched row and instant there is a histogram of 2,048 bins, placed once by a pilot block (the first 512 draws)
with room for eight times its range. Moments are fixed-point sums around the histogram's middle; those of the few draws
outside of it, however far, are summed apart. All that is counted is whole numbers, so that any order of adding gives
the same bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate import pages

BINS = 2048
ROOM = 8.0  # times the range of the pilot
CELL_BITS = 32  # a bin has 2^32 cells: the fixed-point resolution of a value
CELLS, SQUARES = 2.0**CELL_BITS, 2.0**30  # of value and square, in bins
COARSE_CELLS, COARSE_SQUARES = 2.0**18, 2.0**12  # with weights: their products have no room for more
FAR_CELLS = 2.0**20  # of value and square outside the histogram
FAR = 2.0**170  # bins from the middle up to which moments are summed; only what has a pole goes further
FAR_PARTS = 24  # of 16 bits: enough for a square
MIDDLE = BINS << (CELL_BITS - 1)  # in cells from the left end
#: Room behind a task's histogram: without it the middles of all histograms, where the draws are, would lie a power of
#: two apart and push each other out of the cache.
APART = 32

#: Where a histogram lies: left end of its first bin, width of a bin, and the value of draw 0.
PLACE = np.dtype([("origin", "f8"), ("width", "f8"), ("reference", "f8")])
#: What is counted beside the bins: draws below, above, not a number; draws too far away for a moment; sum and sum of
#: squares of a task's draws in the histogram, each with the upper part of what would else overflow. `differs` is 1 once
#: a draw has not the value of the reference.
COUNTED = ("under", "over", "nan", "too_far")
MOMENTS = ("sum", "squares")
TOTAL = np.dtype([(name, "i8") for name in (*COUNTED, "differs", *MOMENTS, *(f"{name}_high" for name in MOMENTS))])


class Watch(NamedTuple):
    """Which rows are counted, and where their histograms lie."""

    row: np.ndarray  # (watched,)
    place: np.ndarray  # (watched, year) PLACE


class Counts(NamedTuple):
    """The counts of one task; all whole numbers, and small enough to stay in the processor's cache.

    Draws that weigh 1 are counted in `bins`, those with weights in `heavy`; the other one is empty.
    """

    bins: np.ndarray  # (watched, year, BINS and APART) uint16: a task has fewer draws
    heavy: np.ndarray  # (watched, year, BINS) int64
    totals: np.ndarray  # (watched, year) TOTAL
    outside: np.ndarray  # (watched, year, moment, FAR_PARTS) int64: sums over the draws outside the histogram


def empty(watch: Watch, weighted: bool) -> Counts:
    """Counts of nothing."""
    many, none = watch.place.shape, (0, 0)
    light, heavy = (none, many) if weighted else (many, none)
    bins, heavy_bins = pages.zeros((*light, BINS + APART), np.uint16), pages.zeros((*heavy, BINS), np.int64)
    return Counts(bins, heavy_bins, np.zeros(many, TOTAL), np.zeros((*many, len(MOMENTS), FAR_PARTS), np.int64))


def unplaced(row: np.ndarray, years: int) -> Watch:
    """A watch whose histograms are not laid out yet."""
    return Watch(np.asarray(row, np.int64), np.zeros((len(row), years), PLACE))


def one_row(watch: Watch, row: int) -> Watch:
    """The watch of one row."""
    return Watch(watch.row[row : row + 1], watch.place[row : row + 1])


def place(pilot: NDArray[np.float64], row: np.ndarray) -> Watch:
    """Lay out the histograms by a pilot, shape (watched, year, draw). Widths are powers of two, so that scaling is
    exact.
    """
    finite = np.isfinite(pilot)
    some = finite.any(axis=2)
    low = np.where(some, np.where(finite, pilot, np.inf).min(axis=2), 0.0)
    high = np.where(some, np.where(finite, pilot, -np.inf).max(axis=2), 0.0)
    size = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1.0)
    spread = np.maximum(high - low, size * 2.0**-30)  # less is rounding noise
    _, exponent = np.frexp(spread * (ROOM / BINS))
    width = np.ldexp(1.0, exponent)
    watch = unplaced(row, pilot.shape[1])
    watch.place["width"] = width
    watch.place["origin"] = (np.rint((0.5 * low + 0.5 * high) / width) - BINS // 2) * width
    watch.place["reference"] = pilot[:, :, 0]
    return watch
