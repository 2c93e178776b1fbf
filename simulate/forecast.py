"""A forecast: an assumption set run for many draws, as one labelled Dataset.

The engine gives whole-number counts; here they become quantiles, probabilities and dates, each with its Monte Carlo error, and xarray is
attached to the finished arrays only. Everything that the result depends on is in its attributes.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import elementwise, intervals, summary
from simulate.assumptions import Assumptions
from simulate.blocks import DRAWS
from simulate.compiled import source_hash
from simulate.crossings import NEVER_CROSSED, Crossings
from simulate.engines import local
from simulate.errors import Mistake, Mistakes
from simulate.kernel import Watched
from simulate.plan import Prepared, prepare
from simulate.tally import Sums, blank, pilot

if TYPE_CHECKING:
    import xarray as xr

QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
SAMPLE_PATHS = 50
STATEMENT = "A projection conditional on these assumptions"
RUN_KEYS = ("draws", "seed", "threads", "keep", "output", "resume", "overwrite", "study", "show", "folder")
Progress = Callable[[int], None]


def run(
    assumptions: Assumptions,
    draws: int = 1_000_000,
    seed: int = 1,
    threads: int | None = None,
    keep: str | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run a set for `draws` draws; the same seed gives the same bits for any number of threads.

    Returns the Dataset that `docs/results.md` describes: quantiles of every quantity (quantile, year) in log10 units, probabilities
    (threshold, year), crossing dates (threshold, crossing_quantile) in decimal years with infinity beyond the horizon, and more.
    With `keep="draws"` every trajectory is kept too, as `<name>_draw` (draw, year) float32.

    Raises
    ------
    Mistakes
        If a formula gives no finite number in some draw.
    """
    started = time.perf_counter()
    result = simulate(assumptions, draws, seed, threads, keep, progress)
    dataset = result.dataset()
    timings = {"simulation": round(result.seconds, 3), "total": round(time.perf_counter() - started, 3)}
    dataset.attrs["timings"] = json.dumps(timings)
    return dataset


