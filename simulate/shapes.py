"""A distribution as the kernel draws it: parts of a quantile function, and how `min` and `max` cut it.

Truncation renormalises: the uniform u becomes F(min) + u (F(max) - F(min)), so nothing is clipped, resampled or thrown
away.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from simulate import elementwise, tables
from simulate.elementwise import Array
from simulate.fields import Fields, Problem, Unfit, bounds

SMALLEST_KEPT = 1e-9  # a truncation that keeps less than this of its distribution is a mistake


class Kind(IntEnum):
    """The closed forms that the kernel knows; v is the uniform of the part, z its normal quantile."""

    POINT = 0  # a
    NORMAL = 1  # a + b z
    LOGNORMAL = 2  # 10**(a + b z)
    UNIFORM = 3  # a + b v
    LOGUNIFORM = 4  # 10**(a + b v)
    ROOT = 5  # a + b sqrt(v)
    FAR_ROOT = 6  # a - b sqrt(1 - v)
    TABLE = 7


class Part(NamedTuple):
    """A piece of a quantile function, for uniforms up to `upto`; its own uniform is v = scale * u + shift."""

    kind: Kind
    a: float = 0.0
    b: float = 0.0
    table: Array | None = None
    upto: float = 1.0
    scale: float = 1.0
    shift: float = 0.0


class Shape(NamedTuple):
    """A distribution: its parts from low u to high, its distribution function, and the mass that min/max cut off."""

    parts: list[Part]
    probability: Callable[[float], float]
    truncated: float = 0.0


def tabled(quantile: tables.Quantile) -> Part:
    """A quantile function as a table. Raises Unfit where it reaches beyond the numbers of the machine."""
    with np.errstate(over="ignore", invalid="ignore"):
        table = tables.build(quantile)
    if not np.isfinite(table).all():
        way_out = "narrow it, or state it in another unit or in its logarithm"
        raise Unfit(Problem("dist", "the distribution reaches beyond 1e308", way_out))
    return Part(Kind.TABLE, table=table)


def truncated_normal(kind: Kind, a: float, b: float, z_low: float, z_high: float) -> tuple[list[Part], float]:
    """a + b z with z between two ends, as a table; the tail beyond is computed from the nearer side."""
    mirrored = z_low + z_high > 0.0
    near, far = (-z_high, -z_low) if mirrored else (z_low, z_high)
    p_near, p_far = (float(p) for p in elementwise.normal_probability(np.array([near, far])))
    kept = p_far - p_near

    def quantile(u: Array, rest: Array) -> Array:
        p = p_near + kept * (rest if mirrored else u)
        z = elementwise.normal_quantile(np.clip(p, 1e-300, 1.0 - 2.0**-53))
        z = np.clip(z, near, far)  # at the very ends of the table
        value = a + b * (-z if mirrored else z)
        return elementwise.exp10(value) if kind is Kind.LOGNORMAL else value

    check_kept(kept)
    return [tabled(quantile)], 1.0 - kept


def check_kept(kept: float) -> None:
    """A truncation that leaves next to nothing is a mistake."""
    if not kept > SMALLEST_KEPT:
        raise Unfit(
            Problem(
                "min", f"min/max keep only {max(kept, 0.0):.1g} of the distribution", "move min/max towards its middle"
            )
        )


def share_between(shape: Shape, low: float, high: float) -> tuple[float, float]:
    """The shares of a distribution that lie below `low`, and between `low` and `high`."""
    start = 0.0 if math.isinf(low) else shape.probability(low)
    return start, (1.0 if math.isinf(high) else shape.probability(high)) - start


def truncate(shape: Shape, fields: Fields) -> Shape:
    """The same shape between `min` and `max`: u becomes F(min) + u (F(max) - F(min))."""
    low, high = bounds(fields)
    if math.isinf(low) and math.isinf(high):
        return shape
    start, kept = share_between(shape, low, high)
    check_kept(kept)
    parts, before = [], 0.0
    for part in shape.parts:
        if part.upto > start and before < start + kept:
            parts.append(
                part._replace(
                    upto=min(1.0, (part.upto - start) / kept),
                    scale=part.scale * kept,
                    shift=part.shift + part.scale * start,
                )
            )
        before = part.upto
    parts[-1] = parts[-1]._replace(upto=1.0)
    return Shape(parts, shape.probability, truncated=1.0 - kept)
