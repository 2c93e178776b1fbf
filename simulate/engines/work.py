"""What is counted of a run, whichever engine does it: the members, the memory that they run in, and the counts so far.

A run is cut into steps of a few blocks. A step takes its draws through all members, one after the other, in the same
memory; then its counts are added. All counts are whole numbers, so neither the order of the steps nor who does them can
be seen in the result.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from simulate import pages, parts, pooling
from simulate.blocks import DRAWS
from simulate.checkpoint import Checkpoint
from simulate.counting import Noted, Tally, Watched
from simulate.kernel import run_blocks
from simulate.layout import record
from simulate.plan import Prepared
from simulate.tally import Sums, blank, noted_crossings

MOST_BLOCKS = 32  # a step; with weights more could overflow
Progress = Callable[[int], None]
#: Takes the trajectories (kept, year, draw) and crossing dates (threshold, draw) of the draws from a first one on.
Sink = Callable[[int, np.ndarray, np.ndarray], None]


class Member(NamedTuple):
    """What is run: a set, or one hypothesis of it."""

    prepared: Prepared
    watched: Watched
    trajectories: np.ndarray  # (kept, year, draw) float32, of the first draws
    crossings: np.ndarray  # (threshold, draw) dates of the same draws
    sink: Sink | None = None  # where every draw goes

    def keep(self, first: int, last: int, trajectories: np.ndarray, crossings: np.ndarray) -> None:
        """Keep those of the draws first to last that there is room for, and hand all of them on."""
        some = max(min(last, self.crossings.shape[1]) - first, 0)
        self.trajectories[:, :, first : first + some] = trajectories[:, :, :some]
        self.crossings[:, first : first + some] = crossings[:, :some]
        if self.sink:
            self.sink(first, trajectories[:, :, : last - first], crossings[:, : last - first])


def member(prepared: Prepared, watched: Watched, draws: int) -> Member:
    """A member with room to keep its first draws."""
    plan = prepared.plan
    paths = np.zeros((len(plan.kept), len(plan.years), draws), np.float32)
    return Member(prepared, watched, paths, np.zeros((len(plan.levels), draws)))


class Counted(NamedTuple):
    """What a run gives: the counts of each member, and their sums in pairs, if they are needed."""

    sums: list[Sums]
    pairs: pooling.Sums | None


class Memory:
    """The memory of one member in one thread: a block, a stack, and the counts of a step."""

    def __init__(self, prepared: Prepared, watched: Watched, tally: Tally, noted: Noted) -> None:
        self.prepared, self.watched, self.tally, self.noted = prepared, watched, tally, noted
        self.rows = pages.zeros(prepared.template.shape, np.float64)
        self.rows[:] = prepared.template
        self.block = record(self.rows)
        self.stack = pages.zeros((prepared.stack_height, DRAWS), np.float64)
        self.index, self.waiting = np.zeros(DRAWS, np.uint16), np.zeros(len(prepared.plan.levels), np.int64)
        self.weights = np.zeros(DRAWS, np.int64)

    def run(self, seed: int, first: int, last: int, draws: int) -> None:
        """Take blocks first to last through the years."""
        run_blocks(
            self.block, self.rows, self.prepared.rules, self.prepared.plan, np.uint64(seed), first, last, draws,
            self.watched, self.tally, self.noted, self.stack, self.index, self.waiting, self.weights,
        )  # fmt: skip


class Work:
    """The members of a run, or of a task of it that begins at the draw `origin`, and what is counted of them so far.

    An `undivided` run, as one is whose draws are streamed to a store, is one part: its steps all have the same size,
    which elsewhere end where a part of the run does.
    """

    def __init__(
        self,
        members: Sequence[Member],
        draws: int,
        seed: int,
        step: int = MOST_BLOCKS,
        origin: int = 0,
        undivided: bool | None = None,
    ) -> None:
        self.members, self.draws, self.seed, self.origin = members, draws, seed, origin
        self.points = members[0].prepared.plan.draws.points
        if self.points.replicate:  # both are powers of two, so that no step is cut short by a replicate
            step = min(1 << (step.bit_length() - 1), self.points.replicate)
        self.step, self.blocks = step, -(-draws // DRAWS)
        self.undivided = any(one.sink for one in members) if undivided is None else undivided
        self.parts = parts.of_run(self.points, self.blocks, self.undivided)
        self.weighted = any(member.prepared.weighted for member in members)
        self.lock = threading.Lock()
        self.done = 0
        levels, years = len(members[0].prepared.plan.levels), len(members[0].prepared.plan.years)
        paired = self.weighted or len(members) > 1
        self.noted = levels, self.step * DRAWS if paired else 0
        self.pairs = pooling.Sums(len(members), levels, years, self.weighted) if paired else None
        self.sums: list[Sums] = []

    def memories(self) -> list[Memory]:
        """Memory for one thread; members of the same shape share the memory of their histograms."""
        found: list[Memory] = []
        for prepared, watched, trajectories, crossings, sink in self.members:
            if sink:  # room for a step, from where they are taken
                room = self.step * DRAWS
                trajectories = np.zeros((*trajectories.shape[:2], room), np.float32)
                crossings = np.zeros((len(crossings), room))
            tally = blank(prepared, watched, trajectories, crossings, found[0].tally if found else None)
            tally.origin[0] = self.origin
            found.append(Memory(prepared, watched, tally, noted_crossings(*self.noted)))
        self.sums = self.sums or [Sums(memory.tally, parts=self.parts.many) for memory in found]
        return found

    def end(self, first: int) -> int:
        """The block at which the step that `first` lies in is over."""
        return min((first // self.step + 1) * self.step, self.parts.end(first), self.blocks)

    def do(self, memories: list[Memory], first: int, last: int) -> None:
        """Do the blocks of one step, or some of them."""
        until = min(last * DRAWS, self.draws)
        for memory, one, total in zip(memories, self.members, self.sums, strict=True):
            if one.sink:
                memory.tally.origin[0] = first * DRAWS
            memory.run(self.seed, first, last, self.draws)
            if one.sink:
                one.keep(first * DRAWS, until, memory.tally.trajectories, memory.tally.crossings)
            with self.lock:
                total.take(memory.tally, self.parts.of(first))
        many = until - first * DRAWS
        pairs = self.pairs.blank() if self.pairs else None
        if pairs:
            instants, weights = ([getattr(m.noted, name) for m in memories] for name in ("instants", "weights"))
            pooling.add_pairs(pairs, instants, weights, many)
        with self.lock:
            self.done += many
            if self.pairs and pairs:
                self.pairs.take(pairs)

    def counted(self) -> Counted:
        """What is counted so far."""
        return Counted(self.sums, self.pairs)

    def arrays(self) -> list[np.ndarray]:
        """All that has been counted and kept, to be written down or filled in."""
        found: list[np.ndarray] = []
        for one, total in zip(self.members, self.sums, strict=True):
            for part in (vars(total.inputs), vars(total.results), total.others, total.parts):
                found += part.values()
            found += [one.trajectories, one.crossings]
        return found + ([self.pairs.both, self.pairs.one, self.pairs.mass] if self.pairs else [])

    def frame(self) -> str:
        """Where the histograms lie, as a hash: counts of another layout mean something else."""
        digest = hashlib.sha256()
        for one in self.members:
            inputs, logs, results, dates = one.watched
            for array in (*inputs, logs, *results, dates):
                digest.update(array.tobytes())
        return digest.hexdigest()

    def restore(self, checkpoint: Checkpoint) -> int:
        """Go on from what an earlier process has counted; gives the block at which."""
        self.done = checkpoint.restore(self.draws, self.arrays(), self.frame())
        return -(-self.done // DRAWS)

    def write(self, checkpoint: Checkpoint) -> None:
        """Write down what is counted, which must be whole steps from the first draw on."""
        checkpoint.save(self.done, self.draws, self.arrays(), self.frame())
