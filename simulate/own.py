"""What a set states by itself: quantities and ceilings by formula, and which results and ceilings there are in all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simulate import formulas, layout, rows, schedule, units, variables
from simulate.checking import Check
from simulate.drivers import DRIVERS
from simulate.errors import did_you_mean, shown
from simulate.rows import Row

COMPUTE = "log10 FLOP"


@dataclass(frozen=True)
class Own:
    """A quantity or ceiling that the set itself states by formula."""

    name: str
    where: str
    formula: formulas.Formula
    unit: str  # as written
    kernel_unit: str  # of the result
    note: str

    @property
    def meaning(self) -> str:
        """What it is, in the author's words or else as its formula."""
        return self.note or f"{self.name} = {self.formula.text}"


class Results(NamedTuple):
    """All results of a set: kernel units and meanings of quantities, and its ceilings (None: stated by a driver)."""

    units: dict[str, str]
    meanings: dict[str, str]
    ceilings: dict[str, Own | None]


def read(check: Check, section: str) -> dict[str, Own]:
    """The set's own `quantities` or `ceilings`."""
    found = {}
    for name, given in check.section(section).items():
        key = f"{section}.{name}"
        if name in formulas.RESERVED:
            check.wrong(key, f"'{name}' is a word of the formulas", "choose another name")
            continue
        taken = variables.why_taken(name) if section == "quantities" else None
        if taken:
            check.wrong(key, f"'{name}' {taken}", "choose another name")
            check.broken.add(name)
            continue
        if isinstance(given, Mapping) and given.get("formula") is None:
            near = did_you_mean(name, (other for other in check.section(section) if other != name))
            check.wrong(key, f"{key} has no formula{near}", "a quantity or ceiling of a set is a formula with a unit")
            continue
        unit = COMPUTE if section == "ceilings" else None
        row = rows.read(section, name, given, unit, check.where, check.mistakes)
        kernel_unit = unit or (units.log10_unit(row.unit) if row else None)
        if row is None or row.formula is None or kernel_unit is None:
            check.broken.add(name)
            continue
        found[name] = Own(name, row.where, row.formula, row.unit, kernel_unit, row.note or row.source)
    return found


def results(
    check: Check,
    table: Mapping[str, Row],
    chosen: Collection[str],
    absent: Collection[str],
    quantities: Mapping[str, Own],
    ceilings: Mapping[str, Own],
) -> Results:
    """Put together what the drivers and the set itself state; `absent` are levels of paths that the set left out."""
    known, meanings = {}, {}
    by_drivers = {q.name: q for driver in DRIVERS.values() for q in layout.quantities(driver)}
    for driver in chosen:
        for quantity in layout.quantities(DRIVERS[driver]):
            if quantity.name not in absent:
                known[quantity.name], meanings[quantity.name] = quantity.unit, quantity.meaning
    for name, own in quantities.items():
        if name in known:
            way_out = "choose another name, or leave that driver out"
            check.wrong(f"quantities.{name}", f"'{name}' is already a quantity of a driver", way_out)
        elif name in by_drivers and by_drivers[name].unit != own.kernel_unit:
            what = f"'{name}' stands for a driver's quantity in {by_drivers[name].unit}, not {own.unit}"
            check.wrong(f"quantities.{name}", what, "use that unit, or another name")
        known[name], meanings[name] = own.kernel_unit, own.meaning
    stated: dict[str, Own | None] = {}
    for driver in chosen:
        ceiling = layout.ceiling(DRIVERS[driver])
        if ceiling and all(name in known for name in ceiling.needs):
            stated[ceiling.name], meanings[f"ceiling {ceiling.name}"] = None, ceiling.meaning
        for item in layout.inputs(DRIVERS[driver]):
            lacking = [name for name in item.needs if name not in known]
            if item.name in table and lacking:
                way_out = "add the driver or quantity that states it"
                check.wrong(f"inputs.{item.name}", f"{item.name} needs the quantity {lacking[0]}", way_out)
    for name, own in ceilings.items():
        if name in stated:
            way_out = "choose another name, or leave that driver out"
            check.wrong(f"ceilings.{name}", f"'{name}' is already a driver's ceiling", way_out)
        if name in quantities:
            check.wrong(f"ceilings.{name}", f"'{name}' is also a quantity of the set", "choose another name for one")
        stated[name], meanings[f"ceiling {name}"] = own, own.meaning
    if stated:
        for quantity in layout.TRAINING:
            if "algorithms" in chosen or "effective" not in quantity.name:
                if quantity.name in quantities:
                    what = f"'{quantity.name}' follows from the ceilings"
                    check.wrong(f"quantities.{quantity.name}", what, "choose another name, or state it as a ceiling")
                known[quantity.name], meanings[quantity.name] = quantity.unit, quantity.meaning
    return Results(known, meanings, stated)


def inactive(check: Check, ceilings: Collection[str]) -> frozenset[str]:
    """The ceilings that are stated but not part of the minimum."""
    given = check.settings.get("inactive") or []
    if isinstance(given, str) or not isinstance(given, Iterable):
        check.wrong("inactive", f"inactive = {shown(given)}", "a list of ceilings, such as [trend]")
        return frozenset()
    names = {str(name) for name in given}
    for name in sorted(names - set(ceilings)):
        known = f"ceilings of this set: {', '.join(ceilings) or 'none'}{did_you_mean(name, ceilings)}"
        check.wrong("inactive", f"no ceiling is called {shown(name)}", known)
    if ceilings and not set(ceilings) - names:
        check.wrong("inactive", "every ceiling is inactive", "leave one active: it is the training compute")
    return frozenset(names)


def sharpness(check: Check) -> float | None:
    """Sharpness of the smooth minimum; None for the hard one."""
    value = check.settings.get("sharpness")
    if value is None:
        return None
    if not rows.is_number(value) or not 0.0 < value <= 100.0:
        way_out = "a number above 0 and up to 100, or null for the hard minimum"
        check.wrong("sharpness", f"sharpness = {shown(value)}", way_out)
        return None
    return float(value)


def in_time(
    check: Check,
    chosen: Collection[str],
    table: Mapping[str, Row],
    quantities: Mapping[str, Own],
    ceilings: Mapping[str, Own],
) -> None:
    """No formula may need what is only known after it is needed; call this once names and circles are checked."""
    texts = [{name: own.formula for name, own in group.items()} for group in (quantities, ceilings)]
    for name, why in schedule.too_late(chosen, table, *texts):
        section = "ceilings" if name in ceilings else "quantities"
        check.wrong(f"{section}.{name}.formula", f"{section}.{name} {why}", "use previous(quantity, first)")
