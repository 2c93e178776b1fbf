"""The table of inputs: every row checked in the unit of the driver that reads it, required rows there, no row
without a reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulate import formulas, layout, rows, units
from simulate.checking import Check
from simulate.choices import PathChoice
from simulate.drivers import DRIVERS
from simulate.drivers.declare import Input, Path
from simulate.errors import did_you_mean, shown
from simulate.laws import LAWS, PARAMETERS
from simulate.rows import Row

MOST_CUT = 0.5  # of a distribution that goes without a word
SLACK = 1e-12  # a share that rounding lifts above 1 by this is 1


def known_rows() -> dict[str, str]:
    """Every row that any driver can read, with its kernel unit."""
    found: dict[str, str] = {}
    for driver in DRIVERS.values():
        for path in layout.paths(driver):
            found |= {row.name: row.unit for row in layout.path_rows(path)}
        found |= {item.name: item.unit for item in layout.inputs(driver)}
    return found


def read(check: Check) -> dict[str, Row]:
    """Check every row of `inputs` by itself."""
    known = known_rows()
    limits = {item.name: item for driver in DRIVERS.values() for item in layout.inputs(driver)}
    found, stated = {}, check.section("inputs")
    for name, given in stated.items():
        if name in formulas.RESERVED:
            check.wrong(f"inputs.{name}", f"'{name}' is a word of the formulas", "choose another name")
            continue
        meant = () if name in known else (*stated, *known)
        row = rows.read("inputs", name, given, known.get(name), check.where, check.mistakes, meant)
        if row is None:
            check.broken.add(name)
            continue
        found[name] = row
        if name in limits and row.shape is not None:
            _within(check, row, limits[name])
    return found


def _within(check: Check, row: Row, item: Input) -> None:
    """A share that could exceed one, or a rate below zero, must be truncated by its author, not by the program."""
    low, high = rows.ends(row)
    key = f"inputs.{row.name}"
    if high > item.highest + SLACK:
        most = 10.0**item.highest if item.unit.startswith("log10 ") else item.highest
        whole = ", more than the whole" if most == 1.0 else ""
        what, way_out = f"{key} can exceed {most:g}{whole}", f"`max: {most:g}` (or `max: {100.0 * most:g}` in %)"
        check.wrong(key, what, f"truncate it, as with {way_out}")
    if low < item.lowest - SLACK:
        check.wrong(key, f"{key} can fall below {item.lowest:g}", f"truncate it, as with `min: {item.lowest:g}`")


def require(check: Check, chosen: Iterable[str], paths: Mapping[str, PathChoice]) -> None:
    """Every row that the chosen drivers, laws and limits need must be there."""
    for driver in chosen:
        for path in layout.paths(DRIVERS[driver]):
            if path.name in paths:
                _require_path(check, driver, path, paths[path.name])
        for item in layout.inputs(DRIVERS[driver]):
            if item.default is None:
                _require_row(check, driver, item.name, item.unit, "")


def _require_path(check: Check, driver: str, path: Path, choice: PathChoice) -> None:
    rows_of = {row.parameter: row for row in layout.path_rows(path)}
    needs = ["growth", *LAWS[choice.law].needs] + (["start"] if path.start is None else [])
    for parameter in needs:
        _require_row(check, driver, rows_of[parameter].name, rows_of[parameter].unit, f" (law {choice.law})")
    limits = (rows_of["limit"].name, *path.limits)
    if choice.limit != "none" and not any(name in check.section("inputs") for name in limits):
        what = f"{driver}: limit {choice.limit} needs a row {' or '.join(limits)}"
        check.wrong(f"drivers.{driver}", what, "add it, or leave the limit out")


def _require_row(check: Check, driver: str, name: str, unit: str, because: str) -> None:
    given = check.section("inputs")
    if name not in given:
        known = known_rows()
        near = did_you_mean(name, [row for row in given if row not in known])
        spellings = ", ".join(list(units.accepted(unit))[:6])
        what = f"{driver} needs the input '{name}'{because}"
        check.wrong(f"drivers.{driver}", what, f"add a row inputs.{name} in one of: {spellings}{near}")


def fit_dates(check: Check, table: Mapping[str, Row], start: float) -> None:
    """`at` stands where something runs from that date. A path has one date, and a stock cannot be carried back."""
    dated, paths = _stocks(), _paths()
    _refuse_dates(check, {*dated, *(f"{path}_{part}" for path in paths for part in ("start", "growth"))})
    for path in paths:
        first, other = (table.get(f"{path}_{part}") for part in ("start", "growth"))
        if first and other and None not in (first.at, other.at) and first.at != other.at:
            what = f"inputs.{other.name}.at ({other.at:g}) is not that of {first.name} ({first.at:g})"
            check.wrong(f"inputs.{other.name}.at", what, "give one of them: the path runs from that date")
    for name, row in table.items():
        if name in dated and row.at is not None and row.at > start:
            what = f"inputs.{name}.at ({row.at:g}) is after the start ({start:g})"
            check.wrong(f"inputs.{name}.at", what, "give the level at the start or before, or start later")


def _stocks() -> set[str]:
    """The inputs beside paths that hold at a date."""
    return {item.name for driver in DRIVERS.values() for item in layout.inputs(driver) if item.dated}


def _paths() -> list[str]:
    return [path.name for driver in DRIVERS.values() for path in layout.paths(driver)]


def note_start(check: Check, table: Mapping[str, Row], start: float) -> None:
    """Say which starting levels are taken for those of a start that the command line has moved."""
    starting = _stocks() | {f"{path}_start" for path in _paths()}
    stated = [name for name, row in table.items() if name in starting and row.at is None]
    given = check.section("inputs")
    moved = [name for name in stated if not any(check.in_words(f"inputs.{name}.{field}") for field in given[name])]
    if check.in_words("start") and moved:
        check.notes.append(f"levels that the set states for its own start are taken for {start:g}: {', '.join(moved)}")


def note_cuts(check: Check, table: Mapping[str, Row]) -> None:
    """Say where `min` and `max` cut away most of a distribution: few mean that."""
    for name, row in table.items():
        if row.shape and row.shape.truncated > MOST_CUT:
            cut = f"{100 * row.shape.truncated:.3g} % of what is stated"
            check.notes.append(f"min and max cut away {cut} for inputs.{name} ({row.where})")


def _refuse_dates(check: Check, meant: set[str]) -> None:
    """`at` on a row where it would change nothing is a mistake."""
    for section in ("inputs", "quantities", "ceilings", "thresholds"):
        for name, given in check.section(section).items():
            dated = isinstance(given, Mapping) and given.get("at") is not None
            if dated and not (section == "inputs" and name in meant):
                known = ", ".join(row for row in check.section("inputs") if row in meant) or "none"
                what = f"{section}.{name}.at = {shown(given['at'])}: `at` has no meaning for this row"
                way_out = f"leave it out; it dates starting values, growth of a path, and stocks, here: {known}"
                check.wrong(f"{section}.{name}.at", what, way_out)


def fit_laws(check: Check, table: Mapping[str, Row], paths: Mapping[str, PathChoice]) -> None:
    """Values that a law has no meaning for: rates without a logarithm, times that are none, a new rate every year."""
    yearly = rows.yearly(table)
    for path, choice in paths.items():
        for name in sorted(yearly & {f"{path}_{parameter}" for parameter in PARAMETERS}):
            what = f"{name} changes every year, but belongs to a law that runs over many"
            check.wrong(f"inputs.{name}", what, f"draw it once; {path}_volatility makes single years differ")
        for part, lowest in (("half_life", "above 0"), ("delay", "0 or more")):
            row = table.get(f"{path}_{part}")
            if part in LAWS[choice.law].needs and row is not None and row.shape is not None:
                low = rows.ends(row)[0]
                if low < 0.0 or (low == 0.0 and part == "half_life"):
                    what = f"{row.name} reaches {low:g}, but must be {lowest}"
                    check.wrong(f"inputs.{row.name}", what, "truncate it with `min`, or choose a lognormal")
        if choice.law == "superexponential":
            row = table.get(f"{path}_acceleration")
            if row is not None and row.shape is not None:
                low, high = rows.ends(row)
                if low < 0.0 or high >= 1.0:
                    way_out = "a share from 0 to below 1: truncate it with min and max"
                    check.wrong(f"inputs.{row.name}", f"{row.name} reaches {low:g} to {high:g}", way_out)
        if choice.law == "reversion":
            for part in ("growth", "growth_after", "reversion"):
                row = table.get(f"{path}_{part}")
                if row is not None and row.shape is not None and rows.ends(row)[0] <= 0.0:
                    what = f"{row.name} can be 0 or less, of which the law reversion can take no mean"
                    check.wrong(f"inputs.{row.name}", what, "truncate it with `min`, or choose a lognormal")


def unused(
    check: Check, table: Mapping[str, Row], named: set[str], chosen: Iterable[str], paths: Mapping[str, PathChoice]
) -> tuple[str, ...]:
    """Rows without effect: a mistake where nothing could ever read them, else listed. `named` are those that
    formulas use.
    """
    known, reading = known_rows(), _rows_read(chosen, paths)
    found = []
    for name, row in table.items():
        if name in named or name in reading or row.formula is not None:
            continue
        if name in known:
            found.append(name)
        elif chosen or named:
            way_out = f"remove it, or use it in a formula{did_you_mean(name, known)}"
            check.wrong(f"inputs.{name}", f"no driver or formula uses input '{name}'", way_out)
    return tuple(found)


def _rows_read(chosen: Iterable[str], paths: Mapping[str, PathChoice]) -> set[str]:
    """The rows that the chosen drivers, laws and limits really read."""
    found: set[str] = set()
    without_effect: set[str] = set()
    for driver in chosen:
        found |= {item.name for item in layout.inputs(DRIVERS[driver])}
        for path in layout.paths(DRIVERS[driver]):
            choice = paths.get(path.name)
            if choice is None:
                continue
            parts = ["start", "growth", "volatility", *LAWS[choice.law].needs]
            if choice.limit == "none":
                without_effect |= set(path.limits)
            else:
                parts.append("limit")
            found |= {f"{path.name}_{part}" for part in parts}
    return found - without_effect
