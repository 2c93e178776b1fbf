"""The kernel as a run uses it, for timing: one worker on a prepared plan; and where its time goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from simulate import assumptions, compose, forecast
from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.engines import local
from simulate.engines.work import MOST_BLOCKS, Member, Memory
from simulate.histograms import Watch
from simulate.kernel import ADVANCING, FOLLOWING
from simulate.sampling import draw
from simulate.tally import Sums, blank, noted_crossings

#: Parts of the profile that count, one by one, and all of them together.
COUNTING = ("histograms of results", "histograms of inputs", "thresholds")
BARE = "all histograms and thresholds"


@jit
def _draw_blocks(draws, seed, blocks, rows, stack):
    for block in range(blocks):
        draw(draws, seed, block, rows, stack)


class KernelRun:
    """A worker with everything that the default run prepares."""

    def __init__(self, name: str = "baseline_2026", words: Sequence[str] = ()) -> None:
        self.set = assumptions.build(*compose.settings(name, words))
        outcome = forecast.simulate(self.set, 2 * DRAWS, 1, 1)
        self.prepared, self.watched, self.paths, self.dates, _ = outcome.members[0].member
        self.worker = self._worker()

    def _worker(self) -> Memory:
        tally = blank(self.prepared, self.watched, self.paths)
        return Memory(self.prepared, self.watched, tally, noted_crossings(0, 0))

    def run(self, draws: int, threads: int = 1) -> None:
        """Take draws through the years, in tasks as a run does, on this thread or on several."""
        if threads > 1:
            local.run([Member(self.prepared, self.watched, self.paths, self.dates)], draws, 1, threads)
            return
        blocks, total = -(-draws // DRAWS), Sums(self.worker.tally)
        for first in range(0, blocks, MOST_BLOCKS):
            self.worker.run(1, first, min(first + MOST_BLOCKS, blocks), draws)
            total.take(self.worker.tally)

    def sample(self, draws: int) -> None:
        """Only draw the inputs, once a draw."""
        worker = self.worker
        _draw_blocks(self.prepared.plan.draws, np.uint64(1), -(-draws // DRAWS), worker.rows, worker.stack)

    def without(self) -> Iterator[tuple[str, Callable[[int], None]]]:
        """The run less one part at a time: what is missing from the time is that part's."""
        plan, watched = self.prepared.plan, self.watched
        no_results = watched._replace(results=Watch(watched.results.row[:0], watched.results.place[:0]))
        no_inputs = watched._replace(inputs=Watch(watched.inputs.row[:0], watched.inputs.place[:0]))
        nothing = no_results._replace(inputs=no_inputs.inputs)
        yield COUNTING[0], self._changed(no_results).run
        yield COUNTING[1], self._changed(no_inputs).run
        no_thresholds = {"levels": plan.levels[:0], "peaks": plan.peaks[:0]}
        yield COUNTING[2], self._changed(**no_thresholds).run
        bare = self._changed(nothing, **no_thresholds)
        yield BARE, bare.run
        for flags, names in (("advancing", ADVANCING), ("following", FOLLOWING)):
            for k, name in enumerate(names):
                if getattr(plan, flags)[k]:
                    yield f"driver {name}", bare._changed(**{flags: _less(getattr(plan, flags), k)}).run
        yield "ceilings of the drivers", bare._changed(limiting=np.zeros_like(plan.limiting)).run
        yield "lowest ceiling and binding", bare._changed(ceilings=plan.ceilings[:0]).run
        drawn = plan.draws._replace(drawn=plan.draws.drawn[:0], correlated=plan.draws.correlated[:0])
        yield "drawing inputs", bare._changed(draws=drawn).run
        yield "unit conversions", bare._changed(conversions=plan.conversions[:0]).run

    def _changed(self, watched: Any = None, **fields: Any) -> KernelRun:
        other = object.__new__(KernelRun)
        other.prepared = self.prepared._replace(plan=self.prepared.plan._replace(**fields))
        other.set, other.watched = self.set, watched or self.watched
        other.paths, other.dates = self.paths, self.dates[: len(other.prepared.plan.levels)]
        other.worker = other._worker()
        return other


def _less(flags: np.ndarray, k: int) -> np.ndarray:
    changed = flags.copy()
    changed[k] = 0
    return changed
