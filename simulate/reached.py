"""Which thresholds a block of draws has reached, and when."""

from __future__ import annotations

import math

import numpy as np

from simulate.blocks import DRAWS, copy
from simulate.compiled import inline, jit

ALREADY, NEVER = -math.inf, math.inf
DATE_BINS = 128  # cells of a year in which dates are counted

#: A threshold: rows of its level, of the quantity that crosses it, of the margin so far, and of the date.
LEVEL = np.dtype([("level", "i8"), ("quantity", "i8"), ("margin", "i8"), ("date", "i8")])


@inline
def _crosses(margin, now):
    """Whether a draw crosses between two instants, by its margins at both."""
    return (margin < 0.0) & (now >= 0.0)


@jit
def cross(levels, waiting, t, year, years, many, weights, rows, crossed, before, instants, at):
    """Thresholds reached at this instant: the first at which the running maximum of quantity - level is not negative.

    `waiting` (threshold,) is the number of draws of the block that have not crossed yet; the first instant is noted in
    `instants` from draw `at` on, if there is room. `before` is scratch.
    """
    for k in range(len(levels)):
        level, quantity = rows[levels[k].level], rows[levels[k].quantity]
        margin, date = rows[levels[k].margin], rows[levels[k].date]
        if t.first:
            waiting[k] = DRAWS
            for i in range(DRAWS):
                date[i] = NEVER
                margin[i] = -math.inf
            if instants.size:
                for i in range(DRAWS):
                    instants[k, at + i] = len(years)
        if waiting[k] == 0:
            continue
        crossing = 0
        for i in range(DRAWS):
            before[i] = margin[i]
            margin[i] = max(before[i], quantity[i] - level[i])
            crossing += _crosses(before[i], margin[i])
        if crossing:
            if instants.size:
                for i in range(DRAWS):
                    if _crosses(before[i], margin[i]):
                        instants[k, at + i] = year
            _date(t, before, margin, date)
            for i in range(many):
                crossed[k, year] += weights[i] if _crosses(before[i], margin[i]) else 0
            waiting[k] -= crossing


@jit
def _date(t, margin, now, date):
    """Date the draws that cross between the instant before and this, linearly in log10.

    Where a pole lies between, the line rises towards infinity at once.
    """
    for i in range(DRAWS):
        on_line = t.before + (t.year - t.before) * (-margin[i] / (now[i] - margin[i]))
        since = on_line if now[i] < math.inf else t.before
        since = since if margin[i] > -math.inf or now[i] == math.inf else t.year
        since = ALREADY if t.first else since
        date[i] = since if _crosses(margin[i], now[i]) else date[i]


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
