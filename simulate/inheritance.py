"""What a set says once its ancestors are applied, and which line of which file says it.

Sets inherit: `defaults: [parent]` takes over everything and the set changes rows (`overlay` says how one row is laid
over another); null takes an inherited row or driver out. An ancestor reached on two ways is applied once, before both.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from simulate import grammar, overlay
from simulate.errors import Mistake
from simulate.scan import Source

LONGEST_LINE = 32


class Circle(Exception):
    """Sets that cannot be put in order, because they inherit one another."""


class Layers:
    """Settings under construction, and the origin of every dotted key."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.origins: dict[str, str] = {}

    def where(self, key: str) -> str:
        """Where a dotted key (`inputs.x.low`, `correlations[0]`) was last stated, or the nearest key above it."""
        stated = key.replace("[", ".").replace("]", "")
        while stated and stated not in self.origins:
            stated = stated.rpartition(".")[0]
        return self.origins.get(stated, key or "settings")

    def apply_file(self, source: Source, mistakes: list[Mistake]) -> None:
        """Lay one file over what has been applied so far; what a source printed is of the set that cites it alone."""
        if source.group == "assumptions" and self.settings.pop("published", None):
            self._forget("published")
        for key, value in copy.deepcopy(source.data).items():
            if key in grammar.ROW_SECTIONS:
                rows = self.settings.setdefault(key, {})
                for name, row in value.items():
                    self._apply_row(rows, key, name, row, source, mistakes)
            elif key == "drivers":
                self._apply_drivers(value, source, mistakes)
            elif key == "hypotheses":
                self._apply_hypotheses(value, source, mistakes)
            else:
                self._forget(key)
                self.settings[key] = value
        self.origins[""] = source.shown
        self.origins.update((key, f"{source.shown}:{line}") for key, line in source.lines.items())

    def apply_word(self, key: str, value: Any, origin: str) -> None:
        """Set one dotted key that is no field of a row, as the command line does."""
        parts = key.split(".")
        if parts[0] in grammar.ROW_SECTIONS:
            rows = self.settings.setdefault(parts[0], {})
            if isinstance(value, dict):
                self._lay(rows, parts[0], parts[1], value)
            else:
                rows.pop(parts[1], None)
        else:
            target = self.settings
            for part in parts[:-1]:
                target[part] = target.get(part) or {}
                target = target[part]
            if key == f"drivers.{parts[-1]}" and value is None:
                target.pop(parts[-1], None)
            else:
                target[parts[-1]] = value
        self._forget(key)
        self.origins[key] = origin

    def apply_fields(self, key: str, fields: Mapping[str, Any], origins: Mapping[str, str]) -> None:
        """State fields of the row `key` anew, all at once, as the command line does; `origins` are those of fields."""
        section, name = key.split(".")
        rows = self.settings.setdefault(section, {})
        known = rows.get(name, {})
        self._put(rows, key, overlay.patch(known, fields) if section in grammar.MODEL_SECTIONS else {**known, **fields})
        self.origins.update((f"{key}.{field}", origin) for field, origin in origins.items())

    def _apply_row(
        self, rows: dict[str, Any], section: str, name: str, row: Any, source: Source, mistakes: list[Mistake]
    ) -> None:
        dotted = f"{section}.{name}"
        if row is None:
            self._take_out(rows, dotted, source, mistakes, "null takes an inherited row out; write a mapping")
        else:
            self._lay(rows, section, name, row)

    def _lay(self, rows: dict[str, Any], section: str, name: str, row: dict[str, Any]) -> None:
        """Lay a row over the one of its name."""
        if section in grammar.MODEL_SECTIONS and overlay.replaces(row):
            self._forget(f"{section}.{name}")
        self._put(rows, f"{section}.{name}", laid(section, rows.get(name, {}), row))

    def _put(self, rows: dict[str, Any], key: str, row: dict[str, Any]) -> None:
        """Put a row in its place, and forget where the fields stood that it lost."""
        name = key.rpartition(".")[2]
        for field in rows.get(name, {}).keys() - row.keys():
            self._forget(f"{key}.{field}")
        rows[name] = row

    def _apply_drivers(self, drivers: Mapping[str, Any], source: Source, mistakes: list[Mistake]) -> None:
        known = self.settings.setdefault("drivers", {})
        for name, options in drivers.items():
            dotted = f"drivers.{name}"
            if options is None:
                self._take_out(known, dotted, source, mistakes, f"write {name}: {{}} to have the driver")
            else:
                known[name] = merged(known.get(name, {}), options)

    def _apply_hypotheses(self, hypotheses: Mapping[str, Any], source: Source, mistakes: list[Mistake]) -> None:
        """A child set changes the weight of a hypothesis, or rows of it, adds one, or takes one out by null."""
        known = self.settings.setdefault("hypotheses", {})
        for name, changes in hypotheses.items():
            dotted = f"hypotheses.{name}"
            if changes is None:
                self._take_out(known, dotted, source, mistakes, "null takes an inherited hypothesis out")
                continue
            mine = known.setdefault(name, {})
            for key, value in changes.items():
                if key in grammar.MODEL_SECTIONS and isinstance(value, dict):
                    rows = mine.setdefault(key, {})
                    rows |= {row: fields and laid(key, rows.get(row) or {}, fields) for row, fields in value.items()}
                else:
                    mine[key] = merged(mine.get(key), value) if key == "drivers" else value

    def _take_out(
        self, known: dict[str, Any], dotted: str, source: Source, mistakes: list[Mistake], way_out: str
    ) -> None:
        """Null takes out what is inherited; where nothing is, it is a mistake."""
        if known.pop(dotted.rpartition(".")[2], None) is None:
            mistakes.append(Mistake(source.where(dotted), f"'{dotted}' is null, but nothing is inherited", way_out))
        self._forget(dotted)

    def _forget(self, dotted: str) -> None:
        for key in [key for key in self.origins if key == dotted or key.startswith(dotted + ".")]:
            del self.origins[key]


def ancestry(name: str, sources: Mapping[str, Source]) -> list[Source]:
    """The sets that `name` inherits and itself, ancestors first, each once.

    Raises
    ------
    Circle
        If a set inherits itself, or through too many others; the message names them.
    """
    order: dict[str, Source] = {}

    def visit(current: str, above: tuple[str, ...]) -> None:
        if current in above:
            raise Circle(
                "sets inherit one another in a circle: " + " -> ".join((*above[above.index(current) :], current))
            )
        if len(above) >= LONGEST_LINE:
            raise Circle(
                f"more than {LONGEST_LINE} sets inherit one another in a line: {above[0]} -> {above[1]} -> ..."
            )
        if current in sources:
            for parent in sources[current].parents:
                visit(parent, (*above, current))
            order.setdefault(current, sources[current])

    visit(name, ())
    return list(order.values())


def laid(section: str, row: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """A row under that of a child set or of a hypothesis; evidence knows no families, its fields are just replaced."""
    return overlay.inherit(row, over) if section in grammar.MODEL_SECTIONS else {**row, **over}


def merged(under: Any, over: Any) -> Any:
    """Nested mappings laid over one another; anything else is replaced."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{key: merged(under.get(key), value) for key, value in over.items()}}
    return over
