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
FAR = 2.0**17  # bins from the middle: beyond, a moment would overflow, so it is counted instead
FIRST_UNIT, SECOND_UNIT = 2.0**16, 2.0**8  # fixed-point resolution of value and square, in bins


#: Where a histogram lies: left end of its first bin, width of a bin, and the value of draw 0.
PLACE = np.dtype([("origin", "f8"), ("width", "f8"), ("reference", "f8")])
#: What is counted beside the bins: draws below, above, not a number; draws that differ from the reference; the sum and sum of
#: squares of a task, and the draws too far away for either.
TOTAL = np.dtype([(name, "i8") for name in ("under", "over", "nan", "differs", "sum", "squares", "far")])


class Watch(NamedTuple):
    """Which rows are counted, and where their histograms lie."""

    row: np.ndarray  # (watched,)
    place: np.ndarray  # (watched, year) PLACE


class Counts(NamedTuple):
    """The counts of a watch; all integers, all mergeable by addition."""

    bins: np.ndarray  # (watched, year, BINS)
    totals: np.ndarray  # (watched, year) TOTAL

    def add(self, other: Counts) -> None:
        """Add the counts of another worker."""
        self.bins[:] += other.bins
        for name in TOTAL.names or ():
            self.totals[name] += other.totals[name]


def empty(watch: Watch) -> Counts:
    """Counts of nothing."""
    return Counts(np.zeros((*watch.place.shape, BINS), np.int64), np.zeros(watch.place.shape, TOTAL))


def unplaced(row: np.ndarray, years: int) -> Watch:
    """A watch whose histograms are not laid out yet."""
    return Watch(np.asarray(row, np.int64), np.zeros((len(row), years), PLACE))


def place(pilot: NDArray[np.float64], row: np.ndarray) -> Watch:
    """Lay out the histograms by a pilot, shape (watched, year, draw). Widths are powers of two, so that scaling is exact."""
    finite = np.isfinite(pilot)
    some = finite.any(axis=2)
    low = np.where(some, np.where(finite, pilot, np.inf).min(axis=2), 0.0)
    high = np.where(some, np.where(finite, pilot, -np.inf).max(axis=2), 0.0)
    least = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1.0) * 2.0**-30  # rounding noise is no spread
    spread = np.maximum(high - low, least)
    _, exponent = np.frexp(ROOM * spread / BINS)
    watch = unplaced(row, pilot.shape[1])
    watch.place["width"] = np.ldexp(1.0, exponent)
    watch.place["origin"] = (np.rint(0.5 * (low + high) / watch.place["width"]) - BINS // 2) * watch.place["width"]
    watch.place["reference"] = pilot[:, :, 0]
    return watch


@jit
def count(place, bins, totals, values, many, index):
    """Count the first `many` of `values`, shape (draw,), in one histogram; `index` is scratch, int32 (draw,)."""
    origin, scale, reference = place.origin, 1.0 / place.width, place.reference
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
    if inside == many:
        for i in range(many):
            bins[index[i]] += 1
    else:
        for i in range(many):
            position = (values[i] - origin) * scale
            if position != position:
                totals.nan += 1
            elif position < 0.0:
                totals.under += 1
            elif position >= BINS:
                totals.over += 1
            else:
                bins[index[i]] += 1
    totals.differs += differs
    totals.sum += total
    totals.squares += squares
    totals.far += far


def quantiles(watch: Watch, counts: Counts, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of every watched row, shape (watched, quantile, year): linear within a bin, infinite outside the histogram."""
    totals, place = counts.totals, watch.place
    draws = totals["under"] + counts.bins.sum(axis=2) + totals["over"]
    found = np.empty((len(watch.row), len(levels), place.shape[1]))
    for at in np.ndindex(place.shape):
        bins = counts.bins[at]
        upto = totals["under"][at] + np.cumsum(bins)
        for k, level in enumerate(levels):
            found[at[0], k, at[1]] = _quantile(level * draws[at], int(totals["under"][at]), upto, bins, place[at])
    same = (totals["differs"] == 0) & np.isfinite(place["reference"])
    return np.where(same[:, None, :], place["reference"][:, None, :], found)


def _quantile(target: float, under: int, upto: np.ndarray, bins: np.ndarray, place: np.void) -> float:
    """The value below which `target` draws lie."""
    if target < under:
        return -np.inf
    if target > upto[-1]:
        return np.inf
    b = int(np.searchsorted(upto, target, side="left"))
    b = b if bins[b] else int(np.flatnonzero(bins)[0])
    within = max((target - (upto[b] - bins[b])) / bins[b], 0.0)
    return float(place["origin"] + place["width"] * (b + within))


def moments(watch: Watch, counts: Counts, sums: NDArray[np.object_], draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (watched, year), from exact sums (watched, year, 2) of Python integers.

    Both are infinite where draws lie too far out for a sum (a pole), and 0 in spread where all draws are the same.
    """
    mean, sd = np.empty(watch.place.shape), np.empty(watch.place.shape)
    for at in np.ndindex(watch.place.shape):
        place, totals = watch.place[at], counts.totals[at]
        total, squares = (int(v) for v in sums[at])
        if totals["far"]:
            mean[at] = sd[at] = np.inf if totals["over"] else -np.inf
        elif totals["differs"] == 0:
            mean[at], sd[at] = place["reference"], 0.0
        else:
            average = total / draws / FIRST_UNIT
            variance = squares / draws / SECOND_UNIT - average * average
            mean[at] = place["origin"] + place["width"] * (BINS // 2 + average)
            sd[at] = place["width"] * np.sqrt(max(variance, 0.0))
    return mean, sd
