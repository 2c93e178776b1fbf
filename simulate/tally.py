"""Making, adding and emptying the counts of a run."""

from __future__ import annotations

import numpy as np

from simulate import histograms
from simulate.blocks import DRAWS
from simulate.counting import Noted, Tally, Watched
from simulate.plan import Prepared
from simulate.reached import date_cells
from simulate.summary import Sum

BY_PART = ("mass", "crossed")  # and the sums of what is watched
WATCHED = ("inputs", "results")
OTHERS = ("mass", "binding", "crossed", "dates", "dates_differ", "poles", "broken", "lost", "improper")


def noted(prepared: Prepared) -> Noted:
    """Room for all values of one block."""
    inputs, results, thresholds = (len(names) for names in (prepared.inputs, prepared.results, prepared.plan.levels))
    years = len(prepared.plan.years)
    return Noted(
        np.zeros((inputs, 1, DRAWS)),
        np.zeros((results, years, DRAWS)),
        np.zeros((thresholds, DRAWS)),
        np.zeros((thresholds, DRAWS), np.int32),
        np.zeros(DRAWS, np.int64),
    )


def noted_crossings(thresholds: int, draws: int) -> Noted:
    """Room for the crossings and weights of a task; with no draws, for nothing."""
    none = np.zeros((0, 0, 0))
    return Noted(none, none, np.zeros((0, 0)), np.zeros((thresholds, draws), np.int32), np.zeros(draws, np.int64))


def blank(
    prepared: Prepared,
    watched: Watched,
    trajectories: np.ndarray,
    crossings: np.ndarray | None = None,
    other: Tally | None = None,
) -> Tally:
    """Counts of nothing, and room for the first draws: `trajectories` (kept, year, draw) and `crossings` (threshold,
    draw).

    Counts of results are in the memory of `other`, which is emptied after each task.
    """
    plan = prepared.plan
    years, thresholds = len(plan.years), len(plan.levels)
    return Tally(
        inputs=histograms.empty(watched.inputs, prepared.weighted),
        results=other.results if other else histograms.empty(watched.results, prepared.weighted),
        mass=np.zeros(1, np.int64),
        binding=np.zeros((len(plan.ceilings), years), np.int64),
        crossed=np.zeros((thresholds, years), np.int64),
        dates=np.zeros((thresholds, date_cells(plan.years)), np.int64),
        dates_differ=np.zeros(thresholds, np.int64),
        poles=np.zeros((len(plan.poles), years), np.int64),
        broken=np.zeros(len(plan.derived), np.int64),
        lost=np.zeros((thresholds, years), np.int64),
        improper=np.zeros(len(plan.evidence), np.int64),
        trajectories=trajectories,
        crossings=np.zeros((thresholds, 0)) if crossings is None else crossings,
        origin=np.zeros(1, np.int64),
    )


class Sums:
    """The counts of many tasks."""

    def __init__(self, tally: Tally, take: bool = False, parts: int = 1) -> None:
        self.inputs, self.results = Sum(tally.inputs), Sum(tally.results)
        self.others = {name: np.zeros_like(getattr(tally, name)) for name in OTHERS}
        self.parts = {name: np.zeros((parts, *getattr(tally, name).shape), np.int64) for name in BY_PART}  # (part, ...)
        for name in WATCHED:
            self.parts[name] = np.zeros((parts, *getattr(tally, name).totals.shape), dtype=object)
        if take:
            self.take(tally)

    def take(self, tally: Tally, part: int = 0) -> None:
        """Add the counts of a task, and set them to zero."""
        for name in WATCHED:
            self.parts[name][part] += getattr(self, name).take(getattr(tally, name))
        for name in BY_PART:
            self.parts[name][part] += getattr(tally, name)
        for name, own in self.others.items():
            own += getattr(tally, name)
            getattr(tally, name)[:] = 0

    def add(self, more: Sums) -> None:
        """Add the counts of another worker."""
        self.inputs.add(more.inputs)
        self.results.add(more.results)
        for name, own in self.others.items():
            own += more.others[name]
        for name, own in self.parts.items():
            own += more.parts[name]
