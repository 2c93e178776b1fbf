"""Sobol' indices: which share of an output's variance each input brings by itself, and which with all its interactions.

Two independent designs A and B, and for each input (or group of them) a design that is A but for that input, which it
has from B. The first-order index is Saltelli's of 2010, mean(f_B (f_ABi - f_A)) / V with outputs about their mean; the
total index is Jansen's of 1999, mean((f_A - f_ABi)^2) / 2V. Their intervals are bootstrapped: draws are summed in at
most 1,024 batches, and the batches are resampled, so that the cost does not grow with the draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate.compiled import entry

Array = NDArray[np.float64]
MOST_BATCHES = 1024
REPLICATES = 1000
INTERVAL = (0.025, 0.975)


class Index(NamedTuple):
    """First-order and total index of one input, each with the ends of its 95 % interval."""

    first: float
    first_low: float
    first_high: float
    total: float
    total_low: float
    total_high: float


class Designs:
    """The outputs of A and B, shapes (draw,), ready to be held against those of a third design."""

    def __init__(self, a: Array, b: Array, seed: int = 1) -> None:
        self.middle = 0.5 * (a.mean() + b.mean())
        self.a, self.b = a - self.middle, b - self.middle
        draws = len(a)
        self.starts = np.unique(np.linspace(0, draws, min(draws, MOST_BATCHES) + 1).astype(np.int64))[:-1]
        counts = _resampled(len(self.starts), seed)
        self.shares = counts / _summed(counts, np.diff([*self.starts, draws])[:, None])
        mean = 0.5 * self._means(self.a + self.b)
        self.variance = 0.5 * self._means(self.a**2 + self.b**2) - mean**2

    @property
    def constant(self) -> bool:
        """Whether the output is the same in every draw, so that there is nothing to explain."""
        return not np.any(self.a != self.a[0]) and not np.any(self.b != self.a[0])

    def _means(self, values: Array) -> Array:
        """The mean of some values, and its bootstrap replicates."""
        found: Array = _summed(self.shares, np.add.reduceat(values, self.starts)[:, None])[:, 0]
        return found

    def index(self, ab: Array) -> Index:
        """The indices of the input for which `ab` is the output of A with that input from B; without a meaning (nan)
        where the output is constant.
        """
        return together([self], [ab])[0]

    def sums(self, ab: Array) -> Array:
        """What the two indices are the means of, summed in each batch (batch, 2)."""
        third = ab - self.middle
        terms = self.b * (third - self.a), 0.5 * (self.a - third) ** 2
        return np.stack([np.add.reduceat(term, self.starts) for term in terms], axis=1)


def together(outputs: Sequence[Designs], third: Sequence[Array]) -> list[Index]:
    """The indices of one input for several outputs of the same draws: one product of matrices for all of them."""
    means = _summed(outputs[0].shares, np.hstack([one.sums(ab) for one, ab in zip(outputs, third, strict=True)]))
    found = []
    for one, first, total in zip(outputs, means.T[::2], means.T[1::2], strict=True):
        if one.constant:
            found.append(Index(*[np.nan] * 6))
            continue
        with np.errstate(divide="ignore", invalid="ignore"):  # a replicate may hold draws that are all the same
            found.append(Index(*_estimate(first / one.variance), *_estimate(total / one.variance)))
    return found


def _summed(shares: Array, sums: Array) -> Array:
    """`shares @ sums`, each sum in the order of the batches, as in `products`, which takes ten times as long here."""
    found = np.zeros((len(shares), sums.shape[1]))
    _add_batches(shares, np.ascontiguousarray(sums, dtype=np.float64), found)
    return found


@entry
def _add_batches(shares, sums, found):
    for replicate in range(shares.shape[0]):
        for batch in range(shares.shape[1]):
            share = shares[replicate, batch]
            for k in range(sums.shape[1]):
                found[replicate, k] += share * sums[batch, k]


@lru_cache(maxsize=4)
def _resampled(batches: int, seed: int) -> Array:
    """How often each replicate counts each batch (1 + replicate, batch), the same for all outputs of a study; the first
    line is the estimate itself, in which each is counted once.
    """
    picked = np.random.default_rng(seed).integers(batches, size=(REPLICATES, batches))
    lines = batches * np.arange(REPLICATES)[:, None]
    again = np.bincount((picked + lines).ravel(), minlength=REPLICATES * batches).reshape(REPLICATES, batches)
    return np.concatenate([np.ones((1, batches)), again])


def _estimate(values: Array) -> tuple[float, float, float]:
    again = np.sort(values[1:][np.isfinite(values[1:])])
    if not len(again):
        return float(values[0]), np.nan, np.nan
    low, high = (float(again[round(level * (len(again) - 1))]) for level in INTERVAL)
    return float(values[0]), low, high


class Ranks:
    """Values as their mid-ranks among those of a reference, from 0 to 1: an output that has infinities, like a date
    that lies beyond the horizon, gets a variance, and no draw is dropped.
    """

    def __init__(self, *reference: Array) -> None:
        self.sorted = np.sort(np.concatenate(reference))

    def of(self, values: Array) -> Array:
        """The ranks of some values; equal ones share the middle of their ranks."""
        left, right = (np.searchsorted(self.sorted, values, side) for side in ("left", "right"))
        found: Array = (left + right) / (2.0 * len(self.sorted))
        return found
