"""What is kept of millions of draws: whole numbers only, so that any order of adding gives the same bits.

For each watched row and instant there is a histogram of 2,048 bins, placed once by a pilot block (the first 512 draws)
with room for eight times its range; draws outside are counted as under, over or not-a-number *before* anything is cast
to an index. Moments are fixed-point sums around the histogram's middle. A row that is the same in every draw is known
exactly. Two summaries merge by addition.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate import pages
from simulate.compiled import entry, inline, jit
from simulate.fastmath import ROUND, ROUND_BITS, fma, round_even, to_bits
from simulate.weights import high, low, whole

BINS = 2048
ROOM = 8.0  # times the range of the pilot
FAR = 2.0**16  # bins from the middle: beyond, a moment would overflow, so it is counted instead
FAR_WITH_WEIGHTS = 2.0**12
REACH = 4.0  # times its size is how far a row that the pilot saw constant may go before a draw is far
CELL_BITS = 32  # a bin has 2^32 cells: the fixed-point resolution of a value
CELLS, SQUARES = 2.0**CELL_BITS, 2.0**30  # of value and square, in bins
COARSE_CELLS, COARSE_SQUARES = 2.0**16, 2.0**8  # with weights: their products have no room for more
MIDDLE = BINS << (CELL_BITS - 1)  # in cells from the left end
STRIPE = 64  # bins that are added to a sum at once, if any holds a draw
#: Room behind a task's histogram: without it the middles of all histograms, where the draws are, would lie a power of
#: two apart and push each other out of the cache.
APART = 32

#: Where a histogram lies: left end of its first bin, width of a bin, and the value of draw 0.
PLACE = np.dtype([("origin", "f8"), ("width", "f8"), ("reference", "f8")])
#: What is counted beside the bins: draws below, above, not a number; draws too far away for a moment; sum and sum of
#: squares of a task, each with the upper part of what would else overflow. `differs` is 1 once a draw has not the
#: value of the reference.
COUNTED = ("under", "over", "nan", "far")
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


class Sum:
    """Counts of many tasks: 64-bit bins and, since they would overflow, moments in Python's integers."""

    def __init__(self, counts: Counts) -> None:
        shape = counts.totals.shape
        self.bins = np.zeros((*shape, BINS), np.int64)
        self.under, self.over, self.nan, self.differs, self.far = (np.zeros(shape, np.int64) for _ in range(5))
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


def empty(watch: Watch, weighted: bool) -> Counts:
    """Counts of nothing."""
    many, none = watch.place.shape, (0, 0)
    light, heavy = (none, many) if weighted else (many, none)
    bins, heavy_bins = pages.zeros((*light, BINS + APART), np.uint16), pages.zeros((*heavy, BINS), np.int64)
    return Counts(bins, heavy_bins, np.zeros(many, TOTAL))


def unplaced(row: np.ndarray, years: int) -> Watch:
    """A watch whose histograms are not laid out yet."""
    return Watch(np.asarray(row, np.int64), np.zeros((len(row), years), PLACE))


def one_row(watch: Watch, row: int) -> Watch:
    """The watch of one row."""
    return Watch(watch.row[row : row + 1], watch.place[row : row + 1])


