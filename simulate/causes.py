"""Groups of what differs between two sets: the causes among which a change of the result is shared.

A row that a driver reads belongs to that driver, by what the driver declares. A row that only formulas read belongs to
what it feeds first: the driver whose input or quantity that is, `requirement` for a threshold, `evidence` for a
likelihood, else `other`. Drivers with their laws and limits, own quantities and ceilings, and the grid are `structure`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulate import differing, formulas, grammar, layout
from simulate.drivers import DRIVERS
from simulate.errors import Mistake, did_you_mean, shown

STRUCTURE, REQUIREMENT, OTHER = "structure", "requirement", "other"
OWN_GROUP = ("evidence", "hypotheses", "correlations")
MOST = 10
"""Groups at most: with so many there are 1024 runs."""

Settings = Mapping[str, Any]


def groups(
    first: Settings, other: Settings, asked: Mapping[str, Any] | None, common: set[str], mistakes: list[Mistake]
) -> dict[str, list[str]]:
    """Dotted keys of all that differs, by group; `asked` are the user's groups, `common` the thresholds of both sets.

    What is wrong with the user's groups goes into `mistakes`.
    """
    keys = [key for key in differing.keys(first, other) if not key.startswith("thresholds.") or key[11:] in common]
    moved = _asked(first, other, asked or {}, mistakes)
    found: dict[str, list[str]] = {name: [] for name in asked or {}}
    for key in keys:
        found.setdefault(moved.get(key) or group_of(key, (first, other)), []).append(key)
    for name in asked or {}:
        if not found[name] and not mistakes:
            mistakes.append(Mistake("groups", f"group {shown(name)}: none of its rows differs", "leave it out"))
    if len(found) > MOST:
        what = f"{len(found)} groups differ: {', '.join(found)}"
        mistakes.append(Mistake("groups", what, f"at most {MOST}; put some together, as groups={{supply: [a, b]}}"))
    return found


def group_of(key: str, sets: Sequence[Settings]) -> str:
    """The group to which a dotted key belongs when nobody says otherwise."""
    section, _, name = key.partition(".")
    if section in OWN_GROUP:
        return section
    if section == "thresholds":
        return REQUIREMENT
    if section != "inputs":
        return STRUCTURE
    drivers = {
        driver
        for settings in sets
        for driver, options in (settings.get("drivers") or {}).items()
        if options is not None
    }
    read = {row: driver for driver in DRIVERS if driver in drivers for row in rows_of(driver)}
    return read.get(name) or _fed(name, sets, read)


def rows_of(driver: str) -> Iterator[str]:
    """Every row that a driver can read."""
    for path in layout.paths(DRIVERS[driver]):
        yield from (row.name for row in layout.path_rows(path))
        yield from path.limits
    yield from (item.name for item in layout.inputs(DRIVERS[driver]))


def _fed(name: str, sets: Sequence[Settings], read: Mapping[str, str]) -> str:
    """The group that a row feeds through formulas, by the shortest way."""
    made = {quantity.name: driver for driver in DRIVERS for quantity in layout.quantities(DRIVERS[driver])}
    stated = {c.name: driver for driver in DRIVERS if (c := layout.ceiling(DRIVERS[driver]))}
    seen, now = {name}, [name]
    while now:
        further: list[str] = []
        for section, row in sorted({pair for settings in sets for pair in _readers(settings, set(now))}):
            if section == "thresholds":
                return REQUIREMENT
            if section == "evidence":
                return section
            group = read.get(row) or (made.get(row) or stated.get(row) if section != "inputs" else None)
            if group:
                return group
            if row not in seen:
                seen.add(row)
                further.append(row)
        now = further
    return OTHER


def _readers(settings: Settings, names: set[str]) -> Iterator[tuple[str, str]]:
    """Section and name of every row whose formula uses one of these names."""
    for section in (*grammar.MODEL_SECTIONS, "evidence"):
        for row, given in (settings.get(section) or {}).items():
            if names & used(given):
                yield section, row


def used(given: Any) -> set[str]:
    """The names in the formula of a row or the likelihood of a piece of evidence."""
    found: set[str] = set()
    for field in ("formula", "loglik"):
        text = given.get(field) if isinstance(given, Mapping) else None
        if text is not None:
            with contextlib.suppress(formulas.BadFormula):
                parsed = formulas.parse(text)
                found |= parsed.names | parsed.earlier
    return found


def _asked(first: Settings, other: Settings, asked: Mapping[str, Any], mistakes: list[Mistake]) -> dict[str, str]:
    """The group of each dotted key that the user moved."""
    known: dict[str, str] = {}
    for section in ("drivers", *grammar.MODEL_SECTIONS, "evidence", "hypotheses"):
        for settings in (first, other):
            for name in settings.get(section) or {}:
                known[f"{section}.{name}"] = f"{section}.{name}"
    for dotted in list(known):
        known.setdefault(dotted.partition(".")[2], dotted)
    known |= {key: key for key in differing.WHOLE}
    found: dict[str, str] = {}
    for group, rows in asked.items():
        for row in rows:
            key = known.get(str(row))
            if key is None:
                what = f"group {shown(group)}: neither set has a row {shown(row)}{did_you_mean(str(row), known)}"
                mistakes.append(Mistake("groups", what, "name rows as inputs.chip_growth or chip_growth"))
            elif found.setdefault(key, group) != group:
                what = f"{key} is in two groups, {found[key]} and {group}"
                mistakes.append(Mistake("groups", what, "groups must not overlap"))
    return found
