"""Errors of differences between runs that share their random numbers, from their first draws one by one.

A statistic of a run is, but for terms that vanish with the number of draws, a mean over draws: draw i pushes it from
its value by its influence psi_i, divided by the number of draws n. So the error of the statistic is sd(psi)/sqrt(n),
and that of a difference between two runs is sd(psi_A - psi_B)/sqrt(n), in which what is random in both cancels. With
u_h the prior weight of a hypothesis, W_hi its weight of draw i by the evidence and m the mean over draws of
sum_h u_h W_hi:

    probability P = P(T <= t)          psi_i = sum_h u_h W_hi (1[T_hi <= t] - P) / m
    quantile Q(q) of X, slope s = Q'(q)   psi_i = -s sum_h u_h W_hi (1[X_hi <= Q] - q) / m

The slope of a quantile function is measured on all draws of the run, between quantiles at the distance of Bofinger
(1975, "Estimation of a density function using order statistics", Australian Journal of Statistics 17).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from simulate import elementwise
from simulate.outcome import RESULTS, Outcome

Array = NDArray[np.float64]
SAMPLE = 2**16
"""Draws that are kept one by one: they give an error to 0.3 % of itself."""
SAME_DATE = 1e-9  # years


class FirstDraws:
    """The first draws of a run, one by one, and what each adds to its statistics."""

    def __init__(self, outcome: Outcome) -> None:
        self.of = outcome
        members = [counts.member for counts in outcome.members]
        self.dates = np.array([member.crossings for member in members])  # (member, threshold, draw)
        self.paths = [member.trajectories for member in members]  # of each member (kept, year, draw)
        found = weights(outcome.prior, self.paths, outcome.weighted)
        self.weights: Array = found / found.sum(axis=0).mean()  # (member, draw)
        self.crossings = outcome.crossings() if outcome.set.thresholds else None

    @property
    def plain(self) -> bool:
        """Whether every draw counts alike and has one date."""
        return len(self.paths) == 1 and not self.of.weighted

    def probability(self, threshold: int, date: float, p: float) -> Array:
        """Influence (draw,) on the probability `p` of having crossed by a date."""
        return excess(self.weights, self.dates[:, threshold] <= date + SAME_DATE, p)

    def date(self, threshold: int, level: float, date: float) -> Array:
        """Influence (draw,) on a quantile of the crossing dates."""
        near = neighbours(level, self.of.sample_size)
        if self.crossings is None:
            raise ValueError("a set without thresholds has no crossing dates")
        found = self.crossings.dates_of(threshold, np.array(near))
        return -slope(near, found) * excess(self.weights, self.dates[:, threshold] <= date, level)

    def median(self, quantity: str, year: int, median: float, near: tuple[Array, Array]) -> Array:
        """Influence (draw,) on the median of a kept quantity at one instant; `near` are levels and quantiles there."""
        row = self.of.kept.index(quantity)
        below = np.array([paths[row, year] <= np.float32(median) for paths in self.paths])
        return -slope(*near) * excess(self.weights, below, 0.5)

    def near_median(self, quantity: str) -> tuple[Array, Array]:
        """Levels around the median, and the quantiles of a quantity at them (level, year)."""
        near = np.array(neighbours(0.5, self.of.sample_size))
        return near, self.of.quantiles(RESULTS, quantity, near)


def weights(prior: Array, paths: Sequence[np.ndarray], weighted: bool) -> Array:
    """What each draw counts for under each member (member, draw): its prior weight, by the evidence where there is any.

    `paths` of each member are (kept, year, draw), its log-likelihood the last that is kept.
    """
    found = np.repeat(prior[:, None], paths[0].shape[-1], axis=1)
    return found * elementwise.exp([kept[-1, 0] for kept in paths]) if weighted else found


def excess(weights: Array, below: np.ndarray, share: float) -> Array:
    """By how much each draw (draw,) raises the share of what lies below, which is `share`."""
    found: Array = (weights * (below - share)).sum(axis=0)
    return found


def neighbours(level: float, draws: float) -> tuple[float, float, float]:
    """Levels below and above, between which a quantile function is measured to be nearly straight, and the level."""
    z = NormalDist().inv_cdf(level)
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    reach = (4.5 * density**4 / (draws * (2.0 * z * z + 1.0) ** 2)) ** 0.2
    reach = min(reach, 0.5 * level, 0.5 * (1.0 - level))
    return level - reach, level, level + reach


def slope(levels: tuple[float, ...] | Array, quantiles: Array) -> float:
    """The slope of a quantile function between three levels, of those ends that are finite."""
    known = np.isfinite(quantiles)
    if known.sum() < 2:
        return math.nan
    some, where = quantiles[known], np.asarray(levels)[known]
    return float((some[-1] - some[0]) / (where[-1] - where[0]))


def error(influence: Array, draws: float) -> float:
    """Monte Carlo standard error of a statistic of a run of `draws` draws, by the influence of its first ones."""
    return float(np.std(influence) / math.sqrt(draws))
