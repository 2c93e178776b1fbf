"""The kernel: blocks of 512 draws, taken through the years.

For each block: draw the inputs, derive and convert; then for each instant let the drivers advance, let every ceiling state the largest run
that it allows, take the lowest, add the algorithmic gain, see which thresholds are crossed, and count. It knows no driver by its
physics and no row by its number; it is compiled once and kept on disk, since everything that a set chooses is data.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.compiled import entry, jit
from simulate.conversion import EACH_BLOCK, EACH_YEAR, Conversions, convert, convert_rows
from simulate.drivers import DRIVERS
from simulate.fastmath import exp10, log10
from simulate.formulas import Program, evaluate
from simulate.sampling import Draws, Shocks, draw, draw_yearly, shake
from simulate.schedule import BEFORE, CEILINGS, END
from simulate.sequence import in_turn
from simulate.sizes import DRAWS
from simulate.summary import Counts, Watch, count

SAME = 1e-9  # years: instants closer than this are the same
ALREADY, NEVER = -math.inf, math.inf


class Instant(NamedTuple):
    """A time in the grid; `before` is the instant before it, itself at the first."""

    year: float
    before: float
    first: bool


class Own(NamedTuple):
    """The set's own formulas of every instant: program, result rows, conversion of the result, stage."""

    program: Program
    row: np.ndarray  # (formula,)
    operation: np.ndarray
    factor: np.ndarray
    stage: np.ndarray


class Derived(NamedTuple):
    """Formulas over inputs, in order: program, written rows, and when they run."""

    program: Program
    row: np.ndarray
    when: np.ndarray


class Levels(NamedTuple):
    """Thresholds: rows of level, of the quantity that crosses it, of the margin so far, and of the date."""

    level: np.ndarray  # (threshold,)
    quantity: np.ndarray
    margin: np.ndarray
    date: np.ndarray


class Plan(NamedTuple):
    """Everything that the kernel needs to know of a set; rows are places in the matrix of a block."""

    years: np.ndarray
    draws: Draws
    shocks: Shocks
    derived: Derived
    conversions: Conversions
    own: Own
    driver_on: np.ndarray  # (driver,) those with `advance`
    ceiling_on: np.ndarray  # (driver with a ceiling,)
    follow_on: np.ndarray  # (driver with `follow`,)
    ceilings: np.ndarray  # (active ceiling,)
    earlier: np.ndarray  # (quantity, 2) row and the row that keeps its value of one step ago
    levels: Levels
    input_logs: np.ndarray  # (watched input,) whether its histogram is of the log10
    kept: np.ndarray  # (kept,) rows of which trajectories are kept


class Tally(NamedTuple):
    """What a run counts; everything merges by addition, and trajectories by place."""

    inputs: Counts
    results: Counts
    binding: np.ndarray  # (active ceiling, year)
    crossed: np.ndarray  # (threshold, year) draws that cross between the instant before and this; at the first: already
    dates: np.ndarray  # (threshold, bin)
    dates_differ: np.ndarray  # (threshold,) draws whose date is not that of draw 0
    broken: np.ndarray  # (derived,) draws in which a derived input is not finite
    trajectories: np.ndarray  # (kept, year, draw) float32
    pilot: np.ndarray  # (watched result, year, draw) or empty: values of the first block
    pilot_inputs: np.ndarray  # (watched input, 1, draw) or empty
    pilot_dates: np.ndarray  # (threshold, draw) or empty


DATE_BINS = 128  # a year
ADVANCING = tuple(name for name, driver in DRIVERS.items() if hasattr(driver, "advance"))
LIMITING = tuple(name for name, driver in DRIVERS.items() if hasattr(driver, "ceiling"))
FOLLOWING = tuple(name for name, driver in DRIVERS.items() if hasattr(driver, "follow"))
STAGE_OF = tuple(list(DRIVERS).index(name) + 1 for name in ADVANCING)


