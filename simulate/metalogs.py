"""The metalog: a distribution through three quantiles, with bounds that it respects."""

from __future__ import annotations

import math

import numpy as np

from simulate import elementwise
from simulate.elementwise import Array
from simulate.fields import Fields, Problem, Unfit, bounds, low_high, number, tail_mass
from simulate.shapes import Shape, tabled

MOST_SKEWED = 1.0 / 0.5998393
"""Third over second coefficient of a metalog from which on its quantiles would fall somewhere: one over the largest
value of u - 1/2 + u (1 - u) logit u (Keelin 2016, section 3.3).
"""


def _unstretched(y: Array, floor: float, roof: float) -> Array:
    """The amounts that values of an unbounded metalog stand for, between two bounds of which either may be infinite."""
    if math.isinf(floor) and math.isinf(roof):
        return y
    grown = elementwise.exp(y)
    if math.isinf(roof):
        return floor + grown
    if math.isinf(floor):
        return roof - 1.0 / grown
    return np.where(y > 0.0, roof - (roof - floor) / (1.0 + grown), floor + (roof - floor) * grown / (1.0 + grown))


def metalog(fields: Fields) -> Shape:
    """Three-term metalog through low, mid and high (Keelin 2016); `min` and `max` are bounds that it respects, not
    cuts.
    """
    low, high = low_high(fields)
    mid, tail = number(fields, "mid"), tail_mass(fields)
    if not low < mid < high:
        raise Unfit(
            Problem("mid", f"mid ({mid:g}) is not between low ({low:g}) and high ({high:g})", "low < mid < high")
        )
    floor, roof = bounds(fields)
    if not (floor < low and high < roof):
        raise Unfit(
            Problem("min", f"low to high ({low:g} to {high:g}) is not inside min/max", "min < low and high < max")
        )

    def stretch(x: float) -> float:
        value = x if math.isinf(floor) and math.isinf(roof) else 0.0
        value += elementwise.log(x - floor) if not math.isinf(floor) else 0.0
        return value - (elementwise.log(roof - x) if not math.isinf(roof) else 0.0)

    y_low, y_mid, y_high = stretch(low), stretch(mid), stretch(high)
    odds = elementwise.log(1.0 - tail) - elementwise.log(tail)
    slope = 0.5 * (y_high - y_low) / odds
    skew = (y_high + y_low - 2.0 * y_mid) / (odds * (1.0 - 2.0 * tail))

    def quantile(u: Array, rest: Array) -> Array:
        logit = elementwise.log(u) - elementwise.log(rest)
        return _unstretched(y_mid + logit * (slope + skew * 0.5 * (u - rest)), floor, roof)

    if abs(skew) >= MOST_SKEWED * slope:
        centre, width = 0.5 * (y_low + y_high), 0.25 * MOST_SKEWED * (1.0 - 2.0 * tail) * (y_high - y_low)
        first, last = _unstretched(np.array([centre - width, centre + width]), floor, roof).tolist()
        kept = ", ".join(f"{name} {end:g}" for name, end in (("min", floor), ("max", roof)) if math.isfinite(end))
        raise Unfit(
            Problem(
                "mid",
                f"no metalog density has the quantiles {low:g}, {mid:g}, {high:g}: they are too skewed",
                f"with this low and high{' and ' + kept if kept else ''}, mid must lie between {first:.4g} and "
                f"{last:.4g}; another min or max moves these ends, and dist: quantiles takes any three",
            )
        )

    def no_probability(x: float) -> float:
        raise AssertionError("a metalog is bounded, never truncated")

    return Shape([tabled(quantile)], no_probability)
