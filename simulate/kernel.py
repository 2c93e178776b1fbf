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
from simulate.counting import count_instant, weigh
from simulate.drivers import DRIVERS
from simulate.fastmath import exp10, log10
from simulate.programs import Program, evaluate
from simulate.reached import count_dates
from simulate.sampling import Draws, draw, draw_yearly, shake
from simulate.schedule import AFTER, BEFORE, CEILINGS, END
from simulate.sequence import in_turn
from simulate.weights import by_formulas, by_observations

SAME = 1e-9  # years: instants closer than this are the same


class Instant(NamedTuple):
    """A time in the grid; `before` is the instant before it, itself at the first; `fresh` says that inputs have been
    drawn since.
    """

    year: float
    before: float
    first: bool
    fresh: bool


class Plan(NamedTuple):
    """Everything that the kernel needs to know of a set; rows are places in the matrix of a block."""

    years: np.ndarray
    draws: Draws
    shocks: np.ndarray  # (volatile path,) SHOCK
    program: Program
    derived: np.ndarray  # (derived input,) FORMULA
    own: np.ndarray  # (own quantity, ceiling or moving level,) FORMULA
    conversions: np.ndarray  # (conversion,) CONVERSION
    yearly: bool  # whether there are inputs of which each year has its own draw
    advancing: np.ndarray  # (16,) 1 for each driver with `advance` that takes part
    limiting: np.ndarray  # (16,) likewise those with a ceiling
    following: np.ndarray  # (16,) likewise those with `follow`
    ceilings: np.ndarray  # (active ceiling,)
    earlier: np.ndarray  # (quantity, 2) row and the row that keeps its value of one step ago
    peaks: np.ndarray  # (quantity of thresholds, or threshold that moves) PEAK
    levels: np.ndarray  # (threshold,) LEVEL
    kept: np.ndarray  # (kept,) rows of which trajectories are kept
    evidence: np.ndarray  # (log-likelihood by formula,) FORMULA
    observed: np.ndarray  # (observation,) OBSERVATION
    poles: np.ndarray  # (superexponential path,) POLE


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
    copy(rows[ceilings[0]], lowest)
    for i in range(DRAWS):
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
def _sum_up(x, t):
    """The largest run so far, effective compute, and the largest effective compute so far."""
    for i in range(DRAWS):
        run_before = x.largest_run_start[i] if t.first else x.largest_run[i]
        effective_before = -math.inf if t.first else x.largest_effective[i]
        x.largest_run[i] = max(run_before, x.training_compute[i])
        x.effective_compute[i] = x.training_compute[i] + x.algorithm.value[i]
        x.largest_effective[i] = max(effective_before, x.effective_compute[i])


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
                weigh(plan, many, weights, x.likelihood, tally.mass)
            last_year = -1
            for year in range(len(years)):
                this_year = int(np.floor(years[year] - years[0] + SAME))
                new_year = this_year != last_year
                last_year = this_year
                t = Instant(years[year], years[max(year - 1, 0)], year == 0, year == 0 or (plan.yearly and new_year))
                if new_year:
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
                    count_instant(
                        x, plan, watched, tally, noted, t, year, block, at, many, rows, stack[0], index, waiting,
                        weights,
                    )  # fmt: skip
                else:
                    by_observations(plan.observed, t, rows, x.likelihood)
                for k in range(len(plan.earlier)):
                    copy(rows[plan.earlier[k, 0]], rows[plan.earlier[k, 1]])
        kept_from = block * DRAWS - tally.origin[0]
        count_dates(
            plan.levels, years[0], watched.dates, tally.dates, tally.dates_differ, tally.crossings, kept_from, many,
            weights, rows, noted.dates,
        )  # fmt: skip
        if noted.weights.size:
            for i in range(DRAWS):
                noted.weights[at + i] = weights[i]
