"""An assumption set, checked: the table against the drivers that read it, its formulas, correlations and thresholds.

`build` takes the composed settings (plain data) and gives an `Assumptions`, or raises every mistake at once, each with the file and
line, what is wrong and what is allowed. Nothing is drawn here and no number is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulate import formulas, layout, rows, units
from simulate.correlation import Correlations, correlate
from simulate.drivers import DRIVERS
from simulate.errors import Mistake, Mistakes, did_you_mean, shown
from simulate.laws import LAWS, LIMITS
from simulate.rows import Row, Where

MOST_YEARS, MOST_THRESHOLDS = 2000, 1000
COMPUTE = "log10 FLOP"
KINDS = {"physical": "largest_run", "effective": "largest_effective"}
LATER = "not supported yet in this version"


@dataclass(frozen=True)
class PathChoice:
    """What a set chose for a path."""

    law: str
    limit: str
    at: float


@dataclass(frozen=True)
class Own:
    """A quantity or ceiling that the set itself states by formula."""

    name: str
    where: str
    formula: formulas.Formula
    unit: str  # as written
    kernel_unit: str  # of the result
    note: str


@dataclass(frozen=True)
class Threshold:
    """A level and the quantity that crosses it."""

    row: Row
    quantity: str
    kernel_unit: str


@dataclass
class Assumptions:
    """A checked assumption set."""

    name: str
    title: str
    settings: dict[str, Any]
    years: np.ndarray
    start: float
    drivers: tuple[str, ...]
    paths: dict[str, PathChoice]
    rows: dict[str, Row]
    dated: dict[str, float]  # inputs with `at`
    quantities: dict[str, Own]
    ceilings: dict[str, Own | None]  # None: stated by a driver; in the order in which ties are decided
    inactive: frozenset[str]
    sharpness: float | None
    correlations: Correlations
    thresholds: dict[str, Threshold]
    units: dict[str, str]  # kernel unit of every quantity and ceiling
    meanings: dict[str, str]
    unused: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

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
    return _Builder(settings, where).build()


def _sections(settings: Mapping[str, Any], section: str) -> dict[str, Any]:
    given = settings.get(section) or {}
    return {str(name): row for name, row in given.items() if row is not None} if isinstance(given, Mapping) else {}


class _Builder:
    """Collects the parts of a set and everything that is wrong with them."""

    def __init__(self, settings: Mapping[str, Any], where: Where) -> None:
        self.settings, self.where = settings, where
        self.mistakes: list[Mistake] = []
        self.rows: dict[str, Row] = {}
        self.broken: set[str] = set()  # names of rows with mistakes of their own
        self.notes: list[str] = []

    def wrong(self, key: str, what: str, way_out: str = "") -> None:
        self.mistakes.append(Mistake(self.where(key), what, way_out))

    def build(self) -> Assumptions:
        years = self._years()
        chosen = self._drivers()
        readers = self._readers(chosen)
        self._read_rows(readers)
        paths = self._paths(chosen)
        quantities, ceilings = self._own("quantities"), self._own("ceilings")
        known_units, meanings, stated = self._results(chosen, quantities, ceilings)
        inactive = self._inactive(stated)
        sharpness = self._sharpness()
        thresholds = self._thresholds(known_units, bool(set(stated) - inactive), "algorithms" in chosen)
        correlations = self._correlations(thresholds)
        for section in ("hypotheses", "evidence"):
            if self.settings.get(section):
                self.wrong(section, f"{section} are {LATER}", f"leave {section} out")
        self._formulas(quantities, ceilings, thresholds, known_units)
        unused = self._unused(readers, quantities, ceilings, thresholds, chosen)
        if self.mistakes:
            raise Mistakes(self.mistakes)
        return Assumptions(
            name=str(self.settings.get("name") or "unnamed"),
            title=str(self.settings.get("title") or self.settings.get("name") or "unnamed"),
            settings=dict(self.settings),
            years=years,
            start=float(years[0]),
            drivers=tuple(chosen),
            paths=paths,
            rows=self.rows,
            dated={name: row.at for name, row in self.rows.items() if row.at is not None},
            quantities=quantities,
            ceilings=stated,
            inactive=frozenset(inactive),
            sharpness=sharpness,
            correlations=correlations,
            thresholds=thresholds,
            units=known_units,
            meanings=meanings,
            unused=unused,
            notes=self.notes,
        )

    def _years(self) -> np.ndarray:
        """The instants, from start to horizon by step."""
        found: dict[str, float] = {}
        for key, default in (("start", 2026.0), ("horizon", 2060.0), ("step", 1.0)):
            value = self.settings.get(key)
            value = default if value is None else value
            if not rows.is_number(value):
                self.wrong(
                    key,
                    f"{key} = {shown(value)} is not a number",
                    "give a decimal year" if key != "step" else "give years",
                )
                return np.array([2026.0, 2027.0])
            found[key] = float(value)
        start, horizon, step = found["start"], found["horizon"], found["step"]
        fine = True
        for key in ("start", "horizon"):
            if not rows.EARLIEST <= found[key] <= rows.LATEST:
                hint = f"; did you mean {2000 + found[key]:g}?" if 0 < found[key] < 100 else ""
                self.wrong(key, f"{key} = {found[key]:g}", f"allowed: {rows.EARLIEST:g} to {rows.LATEST:g}{hint}")
                fine = False
        if not 0.0 < step <= 1.0 or abs(round(1.0 / step) * step - 1.0) > 1e-9:
            self.wrong("step", f"step = {step:g}", "a year divided by a whole number: 1, 0.5, 0.25, 0.2, 0.1 ...")
            return np.array([2026.0, 2027.0])
        if fine and horizon <= start:
            self.wrong("horizon", f"horizon ({horizon:g}) is not after start ({start:g})", "swapped?")
            fine = False
        steps = (horizon - start) / step
        if fine and abs(steps - round(steps)) > 1e-6:
            self.wrong(
                "horizon",
                f"horizon - start = {horizon - start:g} is no whole number of steps of {step:g}",
                "move one of them",
            )
            fine = False
        if fine and steps > MOST_YEARS:
            self.wrong("step", f"{steps:.0f} instants", f"at most {MOST_YEARS}: a longer step or a nearer horizon")
            fine = False
        return start + np.arange(round(steps) + 1) * step if fine else np.array([2026.0, 2027.0])

    def _drivers(self) -> dict[str, Mapping[str, Any]]:
        """The drivers that the set names, in ORDER, with their options."""
        given = self.settings.get("drivers") or {}
        if not isinstance(given, Mapping):
            self.wrong("drivers", f"drivers = {shown(given)}", "a mapping: {investment: {law: lead-time}, trend: {}}")
            return {}
        for name in given:
            if name not in DRIVERS:
                self.wrong(
                    f"drivers.{name}",
                    f"no driver is called {shown(name)}",
                    f"drivers: {', '.join(DRIVERS)}{did_you_mean(str(name), DRIVERS)}",
                )
        chosen: dict[str, Mapping[str, Any]] = {}
        for name in DRIVERS:
            options = given.get(name)
            if name not in given or options is None or options is False:
                continue
            if options is True:
                options = {}
            if not isinstance(options, Mapping):
                self.wrong(
                    f"drivers.{name}",
                    f"drivers.{name} = {shown(options)}",
                    "a mapping such as {law: decaying, limit: logistic}, or {}",
                )
                options = {}
            chosen[name] = options
        for name in chosen:
            for other in getattr(DRIVERS[name], "REQUIRES", ()):
                if other not in chosen:
                    self.wrong(
                        f"drivers.{name}", f"driver {name} needs the driver {other}", f"add `{other}: {{}}` to drivers"
                    )
        return chosen

    def _options(self, driver: str, options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Law and limit of each path of a driver."""
        own = layout.paths(DRIVERS[driver])
        names = [path.name for path in own]
        result: dict[str, dict[str, Any]] = {name: {} for name in names}
        for key, value in options.items():
            dotted = f"drivers.{driver}.{key}"
            if key in ("law", "limit") and names:
                result[names[0]][key] = value
            elif key in names and isinstance(value, Mapping | None):
                for inner, choice in (value or {}).items():
                    if inner in ("law", "limit"):
                        result[key][inner] = choice
                    else:
                        self.wrong(
                            f"{dotted}.{inner}", f"{dotted}.{inner} is no option", "options of a path: law, limit"
                        )
            else:
                allowed = (["law", "limit"] if names else []) + names[1:]
                self.wrong(
                    dotted,
                    f"{dotted} is no option",
                    f"options of {driver}: {', '.join(allowed) or 'none'}{did_you_mean(str(key), allowed)}",
                )
        for name, choice in result.items():
            for key, table in (("law", LAWS), ("limit", LIMITS)):
                value = choice.get(key)
                value = ("exponential" if key == "law" else "none") if value is None else value
                if value not in table:
                    self.wrong(
                        f"drivers.{driver}.{key}",
                        f"{key} = {shown(value)}",
                        f"choose from: {', '.join(table)}{did_you_mean(str(value), table)}",
                    )
                    value = next(iter(table))
                choice[key] = value
        return result

    def _readers(self, chosen: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Row name -> the kernel unit in which a driver of the set reads it; checks that required rows are there."""
        given = _sections(self.settings, "inputs")
        readers: dict[str, str] = {}
        self.choices: dict[str, dict[str, Any]] = {}
        for driver, options in chosen.items():
            own_options = self._options(driver, options)
            self.choices.update(own_options)
            for path in layout.paths(DRIVERS[driver]):
                wanted = {row.parameter: row for row in layout.path_rows(path)}
                readers |= {row.name: row.unit for row in wanted.values()}
                present = any(row.name in given for row in wanted.values())
                if path.optional and not present:
                    continue
                choice = own_options[path.name]
                needs = ["growth", *LAWS[choice["law"]].needs] + (["start"] if path.start is None else [])
                for parameter in needs:
                    self._require(wanted[parameter].name, wanted[parameter].unit, driver, f"law {choice['law']}")
                limits = (wanted["limit"].name, *path.limits)
                if choice["limit"] != "none" and not any(name in given for name in limits):
                    self.wrong(
                        f"drivers.{driver}",
                        f"{driver}: limit {choice['limit']} needs a row {' or '.join(limits)}",
                        "add it, or leave the limit out",
                    )
            for item in layout.inputs(DRIVERS[driver]):
                readers[item.name] = item.unit
                if item.default is None:
                    self._require(item.name, item.unit, driver, "")
        return readers

    def _require(self, name: str, unit: str, driver: str, because: str) -> None:
        given = _sections(self.settings, "inputs")
        if name in given:
            return
        near = did_you_mean(name, [row for row in given if row not in self._known_rows()])
        units_allowed = ", ".join(list(units.accepted(unit))[:6])
        self.wrong(
            f"drivers.{driver}",
            f"{driver} needs the input '{name}'{f' ({because})' if because else ''}",
            f"add a row inputs.{name} in one of: {units_allowed}{near}",
        )

    @staticmethod
    def _known_rows() -> dict[str, str]:
        """Every row that any driver can read, with its kernel unit."""
        found: dict[str, str] = {}
        for driver in DRIVERS.values():
            for path in layout.paths(driver):
                found |= {row.name: row.unit for row in layout.path_rows(path)}
            found |= {item.name: item.unit for item in layout.inputs(driver)}
        return found

    def _read_rows(self, readers: Mapping[str, str]) -> None:
        """Check every row of `inputs`, in the unit of the driver that reads it (or could)."""
        known = self._known_rows() | dict(readers)
        limits = {item.name: item for driver in DRIVERS.values() for item in layout.inputs(driver)}
        for name, given in _sections(self.settings, "inputs").items():
            if name in formulas.RESERVED:
                self.wrong(f"inputs.{name}", f"'{name}' is a word of the formulas", "choose another name")
                continue
            row = rows.read("inputs", name, given, known.get(name), self.where, self.mistakes)
            if row is None:
                self.broken.add(name)
                continue
            self.rows[name] = row
            if name in limits and row.shape is not None:
                self._within(row, limits[name])

    def _within(self, row: Row, item: Any) -> None:
        """A drawn share above one, or a negative rate: say how much of the distribution lies there."""
        low, high = rows.ends(row)
        slack = 1e-12
        if high > item.highest + slack:
            self.wrong(
                f"inputs.{row.name}",
                f"inputs.{row.name} can exceed its largest meaning (a share above 1)",
                "truncate it, as with `max: 1` (or `max: 100` in %)",
            )
        if low < item.lowest - slack:
            self.wrong(
                f"inputs.{row.name}",
                f"inputs.{row.name} can fall below {item.lowest:g}",
                f"truncate it, as with `min: {item.lowest:g}`",
            )

    def _paths(self, chosen: Iterable[str]) -> dict[str, PathChoice]:
        """Law, limit and start date of each path that the set has."""
        start = self.settings.get("start")
        start = float(start) if rows.is_number(start) else 2026.0
        found = {}
        for driver in chosen:
            for path in layout.paths(DRIVERS[driver]):
                names = [row.name for row in layout.path_rows(path)]
                if path.optional and not any(name in self.rows for name in names):
                    continue
                dated = [
                    self.rows[f"{path.name}_{part}"].at
                    for part in ("start", "growth")
                    if f"{path.name}_{part}" in self.rows
                ]
                choice = self.choices[path.name]
                found[path.name] = PathChoice(
                    choice["law"], choice["limit"], next((at for at in dated if at is not None), start)
                )
                acceleration = self.rows.get(f"{path.name}_acceleration")
                if choice["law"] == "superexponential" and acceleration is not None and acceleration.shape is not None:
                    low, high = rows.ends(acceleration)
                    if low < 0.0 or high >= 1.0:
                        self.wrong(
                            f"inputs.{acceleration.name}",
                            f"{acceleration.name} reaches {low:g} to {high:g}",
                            "a share from 0 to below 1: truncate it with min and max",
                        )
                if choice["law"] == "reversion":
                    for part in ("growth", "growth_after", "reversion"):
                        row = self.rows.get(f"{path.name}_{part}")
                        if row is not None and row.shape is not None:
                            if rows.ends(row)[0] <= 0.0:
                                self.wrong(
                                    f"inputs.{row.name}",
                                    f"{row.name} can be 0 or less, which the law reversion has no mean for",
                                    "truncate it with `min`, or choose a lognormal",
                                )
        return found

    def _own(self, section: str) -> dict[str, Own]:
        """The set's own quantities or ceilings."""
        found = {}
        for name, given in _sections(self.settings, section).items():
            key = f"{section}.{name}"
            if name in formulas.RESERVED:
                self.wrong(key, f"'{name}' is a word of the formulas", "choose another name")
                continue
            if isinstance(given, Mapping) and given.get("formula") is None:
                self.wrong(key, f"{key} has no formula", "a quantity or ceiling of a set is a formula with a unit")
                continue
            row = rows.read(section, name, given, COMPUTE if section == "ceilings" else None, self.where, self.mistakes)
            if row is None or row.formula is None:
                self.broken.add(name)
                continue
            kernel_unit = COMPUTE if section == "ceilings" else units.log10_unit(row.unit)
            assert kernel_unit is not None
            found[name] = Own(name, row.where, row.formula, row.unit, kernel_unit, row.note or row.source)
        return found

    def _results(
        self, chosen: Iterable[str], quantities: Mapping[str, Own], ceilings: Mapping[str, Own]
    ) -> tuple[dict[str, str], dict[str, str], dict[str, Own | None]]:
        """Kernel units and meanings of every result, and the ceilings that are stated."""
        known_units: dict[str, str] = {}
        meanings: dict[str, str] = {}
        absent = {
            p.quantity
            for d in chosen
            for p in layout.paths(DRIVERS[d])
            if p.optional and not any(r.name in self.rows for r in layout.path_rows(p))
        }
        for driver in chosen:
            for quantity in layout.quantities(DRIVERS[driver]):
                if quantity.name not in absent:
                    known_units[quantity.name], meanings[quantity.name] = quantity.unit, quantity.meaning
        by_drivers = {q.name: q for driver in DRIVERS.values() for q in layout.quantities(driver)}
        for name, own in quantities.items():
            if name in known_units:
                self.wrong(
                    f"quantities.{name}",
                    f"'{name}' is already a quantity of a driver",
                    "choose another name, or leave that driver out",
                )
            elif name in by_drivers and by_drivers[name].unit != own.kernel_unit:
                self.wrong(
                    f"quantities.{name}",
                    f"'{name}' stands for a driver's quantity in {by_drivers[name].unit}, not {own.unit}",
                    "use that unit, or another name",
                )
            known_units[name] = own.kernel_unit
            meanings[name] = own.note or (
                by_drivers[name].meaning if name in by_drivers else f"{name} = {own.formula.text}"
            )
        stated: dict[str, Own | None] = {}
        for driver in chosen:
            ceiling = layout.ceiling(DRIVERS[driver])
            if ceiling and all(name in known_units for name in ceiling.needs):
                stated[ceiling.name] = None
                meanings[f"ceiling {ceiling.name}"] = ceiling.meaning
            for item in layout.inputs(DRIVERS[driver]):
                lacking = [name for name in item.needs if name not in known_units]
                if item.name in self.rows and lacking:
                    self.wrong(
                        f"inputs.{item.name}",
                        f"{item.name} needs the quantity {lacking[0]}",
                        "add the driver or quantity that states it",
                    )
        for name, own in ceilings.items():
            if name in stated:
                self.wrong(
                    f"ceilings.{name}",
                    f"'{name}' is already a driver's ceiling",
                    "choose another name, or leave that driver out",
                )
            stated[name] = own
            meanings[f"ceiling {name}"] = own.note or f"{name} = {own.formula.text}"
        if stated:
            for quantity in layout.TRAINING:
                if "algorithms" in chosen or "effective" not in quantity.name:
                    known_units[quantity.name], meanings[quantity.name] = quantity.unit, quantity.meaning
        return known_units, meanings, stated

    def _inactive(self, stated: Mapping[str, Any]) -> set[str]:
        given = self.settings.get("inactive") or []
        if isinstance(given, str) or not isinstance(given, Iterable):
            self.wrong("inactive", f"inactive = {shown(given)}", "a list of ceilings, such as [trend]")
            return set()
        names = [str(name) for name in given]
        for name in names:
            if name not in stated:
                self.wrong(
                    "inactive",
                    f"no ceiling is called {shown(name)}",
                    f"ceilings of this set: {', '.join(stated) or 'none'}{did_you_mean(name, stated)}",
                )
        if stated and not set(stated) - set(names):
            self.wrong("inactive", "every ceiling is inactive", "leave one active: it is the training compute")
        return set(names)

    def _sharpness(self) -> float | None:
        value = self.settings.get("sharpness")
        if value is None:
            return None
        if not rows.is_number(value) or not 0.0 < value <= 100.0:
            self.wrong(
                "sharpness",
                f"sharpness = {shown(value)}",
                "a number above 0 and up to 100, or null for the hard minimum",
            )
            return None
        return float(value)

    def _thresholds(
        self, known_units: Mapping[str, str], has_compute: bool, has_algorithms: bool
    ) -> dict[str, Threshold]:
        """Levels and what crosses them; levels of compute that a set without compute cannot cross are left out, with a note."""
        found: dict[str, Threshold] = {}
        given = _sections(self.settings, "thresholds")
        if len(given) > MOST_THRESHOLDS:
            self.wrong("thresholds", f"{len(given)} thresholds", f"at most {MOST_THRESHOLDS}")
            return found
        for name, row_given in given.items():
            key = f"thresholds.{name}"
            fields = row_given if isinstance(row_given, Mapping) else {}
            quantity, kind = fields.get("quantity"), fields.get("kind")
            if quantity is not None and kind is not None:
                self.wrong(key, f"{key} has both kind and quantity", "give one of them")
                continue
            if quantity is None:
                kind = "physical" if kind is None else kind
                if kind not in KINDS:
                    self.wrong(
                        f"{key}.kind",
                        f"{key}.kind = {shown(kind)}",
                        f"choose from: {', '.join(KINDS)}{did_you_mean(str(kind), KINDS)}",
                    )
                    continue
                quantity, kernel_unit = KINDS[kind], COMPUTE
                if not has_compute or (kind == "effective" and not has_algorithms):
                    lacks = (
                        "no ceiling, so no training compute"
                        if not has_compute
                        else "no algorithms, so no effective compute"
                    )
                    self.notes.append(f"threshold {name} is left out: the set has {lacks}")
                    continue
            elif quantity not in known_units:
                self.wrong(
                    f"{key}.quantity",
                    f"{key}.quantity = {shown(quantity)}",
                    f"quantities of this set: {', '.join(known_units)}{did_you_mean(str(quantity), known_units)}",
                )
                continue
            else:
                kernel_unit = known_units[quantity]
            row = rows.read("thresholds", name, row_given, kernel_unit, self.where, self.mistakes)
            if row is not None:
                found[name] = Threshold(row, quantity, kernel_unit)
        return found

    def _correlations(self, thresholds: Mapping[str, Threshold]) -> Correlations:
        drawn = {name: row for name, row in self.rows.items()}
        drawn |= {f"{name}": threshold.row for name, threshold in thresholds.items() if name not in drawn}
        given = self.settings.get("correlations") or []
        return correlate(given, drawn, self.broken, self.where, self.mistakes, self.notes)

    def _formulas(
        self,
        quantities: Mapping[str, Own],
        ceilings: Mapping[str, Own],
        thresholds: Mapping[str, Threshold],
        known_units: Mapping[str, str],
    ) -> None:
        """Every name in a formula must be known; inputs may only use inputs."""
        inputs = set(self.rows) | self.broken
        results = set(known_units) | set(ceilings) | self.broken
        for row in self.rows.values():
            if row.formula is None:
                continue
            if row.formula.moves:
                self.wrong(
                    f"inputs.{row.name}.formula",
                    f"inputs.{row.name} uses year or previous",
                    "an input is one value a draw; state a quantity instead",
                )
            self._names(
                f"inputs.{row.name}",
                row.formula.names,
                inputs,
                results,
                "an input may only use inputs; state a quantity instead",
            )
        for own in (*quantities.values(), *ceilings.values()):
            section = "quantities" if own.name in quantities and quantities[own.name] is own else "ceilings"
            self._names(
                f"{section}.{own.name}", own.formula.names, inputs | results | set(self._stated_ceilings), set(), ""
            )
            self._names(f"{section}.{own.name}", own.formula.earlier, results, inputs, "previous() takes a quantity")
        for threshold in thresholds.values():
            if threshold.row.formula is not None:
                key = f"thresholds.{threshold.row.name}"
                self._names(key, threshold.row.formula.names, inputs | results, set(), "")
                self._names(key, threshold.row.formula.earlier, results, inputs, "previous() takes a quantity")
        self._no_cycle({row.name: row.formula.names for row in self.rows.values() if row.formula}, "inputs")
        self._no_cycle({own.name: own.formula.names - inputs for own in quantities.values()}, "quantities")

    @property
    def _stated_ceilings(self) -> list[str]:
        return [c.name for d in self.choices_of_drivers() if (c := layout.ceiling(DRIVERS[d]))]

    def choices_of_drivers(self) -> list[str]:
        """Names of the drivers that the set has."""
        given = self.settings.get("drivers") or {}
        return [name for name in DRIVERS if isinstance(given, Mapping) and given.get(name) is not None]

    def _names(self, key: str, names: Iterable[str], known: set[str], elsewhere: set[str], hint: str) -> None:
        for name in sorted(names):
            if name in known:
                continue
            way_out = (
                hint if name in elsewhere else f"known: {', '.join(sorted(known))[:300]}{did_you_mean(name, known)}"
            )
            self.wrong(
                f"{key}.formula",
                f"{key}: no {'input' if key.startswith('inputs') else 'input or quantity'} is called '{name}'"
                if name not in elsewhere
                else f"{key} uses '{name}'",
                way_out,
            )

    def _no_cycle(self, needs: Mapping[str, Iterable[str]], section: str) -> None:
        """Follow the names of formulas; a circle is shown with all its members."""
        done: set[str] = set()

        def follow(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                circle = " -> ".join((*above[above.index(name) :], name))
                first = above[above.index(name)]
                self.wrong(
                    f"{section}.{first}.formula",
                    f"formulas go in a circle: {circle}",
                    "break it; previous(quantity, first) may look back",
                )
                done.update(above)
                return
            if name in done or name not in needs:
                return
            for other in sorted(needs[name]):
                follow(other, (*above, name))
            done.add(name)

        for name in needs:
            follow(name, ())

    def _unused(
        self,
        readers: Mapping[str, str],
        quantities: Mapping[str, Own],
        ceilings: Mapping[str, Own],
        thresholds: Mapping[str, Threshold],
        chosen: Mapping[str, Any],
    ) -> tuple[str, ...]:
        """Rows without effect: a mistake where nothing could ever read them, else a list to show."""
        named: set[str] = set()
        for row in self.rows.values():
            named |= row.formula.names if row.formula else frozenset()
        for own in (*quantities.values(), *ceilings.values()):
            named |= own.formula.names
        for threshold in thresholds.values():
            named |= threshold.row.formula.names if threshold.row.formula else frozenset()
        known = self._known_rows()
        reading = self._rows_read(chosen)
        unused = []
        for name, row in self.rows.items():
            if name in named or name in reading or (not chosen and not ceilings) or row.formula is not None:
                continue
            if name in known:
                unused.append(name)
            else:
                self.wrong(
                    f"inputs.{name}",
                    f"no driver or formula uses input '{name}'",
                    f"remove it, or use it in a formula{did_you_mean(name, known)}",
                )
        return tuple(unused)

    def _rows_read(self, chosen: Mapping[str, Any]) -> set[str]:
        """The rows that the chosen laws and limits really read."""
        found = {item.name for driver in chosen for item in layout.inputs(DRIVERS[driver])}
        for driver in chosen:
            for path in layout.paths(DRIVERS[driver]):
                choice = self.choices[path.name]
                parts = ["start", "growth", "volatility", *LAWS[choice["law"]].needs]
                parts += ["limit"] if choice["limit"] != "none" else []
                found |= {f"{path.name}_{part}" for part in parts}
                if choice["limit"] == "none":
                    found -= set(path.limits)
        return found
