"""An assumption set, checked: the table against the drivers that read it, its formulas, correlations and thresholds.

`build` takes the composed settings (plain data) and gives an `Assumptions`, or raises every mistake at once, each with
the file and line, what is wrong and what is allowed. Nothing is drawn here and no number is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulate import choices, evidence, hypotheses, naming, own, rows, table, thresholds, timegrid
from simulate.checking import Check, Where
from simulate.choices import PathChoice
from simulate.correlation import Correlations, correlate
from simulate.errors import Mistake, Mistakes
from simulate.evidence import Evidence
from simulate.own import Own
from simulate.rows import Row
from simulate.thresholds import Threshold


@dataclass(frozen=True)
class Assumptions:
    """A checked assumption set."""

    name: str
    title: str
    settings: dict[str, Any]  # as composed
    years: np.ndarray  # (year,) instants
    drivers: tuple[str, ...]
    paths: dict[str, PathChoice]
    rows: dict[str, Row]
    quantities: dict[str, Own]
    ceilings: dict[str, Own | None]  # None: stated by a driver; in the order in which ties are decided
    inactive: frozenset[str]
    sharpness: float | None
    correlations: Correlations
    thresholds: dict[str, Threshold]
    units: dict[str, str]  # kernel unit of every quantity
    meanings: dict[str, str]  # of every quantity, and of "ceiling NAME"
    evidence: Evidence
    unused: tuple[str, ...]  # rows that the chosen laws and limits do not read
    notes: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...] = ()  # where there are some, everything above is that of the first

    @property
    def superexponential(self) -> tuple[str, ...]:
        """The paths with a pole, beyond which their level is infinite but for a limit."""
        return tuple(name for name, choice in self.paths.items() if choice.law == "superexponential")

    @property
    def members(self) -> tuple[Hypothesis, ...]:
        """What the result is a mixture of: the hypotheses, or the set itself as the only one."""
        return self.hypotheses or (Hypothesis("", 1.0, "", self),)

    @property
    def start(self) -> float:
        """The first instant."""
        return float(self.years[0])

    @property
    def pinned(self) -> tuple[str, ...]:
        """The rows whose value wins over a distribution that stays as documentation, by their dotted keys."""
        found: dict[str, None] = {}
        for member in self.members:
            found |= {f"inputs.{name}": None for name, row in member.set.rows.items() if row.pinned}
            found |= {f"thresholds.{name}": None for name, level in member.set.thresholds.items() if level.row.pinned}
        return tuple(found)

    def row(self, name: str) -> Row:
        """The row of an input, or of a level by the name that results have for it ("threshold:name")."""
        return self.rows[name] if name in self.rows else self.thresholds[name.removeprefix("threshold:")].row

    @property
    def active(self) -> tuple[str, ...]:
        """The ceilings of which the lowest is the training compute."""
        return tuple(name for name in self.ceilings if name not in self.inactive)


@dataclass(frozen=True)
class Hypothesis:
    """A weighted variant of a set."""

    name: str
    weight: float
    note: str
    set: Assumptions


def build(settings: Mapping[str, Any], where: Where = str) -> Assumptions:
    """Check composed settings; `where(dotted key)` says where a key stands.

    Raises
    ------
    Mistakes
        All of them at once.
    """
    check = Check(settings, where)
    variants = hypotheses.read(check)
    if not variants:
        return _one(settings, where, check.mistakes)
    elsewhere = hypotheses.names_read(variants)
    built = []
    for variant in variants:
        try:
            member = _one(variant.settings, variant.where, [], elsewhere)
            built.append(Hypothesis(variant.name, variant.weight, variant.note, member))
        except Mistakes as found:
            check.mistakes += hypotheses.by_whole_keys(found.items, variant.name, variant.changes)
    for other in built[1:]:
        _mixable(check, built[0], other)
    if check.mistakes:
        # Each once: what is wrong with the set is so under every hypothesis, whatever name is nearest there.
        raise Mistakes(list({(mistake.where, mistake.what): mistake for mistake in check.mistakes}.values()))
    notes = dict.fromkeys([*hypotheses.restated(check, variants), *(n for member in built for n in member.set.notes)])
    return replace(
        built[0].set,
        settings=dict(settings),
        hypotheses=tuple(built),
        notes=tuple(notes),
        unused=_unused(built),
    )


def _mixable(check: Check, first: Hypothesis, other: Hypothesis) -> None:
    """Two hypotheses must have the same results in the same units, or there is no mixture of them."""

    def both(part: Callable[[Assumptions], Mapping[str, str]]) -> tuple[hypotheses.Stated, hypotheses.Stated]:
        return hypotheses.Stated(first.name, part(first.set)), hypotheses.Stated(other.name, part(other.set))

    units = both(lambda one: one.units)
    crossing = both(lambda one: {name: level.quantity for name, level in one.thresholds.items()})
    hypotheses.alike(check, "quantities", *units)
    hypotheses.alike(check, "ceilings", *both(lambda one: dict.fromkeys(one.ceilings, "")))
    hypotheses.alike(check, "thresholds", *crossing)
    hypotheses.same(check, "inputs", "unit", *both(lambda one: {name: row.unit for name, row in one.rows.items()}))
    hypotheses.same(check, "quantities", "unit", *units)
    hypotheses.same(check, "thresholds", "quantity", *crossing)


def _unused(built: list[Hypothesis]) -> tuple[str, ...]:
    """Inputs that are read under no hypothesis."""
    named = dict.fromkeys(name for member in built for name in member.set.unused)
    read = {name for member in built for name in member.set.rows.keys() - set(member.set.unused)}
    return tuple(name for name in named if name not in read)


def _one(
    settings: Mapping[str, Any], where: Where, known: list[Mistake], elsewhere: frozenset[str] = frozenset()
) -> Assumptions:
    """Check a set without hypotheses; `known` are mistakes found before, `elsewhere` inputs read by other variants."""
    check = Check(settings, where)
    check.mistakes += known
    years = timegrid.instants(check)
    chosen = choices.drivers(check)
    paths = choices.paths(check, chosen)
    inputs = table.read(check)
    table.require(check, chosen, paths)
    table.fit_laws(check, inputs, paths)
    table.fit_dates(check, inputs, float(years[0]))
    table.note_start(check, inputs, float(years[0]))
    table.note_cuts(check, inputs)
    quantities, ceilings = own.read(check, "quantities"), own.read(check, "ceilings")
    results = own.results(check, inputs, chosen, choices.absent_quantities(chosen, paths), quantities, ceilings)
    inactive = own.inactive(check, results.ceilings)
    levels = thresholds.read(check, results.units, bool(results.ceilings))
    drawn = {**{name: level.row for name, level in levels.items()}, **inputs}
    correlations = correlate(
        settings.get("correlations") or [], drawn, check.broken, where, check.mistakes, check.notes
    )
    formulas = naming.formulas_of(inputs, (quantities, ceilings), levels)
    naming.check_names(check, formulas, inputs, {*results.units, *results.ceilings})
    grid = float(years[0]), float(years[-1])
    seen = evidence.read(check, inputs, rows.yearly(inputs), results.units, grid)
    named = elsewhere.union(*(formula.names for formula in formulas.values()))
    named |= set().union(*(likelihood.formula.names for likelihood in seen.likelihoods))
    unused = table.unused(check, inputs, set(named), chosen, paths)
    sharpness = own.sharpness(check)
    if not check.mistakes:
        own.in_time(check, chosen, inputs, quantities, ceilings)
    if check.mistakes:
        raise Mistakes(check.mistakes)
    name = str(settings.get("name") or "unnamed")
    return Assumptions(
        name=name,
        title=str(settings.get("title") or name),
        settings=dict(settings),
        years=years,
        drivers=tuple(chosen),
        paths=paths,
        rows=inputs,
        quantities=quantities,
        ceilings=results.ceilings,
        inactive=inactive,
        sharpness=sharpness,
        correlations=correlations,
        thresholds=levels,
        units=results.units,
        meanings=results.meanings,
        evidence=seen,
        unused=unused,
        notes=tuple(check.notes),
    )
