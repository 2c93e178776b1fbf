"""Sets between two sets: each group of rows taken from one or the other, all combinations of them.

Not every combination makes sense: a formula may name a row that only the other group brings. Then the groups that have
to go together are found, put together, and named with the reason.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulate import assumptions, causes, differing, grammar, table
from simulate.assumptions import Assumptions
from simulate.checking import Where
from simulate.errors import Mistake, Mistakes

Settings = Mapping[str, Any]


class Side(NamedTuple):
    """One of the two sets: its settings and where each of them stands."""

    settings: Settings
    where: Where


class Coalitions(NamedTuple):
    """The groups, the set of every combination of them, and what had to be put together, with the reason."""

    groups: dict[str, list[str]]
    sets: list[Assumptions]  # (coalition,); bit j says whether group j is that of the other set
    merged: list[str]


def build(first: Side, other: Side, groups: Mapping[str, Sequence[str]], thresholds: set[str]) -> Coalitions:
    """Build every combination; groups that cannot be told apart are put together.

    Raises
    ------
    Mistakes
        If one of the two sets cannot be built, or if all groups have to go together.
    """
    names = list(groups)
    built: dict[int, Assumptions] = {}
    failed: dict[int, Mistake] = {}
    for coalition in range(2 ** len(names)):
        taken = {key for j, name in enumerate(names) if coalition >> j & 1 for key in groups[name]}
        try:
            built[coalition] = _mixed(first, other, taken, thresholds)
        except Mistakes as wrong:
            if coalition in (0, 2 ** len(names) - 1):
                raise
            failed[coalition] = wrong.items[0]
    parts, reasons = _together(len(names), failed)
    if len(parts) == 1 and len(names) > 1:
        why = "; ".join(str(mistake) for mistake in dict.fromkeys(reasons.values()))
        what = f"no group can be taken from one set without the others ({', '.join(names)}): {why}"
        raise Mistakes([Mistake("groups", what, "the sets have too little in common for an attribution")])
    merged = {"+".join(names[j] for j in part): [key for j in part for key in groups[names[j]]] for part in parts}
    notes = [f"{'+'.join(names[j] for j in part)} go together: {reasons[part]}" for part in parts if len(part) > 1]
    sets = []
    for coalition in range(2 ** len(parts)):
        sets.append(built[sum(1 << j for k, part in enumerate(parts) if coalition >> k & 1 for j in part)])
    return Coalitions(merged, sets, notes)


def _together(
    count: int, failed: Mapping[int, Mistake]
) -> tuple[list[tuple[int, ...]], dict[tuple[int, ...], Mistake]]:
    """Put groups together, those first whose separation fails most often, until no combination is left that fails."""
    parts: list[tuple[int, ...]] = [(j,) for j in range(count)]
    reasons: dict[tuple[int, ...], Mistake] = {}
    left = dict(failed)
    while left:
        pairs = [(a, b) for i, a in enumerate(parts) for b in parts[i + 1 :]]
        a, b = max(pairs, key=lambda pair: sum(_apart(coalition, *pair) for coalition in left))
        reason = next(mistake for coalition, mistake in left.items() if _apart(coalition, a, b))
        joined = tuple(sorted((*a, *b)))
        parts = [joined if part == a else part for part in parts if part != b]
        reasons[joined] = reason
        left = {coalition: mistake for coalition, mistake in left.items() if not _apart(coalition, a, b)}
    return parts, reasons


def _apart(coalition: int, a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether a combination takes two parts from different sets."""
    return (coalition >> a[0] & 1) != (coalition >> b[0] & 1)


def _mixed(first: Side, other: Side, taken: set[str], thresholds: set[str]) -> Assumptions:
    settings = copy.deepcopy(dict(first.settings))
    for key in taken:
        _put(settings, key, copy.deepcopy(differing.at(other.settings, key)))
    settings["thresholds"] = {name: row for name, row in (settings["thresholds"] or {}).items() if name in thresholds}
    for hypothesis in (settings.get("hypotheses") or {}).values():
        levels = (hypothesis or {}).get("thresholds")
        if levels:
            hypothesis["thresholds"] = {name: row for name, row in levels.items() if name in thresholds}
    unread = _unread(settings)
    settings["inputs"] = {name: row for name, row in settings["inputs"].items() if name not in unread}

    def where(key: str) -> str:
        return (other if any(key == one or key.startswith(f"{one}.") for one in taken) else first).where(key)

    return assumptions.build(settings, where)


def _put(settings: dict[str, Any], key: str, value: Any) -> None:
    section, _, name = key.partition(".")
    if not name:
        settings[section] = value
        return
    rows = settings.get(section) or {}
    rows.pop(name, None)
    settings[section] = rows if value is None else {**rows, name: value}


def _unread(settings: Settings) -> set[str]:
    """Rows that nothing reads in this combination: they would be a mistake in a set that somebody wrote."""
    read = set(table.known_rows())
    places = [settings, *(settings.get("hypotheses") or {}).values()]
    for place in places:
        for section in (*grammar.MODEL_SECTIONS, "evidence"):
            read.update(*(causes.used(row) for row in (place.get(section) or {}).values()))
    return {name for name, row in settings["inputs"].items() if name not in read and "formula" not in row}
