"""A grid: one set at many points of its inputs, on common random numbers, as one labelled Dataset.

Every point draws the same numbers for every input, so that two points differ by their inputs and not by chance. Points
are shared out among threads, one thread a point; only what is reported is counted in histograms. A point that fails
(a value that its unit cannot mean, a formula that breaks) is not a number, with its error in `problem`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import forecast, instants, provenance, results, signals
from simulate.assumptions import Assumptions
from simulate.checking import Where
from simulate.checkpoint import Checkpoint
from simulate.crossings import NEVER_CROSSED
from simulate.engines import choice
from simulate.errors import Mistake, Mistakes, did_you_mean
from simulate.outcome import QUANTILES, RESULTS, Outcome
from simulate.plan import Prepared
from simulate.points import Point, Points
from simulate.rows import is_number
from simulate.swept import Axis, points
from simulate.variables import COMPUTE

if TYPE_CHECKING:
    import xarray as xr

Progress = Callable[[int], None]


def run(
    settings: dict[str, Any],
    where: Where,
    axes: Sequence[Axis],
    by: str = "product",
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> xr.Dataset:
    """Run every point; `settings` hold draws, seed and threads. Points that a `checkpoint` holds are not run again.

    Returns probability (point..., threshold, year) with its error, crossing (point..., threshold, crossing_quantile),
    quantiles of compute (point..., quantile, answer_year) in log10 units, and `problem` (point...). The dimensions of
    the points are those of the swept inputs, with `by="zip"` one dimension `point`.

    Raises
    ------
    Mistakes
        If no point can be run, with what is wrong at each.
    """
    every = points(axes, by)
    sheet = Points(settings, where, axes)
    problems = _first(sheet, every)
    assert sheet.first is not None
    tables = Tables(sheet.first.set, len(every))
    lock, stop = threading.Lock(), threading.Event()

    def advance(draws: int) -> None:
        if stop.is_set():
            raise Stopped
        if progress:
            with lock:
                progress(draws)

    def save() -> None:
        assert checkpoint
        checkpoint.save(int(tables.filled.sum()), len(every), tables.arrays())

    def one(which: int) -> None:
        try:
            # The first point that can be built is what the others start from: before it all are known to fail.
            if which not in problems:
                point = sheet.at(every[which])
                draws, seed = settings["draws"], settings["seed"]
                tables.fill(which, forecast.count(point.set, narrow(point), draws, seed, 1, advance))
        except Mistakes as mistakes:
            problems[which] = mistakes
        with lock:
            tables.filled[which] = which not in problems
            if checkpoint and checkpoint.due():
                save()

    if checkpoint and checkpoint.restore(len(every), tables.arrays()):
        advance(settings["draws"] * int(tables.filled.sum()))
    left = [which for which in range(len(every)) if not tables.filled[which]]
    at_once = min(choice.at_once(settings["threads"]), len(every))
    with signals.held_back() as let_signals_come, ThreadPoolExecutor(at_once) as pool:
        try:  # in the context of this thread, so that the engine that is chosen does the points too
            for future in [pool.submit(copy_context().run, one, which) for which in left]:
                signals.result(future, let_signals_come)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            if checkpoint and checkpoint.worthwhile():
                save()
            raise
    if len(problems) == len(every):
        raise Mistakes([item for which in sorted(problems) for item in problems[which].items])
    texts = ["; ".join(map(str, problems[which].items)) if which in problems else "" for which in range(len(every))]
    return _labelled(tables, texts, axes, by, settings, sheet.first.set)


def _first(sheet: Points, every: Sequence[Sequence[float]]) -> dict[int, Mistakes]:
    """Build the set at the first point where it holds; gives what is wrong with those before it."""
    problems: dict[int, Mistakes] = {}
    for which, numbers in enumerate(every):
        try:
            sheet.build(numbers)
            return problems
        except Mistakes as mistakes:
            problems[which] = mistakes
    raise Mistakes([item for mistakes in problems.values() for item in mistakes.items])


def narrow(point: Point) -> list[Prepared]:
    """The plans of a point with histograms of what is reported, and of what could turn out to be no number."""
    one = point.set
    wanted = dict.fromkeys([*reported(one), *(level.quantity for level in one.thresholds.values()), *one.quantities])
    wanted |= dict.fromkeys(f"ceiling:{name}" for name, own in one.ceilings.items() if own)
    rows = [[own.result_rows[own.results.index(name)] for name in wanted] for own in point.prepared]
    return [
        own._replace(
            inputs=(),
            input_rows=np.zeros(0, np.int64),
            results=tuple(wanted),
            result_rows=np.array(places, np.int64),
        )
        for own, places in zip(point.prepared, rows, strict=True)
    ]


def reported(one: Assumptions) -> tuple[str, ...]:
    """The quantities whose quantiles are reported: compute, or everything of a set that has none."""
    return tuple(name for name in COMPUTE if name in one.units) or tuple(one.units)


class Stopped(Exception):
    """The grid is given up: its points need not be finished."""


class Tables:
    """What is reported of every point; not a number until it is filled."""

    def __init__(self, one: Assumptions, count: int) -> None:
        self.filled = np.zeros(count, bool)
        years, thresholds = len(one.years), len(one.thresholds)
        self.probability = np.full((count, thresholds, years), np.nan)
        self.error = np.full((count, thresholds, years), np.nan)
        self.crossing = np.full((count, thresholds, len(QUANTILES)), np.nan)
        self.answers = results.indices_of_answer(one.years)
        self.quantiles = {name: np.full((count, len(QUANTILES), len(self.answers)), np.nan) for name in reported(one)}
        self.worth = np.full(count, np.nan)

    def arrays(self) -> list[np.ndarray]:
        """All tables, to be written down or filled in."""
        parts = (self.probability, self.error, self.crossing, self.worth)
        return [self.filled, *parts, *self.quantiles.values()]

    def fill(self, which: int, outcome: Outcome) -> None:
        """Note the answer of one point."""
        if len(outcome.set.thresholds):
            self.probability[which] = outcome.probability
            self.error[which] = outcome.probability_error
            self.crossing[which] = outcome.crossings().dates(QUANTILES)
        for name, table in self.quantiles.items():
            table[which] = outcome.quantiles(RESULTS, name, QUANTILES)[:, self.answers]
        self.worth[which] = outcome.sample_size


def _labelled(
    tables: Tables, problems: list[str], axes: Sequence[Axis], by: str, settings: dict[str, Any], one: Assumptions
) -> xr.Dataset:
    import xarray as xr

    dims = ("point",) if by == "zip" else tuple(axis.name for axis in axes)
    shape = (len(problems),) if by == "zip" else tuple(len(axis.values) for axis in axes)
    coordinates: dict[str, Any] = {
        "year": ("year", one.years, {"long_name": "instant", "units": "decimal year"}),
        "quantile": ("quantile", QUANTILES),
        "answer_year": ("answer_year", one.years[tables.answers], {"units": "decimal year"}),
    }
    for axis in axes:
        field = "pinned to" if axis.field == "value" else axis.field
        about = {"long_name": f"inputs.{axis.row}: {field}", "units": one.rows[axis.row].unit}
        coordinates[axis.name] = ("point" if by == "zip" else axis.name, np.array(axis.values), about)

    def spread(values: np.ndarray) -> np.ndarray:
        return values.reshape(*shape, *values.shape[1:])

    variables: dict[str, Any] = {
        "problem": (dims, spread(np.array(problems, dtype=str)), {"long_name": "why the point could not be run"}),
        "sample_size": (dims, spread(tables.worth), {"long_name": "draws that the result is worth"}),
    }
    if one.thresholds:
        coordinates["threshold"] = ("threshold", np.array(list(one.thresholds), dtype=str))
        coordinates["crossing_quantile"] = ("crossing_quantile", QUANTILES)
        by_year = (*dims, "threshold", "year")
        about = {"units": "1", "long_name": "probability of having crossed by that instant"}
        variables["probability"] = (by_year, spread(tables.probability), about)
        about = {"units": "1", "long_name": "Monte Carlo standard error of each point by itself"}
        variables["probability_error"] = (by_year, spread(tables.error), about)
        about = {
            "units": "decimal year",
            "long_name": f"date of crossing; inf: {NEVER_CROSSED}; -inf: before the start",
        }
        variables["crossing"] = ((*dims, "threshold", "crossing_quantile"), spread(tables.crossing), about)
        quantities = [level.quantity for level in one.thresholds.values()]
        variables["threshold_quantity"] = (("threshold",), np.array(quantities, dtype=str))
    for name, table in tables.quantiles.items():
        about = {"units": one.units[name], "long_name": one.meanings[name]}
        variables[name] = ((*dims, "quantile", "answer_year"), spread(table), about)
    swept = {axis.key: axis.values for axis in axes}
    asked = {"grid": json.dumps(swept), "grid_by": by, "grid_axes": json.dumps([axis.name for axis in axes])}
    attributes = provenance.of_set("grid", one, settings["draws"], settings["seed"], settings) | asked
    return xr.Dataset(variables, coordinates, attributes)


def cannot_show(names: Sequence[str], years: np.ndarray, threshold: str | None, year: float | None) -> list[Mistake]:
    """What is wrong with the threshold and year that are asked for, given those of the run."""
    mistakes = []
    if threshold is not None and threshold not in names:
        what = f"grid_threshold = {threshold}: there is no such threshold{did_you_mean(threshold, names)}"
        mistakes.append(Mistake("grid_threshold", what, f"one of: {', '.join(names) or 'none'}"))
    if year is not None and not (is_number(year) and instants.place(years, year) is not None):
        what = f"grid_year = {year} is no instant of the run"
        mistakes.append(Mistake("grid_year", what, f"it has {instants.span(years)}"))
    return mistakes


def shown(dataset: xr.Dataset, threshold: str | None = None, year: float | None = None) -> tuple[str, float]:
    """The threshold and year that table and figure show: those asked for, else where the points differ most.

    Raises
    ------
    Mistakes
        For a threshold or year that the result lacks.
    """
    names, years = [str(name) for name in dataset["threshold"].values], dataset["year"].values
    mistakes = cannot_show(names, years, threshold, year)
    if mistakes:
        raise Mistakes(mistakes)
    found = dataset["probability"].stack(all_points=dimensions(dataset))
    spread = (found.max("all_points") - found.min("all_points")).transpose("threshold", "year")
    spread = spread.sel(threshold=[threshold] if threshold is not None else names)
    chosen = [year] if year is not None else dataset["answer_year"].values.tolist()
    table = np.nan_to_num(spread.sel(year=chosen, method="nearest").values)
    i, j = np.unravel_index(int(np.argmax(table)), table.shape)
    return str(spread["threshold"].values[i]), float(chosen[j])


def dimensions(dataset: xr.Dataset) -> list[str]:
    """The dimensions of the points."""
    return ["point"] if dataset.attrs["grid_by"] == "zip" else axes_of(dataset)


def axes_of(dataset: xr.Dataset) -> list[str]:
    """The coordinates that hold the values of the swept inputs."""
    return list(json.loads(dataset.attrs["grid_axes"]))
