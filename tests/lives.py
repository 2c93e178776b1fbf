"""Lives of the command: forked from a process that has imported everything, so that each starts at once and can be
ended at any moment.

`python lives.py` reads a line of JSON for each life (`Life`) and answers with the number of its process; a line with a
number waits for that process and answers with its exit code. A life writes a checkpoint as often as it can, and a line
into the file `acknowledged` after each that is on the disk.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from simulate.__main__ import main

HERE = Path(__file__).parent


@dataclass
class Life:
    """The words, where they are said, and what the file system gives: files of at most so many bytes."""

    words: list[str]
    folder: str
    largest_file: int | None = None
    every: float = 0.0

    def live(self) -> None:
        """Run the command in this process, and end it."""
        os.chdir(self.folder)
        for number, name in ((1, "said"), (2, "noted")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        _report()
        from simulate import checkpoint

        checkpoint.EVERY, checkpoint.SHARE = self.every, 1e9
        if self.largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.largest_file, self.largest_file))
        code = main(self.words)
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


def _report() -> None:
    """Acknowledge what is on the disk."""
    from simulate import checkpoint

    acknowledged = os.open("acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    write: Any = checkpoint.write

    def written(path: Path, saved: Any) -> None:
        write(path, saved)
        os.write(acknowledged, f"{saved.done}\n".encode())

    checkpoint.write = written


def serve() -> None:
    """Fork a life for each line, or wait for one. Lives draw no figures, which would take longer than all the rest."""
    from simulate import store

    store.save = partial(store.save, figures=())
    with tempfile.TemporaryDirectory() as folder, Path("/dev/null").open("w") as nothing, redirect_stdout(nothing):
        os.chdir(folder)
        main(["draws=512", "threads=1"])  # what is imported and compiled now need not be in each life
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            print(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                Life(**asked).live()
            finally:
                os._exit(99)
        print(pid, flush=True)


class Server:
    """The process that forks lives."""

    def __init__(self) -> None:
        env = {**os.environ, "PYTHONPATH": ":".join([str(HERE), *sys.path]), "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, str(HERE / "lives.py")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        assert self._answer() == "ready"

    def _answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def _ask(self, what: Any) -> int:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return int(self._answer())

    def start(self, life: Life) -> int:
        """The number of a new life's process."""
        return self._ask(asdict(life))

    def end(self, pid: int) -> int:
        """Wait for a life; its exit code, or the signal that ended it as a negative number."""
        return self._ask(pid)

    def run(self, life: Life) -> int:
        """Live a life to its end; its exit code."""
        return self.end(self.start(life))

    def close(self) -> None:
        """End the server."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


if __name__ == "__main__":
    serve()
