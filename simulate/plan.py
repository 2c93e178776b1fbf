"""From a checked assumption set to the arrays of the kernel: every name becomes a place, once.

The matrix of a block has the record's rows first (see `layout`), then those of this set: the written value of every input, own
quantities and ceilings, levels, margins and dates of thresholds, and values of one step ago. Rows that never change (certain inputs,
defaults) are filled in a template that every worker copies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from simulate import layout, sampling, schedule, units
from simulate.assumptions import Assumptions, Own
from simulate.conversion import EACH_BLOCK, EACH_YEAR, ONCE, Conversions, fill_certain
from simulate.drivers import DRIVERS
from simulate.formulas import Formula, assemble
from simulate.kernel import ADVANCING, FOLLOWING, LIMITING, Derived, Levels, Plan
from simulate.kernel import Own as OwnPlan
from simulate.laws import LAWS, LIMITS
from simulate.rows import Row
from simulate.sizes import DRAWS


class Prepared(NamedTuple):
    """A plan with the memory that it speaks of, and what its rows mean."""

    plan: Plan
    rules: Any  # numpy record
    template: np.ndarray  # (row, draw)
    stack_height: int
    inputs: tuple[str, ...]  # watched inputs and levels ("threshold:name"), in order
    results: tuple[str, ...]  # watched quantities, then "ceiling:name"
    input_rows: np.ndarray
    result_rows: np.ndarray
    derived: tuple[str, ...]  # names of derived inputs, in the order of their check
    row_of: dict[str, int]


def prepare(assumptions: Assumptions, kept: Iterable[str] = ()) -> Prepared:
    """Lay out the memory and fill the plan; `kept` names quantities of which trajectories are kept."""
    return _Planner(assumptions).prepare(tuple(kept))


class _Planner:
    def __init__(self, assumptions: Assumptions) -> None:
        self.set = assumptions
        self.next = layout.ROWS
        self.written = {name: self._new() for name in assumptions.rows}
        self.levels_written = {name: self._new() for name in assumptions.thresholds}
        self.kernel_rows = self._kernel_rows()
        self.results = self._result_rows()
        self.level = {name: self._new() for name in assumptions.thresholds}
        self.margin = {name: self._new() for name in assumptions.thresholds}
        self.date = {name: self._new() for name in assumptions.thresholds}
        self.names = {**self.results, **self.written}  # an input's name wins over a ceiling's
        self.earlier = {name: self._new() for name in sorted(self._looked_back())}

    def _new(self) -> int:
        self.next += 1
        return self.next - 1

    def _kernel_rows(self) -> dict[str, int]:
        """Row of the record that each input of the set's drivers fills."""
        found = {}
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
        ceilings = {name: self._new() if own else layout.row(f"{name}_compute") for name, own in self.set.ceilings.items()}
        self.ceiling_rows = ceilings
        found |= ceilings
        training = {quantity.name: layout.row(quantity.name) for quantity in layout.TRAINING}
        for name in self.set.units:
            found[name] = training.get(name) or by_drivers.get(name) or self._new()
        return found

    def _own_formulas(self) -> tuple[dict[str, Own], dict[str, Formula]]:
        """The set's own quantities and ceilings, and the levels that move with quantities or the year."""
        own = dict(self.set.quantities)
        own |= {name: ceiling for name, ceiling in self.set.ceilings.items() if ceiling}
        moving = {}
        for name, threshold in self.set.thresholds.items():
            formula = threshold.row.formula
            if formula and (formula.moves or not formula.names <= set(self.set.rows)):
                moving[name] = formula
        return own, moving

    def _looked_back(self) -> set[str]:
        own, moving = self._own_formulas()
        return set().union(*(o.formula.earlier for o in own.values()), *(f.earlier for f in moving.values()))

    def prepare(self, kept: tuple[str, ...]) -> Prepared:
        own, moving = self._own_formulas()
        own_plan, own_depth = self._own_plan(own, moving)
        derived, derived_names, depth = self._derived(moving)
        conversions = self._conversions(moving)
        template = self._template(conversions)
        watched_inputs = self._watched_inputs()
        results = [*self.set.units, *(f"ceiling:{name}" for name in self.set.ceilings)]
        result_rows = [self.results[name] for name in self.set.units] + list(self.ceiling_rows.values())
        thresholds = self.set.thresholds
        plan = Plan(
            years=self.set.years,
            draws=self._draws(),
            shocks=self._shocks(),
            derived=derived,
            conversions=conversions,
            own=own_plan,
            driver_on=self._on(ADVANCING, self.set.drivers),
            ceiling_on=self._ceilings_on(),
            follow_on=self._on(FOLLOWING, self.set.drivers),
            ceilings=_places(self.ceiling_rows[name] for name in self.set.active),
            earlier=_places((self.names[name], row) for name, row in self.earlier.items()).reshape(-1, 2),
            levels=Levels(
                _places(self.level.values()),
                _places(self.results[threshold.quantity] for threshold in thresholds.values()),
                _places(self.margin.values()),
                _places(self.date.values()),
            ),
            input_logs=np.zeros(len(watched_inputs), np.int64),
            kept=_places(self.results[name] for name in kept),
        )
        return Prepared(
            plan=plan,
            rules=self._rules(),
            template=template,
            stack_height=max(own_depth, depth, 3) + 1,
            inputs=tuple(watched_inputs),
            results=tuple(results),
            input_rows=_places(watched_inputs.values()),
            result_rows=_places(result_rows),
            derived=derived_names,
            row_of={**self.names, **{f"written:{name}": row for name, row in self.written.items()}},
        )

    def _watched_inputs(self) -> dict[str, int]:
        """Inputs in their written unit, and levels of thresholds in log10."""
        return {**self.written, **{f"threshold:{name}": row for name, row in self.level.items()}}

    def _table(self) -> list[tuple[str, Row, int]]:
        """Every row of the table: the name that its random numbers are tagged with, the row, where its written value goes."""
        rows = [(name, row, self.written[name]) for name, row in self.set.rows.items()]
        return rows + [(f"threshold:{name}", t.row, self.levels_written[name]) for name, t in self.set.thresholds.items()]

    def _draws(self) -> sampling.Draws:
        drawn = [(tag, row, place) for tag, row, place in self._table() if row.drawn]
        packed = sampling.pack([row.shape for _, row, _ in drawn if row.shape])
        places = {row.name if tag == row.name else tag: place for tag, row, place in drawn}
        correlated = [places.get(name, places.get(f"threshold:{name}")) for name in self.set.correlations.names]
        return packed._replace(
            row=_places(place for _, _, place in drawn),
            tag=np.array([sampling.tag(tag) for tag, _, _ in drawn], np.uint64),
            yearly=_places(row.yearly for _, row, _ in drawn),
            correlated=_places(place for place in correlated if place is not None),
            mixing=np.ascontiguousarray(self.set.correlations.factor),
        )

    def _shocks(self) -> sampling.Shocks:
        names = [path for path in self.set.paths if f"{path}_volatility" in self.set.rows]
        parts = ("volatility", "whole_shocks", "shock", "noise")
        return sampling.Shocks(
            np.array([sampling.tag(f"{name}_volatility") for name in names], np.uint64),
            *(_places(layout.row(name, part) for name in names) for part in parts),
        )

    def _yearly(self) -> set[str]:
        """Inputs that take a new value every year: drawn so, or derived from such."""
        found = {name for name, row in self.set.rows.items() if row.yearly}
        while True:
            more = {name for name, row in self.set.rows.items() if row.formula and row.formula.names & found} - found
            if not more:
                return found
            found |= more

    def _derived(self, moving: Mapping[str, Formula]) -> tuple[Derived, tuple[str, ...], int]:
        """Formulas over inputs, in an order in which each finds its names."""
        yearly = self._yearly()
        formulas = {name: row.formula for name, row in self.set.rows.items() if row.formula}
        order: list[str] = []

        def place(name: str) -> None:
            if name in formulas and name not in order:
                for other in sorted(formulas[name].names):
                    place(other)
                order.append(name)

        for name in formulas:
            place(name)
        levels = [name for name, t in self.set.thresholds.items() if t.row.formula and name not in moving]
        programs = [formulas[name] for name in order] + [_formula(self.set.thresholds[name].row) for name in levels]
        when = [EACH_YEAR if name in yearly else EACH_BLOCK for name in order]
        when += [EACH_YEAR if _formula(self.set.thresholds[name].row).names & yearly else EACH_BLOCK for name in levels]
        rows = [self.written[name] for name in order] + [self.levels_written[name] for name in levels]
        names = tuple([f"inputs.{name}" for name in order] + [f"thresholds.{name}" for name in levels])
        depth = max((formula.depth for formula in programs), default=0)
        return Derived(assemble(programs, self.written, {}), _places(rows), _places(when)), names, depth

    def _conversions(self, moving: Mapping[str, Formula]) -> Conversions:
        """Written values to kernel rows: certain ones once, drawn and derived ones each block, yearly ones each year."""
        yearly = self._yearly()
        found = []
        for name, row in self.set.rows.items():
            if row.conversion and name in self.kernel_rows:
                when = EACH_YEAR if name in yearly else EACH_BLOCK if row.drawn or row.formula else ONCE
                found.append((self.written[name], self.kernel_rows[name], *row.conversion[:2], when))
        for name, threshold in self.set.thresholds.items():
            row = threshold.row
            if row.conversion and name not in moving:
                each_year = row.yearly or (row.formula is not None and bool(row.formula.names & yearly))
                when = EACH_YEAR if each_year else EACH_BLOCK if row.drawn or row.formula else ONCE
                found.append((self.levels_written[name], self.level[name], *row.conversion[:2], when))
        source, target, operation, factor, when_ = zip(*found, strict=True) if found else ((),) * 5
        return Conversions(
            _places(source), _places(target), _places(operation), np.array(factor, np.float64), _places(when_)
        )

    def _own_plan(self, own: Mapping[str, Own], moving: Mapping[str, Formula]) -> tuple[OwnPlan, int]:
        formulas = {name: item.formula for name, item in own.items()}
        due = schedule.schedule(self.set.drivers, self.set.rows, formulas, moving)
        programs, rows, operations, factors = [], [], [], []
        for item in due:
            if item.name in own and item.stage <= schedule.END and (item.name not in moving or len(rows) < len(own)):
                one = own[item.name]
                programs.append(one.formula)
                rows.append(self.ceiling_rows.get(item.name, self.results.get(item.name)))
                conversion = units.accepted(one.kernel_unit)[one.unit]
            else:
                threshold = self.set.thresholds[item.name]
                programs.append(moving[item.name])
                rows.append(self.level[item.name])
                conversion = units.accepted(threshold.kernel_unit)[threshold.row.unit]
            operations.append(conversion.operation)
            factors.append(conversion.factor)
        program = assemble(programs, self.names, self.earlier)
        depth = max((formula.depth for formula in programs), default=0)
        stages = _places(item.stage for item in due)
        return OwnPlan(program, _places(rows), _places(operations), np.array(factors, np.float64), stages), depth

    def _on(self, names: Iterable[str], chosen: Iterable[str]) -> np.ndarray:
        return _places(name in chosen for name in names)

    def _ceilings_on(self) -> np.ndarray:
        stated = {name for name, own in self.set.ceilings.items() if own is None}
        return _places(
            name in self.set.drivers and DRIVERS[name].CEILING.name in stated for name in LIMITING
        )

    def _rules(self) -> Any:
        rules = np.zeros(1, layout.RULES).view(np.recarray)[0]
        for driver in DRIVERS.values():
            for path in layout.paths(driver):
                choice = self.set.paths.get(path.name)
                if choice:
                    rules[path.name] = (list(LAWS).index(choice.law), list(LIMITS).index(choice.limit), choice.at, 1)
            for item in layout.inputs(driver):
                if item.dated:
                    rules[f"{item.name}_at"] = self.set.dated.get(item.name, self.set.start)
        rules["start"] = self.set.start
        rules["sharpness"] = self.set.sharpness or 0.0
        return rules

    def _template(self, conversions: Conversions) -> np.ndarray:
        rows = np.zeros((self.next, DRAWS))
        for driver in DRIVERS.values():
            for path in layout.paths(driver):
                rows[layout.row(path.name, "limit")] = math.inf
                rows[layout.row(path.name, "start")] = path.start or 0.0
                if path.optional:
                    rows[layout.row(path.name, "value")] = math.inf
            for item in layout.inputs(driver):
                rows[layout.row(item.name)] = item.default if item.default is not None else 0.0
        for _, row, place in self._table():
            if row.certain is not None:
                rows[place] = row.certain
        fill_certain(conversions, rows)
        return rows


def _formula(row: Row) -> Formula:
    assert row.formula is not None
    return row.formula


def _places(values: Iterable[Any]) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)
