"""From the counts of a run to a labelled Dataset: quantiles, probabilities and dates, each with its Monte Carlo error.

xarray is attached to finished arrays only. Everything that the result depends on is in its attributes.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import intervals, summary
from simulate.assumptions import Assumptions
from simulate.compiled import source_hash
from simulate.crossings import NEVER_CROSSED, Crossings
from simulate.kernel import Watched
from simulate.plan import Prepared
from simulate.tally import Sums

if TYPE_CHECKING:
    import xarray as xr

QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
STATEMENT = "A projection conditional on these assumptions"
#: Keys that say what to do with the numbers or what to hold them against, not what they are.
RUN_KEYS = (
    "draws",
    "seed",
    "threads",
    "keep",
    "output",
    "resume",
    "overwrite",
    "study",
    "show",
    "sets",
    "folder",
    "changes",
    "published",
)


def canonical(settings: Mapping[str, Any]) -> str:
    """The settings that decide the numbers, as JSON in one fixed order."""
    stated = {key: value for key, value in settings.items() if key not in RUN_KEYS}
    return json.dumps(stated, sort_keys=True, default=str)


def config_hash(settings: Mapping[str, Any]) -> str:
    """Hash of all settings that decide the numbers, draws and seed aside."""
    return hashlib.sha256(canonical(settings).encode()).hexdigest()


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
        self.levels = QUANTILES
        self.sums, self.paths, self.kept, self.draws, self.seed, self.seconds = (
            sums,
            trajectories,
            kept,
            draws,
            seed,
            seconds,
        )

    def dataset(self, levels: Sequence[float] = ()) -> xr.Dataset:
        """The labelled result, with the quantiles QUANTILES and any others of `levels`."""
        import xarray as xr

        self.levels = np.union1d(QUANTILES, np.array(levels))
        variables: dict[str, Any] = {}
        coordinates: dict[str, Any] = {
            "year": ("year", self.set.years, {"long_name": "instant", "units": "decimal year"}),
            "quantile": ("quantile", self.levels),
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
        table = summary.quantiles(watch, total, self.levels)
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
        table = summary.quantiles(watch, total, self.levels)[:, :, 0]
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
        table = summary.quantiles(self.watched.results, self.sums.results, self.levels)
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
        coordinates["crossing_quantile"] = ("crossing_quantile", self.levels)
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
        dates, errors = crossings.quantiles(self.levels)
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
        levels = summary.quantiles(self.watched.inputs, self.sums.inputs, self.levels)[len(self.set.rows) :, :, 0]
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
        return {
            "name": self.set.name,
            "title": self.set.title,
            "statement": STATEMENT,
            "assumptions": canonical(self.set.settings),
            "draws": int(self.draws),
            "seed": str(self.seed),
            "start": float(self.set.years[0]),
            "horizon": float(self.set.years[-1]),
            "step": float(self.set.years[1] - self.set.years[0]),
            "versions": json.dumps(versions()),
            "source_hash": source_hash(),
            "config_hash": config_hash(self.set.settings),
            "changes": json.dumps(self.set.settings.get("changes", [])),
            "pinned": json.dumps(self.set.pinned),
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