@jit
def _run_own(own, stage, t, rows, stack):
    for k in range(len(own.stage)):
        if own.stage[k] == stage:
            evaluate(own.program, k, rows, stack, t.year, t.first)
            convert(own.operation[k], own.factor[k], stack[0], rows[own.row[k]])


@jit
def _own_formulas(number, t, more):
    own, rows, stack = more
    _run_own(own, STAGE_OF[number], t, rows, stack)


@jit
def _nothing(number, t, more):
    pass


_advance = in_turn([DRIVERS[name].advance for name in ADVANCING], _own_formulas)
_state_ceilings = in_turn([DRIVERS[name].ceiling for name in LIMITING], _nothing)
_follow = in_turn([DRIVERS[name].follow for name in FOLLOWING], _nothing)


@jit
def _derive(derived, when, rows, stack, many, broken):
    """Evaluate the derived inputs of this time, and count the draws in which one is not finite."""
    for k in range(len(derived.when)):
        if derived.when[k] == when:
            evaluate(derived.program, k, rows, stack, 0.0, False)
            out = rows[derived.row[k]]
            bad = 0
            for i in range(DRAWS):
                out[i] = stack[0, i]
            for i in range(many):
                bad += not abs(out[i]) < math.inf
            broken[k] += bad


@jit
def _lowest(x, ceilings, sharpness, rows):
    """Training compute: the lowest active ceiling, or the smooth minimum m - log10(sum of 10^(-s (c - m))) / s; and which binds."""
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
def _count_binding(x, many, year, binding):
    for k in range(len(binding)):
        here = 0
        for i in range(many):
            here += x.binding[i] == float(k)
        binding[k, year] += here


@jit
def _cross(levels, t, year, start, many, rows, tally, scratch):
    """Thresholds reached at this instant: the first at which the running maximum of quantity - level is not negative."""
    for k in range(len(levels.level)):
        level, quantity = rows[levels.level[k]], rows[levels.quantity[k]]
        margin, date = rows[levels.margin[k]], rows[levels.date[k]]
        if t.first:
            for i in range(DRAWS):
                date[i] = NEVER
                margin[i] = -math.inf
        crossing = 0
        for i in range(DRAWS):
            scratch[i] = max(margin[i], quantity[i] - level[i])
        for i in range(many):
            crossing += (margin[i] < 0.0) & (scratch[i] >= 0.0)
        tally.crossed[k, year] += crossing
        if crossing:
            for i in range(DRAWS):
                if margin[i] < 0.0 and scratch[i] >= 0.0:
                    if t.first:
                        date[i] = ALREADY
                    elif scratch[i] == math.inf:
                        date[i] = t.before  # a pole lies between: the line towards infinity rises at once
                    elif margin[i] == -math.inf:
                        date[i] = t.year
                    else:
                        date[i] = t.before + (t.year - t.before) * (-margin[i] / (scratch[i] - margin[i]))
                    if i < many and not t.first:
                        at = int((date[i] - start) * DATE_BINS)
                        tally.dates[k, min(max(at, 0), tally.dates.shape[1] - 1)] += 1
        for i in range(DRAWS):
            margin[i] = scratch[i]


@jit
def _watch_inputs(watch, logs, counts, many, rows, scratch, index, pilot):
    for k in range(len(watch.row)):
        values = rows[watch.row[k]]
        if logs[k]:
            for i in range(DRAWS):
                scratch[i] = log10(values[i])
            values = scratch
        if pilot.size:
            pilot[k, 0, :] = values
        else:
            count(watch, counts, k, 0, values, many, index)


@jit
def _watch_results(watch, counts, year, many, rows, index, pilot):
    for k in range(len(watch.row)):
        if pilot.size:
            pilot[k, year, :] = rows[watch.row[k]]
        else:
            count(watch, counts, k, year, rows[watch.row[k]], many, index)


