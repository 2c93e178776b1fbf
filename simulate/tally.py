"""Making, adding and emptying the counts of a run."""

from __future__ import annotations

import numpy as np

from simulate import summary
from simulate.blocks import DRAWS
from simulate.kernel import DATE_BINS, Pilot, Tally, Watched
from simulate.plan import Prepared
from simulate.summary import Sum

OTHERS = ("binding", "crossed", "dates", "dates_differ", "broken")
NO_PILOT = Pilot(np.zeros((0, 1, 0)), np.zeros((0, 1, 0)), np.zeros((0, 0)))


def pilot(prepared: Prepared) -> Pilot:
    """Room for the values of one block."""
    inputs, results, thresholds = (len(names) for names in (prepared.inputs, prepared.results, prepared.plan.levels))
    years = len(prepared.plan.years)
    return Pilot(np.zeros((inputs, 1, DRAWS)), np.zeros((results, years, DRAWS)), np.zeros((thresholds, DRAWS)))


def blank(prepared: Prepared, watched: Watched, trajectories: np.ndarray) -> Tally:
    """Counts of nothing."""
    plan = prepared.plan
    years, thresholds = len(plan.years), len(plan.levels)
    cells = max(int(np.ceil((plan.years[-1] - plan.years[0]) * DATE_BINS)), 1)
    return Tally(
        inputs=summary.empty(watched.inputs),
        results=summary.empty(watched.results),
        binding=np.zeros((len(plan.ceilings), years), np.int64),
        crossed=np.zeros((thresholds, years), np.int64),
        dates=np.zeros((thresholds, cells), np.int64),
        dates_differ=np.zeros(thresholds, np.int64),
        broken=np.zeros(len(plan.derived), np.int64),
        trajectories=trajectories,
    )


class Sums:
    """The counts of many tasks."""

    def __init__(self, tally: Tally) -> None:
        self.inputs, self.results = Sum(tally.inputs), Sum(tally.results)
        self.others = {name: np.zeros_like(getattr(tally, name)) for name in OTHERS}

    def take(self, tally: Tally) -> None:
        """Add the counts of a task, and set them to zero."""
        self.inputs.take(tally.inputs)
        self.results.take(tally.results)
        for name, own in self.others.items():
            own += getattr(tally, name)
            getattr(tally, name)[:] = 0

    def add(self, more: Sums) -> None:
        """Add the counts of another worker."""
        self.inputs.add(more.inputs)
        self.results.add(more.results)
        for name, own in self.others.items():
            own += more.others[name]
