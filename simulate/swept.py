"""What a grid sweeps: fields of rows, each with the values that it takes.

`grid.spend_growth=[2.5,3,3.5]` pins the row to one value after another, `grid.spend_growth.high=[...]` moves one field
of its distribution, and `{from: 2, to: 4, steps: 9}` counts out the values (`spacing: log` in equal factors).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simulate import grammar
from simulate.errors import Mistake, did_you_mean, or_rather, shown
from simulate.run_keys import Refusal

MOST_POINTS = 100_000
MOST_STEPS = 10_000
RANGE = ("from", "to", "steps", "spacing")
SPACINGS = ("linear", "log")
EXAMPLE = "write [2.5,3,3.5] or {from: 2, to: 4, steps: 9}"
#: Dimensions and variables of the result: a row of such a name keeps its field in the name of the axis.
TAKEN = ("year", "threshold", "quantile", "crossing_quantile", "answer_year", "point", "problem", "crossing")


class Axis(NamedTuple):
    """One swept field of one row."""

    row: str
    field: str
    values: tuple[float, ...]

    @property
    def key(self) -> str:
        """Its word on the command line."""
        return f"grid.{self.row}" + ("" if self.field == "value" else f".{self.field}")

    @property
    def name(self) -> str:
        """Its name in the result."""
        return self.row if self.field == "value" and self.row not in TAKEN else f"{self.row}_{self.field}"


def values(given: Any) -> tuple[float, ...]:
    """The values that a list or a range stands for.

    Raises
    ------
    Refusal
        If it is neither.
    """
    found = _counted_out(given) if isinstance(given, Mapping) else given
    if not isinstance(found, list | tuple) or not found:
        raise Refusal("is no list of values", EXAMPLE)
    for value in found:
        if not _is_number(value):
            raise Refusal(f"{shown(value)} is no finite number", EXAMPLE)
    plain = tuple(float(value) for value in found)
    if len(set(plain)) < len(plain):
        raise Refusal("holds a value twice", "give each value once")
    return plain


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _counted_out(given: Mapping[str, Any]) -> list[float]:
    unknown = [key for key in given if key not in RANGE]
    if unknown:
        raise Refusal(f"{shown(unknown[0])} is no part of a range{did_you_mean(str(unknown[0]), RANGE)}", EXAMPLE)
    missing = [key for key in RANGE[:3] if key not in given]
    if missing:
        raise Refusal(f"the range has no {missing[0]}", EXAMPLE)
    start, stop, steps, spacing = (given.get(key) for key in RANGE)
    if not (_is_number(start) and _is_number(stop)):
        raise Refusal("the ends of a range are finite numbers", EXAMPLE)
    assert isinstance(start, int | float)
    assert isinstance(stop, int | float)
    if isinstance(steps, bool) or not isinstance(steps, int) or not 2 <= steps <= MOST_STEPS:
        raise Refusal(f"steps = {shown(steps)}: the number of values", f"a whole number from 2 to {MOST_STEPS}")
    if spacing not in (None, *SPACINGS):
        raise Refusal(f"spacing = {shown(spacing)}", f"one of: {', '.join(SPACINGS)}")
    if spacing == "log" and min(start, stop) <= 0:
        raise Refusal("spacing: log needs ends above 0", EXAMPLE)
    space = np.geomspace if spacing == "log" else np.linspace
    return [float(f"{value:.12g}") for value in space(start, stop, steps)]


def check(where: str, key: str, given: Any, rows: Iterable[str], near: str | None) -> Mistake | None:
    """What is wrong with the word `grid.ROW=...`; `near` is the row that a misspelt one is taken for."""
    row, _, field = key.removeprefix("grid.").partition(".")
    if row not in rows:
        meant = or_rather(near and f"grid.{near}{'.' if field else ''}{field}")
        return Mistake(where, f"the set has no input '{row}'{meant}", "see the rows of inputs in the set")
    if field and field not in grammar.NUMBER_FIELDS:
        known = did_you_mean(field, grammar.NUMBER_FIELDS)
        return Mistake(where, f"unknown field '{key}'{known}", f"fields: {', '.join(grammar.NUMBER_FIELDS)}")
    try:
        values(given)
    except Refusal as refusal:
        return Mistake(where, f"{key} = {shown(given)}: {refusal.what}", refusal.way_out)
    return None


def axes(grid: Mapping[str, Any], by: str, mistakes: list[Mistake]) -> list[Axis]:
    """The axes of a checked grid, {"spend_growth.high": [3, 4]}; what does not fit together goes into `mistakes`."""
    found: dict[tuple[str, str], Axis] = {}
    for key, given in grid.items():
        row, _, field = key.partition(".")
        axis = Axis(row, field or "value", values(given))
        if (row, axis.field) in found:
            mistakes.append(Mistake(axis.key, "is given twice", "remove one of them"))
        found[row, axis.field] = axis
    for row, field in found:
        others = [axis.field for axis in found.values() if axis.row == row and axis.field != "value"]
        if field == "value" and others:
            what = f"a value pins {row}, so that {others[0]} would change nothing"
            mistakes.append(Mistake(found[row, field].key, what, "sweep one of them"))
    every = list(found.values())
    if by == "zip" and len({len(axis.values) for axis in every}) > 1:
        told = ", ".join(f"{axis.key} {len(axis.values)}" for axis in every)
        mistakes.append(Mistake("grid_by", f"zip needs lists of one length: {told}", "or write grid_by=product"))
    count = 0 if not every else len(every[0].values) if by == "zip" else math.prod(len(a.values) for a in every)
    if count > MOST_POINTS:
        mistakes.append(Mistake("grid", f"{count} points", f"at most {MOST_POINTS}"))
    return every


def points(every: Sequence[Axis], by: str) -> list[tuple[float, ...]]:
    """The values of all axes at every point; of a product the last axis runs fastest."""
    lists = [axis.values for axis in every]
    return list(zip(*lists, strict=True)) if by == "zip" else list(itertools.product(*lists))
