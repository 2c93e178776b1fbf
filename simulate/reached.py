"""Which thresholds a block of draws has reached, and when."""

from __future__ import annotations

import math

import numpy as np

from simulate.blocks import DRAWS, copy
from simulate.compiled import inline, jit

ALREADY, NEVER = -math.inf, math.inf
DATE_BINS = 128  # cells of a year in which dates are counted


def date_cells(years):
    """How many cells the instants of a run span; one at least."""
    return max(math.ceil((years[-1] - years[0]) * DATE_BINS), 1)


#: The largest value so far of a quantity, or of what it has above a level that moves (a row of zeros where none does):
#: rows of both, of the value at the instant before, and of the value now.
PEAK = np.dtype([("quantity", "i8"), ("moving", "i8"), ("before", "i8"), ("now", "i8")])
#: A threshold: rows of its level as it is stated, of what its peak must reach (that level, or zeros where it moves), of
#: the peak that crosses it, and of the date.
LEVEL = np.dtype([(name, "i8") for name in ("stated", "level", "before", "now", "date")])


@jit
def rise(peaks, t, rows):
    """Carry the peaks on to this instant."""
    for k in range(len(peaks)):
        quantity, moving = rows[peaks[k].quantity], rows[peaks[k].moving]
        before, now = rows[peaks[k].before], rows[peaks[k].now]
        for i in range(DRAWS):
            before[i] = -math.inf if t.first else now[i]
            now[i] = max(before[i], quantity[i] - moving[i])


@jit
def count_lost(levels, t, year, many, rows, lost):
    """Count the draws in which the level of a threshold is no number: once, or at every instant where it moves."""
    for k in range(len(levels)):
        if t.first or levels[k].level != levels[k].stated:
            stated = rows[levels[k].stated]
            bad = 0
            for i in range(many):
                bad += stated[i] != stated[i]
            lost[k, year] += bad


@inline
def _crosses(before, now, level):
    """Whether a draw crosses between two instants, by its peaks at both; a difference of infinities is no number."""
    return (not before - level >= 0.0) & (now - level >= 0.0)


@jit
def cross(levels, waiting, t, year, years, weights, rows, crossed, instants, at):
    """Thresholds reached at this instant: the first at which the running maximum of quantity - level is not negative.

    `waiting` (threshold,) is the number of draws of the block that have not crossed yet; the first instant is noted in
    `instants` from draw `at` on, if there is room.
    """
    for k in range(len(levels)):
        level, date = rows[levels[k].level], rows[levels[k].date]
        before, now = rows[levels[k].before], rows[levels[k].now]
        if t.first:
            waiting[k] = DRAWS
            for i in range(DRAWS):
                date[i] = NEVER
            if instants.size:
                for i in range(DRAWS):
                    instants[k, at + i] = len(years)
        if waiting[k] == 0:
            continue
        crossing = 0
        for i in range(DRAWS):
            crossing += _crosses(before[i], now[i], level[i])
        if crossing:
            if instants.size:
                for i in range(DRAWS):
                    if _crosses(before[i], now[i], level[i]):
                        instants[k, at + i] = year
            crossed[k, year] += _date(t, before, now, level, date, weights)
            waiting[k] -= crossing


@jit
def _date(t, before, now, level, date, weights):
    """Date the draws that cross between the instant before and this, linearly in log10, and add up their weights.

    Where a pole lies between, the line rises towards infinity at once.
    """
    here = 0
    for i in range(DRAWS):
        crosses = _crosses(before[i], now[i], level[i])
        was, has = before[i] - level[i], now[i] - level[i]
        on_line = t.before + (t.year - t.before) * (-was / (has - was))
        since = on_line if has < math.inf else t.before
        since = since if was > -math.inf or has == math.inf else t.year
        since = ALREADY if t.first else since
        date[i] = since if crosses else date[i]
        here += weights[i] if crosses else 0
    return here


@jit
def count_dates(levels, start, reference, dates, differ, crossings, first, many, weights, rows, pilot):
    """After the last instant: the crossing dates, in cells since the `start`; how many draws have not that of draw 0
    (so that a certain date is known exactly); and those of the draws that find room, from place `first` on.
    """
    for k in range(len(levels)):
        date, differs = rows[levels[k].date], 0
        for i in range(min(many, max(crossings.shape[1] - first, 0))):
            crossings[k, first + i] = date[i]
        for i in range(many):
            differs += date[i] != reference[k]
            if abs(date[i]) < math.inf:
                dates[k, min(max(int((date[i] - start) * DATE_BINS), 0), dates.shape[1] - 1)] += weights[i]
        differ[k] += differs
        if pilot.size:
            copy(date, pilot[k])
