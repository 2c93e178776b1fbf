"""From a checked assumption set to the arrays of the kernel: every name becomes its row in the matrix of `places`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from simulate import drawing, layout, rules, schedule, units
from simulate.assumptions import Assumptions
from simulate.conversion import CONVERSION, EACH_BLOCK, EACH_YEAR, ONCE
from simulate.drivers import DRIVERS
from simulate.formulas import Formula
from simulate.kernel import ADVANCING, FOLLOWING, LIMITING, Plan
from simulate.places import Places
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
        self.set, self.places = assumptions, Places(assumptions)
        self.depth = 0  # of the deepest formula
        self.yearly = yearly_rows(assumptions.rows)

    def prepare(self, kept: tuple[str, ...]) -> Prepared:
        places = self.places
        assembler = Assembler(places.names, places.earlier)
        derived, derived_names = self._derived(assembler)
        own = self._own(assembler)
        evidence = self._evidence(assembler)
        conversions = self._conversions()
        peaks, levels = self._peaks_and_levels()
        watched_inputs = places.watched_inputs()
        results = [*self.set.units, *(f"ceiling:{name}" for name in self.set.ceilings)]
        result_rows = [places.results[name] for name in self.set.units] + list(places.ceilings.values())
        by_drivers = {name for name, ceiling in self.set.ceilings.items() if ceiling is None}
        limiting = [name for name in self.set.drivers if name in LIMITING and DRIVERS[name].CEILING.name in by_drivers]
        plan = Plan(
            years=self.set.years,
            draws=drawing.draws(places.table(), self.set.correlations),
            shocks=drawing.shocks(self.set),
            program=assembler.program(),
            derived=derived,
            own=own,
            conversions=conversions,
            yearly=bool(np.any(conversions["when"] == EACH_YEAR)),
            advancing=_on(ADVANCING, self.set.drivers),
            limiting=_on(LIMITING, limiting),
            following=_on(FOLLOWING, self.set.drivers),
            ceilings=_rows(places.ceilings[name] for name in self.set.active),
            earlier=_rows((places.names[name], row) for name, row in places.earlier.items()).reshape(-1, 2),
            peaks=peaks,
            levels=levels,
            kept=_rows([*(places.results[name] for name in kept), *self._kept_likelihood()]),
            evidence=evidence,
            observed=self._observed(),
            poles=rules.poles(self.set),
        )
        return Prepared(
            plan=plan,
            rules=rules.of_set(self.set),
            template=places.template(conversions),
            stack_height=max(self.depth + 1, STACK),
            inputs=tuple(watched_inputs),
            results=tuple(results),
            input_rows=_rows(watched_inputs.values()),
            result_rows=_rows(result_rows),
            derived=derived_names,
            thresholds=tuple(f"thresholds.{name}" for name in self.set.thresholds),
            row_of={**places.names, **{f"written:{name}": row for name, row in places.written.items()}},
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
        results, earlier = self.places.results, self.places.earlier
        rows = [(results[o.quantity], earlier[o.quantity], o.date, o.value, o.sd) for o in seen]
        return np.array(rows, OBSERVATION)

    def _kept_likelihood(self) -> list[int]:
        """Who keeps draws needs their weights."""
        return [layout.row("likelihood")] if self.set.evidence else []

    def _peaks_and_levels(self) -> tuple[np.ndarray, np.ndarray]:
        """Thresholds on one quantity share its peak, but for those whose level is another at another instant."""
        places, levels = self.places, []
        zeros = places.new()
        peaks: dict[tuple[int, int], tuple[int, int]] = {}
        for name, threshold in self.set.thresholds.items():
            stated = places.level[name]
            moves = name in places.moving or self._each_year(threshold.row)
            risen = places.results[threshold.quantity], stated if moves else zeros
            if risen not in peaks:
                peaks[risen] = places.new(), places.new()
            levels.append((stated, zeros if moves else stated, *peaks[risen], places.date[name]))
        return np.array([(*risen, *rows) for risen, rows in peaks.items()], PEAK), np.array(levels, LEVEL)

    def _each_year(self, row: Row) -> bool:
        """Whether a row is drawn each year, or derived from such."""
        return row.yearly or (row.formula is not None and bool(row.formula.names & self.yearly))

    def _derived(self, assembler: Assembler) -> tuple[np.ndarray, tuple[str, ...]]:
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
        levels = [name for name, t in self.set.thresholds.items() if t.row.formula and name not in self.places.moving]
        wanted = [(f"inputs.{name}", formulas[name], self.places.written[name], name in self.yearly) for name in order]
        for name in levels:
            level = self.set.thresholds[name].row
            written = self.places.levels_written[name]
            wanted.append((f"thresholds.{name}", _formula(level), written, self._each_year(level)))
        derived = np.zeros(len(wanted), FORMULA)
        for one, (_, formula, row, each_year) in zip(derived, wanted, strict=True):
            one["first"], one["end"] = self._assemble(assembler, formula)
            one["row"], one["when"] = row, EACH_YEAR if each_year else EACH_BLOCK
        return derived, tuple(name for name, *_ in wanted)

    def _assemble(self, assembler: Assembler, formula: Formula) -> tuple[int, int]:
        self.depth = max(self.depth, formula.depth)
        return assembler.add(formula)

    def _conversions(self) -> np.ndarray:
        """Written values to kernel rows: certain ones once, drawn and derived ones each block, yearly ones each
        year.
        """
        places = self.places
        found: list[tuple[Any, ...]] = []
        for name, row in self.set.rows.items():
            if row.conversion and name in places.kernel_rows:
                when = EACH_YEAR if name in self.yearly else EACH_BLOCK if row.drawn or row.formula else ONCE
                found.append((places.written[name], places.kernel_rows[name], *row.conversion[:2], when))
        for name, threshold in self.set.thresholds.items():
            row = threshold.row
            if row.conversion and name not in places.moving:
                when = EACH_YEAR if self._each_year(row) else EACH_BLOCK if row.drawn or row.formula else ONCE
                found.append((places.levels_written[name], places.level[name], *row.conversion[:2], when))
        return np.array(found, CONVERSION)

    def _own(self, assembler: Assembler) -> np.ndarray:
        """Own quantities and ceilings at their stages, then the levels that move, at the end."""
        places, own, moving = self.places, self.places.own, self.places.moving
        formulas = {name: item.formula for name, item in own.items()}
        due = schedule.schedule(self.set.drivers, self.set.rows, formulas)
        plan = np.zeros(len(due) + len(moving), FORMULA)
        for one, (name, stage) in zip(plan, due, strict=False):
            item = own[name]
            one["first"], one["end"] = self._assemble(assembler, item.formula)
            one["row"] = places.ceilings[name] if self.set.ceilings.get(name) is item else places.results[name]
            one["operation"], one["factor"], _ = units.accepted(item.kernel_unit)[item.unit]
            one["when"] = stage
        for one, (name, formula) in zip(plan[len(due) :], moving.items(), strict=True):
            threshold = self.set.thresholds[name]
            one["first"], one["end"] = self._assemble(assembler, formula)
            one["row"] = places.level[name]
            one["operation"], one["factor"], _ = units.accepted(threshold.kernel_unit)[threshold.row.unit]
            one["when"] = schedule.END
        return plan


def _formula(row: Row) -> Formula:
    assert row.formula is not None
    return row.formula


def _rows(values: Iterable[Any]) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


def _on(names: Iterable[str], chosen: Iterable[str]) -> np.ndarray:
    """Which members of a list of drivers take part, with room for all that a list may have."""
    taking_part = set(chosen)
    found = np.zeros(FAN * FAN, np.int64)
    flags = [name in taking_part for name in names]
    found[: len(flags)] = flags
    return found
