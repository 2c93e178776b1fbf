"""Distributions as people quote them: the ends of a central interval, in the unit of their source.

A family turns the fields of a row into a `Shape`: how its quantile function is cut into *parts*, and its distribution function
(for truncation). `low` and `high` are the ends of the central `interval` (0.8: the 10th and 90th percentile) of the distribution
before `min`/`max`; truncation renormalises. Normal and uniform shapes have closed forms in the kernel, every other smooth
quantile function is a table, and kinks or jumps stand between parts.

To add a family: one function, and its name in the list at the foot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from simulate import beta, elementwise, tables
from simulate.elementwise import Array
from simulate.errors import did_you_mean, shown

SMALLEST_KEPT = 1e-9  # a truncation that keeps less than this of its distribution is a mistake
Fields = Mapping[str, Any]


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


class Problem(NamedTuple):
    """What is wrong with a field of a row, and the way out."""

    field: str
    what: str
    way_out: str


class Unfit(Exception):
    """The fields of a row describe no distribution."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


def _number(fields: Fields, name: str) -> float:
    value = fields.get(name)
    if value is None:
        raise Unfit(Problem(name, f"{name} is missing", f"give a number for {name}"))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unfit(
            Problem(name, f"{name} = {shown(value)} is not a finite number", "give a number, the unit stands in `unit`")
        )
    return float(value)


def _tail(fields: Fields, bounded: bool = False) -> float:
    """The probability beyond each end of the central interval."""
    if "interval" not in fields:
        return 0.1
    interval = _number(fields, "interval")
    if not 0.0 < interval <= 1.0:
        hint = f"; did you mean {interval / 100:g}?" if 1.0 < interval < 100.0 else ""
        raise Unfit(
            Problem("interval", f"interval = {interval:g} is no probability", f"give a number between 0 and 1{hint}")
        )
    if interval == 1.0 and not bounded:
        raise Unfit(
            Problem(
                "interval",
                "interval = 1 asks for an end that this family does not have",
                "give a level below 1; uniform, loguniform, triangular and beta may have 1",
            )
        )
    return (1.0 - interval) / 2.0


def _ends(fields: Fields, positive: bool = False) -> tuple[float, float]:
    low, high = _number(fields, "low"), _number(fields, "high")
    if low > high:
        raise Unfit(Problem("low", f"low ({low:g}) is above high ({high:g})", "swapped? low must be below high"))
    if low == high:
        raise Unfit(
            Problem("low", f"low and high are both {low:g}", f"give `value: {low:g}` for a number that is certain")
        )
    if positive and low <= 0.0:
        raise Unfit(
            Problem("low", f"low ({low:g}) must be above 0 in this family", "give a positive low, or `dist: normal`")
        )
    return low, high


