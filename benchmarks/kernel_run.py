"""The kernel as a run uses it, for timing: one worker on a prepared plan; and where its time goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from simulate import assumptions, compose, forecast
from simulate.blocks import DRAWS
from simulate.engines import local
from simulate.kernel import ADVANCING, FOLLOWING
from simulate.summary import Watch
from simulate.tally import blank

BLOCKS_PER_TASK = 32


class KernelRun:
    """A worker with everything that the default run prepares."""

    def __init__(self, name: str = "baseline_2026") -> None:
        self.set = assumptions.build(*compose.settings(name))
        outcome = forecast.simulate(self.set, 2 * DRAWS, 1, 1)
        self.prepared, self.watched, self.paths = outcome.prepared, outcome.watched, outcome.paths
        self.worker = self._worker()

    def _worker(self) -> local.Worker:
        return local.Worker(self.prepared, self.watched, blank(self.prepared, self.watched, self.paths))

    def run(self, draws: int, threads: int = 1) -> None:
        """Take draws through the years, in tasks as a run does, on this thread or on several."""
        if threads > 1:
            local.run(self.prepared, self.watched, self.paths, draws, 1, threads)
            return
        blocks = -(-draws // DRAWS)
        for first in range(0, blocks, BLOCKS_PER_TASK):
            self.worker.run(1, first, min(first + BLOCKS_PER_TASK, blocks), draws)

    def without(self) -> Iterator[tuple[str, Callable[[int], None]]]:
        """The run less one part at a time: what is missing from the time is that part's."""
        plan, watched = self.prepared.plan, self.watched
        for k, name in enumerate(ADVANCING):
            if plan.advancing[k]:
                yield f"driver {name}", self._changed(advancing=_less(plan.advancing, k))
        for k, name in enumerate(FOLLOWING):
            if plan.following[k]:
                yield f"driver {name}", self._changed(following=_less(plan.following, k))
        yield "ceilings of the drivers", self._changed(limiting=np.zeros_like(plan.limiting))
        yield "lowest ceiling and binding", self._changed(ceilings=plan.ceilings[:0])
        yield "thresholds", self._changed(levels=plan.levels[:0])
        drawn = plan.draws._replace(drawn=plan.draws.drawn[:0], correlated=plan.draws.correlated[:0])
        yield "drawing inputs", self._changed(draws=drawn)
        yield "unit conversions", self._changed(conversions=plan.conversions[:0])
        none = watched._replace(results=Watch(watched.results.row[:0], watched.results.place[:0]))
        yield "histograms of results", self._changed(none)
        none = watched._replace(inputs=Watch(watched.inputs.row[:0], watched.inputs.place[:0]))
        yield "histograms of inputs", self._changed(none)

    def _changed(self, watched=None, **fields) -> Callable[[int], None]:  # type: ignore[no-untyped-def]
        other = object.__new__(KernelRun)
        other.prepared = self.prepared._replace(plan=self.prepared.plan._replace(**fields))
        other.watched, other.paths = watched or self.watched, self.paths
        other.worker = other._worker()
        return other.run


def _less(flags: np.ndarray, k: int) -> np.ndarray:
    changed = flags.copy()
    changed[k] = 0
    return changed
