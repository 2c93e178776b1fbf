"""What the source of a set printed: numbers to hold the set's own against.

A row names one of threshold, quantity, ceiling, input or binding, says at which year and quantile, and gives the
printed value in its unit, with a tolerance: a number in that unit, "3 %" of the value, or "x1.5", a factor either way.
`differs` is the reason why a set is known not to give the number; without tolerance a row is for information.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulate import assumptions, instants, units
from simulate.assumptions import Assumptions
from simulate.checking import Check
from simulate.conversion import in_kernel_unit
from simulate.errors import Mistake, Mistakes, did_you_mean, shown
from simulate.grammar import PUBLISHED_KINDS
from simulate.rows import is_number
from simulate.units import Conversion, Operation

SHARES = {"%": 100.0, "fraction": 1.0, "1": 1.0}
TOLERANCE = re.compile(r"(x)?([0-9.]+(?:[eE][-+]?[0-9]+)?) ?(%)?")


@dataclass(frozen=True)
class Published:
    """One printed number, checked against the set that it belongs to."""

    name: str
    kind: str  # threshold, quantity, ceiling, input or binding
    of: str  # the name of that threshold, quantity ...
    years: tuple[float, ...]  # several are summed
    since: float | None
    quantile: float | None
    hypothesis: str | None
    value: float
    unit: str
    kernel_unit: str  # of the result: "1" for shares, "year" for dates, else what `units.accepted` takes
    written_unit: str  # of an input's row
    tolerance: str | None
    differs: str
    source: str
    note: str

    def within(self, ours: float) -> bool:
        """Whether a number of ours is near enough; a row without tolerance has nothing to be near to."""
        if self.tolerance is None:
            return False
        if not (math.isfinite(self.value) and math.isfinite(ours)):
            return self.value == ours
        factor, amount, percent = _tolerance(self.tolerance) or (None, "0", None)
        if factor:
            return ours * self.value > 0.0 and max(ours / self.value, self.value / ours) <= float(amount)
        allowed = float(amount) * (abs(self.value) / 100.0 if percent else 1.0)
        return abs(ours - self.value) <= allowed * (1.0 + 1e-12)

    def distance(self, ours: float) -> str:
        """How far a number of ours is away, in the words of the tolerance: an amount, "5 %" or "x1.7"."""
        factor, _, percent = _tolerance(self.tolerance or "") or (None, "0", None)
        if factor and ours * self.value > 0.0:
            return f"x{max(ours / self.value, self.value / ours):.3g}"
        away = abs(ours - self.value)
        return f"{100.0 * away / abs(self.value):.3g} %" if percent and self.value else f"{away:.3g}"

    def in_unit(self, stored: float) -> float:
        """A stored number in the unit that the source speaks."""
        if self.kernel_unit == "1":
            return stored * SHARES[self.unit]
        if self.kernel_unit == "year" or (self.kind == "input" and self.unit == self.written_unit):
            return stored
        spellings = units.accepted(self.kernel_unit)
        kernel = stored
        if self.kind == "input":
            kernel = in_kernel_unit(spellings[self.written_unit], stored)
        return _from_kernel(spellings[self.unit], kernel)


def read(settings: Mapping[str, Any], built: Assumptions, check: Check) -> list[Published]:
    """Every row of `published`; what is wrong goes into `check`."""
    found = (_read(name, row, built, settings, check) for name, row in check.section("published").items())
    return [row for row in found if row is not None]


def checked(sets: Iterable[Any]) -> list[tuple[Assumptions, list[Published]]]:
    """Build every composed set (`settings`, `where`) and read its numbers.

    Raises Mistakes with everything that is wrong with any of them.
    """
    found = []
    mistakes: list[Mistake] = []
    for one in sets:
        check = Check(one.settings, one.where)
        try:
            built = assumptions.build(one.settings, one.where)
        except Mistakes as wrong:
            mistakes.extend(wrong.items)
            continue
        found.append((built, read(one.settings, built, check)))
        mistakes.extend(check.mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    return found


def levels(rows: Iterable[Published], draws: int) -> list[float]:
    """The quantiles that a run must report: those asked for, and their neighbours one standard error either way."""
    asked = {row.quantile for row in rows if row.quantile is not None}
    asked |= {0.5 for row in rows if row.kind == "input" and row.quantile is None}
    return sorted({near for level in asked for near in neighbours(level, draws)})


def neighbours(level: float, draws: int) -> tuple[float, float, float]:
    """A level, and those one binomial standard error below and above it."""
    spread = math.sqrt(level * (1.0 - level) / draws)
    return max(level - spread, 0.0), level, min(level + spread, 1.0)


def _read(
    name: str, row: Mapping[str, Any], built: Assumptions, settings: Mapping[str, Any], check: Check
) -> Published | None:
    key, before = f"published.{name}", len(check.mistakes)
    inputs = {name: row for member in built.members for name, row in member.set.rows.items()}
    known: dict[str, list[str]] = {
        "threshold": list(built.thresholds),
        "quantity": list(built.units),
        "ceiling": list(built.ceilings),
        "input": list(inputs),
        "binding": list(built.active),
    }
    kinds = [kind for kind in PUBLISHED_KINDS if row.get(kind) is not None]
    if len(kinds) != 1:
        what = f"{key} names {' and '.join(kinds) or 'nothing'}"
        check.wrong(key, what, f"give exactly one of: {', '.join(PUBLISHED_KINDS)}")
        return None
    kind, of = kinds[0], str(row[kinds[0]])
    if of not in known[kind]:
        names = known[kind]
        way_out = f"the set has: {', '.join(names) or 'none'}{did_you_mean(of, names)}"
        check.wrong(f"{key}.{kind}", f"{key}: no {kind} is called {shown(of)}", way_out)
    years = _years(key, row, built, check)
    since = row.get("since")
    if since is not None:
        _instant(f"{key}.since", since, built, check)
    quantile = row.get("quantile")
    if quantile is not None and (not is_number(quantile) or not 0.0 < quantile < 1.0):
        check.wrong(f"{key}.quantile", f"{key}.quantile = {shown(quantile)}", "a number between 0 and 1")
    _check_shape(key, kind, row, check)
    hypotheses = list(settings.get("hypotheses") or {})
    hypothesis = row.get("hypothesis")
    if hypothesis is not None and hypothesis not in hypotheses:
        way_out = f"the set has: {', '.join(hypotheses) or 'none'}{did_you_mean(str(hypothesis), hypotheses)}"
        check.wrong(f"{key}.hypothesis", f"{key}: no hypothesis is called {shown(hypothesis)}", way_out)
    value = row.get("value")
    if not (is_number(value) or value == math.inf):
        check.wrong(f"{key}.value", f"{key}.value = {shown(value)}", "the printed number, or .inf: beyond the horizon")
    tolerance = row.get("tolerance")
    if tolerance is not None and not _tolerance(tolerance):
        way_out = 'a number in the unit, "3 %" of the value, or "x1.5", a factor of 1 or more'
        check.wrong(f"{key}.tolerance", f"{key}.tolerance = {shown(tolerance)} is no tolerance", way_out)
    differs = row.get("differs")
    if differs is not None and (tolerance is None or not isinstance(differs, str)):
        check.wrong(f"{key}.differs", f"{key}.differs needs a tolerance, and a reason in words", "give both")
    if of not in known[kind]:
        return None
    written = inputs[of].unit if kind == "input" else ""
    kernel_unit = _kernel_unit(kind, of, row, built, written)
    unit = str(row.get("unit"))
    spellings = list(SHARES) if kernel_unit == "1" else ["year"]
    if kernel_unit not in ("1", "year"):
        spellings = list(units.accepted(kernel_unit)) if kernel_unit else [written]
        spellings = ["OOM"] if since is not None else spellings
    if unit not in spellings:
        way_out = f"write it in one of: {', '.join(spellings)}{did_you_mean(unit, spellings)}"
        check.wrong(f"{key}.unit", f"{key}: unit {shown(row.get('unit'))} does not fit {kind} {of}", way_out)
    if len(check.mistakes) > before:
        return None
    return Published(
        name, kind, of, years, None if since is None else float(since), quantile, hypothesis, float(str(value)), unit,
        kernel_unit if since is None else "log10 1", written, None if tolerance is None else str(tolerance),
        str(differs or ""), str(row.get("source") or ""), str(row.get("note") or ""),
    )  # fmt: skip


def _years(key: str, row: Mapping[str, Any], built: Assumptions, check: Check) -> tuple[float, ...]:
    one, several = row.get("year"), row.get("years")
    if one is not None and several is not None:
        check.wrong(f"{key}.years", f"{key} has both year and years", "give one of them")
    given = [one] if one is not None else several if several is not None else []
    if not isinstance(given, list) or several == []:
        check.wrong(f"{key}.years", f"{key}.years = {shown(given)}", "a list of instants, such as [2025, 2026]")
        return ()
    field = "year" if one is not None else "years"
    return tuple(float(year) for year in given if _instant(f"{key}.{field}", year, built, check))


def _instant(key: str, year: Any, built: Assumptions, check: Check) -> bool:
    """Whether a year is an instant of the set's grid; says so if not."""
    if is_number(year) and instants.place(built.years, year) is not None:
        return True
    way_out = f"instants of the set: {instants.span(built.years)}"
    check.wrong(key, f"{key} = {shown(year)} is no instant of the set", way_out)
    return False


