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
from simulate.weights import rounded

Array = NDArray[np.float64]
MOST_WORTH = 1e15  # draws: a probability that the prior weights alone decide has no Monte Carlo error at all


class Pairs(NamedTuple):
    """Sums over draws for every pair of hypotheses; weights are rounded to 16 bits, or 1 without evidence."""

    both: np.ndarray  # (hypothesis, hypothesis, threshold, year)
    one: np.ndarray  # (hypothesis, hypothesis, threshold, year)
    mass: np.ndarray  # (hypothesis, hypothesis)
    alone: np.ndarray  # (hypothesis,) sums of the weights themselves

    def add(self, other: Pairs) -> None:
        """Add the sums of other draws."""
        for mine, theirs in zip(self, other, strict=True):
            mine += theirs


def no_pairs(hypotheses: int, thresholds: int, years: int) -> Pairs:
    """Sums over no draws."""
    pair = (hypotheses, hypotheses)
    shapes = (*pair, thresholds, years), (*pair, thresholds, years), pair, (hypotheses,)
    return Pairs(*(np.zeros(shape, np.int64) for shape in shapes))


@entry
def _add_pair(both, one, crossed_h, crossed_k, weights_h, weights_k, weighted, many):
    """Add the draws of a task to one pair, by the instants at which they had crossed (threshold, draw)."""
    years = both.shape[1]
    mass = 0
    for i in range(many):
        w = rounded(weights_h[i]) * rounded(weights_k[i]) if weighted else 1
        mass += w
        for t in range(both.shape[0]):
            h, k = crossed_h[t, i], crossed_k[t, i]
            if h < years:
                one[t, h] += w
                if k < years:
                    both[t, max(h, k)] += w
    return mass


def add_pairs(pairs: Pairs, instants: list[np.ndarray], weights: list[np.ndarray], weighted: bool, many: int) -> None:
    """Add the first `many` draws of a task: their instants of crossing (threshold, draw) and weights (draw,) in each
    hypothesis.
    """
    for h in range(len(instants)):
        pairs.alone[h] += int(((weights[h][:many] + (1 << 15)) >> 16).sum()) if weighted else many
        for k in range(len(instants)):
            pairs.mass[h, k] += _add_pair(
                pairs.both[h, k], pairs.one[h, k], instants[h], instants[k], weights[h], weights[k], weighted, many
            )


class Pool:
    """Posterior weights, effective sample size and pooled errors for prior weights (hypothesis,).

    `masses` (hypothesis,) are the sums of the weights of all draws; `both` and `one` hold what has happened up to each
    year (hypothesis, hypothesis, threshold, year), `pair_mass` and `alone` are those of `Pairs`.
    """

    def __init__(self, prior: Array, masses: Array, both: Array, one: Array, pair_mass: Array, alone: Array) -> None:
        self.prior, self.masses, self.both, self.one, self.pair_mass, self.alone = (
            prior,
            masses,
            both,
            one,
            pair_mass,
            alone,
        )
        joint = prior * masses
        self.posterior: Array = joint / max(float(joint.sum()), 1e-300)
        self.mass = float(prior @ pair_mass @ prior)
        self.total = float(prior @ alone)
        self.sample_size = self.total * self.total / self.mass if self.mass > 0.0 else 0.0

    def error(self, p: Array) -> Array:
        """Monte Carlo standard error of pooled probabilities (threshold, year), by the delta method for a ratio."""
        both, one = (np.einsum("h,k,hkty->ty", self.prior, self.prior, table) for table in (self.both, self.one))
        return np.sqrt(np.maximum(both - 2.0 * p * one + p * p * self.mass, 0.0)) / self.total

    def worth(self, p: Array) -> Array:
        """The number of independent draws that would give that error (threshold, year)."""
        error = self.error(p)
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = np.minimum(p * (1.0 - p) / (error * error), MOST_WORTH)
        return np.where((p <= 0.0) | (p >= 1.0), self.sample_size, draws)


def pool(prior: Array, masses: Array, pairs: Pairs) -> Pool:
    """The pool of a run."""
    both, one = (np.cumsum(table, axis=-1).astype(np.float64) for table in (pairs.both, pairs.one))
    return Pool(prior, masses, both, one, pairs.mass.astype(np.float64), pairs.alone.astype(np.float64))
