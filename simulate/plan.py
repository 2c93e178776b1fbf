"""From a checked assumption set to the arrays of the kernel: every name becomes a place, once.

The matrix of a block has the record's rows first (see `layout`), then those of this set: the written value of every
input, own quantities and ceilings, levels, margins and dates of thresholds, and values of one step ago. Rows that never
change (certain inputs, defaults) are filled in a template that every worker copies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from simulate import layout, sampling, schedule, units
from simulate.assumptions import Assumptions
from simulate.blocks import DRAWS
from simulate.conversion import CONVERSION, EACH_BLOCK, EACH_YEAR, ONCE, fill_certain
from simulate.drivers import DRIVERS
from simulate.errors import Mistake, Mistakes
from simulate.formulas import Formula
from simulate.kernel import ADVANCING, FOLLOWING, LIMITING, POLE, Plan
from simulate.laws import LAWS, LIMITS
from simulate.own import Own
from simulate.programs import FORMULA, Assembler
from simulate.reached import LEVEL
from simulate.rows import Row
from simulate.rows import yearly as yearly_rows
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
    derived: tuple[str, ...]  # names of derived inputs, in the order of their check
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
        limiting = [name for name in self.set.drivers if name in LIMITING and DRIVERS[name].CEILING.name in by_drivers]
        plan = Plan(
            years=self.set.years,
            draws=self._draws(),
            shocks=self._shocks(),
            program=assembler.program(),
            derived=derived,
            own=own_plan,
            conversions=conversions,
            advancing=_on(ADVANCING, self.set.drivers),
            limiting=_on(LIMITING, limiting),
            following=_on(FOLLOWING, self.set.drivers),
            ceilings=_places(self.ceiling_rows[name] for name in self.set.active),
            earlier=_places((self.names[name], row) for name, row in self.earlier.items()).reshape(-1, 2),
            levels=self._levels(),
            kept=_places([*(self.results[name] for name in kept), *self._kept_likelihood()]),
            evidence=evidence,
            observed=self._observed(),
            poles=self._poles(),
        )
        return Prepared(
            plan=plan,
            rules=self._rules(),
            template=self._template(conversions),
            stack_height=max(self.depth, 3) + 1,
            inputs=tuple(watched_inputs),
            results=tuple(results),
            input_rows=_places(watched_inputs.values()),
            result_rows=_places(result_rows),
            derived=derived_names,
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

    def _poles(self) -> np.ndarray:
        """Paths whose law has a pole."""
        rows = [
            (
                layout.row(name, "growth"),
                layout.row(name, "acceleration"),
                self._since(f"{name}_start", f"{name}_growth"),
            )
            for name in self.set.superexponential
        ]
        return np.array(rows, POLE)

    def _levels(self) -> np.ndarray:
        levels = np.zeros(len(self.level), LEVEL)
        levels["level"] = list(self.level.values())
        levels["quantity"] = [self.results[threshold.quantity] for threshold in self.set.thresholds.values()]
        levels["margin"] = list(self.margin.values())
        levels["date"] = list(self.date.values())
        return levels

    def _watched_inputs(self) -> dict[str, int]:
        """Inputs in their written unit, and levels of thresholds in log10."""
        return {**self.written, **{f"threshold:{name}": row for name, row in self.level.items()}}

    def _table(self) -> list[tuple[str, Row, int]]:
        """Every row of the table: the name that its random numbers are tagged with, the row, where its written value
        goes.
        """
        rows = [(name, row, self.written[name]) for name, row in self.set.rows.items()]
        return rows + [
            (f"threshold:{name}", t.row, self.levels_written[name]) for name, t in self.set.thresholds.items()
        ]

    def _check_tags(self) -> None:
        """Two names with one tag would share every draw; by chance that happens once in 1e11 sets of fifty rows."""
        seen: dict[int, str] = {}
        for name, row, _ in self._table():
            other = seen.setdefault(sampling.tag(name), name)
            if other != name:
                what = f"'{name}' and '{other}' have the same random numbers (their hashes meet)"
                raise Mistakes([Mistake(row.where, what, "rename one of them")])

    def _draws(self) -> sampling.Draws:
        self._check_tags()
        drawn = [(tag, row, place) for tag, row, place in self._table() if row.drawn]
        packed = sampling.pack([row.shape for _, row, _ in drawn if row.shape])
        packed.drawn["row"] = [place for _, _, place in drawn]
        packed.drawn["tag"] = [sampling.tag(tag) for tag, _, _ in drawn]
        packed.drawn["yearly"] = [row.yearly for _, row, _ in drawn]
        places = {tag: place for tag, _, place in drawn}
        correlated = [places[name if name in places else f"threshold:{name}"] for name in self.set.correlations.names]
        return packed._replace(
            correlated=_places(correlated), mixing=np.ascontiguousarray(self.set.correlations.factor)
        )

    def _shocks(self) -> np.ndarray:
        names = [path for path in self.set.paths if f"{path}_volatility" in self.set.rows]
        shocks = np.zeros(len(names), sampling.SHOCK)
        shocks["tag"] = [sampling.tag(f"{name}_volatility") for name in names]
        for part in ("volatility", "whole_shocks", "shock", "noise"):
            shocks[part] = [layout.row(name, part) for name in names]
        return shocks

    def _derived(self, assembler: Assembler, moving: Mapping[str, Formula]) -> tuple[np.ndarray, tuple[str, ...]]:
        """Formulas over inputs, in an order in which each finds its names."""
        yearly = yearly_rows(self.set.rows)
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
        wanted = [(f"inputs.{name}", formulas[name], self.written[name], name in yearly) for name in order]
        for name in levels:
            formula = _formula(self.set.thresholds[name].row)
            wanted.append((f"thresholds.{name}", formula, self.levels_written[name], bool(formula.names & yearly)))
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
        yearly = yearly_rows(self.set.rows)
        found: list[tuple[Any, ...]] = []
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

    def _rules(self) -> Any:
        rules = np.zeros(1, layout.RULES).view(np.recarray)[0]
        for driver in DRIVERS.values():
            for path in layout.paths(driver):
                choice = self.set.paths.get(path.name)
                if choice:
                    laws = list(LAWS).index(choice.law), list(LIMITS).index(choice.limit)
                    rules[path.name] = (*laws, self._since(f"{path.name}_start", f"{path.name}_growth"), 1)
            for item in layout.inputs(driver):
                if item.dated:
                    rules[f"{item.name}_at"] = self._since(item.name)
        rules["start"] = self.set.start
        rules["sharpness"] = self.set.sharpness or 0.0
        return rules

    def _since(self, *names: str) -> float:
        """The date at which a row held: the first `at` among these rows, else the start."""
        dates = [self.set.rows[name].at for name in names if name in self.set.rows]
        return next((date for date in dates if date is not None), self.set.start)

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
