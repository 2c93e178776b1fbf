"""Making, adding and emptying the counts of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate import summary
from simulate.kernel import DATE_BINS, Pilot, Tally, Watched
from simulate.plan import Prepared
from simulate.sizes import DRAWS
from simulate.summary import Counts

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


def add(total: Tally, more: Tally) -> None:
    """Add the counts of another worker; trajectories are one array for all."""
    total.inputs.add(more.inputs)
    total.results.add(more.results)
    for name in ("binding", "crossed", "dates", "dates_differ", "broken"):
        getattr(total, name)[:] += getattr(more, name)


@dataclass
class Sums:
    """Exact sums of moments: Python integers, since 64 bits would overflow after some 1e7 draws."""

    inputs: np.ndarray  # (watched, 1, 2) of int
    results: np.ndarray  # (watched, year, 2) of int

    @classmethod
    def zero(cls, tally: Tally) -> Sums:
        """Sums of nothing."""
        return cls(*(np.zeros((*counts.totals.shape, 2), dtype=object) for counts in (tally.inputs, tally.results)))

    def take(self, tally: Tally) -> None:
        """Move the moments of a task into the exact sums."""
        for own, counts in ((self.inputs, tally.inputs), (self.results, tally.results)):
            _move(own, counts)

    def add(self, other: Sums) -> None:
        """Add the sums of another worker."""
        self.inputs += other.inputs
        self.results += other.results


def _move(own: np.ndarray, counts: Counts) -> None:
    for k, name in enumerate(("sum", "squares")):
        own[:, :, k] += counts.totals[name]
        counts.totals[name] = 0
