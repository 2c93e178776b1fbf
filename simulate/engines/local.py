"""The local engine: threads of this process, each with a block's memory and counts of its own.

The kernel lets go of the interpreter's lock, so threads share the work without copies. A task is one short step of it,
so that Ctrl-C and progress need not wait.

Signals are held back until the main thread looks for them; then it lets all threads end their tasks, and writes down
what they have counted. Before that the threads themselves write the checkpoints, between two tasks.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Condition

from simulate import cores, signals
from simulate.blocks import DRAWS
from simulate.checkpoint import Checkpoint
from simulate.engines.work import MOST_BLOCKS, Counted, Member, Memory, Progress, Work

LEAST_TASKS = 8  # a thread: so that none waits long for the last one


class Run(Work):
    """The work of a run and the counts so far, which its threads share; with a `checkpoint` they keep it up to date."""

    def __init__(
        self, members: Sequence[Member], draws: int, seed: int, task_blocks: int, checkpoint: Checkpoint | None = None
    ) -> None:
        super().__init__(members, draws, seed, task_blocks)
        self.checkpoint = checkpoint
        self.next = 0  # the first block that nobody has taken
        self.stop = False  # set by the main thread: no further task
        self.failed = False
        self.turn, self.busy, self.held = Condition(self.lock), 0, False
        self.ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()  # how each thread has ended

    def work(self, memories: list[Memory]) -> None:
        """Do tasks until there are none left, and say how that ended."""
        try:
            while True:
                with self.task() as (first, last):
                    if first == last:
                        break
                    self.do(memories, first, last)
        except BaseException as error:
            self.ended.put(error)
        else:
            self.ended.put(None)

    @contextmanager
    def task(self) -> Iterator[tuple[int, int]]:
        """The blocks of the next task, none where all are taken; waits while the counts are being saved."""
        with self.turn:
            self.turn.wait_for(lambda: not self.held)
            if self.checkpoint and not self.stop and self.checkpoint.due():
                self._save_between_tasks(self.checkpoint)
            first = last = self.next
            if not self.stop:
                last = self.next = self.end(first)
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

    def _save_between_tasks(self, checkpoint: Checkpoint) -> None:
        """Write down what is counted once the other threads have ended their tasks; the caller has the turn."""
        try:
            self.held = True
            self.turn.wait_for(lambda: not self.busy)
            self.save(checkpoint)
        finally:
            self.held = False
            self.turn.notify_all()

    def save(self, checkpoint: Checkpoint) -> None:
        """Write down what is counted, while no task is at work; not where one has failed."""
        if not self.failed:
            self.write(checkpoint)


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
    this = Run(members, draws, seed, min(blocks_per_task or share, MOST_BLOCKS), checkpoint)
    count = min(count, -(-this.blocks // this.step))
    memories = [this.memories() for _ in range(count)]
    if checkpoint:
        this.next = this.restore(checkpoint)
    with signals.held_back() as let_signals_come:
        try:
            with ThreadPoolExecutor(count) as pool:
                try:
                    for own in memories:
                        pool.submit(this.work, own)
                    _watch(this, count, progress, let_signals_come)
                finally:
                    this.stop = True
        except BaseException:
            if checkpoint and checkpoint.worthwhile():
                this.save(checkpoint)
            raise
    return this.counted()


def _watch(this: Run, threads: int, progress: Progress | None, let_signals_come: Callable[[], None]) -> None:
    """Tell the progress until all threads have ended; raises what one of them has raised, or a signal."""
    told = 0
    while threads:
        let_signals_come()
        with suppress(queue.Empty):
            error = this.ended.get(timeout=signals.PATIENCE)
            threads -= 1
            if error:
                raise error
        if progress and this.done > told:
            progress(this.done - told)
            told = this.done
