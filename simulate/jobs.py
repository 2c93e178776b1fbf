"""The jobs of a sweep, each in whatever process the launcher puts it, and the record that each leaves behind.

Processes share nothing but a folder. A job takes its number by a file there, which it keeps locked as long as it lives;
the system drops the lock however the process ends. So every job runs once, however often the launcher is started, and
one that was killed can be told from one that is still at work. A record is JSON: nothing here is unpickled.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from simulate import command, compose, durable, stored_json, streams, target, words
from simulate.errors import ClusterError, IntegrityError, LockedError, Mistake, Mistakes, StorageError
from simulate.library import Library

KILLED = "its process ended before the job did: killed, or out of memory; run the sweep again with resume=true"


def process() -> str:
    """This process, by its machine and number."""
    return f"{socket.gethostname()} {os.getpid()}"


class Record(NamedTuple):
    """What a job leaves: the folder that its result was to go to, what went wrong, and what it said."""

    folder: str
    problem: str
    out: str = ""
    err: str = ""


@dataclass(frozen=True)
class Task:
    """A job as a function of what Hydra says in its process; it goes there by pickle, so it is plain data."""

    library: Library
    records: str
    """Folder of the records, which only its owner can enter."""
    home: str
    """Folder of the sweep, relative to `directory`."""
    directory: str
    starter: str
    """The process that started the sweep. What jobs say in others, several at once, is kept for their turn."""
    threads: int | None
    """Threads of a job that does not say how many."""

    def __call__(self, cfg: Any) -> None:
        """Run the job that Hydra's own settings speak of, unless it has run."""
        from hydra.core.hydra_config import HydraConfig

        job = HydraConfig.get()
        number = int(job.job.num)
        with self._taken(number) as mine:
            if mine:
                said = [word.removeprefix("++") for word in job.overrides.task]
                record = self._run(number, said) if self.starter == process() else self._apart(number, said)
                unfinished = Path(self.records, f"{number}.new")
                durable.write(unfinished, json.dumps(record._asdict()).encode())
                unfinished.rename(self._record(number))

    def record(self, number: int) -> Record | None:
        """What a job has left, if it is done."""
        try:
            place = self._record(number)
            return Record(**stored_json.parse(place.read_bytes(), place))
        except FileNotFoundError:
            return None

    def started(self) -> int:
        """How many jobs have been started."""
        return sum(path.suffix == ".job" for path in Path(self.records).iterdir())

    def ended(self, number: int) -> Record | None:
        """Wait until a job that was started has ended; gives what it left, None where it was never started."""
        with suppress(FileNotFoundError), self._marker(number).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return self.record(number) or Record("", KILLED)
        return None

    def stop(self) -> None:
        """End the jobs of other processes of this machine that are still at work."""
        for path in Path(self.records).glob("*.job"):
            with path.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    at_work = file.read()
                    host, pid = at_work.split()
                    if host == socket.gethostname() and at_work != process():
                        with suppress(ProcessLookupError):
                            os.kill(int(pid), signal.SIGTERM)

    def _record(self, number: int) -> Path:
        return Path(self.records, f"{number}.json")

    def _marker(self, number: int) -> Path:
        return Path(self.records, f"{number}.job")

    @contextmanager
    def _taken(self, number: int) -> Iterator[bool]:
        """Take the number of a job, for good; yields False where it has been taken."""
        own = Path(self.records, f"{number}.{os.getpid()}")
        with own.open("x") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(process())
            file.flush()
            try:
                os.link(own, self._marker(number))  # the file has its name only once it is locked
                mine = True
            except FileExistsError:
                mine = False
            own.unlink()
            yield mine

    def _apart(self, number: int, said: Sequence[str]) -> Record:
        """Run a job in a process that may have served another sweep, in another directory."""
        os.chdir(self.directory)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), command.terminable():
            record = self._run(number, said)
        return record._replace(out=out.getvalue(), err=err.getvalue())

    def _run(self, number: int, said: Sequence[str]) -> Record:
        """Run a job, whose result goes to its number in the folder of the sweep or to where its words say."""
        folder = Path(self.home, f"{number:04}")
        problem = ""
        try:
            mistakes: list[Mistake] = []
            sweeps = words.read(said, mistakes)
            composed = compose.compose(self.library, [sweep.single for sweep in sweeps], mistakes, by_hydra=False)
            if mistakes:
                raise Mistakes(mistakes)
            settings = composed.settings
            settings["threads"] = settings["threads"] or self.threads
            if settings["output"]:
                folder = target.ROOT / settings["output"]
            elif settings["folder"]:
                folder = Path(settings["folder"])
            elif settings["study"] == "forecast":
                settings["folder"] = str(folder)
            if code := command.study(str(settings["study"]), settings, composed.where):
                problem = f"exit code {code}"
        except (BrokenPipeError, streams.Unwritable):
            raise  # what cannot tell of this job can tell of no other
        except (Mistakes, StorageError, IntegrityError, LockedError, ClusterError, MemoryError) as error:
            problem = str(error) or "out of memory"
        except (Exception, SystemExit):
            problem = f"a defect of the program; details are in {command.log(said)}"
        return Record(str(folder), problem)