def simulate(
    assumptions: Assumptions,
    draws: int,
    seed: int,
    threads: int | None = None,
    keep: str | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Run the kernel and gather its counts."""
    computed = [name for name in ("training_compute", "effective_compute") if name in assumptions.units]
    kept = tuple(assumptions.units) if keep == "draws" else tuple(computed)
    prepared = prepare(assumptions, kept)
    watched = _place(prepared, seed, assumptions)
    paths = draws if keep == "draws" else min(SAMPLE_PATHS, draws)
    trajectories = np.zeros((len(kept), len(assumptions.years), paths), np.float32)
    started = time.perf_counter()
    sums = local.run(prepared, watched, trajectories, draws, seed, threads, progress)
    _check_broken(assumptions, prepared, sums.others["broken"], draws)
    _check_results(assumptions, prepared, sums, draws)
    return Outcome(assumptions, prepared, watched, sums, trajectories, kept, draws, seed, time.perf_counter() - started)


def _place(prepared: Prepared, seed: int, assumptions: Assumptions) -> Watched:
    """Run the first block and lay out the histograms by it; positive inputs that span a factor of three in their logarithm."""
    rows, years = prepared.input_rows, len(prepared.plan.years)
    blind = Watched(
        summary.unplaced(rows, 1),
        np.zeros(len(rows), np.int64),
        summary.unplaced(prepared.result_rows, years),
        np.zeros(len(prepared.plan.levels)),
    )
    first = pilot(prepared)
    tally = blank(prepared, blind, np.zeros((0, 0, 0), np.float32))
    worker = local.Worker(prepared, blind, tally, first)
    worker.run(seed, 0, 1, DRAWS)
    _check_broken(assumptions, prepared, worker.sums.others["broken"], DRAWS)
    low, high = first.inputs.min(axis=(1, 2)), first.inputs.max(axis=(1, 2))
    with np.errstate(over="ignore"):
        logs = (low > 0.0) & (high > 3.0 * low) & (high < np.inf)
    if logs.any():
        first.inputs[logs] = elementwise.log10(first.inputs[logs])
    return Watched(
        summary.place(first.inputs, rows),
        logs.astype(np.int64),
        summary.place(first.results, prepared.result_rows),
        first.dates[:, 0].copy(),
    )


def _check_broken(assumptions: Assumptions, prepared: Prepared, broken: np.ndarray, draws: int) -> None:
    """A derived input that is not a finite number in some draw is a mistake of its formula."""
    mistakes = []
    for name, count in zip(prepared.derived, broken.tolist(), strict=True):
        if count:
            section, row = name.split(".", 1)
            table = assumptions.rows if section == "inputs" else {k: t.row for k, t in assumptions.thresholds.items()}
            share = f"{count / draws:.2g} of the draws"
            what = f"{name} is not a finite number in {share}"
            mistakes.append(
                Mistake(
                    table[row].where, what, "guard the formula with max(), clip() or where(), or truncate its inputs"
                )
            )
    if mistakes:
        raise Mistakes(mistakes)


def _check_results(assumptions: Assumptions, prepared: Prepared, sums: Sums, draws: int) -> None:
    """A result that is no number in some draw and year is a mistake of what it is made of."""
    bad = sums.results.nan.max(axis=1)
    mistakes = []
    for name, count in zip(prepared.results, bad.tolist(), strict=True):
        if count:
            own = assumptions.quantities.get(name) or assumptions.ceilings.get(name.removeprefix("ceiling:"))
            where = own.where if own else "inputs"
            what = f"{name.replace(':', ' ')} is not a number in {count / draws:.2g} of the draws"
            mistakes.append(
                Mistake(where, what, "look for the logarithm of a negative number, 0/0 or infinity less infinity")
            )
    if mistakes:
        raise Mistakes(mistakes[:1])


class Outcome:
    """The counts of a run and what they mean."""

    def __init__(
        self,
        assumptions: Assumptions,
        prepared: Prepared,
        watched: Watched,
        sums: Sums,
        trajectories: np.ndarray,
        kept: tuple[str, ...],
        draws: int,
        seed: int,
        seconds: float,
    ) -> None:
        self.set, self.prepared, self.watched = assumptions, prepared, watched
        self.sums, self.paths, self.kept, self.draws, self.seed, self.seconds = (
            sums,
            trajectories,
            kept,
            draws,
            seed,
            seconds,
        )

    def dataset(self) -> xr.Dataset:
        """The labelled result."""
        import xarray as xr

        variables: dict[str, Any] = {}
        coordinates: dict[str, Any] = {
            "year": ("year", self.set.years, {"long_name": "instant", "units": "decimal year"}),
            "quantile": ("quantile", QUANTILES),
        }
        self._quantities(variables)
        self._inputs(variables, coordinates)
        if self.set.ceilings:
            self._ceilings(variables, coordinates)
        if self.set.thresholds:
            self._thresholds(variables, coordinates)
        if self.kept:
            self._trajectories(variables, coordinates)
        variables["effective_sample_size"] = ((), float(self.draws), {"long_name": "draws that the result is worth"})
        return xr.Dataset(variables, coordinates, self._attributes())

    def _quantities(self, variables: dict[str, Any]) -> None:
        watch, total = self.watched.results, self.sums.results
        table = summary.quantiles(watch, total, QUANTILES)
        mean, sd = summary.moments(watch, total, self.draws)
        for k, name in enumerate(self.prepared.results):
            if name.startswith("ceiling:"):
                continue
            about = {"units": self.set.units[name], "long_name": self.set.meanings[name]}
            variables[name] = (("quantile", "year"), table[k], about)
            variables[f"{name}_mean"] = (("year",), mean[k], about)
            variables[f"{name}_sd"] = (("year",), sd[k], about)

    def _inputs(self, variables: dict[str, Any], coordinates: dict[str, Any]) -> None:
        watch, total = self.watched.inputs, self.sums.inputs
        table = summary.quantiles(watch, total, QUANTILES)[:, :, 0]
        with np.errstate(over="ignore"):
            table = np.where(self.watched.input_logs[:, None] == 1, 10.0**table, table)
        names = list(self.set.rows)
        rows = list(self.set.rows.values())
        if not names:
            return
        coordinates["input"] = ("input", np.array(names, dtype=object).astype(str))
        variables["inputs"] = (
            ("input", "quantile"),
            table[: len(names)],
            {"long_name": "quantiles in the written unit"},
        )
        for column, values in (
            ("unit", [row.unit for row in rows]),
            ("dist", [row.family for row in rows]),
            ("source", [row.source for row in rows]),
            ("note", [row.note for row in rows]),
        ):
            variables[f"input_{column}"] = (("input",), np.array(values, dtype=str))
        truncated = np.array([row.shape.truncated if row.shape else 0.0 for row in rows])
        variables["truncated"] = (("input",), truncated, {"long_name": "mass that min and max cut off"})
        if self.set.correlations.names:
            self._correlations(variables, coordinates)

    def _correlations(self, variables: dict[str, Any], coordinates: dict[str, Any]) -> None:
        names = self.set.correlations.names
        pearson = self.set.correlations.factor @ self.set.correlations.factor.T
        coordinates["correlated"] = ("correlated", np.array(names, dtype=str))
        coordinates["correlated_with"] = ("correlated_with", np.array(names, dtype=str))
        reached = 6.0 / np.pi * np.arcsin(np.clip(pearson, -1.0, 1.0) / 2.0)
        variables["correlation"] = (
            ("correlated", "correlated_with"),
            reached,
            {"long_name": "Spearman rank correlation"},
        )

    def _ceilings(self, variables: dict[str, Any], coordinates: dict[str, Any]) -> None:
        names = [*self.set.active, *(name for name in self.set.ceilings if name in self.set.inactive)]
        table = summary.quantiles(self.watched.results, self.sums.results, QUANTILES)
        where = [self.prepared.results.index(f"ceiling:{name}") for name in names]
        active = np.array([name not in self.set.inactive for name in names], np.int8)
        meanings = json.dumps({name: self.set.meanings[f"ceiling {name}"] for name in names})
        coordinates["ceiling"] = ("ceiling", np.array(names, dtype=str), {"meanings": meanings})
        coordinates["active"] = ("ceiling", active, {"long_name": "1 if the ceiling is part of the minimum"})
        about = {"units": "log10 FLOP", "long_name": "training compute of the largest run that the ceiling allows"}
        variables["ceiling_compute"] = (("ceiling", "quantile", "year"), table[where], about)
        share = np.zeros((len(names), len(self.set.years)))
        share[: len(self.set.active)] = self.sums.others["binding"] / self.draws
        variables["binding"] = (
            ("ceiling", "year"),
            share,
            {"units": "1", "long_name": "share of draws in which it is the lowest"},
        )

    def _thresholds(self, variables: dict[str, Any], coordinates: dict[str, Any]) -> None:
        thresholds = self.set.thresholds
        coordinates["threshold"] = ("threshold", np.array(list(thresholds), dtype=str))
        coordinates["crossing_quantile"] = ("crossing_quantile", QUANTILES)
        crossings = Crossings(self.set.years, self.sums.others, self.watched.dates, self.draws)
        k = np.cumsum(self.sums.others["crossed"], axis=1)
        p = k / self.draws
        low, high = intervals.binomial(k, self.draws)
        by_year = ("threshold", "year")
        about = {"units": "1", "long_name": "probability of having crossed by that instant"}
        variables["probability"] = (by_year, p, about)
        variables["probability_error"] = (
            by_year,
            np.sqrt(p * (1.0 - p) / self.draws),
            {"long_name": "Monte Carlo standard error"},
        )
        variables["probability_low"] = (by_year, low, {"long_name": "lower end of the 95 % Monte Carlo interval"})
        variables["probability_high"] = (by_year, high, {"long_name": "upper end of the 95 % Monte Carlo interval"})
        dates, errors = crossings.quantiles(QUANTILES)
        by_quantile = ("threshold", "crossing_quantile")
        about = {
            "units": "decimal year",
            "long_name": f"date of crossing; inf: {NEVER_CROSSED}; -inf: before the start",
        }
        variables["crossing"] = (by_quantile, dates, about)
        variables["crossing_error"] = (
            by_quantile,
            errors,
            {"units": "year", "long_name": "Monte Carlo standard error"},
        )
        variables["never"] = (("threshold",), 1.0 - p[:, -1], {"units": "1", "long_name": NEVER_CROSSED})
        variables["already"] = (("threshold",), p[:, 0], {"units": "1", "long_name": "crossed at or before the start"})
        edges, density = crossings.histogram()
        coordinates["crossing_bin"] = (
            "crossing_bin",
            edges,
            {"units": "decimal year", "width": float(edges[1] - edges[0])},
        )
        variables["crossing_density"] = (
            ("threshold", "crossing_bin"),
            density,
            {"units": "1", "long_name": "share of draws that cross in the bin"},
        )
        levels = summary.quantiles(self.watched.inputs, self.sums.inputs, QUANTILES)[len(self.set.rows) :, :, 0]
        with np.errstate(over="ignore"):
            levels = np.where(self.watched.input_logs[len(self.set.rows) :, None] == 1, 10.0**levels, levels)
        variables["threshold_level"] = (
            ("threshold", "quantile"),
            levels,
            {"long_name": "level, in the unit of its quantity"},
        )
        for column, values in (
            ("quantity", [t.quantity for t in thresholds.values()]),
            ("source", [t.row.source for t in thresholds.values()]),
            ("note", [t.row.note for t in thresholds.values()]),
        ):
            variables[f"threshold_{column}"] = (("threshold",), np.array(values, dtype=str))

    def _trajectories(self, variables: dict[str, Any], coordinates: dict[str, Any]) -> None:
        paths = self.paths
        coordinates["draw"] = ("draw", np.arange(paths.shape[2]))
        for k, name in enumerate(self.kept):
            about = {"units": self.set.units[name], "long_name": f"{self.set.meanings[name]}, draw by draw"}
            variables[f"{name}_draw"] = (("draw", "year"), paths[k].T, about)

    def _attributes(self) -> dict[str, Any]:
        stated = {key: value for key, value in self.set.settings.items() if key not in RUN_KEYS}
        text = json.dumps(stated, sort_keys=True, default=str)
        return {
            "name": self.set.name,
            "title": self.set.title,
            "statement": STATEMENT,
            "assumptions": text,
            "draws": int(self.draws),
            "seed": str(self.seed),
            "start": float(self.set.years[0]),
            "horizon": float(self.set.years[-1]),
            "step": float(self.set.years[1] - self.set.years[0]),
            "versions": json.dumps(versions()),
            "source_hash": source_hash(),
            "config_hash": hashlib.sha256(text.encode()).hexdigest(),
            "notes": json.dumps([*self.set.notes, *_unused(self.set.unused)]),
        }


def _unused(names: tuple[str, ...]) -> list[str]:
    return [f"not read by the chosen laws and limits: {', '.join(names)}"] if names else []


def versions() -> dict[str, str]:
    """Versions of what the result was computed with."""
    from importlib.metadata import version

    found = {
        name: version(name) for name in ("numpy", "numba", "xarray", "scipy", "hydra-core", "netCDF4", "matplotlib")
    }
    return {"python": platform.python_version(), **found}
