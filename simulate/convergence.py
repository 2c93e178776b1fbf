"""Has a run settled? What can be judged of each number from what the run has counted, as MCNP judges its tallies.

tail    the draws farthest out thin out so slowly that a mean has no variance, so no error either
apart   a part of the run (`parts`) says something else than the whole
drift   the parts change from the first to the last, so that the error does not fall with the root of draws
twins   two parts have counted the same draws
coarse  most draws of a quantity lie in one bin of its histogram (`coarse`)

Each check but the last has a limit that a right run passes in 999 of 1,000 cases, however many numbers there are.
Errors of Sobol points are those between their scrambles, which can neither drift nor stand apart. Draws that carry
weights have no tail that could be seen in their counts. How many draws a number rests on is told by `convergence_card`,
from the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate import coarse, summary
from simulate.histograms import BINS, CELLS, Watch
from simulate.outcome import Outcome
from simulate.summary import Sum

Array = NDArray[np.float64]
FALSE_ALARM = 1e-3  # of a check of a whole run
HITS = 30  # expected hits or misses of a part, from which their number is nearly normal
FARTHEST = 200  # draws of a tail by which it is judged
LONGEST_TAIL = 0.05  # of all draws: more of them are no tail
FEWEST, FEW = 100, 5  # beyond that distance, and beyond four times it
SURE = 2.0  # errors of the power
SLOWEST = 2.0  # the power by which a tail must fall off for a variance
CONTINUOUS = 100  # bins with draws, from which two parts do not have one sum by chance


class Number(NamedTuple):
    """A reported number by parts: its value and error, the values (part,) and what the parts weigh (part,)."""

    name: str
    value: float
    error: float
    values: Array
    mass: Array

    @property
    def apart(self) -> Array:
        """How far each part is from the whole, in standard errors of that distance (part,)."""
        found: Array = (self.values - self.value) / (self.error * np.sqrt(self.mass.sum() / self.mass - 1.0))
        return found

    @property
    def drift(self) -> float:
        """The change from part to part, in its standard errors."""
        place = np.arange(len(self.mass)) - np.average(np.arange(len(self.mass)), weights=self.mass)
        spread = self.error * np.sqrt(self.mass.sum() * (self.mass * place**2).sum())
        return float((self.mass * place * (self.values - self.value)).sum() / spread)

    @property
    def slope(self) -> float:
        """The power of the number of draws with which the error falls, seen in 1, 2, 4, ... parts together; -1/2 where
        draws are independent.
        """
        sizes, errors = [], []
        size = 1
        while (groups := len(self.mass) // size) >= 2:
            cut = slice(0, groups * size)
            mass = self.mass[cut].reshape(groups, size)
            means = (self.values[cut].reshape(groups, size) * mass).sum(axis=1) / mass.sum(axis=1)
            sizes.append(size)
            errors.append(means.std(ddof=1))
            size *= 2
        some = np.array(errors) > 0.0
        if some.sum() < 2:
            return np.nan
        return float(np.polyfit(np.log(np.array(sizes)[some]), np.log(np.array(errors)[some]), 1)[0])


class Tail(NamedTuple):
    """The tail of a mean: the power with which it falls off, and the error of that."""

    name: str
    power: float
    error: float


def judge(outcome: Outcome) -> dict[str, Any]:
    """What the checks found: how many numbers were judged, the extremes that were measured, and a line on each check
    that failed, with the number that fails it most.
    """
    tails = list(_tails(outcome))
    heavy = [tail for tail in tails if tail.power + SURE * tail.error <= SLOWEST]
    without = {tail.name for tail in heavy}
    numbers = [] if outcome.replicates else [one for one in _numbers(outcome) if one.name not in without]
    twins, wide = _twins(outcome), list(coarse.quantiles(outcome))
    found = [
        *_tail_found(heavy),
        *_apart_found(numbers),
        *_drift_found(numbers),
        *([_said("twins", _twins_told(twins), len(twins))] if twins else []),
        *([_said("coarse", coarse.told(wide), len(wide))] if wide else []),
    ]
    measured = {
        "parts": len(outcome.members[0].sums.parts["mass"]),
        "numbers": len(numbers),
        "farthest_part": max((float(np.abs(one.apart).max()) for one in numbers), default=None),
        "largest_drift": max((abs(one.drift) for one in numbers), default=None),
        "slowest_tail": min((tail.power for tail in tails), default=None),
    }
    return measured | {"warnings": found}


def _said(check: str, text: str, numbers: int) -> dict[str, Any]:
    return {"check": check, "numbers": numbers, "text": text}


def _limit(comparisons: int) -> float:
    """The standard errors that the largest of so many comparisons exceeds by chance in FALSE_ALARM of the runs."""
    return NormalDist().inv_cdf(1.0 - 0.5 * FALSE_ALARM / max(comparisons, 1))


def _apart_found(numbers: list[Number]) -> Iterator[dict[str, Any]]:
    limit = _limit(sum(len(one.mass) for one in numbers))
    failing = [one for one in numbers if np.abs(one.apart).max() > limit]
    if failing:
        worst = max(failing, key=lambda one: float(np.abs(one.apart).max()))
        part = int(np.abs(worst.apart).argmax())
        text = (
            f"{worst.name} is {worst.value:.4g} over all draws and {worst.values[part]:.4g} in part {part + 1} of"
            f" {len(worst.mass)}, {abs(worst.apart[part]):.1f} standard errors apart (chance explains {limit:.1f})"
        )
        yield _said("apart", text, len(failing))


def _drift_found(numbers: list[Number]) -> Iterator[dict[str, Any]]:
    limit = _limit(len(numbers))
    failing = [one for one in numbers if abs(one.drift) > limit]
    if failing:
        worst = max(failing, key=lambda one: abs(one.drift))
        text = (
            f"{worst.name} drifts from {worst.values[0]:.4g} in the first part of {len(worst.mass)} to"
            f" {worst.values[-1]:.4g} in the last, by {abs(worst.drift):.1f} standard errors (chance explains"
            f" {limit:.1f}); its error changes with the power {worst.slope:.2f} of the number of draws, not -0.50"
        )
        yield _said("drift", text, len(failing))


def _tail_found(heavy: list[Tail]) -> Iterator[dict[str, Any]]:
    if heavy:
        worst = min(heavy, key=lambda tail: tail.power)
        text = (
            f"{worst.name} rests on a few draws far out: beyond x there are as many as x^-{worst.power:.2g}, and a mean"
            f" has an error only where they are fewer than x^-{SLOWEST:.2g}; its quantiles stand"
        )
        yield _said("tail", text, len({tail.name for tail in heavy}))


def _twins_told(twins: list[tuple[int, int]]) -> str:
    pairs = ", ".join(f"{i + 1} and {j + 1}" for i, j in twins[:3])
    return f"parts {pairs} have counted the same draws, so there are fewer than it says, and errors are too small"


def _numbers(outcome: Outcome) -> Iterator[Number]:
    """Every probability and mean whose parts are nearly normal."""
    mass = sum(p * counts.sums.parts["mass"][:, 0] for p, counts in zip(outcome.prior, outcome.members, strict=True))
    mass = np.asarray(mass, np.float64)
    if len(mass) < 2 or not mass.min() > 0.0:
        return
    if outcome.set.thresholds:
        yield from _probabilities(outcome, mass)
    if len(outcome.members) == 1 and not outcome.weighted:
        yield from _means(outcome, mass)


def _probabilities(outcome: Outcome, mass: Array) -> Iterator[Number]:
    crossed = sum(
        p * np.cumsum(counts.sums.parts["crossed"], axis=2)
        for p, counts in zip(outcome.prior, outcome.members, strict=True)
    )
    shares = np.asarray(crossed / mass[:, None, None])
    p, error, worth = outcome.probability, outcome.probability_error, outcome.worth
    least = worth * np.minimum(p, 1.0 - p) * mass.min() / mass.sum()
    for k, name in enumerate(outcome.set.thresholds):
        for j, year in enumerate(outcome.set.years.tolist()):
            if least[k, j] >= HITS and error[k, j] > 0.0:
                yield Number(f"P({name} by {year:g})", p[k, j], error[k, j], shares[:, k, j], mass)


def _means(outcome: Outcome, mass: Array) -> Iterator[Number]:
    counts = outcome.members[0]
    watch, total = counts.member.watched.results, counts.sums.results
    mean, sd = summary.moments(watch, total, counts.mass)
    settled = ~summary.certain(watch, total) & np.isfinite(mean) & (sd > 0.0)
    settled &= HITS * _kurtosis(watch, total) <= mass.min()
    error = sd / np.sqrt(mass.sum())
    for name in outcome.set.units:
        row = counts.names("results").index(name)
        place = watch.place[row]
        sums = counts.sums.parts["results"][:, row] / counts.sums.parts["mass"]
        values = place["origin"] + place["width"] * (BINS // 2 + sums.astype(np.float64) / CELLS)
        for j, year in enumerate(outcome.set.years.tolist()):
            if settled[row, j]:
                yield Number(_mean(name, year), mean[row, j], error[row, j], values[:, j], mass)


def _mean(name: str, year: float) -> str:
    return f"the mean of {name} in {year:g}"


def _kurtosis(watch: Watch, total: Sum) -> Array:
    """The fourth moment over the square of the second, by the histograms (watched, year): 3 for a normal, 1/p for what
    happens in a share p of the draws.
    """
    found = np.full(watch.place.shape, np.inf)
    for row, year in np.ndindex(watch.place.shape):
        bins = total.bins[row, year].astype(np.float64)
        bins[0] += total.under[row, year]
        bins[-1] += total.over[row, year]
        at = np.flatnonzero(bins)  # a few hundred of them
        bins = bins[at]
        off = at - (bins * at).sum() / bins.sum()
        square = (bins * off**2).sum()
        found[row, year] = (bins * off**4).sum() * bins.sum() / square**2 if square > 0.0 else np.inf
    return found


def _tails(outcome: Outcome) -> Iterator[Tail]:
    """The tails of every quantity under every hypothesis that have draws enough."""
    for counts in () if outcome.weighted else (outcome.members[which] for which in outcome.counting):
        total = counts.sums.results
        upto = summary.cumulated(total)
        for name in outcome.set.units:
            row = counts.names("results").index(name)
            for j, year in enumerate(outcome.set.years.tolist()):
                # draws below each edge; seen from the other end, the draws above it
                below = np.concatenate([[total.under[row, j]], upto[row, j]])
                for beyond in (counts.mass - below, below[::-1]):
                    found = _power(beyond, counts.mass)
                    if found is not None:
                        yield Tail(_mean(name, year), *found)


def _power(beyond: np.ndarray, mass: int) -> tuple[float, float] | None:
    """The power with which a tail falls off, and its error; None where there are too few draws to say.

    `beyond` each edge of a histogram (edge,) lie fewer draws than beyond the one before.

    Counted is beyond once, twice and four times a distance from the median beyond which lie 200 draws, or more where
    the histogram ends before. A tail that stands still in between (a rare event) is no tail.
    """
    if mass * LONGEST_TAIL < FARTHEST:
        return None
    median = int(np.searchsorted(-beyond, -mass / 2.0))
    last = int(np.searchsorted(-beyond, -FARTHEST, side="right")) - 1  # the last edge with as many draws beyond it
    reach = min(last - median, (BINS - median) // 4)
    if reach < 2:
        return None
    once, twice, farther = (int(beyond[median + times * reach]) for times in (1, 2, 4))
    if once < FEWEST or farther < FEW or twice > 0.9 * once or farther > 0.9 * twice:
        return None
    return 0.5 * math.log2(once / farther), 0.5 / math.log(2.0) * math.sqrt(1.0 / farther - 1.0 / once)


def _twins(outcome: Outcome) -> list[tuple[int, int]]:
    """Parts with the same sums of everything, where that does not happen by chance: something is continuous."""
    found: set[tuple[int, int]] = set()
    for counts in outcome.members:
        sums = counts.sums
        continuous = [np.count_nonzero(one.bins, axis=2) >= CONTINUOUS for one in (sums.inputs, sums.results)]
        if not any(some.any() for some in continuous):
            continue
        parts = np.concatenate(
            [sums.parts[name].reshape(len(sums.parts["mass"]), -1) for name in ("mass", "inputs", "results")], axis=1
        )
        rows = [tuple(row) for row in parts.tolist()]
        found |= {(i, j) for i in range(len(rows)) for j in range(i + 1, len(rows)) if rows[i] == rows[j]}
    return sorted(found)
