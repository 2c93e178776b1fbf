"""The local engine: threads of this process, each with a block's memory and counts of its own.

The kernel lets go of the interpreter's lock, so threads share the work without copies. Work is cut into short tasks, so
that Ctrl-C and progress need not wait; all counts are whole numbers, so which thread does which task cannot be seen in
the result. A task takes its draws through all hypotheses, one after the other, in the same memory.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from simulate import cores, parts, pooling
from simulate.blocks import DRAWS
from simulate.checkpoint import Checkpoint
from simulate.counting import Noted, Tally, Watched
from simulate.kernel import run_blocks
from simulate.layout import record
from simulate.plan import Prepared
from simulate.tally import Sums, blank, noted_crossings

MOST_BLOCKS = 32  # a task; with weights more could overflow
LEAST_TASKS = 8  # a thread: so that none waits long for the last one
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


class Counted(NamedTuple):
    """What a run gives: the counts of each member, and their sums in pairs, if they are needed."""

    sums: list[Sums]
    pairs: pooling.Sums | None


class Memory:
    """The memory of one member in one thread: a block, a stack, and the counts of a task."""

    def __init__(self, prepared: Prepared, watched: Watched, tally: Tally, noted: Noted) -> None:
        self.prepared, self.watched, self.tally, self.noted = prepared, watched, tally, noted
        self.rows = prepared.template.copy()
        self.block = record(self.rows)
        self.stack = np.zeros((prepared.stack_height, DRAWS))
        self.index, self.waiting = np.zeros(DRAWS, np.int32), np.zeros(len(prepared.plan.levels), np.int64)
        self.weights = np.zeros(DRAWS, np.int64)

    def run(self, seed: int, first: int, last: int, draws: int) -> None:
        """Take blocks first to last through the years."""
        run_blocks(
            self.block, self.rows, self.prepared.rules, self.prepared.plan, np.uint64(seed), first, last, draws,
            self.watched, self.tally, self.noted, self.stack, self.index, self.waiting, self.weights,
        )  # fmt: skip


class Run:
    """The work of a run and the counts so far, which its threads share."""

    def __init__(self, members: Sequence[Member], draws: int, seed: int, task_blocks: int) -> None:
        self.members, self.draws, self.seed = members, draws, seed
        self.points = members[0].prepared.plan.draws.points
        if self.points.replicate:  # both are powers of two, so that no task is cut short by a replicate
            task_blocks = min(1 << (task_blocks.bit_length() - 1), self.points.replicate)
        self.task_blocks = task_blocks
        self.weighted = any(member.prepared.weighted for member in members)
        self.blocks, self.next = -(-draws // DRAWS), 0  # the first block that nobody has taken
        self.parts = parts.of_run(self.points, self.blocks, any(member.sink for member in members))
        self.lock, self.stop, self.failed = threading.Lock(), threading.Event(), False
        self.turn, self.busy, self.held = threading.Condition(self.lock), 0, False
        self.done = 0
        levels, years = len(members[0].prepared.plan.levels), len(members[0].prepared.plan.years)
        paired = self.weighted or len(members) > 1
        self.noted = levels, self.task_blocks * DRAWS if paired else 0
        self.pairs = pooling.Sums(len(members), levels, years, self.weighted) if paired else None
        self.sums: list[Sums] = []

    def memories(self) -> list[Memory]:
        """Memory for one thread; members of the same shape share the memory of their histograms."""
        found: list[Memory] = []
        for prepared, watched, trajectories, crossings, sink in self.members:
            if sink:  # room for a task, from where they are taken
                room = self.task_blocks * DRAWS
                trajectories = np.zeros((*trajectories.shape[:2], room), np.float32)
                crossings = np.zeros((len(crossings), room))
            tally = blank(prepared, watched, trajectories, crossings, found[0].tally if found else None)
            found.append(Memory(prepared, watched, tally, noted_crossings(*self.noted)))
        self.sums = self.sums or [Sums(memory.tally, parts=self.parts.many) for memory in found]
        return found

    def work(self, memories: list[Memory]) -> None:
        """Do tasks until there are none left."""
        while True:
            with self.task() as (first, last):
                if first == last:
                    return
                self._do(memories, first, last)

    @contextmanager
    def task(self) -> Iterator[tuple[int, int]]:
        """The blocks of the next task, none where all are taken; waits while the counts are being saved."""
        with self.turn:
            self.turn.wait_for(lambda: not self.held)
            first = last = self.next
            if not self.stop.is_set():
                last = min((first // self.task_blocks + 1) * self.task_blocks, self.parts.end(first), self.blocks)
                self.next = last
            self.busy += 1
        try:
            yield first, last
        except BaseException:
            self.failed = True  # some of its draws are counted, some are not
            raise
        finally:
            with self.turn:
                self.busy -= 1
                self.turn.notify_all()

    def _do(self, memories: list[Memory], first: int, last: int) -> None:
        for memory, member, total in zip(memories, self.members, self.sums, strict=True):
            if member.sink:
                memory.tally.origin[0] = first * DRAWS
            memory.run(self.seed, first, last, self.draws)
            if member.sink:
                _pour(member, memory.tally, first * DRAWS, min(last * DRAWS, self.draws))
            with self.lock:
                total.take(memory.tally, self.parts.of(first))
        many = min(last * DRAWS, self.draws) - first * DRAWS
        pairs = self.pairs.blank() if self.pairs else None
        if pairs:
            instants, weights = ([getattr(m.noted, name) for m in memories] for name in ("instants", "weights"))
            pooling.add_pairs(pairs, instants, weights, many)
        with self.lock:
            self.done += many
            if self.pairs and pairs:
                self.pairs.take(pairs)

    def arrays(self) -> list[np.ndarray]:
        """All that has been counted and kept, to be written down or filled in."""
        found: list[np.ndarray] = []
        for member, total in zip(self.members, self.sums, strict=True):
            for part in (vars(total.inputs), vars(total.results), total.others, total.parts):
                found += part.values()
            found += [member.trajectories, member.crossings]
        return found + ([self.pairs.both, self.pairs.one, self.pairs.mass] if self.pairs else [])

    def frame(self) -> str:
        """Where the histograms lie, as a hash: counts of another layout mean something else."""
        digest = hashlib.sha256()
        for member in self.members:
            inputs, logs, results, dates = member.watched
            for array in (*inputs, logs, *results, dates):
                digest.update(array.tobytes())
        return digest.hexdigest()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from what an earlier process has counted."""
        self.done = checkpoint.restore(self.draws, self.arrays(), self.frame())
        self.next = -(-self.done // DRAWS)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write down what is counted, between two tasks; not where a task has failed."""
        with self.turn:
            try:
                self.held = True
                self.turn.wait_for(lambda: not self.busy)
                if not self.failed:
                    checkpoint.save(self.done, self.draws, self.arrays(), self.frame())
            finally:
                self.held = False
                self.turn.notify_all()


def _pour(member: Member, tally: Tally, first: int, last: int) -> None:
    """Hand the draws of a task on, and keep those that the member has room for."""
    assert member.sink
    many, some = last - first, max(min(last, member.crossings.shape[1]) - first, 0)
    member.trajectories[:, :, first : first + some] = tally.trajectories[:, :, :some]
    member.crossings[:, first : first + some] = tally.crossings[:, :some]
    member.sink(first, tally.trajectories[:, :, :many], tally.crossings[:, :many])


def run(
    members: Sequence[Member],
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    blocks_per_task: int | None = None,
    checkpoint: Checkpoint | None = None,
) -> Counted:
    """Run all blocks; the result does not depend on `threads` or `blocks_per_task` (at most 32).

    Calls `progress` with the number of draws done since it was last called. Goes on from a `checkpoint`, and keeps it
    up to date; also when it is interrupted.
    """
    count = threads or cores.available()
    share = -(-draws // (DRAWS * LEAST_TASKS * count))
    if any(member.sink for member in members):  # which may depend on where tasks begin
        blocks_per_task = MOST_BLOCKS
    this = Run(members, draws, seed, min(blocks_per_task or share, MOST_BLOCKS))
    count = min(count, -(-this.blocks // this.task_blocks))
    memories = [this.memories() for _ in range(count)]
    if checkpoint:
        this.restore(checkpoint)
    told = 0
    with ThreadPoolExecutor(count) as pool:
        waiting = {pool.submit(this.work, own) for own in memories}
        try:
            while waiting:
                finished, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                if progress and this.done > told:
                    progress(this.done - told)
                    told = this.done
                if checkpoint and checkpoint.due():
                    this.save(checkpoint)
        except BaseException:
            if checkpoint and checkpoint.worthwhile():
                this.save(checkpoint)
            raise
        finally:
            this.stop.set()
    return Counted(this.sums, this.pairs)
