"""Distributions with a mode: triangular, and beta in PERT's form.

Where `interval` is below 1, low and high lie within the support, which is then found from them.
"""

from __future__ import annotations

import math

import numpy as np

from simulate import beta
from simulate.elementwise import Array
from simulate.fields import Fields, Problem, Unfit, bounds, low_high, number, tail_mass
from simulate.shapes import Kind, Part, Shape, check_kept, tabled, truncate


def _ends_and_mode(fields: Fields) -> tuple[float, float, float]:
    low, high = low_high(fields)
    mode = number(fields, "mode")
    if not low <= mode <= high:
        raise Unfit(
            Problem("mode", f"mode ({mode:g}) is outside low ({low:g}) to high ({high:g})", "low <= mode <= high")
        )
    return low, mode, high


def triangular(fields: Fields) -> Shape:
    """Triangular, by low, mode and high; its support is wider than low to high where `interval` is below 1."""
    low, mode, high = _ends_and_mode(fields)
    tail = tail_mass(fields, bounded=True)
    below, above = mode - low, high - mode
    width = high - low
    for _ in range(1000):  # (below' - below)^2 = tail * width' * below' at the lower end, likewise at the upper
        half_b, half_a = below + 0.5 * tail * width, above + 0.5 * tail * width
        to_low = half_b + math.sqrt(max(half_b * half_b - below * below, 0.0))
        to_high = half_a + math.sqrt(max(half_a * half_a - above * above, 0.0))
        if abs(to_low + to_high - width) <= 1e-15 * width:
            break
        width = to_low + to_high
    if not 0.0 < width * width < math.inf:
        raise Unfit(
            Problem("high", f"{low:g} to {high:g} is too wide or too narrow to compute with", "change the unit")
        )
    start, end, peak = mode - to_low, mode + to_high, to_low / width

    def probability(x: float) -> float:
        if x <= start:
            return 0.0
        if x < mode:
            return (x - start) ** 2 / (width * to_low)
        return 1.0 - (end - x) ** 2 / (width * to_high) if x < end else 1.0

    parts = []
    if to_low > 0.0:
        parts.append(Part(Kind.ROOT, start, math.sqrt(width * to_low), upto=peak))
    if to_high > 0.0:
        parts.append(Part(Kind.FAR_ROOT, end, math.sqrt(width * to_high)))
    return truncate(Shape(parts, probability), fields)


def _support(low: float, mode: float, high: float, tail: float) -> tuple[float, float, float, float]:
    """Where PERT's beta starts, its width and its two shapes, so that it has the mass `tail` below low and above high.

    All follow from where in the support the mode lies, as a share: which share the quantiles then say is linear enough
    for the secant method.
    """

    def with_mode_at(share: float) -> tuple[float, float, float, float]:
        a, b = 1.0 + 4.0 * share, 1.0 + 4.0 * (1.0 - share)
        if tail == 0.0:
            return low, high - low, a, b
        q_low, q_high = beta.quantile(np.array([tail, 1.0 - tail]), np.array([1.0 - tail, tail]), a, b)
        width = (high - low) / float(q_high - q_low)
        return low - width * float(q_low), width, a, b

    def off(share: float) -> float:
        start, width, _, _ = with_mode_at(share)
        return min(max((mode - start) / width, 0.0), 1.0) - share

    before, share = 0.5, (mode - low) / (high - low)
    error_before, error = off(before), off(share)
    for _ in range(50):
        if abs(error) <= 1e-15 or error == error_before:
            break
        step = error * (share - before) / (error - error_before)
        before, error_before, share = share, error, min(max(share - step, 0.0), 1.0)
        error = off(share)
    return with_mode_at(share)


def pert(fields: Fields) -> Shape:
    """Beta in PERT's form: shapes 1 + 4 (mode - A) / (B - A) and 1 + 4 (B - mode) / (B - A) on its support A to B."""
    start, width, a, b = _support(*_ends_and_mode(fields), tail_mass(fields, bounded=True))
    low_end, high_end = bounds(fields)
    p_low, p_high = (
        float(beta.probability(np.array([min(max((x - start) / width, 0.0), 1.0)]), a, b)[0])
        for x in (low_end, high_end)
    )
    check_kept(p_high - p_low)

    def quantile(u: Array, rest: Array) -> Array:
        p = p_low + (p_high - p_low) * u
        q = (1.0 - p_high) + (p_high - p_low) * rest
        return start + width * beta.quantile(p, q, a, b)

    def probability(x: float) -> float:
        return float(beta.probability(np.array([(x - start) / width]), a, b)[0])

    return Shape([tabled(quantile)], probability, 1.0 - (p_high - p_low))
