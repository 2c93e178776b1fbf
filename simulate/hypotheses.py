"""Hypotheses: mutually exclusive, weighted variants of a set, each a set of its own that shares the random numbers.

A hypothesis states only what it changes: rows (laid over the set's by the rule of inheritance), drivers with their laws
and limits, own formulas, ceilings that are inactive. All hypotheses of a set have the same quantities, ceilings and
thresholds, so that their mixture has a meaning.
"""

from __future__ import annotations

import contextlib
import copy
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from simulate import formulas, grammar, inheritance
from simulate.checking import Check, Where
from simulate.errors import Mistake, did_you_mean, shown
from simulate.rows import is_number

SLACK = 1e-9
"""Weights of printed decimals may miss 1 by this; the rest is shared out in proportion."""
ROUNDING = 12
"""Digits to which a sum of stated decimals is what its author meant."""
MOST = 32
EXAMPLE = "{weight: 0.2, inputs: {...}}"
STATING = ("value", *grammar.DEFINING_FIELDS)  # a row with one of these can stand alone


class Variant(NamedTuple):
    """A hypothesis: its prior weight, and the whole settings of the set under it."""

    name: str
    weight: float
    note: str
    settings: dict[str, Any]
    where: Where
    changes: Mapping[str, Any]  # as it states them


class Stated(NamedTuple):
    """What a hypothesis has in a section: by name, a field of each row."""

    hypothesis: str
    by_name: Mapping[str, str]


def read(check: Check) -> list[Variant]:
    """The hypotheses of a set in their order; none for a set that has no such section.

    One with a mistake is given all the same, as far as it can be read, so that its other mistakes are found too.
    """
    whole = check.settings.get("hypotheses")
    if whole is not None and not isinstance(whole, Mapping):
        check.wrong("hypotheses", f"hypotheses = {shown(whole)}", f"a mapping by name: {{central: {EXAMPLE}, ...}}")
    given = check.section("hypotheses")
    if len(given) > MOST:
        check.wrong("hypotheses", f"{len(given)} hypotheses", f"at most {MOST}")
        return []
    readable = {name: fields for name, fields in given.items() if _readable(check, name, fields)}
    weights = {name: _weight(check, name, fields) for name, fields in readable.items()}
    known = [weight for weight in weights.values() if weight is not None]
    total = math.fsum(known)
    if given and len(known) == len(given) and abs(total - 1.0) > SLACK:
        listed = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
        check.wrong("hypotheses", f"the weights of the hypotheses sum to {total:.12g}: {listed}", "make them sum to 1")
    whole = round(total, ROUNDING) or 1.0  # weights that add to 1 stay as they are stated
    return [_variant(check, name, fields, (weights[name] or 0.0) / whole) for name, fields in readable.items()]


def _readable(check: Check, name: str, fields: Any) -> bool:
    """Whether a hypothesis is a mapping of sections; notes words that have no meaning there."""
    key = f"hypotheses.{name}"
    if not grammar.ROW_NAME.fullmatch(name):
        check.wrong(key, f"{shown(name)} cannot be a name", "use a-z, 0-9 and '_', a letter first, at most 64")
    if not isinstance(fields, Mapping):
        check.wrong(key, f"{key} = {shown(fields)}", f"a mapping: {EXAMPLE}")
        return False
    for field in fields:
        if field not in grammar.HYPOTHESIS_KEYS:
            near = did_you_mean(str(field), grammar.HYPOTHESIS_KEYS)
            check.wrong(
                f"{key}.{field}", f"{key}.{field} is unknown{near}", f"allowed: {', '.join(grammar.HYPOTHESIS_KEYS)}"
            )
    return True


def _weight(check: Check, name: str, fields: Mapping[str, Any]) -> float | None:
    key = f"hypotheses.{name}"
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
        rows = settings[section] = check.section(section)
        for row, fields in _section(check, f"{prefix}.{section}", changes.get(section)).items():
            _lay(check, f"{prefix}.{section}.{row}", section, rows, row, fields)
    drivers = _section(check, f"{prefix}.drivers", changes.get("drivers"))
    known = check.section("drivers")
    for driver, options in drivers.items():
        if options is None and driver not in known:
            _nothing_to_take_out(check, f"{prefix}.drivers.{driver}", driver, known)
    settings["drivers"] = inheritance.merged(known, dict(drivers))
    for key in ("inactive", "correlations", "sharpness"):
        if key in changes:
            settings[key] = changes[key]

    note = str(changes.get("note") or "")
    return Variant(name, weight, note, settings, lambda key: check.where(whole_key(key, name, changes)), changes)


