"""What every model counts, so that all give the same tables: histograms placed by a pilot, ceilings, crossings."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import textbook
from benchmarks.numpy_inputs import DATE_BINS, LN_10, QUANTILES, Table, logged
from benchmarks.tuned_histogram import Histogram, date_quantiles

PILOT = 512


def result_names(table: Table) -> list[str]:
    """The results that are counted: the trend and its ceiling are one and the same row."""
    return [name for name in table.results if name != "ceiling:trend"]


class Counted:
    """The counts of a run, in orders of magnitude; placed by the first draws of the textbook's model."""

    def __init__(self, table: Table) -> None:
        self.table, self.names, self.input_names = table, result_names(table), list(table.marginals)
        written, x = textbook.sample(table, PILOT, np.random.default_rng(PILOT))
        q = textbook.trajectories(table, {name: np.reshape(v, (-1, 1)) for name, v in x.items()}, PILOT)
        pilot = np.stack([np.broadcast_to(q[name], (PILOT, len(table.years))) for name in self.names])
        watched = [np.log10(written[k]) if logged(one) else written[k] for k, one in table.marginals.items()]
        self.results = Histogram(pilot.min(axis=1), pilot.max(axis=1))
        self.inputs = Histogram(np.min(watched, axis=1)[:, None], np.max(watched, axis=1)[:, None])
        thresholds, instants = len(table.thresholds), len(table.years)
        self.binding = np.zeros((len(table.active), instants), np.int64)
        self.crossed = np.zeros((thresholds, instants), np.int64)
        self.cells = np.zeros((thresholds, round((table.years[-1] - table.years[0]) * DATE_BINS)), np.int64)
        self.draws = 0

    def outputs(self) -> dict[str, Any]:
        """The tables of these counts."""
        return outputs(self, 1.0)


def outputs(counted: Any, per_oom: float) -> dict[str, Any]:
    """The same tables as the textbook's; `per_oom` is an order of magnitude in the unit that was counted."""
    table, names = counted.table, [*counted.names, "ceiling:trend"]
    rows = [*range(len(counted.names)), counted.names.index("trend")]
    quantiles = counted.results.quantiles(QUANTILES) / per_oom
    mean, sd = (side / per_oom for side in counted.results.moments(counted.draws))
    of_inputs = {
        name: np.exp(row * (LN_10 / per_oom)) if logged(table.marginals[name]) else row
        for name, row in zip(counted.input_names, counted.inputs.quantiles(QUANTILES)[:, :, 0], strict=True)
    }
    crossed = np.cumsum(counted.crossed, axis=1)
    dates = [
        date_quantiles(already, cells, counted.draws, float(table.start))
        for already, cells in zip(crossed[:, 0], counted.cells, strict=True)
    ]
    return {
        "quantiles": {name: quantiles[k] for name, k in zip(names, rows, strict=True)},
        "mean": {name: mean[k] for name, k in zip(names, rows, strict=True)},
        "sd": {name: sd[k] for name, k in zip(names, rows, strict=True)},
        "binding": counted.binding / counted.draws,
        "crossed": dict(zip(table.thresholds, crossed / counted.draws, strict=True)),
        "dates": dict(zip(table.thresholds, dates, strict=True)),
        "cells": dict(zip(table.thresholds, counted.cells, strict=True)),
        "inputs": of_inputs | {name: np.full(len(QUANTILES), v) for name, v in table.written.items()},
    }
