"""What the kernel counts of a block of draws: inputs once, results at every instant, which ceiling binds, who has
crossed and who has reached a pole; and the draws that are kept one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.binning import count
from simulate.blocks import DRAWS, copy
from simulate.compiled import jit
from simulate.fastmath import log10
from simulate.histograms import Counts, Watch
from simulate.laws import toward_pole
from simulate.reached import count_lost, cross, rise
from simulate.weights import to_weights

#: A path that has a pole: rows of its growth and acceleration, and the date from which it grows.
POLE = np.dtype([("growth", "i8"), ("acceleration", "i8"), ("since", "f8")])


class Watched(NamedTuple):
    """What is counted: inputs once, results every year, crossing dates."""

    inputs: Watch
    input_logs: np.ndarray  # (watched input,) whether its histogram is of the log10
    results: Watch
    dates: np.ndarray  # (threshold,) the date of draw 0


class Tally(NamedTuple):
    """What a run counts; everything merges by addition, and trajectories by place."""

    inputs: Counts
    results: Counts
    mass: np.ndarray  # (1,) the weights of all draws
    binding: np.ndarray  # (active ceiling, year) weights, like all that follow
    crossed: np.ndarray  # (threshold, year) of those that cross between the instant before and this; at first: already
    dates: np.ndarray  # (threshold, bin)
    dates_differ: np.ndarray  # (threshold,) draws whose date is not that of draw 0
    poles: np.ndarray  # (superexponential path, year) weights of those that have reached the pole
    broken: np.ndarray  # (derived,) draws in which a derived input is not finite
    lost: np.ndarray  # (threshold, year) draws in which its level is no number; at first only, if it does not move
    improper: np.ndarray  # (log-likelihood by formula,) draws in which it is above 0 or no number
    trajectories: np.ndarray  # (kept, year, draw) float32, of the draws from `origin` on that find room
    crossings: np.ndarray  # (threshold, draw) crossing dates of the same draws
    origin: np.ndarray  # (1,) the first draw of both


class Noted(NamedTuple):
    """Values noted draw by draw, each only where it has room: all of the first block (the pilot that places the
    histograms), and what has to be seen together in all hypotheses.
    """

    inputs: np.ndarray  # (watched input, 1, draw)
    results: np.ndarray  # (watched result, year, draw)
    dates: np.ndarray  # (threshold, draw)
    instants: np.ndarray  # (threshold, draw of the task) int32, the first instant by which it had crossed
    weights: np.ndarray  # (draw of the task,) int64


@jit
def _count_binding(x, weights, year, binding):
    for k in range(len(binding)):
        here = 0
        for i in range(DRAWS):
            here += weights[i] if x.binding[i] == float(k) else 0
        binding[k, year] += here


@jit
def _count_poles(poles, t, weights, year, rows, reached):
    """Draws in which a path has become infinite, but for its limit."""
    for k in range(len(poles)):
        one = poles[k]
        growth, acceleration = rows[one.growth], rows[one.acceleration]
        here = 0
        for i in range(DRAWS):
            here += weights[i] if toward_pole(growth[i], acceleration[i], t.year - one.since) >= 1.0 else 0
        reached[k, year] += here


@jit
def _watch_inputs(watch, logs, counts, many, weights, rows, scratch, index, pilot):
    for k in range(len(watch.row)):
        written = rows[watch.row[k]]
        copy(written, scratch)
        if logs[k]:
            for i in range(DRAWS):
                scratch[i] = log10(max(written[i], 0.0))  # a formula may give less than any value of the pilot
        if pilot.size:
            copy(scratch, pilot[k, 0])
        else:
            count(watch.place[k, 0], counts, k, 0, scratch, many, weights, index)


@jit
def _watch_results(watch, counts, year, many, weights, rows, index, pilot):
    for k in range(len(watch.row)):
        if pilot.size:
            copy(rows[watch.row[k]], pilot[k, year])
        else:
            count(watch.place[k, year], counts, k, year, rows[watch.row[k]], many, weights, index)


@jit
def _keep(kept, trajectories, first, year, many, rows):
    for k in range(len(kept)):
        for i in range(min(many, max(trajectories.shape[2] - first, 0))):
            trajectories[k, year, first + i] = rows[kept[k], i]


@jit
def count_instant(x, plan, watched, tally, noted, t, year, block, at, many, rows, scratch, index, waiting, weights):
    """Count everything that is known at an instant."""
    if len(plan.ceilings):
        _count_binding(x, weights, year, tally.binding)
    _count_poles(plan.poles, t, weights, year, rows, tally.poles)
    if year == 0:
        _watch_inputs(
            watched.inputs, watched.input_logs, tally.inputs, many, weights, rows, scratch, index, noted.inputs
        )
    count_lost(plan.levels, t, year, many, rows, tally.lost)
    rise(plan.peaks, t, rows)
    cross(plan.levels, waiting, t, year, plan.years, weights, rows, tally.crossed, noted.instants, at)
    _watch_results(watched.results, tally.results, year, many, weights, rows, index, noted.results)
    _keep(plan.kept, tally.trajectories, block * DRAWS - tally.origin[0], year, many, rows)


@jit
def weigh(plan, many, weights, likelihood, mass):
    """Give each of the first `many` draws its weight by the evidence, 1 where there is none, and add them up; what a
    block holds beyond them weighs nothing.
    """
    to_weights(len(plan.evidence) + len(plan.observed) > 0, likelihood, weights)
    for i in range(many, DRAWS):
        weights[i] = 0
    for i in range(DRAWS):
        mass[0] += weights[i]
