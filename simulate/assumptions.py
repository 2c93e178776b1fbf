"""An assumption set, checked: the table against the drivers that read it, its formulas, correlations and thresholds.

`build` takes the composed settings (plain data) and gives an `Assumptions`, or raises every mistake at once, each with
the file and line, what is wrong and what is allowed. Nothing is drawn here and no number is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulate import choices, naming, own, table, thresholds, timegrid
from simulate.checking import Check, Where
from simulate.choices import PathChoice
from simulate.correlation import Correlations, correlate
from simulate.errors import Mistakes
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
    unused: tuple[str, ...]  # rows that the chosen laws and limits do not read
    notes: tuple[str, ...]

    @property
    def start(self) -> float:
        """The first instant."""
        return float(self.years[0])

    @property
    def pinned(self) -> tuple[str, ...]:
        """The rows whose value wins over a distribution that stays as documentation, by their dotted keys."""
        return tuple(
            [f"inputs.{name}" for name, row in self.rows.items() if row.pinned]
            + [f"thresholds.{name}" for name, level in self.thresholds.items() if level.row.pinned]
        )

    @property
    def active(self) -> tuple[str, ...]:
        """The ceilings of which the lowest is the training compute."""
        return tuple(name for name in self.ceilings if name not in self.inactive)


def build(settings: Mapping[str, Any], where: Where = str) -> Assumptions:
    """Check composed settings; `where(dotted key)` says where a key stands.

    Raises
    ------
    Mistakes
        All of them at once.
    """
    check = Check(settings, where)
    years = timegrid.instants(check)
    chosen = choices.drivers(check)
    paths = choices.paths(check, chosen)
    rows = table.read(check)
    table.require(check, chosen, paths)
    table.fit_laws(check, rows, paths)
    table.fit_dates(check, rows, float(years[0]))
    quantities, ceilings = own.read(check, "quantities"), own.read(check, "ceilings")
    results = own.results(check, rows, chosen, choices.absent_quantities(chosen, paths), quantities, ceilings)
    inactive = own.inactive(check, results.ceilings)
    levels = thresholds.read(check, results.units, bool(results.ceilings))
    drawn = {**{name: level.row for name, level in levels.items()}, **rows}
    correlations = correlate(
        settings.get("correlations") or [], drawn, check.broken, where, check.mistakes, check.notes
    )
    formulas = naming.formulas_of(rows, (quantities, ceilings), levels)
    naming.check_names(check, formulas, rows, {*results.units, *results.ceilings})
    named = set().union(*(formula.names for formula in formulas.values()))
    unused = table.unused(check, rows, named, chosen, paths)
    sharpness = own.sharpness(check)
    for later in ("hypotheses", "evidence"):
        if settings.get(later):
            check.wrong(later, f"{later} are not supported yet in this version", f"leave {later} out")
    if not check.mistakes:
        own.in_time(check, chosen, rows, quantities, ceilings)
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
        rows=rows,
        quantities=quantities,
        ceilings=results.ceilings,
        inactive=inactive,
        sharpness=sharpness,
        correlations=correlations,
        thresholds=levels,
        units=results.units,
        meanings=results.meanings,
        unused=unused,
        notes=tuple(check.notes),
    )
