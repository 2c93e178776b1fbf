"""Quantiles of a mixture: the value below which the weighted shares of its members add up to the level.

Each member gives its distribution function at any value; the mixture's is their weighted sum, and is inverted by
bisection, so that no member needs the histogram of another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate import summary
from simulate.histograms import BINS, Watch
from simulate.summary import Sum

Array = NDArray[np.float64]
STEPS = 64  # halvings: to the last bit of a double
SMALL = 1e-300
"""Less than any value, but no subnormal number: where a library has switched those off, one is equal to 0."""


class Histograms:
    """One row that was counted under several hypotheses, as a mixture with the given weights (member,)."""

    def __init__(self, watches: Sequence[Watch], totals: Sequence[Sum], weights: Array) -> None:
        self.weights = weights
        self.places = [watch.place[0] for watch in watches]  # each (year,)
        self.certain = [summary.certain(watch, total)[0] for watch, total in zip(watches, totals, strict=True)]
        # share of the draws up to the left end of each bin and, last, to the right end of the last, (year, bin + 1)
        self.upto = []
        for total in totals:
            upto = summary.cumulated(total)[0]
            edges = np.concatenate([total.under[0][:, None], upto], axis=1)
            self.upto.append(edges / np.maximum(upto[:, -1] + total.over[0], 1)[:, None])

    def shares(self, value: Array) -> Array:
        """Weighted share of the draws up to `value`, both (..., year)."""
        found = np.zeros_like(value)
        every_year = np.arange(value.shape[-1]) * (BINS + 1)
        for place, same, upto, weight in zip(self.places, self.certain, self.upto, self.weights, strict=True):
            position = np.clip((value - place["origin"]) / place["width"], 0.0, float(BINS))
            left = np.minimum(position.astype(np.int64), BINS - 1)
            before, after = (upto.ravel()[every_year + edge] for edge in (left, left + 1))
            counted = before + (position - left) * (after - before)
            found += weight * np.where(same, value >= place["reference"], counted)
        return found

    def quantiles(self, levels: Array) -> Array:
        """Quantiles (quantile, year) of the mixture, by bisection."""
        ends = []
        for place, same in zip(self.places, self.certain, strict=True):
            left = np.where(same, place["reference"], place["origin"])
            ends.append((left, np.where(same, left, place["origin"] + BINS * place["width"])))
        least = np.min([left for left, _ in ends], axis=0)
        low = np.minimum(np.nextafter(least, -np.inf), least - SMALL)
        high = np.max([right for _, right in ends], axis=0)
        below, above = self.shares(low), self.shares(high)
        left, right = (np.repeat(end[None], len(levels), axis=0) for end in (low, high))
        for _ in range(STEPS):
            middle = 0.5 * (left + right)
            under = self.shares(middle) < levels[:, None]
            left, right = np.where(under, middle, left), np.where(under, right, middle)
        beyond = np.where(levels[:, None] > above, np.inf, right)
        return np.where(levels[:, None] <= below, -np.inf, beyond)


def mixed_shares(weights: Array, shares: Sequence[Array]) -> Array:
    """Weighted mean of the shares (...) of each member, and between them also where weights sum to 1 but for a
    rounding: what is certain under all must not seem to miss a part of a draw.
    """
    mean = sum((weight * share for weight, share in zip(weights, shares, strict=True)), np.zeros(()))
    found: Array = np.clip(mean, np.minimum.reduce(shares), np.maximum.reduce(shares))
    return found


def mixed_moments(weights: Array, moments: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean and standard deviation of a mixture, from those of its members; all (year,)."""
    if len(moments) == 1:
        return moments[0]
    means, sds = (np.array(values) for values in zip(*moments, strict=True))
    w = weights[:, None]
    with np.errstate(invalid="ignore"):
        mean = np.where(w > 0.0, w * means, 0.0).sum(axis=0)
        square = np.where(w > 0.0, w * (sds * sds + (means - mean) ** 2), 0.0).sum(axis=0)
    return mean, np.where(np.isinf(mean), np.inf, np.sqrt(square))


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
