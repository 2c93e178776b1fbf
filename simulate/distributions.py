"""Distributions as people quote them: the ends of a central interval, in the unit of their source.

A family turns the fields of a row into a `Shape`. `low` and `high` are the ends of the central `interval` (0.8: the
10th and 90th percentile) of the distribution before `min`/`max`. Normal and uniform shapes have closed forms in the
kernel, every other smooth quantile function is a table, and kinks or jumps stand between parts.

To add a family: one function, its name in the list at the foot, and its fields in `fields.FIELDS`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from simulate import elementwise
from simulate.errors import did_you_mean, or_rather, shown
from simulate.fields import (
    ALL_FIELDS,
    FIELDS,
    Fields,
    Problem,
    Unfit,
    bounds,
    either,
    family_of,
    low_high,
    number,
    positive,
    tail_mass,
)
from simulate.metalogs import metalog
from simulate.modes import pert, triangular
from simulate.shapes import (
    SMALLEST_KEPT,
    Kind,
    Part,
    Shape,
    check_kept,
    share_between,
    truncate,
    truncated_normal,
)
from simulate.units import LOG10_E


def normal(fields: Fields) -> Shape:
    """Normal, by the ends of its central interval or by mean and sd."""
    if either(fields, ("low", "high"), ("mean", "sd")):
        a, b = number(fields, "mean"), positive(fields, "sd")
    else:
        low, high = low_high(fields)
        a, b = 0.5 * (low + high), 0.5 * (high - low) / -elementwise.normal_quantile(tail_mass(fields))
    return _normal_like(Kind.NORMAL, a, b, *bounds(fields))


def lognormal(fields: Fields) -> Shape:
    """Lognormal, by the ends of its central interval or by median and sd of the natural log."""
    if either(fields, ("low", "high"), ("median", "sd_ln")):
        a = elementwise.log10(positive(fields, "median"))
        b = positive(fields, "sd_ln") * LOG10_E
    else:
        low, high = (elementwise.log10(end) for end in low_high(fields, positive=True))
        a, b = 0.5 * (low + high), 0.5 * (high - low) / -elementwise.normal_quantile(tail_mass(fields))
    low, high = bounds(fields)
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
    parts, cut = truncated_normal(kind, a, b, z_low, z_high)
    return Shape(parts, probability, cut)


def _straight(fields: Fields, kind: Kind, transform: Callable[[float], float], positive: bool) -> Shape:
    low, high = (transform(end) for end in low_high(fields, positive))
    tail = tail_mass(fields, bounded=True)
    b = (high - low) / (1.0 - 2.0 * tail)
    a = low - b * tail

    def probability(x: float) -> float:
        if positive and x <= 0.0:
            return 0.0
        return min(max((transform(x) - a) / b, 0.0), 1.0)

    return truncate(Shape([Part(kind, a, b)], probability), fields)


def uniform(fields: Fields) -> Shape:
    """Uniform; with `interval: 1` low and high are its ends."""
    return _straight(fields, Kind.UNIFORM, float, positive=False)


def loguniform(fields: Fields) -> Shape:
    """Uniform in the logarithm."""
    return _straight(fields, Kind.LOGUNIFORM, elementwise.log10, positive=True)


def quantiles(fields: Fields) -> Shape:
    """Through stated quantiles [[p, value], ...]: linear in the normal quantile of p, the end slopes carried on."""
    points = fields.get("quantiles")
    whole = isinstance(points, Sequence) and len(points) >= 2
    if not whole or not all(isinstance(point, Sequence) and len(point) == 2 for point in points or ()):
        raise Unfit(
            Problem("quantiles", f"quantiles = {shown(points)}", "give at least two pairs [probability, value]")
        )
    assert points is not None
    p = [number({"quantiles": pair[0]}, "quantiles") for pair in points]
    v = [number({"quantiles": pair[1]}, "quantiles") for pair in points]
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

    return truncate(Shape(parts, probability), fields)


def mixture(fields: Fields) -> Shape:
    """Weighted parts: the uniform picks the part by weight, its rest is the uniform within. `min`/`max` cut every
    part, some of them whole.
    """
    given = fields.get("parts")
    if not isinstance(given, Sequence) or not given or not all(isinstance(part, Mapping) for part in given):
        raise Unfit(
            Problem(
                "parts",
                f"parts = {shown(given)}",
                "give a list of {weight: ..., value: ...} or {weight: ..., dist: ...}",
            )
        )
    weights = [number(part, "weight") for part in given]
    whole = math.fsum(weights)
    if min(weights) < 0.0 or abs(whole - 1.0) > 1e-9:
        raise Unfit(
            Problem(
                "parts",
                f"the weights {shown(weights)} add to {whole:g}",
                "give weights from 0 that add to 1",
            )
        )
    level = {name: fields[name] for name in ("interval",) if name in fields}
    cut = {name: fields[name] for name in ("min", "max") if name in fields}
    shapes = []
    for part in given:
        inner = {**level, **{name: value for name, value in part.items() if name != "weight" and value is not None}}
        own, within = shape(inner), {**cut, **inner}
        cut_whole = "value" not in inner and not share_between(own, *bounds(within))[1] > SMALLEST_KEPT
        shapes.append(own._replace(truncated=1.0) if cut_whole else shape(within))

    def probability(x: float) -> float:
        return math.fsum(w * s.probability(x) for w, s in zip(weights, shapes, strict=True))

    kept = [weight * (1.0 - s.truncated) for weight, s in zip(weights, shapes, strict=True)]
    total = math.fsum(kept)
    check_kept(total)
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
    value = number(fields, "value")
    low, high = bounds(fields)
    if not low <= value <= high:
        raise Unfit(Problem("value", f"value = {value:g} is outside min/max", f"give a value from {low:g} to {high:g}"))
    return Shape([Part(Kind.POINT, value)], lambda x: float(x >= value))


def shape(fields: Fields) -> Shape:
    """The distribution that a row's fields describe; worked out once for rows that are alike (some need a table).

    Raises `Unfit` with what is wrong, field by field. A stated `value` wins over the distribution, which stays as
    documentation.
    """
    return _shape(json.dumps(fields, default=repr))  # whatever is no plain data is no number either


@lru_cache(maxsize=1000)
def _shape(text: str) -> Shape:
    """The shape of fields that are given as JSON."""
    fields: Fields = json.loads(text)
    if "value" in fields:
        name, allowed = "value", {"value"} | ALL_FIELDS
    else:
        name = family_of(fields)
        if not isinstance(name, str) or name not in FAMILIES:
            lower = name.lower() if isinstance(name, str) else ""
            hint = or_rather(lower) if lower in FAMILIES else did_you_mean(SYNONYMS.get(lower, lower), FAMILIES)
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
