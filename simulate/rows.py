"""One row of the table: an uncertain, certain or derived number with its unit, source and note.

A row says what it is by `value` (certain; it wins over a distribution, which stays as documentation), by `formula`, or
by a distribution (see `distributions`). Which of them the newest layer of inheritance chose is settled before the row
arrives here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulate import conversion, distributions, formulas, grammar, quantiles, units
from simulate.errors import Mistake, did_you_mean, shown
from simulate.fields import ALL_FIELDS, Problem, Unfit, family_of
from simulate.shapes import Kind, Shape
from simulate.units import Conversion, Operation

Where = Callable[[str], str]
DESCRIBING = {"unit", "at", "each", "source", "note", "formula", "kind", "quantity"}
LARGEST_LEVEL = 80.0  # log10: a level above is a forgotten logarithm
FASTEST = 20.0  # x/yr: a faster growth is probably a percentage
EARLIEST, LATEST = 1900.0, 2500.0


@dataclass(frozen=True)
class Row:
    """A row as the model uses it."""

    name: str
    where: str
    unit: str
    conversion: Conversion | None  # to the kernel unit of the driver that reads it; None if only formulas do
    shape: Shape | None  # None: derived by a formula
    formula: formulas.Formula | None
    family: str  # "lognormal", "value", "formula" ...
    at: float | None
    yearly: bool
    source: str
    note: str
    pinned: bool = False  # a value that wins over a distribution, which stays as documentation

    @property
    def certain(self) -> float | None:
        """The value of a row that is certain, else None."""
        parts = self.shape.parts if self.shape else []
        return parts[0].a if len(parts) == 1 and parts[0].kind is Kind.POINT else None

    @property
    def drawn(self) -> bool:
        """Whether a random number decides it."""
        return self.shape is not None and self.certain is None


def is_number(value: Any) -> bool:
    """Whether a value of the YAML is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def documented(fields: Mapping[str, Any]) -> bool:
    """Whether a row states a distribution, be it only as documentation beside a value."""
    return any(fields.get(field) is not None for field in ALL_FIELDS - {"min", "max"})


def read(
    section: str,
    name: str,
    given: Any,
    kernel_unit: str | None,
    where: Where,
    mistakes: list[Mistake],
    meant: Iterable[str] = (),
) -> Row | None:
    """Check one row of `section`; `kernel_unit` is what the driver that reads it asks for, None if only formulas do.

    `meant` are the names of which one that is new to the set and says too little may be a misspelling.

    Appends every mistake found, and returns None if the row cannot be used.
    """
    key = f"{section}.{name}"
    if not isinstance(given, Mapping):
        mistakes.append(
            Mistake(
                where(key),
                f"{key} = {shown(given)}",
                "a row is a mapping, such as {dist: lognormal, low: 1.2, high: 2, unit: x/yr}",
            )
        )
        return None
    fields = {str(field): value for field, value in given.items() if value is not None}
    before = len(mistakes)
    near = did_you_mean(name, (other for other in meant if other != name))
    if not any(field in fields for field in ("value", *grammar.DEFINING_FIELDS)):
        families = f"choose a dist from {', '.join(distributions.FAMILIES)}"
        way_out = "name a row that there is, or state a new one whole" if near else families
        mistakes.append(Mistake(where(key), f"{key} states no dist, value or formula{near}", way_out))
        return None
    shape, formula, family = None, None, "formula"
    if "formula" in fields and "value" not in fields:
        try:
            formula = formulas.parse(fields["formula"])
        except formulas.BadFormula as bad:
            mistakes.append(Mistake(where(f"{key}.formula"), f"{key}.formula = {shown(fields['formula'])}", str(bad)))
        bounds = [field for field in fields if field not in DESCRIBING]
        mistakes.extend(
            Mistake(
                where(f"{key}.{field}"),
                f"{key}.{field} beside a formula",
                "a derived row has only formula, unit, source, note",
            )
            for field in bounds
        )
    else:
        family = "value" if "value" in fields else str(family_of(fields))
        try:
            shape = distributions.shape({field: value for field, value in fields.items() if field not in DESCRIBING})
        except Unfit as unfit:
            mistakes.extend(_misfit(key, problem, where) for problem in unfit.problems)
    unit_conversion = _conversion(key, fields, kernel_unit, where, mistakes, near)
    at = _at(key, fields, where, mistakes)
    yearly = _yearly(key, fields, where, mistakes)
    if len(mistakes) > before:
        return None
    row = Row(
        name, where(key), str(fields["unit"]), unit_conversion, shape, formula, family, at, yearly,
        str(fields.get("source", "")), str(fields.get("note", "")), "value" in fields and documented(fields),
    )  # fmt: skip
    if shape is not None:
        _sane(key, row, kernel_unit, where, mistakes)
    return None if len(mistakes) > before else row


