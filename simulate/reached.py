"""Which thresholds a block of draws has reached, and when."""

from __future__ import annotations

import math

import numpy as np

from simulate.blocks import DRAWS, copy
from simulate.compiled import jit

ALREADY, NEVER = -math.inf, math.inf
DATE_BINS = 128  # cells of a year in which dates are counted

#: A threshold: rows of its level, of the quantity that crosses it, of the margin so far, and of the date.
LEVEL = np.dtype([("level", "i8"), ("quantity", "i8"), ("margin", "i8"), ("date", "i8")])


@jit
def cross(levels, waiting, t, year, years, many, weights, rows, crossed, dates, scratch, instants, at):
    """Thresholds reached at this instant: the first at which the running maximum of quantity - level is not negative.

    `waiting` (threshold,) is the number of draws of the block that have not crossed yet; the first instant is noted in
    `instants` from draw `at` on, if there is room.
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
            scratch[i] = max(margin[i], quantity[i] - level[i])
            crossing += (margin[i] < 0.0) & (scratch[i] >= 0.0)
        if crossing:
            if instants.size:
                for i in range(DRAWS):
                    if margin[i] < 0.0 and scratch[i] >= 0.0:
                        instants[k, at + i] = year
            _date(t, year, years[0], many, weights, margin, scratch, date, crossed[k], dates[k])
            waiting[k] -= crossing
        copy(scratch, margin)


@jit
def _date(t, year, start, many, weights, margin, now, date, crossed, dates):
    """Date the draws that cross between the instant before and this, linearly in log10."""
    for i in range(DRAWS):
        if margin[i] < 0.0 and now[i] >= 0.0:
            if t.first:
                date[i] = ALREADY
            elif now[i] == math.inf:
                date[i] = t.before  # a pole lies between: the line towards infinity rises at once
            elif margin[i] == -math.inf:
                date[i] = t.year
            else:
                date[i] = t.before + (t.year - t.before) * (-margin[i] / (now[i] - margin[i]))
            if i < many:
                crossed[year] += weights[i]
                if not t.first:
                    dates[min(max(int((date[i] - start) * DATE_BINS), 0), len(dates) - 1)] += weights[i]


@jit
def count_dates(levels, reference, differ, crossings, first, many, rows, pilot):
    """After the last instant: how many draws have not the crossing date of draw 0 (so that a certain date is known
    exactly); the dates of the draws that find room are kept, from place `first` on.
    """
    for k in range(len(levels)):
        date, differs = rows[levels[k].date], 0
        for i in range(min(many, max(crossings.shape[1] - first, 0))):
            crossings[k, first + i] = date[i]
        for i in range(many):
            differs += date[i] != reference[k]
        differ[k] += differs
        if pilot.size:
            copy(date, pilot[k])
