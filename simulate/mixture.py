"""Quantiles of a mixture: the value below which the weighted shares of its members add up to the level.

Each member gives its distribution function at any value; the mixture's is their weighted sum, and is inverted by
bisection, so that no member needs the histogram of another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulate import summary
from simulate.summary import Sum, Watch

Array = NDArray[np.float64]
STEPS = 80


def quantiles(
    shares: Callable[[Array], Array], low: Array, high: Array, below: Array, above: Array, levels: Array
) -> Array:
    """Invert a distribution function that gives shares of values, both (level, ...); result (level, ...).

    It rises from `below` at `low` to `above` at `high`, all of shape (...); a level outside is infinite.
    """
    level = levels.reshape(-1, *[1] * low.ndim)
    left, right = (np.broadcast_to(end, (len(levels), *low.shape)) for end in (low, high))
    for _ in range(STEPS):
        middle = 0.5 * (left + right)
        if np.all((middle == left) | (middle == right)):  # nothing lies between
            break
        under = shares(middle) < level
        left, right = np.where(under, middle, left), np.where(under, right, middle)
    return np.where(level <= below, -np.inf, np.where(level > above, np.inf, right))


class Histograms:
    """The same rows counted under several hypotheses, as one mixture with the given weights (member,)."""

    def __init__(self, watches: Sequence[Watch], totals: Sequence[Sum], weights: Array) -> None:
        self.watches, self.totals, self.weights = watches, totals, weights
        self.upto = [summary.cumulated(total) for total in totals]
        self.mass = [np.maximum(upto[:, :, -1] + total.over, 1) for upto, total in zip(self.upto, totals, strict=True)]
        self.certain = [summary.certain(watch, total) for watch, total in zip(watches, totals, strict=True)]

    def shares(self, value: Array) -> Array:
        """Weighted share of the draws up to `value`, both (level, watched, year)."""
        found = np.zeros_like(value)
        first = np.arange(value[0].size).reshape(value[0].shape) * summary.BINS  # of each histogram, in a row of all
        for watch, total, upto, mass, same, weight in zip(
            self.watches, self.totals, self.upto, self.mass, self.certain, self.weights, strict=True
        ):
            place = watch.place
            position = np.clip((value - place["origin"]) / place["width"], 0.0, float(summary.BINS))
            bin_ = np.minimum(position.astype(np.int64), summary.BINS - 1)
            here, until = (table.reshape(-1)[first + bin_] for table in (total.bins, upto))
            counted = (until - here * (1.0 - (position - bin_))) / mass
            found += weight * np.where(same, value >= place["reference"], counted)
        return found

    def quantiles(self, levels: Array) -> Array:
        """Quantiles (watched, quantile, year)."""
        ends = []
        for watch, same in zip(self.watches, self.certain, strict=True):
            place = watch.place
            left = np.where(same, place["reference"], place["origin"])
            ends.append((left, np.where(same, left, place["origin"] + summary.BINS * place["width"])))
        low = np.min([left for left, _ in ends], axis=0)
        high = np.max([right for _, right in ends], axis=0)
        outside = np.nextafter(low, -np.inf)
        below, above = self.shares(np.array([outside, high]))
        return np.moveaxis(quantiles(self.shares, outside, high, below, above, levels), 0, 1)


def mixed_moments(weights: Array, moments: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean and standard deviation of a mixture, from those of its members; all (year,)."""
    if len(moments) == 1:
        return moments[0]
    means, sds = (np.array(values) for values in zip(*moments, strict=True))
    w = weights[:, None]
    with np.errstate(invalid="ignore"):
        mean = np.where(w > 0.0, w * means, 0.0).sum(axis=0)
        square = np.where(w > 0.0, w * (sds * sds + (means - mean) ** 2), 0.0).sum(axis=0)
    return mean, np.sqrt(square)


def of_shares(values: Array, weights: Array, levels: Array) -> Array:
    """Quantiles (level, ...) of a mixture of members that are each given by equally likely values (member, share, ...),
    rising; a member of which the values are not numbers takes no part, and where none is left there is no quantile.
    """
    members, shares = values.shape[:2]
    flat = values.reshape(members * shares, -1).astype(np.float64)
    mass = np.repeat(weights / shares, shares)[:, None] * ~np.isnan(flat)
    order = np.argsort(flat, axis=0, kind="stable")
    sorted_values, sorted_mass = (np.take_along_axis(table, order, axis=0) for table in (flat, mass))
    upto = np.cumsum(sorted_mass, axis=0)
    middle = (upto - 0.5 * sorted_mass) / np.maximum(upto[-1], 1e-300)
    found = np.full((len(levels), flat.shape[1]), np.nan)
    for column in np.flatnonzero(upto[-1] > 0.0):
        some = sorted_mass[:, column] > 0.0
        at, value = middle[some, column], sorted_values[some, column]
        right = np.minimum(np.searchsorted(at, levels), len(at) - 1)
        left = np.maximum(right - 1, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            within = np.clip((levels - at[left]) / (at[right] - at[left]), 0.0, 1.0)
            between = value[left] + within * (value[right] - value[left])
        whole = (left == right) | ~np.isfinite(value[left]) | ~np.isfinite(value[right])
        found[:, column] = np.where(whole, value[right], between)
    return found.reshape(len(levels), *values.shape[2:])
