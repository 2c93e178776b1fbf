"""One draw as a story: its inputs, each year's ceilings, which of them binds, and when it crosses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import provenance, quantiles
from simulate.typical import Found, Question, find

if TYPE_CHECKING:
    import xarray as xr


def run(question: Question, seed: int = 1) -> xr.Dataset:
    """The story as a Dataset: inputs (input), quantities (year), ceilings (ceiling, year), dates (threshold)."""
    import xarray as xr

    found = find(question, seed)
    one, names = found.hypothesis.set, found.prepared.inputs
    years, rows = ("year",), one.rows
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {"year": ("year", one.years, {"units": "decimal year"})}
    for k, name in enumerate(found.prepared.results):
        if not name.startswith("ceiling:"):
            about = {"units": one.units[name], "long_name": one.meanings[name]}
            variables[name] = (years, found.results[k], about)
    if rows:
        at = [names.index(name) for name in rows]
        coordinates["input"] = ("input", np.array(list(rows), dtype=str))
        variables["value"] = ("input", found.inputs[at], {"long_name": "value in the written unit"})
        variables["typical"] = (
            "input",
            found.typical[at],
            {"long_name": "median of the draws that cross in that year"},
        )
        about = {
            "units": "1",
            "long_name": "share of the input's distribution up to the value; nan: certain or derived",
        }
        percentile = [
            quantiles.share_below(shape, found.inputs[k])
            if (shape := rows[name].shape) and rows[name].drawn
            else np.nan
            for name, k in zip(rows, at, strict=True)
        ]
        variables["percentile"] = ("input", np.array(percentile), about)
        variables["unit"] = ("input", np.array([row.unit for row in rows.values()], dtype=str))
        each_year = np.array([row.yearly for row in rows.values()], np.int8)
        variables["each_year"] = (
            "input",
            each_year,
            {"long_name": "1 if drawn every year; the value is the first year's"},
        )
    if one.ceilings:
        stated = np.array([found.results[found.prepared.results.index(f"ceiling:{name}")] for name in one.ceilings])
        coordinates["ceiling"] = ("ceiling", np.array(list(one.ceilings), dtype=str))
        active = np.array([name in one.active for name in one.ceilings], np.int8)
        coordinates["active"] = ("ceiling", active, {"long_name": "1 if the ceiling is part of the minimum"})
        about = {"units": "log10 FLOP", "long_name": "training compute of the largest run that the ceiling allows"}
        variables["ceiling_compute"] = (("ceiling", "year"), stated, about)
        if active.any():
            lowest = np.argmin(stated[active == 1], axis=0)
            binds = [one.active[k] for k in lowest]
            variables["binding"] = (years, np.array(binds, dtype=str), {"long_name": "the lowest ceiling"})
    if one.thresholds:
        coordinates["threshold"] = ("threshold", np.array(list(one.thresholds), dtype=str))
        about = {
            "units": "decimal year",
            "long_name": "date of crossing; inf: beyond the horizon; -inf: before the start",
        }
        variables["crossing"] = ("threshold", found.dates, about)
        levels = found.inputs[[names.index(f"threshold:{name}") for name in one.thresholds]]
        variables["level"] = ("threshold", levels, {"long_name": "level, in the unit of its quantity"})
        about = {"long_name": "1 if the level moves with the years; it is that of the first"}
        reached = found.prepared.plan.levels
        variables["level_moves"] = ("threshold", (reached["level"] != reached["stated"]).astype(np.int8), about)
        variables["quantity"] = ("threshold", np.array([t.quantity for t in one.thresholds.values()], dtype=str))
    return xr.Dataset(variables, coordinates, _attributes(question, found, seed))


def _attributes(question: Question, found: Found, seed: int) -> dict[str, Any]:
    asked = {
        "draw": found.draw,
        "hypothesis": found.hypothesis.name,
        "hypotheses": len(question.set.hypotheses),
        "threshold": found.threshold,
        "crossed_in": question.year,
        "among": found.among,
        "share": found.share,
        "by_weight": int(bool(question.set.hypotheses) or bool(question.set.evidence)),
    }
    return provenance.of_set("explain", question.set, question.draws, seed) | asked
