"""The rows in which two assumption sets differ, with values, units and sources, as a reader would look for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulate import grammar

TOLD_APART = ("unit", "source", "note")
"""Fields that stand in columns of their own; source and note alone are no difference."""
WHOLE = ("start", "horizon", "step", "inactive", "sharpness", "correlations")
BESIDE_A_VALUE = {"dist", "formula", "min", "max", *grammar.DISTRIBUTION_FIELDS} - {"value"}
"""Fields that a value wins over; they stay as documentation."""
NOT_THERE = "not there"


def rows(first: Mapping[str, Any], other: Mapping[str, Any]) -> list[dict[str, str]]:
    """What differs between the settings of two sets, one line a row, driver or setting, those of `first` in front."""
    found = []
    for key in keys(first, other):
        mine, theirs = (at(settings, key) for settings in (first, other))
        line = {"row": key}
        for side, given in (("first", mine), ("other", theirs)):
            line |= {side: told(given)} | {f"{side}_{field}": _text(given, field) for field in ("unit", "source")}
        found.append(line)
    return found


def keys(first: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Dotted keys (`inputs.chip_growth`, `drivers.power`, `start`) of everything that decides numbers and differs."""
    found = [key for key in WHOLE if _plain(first.get(key)) != _plain(other.get(key))]
    for section in ("drivers", *grammar.MODEL_SECTIONS, "hypotheses", "evidence"):
        mine, theirs = (settings.get(section) or {} for settings in (first, other))
        for name in dict.fromkeys([*mine, *theirs]):
            if _meant(mine.get(name)) != _meant(theirs.get(name)):
                found.append(f"{section}.{name}")
    return found


def at(settings: Mapping[str, Any], key: str) -> Any:
    """What a set says at a dotted key of at most two parts; nothing where it says nothing."""
    section, _, name = key.partition(".")
    value = settings.get(section)
    return value if not name else (value or {}).get(name)


def told(given: Any) -> str:
    """What a row says, without its unit and texts: `dist lognormal, low 1.2, high 2`; a mere value by itself."""
    if given is None:
        return NOT_THERE
    if not isinstance(given, Mapping):
        return str(given)
    said = {field: value for field, value in given.items() if field not in TOLD_APART and value is not None}
    if "value" in said:  # it wins over a distribution, which stays as documentation
        return str(said["value"])
    return ", ".join(f"{field} {value}" for field, value in said.items()) or "default"


def _text(given: Any, field: str) -> str:
    return str(given.get(field) or "") if isinstance(given, Mapping) else ""


def _meant(given: Any) -> Any:
    """What decides numbers: a row without its texts, `{}` of a driver apart from none."""
    if not isinstance(given, Mapping):
        return _plain(given)
    said = {field: value for field, value in given.items() if field not in ("source", "note") and value is not None}
    if "value" in said:
        said = {field: value for field, value in said.items() if field not in BESIDE_A_VALUE}
    return {field: _meant(value) for field, value in said.items()}


def _plain(value: Any) -> Any:
    return None if value == [] else value
