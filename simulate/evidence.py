"""Evidence: what has been seen since, in the light of which draws are weighed anew.

A row of `evidence` is either a log-likelihood, stated by a formula over inputs (natural logarithm, relative to its
maximum, so at most 0), or the observation of a quantity at a date: a value with an error in orders of magnitude.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from simulate import conversion, formulas, grammar, instants, rows, units
from simulate.checking import Check
from simulate.errors import Mistake, did_you_mean, shown
from simulate.formulas import Formula

LEAST_SHARE = 0.01
"""Evidence that leaves fewer effective draws than this share of them has refuted the set, not updated it."""
OBSERVED = ("quantity", "date", "value", "unit", "sd")
ERROR = re.compile(r"\s*([0-9.eE+-]+)\s*OOM\s*")


class LogLikelihood(NamedTuple):
    """A log-likelihood by formula."""

    name: str
    where: str
    formula: Formula


class Observation(NamedTuple):
    """A quantity seen at a date: its log10 in the kernel's unit, and the standard error of that."""

    name: str
    quantity: str
    date: float
    value: float
    sd: float


class Evidence(NamedTuple):
    """All evidence of a set, by kind."""

    likelihoods: tuple[LogLikelihood, ...]
    observations: tuple[Observation, ...]

    def __bool__(self) -> bool:
        return bool(self.likelihoods or self.observations)


def read(
    check: Check,
    inputs: Collection[str],
    yearly: Collection[str],
    known_units: Mapping[str, str],
    grid: tuple[float, float],
) -> Evidence:
    """Check every row; `grid` is the first and the last instant."""
    likelihoods, observations = [], []
    whole = check.settings.get("evidence")
    if whole is not None and not isinstance(whole, Mapping):
        check.wrong("evidence", f"evidence = {shown(whole)}", "a mapping by name: {what_was_seen: {loglik: ...}, ...}")
    for name, given in check.section("evidence").items():
        key = f"evidence.{name}"
        if not isinstance(given, Mapping):
            check.wrong(
                key, f"{key} = {shown(given)}", "a mapping: {loglik: ...}, or {quantity, date, value, unit, sd}"
            )
            continue
        fields = {str(field): value for field, value in given.items() if value is not None}
        seen = [field for field in OBSERVED if field in fields]
        unknown = [field for field in fields if field not in grammar.EVIDENCE_FIELDS]
        for field in unknown:
            near = did_you_mean(field, grammar.EVIDENCE_FIELDS)
            way_out = f"allowed: {', '.join(grammar.EVIDENCE_FIELDS)}"
            check.wrong(f"{key}.{field}", f"{key}.{field} is unknown{near}", way_out)
        if unknown and "loglik" not in fields and len(seen) < len(OBSERVED):
            continue  # what is missing may be what was misspelt
        if "loglik" in fields and seen:
            check.wrong(key, f"{key} has both loglik and {seen[0]}", "a formula or an observation, one of them")
        elif "loglik" in fields:
            formula = _formula(check, key, fields["loglik"], inputs, yearly)
            if formula:
                likelihoods.append(LogLikelihood(name, check.where(key), formula))
        else:
            observation = _observation(check, key, name, fields, known_units, grid)
            if observation:
                observations.append(observation)
    return Evidence(tuple(likelihoods), tuple(observations))


def _formula(check: Check, key: str, text: Any, inputs: Collection[str], yearly: Collection[str]) -> Formula | None:
    where = f"{key}.loglik"
    try:
        formula = formulas.parse(text)
    except formulas.BadFormula as bad:
        check.wrong(where, f"{where} = {shown(text)}", str(bad))
        return None
    known = {*inputs, *check.broken}
    for name in sorted((formula.names | formula.earlier) - known):
        listed = ", ".join(sorted(known))
        way_out = f"known: {listed[:300]}{'...' if len(listed) > 300 else ''}{did_you_mean(name, known)}"
        check.wrong(where, f"{where}: no input is called '{name}'", way_out)
    if formula.moves or formula.names & set(yearly):
        what = f"{where} changes from year to year"
        check.wrong(
            where, what, "use inputs that are drawn once; a quantity is observed by {quantity, date, value, sd}"
        )
    return formula