@jit
def _keep(kept, trajectories, block, year, many, rows):
    first = block * DRAWS
    for k in range(len(kept)):
        for i in range(min(many, max(trajectories.shape[2] - first, 0))):
            trajectories[k, year, first + i] = rows[kept[k], i]


@jit
def _count_dates(levels, dates, tally, many, rows):
    """After the last instant: how many draws have not the crossing date of draw 0 (so that a certain date is known exactly)."""
    for k in range(len(levels.level)):
        date, differs = rows[levels.date[k]], 0
        for i in range(many):
            differs += date[i] != dates[k]
        tally.dates_differ[k] += differs
        if tally.pilot_dates.size:
            tally.pilot_dates[k, :] = date


@jit
def _block(x, rows, rules, plan, seed, block, many, watch_inputs, watch, dates, tally, stack, index):
    """One block through all years; `many` of its draws count."""
    draw(plan.draws, seed, block, rows, stack)
    _derive(plan.derived, EACH_BLOCK, rows, stack, many, tally.broken)
    convert_rows(plan.conversions, EACH_BLOCK, rows)
    last_year = -1
    for year in range(len(plan.years)):
        t = Instant(plan.years[year], plan.years[max(year - 1, 0)], year == 0)
        this_year = int(np.floor(t.year - plan.years[0] + SAME))
        if this_year != last_year:
            last_year = this_year
            draw_yearly(plan.draws, seed, block, this_year, rows, stack)
            _derive(plan.derived, EACH_YEAR, rows, stack, many, tally.broken)
            convert_rows(plan.conversions, EACH_YEAR, rows)
        shake(plan.shocks, seed, block, t.before - plan.years[0], t.year - plan.years[0], t.first, rows, stack)
        more = (plan.own, rows, stack)
        _run_own(plan.own, BEFORE, t, rows, stack)
        _advance(plan.driver_on, x, rules, t, more)
        _state_ceilings(plan.ceiling_on, x, rules, t, more)
        _run_own(plan.own, CEILINGS, t, rows, stack)
        if len(plan.ceilings):
            _lowest(x, plan.ceilings, rules.sharpness, rows)
            _count_binding(x, many, year, tally.binding)
        _follow(plan.follow_on, x, rules, t, more)
        _sum_up(x, t)
        _run_own(plan.own, END, t, rows, stack)
        if year == 0:
            _watch_inputs(watch_inputs, plan.input_logs, tally.inputs, many, rows, stack[0], index, tally.pilot_inputs)
        _cross(plan.levels, t, year, plan.years[0], many, rows, tally, x.scratch)
        _watch_results(watch, tally.results, year, many, rows, index, tally.pilot)
        _keep(plan.kept, tally.trajectories, block, year, many, rows)
        for k in range(len(plan.earlier)):
            rows[plan.earlier[k, 1], :] = rows[plan.earlier[k, 0]]
    _count_dates(plan.levels, dates, tally, many, rows)


@jit
def _sum_up(x, t):
    """The largest run so far, effective compute, and the largest effective compute so far."""
    for i in range(DRAWS):
        run_before = x.largest_run_start[i] if t.first else x.largest_run[i]
        effective_before = -math.inf if t.first else x.largest_effective[i]
        x.largest_run[i] = max(run_before, x.training_compute[i])
        x.effective_compute[i] = x.training_compute[i] + x.algorithm.value[i]
        x.largest_effective[i] = max(effective_before, x.effective_compute[i])


@entry
def run_blocks(x, rows, rules, plan, seed, first, last, draws, watch_inputs, watch, dates, tally, stack, index):
    """Take blocks `first` to `last` (excluded) of a run of `draws` draws through the years, adding to `tally`."""
    for block in range(first, last):
        many = min(DRAWS, draws - block * DRAWS)
        _block(x, rows, rules, plan, seed, block, many, watch_inputs, watch, dates, tally, stack, index)
