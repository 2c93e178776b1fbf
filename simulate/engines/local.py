"""The local engine: threads of this process, each with a block's memory and counts of its own.

The kernel lets go of the interpreter's lock, so threads share the work without copies. Work is cut into short tasks, so
that Ctrl-C and progress need not wait; all counts are whole numbers, so which thread does which task cannot be seen in
the result.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import numpy as np

from simulate.blocks import DRAWS
from simulate.kernel import Pilot, Tally, Watched, run_blocks
from simulate.layout import record
from simulate.plan import Prepared
from simulate.tally import NO_PILOT, Sums, blank

BLOCKS_PER_TASK = 32
Progress = Callable[[int], None]


def threads_available() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """The memory of one thread: a block, a stack, and the counts so far."""

    def __init__(self, prepared: Prepared, watched: Watched, tally: Tally, pilot: Pilot = NO_PILOT) -> None:
        self.prepared, self.watched, self.tally, self.pilot = prepared, watched, tally, pilot
        self.rows = prepared.template.copy()
        self.block = record(self.rows)
        self.stack = np.zeros((prepared.stack_height, DRAWS))
        self.index, self.waiting = np.zeros(DRAWS, np.int32), np.zeros(len(prepared.plan.levels), np.int64)
        self.sums = Sums(tally)

    def run(self, seed: int, first: int, last: int, draws: int) -> None:
        """Take blocks first to last through the years."""
        run_blocks(
            self.block, self.rows, self.prepared.rules, self.prepared.plan, np.uint64(seed), first, last, draws,
            self.watched, self.tally, self.pilot, self.stack, self.index, self.waiting,
        )  # fmt: skip
        self.sums.take(self.tally)


def run(
    prepared: Prepared,
    watched: Watched,
    trajectories: np.ndarray,
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    blocks_per_task: int = BLOCKS_PER_TASK,
) -> Sums:
    """Run all blocks; the result does not depend on `threads` or `blocks_per_task`.

    Calls `progress` with the number of draws done since it was last called.
    """
    blocks = -(-draws // DRAWS)
    tasks = [(first, min(first + blocks_per_task, blocks)) for first in range(0, blocks, blocks_per_task)]
    count = max(1, min(threads or threads_available(), len(tasks)))
    workers = [Worker(prepared, watched, blank(prepared, watched, trajectories)) for _ in range(count)]
    queue = iter(tasks)
    lock, stop = threading.Lock(), threading.Event()
    done = told = 0

    def work(worker: Worker) -> None:
        nonlocal done
        while not stop.is_set():
            with lock:
                task = next(queue, None)
            if task is None:
                return
            worker.run(seed, *task, draws)
            with lock:
                done += min(task[1] * DRAWS, draws) - task[0] * DRAWS

    with ThreadPoolExecutor(count) as pool:
        waiting = {pool.submit(work, worker) for worker in workers}
        try:
            while waiting:
                finished, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                if progress and done > told:
                    progress(done - told)
                    told = done
        finally:
            stop.set()
    total = workers[0].sums
    for worker in workers[1:]:
        total.add(worker.sums)
    return total
