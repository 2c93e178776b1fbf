"""Does a dotted key exist, and if not, which one was meant?

The keys that can be overridden are those of the schema and the rows of the very set that is composed:
`inputs.chip_growth.low` is a key only where the set has a row `chip_growth`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from simulate import grammar, run_keys, swept
from simulate.errors import Mistake, nearest, or_rather, shown
from simulate.nodes import unusable
from simulate.words import Word

OPTIONS = ("law", "limit")
PLAIN_KEYS = tuple(
    key
    for key in (*grammar.RUN_KEYS, *grammar.SET_KEYS, *grammar.GROUPS)
    if key not in ("name", "show", "grid", "drivers", "hypotheses", *grammar.ROW_SECTIONS) or key in grammar.GROUPS
)
NUMBER = re.compile(r"[-+]?([0-9][0-9_]*\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,4})?")


def check(word: Word, settings: Mapping[str, Any], study: str) -> Mistake | None:
    """The mistake in the key or the shape of `word`, if there is one, given the rows of the composed set."""
    parts = word.key.split(".")
    section = parts[0]
    if section in grammar.ROW_SECTIONS and word.key != "thresholds":
        return _check_row(word, parts, settings)
    if section == "drivers":
        return _check_driver(word, parts, settings)
    if section == "hypotheses":
        return _check_hypothesis(word, parts, settings)
    if mistake := run_keys.check_reader(word.where, word.key, study):
        return mistake
    if section == "engine" and len(parts) > 1:
        return _check_engine(word, parts)
    if section == "grid":
        return _check_grid(word, settings)
    if word.key == "name":
        return Mistake(word.where, "the name of a set is the name of its file", "use output= or title=")
    if word.key in ("hydra.run.dir", "hydra/launcher") or word.key.startswith("hydra.launcher."):
        return None
    if word.key == "show" and study == "show":
        return None
    if word.key not in PLAIN_KEYS:
        return Mistake(word.where, f"unknown key '{word.key}'{meant(word.key, settings)}", "see `simulate --help`")
    return _check_finite(word)


def meant(key: str, settings: Mapping[str, Any]) -> str:
    """A clause that names the nearest key that exists, or nothing."""
    section, *rest = key.split(".", 2)
    rows = {name: settings.get(name, {}) for name in grammar.ROW_SECTIONS}
    if not rest:
        best = closest(key, PLAIN_KEYS) or _row_called(key, rows)
    elif (known := closest(section, (*grammar.ROW_SECTIONS, "drivers", "hypotheses"))) is None:
        best = None
    else:
        names = settings.get(known, {})
        row = closest(rest[0], names)
        best = row and f"{known}.{row}"
        if row is None:
            best = _row_called(rest[0], rows)
        if best and len(rest) > 1:
            options = {"drivers": OPTIONS, "hypotheses": grammar.HYPOTHESIS_KEYS}
            fields = options.get(known) or grammar.fields_of(known)
            field = closest(rest[1], fields)
            best = f"{best}.{field}" if field else best
    if best is None or best == key:
        every = (f"{s}.{row}.{field}" for s, names in rows.items() for row in names for field in grammar.fields_of(s))
        best = nearest(key, (*every, *(f"drivers.{name}.{o}" for name in settings.get("drivers", {}) for o in OPTIONS)))
    return or_rather(best if best != key else None)


def _row_called(name: str, rows: Mapping[str, Mapping[str, Any]]) -> str | None:
    """`inputs.chip_growth` for somebody who wrote `chip_growth` or looked for it in another section."""
    for section, names in rows.items():
        if name in names:
            return f"{section}.{name}"
    return None


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name within two typing errors (letters missing, added, changed, swapped), else whatever looks similar."""
    candidates = list(names)
    near = [(distance, c) for c in candidates if (distance := _edits(name, c)) <= min(2, max(1, len(c) // 3))]
    if not near:
        return nearest(name, candidates)
    fewest = min(near)[0]
    return nearest(name, [c for distance, c in near if distance == fewest]) or min(near)[1]


def _edits(a: str, b: str) -> int:
    """Number of typing errors between two words (Damerau-Levenshtein distance of adjacent swaps), 3 or more as 3."""
    if abs(len(a) - len(b)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, start=1):
            best = min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return min(row[-1], 3)


def _check_row(word: Word, parts: list[str], settings: Mapping[str, Any]) -> Mistake | None:
    section = parts[0]
    rows = settings.get(section, {})
    if len(parts) == 1:
        example = f"{section}.{next(iter(rows), 'NAME')}.value=..."
        return Mistake(word.where, f"'{section}' is a mapping of rows, not one value", f"name a row: {example}")
    known = grammar.fields_of(section)
    fits = parts[1] in rows and len(parts) <= 3 and (len(parts) == 2 or parts[2] in known)
    if not fits:
        missing = word.key if parts[1] in rows else f"{section}.{parts[1]}"
        way_out = "write a new row into a set of your own" if parts[1] not in rows else f"fields: {', '.join(known)}"
        return Mistake(word.where, f"unknown key '{missing}'{meant('.'.join(parts), settings)}", way_out)
    if len(parts) == 3:
        return _check_single(word, word.key, word.value) or _check_finite(word)
    if word.value is not None and not isinstance(word.value, dict):
        what = f"'{word.key}' is a mapping {{dist, low, high, unit, ...}}, not {shown(word.value)}"
        return Mistake(word.where, what, f"write {word.key}.value={shown(word.value)} to pin it")
    fields = word.value or {}
    for field in fields:
        if field not in known:
            near = closest(str(field), known)
            what = f"unknown field {shown(field)} in '{word.key}'" + or_rather(near)
            return Mistake(word.where, what, f"fields: {', '.join(known)}")
        if wrong := _check_single(word, f"{word.key}.{field}", fields[field]):
            return wrong
    return _check_finite(word)


def _check_single(word: Word, key: str, value: Any) -> Mistake | None:
    """The fields of a row are single values, but for the few that are lists."""
    if isinstance(value, dict | list) and key.rpartition(".")[2] not in grammar.NESTED_FIELDS:
        return Mistake(word.where, f"'{key}' must be one value, not {shown(value)}", f"write {key}=VALUE")
    return None


def _check_driver(word: Word, parts: list[str], settings: Mapping[str, Any]) -> Mistake | None:
    """`drivers.power.law=...`, or `drivers.power.efficiency.limit=...` for the second path of a driver."""
    drivers = settings.get("drivers", {})
    named = len(parts) > 1 and all(grammar.ROW_NAME.fullmatch(part) for part in parts[1:])
    if len(parts) == 1 or not named or len(parts) > 4:
        return Mistake(word.where, f"'{word.key}' is no option of a driver", "write drivers.NAME.law=... or .limit=...")
    nested = isinstance(word.value, dict)
    if parts[1] not in drivers and len(parts) > 2:
        return Mistake(word.where, f"unknown key 'drivers.{parts[1]}'{meant(word.key, settings)}", _list(drivers))
    if len(parts) == 2 and not nested and word.value is not None:
        way_out = f"write {word.key}={{law: ...}}, or null to take it out"
        return Mistake(word.where, f"'{word.key}' is a mapping, not {shown(word.value)}", way_out)
    if len(parts) > 2 and parts[-1] in OPTIONS and isinstance(word.value, dict | list):
        return Mistake(word.where, f"'{word.key}' must be a name, not {shown(word.value)}", "see `simulate study=list`")
    if len(parts) > 2 and not nested and parts[-1] not in OPTIONS:
        near = closest(parts[-1], OPTIONS)
        what = f"unknown key '{word.key}'" + or_rather(near and ".".join([*parts[:-1], near]))
        return Mistake(word.where, what, f"options: {', '.join(OPTIONS)}")
    return None


def _check_hypothesis(word: Word, parts: list[str], settings: Mapping[str, Any]) -> Mistake | None:
    """`hypotheses.long.weight=...`, or `hypotheses.long.inputs.brain.low=...` for a row that it changes."""
    hypotheses = settings.get("hypotheses") or {}
    example = f"write hypotheses.{next(iter(hypotheses), 'NAME')}.weight=..."
    if len(parts) < 3 or parts[1] not in hypotheses or parts[2] not in grammar.HYPOTHESIS_KEYS:
        return Mistake(word.where, f"unknown key '{word.key}'{meant(word.key, settings)}", example)
    if len(parts) == 3:
        wanted = parts[2] not in ("weight", "note", "source", "sharpness")
        if wanted is not isinstance(word.value, dict | list) and word.value is not None:
            return Mistake(word.where, f"'{word.key}' cannot be {shown(word.value)}", example)
        return _check_finite(word)
    if parts[2] in grammar.MODEL_SECTIONS:
        return _check_row(word, parts[2:], hypotheses[parts[1]])
    return _check_driver(word, parts[2:], settings)


def _check_engine(word: Word, parts: list[str]) -> Mistake | None:
    """`engine.scheduler=tcp://HOST:PORT`, the only thing that an engine is told."""
    if parts[1:] == ["scheduler"]:
        return None
    near = or_rather("engine.scheduler" if closest(parts[1], ["scheduler"]) else None)
    return Mistake(word.where, f"unknown key '{word.key}'{near}", "an engine has one: engine.scheduler=tcp://HOST:PORT")


def _check_grid(word: Word, settings: Mapping[str, Any]) -> Mistake | None:
    """`grid.spend_growth=[2.5,3]`, or `grid.spend_growth.high=[...]` for another field than the value."""
    if word.key == "grid":
        return Mistake(word.where, "'grid' is a mapping of swept inputs", "name an input: grid.ROW=[2.5,3,3.5]")
    rows = settings.get("inputs", {})
    row = word.key.split(".")[1]
    near = closest(row, rows) if row not in rows else None
    return swept.check(word.where, word.key, word.value, rows, near) or _check_finite(word)


def _list(names: Iterable[str]) -> str:
    return f"the set has: {', '.join(names) or 'none'}"


def _check_finite(word: Word) -> Mistake | None:
    text = word.text.partition("=")[2]
    for value in _scalars(word.value):
        alone = value is word.value
        problem = unusable(value, text if alone else repr(value)) if isinstance(value, float) else ""
        if problem:
            what = f"{word.key} = {text if alone else shown(value)}: {problem}"
            return Mistake(word.where, what, "a finite number is needed")
        if isinstance(value, int) and abs(value) > 10**400:
            return Mistake(word.where, f"{word.key} has too many digits", "at most 400")
    return None


def _scalars(value: Any) -> Iterable[Any]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _scalars(inner)
    else:
        yield value


def as_number(value: Any) -> Any:
    """A number for a text that is one ("1e26" in quotes), anything else as it is."""
    if isinstance(value, str) and NUMBER.fullmatch(value):
        try:
            number = float(value)
        except ValueError:
            return value
        return number if math.isfinite(number) else value
    return value


def make_numbers(settings: dict[str, Any]) -> None:
    """Read the numbers that stand in quotes, in the fields that hold numbers."""
    for key in ("start", "horizon", "step", "sharpness"):
        if key in settings:
            settings[key] = as_number(settings[key])
    hypotheses = [h for h in (settings.get("hypotheses") or {}).values() if isinstance(h, dict)]
    for hypothesis in hypotheses:
        hypothesis.update({key: as_number(hypothesis[key]) for key in ("weight", "sharpness") if key in hypothesis})
    for stated in (settings, *hypotheses):
        for section in grammar.ROW_SECTIONS:
            for row in (stated.get(section) or {}).values():
                if isinstance(row, dict):
                    row.update({field: as_number(row[field]) for field in grammar.NUMBER_FIELDS if field in row})
