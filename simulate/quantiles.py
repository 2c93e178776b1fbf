"""Quantiles of a distribution, and the share of it that lies below a value.

The kernel turns a uniform into a value part by part. Where the values of the parts overlap (a mixture) the value at
the uniform 0.1 is not the 10th percentile, so quantiles are found by bisection; everywhere else they are the kernel's
own values, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.philox import SMALLEST
from simulate.sampling import maker, values_at
from simulate.shapes import Shape

Array = NDArray[np.float64]
Values = Callable[[Array], Array]
HALVINGS = 60
SLACK = 1e-12  # relative: rounding at the seam of two parts is no overlap


def at(shape: Shape, levels: Sequence[float]) -> list[float]:
    """The quantiles of a distribution in its written unit, for levels strictly between 0 and 1."""
    values, (first, last) = maker(shape), _uniforms(shape)
    seams = zip(values(last)[:-1].tolist(), values(first)[1:].tolist(), strict=True)
    if all(before <= after + SLACK * abs(after) for before, after in seams):
        return values_at(shape, levels)
    wanted = np.asarray(levels, np.float64)
    # In each part the first uniform at whose value the level is reached; the quantile is the least of these values.
    left, right = (np.repeat(end[:, None], len(wanted), axis=1) for end in (first, last))
    reached = _share(shape, values, values(right)) >= wanted
    for _ in range(HALVINGS):
        middle = 0.5 * (left + right)
        enough = _share(shape, values, values(middle)) >= wanted
        left, right = np.where(enough, left, middle), np.where(enough, middle, right)
    found: list[float] = np.where(reached, values(right), np.inf).min(axis=0).tolist()
    return found


def ends(shape: Shape) -> tuple[float, float]:
    """The smallest and the largest value that the kernel can draw."""
    values, (first, last) = maker(shape), _uniforms(shape)
    return float(values(first).min()), float(values(last).max())


def share_below(shape: Shape, value: float) -> float:
    """The share of a distribution that lies at or below a value."""
    return float(_share(shape, maker(shape), np.array([value]))[0])


def equally_likely(shape: Shape, count: int) -> list[float]:
    """`count` equally likely values of a distribution, rising."""
    return sorted(values_at(shape, [(k + 0.5) / count for k in range(count)]))


def _uniforms(shape: Shape) -> tuple[Array, Array]:
    """The first and the last uniform of each part (part,)."""
    upto = np.array([0.0, *(part.upto for part in shape.parts)])
    return np.maximum(upto[:-1], SMALLEST), np.minimum(np.nextafter(upto[1:], 0.0), 1.0 - SMALLEST)


def _share(shape: Shape, values: Values, stated: Array) -> Array:
    """The share at or below each of some values (...): in each part, how far its uniforms have come by then."""
    low, high = (end.reshape(-1, *[1] * stated.ndim) for end in _uniforms(shape))
    every = (len(low), *stated.shape)
    left, right = np.broadcast_to(low, every), np.broadcast_to(high, every)
    none, all_ = values(left) > stated, values(right) <= stated
    for _ in range(HALVINGS):
        middle = 0.5 * (left + right)
        below = values(middle) <= stated
        left, right = np.where(below, middle, left), np.where(below, right, middle)
    whole = np.diff([0.0, *(part.upto for part in shape.parts)]).reshape(low.shape)
    share: Array = np.where(all_, whole, np.where(none, 0.0, left - low)).sum(axis=0)
    return share
