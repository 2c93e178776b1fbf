"""Making, adding and emptying the counts of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate import summary
from simulate.kernel import DATE_BINS, Tally
from simulate.plan import Prepared
from simulate.sizes import DRAWS
from simulate.summary import Watch

NOTHING = np.zeros((0, 0, 0))


def blank(
    prepared: Prepared, watches: tuple[Watch, Watch], trajectories: np.ndarray, pilot: bool = False
) -> Tally:
    """Counts of nothing; with `pilot` the values of a block are kept instead."""
    years, plan = len(prepared.plan.years), prepared.plan
    thresholds = len(plan.levels.level)
    span = plan.years[-1] - plan.years[0]
    inputs, results = (len(names) for names in (prepared.inputs, prepared.results))
    return Tally(
        inputs=summary.empty(watches[0]),
        results=summary.empty(watches[1]),
        binding=np.zeros((len(plan.ceilings), years), np.int64),
        crossed=np.zeros((thresholds, years), np.int64),
        dates=np.zeros((thresholds, max(int(np.ceil(span * DATE_BINS)), 1)), np.int64),
        dates_differ=np.zeros(thresholds, np.int64),
        broken=np.zeros(len(prepared.derived), np.int64),
        trajectories=trajectories,
        pilot=np.zeros((results, years, DRAWS)) if pilot else NOTHING,
        pilot_inputs=np.zeros((inputs, 1, DRAWS)) if pilot else NOTHING,
        pilot_dates=np.zeros((thresholds, DRAWS)) if pilot else np.zeros((0, 0)),
    )


def add(total: Tally, more: Tally) -> None:
    """Add the counts of another worker."""
    for counts, others in ((total.inputs, more.inputs), (total.results, more.results)):
        for a, b in zip(counts, others, strict=True):
            a += b
    for name in ("binding", "crossed", "dates", "dates_differ", "broken"):
        own = getattr(total, name)
        own += getattr(more, name)


@dataclass
class Sums:
    """Exact sums of moments: Python integers, since 64 bits would overflow after some 1e7 draws."""

    inputs: np.ndarray  # (watched, 1, 3) of int
    results: np.ndarray  # (watched, year, 3) of int

    @classmethod
    def zero(cls, tally: Tally) -> Sums:
        """Sums of nothing."""
        return cls(*(np.zeros(counts.moments.shape, dtype=object) for counts in (tally.inputs, tally.results)))

    def take(self, tally: Tally) -> None:
        """Move the moments of a task into the exact sums."""
        for own, counts in ((self.inputs, tally.inputs), (self.results, tally.results)):
            own += counts.moments
            counts.moments[:] = 0

    def add(self, other: Sums) -> None:
        """Add the sums of another worker."""
        self.inputs += other.inputs
        self.results += other.results
