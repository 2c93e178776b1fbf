"""The kernel: blocks of 512 draws, taken through the years.

For each block: draw the inputs, derive and convert; then for each instant let the drivers advance, let every ceiling
state the largest run that it allows, take the lowest, add the algorithmic gain, see which thresholds are crossed, and
count. It knows no driver by its physics and no row by its number; it is compiled once and kept on disk, since
everything that a set chooses is data.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.blocks import DRAWS, copy
from simulate.compiled import entry, jit
from simulate.conversion import EACH_BLOCK, EACH_YEAR, convert, convert_rows
from simulate.drivers import DRIVERS
from simulate.fastmath import exp10, log10
from simulate.laws import toward_pole
from simulate.programs import Program, evaluate
from simulate.reached import count_dates, cross
from simulate.sampling import Draws, draw, draw_yearly, shake
from simulate.schedule import AFTER, BEFORE, CEILINGS, END
from simulate.sequence import in_turn
from simulate.summary import Counts, Watch, count
from simulate.weights import by_formulas, by_observations, to_weights

SAME = 1e-9  # years: instants closer than this are the same


class Instant(NamedTuple):
    """A time in the grid; `before` is the instant before it, itself at the first."""

    year: float
    before: float
    first: bool


#: A path that has a pole: rows of its growth and acceleration, and the date from which it grows.
POLE = np.dtype([("growth", "i8"), ("acceleration", "i8"), ("since", "f8")])


class Plan(NamedTuple):
    """Everything that the kernel needs to know of a set; rows are places in the matrix of a block."""

    years: np.ndarray
    draws: Draws
    shocks: np.ndarray  # (volatile path,) SHOCK
    program: Program
    derived: np.ndarray  # (derived input,) FORMULA
    own: np.ndarray  # (own quantity, ceiling or moving level,) FORMULA
    conversions: np.ndarray  # (conversion,) CONVERSION
    advancing: np.ndarray  # (16,) 1 for each driver with `advance` that takes part
    limiting: np.ndarray  # (16,) likewise those with a ceiling
    following: np.ndarray  # (16,) likewise those with `follow`
    ceilings: np.ndarray  # (active ceiling,)
    earlier: np.ndarray  # (quantity, 2) row and the row that keeps its value of one step ago
    levels: np.ndarray  # (threshold,) LEVEL
    kept: np.ndarray  # (kept,) rows of which trajectories are kept
    evidence: np.ndarray  # (log-likelihood by formula,) FORMULA
    observed: np.ndarray  # (observation,) OBSERVATION
    poles: np.ndarray  # (superexponential path,) POLE


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
    improper: np.ndarray  # (log-likelihood by formula,) draws in which it is above 0 or no number
    trajectories: np.ndarray  # (kept, year, draw) float32, of the first draws
    crossings: np.ndarray  # (threshold, draw) crossing dates of the same draws


class Noted(NamedTuple):
    """Values noted draw by draw, each only where it has room: all of the first block (the pilot that places the
    histograms), and what has to be seen together in all hypotheses.
    """

    inputs: np.ndarray  # (watched input, 1, draw)
    results: np.ndarray  # (watched result, year, draw)
    dates: np.ndarray  # (threshold, draw)
    instants: np.ndarray  # (threshold, draw of the task) int32, the first instant by which it had crossed
    weights: np.ndarray  # (draw of the task,) int64


ADVANCING = tuple(name for name, driver in DRIVERS.items() if hasattr(driver, "advance"))
LIMITING = tuple(name for name, driver in DRIVERS.items() if hasattr(driver, "ceiling"))
FOLLOWING = tuple(name for name, driver in DRIVERS.items() if hasattr(driver, "follow"))


@jit
def _run_own(program, own, stage, t, rows, stack):
    """Run the set's own formulas of a stage."""
    for k in range(len(own)):
        one = own[k]
        if one.when == stage:
            evaluate(program.steps, program.constants, one.first, one.end, rows, stack, t.year, t.first)
            convert(one.operation, one.factor, stack[0], rows[one.row])