def _misfit(key: str, problem: Problem, where: Where) -> Mistake:
    """What is wrong with a field, and where the other one stands that it does not fit, if that is elsewhere."""
    place, other = where(f"{key}.{problem.field}"), where(f"{key}.{problem.beside}") if problem.beside else ""
    beside = f", {problem.beside} by {other}" if problem.beside and other != place else ""
    return Mistake(place, f"{key}: {problem.what}{beside}", problem.way_out)


def _conversion(
    key: str, fields: Mapping[str, Any], kernel_unit: str | None, where: Where, mistakes: list[Mistake], near: str
) -> Conversion | None:
    """The conversion of the row's unit, with a mistake if there is none."""
    unit = fields.get("unit")
    allowed = units.accepted(kernel_unit) if kernel_unit else None
    if unit is None:
        mistakes.append(
            Mistake(where(key), f"{key} has no unit{near}", f"give one of: {', '.join(allowed or units.spellings())}")
        )
        return None
    unit = str(unit)
    if allowed is None:
        if units.dimension_of(unit) is None:
            names = units.spellings()
            mistakes.append(
                Mistake(
                    where(f"{key}.unit"),
                    f"{key}: unknown unit {shown(unit)}",
                    f"known units: {', '.join(names)}{did_you_mean(unit, names)}",
                )
            )
        return None
    if unit not in allowed:
        kind = "growth rate" if kernel_unit == "OOM/yr" else f"unit of {str(kernel_unit).removeprefix('log10 ')}"
        mistakes.append(
            Mistake(
                where(f"{key}.unit"),
                f"{key}: unit {shown(unit)} is no {kind}",
                f"write it in one of: {', '.join(allowed)}{did_you_mean(unit, allowed)}",
            )
        )
        return None
    return allowed[unit]


def _at(key: str, fields: Mapping[str, Any], where: Where, mistakes: list[Mistake]) -> float | None:
    at = fields.get("at")
    if at is None:
        return None
    if not is_number(at) or not EARLIEST <= at <= LATEST:
        mistakes.append(
            Mistake(where(f"{key}.at"), f"{key}.at = {shown(at)}", "give the decimal year in which it held, as 2025.5")
        )
        return None
    return float(at)


def _yearly(key: str, fields: Mapping[str, Any], where: Where, mistakes: list[Mistake]) -> bool:
    each = fields.get("each")
    if each not in (None, "year"):
        mistakes.append(
            Mistake(where(f"{key}.each"), f"{key}.each = {shown(each)}", "`each: year` draws the row anew every year")
        )
    return each == "year"


def _sane(key: str, row: Row, kernel_unit: str | None, where: Where, mistakes: list[Mistake]) -> None:
    """Values that the unit cannot mean, and the two slips that units invite: a percentage as a factor, a forgotten
    log.
    """
    assert row.shape is not None
    lowest, highest = quantiles.ends(row.shape)
    (middle,) = quantiles.at(row.shape, [0.5])
    if row.conversion and lowest <= row.conversion.above and row.certain is not None:
        what = f"{key}: {row.unit} must be above {row.conversion.above:g}, but its value is {row.certain:.4g}"
        mistakes.append(Mistake(where(f"{key}.value"), what, "give a larger value, or another unit"))
    elif row.conversion and lowest <= row.conversion.above:
        mistakes.append(
            Mistake(
                row.where,
                f"{key}: {row.unit} must be above {row.conversion.above:g}, but the distribution reaches {lowest:.4g}",
                f"truncate it, as with `min: {row.conversion.above + 0.01:g}`, or choose another family",
            )
        )
    elif kernel_unit == "OOM/yr" and row.unit == "x/yr" and middle > FASTEST:
        mistakes.append(
            Mistake(
                row.where,
                f"{key}: {middle:g} x/yr means {middle:g} times as much every year",
                f"for {middle:g} % a year write {1 + middle / 100:g} x/yr or {middle:g} %/yr; else write it in OOM/yr",
            )
        )
    elif row.conversion and row.conversion.operation is Operation.SHIFT and middle > LARGEST_LEVEL:
        mistakes.append(
            Mistake(
                row.where,
                f"{key}: {middle:.4g} in {row.unit} is ten to that power",
                f"write {row.unit.removeprefix('log10 ')} for the amount itself, or its log10",
            )
        )
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        mistakes.append(
            Mistake(row.where, f"{key} reaches {lowest:g} to {highest:g}", "narrow it, or truncate it with min and max")
        )


def yearly(table: Mapping[str, Row]) -> set[str]:
    """The rows that take a new value every year: drawn so, or derived from such."""
    found = {name for name, row in table.items() if row.yearly}
    while True:
        more = {name for name, row in table.items() if row.formula and row.formula.names & found} - found
        if not more:
            return found
        found |= more


def ends(row: Row) -> tuple[float, float]:
    """The smallest and largest value that a row with a distribution can take, in the kernel unit, sorted."""
    assert row.shape is not None
    assert row.conversion is not None
    low, high = sorted(conversion.in_kernel_unit(row.conversion, value) for value in quantiles.ends(row.shape))
    return low, high
