"""Hypotheses: mutually exclusive, weighted variants of a set, each a set of its own that shares the random numbers.

A hypothesis states only what it changes: rows (laid over the set's by the rule of inheritance), drivers with their laws
and limits, own formulas, ceilings that are inactive. All hypotheses of a set have the same quantities, ceilings and
thresholds, so that their mixture has a meaning.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from simulate import formulas, grammar, inheritance
from simulate.checking import Check, Where
from simulate.errors import did_you_mean, shown
from simulate.rows import is_number

SLACK = 1e-9
"""Weights of printed decimals may miss 1 by this; the rest is shared out in proportion."""
MOST = 32
STATING = ("value", *grammar.DEFINING_FIELDS)  # a row with one of these can stand alone


class Variant(NamedTuple):
    """A hypothesis: its prior weight, and the whole settings of the set under it."""

    name: str
    weight: float
    note: str
    settings: dict[str, Any]
    where: Where


def read(check: Check) -> list[Variant]:
    """The hypotheses of a set in their order; none for a set that has no such section."""
    given = check.section("hypotheses")
    if len(given) > MOST:
        check.wrong("hypotheses", f"{len(given)} hypotheses", f"at most {MOST}")
        return []
    weights = {name: _weight(check, name, fields) for name, fields in given.items()}
    known = [weight for weight in weights.values() if weight is not None]
    total = math.fsum(known)
    if given and len(known) == len(given) and abs(total - 1.0) > SLACK:
        listed = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
        check.wrong("hypotheses", f"the weights of the hypotheses sum to {total:.12g}: {listed}", "make them sum to 1")
    if check.mistakes:
        return []
    return [_variant(check, name, given[name], (weights[name] or 0.0) / total) for name in given]


def _weight(check: Check, name: str, fields: Any) -> float | None:
    key = f"hypotheses.{name}"
    if not isinstance(fields, Mapping):
        check.wrong(key, f"{key} = {shown(fields)}", "a mapping: {weight: 0.2, inputs: {...}}")
        return None
    for field in fields:
        if field not in grammar.HYPOTHESIS_KEYS:
            near = did_you_mean(str(field), grammar.HYPOTHESIS_KEYS)
            check.wrong(
                f"{key}.{field}", f"{key}.{field} is unknown{near}", f"allowed: {', '.join(grammar.HYPOTHESIS_KEYS)}"
            )
    weight = fields.get("weight")
    if weight is None or not is_number(weight) or not 0.0 <= weight <= 1.0:
        check.wrong(f"{key}.weight", f"{key}.weight = {shown(weight)}", "a probability: from 0 to 1, summing to 1")
        return None
    return float(weight)


def _variant(check: Check, name: str, changes: Mapping[str, Any], weight: float) -> Variant:
    """The set under a hypothesis; what it says of rows that do not exist is noted."""
    settings = {key: copy.deepcopy(value) for key, value in check.settings.items() if key != "hypotheses"}
    prefix = f"hypotheses.{name}"
    for section in grammar.MODEL_SECTIONS:
        rows = settings[section] = settings.get(section) or {}
        for row, fields in (changes.get(section) or {}).items():
            key = f"{prefix}.{section}.{row}"
            if fields is None:
                rows.pop(row, None)
            elif row not in rows and not any(field in fields for field in STATING):
                what = f"{key} changes {row}, which the set does not have{did_you_mean(row, rows)}"
                check.wrong(key, what, "name a row of the set, or state a new one whole")
            else:
                rows[row] = inheritance.laid(section, rows.get(row, {}), fields)
    settings["drivers"] = inheritance.merged(settings.get("drivers") or {}, changes.get("drivers") or {})
    for key in ("inactive", "correlations", "sharpness"):
        if key in changes:
            settings[key] = changes[key]

    def where(key: str) -> str:
        section, row, *_ = (*key.replace("[", ".").split("."), "")
        stated = changes.get(section)
        here = stated is not None and (not isinstance(stated, Mapping) or row in stated)
        return check.where(f"{prefix}.{key}" if here else key)

    note = str(changes.get("note") or "")
    return Variant(name, weight, note, settings, where)


def alike(check: Check, first: tuple[str, Mapping[str, Any]], other: tuple[str, Mapping[str, Any]], what: str) -> None:
    """Whether two hypotheses state the same results; `first` and `other` are (hypothesis, mapping by name)."""
    (one, mine), (two, theirs) = first, other
    for name in sorted(mine.keys() ^ theirs.keys()):
        has, lacks = (one, two) if name in mine else (two, one)
        way_out = "all hypotheses of a set need the same ones; state it in the set itself, or in each"
        check.wrong(
            f"hypotheses.{lacks}", f"hypothesis {has} has the {what} {name}, hypothesis {lacks} has not", way_out
        )


def names_read(variants: list[Variant]) -> frozenset[str]:
    """Names that formulas of any hypothesis read: an input of which one hypothesis has no need is no mistake."""
    found: set[str] = set()
    for variant in variants:
        for section in grammar.MODEL_SECTIONS:
            for row in variant.settings[section].values():
                text = row.get("formula") if isinstance(row, Mapping) else None
                with contextlib.suppress(formulas.BadFormula):
                    found |= formulas.parse(text).names if text is not None else set()
    return frozenset(found)