def whole_key(key: str, name: str, changes: Mapping[str, Any]) -> str:
    """How a key of the set under a hypothesis is written: `hypotheses.NAME.inputs.x` where the hypothesis states x."""
    section, row, *_ = (*key.replace("[", ".").split("."), "")
    stated = changes.get(section)
    here = stated is not None and (not isinstance(stated, Mapping) or row in stated)
    return f"hypotheses.{name}.{key}" if here else key


def by_whole_keys(mistakes: Iterable[Mistake], name: str, changes: Mapping[str, Any]) -> list[Mistake]:
    """Mistakes of a set under a hypothesis that call every row as it is written."""
    sections = "|".join(grammar.MODEL_SECTIONS)
    keys = re.compile(rf"(?<![\w.])(?:{sections})\.\w+")
    return [
        mistake._replace(what=keys.sub(lambda found: whole_key(found[0], name, changes), mistake.what))
        for mistake in mistakes
    ]


def _section(check: Check, key: str, given: Any) -> Mapping[str, Any]:
    """The rows of a section of a hypothesis, those set to null included."""
    if given is not None and not isinstance(given, Mapping):
        check.wrong(key, f"{key} = {shown(given)}", "a mapping by name")
    return {str(name): fields for name, fields in given.items()} if isinstance(given, Mapping) else {}


def _lay(check: Check, key: str, section: str, rows: dict[str, Any], row: str, fields: Any) -> None:
    """Lay what a hypothesis says of a row over that of the set."""
    if fields is None:
        if row not in rows:
            _nothing_to_take_out(check, key, row, rows)
        rows.pop(row, None)
    elif not isinstance(fields, Mapping):
        rows[row] = fields  # no row at all, as the check of rows will say
    elif row not in rows and not any(field in fields for field in STATING):
        what = f"{key} changes {row}, which the set does not have{did_you_mean(row, rows)}"
        check.wrong(key, what, "name a row of the set, or state a new one whole")
    else:
        under = rows.get(row)
        rows[row] = inheritance.laid(section, under if isinstance(under, Mapping) else {}, fields)


def _nothing_to_take_out(check: Check, key: str, name: str, known: Mapping[str, Any]) -> None:
    what = f"'{key}' is null, but the set has no {name}{did_you_mean(name, known)}"
    check.wrong(key, what, "null takes out what the set has")


def alike(check: Check, section: str, first: Stated, other: Stated) -> None:
    """Whether two hypotheses have the same results."""
    for one, two in ((first, other), (other, first)):
        for name in sorted(one.by_name.keys() - two.by_name.keys()):
            near = did_you_mean(name, two.by_name)
            what = f"hypothesis {one.hypothesis} has {name} in {section}, hypothesis {two.hypothesis} has not{near}"
            key = _where_they_part(check, section, name, one.hypothesis, two.hypothesis)
            check.wrong(key, what, "all hypotheses of a set need the same ones; state it in the set itself, or in each")


def _where_they_part(check: Check, section: str, name: str, has: str, lacks: str) -> str:
    """The key by which one of two hypotheses has `name`, or the other lacks it."""
    given = check.section("hypotheses")
    for hypothesis in (has, lacks):
        rows = given[hypothesis].get(section)
        if isinstance(rows, Mapping) and name in rows:
            return f"hypotheses.{hypothesis}.{section}.{name}"
    for hypothesis in (lacks, has):
        if given[hypothesis].get("drivers"):
            return f"hypotheses.{hypothesis}.drivers"
    return f"hypotheses.{lacks}"


def same(check: Check, section: str, field: str, first: Stated, other: Stated) -> None:
    """Whether rows that two hypotheses have agree in a field."""
    for name in sorted(first.by_name.keys() & other.by_name.keys()):
        mine, theirs = first.by_name[name], other.by_name[name]
        if mine == theirs:
            continue
        of_set = check.section(section).get(name)
        stated = of_set.get(field) if isinstance(of_set, Mapping) else None
        departing = first if theirs == stated else other
        what = f"the {field} of {name} is {mine} under {first.hypothesis}, {theirs} under {other.hypothesis}"
        way_out = f"make it {stated or mine} everywhere: all hypotheses are mixed into one distribution"
        check.wrong(f"hypotheses.{departing.hypothesis}.{section}.{name}.{field}", what, way_out)


def restated(check: Check, variants: list[Variant]) -> list[str]:
    """What is said of rows that the command line states and hypotheses state again: there it may change nothing."""
    found = []
    for section in ("inputs", "thresholds"):
        for name, fields in check.section(section).items():
            key = f"{section}.{name}"
            if isinstance(fields, Mapping) and any(check.in_words(f"{key}.{field}") for field in fields):
                over = [one.name for one in variants if name in (one.changes.get(section) or {})]
                if over:
                    found.append(f"{key} is stated again by hypotheses, over the command line: {', '.join(over)}")
    return found


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
