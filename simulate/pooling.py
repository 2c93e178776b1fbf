"""Several hypotheses as one answer: the mixture by their weights, and how sure it is.

All hypotheses are run on the same draws, so what they say of a draw belongs together: the error of a pooled
probability P is that of the per-draw sum of u_h W_h I_h (prior weight, weight by the evidence, crossed or not) over
that of u_h W_h. Its square needs three tables of sums over draws, for every pair of hypotheses:

    both[h, k, threshold, year]   W_h W_k where the later of h and k crosses by that instant, not before
    one[h, k, threshold, year]    W_h W_k where h crosses by that instant, not before
    mass[h, k]                    W_h W_k

They are whole numbers, and hold for any prior weights, so that a reader can weigh the hypotheses anew without a run.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate.compiled import entry
from simulate.products import product
from simulate.wide import high, low, whole

Array = NDArray[np.float64]
MOST_WORTH = 1e15  # draws: a probability that the prior weights alone decide has no Monte Carlo error at all


class Pairs(NamedTuple):
    """Sums over the draws of a task for every pair of hypotheses, in the parts of `wide.high` and `wide.low`."""

    both: np.ndarray  # (part, hypothesis, hypothesis, threshold, year)
    one: np.ndarray  # (part, hypothesis, hypothesis, threshold, year)
    mass: np.ndarray  # (part, hypothesis, hypothesis)


class Sums:
    """Sums over the draws of many tasks: of weights in Python's integers, since they would overflow."""

    def __init__(self, hypotheses: int, thresholds: int, years: int, weighted: bool) -> None:
        self.shape, self.weighted = (hypotheses, thresholds, years), weighted
        self.both, self.one, self.mass = (self._together(*table) for table in self.blank())

    def blank(self) -> Pairs:
        """Sums over no draws, for one task."""
        hypotheses, thresholds, years = self.shape
        table = (2, hypotheses, hypotheses, thresholds, years)
        return Pairs(np.zeros(table, np.int64), np.zeros(table, np.int64), np.zeros(table[:3], np.int64))

    def take(self, pairs: Pairs) -> None:
        """Add the sums of a task."""
        for name, table in zip(pairs._fields, pairs, strict=True):
            getattr(self, name)[:] += self._together(*table)

    def add(self, more: Sums) -> None:
        """Add the sums of another worker."""
        for name in Pairs._fields:
            getattr(self, name)[:] += getattr(more, name)

    def _together(self, high_part: np.ndarray, low_part: np.ndarray) -> np.ndarray:
        return whole(high_part, low_part) if self.weighted else low_part


@entry
def _add_pair(both, one, mass, crossed_h, crossed_k, weights_h, weights_k, many):
    """Add the draws of a task to one pair (part, ...), by the instants at which they had crossed (threshold, draw)."""
    years = both.shape[2]
    for i in range(many):
        upper, lower = weights_h[i] * high(weights_k[i]), weights_h[i] * low(weights_k[i])
        mass[0] += upper
        mass[1] += lower
        for t in range(both.shape[1]):
            h, k = crossed_h[t, i], crossed_k[t, i]
            if h < years:
                one[0, t, h] += upper
                one[1, t, h] += lower
                if k < years:
                    both[0, t, max(h, k)] += upper
                    both[1, t, max(h, k)] += lower


def add_pairs(pairs: Pairs, instants: list[np.ndarray], weights: list[np.ndarray], many: int) -> None:
    """Add the first `many` draws of a task: their instants of crossing (threshold, draw) and weights (draw,) in each
    hypothesis.
    """
    for h in range(len(instants)):
        for k in range(len(instants)):
            own = (table[:, h, k] for table in pairs)
            _add_pair(*own, instants[h], instants[k], weights[h], weights[k], many)


class Pool:
    """Posterior weights, effective sample size and pooled errors for prior weights (hypothesis,).

    `masses` (hypothesis,) are the sums of the weights of all draws; `both` and `one` hold what has happened up to each
    year (hypothesis, hypothesis, threshold, year), `pair_mass` (hypothesis, hypothesis) is `Pairs.mass`.
    """

    def __init__(self, prior: Array, masses: Array, both: Array, one: Array, pair_mass: Array) -> None:
        self.prior, self.masses, self.both, self.one, self.pair_mass = prior, masses, both, one, pair_mass
        self.total = float(product(prior, masses))
        self.posterior: Array = prior * masses / max(self.total, 1e-300)
        self.mass = float(product(prior, product(pair_mass, prior)))
        self.sample_size = self.total * self.total / self.mass if self.mass > 0.0 else 0.0

    def of_one(self, which: int) -> Pool:
        """The pool in which one hypothesis has all the weight."""
        return Pool(np.eye(len(self.prior))[which], self.masses, self.both, self.one, self.pair_mass)

    def error(self, p: Array) -> Array:
        """Monte Carlo standard error of pooled probabilities (threshold, year), by the delta method for a ratio."""
        both, one = (product(self.prior, product(self.prior, table)) for table in (self.both, self.one))
        return np.sqrt(np.maximum(both - 2.0 * p * one + p * p * self.mass, 0.0)) / self.total

    def worth(self, p: Array) -> Array:
        """The number of independent draws that would give that error (threshold, year)."""
        error = self.error(p)
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = np.minimum(p * (1.0 - p) / (error * error), MOST_WORTH)
        return np.where((p <= 0.0) | (p >= 1.0), self.sample_size, draws)


def pool(prior: Array, masses: Array, sums: Sums) -> Pool:
    """The pool of a run, in units of a certain draw's weight."""
    both, one = (np.cumsum(table, axis=-1).astype(np.float64) for table in (sums.both, sums.one))
    return Pool(prior, masses, both, one, sums.mass.astype(np.float64))
