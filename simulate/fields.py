"""Fields of a row that describe a distribution: read one by one, each with the mistake that it can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from simulate.errors import shown

Fields = Mapping[str, Any]

NARROWEST = 1e-6
"""The least level of an interval: ends that hold hardly a draw between them say nothing of the width."""

_COMMON = {"dist", "interval", "min", "max"}
#: What a row of each family may state.
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
#: Fields that tell the family by themselves.
_TELLING = {"quantiles": "quantiles", "parts": "mixture"}


class Problem(NamedTuple):
    """What is wrong with a field of a row, perhaps beside another one, and the way out."""

    field: str
    what: str
    way_out: str
    beside: str = ""


class Unfit(Exception):
    """The fields of a row describe no distribution."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


def family_of(fields: Fields) -> Any:
    """The family that a row names, or that `quantiles` or `parts` name by themselves; an empty text if none."""
    told = next((family for field, family in _TELLING.items() if field in fields), "")
    return fields.get("dist", told)


def number(fields: Fields, name: str) -> float:
    """A finite number."""
    value = fields.get(name)
    if value is None:
        raise Unfit(Problem(name, f"{name} is missing", f"give a number for {name}"))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unfit(
            Problem(name, f"{name} = {shown(value)} is not a finite number", "give a number, the unit stands in `unit`")
        )
    return float(value)


def tail_mass(fields: Fields, bounded: bool = False) -> float:
    """The probability beyond each end of the central interval."""
    if "interval" not in fields:
        return 0.1
    interval = number(fields, "interval")
    if not 0.0 < interval <= 1.0:
        hint = f" (did you mean {interval / 100:g}?)" if 1.0 < interval < 100.0 else ""
        raise Unfit(
            Problem("interval", f"interval = {interval:g} is no probability", f"give a number between 0 and 1{hint}")
        )
    if interval < NARROWEST:
        raise Unfit(
            Problem(
                "interval",
                f"interval = {interval:g} is too narrow to tell how wide the distribution is",
                f"give the probability that lies between low and high, at least {NARROWEST:g}, usually 0.8 or 0.9",
            )
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


def low_high(fields: Fields, positive: bool = False) -> tuple[float, float]:
    """`low` and `high`, in order."""
    low, high = number(fields, "low"), number(fields, "high")
    if low > high:
        what = f"low ({low:g}) is above high ({high:g})"
        raise Unfit(Problem("low", what, "swapped? low must be below high", beside="high"))
    if low == high:
        raise Unfit(
            Problem("low", f"low and high are both {low:g}", f"give `value: {low:g}` for a number that is certain")
        )
    if positive and low <= 0.0:
        raise Unfit(
            Problem("low", f"low ({low:g}) must be above 0 in this family", "give a positive low, or `dist: normal`")
        )
    return low, high


def either(fields: Fields, first: tuple[str, str], second: tuple[str, str]) -> bool:
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


def positive(fields: Fields, name: str) -> float:
    """A number above 0."""
    value = number(fields, name)
    if value <= 0.0:
        raise Unfit(Problem(name, f"{name} = {value:g}", "give a number above 0"))
    return value


def bounds(fields: Fields) -> tuple[float, float]:
    """`min` and `max`, infinite where they are not given."""
    low = number(fields, "min") if "min" in fields else -math.inf
    high = number(fields, "max") if "max" in fields else math.inf
    if low >= high:
        raise Unfit(Problem("min", f"min ({low:g}) is not below max ({high:g})", "swapped?"))
    return low, high
