"""A forecast: an assumption set run for many draws, as one labelled Dataset.

A pilot block places the histograms, the engine counts, `dataset` turns the counts into the result.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from simulate import elementwise, summary
from simulate.assumptions import Assumptions
from simulate.blocks import DRAWS
from simulate.dataset import Outcome
from simulate.engines import local
from simulate.errors import Mistake, Mistakes
from simulate.kernel import Watched
from simulate.plan import Prepared, prepare
from simulate.tally import Sums, blank, pilot

if TYPE_CHECKING:
    import xarray as xr

SAMPLE_PATHS = 50
Progress = Callable[[int], None]


def run(
    assumptions: Assumptions,
    draws: int = 1_000_000,
    seed: int = 1,
    threads: int | None = None,
    keep: str | None = None,
    progress: Progress | None = None,
    levels: Sequence[float] = (),
) -> xr.Dataset:
    """Run a set for `draws` draws; the same seed gives the same bits for any number of threads.

    Returns the Dataset that `docs/results.md` describes: quantiles of every quantity (quantile, year) in log10 units,
    probabilities (threshold, year), crossing dates (threshold, crossing_quantile) in decimal years with infinity beyond
    the horizon, and more. With `keep="draws"` every trajectory is kept too, as `<name>_draw` (draw, year) float32.
    `levels` are quantiles to report beside those of every run.

    Raises
    ------
    Mistakes
        If a formula gives no finite number in some draw.
    """
    started = time.perf_counter()
    result = simulate(assumptions, draws, seed, threads, keep, progress)
    dataset = result.dataset(levels)
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
    _check_memory(len(kept) * len(assumptions.years) * paths * 4)
    trajectories = np.zeros((len(kept), len(assumptions.years), paths), np.float32)
    started = time.perf_counter()
    sums = local.run(prepared, watched, trajectories, draws, seed, threads, progress)
    _check_broken(assumptions, prepared, sums.others["broken"], draws)
    _check_results(assumptions, prepared, sums, draws)
    return Outcome(assumptions, prepared, watched, sums, trajectories, kept, draws, seed, time.perf_counter() - started)


def _place(prepared: Prepared, seed: int, assumptions: Assumptions) -> Watched:
    """Run the first block and lay out the histograms by it; positive inputs that span a factor of three in their
    logarithm.
    """
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


def _check_memory(needed: int) -> None:
    """Kept trajectories must fit into memory, twice: they are written from there."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**33
    if 2 * needed > there:
        what = f"keep=draws needs {2 * needed / 2**30:.0f} GiB of memory, {there / 2**30:.0f} GiB are there"
        raise Mistakes([Mistake("keep", what, "fewer draws, a nearer horizon, or no keep")])


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