_advance = in_turn([DRIVERS[name].advance for name in ADVANCING])
_state_ceilings = in_turn([DRIVERS[name].ceiling for name in LIMITING])
_follow = in_turn([DRIVERS[name].follow for name in FOLLOWING])


@jit
def _derive(program, derived, when, rows, stack, many, broken):
    """Evaluate the derived inputs of this time, and count the draws in which one is not finite."""
    for k in range(len(derived)):
        one = derived[k]
        if one.when == when:
            evaluate(program.steps, program.constants, one.first, one.end, rows, stack, 0.0, False)
            out = rows[one.row]
            bad = 0
            copy(stack[0], out)
            for i in range(many):
                bad += not abs(out[i]) < math.inf
            broken[k] += bad


@jit
def _lowest(x, ceilings, sharpness, rows):
    """Training compute: the lowest active ceiling, or the smooth minimum m - log10(sum of 10^(-s (c - m))) / s; and
    which binds.
    """
    lowest, binding = x.training_compute, x.binding
    for i in range(DRAWS):
        lowest[i] = rows[ceilings[0], i]
        binding[i] = 0.0
    for k in range(1, len(ceilings)):
        stated = rows[ceilings[k]]
        for i in range(DRAWS):
            binding[i] = float(k) if stated[i] < lowest[i] else binding[i]
            lowest[i] = stated[i] if stated[i] < lowest[i] or stated[i] != stated[i] else lowest[i]
    if sharpness > 0.0:
        for i in range(DRAWS):
            x.scratch[i] = 0.0
        for k in range(len(ceilings)):
            stated = rows[ceilings[k]]
            for i in range(DRAWS):
                x.scratch[i] += exp10(sharpness * (lowest[i] - stated[i])) if stated[i] < math.inf else 0.0
        for i in range(DRAWS):
            lowest[i] -= log10(x.scratch[i]) / sharpness if abs(lowest[i]) < math.inf else 0.0


@jit
def _count_binding(x, many, weights, year, binding):
    for k in range(len(binding)):
        here = 0
        for i in range(many):
            here += weights[i] if x.binding[i] == float(k) else 0
        binding[k, year] += here


@jit
def _count_poles(poles, t, many, weights, year, rows, reached):
    """Draws in which a path has become infinite, but for its limit."""
    for k in range(len(poles)):
        one = poles[k]
        growth, acceleration = rows[one.growth], rows[one.acceleration]
        here = 0
        for i in range(many):
            here += weights[i] if toward_pole(growth[i], acceleration[i], t.year - one.since) >= 1.0 else 0
        reached[k, year] += here


@jit
def _watch_inputs(watch, logs, counts, many, weights, rows, scratch, index, pilot):
    for k in range(len(watch.row)):
        written = rows[watch.row[k]]
        copy(written, scratch)
        if logs[k]:
            for i in range(DRAWS):
                scratch[i] = log10(written[i])
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
def _keep(kept, trajectories, block, year, many, rows):
    first = block * DRAWS
    for k in range(len(kept)):
        for i in range(min(many, max(trajectories.shape[2] - first, 0))):
            trajectories[k, year, first + i] = rows[kept[k], i]


@jit
def _sum_up(x, t):
    """The largest run so far, effective compute, and the largest effective compute so far."""
    for i in range(DRAWS):
        run_before = x.largest_run_start[i] if t.first else x.largest_run[i]
        effective_before = -math.inf if t.first else x.largest_effective[i]
        x.largest_run[i] = max(run_before, x.training_compute[i])
        x.effective_compute[i] = x.training_compute[i] + x.algorithm.value[i]
        x.largest_effective[i] = max(effective_before, x.effective_compute[i])


