"""The engine for a cluster: dask workers on this machine, started for a run, or on many, joined by their scheduler.

A task is a range of blocks of all members, long enough that what it costs to send it does not count. Workers answer
with counts, which are added here in the order of the tasks: so what is counted is at any time all draws up to a certain
one, as a checkpoint needs it. A task whose worker dies is given to another one; nothing of it has been counted.
"""

from __future__ import annotations

import logging
import pickle
import tempfile
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster

from simulate import cores, signals
from simulate.blocks import DRAWS
from simulate.checkpoint import Checkpoint
from simulate.engines import remote
from simulate.engines.work import Counted, Member, Progress, Work
from simulate.errors import ClusterError
from simulate.progress import note

PATIENCE = 5  # seconds that a scheduler has to answer
LOOK = 1.0  # seconds between two looks for workers that have come or gone
AHEAD = 2  # tasks a thread: one that it does and one that waits
SPEED = 400.0  # blocks a second and thread, as long as nothing is known; a slow guess for one member
LEAST, USUAL = 1.0, 5.0  # seconds of work in a task
BUSY = 4.0  # tasks last so long that adding up their counts takes this part of the time at most
LARGEST = 2**25  # bytes of draws that come back with a task
#: What the servers of a local cluster tell to browsers.
SILENT: dict[str, Any] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}
#: A plan has several megabytes for each hypothesis, which dask would warn of.
LARGE = {"distributed.admin.large-graph-warning-threshold": "1GiB"}


