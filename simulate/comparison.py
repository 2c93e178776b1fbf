"""Several assumption sets side by side, on shared random numbers, and how far each is from the first of them.

Inputs of the same name have the same random numbers in all sets, so most of the Monte Carlo error of two results
cancels in their difference; `pairing` measures what is left of it. Years are the union of the sets' instants: a set has
no number (NaN) where it has no such instant, threshold or row. A quantity is compared where all sets have it in one
unit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import contents, differing, forecast, instants, provenance
from simulate.assumptions import Assumptions
from simulate.checkpoint import CheckpointFile
from simulate.dataset import dataset as labelled
from simulate.errors import Mistake, Mistakes
from simulate.pairing import SAMPLE, FirstDraws, error
from simulate.steps import Steps
from simulate.variables import COMPUTE

if TYPE_CHECKING:
    import xarray as xr

DIMENSIONS = ("year", "quantile", "threshold", "crossing_quantile", "ceiling", "input")
TEXTS = ("threshold_quantity", "input_unit", "input_dist", "input_source")


def run(
    sets: Sequence[Assumptions],
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    checkpoint: CheckpointFile | None = None,
) -> xr.Dataset:
    """Run every set and lay the results side by side along the dimension `set`; differences are to the first set.

    A `checkpoint` is gone on with, and kept up to date.

    Raises
    ------
    Mistakes
        If the sets have neither a threshold nor a quantity in common.
    """
    check(sets)
    results, apart = [], []
    first: FirstDraws | None = None
    steps = Steps(checkpoint, draws * len(sets)) if checkpoint else None
    for one in sets:
        step = steps.next() if steps else None
        outcome = forecast.simulate(one, draws, seed, threads, progress=progress, sample=SAMPLE, checkpoint=step)
        these = FirstDraws(outcome)
        kept, outcome.kept = outcome.kept, ()  # the table of a set holds no single draws
        result = labelled(outcome)
        outcome.kept = kept
        result = result.assign_coords(year=instants.rounded(result["year"].values))
        results.append(result)
        first = first or these
        apart.append(_Apart(first, results[0], these, result).variables())
    return _side_by_side(sets, results, apart, draws, seed)


def check(sets: Sequence[Assumptions]) -> None:
    """Every further set must have something in common with the first one."""
    mistakes = []
    first = sets[0]
    for one in sets[1:]:
        quantities = {name for name, unit in first.units.items() if one.units.get(name) == unit}
        if not quantities and not first.thresholds.keys() & one.thresholds.keys():
            what = f"{first.name} and {one.name} have no quantity and no threshold in common"
            mistakes.append(Mistake("sets", what, "leave one of them out, or name thresholds with thresholds=[...]"))
        if not instants.shared(first.years, one.years).size:
            what = f"{first.name} and {one.name} have no instant in common"
            mistakes.append(Mistake("sets", what, "give one start, horizon and step for all, as start=2026"))
    if mistakes:
        raise Mistakes(mistakes)


class _Apart:
    """How far a set is from the first one, each difference with its paired error."""

    def __init__(self, first: FirstDraws, its: xr.Dataset, other: FirstDraws, result: xr.Dataset) -> None:
        self.first, self.other = first, other
        self.its, self.result = its, result
        self.draws = float(first.of.draws)
        years = np.intersect1d(its["year"].values, result["year"].values)
        self.years = years
        places = [np.searchsorted(one["year"].values, years) for one in (its, result)]
        self.instants = list(zip(*(place.tolist() for place in places), strict=True))

    def variables(self) -> dict[str, Any]:
        """Differences and errors as (dimensions, values, coordinates, attributes)."""
        found: dict[str, Any] = {}
        mine, theirs = (list(side.of.set.thresholds) for side in (self.first, self.other))
        pairs = [(name, mine.index(name), theirs.index(name)) for name in mine if name in theirs]
        if pairs:
            found |= self._probabilities(pairs) | self._dates(pairs)
        for name in COMPUTE:
            if name in self.first.of.kept and name in self.other.of.kept:
                found |= self._medians(name)
        return found

    def _probabilities(self, pairs: list[tuple[str, int, int]]) -> dict[str, Any]:
        difference, errors = np.zeros((2, len(pairs), len(self.years)))
        plain = self.first.plain and self.other.plain
        mine, theirs = (result["probability"].values for result in (self.its, self.result))
        for k, (_, a, b) in enumerate(pairs):
            for j, (at, there) in enumerate(self.instants):
                p, q = float(mine[a, at]), float(theirs[b, there])
                push = self.other.probability(b, self.years[j], q) - self.first.probability(a, self.years[j], p)
                difference[k, j] = q - p
                errors[k, j] = error(push, self.draws)
                if plain:  # at least |q - p| of the draws differ, be there none among the first ones
                    least = max(abs(q - p) - (q - p) ** 2, 0.0)
                    errors[k, j] = max(errors[k, j], math.sqrt(least / self.draws))
        dimensions = {"threshold": [name for name, *_ in pairs], "year": self.years}
        return _with_error("probability", "probability", dimensions, difference, errors, "1", "1")

    def _dates(self, pairs: list[tuple[str, int, int]]) -> dict[str, Any]:
        levels = self.its["crossing_quantile"].values
        difference, errors = np.full((2, len(pairs), levels.size), np.nan)
        mine, theirs = (result["crossing"].values for result in (self.its, self.result))
        for k, (_, a, b) in enumerate(pairs):
            for j, level in enumerate(levels.tolist()):
                p, q = float(mine[a, j]), float(theirs[b, j])
                if math.isfinite(p) and math.isfinite(q):
                    difference[k, j] = q - p
                    push = self.other.date(b, level, q) - self.first.date(a, level, p)
                    errors[k, j] = error(push, self.draws)
                elif p != q:
                    difference[k, j] = q - p
        dimensions = {"threshold": [name for name, *_ in pairs], "crossing_quantile": levels}
        return _with_error("crossing", "crossing date", dimensions, difference, errors, "year", "decimal year")

    def _medians(self, name: str) -> dict[str, Any]:
        middle = int(np.argmin(np.abs(self.its["quantile"].values - 0.5)))
        difference, errors = np.full((2, len(self.years)), np.nan)
        (levels, here), (others, yonder) = (side.near_median(name) for side in (self.first, self.other))
        mine, theirs = (result[name].values for result in (self.its, self.result))
        for j, (at, there) in enumerate(self.instants):
            p, q = float(mine[middle, at]), float(theirs[middle, there])
            if not (math.isfinite(p) and math.isfinite(q)):
                continue
            push = self.other.median(name, there, q, (others, yonder[:, there]))
            push = push - self.first.median(name, at, p, (levels, here[:, at]))
            difference[j], errors[j] = q - p, error(push, self.draws)
        unit = str(self.its[name].attrs["units"])
        return _with_error(name, f"median {name}", {"year": self.years}, difference, errors, "OOM", unit)


def _with_error(
    name: str, words: str, coordinates: dict[str, Any], values: np.ndarray, errors: np.ndarray, unit: str, of: str
) -> dict[str, Any]:
    import xarray as xr

    first = {"units": unit, "long_name": f"{words} less that of the first set", "of": of}
    second = {"units": unit, "long_name": f"Monte Carlo standard error of {name}_difference, on shared random numbers"}
    return {
        f"{name}_difference": xr.DataArray(values, coordinates, attrs=first),
        f"{name}_difference_error": xr.DataArray(errors, coordinates, attrs=second),
    }


def _side_by_side(
    sets: Sequence[Assumptions],
    results: Sequence[xr.Dataset],
    apart: Sequence[dict[str, Any]],
    draws: int,
    seed: int,
) -> xr.Dataset:
    import xarray as xr

    variables: dict[str, Any] = {}
    for name in _in_common(results):
        variables[name] = _along([result[name] for result in results])
    for name in dict.fromkeys(name for some in apart for name in some):
        there = next(some[name] for some in apart if name in some)
        nothing = xr.full_like(there, np.nan)
        variables[name] = _along([some.get(name, nothing) for some in apart])
    names = [one.name for one in sets]
    combined = xr.Dataset(variables).assign_coords(set=("set", np.array(names, dtype=str)))
    combined["year"].attrs = {"long_name": "instant", "units": "decimal year"}
    for name, values in (
        ("title", [one.title for one in sets]),
        ("start", [float(one.years[0]) for one in sets]),
        ("horizon", [float(one.years[-1]) for one in sets]),
        ("effective_sample_size", [float(result["effective_sample_size"]) for result in results]),
    ):
        combined[f"set_{name}"] = ("set", values)
    rows = {one.name: differing.rows(sets[0].settings, one.settings) for one in sets[1:]}
    title = f"{len(sets)} sets of assumptions: {', '.join(names)}"
    found = {"differing_rows": json.dumps(rows, default=str), "notes": json.dumps(_notes(results))}
    combined.attrs = provenance.of_sets("compare", title, sets, draws, seed) | found
    return combined


def _in_common(results: Sequence[xr.Dataset]) -> list[str]:
    """Variables that all sets have in one unit, and that stand on dimensions which can be laid side by side."""
    found = []
    for name, variable in results[0].data_vars.items():
        fits = set(variable.dims) <= set(DIMENSIONS) and variable.dims
        numbers = variable.dtype.kind in "fi" or name in TEXTS
        alike = all(name in r and r[name].attrs.get("units") == variable.attrs.get("units") for r in results)
        if fits and numbers and alike:
            found.append(str(name))
    return found


def _notes(results: Sequence[xr.Dataset]) -> list[str]:
    """Quantities that some sets have and that are not compared, and why."""
    common = set(_in_common(results))
    missing: list[str] = []
    unlike: list[str] = []
    for name in dict.fromkeys(name for result in results for name in contents.quantities(result)):
        if name not in common:
            units = {str(r[name].attrs.get("units")) for r in results if name in r}
            (missing if len(units) == 1 else unlike).append(name)
    notes = [f"not compared, since not every set has them: {', '.join(missing)}"] if missing else []
    return [*notes, *([f"not compared, since their units differ: {', '.join(unlike)}"] if unlike else [])]


def _along(variables: Sequence[xr.DataArray]) -> xr.DataArray:
    """The variables of all sets along `set`, on the union of their coordinates, with no number where one has none."""
    import xarray as xr

    bare = [variable.reset_coords(drop=True) for variable in variables]
    text = bare[0].dtype.kind in "OUT"
    union: dict[str, Any] = {}
    for dimension in bare[0].dims:
        values = [variable[dimension].values for variable in bare]
        every = dict.fromkeys(value for some in values for value in some.tolist())
        union[str(dimension)] = sorted(every) if values[0].dtype.kind == "f" else list(every)
    laid = [variable.reindex(union, fill_value="" if text else np.nan) for variable in bare]
    joined = xr.concat(laid, dim="set", combine_attrs="override")
    return joined.astype(str) if text else joined
