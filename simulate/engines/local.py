"""The local engine: threads of this process, each with a block's memory and counts of its own.

The kernel lets go of the interpreter's lock, so threads share the work without copies. A task is one short step of it,
so that Ctrl-C and progress need not wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager

from simulate import cores
from simulate.blocks import DRAWS
from simulate.checkpoint import Checkpoint
from simulate.engines.work import MOST_BLOCKS, Counted, Member, Memory, Progress, Work

LEAST_TASKS = 8  # a thread: so that none waits long for the last one


class Run(Work):
    """The work of a run and the counts so far, which its threads share."""

    def __init__(self, members: Sequence[Member], draws: int, seed: int, task_blocks: int) -> None:
        super().__init__(members, draws, seed, task_blocks)
        self.next = 0  # the first block that nobody has taken
        self.stop, self.failed = threading.Event(), False
        self.turn, self.busy, self.held = threading.Condition(self.lock), 0, False

    def work(self, memories: list[Memory]) -> None:
        """Do tasks until there are none left."""
        while True:
            with self.task() as (first, last):
                if first == last:
                    return
                self.do(memories, first, last)

    @contextmanager
    def task(self) -> Iterator[tuple[int, int]]:
        """The blocks of the next task, none where all are taken; waits while the counts are being saved."""
        with self.turn:
            self.turn.wait_for(lambda: not self.held)
            first = last = self.next
            if not self.stop.is_set():
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

    def save(self, checkpoint: Checkpoint) -> None:
        """Write down what is counted, between two tasks; not where a task has failed."""
        with self.turn:
            try:
                self.held = True
                self.turn.wait_for(lambda: not self.busy)
                if not self.failed:
                    self.write(checkpoint)
            finally:
                self.held = False
                self.turn.notify_all()


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
    count = min(count, -(-this.blocks // this.step))
    memories = [this.memories() for _ in range(count)]
    if checkpoint:
        this.next = this.restore(checkpoint)
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
    return this.counted()