class Cluster:
    """A cluster that was started by this process, or joined."""

    def __init__(self, scheduler: str | None = None, threads: int | None = None) -> None:
        """Join the cluster of a scheduler, or start one with as many workers as `threads` says.

        Raises
        ------
        ClusterError
            If it cannot be reached or started, or a worker has another program.
        """
        self.program = remote.program()
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # `ClusterError` says it, without a trace
        self.known, self.look = 0, 0.0  # threads of the workers, and when to ask again
        self.stack = ExitStack()
        with ExitStack() as unless_done:
            unless_done.callback(self.close)
            with signals.held_back():
                self.client = self._joined(scheduler) if scheduler else self._started(threads or cores.available())
                self._check()
            unless_done.pop_all()

    def _joined(self, scheduler: str) -> Client:
        try:
            return self.stack.enter_context(Client(scheduler, timeout=PATIENCE, set_as_default=False))
        except (OSError, ValueError, TypeError) as error:
            raise ClusterError(f"no scheduler answers at {scheduler}: {_brief(error)}") from error

    def _started(self, workers: int) -> Client:
        """Worker processes that only this one can speak to, and that end with it."""
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="simulate-cluster-"))
        resource_tracker.ensure_running()  # it starts with the first process, and lets Ctrl-C come when it has
        try:
            with dask.config.set(SILENT | {"temporary-directory": folder}), signals.blocked():
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    security=True,  # keys of the moment: others on this machine must not send work to it
                    scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                    silence_logs=logging.CRITICAL,
                    memory_limit=0,
                    local_directory=folder,
                )
                self.stack.enter_context(cluster)
        except (OSError, RuntimeError) as error:
            hint = "a script that starts one needs `if __name__ == '__main__':` around what it does"
            raise ClusterError(f"no cluster could be started here ({_brief(error)}); {hint}") from error
        return self.stack.enter_context(Client(cluster, timeout=PATIENCE, set_as_default=False))

    def close(self) -> None:
        """Leave the cluster; one that was started ends."""
        with signals.held_back():
            self.stack.close()

    def threads(self) -> int:
        """How many tasks the workers can do at the same time; workers may come and go."""
        if time.monotonic() >= self.look:
            with self._lost():
                self.known = sum(self.client.nthreads().values())
            self.look = time.monotonic() + LOOK
        return self.known

    def run(
        self,
        members: Sequence[Member],
        draws: int,
        seed: int,
        progress: Progress | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Counted:
        """Run all blocks, as `local.run` does and with the same bits.

        Raises
        ------
        ClusterError
            If the cluster is lost, workers die again and again, or a worker has another program.
        """
        with signals.held_back() as let_signals_come:
            if not self.threads():
                note("the cluster has no workers yet; the run begins when there are some")
            return _Run(self, members, draws, seed, let_signals_come).finish(progress, checkpoint)

    def submit(self, function: Callable[..., Any], *words: Any) -> Future:
        """Have some worker do this."""
        with self._lost(), dask.config.set(LARGE):
            return self.client.submit(function, *words, pure=False)

    def result(self, future: Future, let_signals_come: Callable[[], None]) -> Any:
        """Wait for what a worker makes of it; signals that are held back may come meanwhile."""
        with self._lost():
            while not future.done():
                let_signals_come()
                with suppress(TimeoutError):
                    future.exception(timeout=signals.PATIENCE)  # which waits
            try:
                return future.result()
            except (ImportError, AttributeError, pickle.UnpicklingError):
                self._check()  # a worker without this program does not even know what it is asked
                raise

    def _check(self) -> None:
        """Raise ClusterError where a worker has another program, or none."""
        with self._lost():
            found: dict[str, Any] = self.client.run(remote.program, on_error="return")
        wrong = [
            f"worker {address} does not know this program: {_brief(own)}"
            if isinstance(own, BaseException)
            else remote.differing(address, own, self.program)
            for address, own in sorted(found.items())
        ]
        if any(wrong):
            raise ClusterError("; ".join(filter(None, wrong)))

    @contextmanager
    def _lost(self) -> Iterator[None]:
        """Say it where the cluster is lost."""
        try:
            yield
        except KilledWorker as error:
            raise ClusterError(f"workers died again and again, perhaps for want of memory: {_brief(error)}") from error
        except (OSError, CancelledError) as error:
            raise ClusterError(f"the cluster is lost: {_brief(error)}") from error


def _brief(error: BaseException) -> str:
    """The first line of what an error says of itself."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class Pace:
    """How many blocks a task should hold, judged by the tasks before it."""

    def __init__(self, members: int) -> None:
        self.speed, self.known = SPEED / members, False  # blocks a second and thread, where they are many in a task
        self.adding = 0.0  # seconds to add up the counts of a task

    def saw(self, blocks: int, seconds: float, adding: float) -> None:
        """Note what a task took of a worker's time and of this process's."""
        speed = blocks / seconds
        self.speed, self.known = max(speed, self.speed) if self.known else speed, True
        self.adding = adding

    def blocks(self, left: int, threads: int) -> int:
        """Blocks of the next task, where so many are left for so many threads."""
        seconds = max(USUAL, BUSY * threads * self.adding) if self.known else LEAST
        even = left / (AHEAD * threads)  # so that all threads have some of it, and none waits long for the last
        return round(max(min(seconds * self.speed, even), LEAST * self.speed, 1.0))


class _Run(Work):
    """The work of a run on a cluster, and the counts that have come back."""

    def __init__(
        self,
        cluster: Cluster,
        members: Sequence[Member],
        draws: int,
        seed: int,
        let_signals_come: Callable[[], None],
    ) -> None:
        super().__init__(members, draws, seed)
        self.let_signals_come = let_signals_come
        self.memories()  # which lays out the counts
        self.cluster, self.pace, self.halfway = cluster, Pace(len(members)), False
        self.most = self._most()

    def finish(self, progress: Progress | None, checkpoint: Checkpoint | None) -> Counted:
        """Have all blocks done, in tasks that begin in their order, a few for each thread at a time."""
        first, told = self.restore(checkpoint) if checkpoint else 0, 0
        waiting: deque[tuple[int, int, Future]] = deque()
        plan: bytes | Future = self._plan()
        try:
            while waiting or first < self.blocks:
                threads = max(self.cluster.threads(), 1)
                while first < self.blocks and len(waiting) < AHEAD * threads:
                    last = min(first + self._blocks(self.blocks - first, threads), self.blocks)
                    if isinstance(plan, bytes) and last < self.blocks:  # for more than one task
                        plan = self.cluster.submit(remote.hold, plan)
                    task = self.cluster.submit(remote.count, self.cluster.program, plan, first, last)
                    waiting.append((first, last, task))
                    first = last
                begin, end, task = waiting.popleft()
                self._take(self.cluster.result(task, self.let_signals_come), begin, end)
                if progress:
                    progress(self.done - told)
                    told = self.done
                if checkpoint and checkpoint.due():
                    self.write(checkpoint)
        except BaseException:
            if checkpoint and checkpoint.worthwhile() and not self.halfway:
                self.write(checkpoint)
            raise
        finally:
            for *_, task in waiting:
                task.release()  # nobody begins what nobody waits for
        return self.counted()

    def _plan(self) -> bytes:
        members = [(one.prepared, one.watched) for one in self.members]
        return remote.prepare(remote.Plan(members, self._kept(), self.draws, self.seed, self.step, self.undivided))

    def _most(self) -> int:
        """Blocks whose draws may come back at once, where draws are kept."""
        plan = self.members[0].prepared.plan
        draw = len(self.members) * (4 * len(plan.kept) * len(plan.years) + 8 * len(plan.levels))
        return self.blocks if draw * self._kept() <= LARGEST else LARGEST // (DRAWS * draw)

    def _kept(self) -> int:
        """How many of the first draws come back one by one."""
        one = self.members[0]
        return self.draws if one.sink else one.crossings.shape[1]

    def _blocks(self, left: int, threads: int) -> int:
        """Blocks of the next task: whole steps, so that draws are handed on as they are in other engines."""
        return max(min(self.pace.blocks(left, threads), self.most) // self.step, 1) * self.step

    def _take(self, answer: remote.Answer, first: int, last: int) -> None:
        """Add the counts of a task, and keep what it has kept."""
        started = time.perf_counter()
        sums, pairs = pickle.loads(zlib.decompress(answer.counts))
        self.halfway = True
        begin, end = first * DRAWS, min(last * DRAWS, self.draws)
        for one, total, more, kept in zip(self.members, self.sums, sums, answer.kept, strict=True):
            total.add(more)
            one.keep(begin, end, *kept)
        if self.pairs:
            self.pairs.add(pairs)
        self.done += end - begin
        self.halfway = False
        self.pace.saw(last - first, answer.seconds, time.perf_counter() - started)