def place(pilot: NDArray[np.float64], row: np.ndarray, weighted: bool = False) -> Watch:
    """Lay out the histograms by a pilot, shape (watched, year, draw). Widths are powers of two, so that scaling is
    exact.

    What is constant in the pilot may still be something else in rare draws (a flag, a limit that seldom binds): its
    histogram is as fine as it can be with those draws still near enough for the moments.
    """
    finite = np.isfinite(pilot)
    some = finite.any(axis=2)
    low = np.where(some, np.where(finite, pilot, np.inf).min(axis=2), 0.0)
    high = np.where(some, np.where(finite, pilot, -np.inf).max(axis=2), 0.0)
    size = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1.0)
    rare = size * (REACH / (FAR_WITH_WEIGHTS if weighted else FAR) * BINS / ROOM)
    spread = np.where(high == low, rare, np.maximum(high - low, size * 2.0**-30))  # rounding noise is no spread
    _, exponent = np.frexp(spread * (ROOM / BINS))
    width = np.ldexp(1.0, exponent)
    watch = unplaced(row, pilot.shape[1])
    watch.place["width"] = width
    watch.place["origin"] = (np.rint((0.5 * low + 0.5 * high) / width) - BINS // 2) * width
    watch.place["reference"] = pilot[:, :, 0]
    return watch


@jit
def count(place, counts, k, year, values, many, weights, index):
    """Count the first `many` of `values`, shape (draw,), in one histogram; `index` is scratch, uint16 (draw,)."""
    if counts.heavy.size:
        _count_weighted(place, counts.heavy[k, year], counts.totals[k, year], values, many, weights)
    else:
        _count(place, counts.bins[k, year], counts.totals[k, year], values, many, index)


@inline
def _whole(x, scale):
    """x times a power of two as the nearest whole number; what is no number or beyond 2^51, as some number there."""
    return to_bits(fma(x, scale, ROUND)) - ROUND_BITS


@jit
def _note_difference(totals, values, reference, many):
    """Note whether a draw has another value than the reference; once is enough."""
    if totals.differs == 0:
        for i in range(many):
            totals.differs |= values[i] != reference


@jit
def _count(place, bins, totals, values, many, index):
    """Every draw as if it lay in the histogram; if one does not, which its number of cells tells whatever it is (not a
    number, infinite, or so large that its bits are none of a whole number), all of them again, with care.
    """
    scale = 1.0 / place.width
    left = -place.origin * scale
    total = squares = reached = 0
    for i in range(many):
        position = fma(values[i], scale, left)
        cells = _whole(position, CELLS)
        reached |= cells
        index[i] = np.uint16(cells >> CELL_BITS)
        total += cells
        d = position - 0.5 * BINS
        squares += _whole(d * d, SQUARES)
    _note_difference(totals, values, place.reference, many)
    if 0 <= reached < BINS << CELL_BITS:  # a power of two: only those within set no bit above
        totals.sum += total - many * MIDDLE
        totals.squares += low(squares)
        totals.squares_high += high(squares)
        for i in range(many):
            bins[index[i]] += np.uint16(1)
    else:
        _count_carefully(scale, left, bins, totals, values, many)


@jit
def _count_carefully(scale, left, bins, totals, values, many):
    """The same for a block in which some draw lies outside the histogram."""
    for i in range(many):
        position = fma(values[i], scale, left)
        d = position - 0.5 * BINS
        cells = _whole(min(max(position, -1.0), float(BINS)), CELLS)
        if d != d:
            totals.nan += 1
        elif cells < 0:
            totals.under += 1
        elif cells >= BINS << CELL_BITS:
            totals.over += 1
        else:
            bins[cells >> CELL_BITS] += np.uint16(1)
        if abs(d) <= FAR:
            totals.sum += _whole(position, CELLS) - MIDDLE
            square = np.int64(round_even(d * d * SQUARES))
            totals.squares += low(square)
            totals.squares_high += high(square)
        else:
            totals.far += 1


@jit
def _count_weighted(place, bins, totals, values, many, weights):
    """The same for draws with weights."""
    scale = 1.0 / place.width
    left = -place.origin * scale
    _note_difference(totals, values, place.reference, many)
    for i in range(many):
        position = fma(values[i], scale, left)
        d = position - 0.5 * BINS
        cells = _whole(min(max(position, -1.0), float(BINS)), CELLS)
        if d != d:
            totals.nan += 1
        elif cells < 0:
            totals.under += weights[i]
        elif cells >= BINS << CELL_BITS:
            totals.over += weights[i]
        else:
            bins[cells >> CELL_BITS] += weights[i]
        if abs(d) <= FAR_WITH_WEIGHTS:
            value, square = _whole(d, COARSE_CELLS), _whole(d * d, COARSE_SQUARES)
            totals.sum += low(weights[i]) * value
            totals.sum_high += high(weights[i]) * value
            totals.squares += low(weights[i]) * square
            totals.squares_high += high(weights[i]) * square
        else:
            totals.far += weights[i]


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

    Both are infinite where draws lie too far out for a sum (a pole), and the spread is 0 where all draws are the same.
    """
    place = watch.place
    average = (total.sum / mass).astype(np.float64) / CELLS
    square = (total.squares / mass).astype(np.float64) / SQUARES
    mean = place["origin"] + place["width"] * (BINS // 2 + average)
    sd = place["width"] * np.sqrt(np.maximum(square - average * average, 0.0))
    same, far = total.differs == 0, total.far > 0
    infinite = np.where(total.over > 0, np.inf, -np.inf)
    mean = np.where(same, place["reference"], np.where(far, infinite, mean))
    return mean, np.where(same, 0.0, np.where(far, np.inf, sd))
