"""A set at many points: other numbers in a few rows, without building the set anew.

To check a set and to lay out its plan costs more than ten thousand draws. Between two points only the numbers of the
swept rows differ, so those rows are checked and laid over the arrays of the first point: a certain row is one row of
the template and its conversion, drawn rows are packed anew. Where more than numbers differs (a hypothesis that lays its
own row over, a date, a distribution that shrinks to a value) the set is built whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from simulate import assumptions, conversion, overlay, sampling, table
from simulate.assumptions import Assumptions
from simulate.checking import Check, Where
from simulate.errors import Mistakes
from simulate.plan import Prepared, prepare
from simulate.rows import Row
from simulate.swept import Axis


class Point(NamedTuple):
    """A set with the numbers of a point, and the plans of its members."""

    set: Assumptions
    prepared: list[Prepared]


class Points:
    """The points of a grid over one set."""

    def __init__(self, settings: Mapping[str, Any], where: Where, axes: Sequence[Axis]) -> None:
        self.settings, self.where, self.axes = settings, where, axes
        self.first: Point | None = None

    def build(self, numbers: Sequence[float]) -> Point:
        """Check the whole set at a point and lay out its plan; the first such point is what others start from.

        Raises
        ------
        Mistakes
            If the set does not hold with these numbers.
        """
        built = assumptions.build(self._settings(numbers), self.where)
        found = Point(built, [prepare(member.set) for member in built.members])
        self.first = self.first or found
        return found

    def at(self, numbers: Sequence[float]) -> Point:
        """The set at a point; raises as `build` does."""
        first = self.first
        if first is None or first.set.hypotheses:
            return self.build(numbers)
        settings = self._settings(numbers)
        swept = dict.fromkeys(axis.row for axis in self.axes)
        check = Check({"inputs": {name: settings["inputs"][name] for name in swept}}, self.where)
        found = table.read(check)
        if check.mistakes:
            raise Mistakes(check.mistakes)
        if not all(_alike(row, first.set.rows[name]) for name, row in found.items()):
            return self.build(numbers)
        moved = replace(first.set, rows={**first.set.rows, **found}, settings=settings)
        table.fit_laws(check, moved.rows, moved.paths)
        if check.mistakes:
            raise Mistakes(check.mistakes)
        return Point(moved, [_moved(first.prepared[0], moved, found)])

    def _settings(self, numbers: Sequence[float]) -> dict[str, Any]:
        fields: dict[str, dict[str, float]] = {}
        for axis, number in zip(self.axes, numbers, strict=True):
            fields.setdefault(axis.row, {})[axis.field] = number
        rows = self.settings["inputs"]
        changed = {row: overlay.patch(rows[row], stated) for row, stated in fields.items()}
        return {**self.settings, "inputs": {**rows, **changed}}


def _alike(one: Row, other: Row) -> bool:
    """Whether two rows differ by their numbers alone."""
    kinds = [(row.drawn, row.formula, row.conversion, row.at, row.yearly) for row in (one, other)]
    return kinds[0] == kinds[1] and one.formula is None


def _moved(prepared: Prepared, one: Assumptions, changed: Mapping[str, Row]) -> Prepared:
    """The plan with the numbers of the changed rows."""
    template, draws = prepared.template, prepared.plan.draws
    certain = {name: row.certain for name, row in changed.items() if row.certain is not None}
    if certain:
        template = template.copy()
        places = [prepared.row_of[f"written:{name}"] for name in certain]
        for place, value in zip(places, certain.values(), strict=True):
            template[place] = value
        conversions = prepared.plan.conversions
        conversion.fill_certain(conversions[np.isin(conversions["source"], places)], template)
    if len(certain) < len(changed):
        every = [*one.rows.values(), *(level.row for level in one.thresholds.values())]
        packed = sampling.pack([row.shape for row in every if row.drawn and row.shape])
        for field in ("row", "tag", "dimension", "yearly"):
            packed.drawn[field] = draws.drawn[field]
        draws = packed._replace(correlated=draws.correlated, mixing=draws.mixing)
    return prepared._replace(template=template, plan=prepared.plan._replace(draws=draws))
