"""What a row says once another row, or single fields, are laid over it.

A pinned value keeps the distribution as documentation. Of value, formula and distribution the newest decides, and what
belongs to the way of speaking that is left (the mean of a row that now has low and high, the parts of a former mixture)
goes with it, so that no leftover is taken for a mistake. All fields that are stated together are laid together: their
order means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulate import grammar
from simulate.fields import FIELDS, family_of

#: Ways of stating a distribution; a row speaks in one of them.
WAYS = (("low", "mid", "mode", "high", "interval"), ("mean", "sd"), ("median", "sd_ln"), ("quantiles",), ("parts",))
SHAPING = ("dist", *grammar.DISTRIBUTION_FIELDS, "min", "max")

Row = Mapping[str, Any]


def inherit(row: Row, over: Row) -> dict[str, Any]:
    """`row` under that of a child set: replaced whole by one with a distribution or formula, patched by any other."""
    return dict(over) if replaces(over) else patch(row, over)


def replaces(over: Row) -> bool:
    """Whether a row stands for itself, whatever it inherits."""
    return any(over.get(field) is not None for field in grammar.DEFINING_FIELDS)


def patch(row: Row, over: Row) -> dict[str, Any]:
    """`row` with the fields of `over` stated anew, all at once; null takes a field out."""
    stated = {field: value for field, value in over.items() if value is not None}
    kept = {field: value for field, value in row.items() if field not in over and value is not None}
    gone: set[str] = set()
    if "formula" in stated:
        gone |= {"value", *SHAPING}
    if "value" in stated:
        gone |= {"formula"}
        if stated.get("unit", row.get("unit")) != row.get("unit"):
            gone |= set(SHAPING)  # numbers of another unit would document nothing
    if any(field in stated for field in ("dist", "quantiles", "parts")):
        gone |= {"value", "formula"} | _of_other_families(stated, row)
    spoken = [way for way in WAYS if any(field in stated for field in way)]
    if spoken:
        gone |= {field for way in WAYS if way not in spoken for field in way}
    return {field: value for field, value in kept.items() if field not in gone} | stated


def _of_other_families(stated: Row, row: Row) -> set[str]:
    """The fields that the family now stated does not take, and the name of the old one."""
    family = family_of(stated)
    allowed = FIELDS.get(family) if isinstance(family, str) else None
    if allowed is None:
        return set()  # no family is called so: the mistake is in the name alone
    return {"dist"} | {field for field in row if field in SHAPING and field not in allowed}