def _either(fields: Fields, first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Whether the row speaks in the second pair of fields; both at once is a mistake."""
    has_first, has_second = (any(name in fields for name in pair) for pair in (first, second))
    if has_first and has_second:
        raise Unfit(
            Problem(
                second[0],
                f"both {first[0]}/{first[1]} and {second[0]}/{second[1]} are given",
                f"give {first[0]} and {first[1]}, or {second[0]} and {second[1]}",
            )
        )
    return has_second


def _positive(fields: Fields, name: str) -> float:
    value = _number(fields, name)
    if value <= 0.0:
        raise Unfit(Problem(name, f"{name} = {value:g}", "give a number above 0"))
    return value


def _bounds(fields: Fields) -> tuple[float, float]:
    low = _number(fields, "min") if "min" in fields else -math.inf
    high = _number(fields, "max") if "max" in fields else math.inf
    if low >= high:
        raise Unfit(Problem("min", f"min ({low:g}) is not below max ({high:g})", "swapped?"))
    return low, high


def _truncated_normal(kind: Kind, a: float, b: float, z_low: float, z_high: float) -> tuple[list[Part], float]:
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

    _check_kept(kept)
    return [Part(Kind.TABLE, table=tables.build(quantile))], 1.0 - kept


def _check_kept(kept: float) -> None:
    if not kept > SMALLEST_KEPT:
        raise Unfit(
            Problem(
                "min", f"min/max keep only {max(kept, 0.0):.1g} of the distribution", "move min/max towards its middle"
            )
        )


def _truncate(shape: Shape, fields: Fields) -> Shape:
    """The same shape between `min` and `max`: u becomes F(min) + u (F(max) - F(min))."""
    low, high = _bounds(fields)
    if math.isinf(low) and math.isinf(high):
        return shape
    start = 0.0 if math.isinf(low) else shape.probability(low)
    kept = (1.0 if math.isinf(high) else shape.probability(high)) - start
    _check_kept(kept)
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


def normal(fields: Fields) -> Shape:
    """Normal, by the ends of its central interval or by mean and sd."""
    if _either(fields, ("low", "high"), ("mean", "sd")):
        a, b = _number(fields, "mean"), _positive(fields, "sd")
    else:
        low, high = _ends(fields)
        a, b = 0.5 * (low + high), 0.5 * (high - low) / -elementwise.normal_quantile(_tail(fields))
    return _normal_like(Kind.NORMAL, a, b, *_bounds(fields))


def lognormal(fields: Fields) -> Shape:
    """Lognormal, by the ends of its central interval or by median and sd of the natural log."""
    if _either(fields, ("low", "high"), ("median", "sd_ln")):
        a = elementwise.log10(_positive(fields, "median"))
        b = _positive(fields, "sd_ln") * elementwise.LOG10_E
    else:
        low, high = (elementwise.log10(end) for end in _ends(fields, positive=True))
        a, b = 0.5 * (low + high), 0.5 * (high - low) / -elementwise.normal_quantile(_tail(fields))
    low, high = _bounds(fields)
    if high <= 0.0:
        raise Unfit(Problem("max", f"max ({high:g}) leaves nothing of a lognormal", "give a positive max"))
    logs = (
        elementwise.log10(low) if low > 0.0 else -math.inf,
        elementwise.log10(high) if high < math.inf else math.inf,
    )
    return _normal_like(Kind.LOGNORMAL, a, b, *logs)


def _normal_like(kind: Kind, a: float, b: float, low: float, high: float) -> Shape:
    """a + b z, or ten to it, between low and high (both in the unit of a)."""

    def probability(x: float) -> float:
        if kind is Kind.LOGNORMAL:
            x = elementwise.log10(x) if x > 0.0 else -math.inf
        return float(elementwise.normal_probability(min(max((x - a) / b, -40.0), 40.0)))

    if math.isinf(low) and math.isinf(high):
        return Shape([Part(kind, a, b)], probability)
    z_low, z_high = (min(max((end - a) / b, -40.0), 40.0) for end in (low, high))
    parts, cut = _truncated_normal(kind, a, b, z_low, z_high)
    return Shape(parts, probability, cut)


def _straight(fields: Fields, kind: Kind, transform: Callable[[float], float], positive: bool) -> Shape:
    low, high = (transform(end) for end in _ends(fields, positive))
    tail = _tail(fields, bounded=True)
    b = (high - low) / (1.0 - 2.0 * tail)
    a = low - b * tail

    def probability(x: float) -> float:
        if positive and x <= 0.0:
            return 0.0
        return min(max((transform(x) - a) / b, 0.0), 1.0)

    return _truncate(Shape([Part(kind, a, b)], probability), fields)


def uniform(fields: Fields) -> Shape:
    """Uniform; with `interval: 1` low and high are its ends."""
    return _straight(fields, Kind.UNIFORM, float, positive=False)


def loguniform(fields: Fields) -> Shape:
    """Uniform in the logarithm."""
    return _straight(fields, Kind.LOGUNIFORM, elementwise.log10, positive=True)


def _with_mode(fields: Fields) -> tuple[float, float, float]:
    low, high = _ends(fields)
    mode = _number(fields, "mode")
    if not low <= mode <= high:
        raise Unfit(
            Problem("mode", f"mode ({mode:g}) is outside low ({low:g}) to high ({high:g})", "low <= mode <= high")
        )
    return low, mode, high


def triangular(fields: Fields) -> Shape:
    """Triangular, by low, mode and high; its support is wider than low to high where `interval` is below 1."""
    low, mode, high = _with_mode(fields)
    tail = _tail(fields, bounded=True)
    below, above = mode - low, high - mode
    width = high - low
    for _ in range(1000):  # (below' - below)^2 = tail * width' * below' at the lower end, likewise at the upper
        half_b, half_a = below + 0.5 * tail * width, above + 0.5 * tail * width
        to_low = half_b + math.sqrt(max(half_b * half_b - below * below, 0.0))
        to_high = half_a + math.sqrt(max(half_a * half_a - above * above, 0.0))
        if abs(to_low + to_high - width) <= 1e-15 * width:
            break
        width = to_low + to_high
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
    return _truncate(Shape(parts, probability), fields)


def pert(fields: Fields) -> Shape:
    """Beta in PERT's form: shapes 1 + 4 (mode - A) / (B - A) and 1 + 4 (B - mode) / (B - A) on its support A to B."""
    low, mode, high = _with_mode(fields)
    tail = _tail(fields, bounded=True)
    start, end = low, high
    a = b = 3.0
    for _ in range(200):  # widen the support until the quantiles are low and high
        a, b = 1.0 + 4.0 * (mode - start) / (end - start), 1.0 + 4.0 * (end - mode) / (end - start)
        if tail == 0.0:
            break
        q_low, q_high = beta.quantile(np.array([tail, 1.0 - tail]), np.array([1.0 - tail, tail]), a, b)
        width = (high - low) / float(q_high - q_low)
        wider = low - width * float(q_low)
        settled = abs(wider - start) + abs(wider + width - end) <= 1e-13 * width
        start, end = min(wider, mode), max(wider + width, mode)
        if settled:
            break
    width = end - start
    low_end, high_end = _bounds(fields)
    p_low, p_high = (
        float(beta.probability(np.array([min(max((x - start) / width, 0.0), 1.0)]), a, b)[0])
        for x in (low_end, high_end)
    )
    _check_kept(p_high - p_low)

    def quantile(u: Array, rest: Array) -> Array:
        p = p_low + (p_high - p_low) * u
        q = (1.0 - p_high) + (p_high - p_low) * rest
        return start + width * beta.quantile(p, q, a, b)

    def probability(x: float) -> float:
        return float(beta.probability(np.array([(x - start) / width]), a, b)[0])

    return Shape([Part(Kind.TABLE, table=tables.build(quantile))], probability, 1.0 - (p_high - p_low))


def metalog(fields: Fields) -> Shape:
    """Three-term metalog through low, mid and high (Keelin 2016); `min` and `max` are bounds that it respects, not cuts."""
    low, high = _ends(fields)
    mid, tail = _number(fields, "mid"), _tail(fields)
    if not low < mid < high:
        raise Unfit(
            Problem("mid", f"mid ({mid:g}) is not between low ({low:g}) and high ({high:g})", "low < mid < high")
        )
    floor, roof = _bounds(fields)
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

    def unbounded(u: Array, rest: Array) -> Array:
        logit = elementwise.log(u) - elementwise.log(rest)
        return y_mid + logit * (slope + skew * 0.5 * (u - rest))

    def quantile(u: Array, rest: Array) -> Array:
        y = unbounded(u, rest)
        if math.isinf(floor) and math.isinf(roof):
            return y
        grown = elementwise.exp(y)
        if math.isinf(roof):
            return floor + grown
        if math.isinf(floor):
            return roof - 1.0 / grown
        return np.where(y > 0.0, roof - (roof - floor) / (1.0 + grown), floor + (roof - floor) * grown / (1.0 + grown))

    grid = np.linspace(1e-4, 1.0 - 1e-4, 4001)
    if np.any(np.diff(unbounded(grid, 1.0 - grid)) <= 0.0):
        raise Unfit(
            Problem(
                "mid",
                f"no metalog density has the quantiles {low:g}, {mid:g}, {high:g}: they are too skewed",
                "move mid towards the middle, give a `min`, or use `quantiles`",
            )
        )

    def no_probability(x: float) -> float:
        raise AssertionError("a metalog is bounded, never truncated")

    return Shape([Part(Kind.TABLE, table=tables.build(quantile))], no_probability)


def quantiles(fields: Fields) -> Shape:
    """Through stated quantiles [[p, value], ...]: linear in the normal quantile of p, the end slopes carried on."""
    points = fields.get("quantiles")
    whole = isinstance(points, Sequence) and len(points) >= 2
    if not whole or not all(isinstance(point, Sequence) and len(point) == 2 for point in points or ()):
        raise Unfit(
            Problem("quantiles", f"quantiles = {shown(points)}", "give at least two pairs [probability, value]")
        )
    assert points is not None
    p = [_number({"quantiles": pair[0]}, "quantiles") for pair in points]
    v = [_number({"quantiles": pair[1]}, "quantiles") for pair in points]
    if not (all(0.0 < x < 1.0 for x in p) and all(x < y for x, y in zip(p, p[1:], strict=False))):
        raise Unfit(Problem("quantiles", f"the probabilities {shown(p)} do not rise between 0 and 1", "sort them"))
    if not all(x < y for x, y in zip(v, v[1:], strict=False)):
        raise Unfit(
            Problem("quantiles", f"the values {shown(v)} do not rise", "larger probabilities need larger values")
        )
    z = [elementwise.normal_quantile(x) for x in p]
    slopes = [(v1 - v0) / (z1 - z0) for v0, v1, z0, z1 in zip(v, v[1:], z, z[1:], strict=False)]
    ends = [*p[1:-1], 1.0]
    parts = [
        Part(Kind.NORMAL, v0 - slope * z0, slope, upto=end)
        for v0, z0, slope, end in zip(v, z, slopes, ends, strict=False)
    ]

    def probability(x: float) -> float:
        piece = sum(x >= inner for inner in v[1:-1])
        return float(elementwise.normal_probability((x - parts[piece].a) / parts[piece].b))

    return _truncate(Shape(parts, probability), fields)


def mixture(fields: Fields) -> Shape:
    """Weighted parts: the uniform picks the part by weight, its rest is the uniform within. `min`/`max` cut every part."""
    given = fields.get("parts")
    if not isinstance(given, Sequence) or not given or not all(isinstance(part, Mapping) for part in given):
        raise Unfit(
            Problem(
                "parts",
                f"parts = {shown(given)}",
                "give a list of {weight: ..., value: ...} or {weight: ..., dist: ...}",
            )
        )
    weights = [_number(part, "weight") for part in given]
    if min(weights) < 0.0 or abs(sum(weights) - 1.0) > 1e-9:
        raise Unfit(
            Problem(
                "parts", f"the weights {shown(weights)} add to {sum(weights):g}", "give weights from 0 that add to 1"
            )
        )
    outer = {name: fields[name] for name in ("interval", "min", "max") if name in fields}
    shapes = []
    for part in given:
        inner = {**outer, **{name: value for name, value in part.items() if name != "weight" and value is not None}}
        shapes.append(shape(inner))

    def probability(x: float) -> float:
        return sum(w * s.probability(x) for w, s in zip(weights, shapes, strict=True))

    kept = [weight * (1.0 - s.truncated) for weight, s in zip(weights, shapes, strict=True)]
    total = sum(kept)
    _check_kept(total)
    parts, low = [], 0.0
    for weight, inner_shape in zip(kept, shapes, strict=True):
        share = weight / total
        if share == 0.0:
            continue
        for part in inner_shape.parts:
            parts.append(
                part._replace(
                    upto=low + share * part.upto, scale=part.scale / share, shift=part.shift - part.scale * low / share
                )
            )
        low += share
    parts[-1] = parts[-1]._replace(upto=1.0)
    return Shape(parts, probability, truncated=1.0 - total)


def point(fields: Fields) -> Shape:
    """A certain value."""
    value = _number(fields, "value")
    low, high = _bounds(fields)
    if not low <= value <= high:
        raise Unfit(Problem("value", f"value = {value:g} is outside min/max", f"give a value from {low:g} to {high:g}"))
    return Shape([Part(Kind.POINT, value)], lambda x: float(x >= value))


def shape(fields: Fields) -> Shape:
    """The distribution that a row's fields describe.

    Raises `Unfit` with what is wrong, field by field. A stated `value` wins over the distribution, which stays as documentation.
    """
    if "value" in fields:
        name, allowed = "value", {"value"} | ALL_FIELDS
    else:
        name = "quantiles" if "quantiles" in fields and "dist" not in fields else fields.get("dist", "")
        if not isinstance(name, str) or name not in FAMILIES:
            lower = name.lower() if isinstance(name, str) else ""
            hint = (
                f"; did you mean '{lower}'?"
                if lower in FAMILIES
                else did_you_mean(SYNONYMS.get(lower, lower), FAMILIES)
            )
            raise Unfit(
                Problem("dist", f"dist = {shown(name)} is no family", f"choose from {', '.join(FAMILIES)}{hint}")
            )
        allowed = FIELDS[name]
    strange = [field for field in fields if field not in allowed]
    if strange:
        raise Unfit(
            *(
                Problem(f, f"{f} does not belong to `{name}`", f"{name} takes {', '.join(sorted(allowed))}")
                for f in strange
            )
        )
    return point(fields) if name == "value" else FAMILIES[name](fields)


FAMILIES: dict[str, Callable[[Fields], Shape]] = {
    "normal": normal,
    "lognormal": lognormal,
    "uniform": uniform,
    "loguniform": loguniform,
    "triangular": triangular,
    "beta": pert,
    "metalog": metalog,
    "quantiles": quantiles,
    "mixture": mixture,
}
SYNONYMS = {
    "gaussian": "normal",
    "fixed": "value",
    "pert": "beta",
    "log_normal": "lognormal",
    "log-normal": "lognormal",
}
_COMMON = {"dist", "interval", "min", "max"}
FIELDS: dict[str, set[str]] = {
    "normal": _COMMON | {"low", "high", "mean", "sd"},
    "lognormal": _COMMON | {"low", "high", "median", "sd_ln"},
    "uniform": _COMMON | {"low", "high"},
    "loguniform": _COMMON | {"low", "high"},
    "triangular": _COMMON | {"low", "mode", "high"},
    "beta": _COMMON | {"low", "mode", "high"},
    "metalog": _COMMON | {"low", "mid", "high"},
    "quantiles": _COMMON | {"quantiles"},
    "mixture": _COMMON | {"parts"},
}
ALL_FIELDS: set[str] = set().union(*FIELDS.values())