def _observation(
    check: Check,
    key: str,
    name: str,
    fields: Mapping[str, Any],
    known_units: Mapping[str, str],
    grid: tuple[float, float],
) -> Observation | None:
    missing = [field for field in OBSERVED if field not in fields]
    if missing:
        check.wrong(
            key, f"{key} has no {missing[0]}", f"an observation has {', '.join(OBSERVED)}; a formula has loglik"
        )
        return None
    before = len(check.mistakes)
    quantity, date, value, unit = (fields[field] for field in OBSERVED[:4])
    error = _error(fields["sd"])
    kernel_unit = known_units.get(str(quantity))
    if kernel_unit is None:
        way_out = f"quantities of this set: {', '.join(known_units)}{did_you_mean(str(quantity), known_units)}"
        check.wrong(f"{key}.quantity", f"{key}.quantity = {shown(quantity)}", way_out)
    elif not kernel_unit.startswith("log10 "):
        check.wrong(f"{key}.quantity", f"{quantity} is in {kernel_unit}, not in log10", "observe an amount")
    elif str(unit) not in (accepted := units.accepted(kernel_unit)):
        way_out = f"one of: {', '.join(accepted)}{did_you_mean(str(unit), accepted)}"
        check.wrong(f"{key}.unit", f"{key}: {shown(unit)} is no unit of {quantity}", way_out)
    if not rows.is_number(value):
        check.wrong(f"{key}.value", f"{key}.value = {shown(value)}", "a finite number, in `unit`")
    elif kernel_unit and str(unit) in (known := units.accepted(kernel_unit)) and not value > known[unit].above:
        check.wrong(f"{key}.value", f"{key}.value = {value:g}", "an amount above 0")
    if not rows.is_number(error) or not error > 0.0:
        check.wrong(f"{key}.sd", f"{key}.sd = {shown(fields['sd'])}", "a standard error in OOM, above 0: 0.2")
    if not rows.is_number(date):
        check.wrong(f"{key}.date", f"{key}.date = {shown(date)}", "a decimal year")
    elif date < grid[0] - instants.SAME:
        way_out = f"start the set at {int(date)} or before, or leave the observation out"
        check.wrong(f"{key}.date", f"{key}.date = {date:g} lies before the start, {grid[0]:g}", way_out)
    elif date > grid[1] + instants.SAME:
        check.wrong(f"{key}.date", f"{key}.date = {date:g} lies beyond the horizon, {grid[1]:g}", "a later horizon")
    if len(check.mistakes) > before or kernel_unit is None:
        return None
    seen = conversion.in_kernel_unit(units.accepted(kernel_unit)[unit], float(value))
    return Observation(name, quantity, min(max(float(date), grid[0]), grid[1]), seen, float(error))


def _error(stated: Any) -> Any:
    """A standard error without the unit that may stand behind it."""
    text = ERROR.fullmatch(stated) if isinstance(stated, str) else None
    try:
        return float(text[1]) if text else stated
    except ValueError:
        return stated


def collapse(sample_size: float, draws: float) -> list[Mistake]:
    """The mistake of a set, or of weights of its hypotheses, to which the evidence leaves hardly any draw."""
    share = sample_size / draws
    if share >= LEAST_SHARE:
        return []
    left = f"{100.0 * share:.2g} % of the draws (effective sample size {sample_size:.3g})" if share > 0.0 else "no draw"
    way_out = "the set finds what was seen all but impossible: widen its inputs, raise sd, or drop that evidence"
    return [Mistake("evidence", f"the evidence leaves {left}, below {100.0 * LEAST_SHARE:g} %", way_out)]
