"""From the counts of a run to a labelled Dataset: quantiles, probabilities and dates, each with its Monte Carlo error.

xarray is attached to finished arrays only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import by_hypothesis, convergence, provenance
from simulate.correlation import spearman
from simulate.crossings import NEVER_CROSSED
from simulate.outcome import LIKELIHOOD, RESULTS, Outcome
from simulate.products import product

if TYPE_CHECKING:
    import xarray as xr


def dataset(outcome: Outcome) -> xr.Dataset:
    """The labelled result."""
    import xarray as xr

    return xr.Dataset(*_Labels(outcome).everything())


class _Labels:
    """Variables and coordinates as they are filled, table by table."""

    def __init__(self, outcome: Outcome) -> None:
        self.of, self.set = outcome, outcome.set
        self.variables: dict[str, Any] = {}
        self.coordinates: dict[str, Any] = {
            "year": ("year", self.set.years, {"long_name": "instant", "units": "decimal year"}),
            "quantile": ("quantile", self.of.levels),
        }

    def everything(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Variables, coordinates and attributes."""
        self._quantities()
        self._inputs()
        if self.set.ceilings:
            self._ceilings()
        if self.set.thresholds:
            self._thresholds()
        if any(hypothesis.set.superexponential for hypothesis in self.set.members):
            self._poles()
        if self.of.kept:
            self._trajectories()
        about = {"long_name": "draws that the result is worth"}
        self.variables["effective_sample_size"] = ((), float(self.of.sample_size), about)
        if self.set.hypotheses:
            more, names = by_hypothesis.variables(self.of, self.variables)
            self.variables |= more
            self.coordinates |= names
        about = provenance.of_set("forecast", self.set, self.of.draws, self.of.seed)
        about |= {"sampling": self.of.sampling, "convergence": json.dumps(convergence.judge(self.of))}
        return self.variables, self.coordinates, about

    def _quantities(self) -> None:
        for name, unit in self.set.units.items():
            about = {"units": unit, "long_name": self.set.meanings[name]}
            mean, sd = self.of.moments(name)
            self.variables[name] = (("quantile", "year"), self.of.quantiles(RESULTS, name, self.of.levels), about)
            self.variables[f"{name}_mean"] = (("year",), mean, about)
            self.variables[f"{name}_sd"] = (("year",), sd, about)

    def _inputs(self) -> None:
        rows = self.of.rows
        if not rows:
            return
        table = np.array([self.of.written(name, self.of.levels) for name in rows])
        self.coordinates["input"] = ("input", np.array(list(rows), dtype=object).astype(str))
        about = {"long_name": "quantiles in the written unit"}
        self.variables["inputs"] = (("input", "quantile"), table, about)
        for column, values in (
            ("unit", [row.unit for row in rows.values()]),
            ("dist", [row.family for row in rows.values()]),
            ("source", [row.source for row in rows.values()]),
            ("note", [row.note for row in rows.values()]),
        ):
            self.variables[f"input_{column}"] = (("input",), np.array(values, dtype=str))
        truncated = np.array([row.shape.truncated if row.shape else 0.0 for row in rows.values()])
        self.variables["truncated"] = (("input",), truncated, {"long_name": "mass that min and max cut off"})
        if self.set.correlations.names:
            self._correlations()

    def _correlations(self) -> None:
        names = self.set.correlations.names
        self.coordinates["correlated"] = ("correlated", np.array(names, dtype=str))
        self.coordinates["correlated_with"] = ("correlated_with", np.array(names, dtype=str))
        factor = self.set.correlations.factor
        reached = spearman(product(factor, factor.T))
        about = {"long_name": "Spearman rank correlation"}
        self.variables["correlation"] = (("correlated", "correlated_with"), reached, about)

    def _ceilings(self) -> None:
        names = self.of.ceilings
        active = [any(name in hypothesis.set.active for hypothesis in self.set.members) for name in names]
        meanings = json.dumps({name: self.set.meanings[f"ceiling {name}"] for name in names})
        self.coordinates["ceiling"] = ("ceiling", np.array(names, dtype=str), {"meanings": meanings})
        meaning = {"long_name": "1 if the ceiling is part of the minimum"}
        self.coordinates["active"] = ("ceiling", np.array(active, np.int8), meaning)
        about = {"units": "log10 FLOP", "long_name": "training compute of the largest run that the ceiling allows"}
        table = np.array([self.of.quantiles(RESULTS, f"ceiling:{name}", self.of.levels) for name in names])
        self.variables["ceiling_compute"] = (("ceiling", "quantile", "year"), table, about)
        share = self.of.pooled(lambda counts: counts.binding(names))
        about = {"units": "1", "long_name": "share of draws in which it is the lowest"}
        self.variables["binding"] = (("ceiling", "year"), share, about)

    def _thresholds(self) -> None:
        thresholds, of = self.set.thresholds, self.of
        self.coordinates["threshold"] = ("threshold", np.array(list(thresholds), dtype=str))
        self.coordinates["crossing_quantile"] = ("crossing_quantile", self.of.levels)
        p, (low, high) = of.probability, of.probability_interval()
        for name, values, meaning in (
            ("probability", p, "probability of having crossed by that instant"),
            ("probability_error", of.probability_error, "Monte Carlo standard error"),
            ("probability_low", low, "lower end of the 95 % Monte Carlo interval"),
            ("probability_high", high, "upper end of the 95 % Monte Carlo interval"),
        ):
            self.variables[name] = (("threshold", "year"), values, {"units": "1", "long_name": meaning})
        crossings = of.crossings()
        dates, errors = crossings.quantiles(of.levels)
        meaning = f"date of crossing; inf: {NEVER_CROSSED}; -inf: before the start"
        by_quantile = ("threshold", "crossing_quantile")
        self.variables["crossing"] = (by_quantile, dates, {"units": "decimal year", "long_name": meaning})
        about = {"units": "year", "long_name": "Monte Carlo standard error"}
        self.variables["crossing_error"] = (by_quantile, errors, about)
        self.variables["never"] = (("threshold",), 1.0 - p[:, -1], {"units": "1", "long_name": NEVER_CROSSED})
        about = {"units": "1", "long_name": "crossed at or before the start"}
        self.variables["already"] = (("threshold",), p[:, 0], about)
        edges, width, density = crossings.histogram()
        bins = {"units": "decimal year", "width": width}
        self.coordinates["crossing_bin"] = ("crossing_bin", edges, bins)
        about = {"units": "1", "long_name": "share of draws that cross in the bin"}
        self.variables["crossing_density"] = (("threshold", "crossing_bin"), density, about)
        levels = np.array([of.written(f"threshold:{name}", of.levels) for name in thresholds])
        about = {"long_name": "level, in the unit of its quantity"}
        self.variables["threshold_level"] = (("threshold", "quantile"), levels, about)
        for column, texts in (
            ("quantity", [t.quantity for t in thresholds.values()]),
            ("source", [t.row.source for t in thresholds.values()]),
            ("note", [t.row.note for t in thresholds.values()]),
        ):
            self.variables[f"threshold_{column}"] = (("threshold",), np.array(texts, dtype=str))
        own = np.array([threshold.own for threshold in thresholds.values()], np.int8)
        about = {"long_name": "1 if the set itself states it, 0 if a set of thresholds does"}
        self.variables["threshold_own"] = (("threshold",), own, about)

    def _poles(self) -> None:
        self.coordinates["path"] = ("path", np.array(self.of.with_pole, dtype=str))
        about = {"units": "1", "long_name": "share of draws in which the path has reached its pole"}
        self.variables["reached_pole"] = (("path", "year"), self.of.poles(), about)

    def _trajectories(self) -> None:
        """Some draws for the eye, picked from the hypotheses by their weights; or all of them (`keep=draws`)."""
        names = [*self.of.kept, *([LIKELIHOOD] if self.of.weighted else [])]
        paths = self.of.every_draw() if self.of.everything else self.of.some_draws()
        by_member = self.of.everything and bool(self.set.hypotheses)
        self.coordinates["draw"] = ("draw", np.arange(paths.shape[-2]))
        for k, name in enumerate(names):
            if name == LIKELIHOOD:
                about = {"units": "nat", "long_name": "log-likelihood of the evidence, draw by draw"}
                values, dimensions = paths[k, ..., 0], ["draw"]
            else:
                about = {"units": self.set.units[name], "long_name": f"{self.set.meanings[name]}, draw by draw"}
                values, dimensions = paths[k], ["draw", "year"]
            if by_member:
                self.variables[f"{name}_draw_by_hypothesis"] = (["hypothesis", *dimensions], values, about)
            else:
                self.variables[f"{name}_draw"] = (dimensions, values, about)
