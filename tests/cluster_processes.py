"""A scheduler and workers of dask as processes of their own, on this machine alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from distributed import Client, Security

HERE = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]


#: dask's settings of TLS, which the tests of it give to all processes.
TLS = "distributed.comm.tls"


def certificate(folder: Path) -> dict[str, str]:
    """A certificate that only these processes have, for everybody, as dask's settings of TLS."""
    made = Security.temporary()
    (folder / "cert.pem").write_text(made.tls_ca_file)
    (folder / "key.pem").write_text(made.tls_scheduler_key)
    found = {f"{TLS}.ca-file": str(folder / "cert.pem")}
    for who in ("scheduler", "worker", "client"):
        found |= {f"{TLS}.{who}.cert": str(folder / "cert.pem"), f"{TLS}.{who}.key": str(folder / "key.pem")}
    return found


class Processes:
    """A scheduler, whose workers can be started and ended; with `more` dask's settings for all of them."""

    def __init__(self, folder: Path, more: Mapping[str, str] | None = None) -> None:
        self.folder, self.started = folder, list[subprocess.Popen[bytes]]()
        self.more = {"DASK_" + key.replace(".", "__").replace("-", "_").upper(): v for key, v in (more or {}).items()}
        protocol = ["--protocol", "tls"] if more else []
        self._start("scheduler", "--port", "0", *protocol, "--scheduler-file", str(folder / "scheduler.json"))
        self.client = Client(scheduler_file=str(folder / "scheduler.json"), timeout=60, set_as_default=False)
        self.address: str = self.client.scheduler.address

    def _start(self, *words: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        said = (self.folder / f"{len(self.started)}.log").open("wb")
        environment = {**os.environ, **self.more, **({"PYTHONPATH": str(path)} if path else {})}
        command = [sys.executable, "-m", "dask", *words, *HERE]
        self.started.append(subprocess.Popen(command, stdout=said, stderr=said, env=environment, cwd=self.folder))
        return self.started[-1]

    def add(self, name: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker, with the packages in `path` before all others."""
        words = ["--nthreads", "1", "--no-nanny", "--name", name, "--local-directory", str(self.folder)]
        return self._start("worker", self.address, *words, path=path)

    def wait(self, count: int) -> None:
        """Wait until there are so many workers, no more and no fewer."""
        until = time.monotonic() + 60
        while len(self.client.nthreads()) != count:
            assert time.monotonic() < until, self.client.nthreads()
            time.sleep(0.05)

    def called(self, name: str) -> str:
        """The address of a worker."""
        workers: dict[str, dict[str, str]] = self.client.scheduler_info(-1)["workers"]
        return next(address for address, worker in workers.items() if worker["id"] == name)

    def end(self) -> None:
        """End all of them."""
        self.client.close()
        for process in self.started:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()


@contextmanager
def processes(folder: Path, workers: int, more: Mapping[str, str] | None = None) -> Iterator[Processes]:
    """A scheduler with workers."""
    found = Processes(folder, more)
    try:
        for number in range(workers):
            found.add(f"usual-{number}")
        found.wait(workers)
        yield found
    finally:
        found.end()
