"""What is kept of millions of draws: whole numbers only, so that any order of adding gives the same bits.

For each watched row and instant there is a histogram of 4,096 bins, placed once by a pilot block (the first 512 draws) with room for
eight times its range; draws outside are counted as under, over or not-a-number *before* anything is cast to an index. Moments are
fixed-point sums around the histogram's middle. A row that is the same in every draw is known exactly. Two summaries merge by addition.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate.compiled import jit
from simulate.fastmath import ROUND, ROUND_BITS, to_bits

BINS = 4096
ROOM = 8.0  # times the range of the pilot
UNDER, OVER, NAN = 0, 1, 2
FAR = 2.0**17  # bins from the middle: beyond, a moment would overflow, so it is counted instead
FIRST_UNIT, SECOND_UNIT = 2.0**16, 2.0**8  # fixed-point resolution of value and square, in bins


class Watch(NamedTuple):
    """Which rows are counted, and where their histograms lie."""

    row: np.ndarray  # (watched,)
    origin: np.ndarray  # (watched, year) left end of the first bin
    width: np.ndarray  # (watched, year) of a bin
    reference: np.ndarray  # (watched, year) the value of draw 0


class Counts(NamedTuple):
    """The counts of a watch; all integers, all mergeable by addition."""

    bins: np.ndarray  # (watched, year, BINS)
    outside: np.ndarray  # (watched, year, 3): under, over, not a number
    differs: np.ndarray  # (watched, year) draws that differ from the reference
    moments: np.ndarray  # (watched, year, 3): sum, sum of squares, draws too far away for either


def empty(watch: Watch) -> Counts:
    """Counts of nothing."""
    shape = watch.origin.shape
    return Counts(*(np.zeros((*shape, *more), np.int64) for more in ((BINS,), (3,), (), (3,))))


def place(pilot: NDArray[np.float64], row: np.ndarray) -> Watch:
    """Lay out the histograms by a pilot, shape (watched, year, draw). Widths are powers of two, so that scaling is exact."""
    finite = np.isfinite(pilot)
    some = finite.any(axis=2)
    low = np.where(some, np.where(finite, pilot, np.inf).min(axis=2), 0.0)
    high = np.where(some, np.where(finite, pilot, -np.inf).max(axis=2), 0.0)
    least = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1.0) * 2.0**-30  # rounding noise is no spread
    spread = np.maximum(high - low, least)
    _, exponent = np.frexp(ROOM * spread / BINS)
    width = np.ldexp(1.0, exponent)
    origin = (np.rint(0.5 * (low + high) / width) - BINS // 2) * width
    return Watch(np.asarray(row, np.int64), origin, width, pilot[:, :, 0].copy())


@jit
def count(watch, counts, which, year, values, many, index):
    """Count the first `many` of `values`, shape (draw,), for watched row number `which`; `index` is scratch, int32 (draw,)."""
    origin, scale = watch.origin[which, year], 1.0 / watch.width[which, year]
    reference = watch.reference[which, year]
    inside = differs = total = squares = far = 0
    for i in range(many):
        position = (values[i] - origin) * scale
        inside += (position >= 0.0) & (position < BINS)
        differs += values[i] != reference
        # Clipping keeps the cast safe for whatever value; the careful pass below counts what was clipped.
        index[i] = np.int32(min(max(position, 0.0), BINS - 1.0))
    for i in range(many):
        d = (values[i] - origin) * scale - 0.5 * BINS
        near = abs(d) <= FAR
        d = d if near else 0.0
        far += not near
        total += to_bits(d * FIRST_UNIT + ROUND) - ROUND_BITS
        squares += to_bits(d * d * SECOND_UNIT + ROUND) - ROUND_BITS
    bins = counts.bins[which, year]
    if inside == many:
        for i in range(many):
            bins[index[i]] += 1
    else:
        for i in range(many):
            position = (values[i] - origin) * scale
            if position != position:
                counts.outside[which, year, NAN] += 1
            elif position < 0.0:
                counts.outside[which, year, UNDER] += 1
            elif position >= BINS:
                counts.outside[which, year, OVER] += 1
            else:
                bins[index[i]] += 1
    counts.differs[which, year] += differs
    counts.moments[which, year, 0] += total
    counts.moments[which, year, 1] += squares
    counts.moments[which, year, 2] += far


def quantiles(watch: Watch, counts: Counts, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of every watched row, shape (watched, quantile, year): linear within a bin, infinite outside the histogram."""
    under = counts.outside[:, :, UNDER]
    draws = under + counts.bins.sum(axis=2) + counts.outside[:, :, OVER]
    found = np.empty((len(watch.row), len(levels), watch.origin.shape[1]))
    for which, year in np.ndindex(watch.origin.shape):
        bins = counts.bins[which, year]
        upto = under[which, year] + np.cumsum(bins)
        for k, level in enumerate(levels):
            found[which, k, year] = _quantile(level * draws[which, year], int(under[which, year]), upto, bins, watch, which, year)
    same = (counts.differs == 0) & np.isfinite(watch.reference)
    return np.where(same[:, None, :], watch.reference[:, None, :], found)


def _quantile(
    target: float, under: int, upto: np.ndarray, bins: np.ndarray, watch: Watch, which: int, year: int
) -> float:
    """The value below which `target` draws lie."""
    if target < under:
        return -np.inf
    if target > upto[-1]:
        return np.inf
    b = int(np.searchsorted(upto, target, side="left"))
    b = b if bins[b] else int(np.flatnonzero(bins)[0])
    within = (target - (upto[b] - bins[b])) / bins[b]
    return float(watch.origin[which, year] + watch.width[which, year] * (b + max(within, 0.0)))


def moments(watch: Watch, counts: Counts, sums: NDArray[np.object_], draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (watched, year), from exact sums (watched, year, 3) of Python integers.

    Both are infinite where draws lie too far out for a sum (a pole), and 0 in spread where all draws are the same.
    """
    shape = watch.origin.shape
    mean, sd = np.empty(shape), np.empty(shape)
    for at in np.ndindex(shape):
        total, squares, far = (int(v) for v in sums[at])
        middle = watch.origin[at] + watch.width[at] * (BINS // 2)
        if far:
            mean[at] = sd[at] = np.inf if counts.outside[at][OVER] else -np.inf
        elif counts.differs[at] == 0:
            mean[at], sd[at] = watch.reference[at], 0.0
        else:
            average = total / draws / FIRST_UNIT
            variance = squares / draws / SECOND_UNIT - average * average
            mean[at] = middle + watch.width[at] * average
            sd[at] = watch.width[at] * np.sqrt(max(variance, 0.0))
    return mean, sd


