"""Hydra's multirun over the jobs of a sweep, by any launcher, until each job has had its turn.

Launchers differ in what they do when a process dies: one gives up the jobs that wait, another those that are running.
So nothing is read from them; jobs leave records, and where a launcher gives up, it is started again for the rest.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from simulate import compose, cores, durable, launchers, signals, streams, target, words
from simulate.errors import Mistake, Mistakes
from simulate.jobs import Record, Task, process
from simulate.library import Library

LOOK = 0.2  # seconds between two looks for the record of the next job
LONGEST = 300  # characters of what a launcher complains about; some quote whole logs


def run(
    library: Library, told: Sequence[str], said: launchers.Chosen, home: Path, count: int, threads: int | None
) -> list[Record]:
    """Run every job of the words that Hydra is `told`; gives what each left, in their order.

    `threads` is what the words say, if they do. Raises Mistakes where the launcher cannot start even one job.
    """
    at_once = said.at_once(count, cores.available(), threads)
    told = [*told, *said.batches(at_once), "hydra.job.name=simulate"]
    with _folder(said.launcher.shared) as folder:
        task = Task(
            library=library,
            records=str(folder.absolute()),
            home=str(home),
            directory=str(Path.cwd()),
            starter=process(),
            threads=said.threads(at_once, cores.available()),
        )
        over = threading.Event()
        with ThreadPoolExecutor(1) as teller:
            try:
                with signals.held_back():
                    telling = teller.submit(_tell, task, count, over)
                where = f"hydra.sweep.dir={words.quoted(str(folder.absolute() / 'hydra'))}"
                why = _launch(task, [*told, where], count, said.launcher.apart)
                not_started = Record("", f"was not started: {why}")
                records = [task.ended(number) or not_started for number in range(count)]
            except BaseException:
                task.stop()
                raise
            finally:
                with signals.held_back():
                    over.set()
            telling.result()
        return records


def _launch(task: Task, told: Sequence[str], count: int, apart: bool) -> str:
    """Start the launcher, and again as long as it gives up but starts some more jobs; gives its last complaint."""
    import hydra

    main = hydra.main(version_base="1.3", config_path=None, config_name="config")(task)
    for group in ("assumptions", "thresholds"):  # Hydra composes the defaults too, though every job may replace them
        task.library.sources(group, compose.DEFAULTS[group])
    while True:
        before = task.started()
        try:
            with task.library.registered(), _as_command(told):
                main()
            return ""
        except (Exception, SystemExit) as error:
            if not apart:
                raise
            started = task.started()
            why = " ".join(str(error).split())[:LONGEST]
            if started == 0:
                raise Mistakes([Mistake(launchers.KEY, f"no job could be started: {why}")]) from error
            if started in (before, count):
                return why


def _tell(task: Task, count: int, over: threading.Event) -> None:
    """Pass on what jobs of other processes say, in their order, each as soon as it is done."""
    for number in range(count):
        while (record := task.record(number)) is None and not over.wait(LOOK):
            pass
        record = record or task.record(number)
        if record:
            streams.write(record.out, sys.stdout)
            if record.err:
                streams.complain(record.err.removesuffix("\n"))


@contextmanager
def _folder(shared: bool) -> Iterator[Path]:
    """A new folder that only its owner can enter, removed in the end; beside the results if other machines read it."""
    with contextlib.ExitStack() as stack:
        if shared:
            stack.callback(_remove_empty, None if target.ROOT.exists() else target.ROOT)
            with durable.storing(target.ROOT):
                folder = stack.enter_context(durable.temporary_folder(target.ROOT, mode=0o700))
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simulate-sweep-")))
        yield folder


def _remove_empty(folder: Path | None) -> None:
    if folder is not None:
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def _as_command(told: Sequence[str]) -> Iterator[None]:
    """Hydra's main reads the words of the process, and lets an exception out only where this variable asks for it."""
    argv, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [argv[0], "--multirun", *told]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full
