"""A forecast: an assumption set run for many draws, as one labelled Dataset.

A pilot block places the histograms, the engine counts, `dataset` turns the counts into the result.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from simulate import dimensions, each_draw, elementwise, histograms, no_number, precision, quantiles, quasi
from simulate.assumptions import Assumptions
from simulate.blocks import DRAWS
from simulate.checkpoint import Checkpoint
from simulate.counting import Noted, Watched
from simulate.dataset import dataset as labelled
from simulate.engines import choice
from simulate.engines.work import member
from simulate.errors import Mistake, Mistakes
from simulate.every_draw import Store
from simulate.evidence import collapse
from simulate.outcome import Outcome
from simulate.plan import Prepared, prepare
from simulate.rows import Row
from simulate.run_keys import RANDOM, SOBOL
from simulate.tally import Sums
from simulate.variables import COMPUTE
from simulate.weights import MOST_WEIGHTED_DRAWS

if TYPE_CHECKING:
    import xarray as xr

SAMPLE_PATHS = 50
TAIL = 0.011  # share of the draws in a tail that even points make no surer
Progress = Callable[[int], None]


def run(
    assumptions: Assumptions,
    draws: int = 1_000_000,
    seed: int = 1,
    threads: int | None = None,
    keep: str | None = None,
    progress: Progress | None = None,
    levels: Sequence[float] = (),
    checkpoint: Checkpoint | None = None,
    sampling: str = RANDOM,
    target_error: float | None = None,
    into: Store | None = None,
) -> xr.Dataset:
    """Run a set for `draws` draws; the same seed gives the same bits for any number of threads.

    Returns the Dataset that `docs/results.md` describes: quantiles of every quantity (quantile, year) in log10 units,
    probabilities (threshold, year), crossing dates (threshold, crossing_quantile) in decimal years with infinity beyond
    the horizon, and more; of a set with hypotheses the mixture, and each by itself as `<name>_by_hypothesis`. `levels`
    are quantiles to report beside the usual ones. A `checkpoint` is gone on with, and kept up to date. With
    `keep="draws"` every trajectory is kept too, as `<name>_draw` (draw, year) float32. With `sampling="sobol"` the
    draws are scrambled Sobol points, as many as fill 16 scrambles evenly (at least `draws`), and errors are those
    between the scrambles. Every draw goes `into` a store on disk, where there is one. With `target_error` only as many
    draws are taken as give every probability that standard error, at most `draws`.

    Raises
    ------
    Mistakes
        If a formula gives no finite number in some draw.
    """
    started = time.perf_counter()
    before = checkpoint.seconds if checkpoint else 0.0

    def take(number: int) -> Outcome:
        return simulate(
            assumptions, number, seed, threads, keep, progress, levels, SAMPLE_PATHS, sampling, checkpoint, into
        )

    if target_error is None:
        result, notes = take(draws), []
    else:
        result, note = precision.reach(take, draws, target_error)
        notes = [note]
    if result.draws != draws and sampling == SOBOL and target_error is None:
        notes.append(f"draws={draws}: Sobol points are powers of two in {quasi.REPLICATES} parts, so {result.draws:,}")
    if sampling == SOBOL and any(not TAIL < level < 1.0 - TAIL for level in levels):
        notes.append(f"Sobol points are no better than random draws for quantiles beyond {TAIL:.0%} and {1 - TAIL:.0%}")
    dataset = labelled(result)
    dataset.attrs["notes"] = json.dumps([*json.loads(dataset.attrs["notes"]), *notes])
    asked = {"draws": draws, "seed": seed, "sampling": sampling, "target_error": target_error}
    dataset.attrs["asked"] = json.dumps(asked)
    seconds = {"simulation": result.seconds, "total": time.perf_counter() - started}
    timings = {what: round(before + took, 3) for what, took in seconds.items()}
    dataset.attrs["timings"] = json.dumps(timings)
    return dataset


def simulate(
    assumptions: Assumptions,
    draws: int,
    seed: int,
    threads: int | None = None,
    keep: str | None = None,
    progress: Progress | None = None,
    levels: Sequence[float] = (),
    sample: int = SAMPLE_PATHS,
    sampling: str = RANDOM,
    checkpoint: Checkpoint | None = None,
    into: Store | None = None,
) -> Outcome:
    """Run the kernel for every hypothesis and gather the counts; trajectories and crossing dates of the first `sample`
    draws are kept one by one, with `keep="draws"` those of all, in memory and so without a checkpoint; `into` is a
    store on disk that all go to.
    """
    everything = keep == "draws"
    if everything:
        checkpoint = None
    draws = quasi.draws_for(draws) if sampling == SOBOL else draws
    computed = tuple(name for name in COMPUTE if name in assumptions.units)
    kept = tuple(assumptions.units) if everything else into.names if into else computed
    paths = draws if everything else min(sample, draws)
    sets = [hypothesis.set for hypothesis in assumptions.members]
    check_memory(len(sets) * len(kept) * len(assumptions.years) * paths * 4)
    prepared = [prepare(one, kept) for one in sets]
    return count(
        assumptions,
        prepared,
        draws,
        seed,
        threads,
        progress,
        levels,
        kept,
        paths,
        everything,
        sampling,
        checkpoint,
        into,
    )


def count(
    assumptions: Assumptions,
    prepared: list[Prepared],
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    levels: Sequence[float] = (),
    kept: tuple[str, ...] = (),
    paths: int = 0,
    everything: bool = False,
    sampling: str = RANDOM,
    checkpoint: Checkpoint | None = None,
    into: Store | None = None,
) -> Outcome:
    """Run the plans of all members of a set, which may watch less than `simulate` does."""
    sets = [hypothesis.set for hypothesis in assumptions.members]
    _check_draws(sets, draws, sampling)
    choice.ready()
    pilots = [first_block(own, seed, one) for own, one in zip(prepared, sets, strict=True)]
    if sampling == SOBOL:
        prepared = dimensions.spread_evenly(prepared, pilots, draws, seed)
    watched = _place(prepared, pilots, sets)
    members = [member(own, watch, paths) for own, watch in zip(prepared, watched, strict=True)]
    if into:
        members = [one._replace(sink=into.sink(which)) for which, one in enumerate(members)]
    started = time.perf_counter()
    sums, pairs = choice.run(members, draws, seed, threads, progress, checkpoint=checkpoint)
    seconds = time.perf_counter() - started
    for one, own, total in zip(sets, prepared, sums, strict=True):
        no_number.check(one, own, total, draws)
        no_number.check_results(one, own, total.results.nan, draws)
    outcome = Outcome(assumptions, members, sums, pairs, kept, draws, seed, seconds, levels, everything)
    _check_evidence(outcome)
    return outcome


def _place(prepared: list[Prepared], pilots: list[Noted], sets: list[Assumptions]) -> list[Watched]:
    """Lay out the histograms of every hypothesis by the first block of its draws.

    Positive inputs that span a factor of three are counted in their logarithm, the same under all hypotheses.
    """
    ends: dict[str, tuple[float, float]] = {}
    positive: dict[str, bool] = {}
    for own, pilot, one in zip(prepared, pilots, sets, strict=True):
        low, high = pilot.inputs.min(axis=(1, 2)), pilot.inputs.max(axis=(1, 2))
        for name, least, most in zip(own.inputs, low.tolist(), high.tolist(), strict=True):
            known = ends.get(name, (math.inf, -math.inf))
            ends[name] = min(least, known[0]), max(most, known[1])
            positive[name] = positive.get(name, True) and _least(one.row(name), least) > 0.0
    logs = {name: positive[name] and 3.0 * low < high < math.inf for name, (low, high) in ends.items()}
    found = []
    for own, pilot in zip(prepared, pilots, strict=True):
        chosen = np.array([logs[name] for name in own.inputs], bool)
        if chosen.any():
            pilot.inputs[chosen] = elementwise.log10(pilot.inputs[chosen])
        inputs, results = (
            histograms.place(values, rows)
            for values, rows in ((pilot.inputs, own.input_rows), (pilot.results, own.result_rows))
        )
        found.append(Watched(inputs, chosen.astype(np.int64), results, pilot.dates[:, 0].copy()))
    return found


def _least(row: Row, seen: float) -> float:
    """The least value that a row can have; of a formula, the least of the pilot."""
    return quantiles.ends(row.shape)[0] if row.drawn and row.shape else seen


def first_block(prepared: Prepared, seed: int, one: Assumptions) -> Noted:
    """All values of the first block; raises Mistakes where an input, level or result is no number there."""
    blocks = each_draw.Blocks(prepared, seed)
    found = blocks.run(0)
    no_number.check(one, prepared, Sums(blocks.tally, take=True), DRAWS)
    no_number.check_results(one, prepared, np.isnan(found.results).sum(axis=2), DRAWS)
    return found


def check_memory(needed: int) -> None:
    """Kept trajectories must fit into memory, twice: they are written from there."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**33
    if 2 * needed > there:
        what = f"keeping draws needs {2 * needed / 2**30:.0f} GiB of memory, {there / 2**30:.0f} GiB are there"
        raise Mistakes([Mistake("keep", what, "fewer draws, a nearer horizon, or no keep")])


def _check_draws(sets: list[Assumptions], draws: int, sampling: str) -> None:
    """Weights of more draws would not add up in 64 bits, and Sobol's sequence has an end."""
    if sampling == SOBOL and draws > quasi.MOST_DRAWS:
        what = f"draws = {draws:g}: at most {quasi.MOST_DRAWS:g} with sampling={SOBOL}"
        raise Mistakes([Mistake("draws", what, f"fewer draws, or sampling={RANDOM}")])
    if draws > MOST_WEIGHTED_DRAWS and any(one.evidence for one in sets):
        what = f"draws = {draws:g}: with evidence at most {MOST_WEIGHTED_DRAWS:g}"
        raise Mistakes([Mistake("draws", what, "fewer draws, or no evidence")])


def _check_evidence(outcome: Outcome) -> None:
    """Evidence that hardly any draw can explain has refuted the set."""
    mistakes = collapse(outcome.sample_size, outcome.draws)
    if mistakes:
        raise Mistakes(mistakes)