@jit
def _count_instant(x, plan, watched, tally, noted, t, year, block, at, many, rows, scratch, index, waiting, weights):
    """Count everything that is known at an instant."""
    if len(plan.ceilings):
        _count_binding(x, many, weights, year, tally.binding)
    _count_poles(plan.poles, t, many, weights, year, rows, tally.poles)
    if year == 0:
        _watch_inputs(
            watched.inputs, watched.input_logs, tally.inputs, many, weights, rows, scratch, index, noted.inputs
        )
    cross(
        plan.levels, waiting, t, year, plan.years, many, weights, rows, tally.crossed, tally.dates, scratch,
        noted.instants, at,
    )  # fmt: skip
    _watch_results(watched.results, tally.results, year, many, weights, rows, index, noted.results)
    _keep(plan.kept, tally.trajectories, block, year, many, rows)


@jit
def _weigh(plan, many, weights, likelihood, mass):
    to_weights(len(plan.evidence) + len(plan.observed) > 0, likelihood, weights)
    for i in range(many):
        mass[0] += weights[i]


@entry
def run_blocks(x, rows, rules, plan, seed, first, last, draws, watched, tally, noted, stack, index, waiting, weights):
    """Take blocks `first` to `last` (excluded) of a run of `draws` draws through the years, adding to `tally`.

    `x` is the record over the first rows of `rows`, shape (row, draw); `stack`, `index`, `waiting` and `weights` are
    scratch. Where a quantity has been observed, each block goes through the years twice: the first time to learn how
    likely the observation is, the second time to count with that weight.
    """
    years, own, program = plan.years, plan.own, plan.program
    rehearsals = 1 if len(plan.observed) else 0
    for block in range(first, last):
        many = min(DRAWS, draws - block * DRAWS)
        at = (block - first) * DRAWS
        draw(plan.draws, seed, block, rows, stack)
        _derive(program, plan.derived, EACH_BLOCK, rows, stack, many, tally.broken)
        convert_rows(plan.conversions, EACH_BLOCK, rows)
        by_formulas(program, plan.evidence, rows, stack, many, x.likelihood, tally.improper)
        for turn in range(1 + rehearsals):
            counted = many if turn == rehearsals else 0
            if counted:
                _weigh(plan, many, weights, x.likelihood, tally.mass)
            last_year = -1
            for year in range(len(years)):
                t = Instant(years[year], years[max(year - 1, 0)], year == 0)
                this_year = int(np.floor(t.year - years[0] + SAME))
                if this_year != last_year:
                    last_year = this_year
                    draw_yearly(plan.draws, seed, block, this_year, rows, stack)
                    _derive(program, plan.derived, EACH_YEAR, rows, stack, counted, tally.broken)
                    convert_rows(plan.conversions, EACH_YEAR, rows)
                before, elapsed = t.before - years[0], t.year - years[0]
                shake(plan.draws.points, plan.shocks, seed, block, before, elapsed, t.first, rows, stack)
                _run_own(program, own, BEFORE, t, rows, stack)
                _advance(plan.advancing, x, rules, t)
                _run_own(program, own, AFTER, t, rows, stack)
                _state_ceilings(plan.limiting, x, rules, t)
                _run_own(program, own, CEILINGS, t, rows, stack)
                if len(plan.ceilings):
                    _lowest(x, plan.ceilings, rules.sharpness, rows)
                _follow(plan.following, x, rules, t)
                _sum_up(x, t)
                _run_own(program, own, END, t, rows, stack)
                if counted:
                    _count_instant(
                        x,
                        plan,
                        watched,
                        tally,
                        noted,
                        t,
                        year,
                        block,
                        at,
                        many,
                        rows,
                        stack[0],
                        index,
                        waiting,
                        weights,
                    )
                else:
                    by_observations(plan.observed, t, rows, x.likelihood)
                for k in range(len(plan.earlier)):
                    copy(rows[plan.earlier[k, 0]], rows[plan.earlier[k, 1]])
        count_dates(plan.levels, watched.dates, tally.dates_differ, tally.crossings, block, many, rows, noted.dates)
        if noted.weights.size:
            for i in range(DRAWS):
                noted.weights[at + i] = weights[i] if i < many else 0