def _check_shape(key: str, kind: str, row: Mapping[str, Any], check: Check) -> None:
    """Which of year, years, since and quantile belong to what is named."""
    has = {field for field in ("year", "years", "since", "quantile") if row.get(field) is not None}
    allowed = {
        "threshold": [{"year"}, {"quantile"}],
        "quantity": [{"year", "quantile"}, {"years", "quantile"}, {"year", "since", "quantile"}],
        "ceiling": [{"year", "quantile"}, {"year", "since", "quantile"}],
        "input": [set(), {"quantile"}],
        "binding": [{"year"}],
    }[kind]
    if has not in allowed:
        ways = [" and ".join(sorted(way)) or "neither year nor quantile" for way in allowed]
        check.wrong(key, f"{key}: a {kind} with {', '.join(sorted(has)) or 'no year'}", f"give {', or '.join(ways)}")


def _kernel_unit(kind: str, of: str, row: Mapping[str, Any], built: Assumptions, written: str) -> str:
    if kind == "binding":
        return "1"
    if kind == "threshold":
        return "1" if row.get("year") is not None else "year"
    if kind == "input":
        return units.log10_unit(written) or ""
    return built.units[of] if kind == "quantity" else "log10 FLOP"


def _tolerance(given: Any) -> tuple[str | None, str, str | None] | None:
    """("x" or None, amount, "%" or None), or None for what is no tolerance."""
    if isinstance(given, bool):
        return None
    match = TOLERANCE.fullmatch(str(given))
    if match is None or (match[1] and match[3]):
        return None
    try:
        amount = float(match[2])
    except ValueError:
        return None
    return (match[1], match[2], match[3]) if amount >= (1.0 if match[1] else 0.0) else None


def _from_kernel(conversion: Conversion, kernel: float) -> float:
    """The written value of a number in the kernel unit: `conversion.convert` the other way round."""
    factor = conversion.factor
    with np.errstate(over="ignore", divide="ignore"):
        back: dict[Operation, Callable[[], Any]] = {
            Operation.SCALE: lambda: kernel / factor,
            Operation.SHIFT: lambda: kernel - factor,
            Operation.LOG: lambda: np.float64(10.0) ** (kernel - factor),
            Operation.PERCENT_GROWTH: lambda: 100.0 * (np.float64(10.0) ** kernel - 1.0),
            Operation.INVERSE: lambda: np.float64(factor) / kernel,
            Operation.POWER: lambda: np.log10(kernel / factor),
        }
        return float(back[conversion.operation]())
