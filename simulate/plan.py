"""From a checked assumption set to the arrays of the kernel: every name becomes a place, once.

The matrix of a block has the record's rows first (see `layout`), then those of this set: the written value of every
input, own quantities and ceilings, levels, peaks and dates of thresholds, and values of one step ago. Rows that never
change (certain inputs, defaults) are filled in a template that every worker copies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from simulate import drawing, layout, rules, schedule, units
from simulate.assumptions import Assumptions
from simulate.blocks import DRAWS
from simulate.conversion import CONVERSION, EACH_BLOCK, EACH_YEAR, ONCE, fill_certain
from simulate.drawing import Placed
from simulate.drivers import DRIVERS
from simulate.formulas import Formula
from simulate.kernel import ADVANCING, FOLLOWING, LIMITING, Plan
from simulate.own import Own
from simulate.programs import FORMULA, Assembler
from simulate.reached import LEVEL, PEAK
from simulate.rows import Row
from simulate.rows import yearly as yearly_rows
from simulate.sampling import STACK
from simulate.sequence import FAN
from simulate.weights import OBSERVATION


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
    derived: tuple[str, ...]  # "inputs.name" or "thresholds.name", in the order of their check
    thresholds: tuple[str, ...]  # "thresholds.name", in the order of the levels
    row_of: dict[str, int]

    @property
    def weighted(self) -> bool:
        """Whether draws have weights, by evidence."""
        return len(self.plan.evidence) + len(self.plan.observed) > 0


def prepare(assumptions: Assumptions, kept: Iterable[str] = ()) -> Prepared:
    """Lay out the memory and fill the plan; `kept` names quantities of which trajectories are kept."""
    return _Planner(assumptions).prepare(tuple(kept))


class _Planner:
    def __init__(self, assumptions: Assumptions) -> None:
        self.set = assumptions
        self.next = layout.ROWS
        self.depth = 0  # of the deepest formula
        self.yearly = yearly_rows(assumptions.rows)
        self.written = {name: self._new() for name in assumptions.rows}
        self.levels_written = {name: self._new() for name in assumptions.thresholds}
        self.kernel_rows = self._kernel_rows()
        self.results = self._result_rows()
        self.level = {name: self._new() for name in assumptions.thresholds}
        self.date = {name: self._new() for name in assumptions.thresholds}
        self.names = {**self.results, **self.written}  # an input's name wins over a ceiling's
        self.earlier = {name: self._new() for name in sorted(self._looked_back())}

    def _new(self) -> int:
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
        ceilings = {
            name: self._new() if own else layout.row(f"{name}_compute") for name, own in self.set.ceilings.items()
        }
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
        seen = {observation.quantity for observation in self.set.evidence.observations}
        return seen.union(*(o.formula.earlier for o in own.values()), *(f.earlier for f in moving.values()))

    def prepare(self, kept: tuple[str, ...]) -> Prepared:
        own, moving = self._own_formulas()
        assembler = Assembler(self.names, self.earlier)
        derived, derived_names = self._derived(assembler, moving)
        own_plan = self._own_plan(assembler, own, moving)
        evidence = self._evidence(assembler)
        conversions = self._conversions(moving)
        watched_inputs = self._watched_inputs()
        results = [*self.set.units, *(f"ceiling:{name}" for name in self.set.ceilings)]
        result_rows = [self.results[name] for name in self.set.units] + list(self.ceiling_rows.values())
        by_drivers = {name for name, ceiling in self.set.ceilings.items() if ceiling is None}
        peaks, levels = self._peaks_and_levels(moving)
        limiting = [name for name in self.set.drivers if name in LIMITING and DRIVERS[name].CEILING.name in by_drivers]
        plan = Plan(
            years=self.set.years,
            draws=drawing.draws(self._table(), self.set.correlations),
            shocks=drawing.shocks(self.set),
            program=assembler.program(),
            derived=derived,
            own=own_plan,
            conversions=conversions,
            yearly=bool(np.any(conversions["when"] == EACH_YEAR)),
            advancing=_on(ADVANCING, self.set.drivers),
            limiting=_on(LIMITING, limiting),
            following=_on(FOLLOWING, self.set.drivers),
            ceilings=_places(self.ceiling_rows[name] for name in self.set.active),
            earlier=_places((self.names[name], row) for name, row in self.earlier.items()).reshape(-1, 2),
            peaks=peaks,
            levels=levels,
            kept=_places([*(self.results[name] for name in kept), *self._kept_likelihood()]),
            evidence=evidence,
            observed=self._observed(),
            poles=rules.poles(self.set),
        )
        return Prepared(
            plan=plan,
            rules=rules.of_set(self.set),
            template=self._template(conversions),
            stack_height=max(self.depth + 1, STACK),
            inputs=tuple(watched_inputs),
            results=tuple(results),
            input_rows=_places(watched_inputs.values()),
            result_rows=_places(result_rows),
            derived=derived_names,
            thresholds=tuple(f"thresholds.{name}" for name in self.set.thresholds),
            row_of={**self.names, **{f"written:{name}": row for name, row in self.written.items()}},
        )

    def _evidence(self, assembler: Assembler) -> np.ndarray:
        """Log-likelihoods by formula."""
        likelihoods = self.set.evidence.likelihoods
        plan = np.zeros(len(likelihoods), FORMULA)
        for one, likelihood in zip(plan, likelihoods, strict=True):
            one["first"], one["end"] = self._assemble(assembler, likelihood.formula)
        return plan

    def _observed(self) -> np.ndarray:
        """Observed quantities, each with the row of its value one step ago."""
        seen = self.set.evidence.observations
        rows = [(self.results[o.quantity], self.earlier[o.quantity], o.date, o.value, o.sd) for o in seen]
        return np.array(rows, OBSERVATION)

    def _kept_likelihood(self) -> list[int]:
        """Who keeps draws needs their weights."""
        return [layout.row("likelihood")] if self.set.evidence else []

    def _peaks_and_levels(self, moving: Mapping[str, Formula]) -> tuple[np.ndarray, np.ndarray]:
        """Thresholds on one quantity share its peak, but for those whose level is another at another instant."""
        zeros, levels = self._new(), []
        peaks: dict[tuple[int, int], tuple[int, int]] = {}
        for name, threshold in self.set.thresholds.items():
            moves = name in moving or self._each_year(threshold.row)
            risen = self.results[threshold.quantity], self.level[name] if moves else zeros
            if risen not in peaks:
                peaks[risen] = self._new(), self._new()
            level = self.level[name]
            levels.append((zeros if moves else level, *peaks[risen], self.date[name], level, moves))
        return np.array([(*risen, *rows) for risen, rows in peaks.items()], PEAK), np.array(levels, LEVEL)

    def _each_year(self, row: Row) -> bool:
        """Whether a row is drawn each year, or derived from such."""
        return row.yearly or (row.formula is not None and bool(row.formula.names & self.yearly))

    def _watched_inputs(self) -> dict[str, int]:
        """Inputs in their written unit, and levels of thresholds in log10."""
        return {**self.written, **{f"threshold:{name}": row for name, row in self.level.items()}}

    def _table(self) -> list[Placed]:
        """Every row of the table, with the place of its written value."""
        rows = [Placed(name, row, self.written[name]) for name, row in self.set.rows.items()]
        levels = self.levels_written
        return rows + [Placed(f"threshold:{name}", t.row, levels[name]) for name, t in self.set.thresholds.items()]

    def _derived(self, assembler: Assembler, moving: Mapping[str, Formula]) -> tuple[np.ndarray, tuple[str, ...]]:
        """Formulas over inputs, in an order in which each finds its names."""
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
        wanted = [(f"inputs.{name}", formulas[name], self.written[name], name in self.yearly) for name in order]
        for name in levels:
            level = self.set.thresholds[name].row
            wanted.append((f"thresholds.{name}", _formula(level), self.levels_written[name], self._each_year(level)))
        derived = np.zeros(len(wanted), FORMULA)
        for one, (_, formula, row, each_year) in zip(derived, wanted, strict=True):
            one["first"], one["end"] = self._assemble(assembler, formula)
            one["row"], one["when"] = row, EACH_YEAR if each_year else EACH_BLOCK
        return derived, tuple(name for name, *_ in wanted)

    def _assemble(self, assembler: Assembler, formula: Formula) -> tuple[int, int]:
        self.depth = max(self.depth, formula.depth)
        return assembler.add(formula)

    def _conversions(self, moving: Mapping[str, Formula]) -> np.ndarray:
        """Written values to kernel rows: certain ones once, drawn and derived ones each block, yearly ones each
        year.
        """
        found: list[tuple[Any, ...]] = []
        for name, row in self.set.rows.items():
            if row.conversion and name in self.kernel_rows:
                when = EACH_YEAR if name in self.yearly else EACH_BLOCK if row.drawn or row.formula else ONCE
                found.append((self.written[name], self.kernel_rows[name], *row.conversion[:2], when))
        for name, threshold in self.set.thresholds.items():
            row = threshold.row
            if row.conversion and name not in moving:
                when = EACH_YEAR if self._each_year(row) else EACH_BLOCK if row.drawn or row.formula else ONCE
                found.append((self.levels_written[name], self.level[name], *row.conversion[:2], when))
        return np.array(found, CONVERSION)

    def _own_plan(self, assembler: Assembler, own: Mapping[str, Own], moving: Mapping[str, Formula]) -> np.ndarray:
        """Own quantities and ceilings at their stages, then the levels that move, at the end."""
        formulas = {name: item.formula for name, item in own.items()}
        due = schedule.schedule(self.set.drivers, self.set.rows, formulas)
        plan = np.zeros(len(due) + len(moving), FORMULA)
        for one, (name, stage) in zip(plan, due, strict=False):
            item = own[name]
            one["first"], one["end"] = self._assemble(assembler, item.formula)
            one["row"] = self.ceiling_rows[name] if self.set.ceilings.get(name) is item else self.results[name]
            one["operation"], one["factor"], _ = units.accepted(item.kernel_unit)[item.unit]
            one["when"] = stage
        for one, (name, formula) in zip(plan[len(due) :], moving.items(), strict=True):
            threshold = self.set.thresholds[name]
            one["first"], one["end"] = self._assemble(assembler, formula)
            one["row"] = self.level[name]
            one["operation"], one["factor"], _ = units.accepted(threshold.kernel_unit)[threshold.row.unit]
            one["when"] = schedule.END
        return plan

    def _template(self, conversions: np.ndarray) -> np.ndarray:
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


def _on(names: Iterable[str], chosen: Iterable[str]) -> np.ndarray:
    """Which members of a list of drivers take part, with room for all that a list may have."""
    taking_part = set(chosen)
    found = np.zeros(FAN * FAN, np.int64)
    flags = [name in taking_part for name in names]
    found[: len(flags)] = flags
    return found
