"""The set's own number beside a printed one, with its Monte Carlo error, and whether they agree."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulate import results
from simulate.published import Published, neighbours

if TYPE_CHECKING:
    import xarray as xr

YES, NO, INFORMATION, STALE, DIFFERS = "yes", "no", "information", "stale", "differs"
VARIABLES = {"ceiling": "ceiling_compute", "input": "inputs", "binding": "binding"}


def compare(dataset: xr.Dataset, row: Published) -> dict[str, Any]:
    """One line of the table: what was printed, what the set gives, and the verdict."""
    ours, error = number(dataset, row)
    return {
        "set": str(dataset.attrs["name"]),
        "what": row.name,
        "unit": row.unit,
        "published": row.value,
        "ours": ours,
        "error": error,
        "tolerance": tolerance(row),
        "verdict": verdict(row, ours),
        "reason": reason(row, ours, error),
        "source": row.source,
        "note": row.note,
    }


def verdict(row: Published, ours: float) -> str:
    """Whether the number agrees; a row that is said to differ must truly differ."""
    if row.tolerance is None:
        return INFORMATION
    if row.within(ours):
        return STALE if row.differs else YES
    return DIFFERS if row.differs else NO


def reason(row: Published, ours: float, error: float) -> str:
    """What is to be said of a verdict: why a number differs, or by how much it is missed."""
    said = verdict(row, ours)
    if said == DIFFERS:
        return row.differs
    if said == STALE:
        return f"agrees within {tolerance(row)}, though `differs` says: {row.differs}"
    if said != NO:
        return ""
    if not (math.isfinite(row.value) and math.isfinite(ours)):
        return "one of the two dates is beyond the horizon" if math.inf in (row.value, ours) else "no finite number"
    near = error > 0.0 and (row.within(ours - 2.0 * error) or row.within(ours + 2.0 * error))
    more = "; that is within two Monte Carlo errors: give more draws" if near else ""
    return f"off by {row.distance(ours)}, allowed {tolerance(row)}{more}"


def tolerance(row: Published) -> str:
    """The tolerance as a reader may trust it; empty for a number for information."""
    given = row.tolerance or ""
    return f"{float(given):g}" if re.fullmatch(r"[-+0-9.eE]+", given) else given


def failed(line: dict[str, Any]) -> bool:
    """Whether a line says that the set does not give what it should."""
    return line["verdict"] in (NO, STALE)


def counts(lines: Sequence[dict[str, Any]]) -> str:
    """How many numbers have which verdict, in one sentence."""
    number_of = Counter(line["verdict"] for line in lines)
    stale = f", {number_of[STALE]} said to differ but met" if number_of[STALE] else ""
    return (
        f"{number_of[YES]} met, {number_of[DIFFERS]} differ as said, {number_of[INFORMATION]} for information, "
        f"{number_of[NO]} missed{stale}"
    )


def number(dataset: xr.Dataset, row: Published) -> tuple[float, float]:
    """The set's number in the unit of the source, and its Monte Carlo standard error.

    The error of a quantile is half the distance between the quantiles one binomial standard error below and above its
    level; several years are summed as if they moved together, which errs on the wide side.
    """
    worth = results.effective_draws(dataset)
    if row.kind == "binding" or (row.kind == "threshold" and row.years):
        share = float(_variable(dataset, row, "probability").sel(year=row.years[0], method="nearest"))
        error = math.sqrt(max(share * (1.0 - share), 0.0) / worth)
        if row.kind == "threshold" and row.hypothesis is None:
            errors = dataset["probability_error"].sel(threshold=row.of)
            error = float(errors.sel(year=row.years[0], method="nearest"))
        return row.in_unit(share), row.in_unit(error)
    level = 0.5 if row.quantile is None else row.quantile
    low, middle, high = (_quantile(dataset, row, near) for near in neighbours(level, int(dataset.attrs["draws"])))
    wider = math.sqrt(float(dataset.attrs["draws"]) / worth)  # the levels were chosen for draws of equal weight
    return middle, wider * abs(high - low) / 2.0 if math.isfinite(middle) else math.nan


def _quantile(dataset: xr.Dataset, row: Published, level: float) -> float:
    """A quantile, summed over the years or taken from that of an earlier year, in the unit of the source."""
    variable = _variable(dataset, row, "crossing")
    dimension = "crossing_quantile" if row.kind == "threshold" else "quantile"
    there = variable.sel({dimension: level}, method="nearest", tolerance=1e-12)
    if not row.years:
        return row.in_unit(float(there))
    values = (float(there.sel(year=year, method="nearest")) for year in row.years)
    return math.fsum(row.in_unit(value - _before(there, row)) for value in values)


def _before(variable: xr.DataArray, row: Published) -> float:
    return 0.0 if row.since is None else float(variable.sel(year=row.since, method="nearest"))


def _variable(dataset: xr.Dataset, row: Published, of_threshold: str) -> xr.DataArray:
    """The variable in which the number stands, for all hypotheses together or for the one that is named."""
    name = VARIABLES.get(row.kind) or (of_threshold if row.kind == "threshold" else row.of)
    variable = dataset[name if row.hypothesis is None else f"{name}_by_hypothesis"]
    if row.hypothesis is not None:
        variable = variable.sel(hypothesis=row.hypothesis)
    dimension = "ceiling" if row.kind == "binding" else row.kind
    return variable if row.kind == "quantity" else variable.sel({dimension: row.of})
