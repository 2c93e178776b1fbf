"""Where everything of a set lies in the matrix of a block: the row of every name, looked up once.

The matrix has the record's rows first (see `layout`), then those of this set: the written value of every input, own
quantities and ceilings, levels, peaks and dates of thresholds, and values of one step ago. Rows that never change
(certain inputs, defaults) are filled in a template that every worker copies.
"""

from __future__ import annotations

import math

import numpy as np

from simulate import layout
from simulate.assumptions import Assumptions
from simulate.blocks import DRAWS
from simulate.conversion import fill_certain
from simulate.drawing import Placed
from simulate.drivers import DRIVERS
from simulate.formulas import Formula
from simulate.own import Own


class Places:
    """The rows of the matrix that an assumption set needs, and what lies in them before the first draw."""

    def __init__(self, assumptions: Assumptions) -> None:
        self.set = assumptions
        self.next = layout.ROWS
        self.own, self.moving = _own_formulas(assumptions)
        self.written = {name: self.new() for name in assumptions.rows}
        self.levels_written = {name: self.new() for name in assumptions.thresholds}
        self.kernel_rows = self._kernel_rows()
        self.ceilings = {
            name: self.new() if own else layout.row(f"{name}_compute") for name, own in assumptions.ceilings.items()
        }
        self.results = self._result_rows()
        self.level = {name: self.new() for name in assumptions.thresholds}
        self.date = {name: self.new() for name in assumptions.thresholds}
        self.names = {**self.results, **self.written}  # an input's name wins over a ceiling's
        self.earlier = {name: self.new() for name in sorted(self._looked_back())}

    def new(self) -> int:
        """A row that nothing else has; it holds zeros."""
        self.next += 1
        return self.next - 1

    def _kernel_rows(self) -> dict[str, int]:
        """Row of the record that each input of the set's drivers fills."""
        found: dict[str, int] = {}
        for driver in (DRIVERS[name] for name in self.set.drivers):
            for path in layout.paths(driver):
                found |= {row.name: layout.row(path.name, row.parameter) for row in layout.path_rows(path)}
            found |= {item.name: layout.row(item.name) for item in layout.inputs(driver)}
        return found

    def _result_rows(self) -> dict[str, int]:
        """Row of every quantity and ceiling; a set's own quantity may stand in a driver's place."""
        found: dict[str, int] = {}
        by_drivers: dict[str, int] = {}
        for driver in DRIVERS.values():
            for path in layout.paths(driver):
                by_drivers[path.quantity] = layout.row(path.name, "value")
            by_drivers |= {quantity.name: layout.row(quantity.name) for quantity in getattr(driver, "QUANTITIES", ())}
        found |= self.ceilings
        training = {quantity.name: layout.row(quantity.name) for quantity in layout.TRAINING}
        for name in self.set.units:
            found[name] = training.get(name) or by_drivers.get(name) or self.new()
        return found

    def _looked_back(self) -> set[str]:
        """The quantities of which the value of one step ago is asked for."""
        seen = {observation.quantity for observation in self.set.evidence.observations}
        formulas = [*(own.formula for own in self.own.values()), *self.moving.values()]
        return seen.union(*(formula.earlier for formula in formulas))

    def watched_inputs(self) -> dict[str, int]:
        """Inputs in their written unit, and levels of thresholds in log10."""
        return {**self.written, **{f"threshold:{name}": row for name, row in self.level.items()}}

    def table(self) -> list[Placed]:
        """Every row of the table, with the place of its written value."""
        rows = [Placed(name, row, self.written[name]) for name, row in self.set.rows.items()]
        levels = self.levels_written
        return rows + [Placed(f"threshold:{name}", t.row, levels[name]) for name, t in self.set.thresholds.items()]

    def template(self, conversions: np.ndarray) -> np.ndarray:
        """The matrix (row, draw) before the first draw."""
        rows = np.zeros((self.next, DRAWS))
        for driver in DRIVERS.values():
            for path in layout.paths(driver):
                rows[layout.row(path.name, "limit")] = math.inf
                rows[layout.row(path.name, "start")] = path.start or 0.0
                if path.optional:
                    rows[layout.row(path.name, "value")] = math.inf
            for item in layout.inputs(driver):
                rows[layout.row(item.name)] = item.default if item.default is not None else 0.0
        for _, row, place in self.table():
            if row.certain is not None:
                rows[place] = row.certain
        fill_certain(conversions, rows)
        return rows


def _own_formulas(assumptions: Assumptions) -> tuple[dict[str, Own], dict[str, Formula]]:
    """The set's own quantities and ceilings, and the levels that move with quantities or the year."""
    own = dict(assumptions.quantities)
    own |= {name: ceiling for name, ceiling in assumptions.ceilings.items() if ceiling}
    moving = {}
    for name, threshold in assumptions.thresholds.items():
        formula = threshold.row.formula
        if formula and (formula.moves or not formula.names <= set(assumptions.rows)):
            moving[name] = formula
    return own, moving
