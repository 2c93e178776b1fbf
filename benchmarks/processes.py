"""What a whole process takes: memory, the time for --help, and the parts of a default run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
#: Runs the command with clocks around its imports, the simulation and the keeping of the result.
CLOCKS = """
import json, sys, time
from importlib import import_module
clock, spent = time.perf_counter, {}
begin = clock()
for module in ("command", "compose", "assumptions", "forecast", "report", "store", "plots"):
    import_module("simulate." + module)
import hydra, matplotlib.pyplot, netCDF4, rich.progress, xarray
spent["imports"] = clock() - begin
from simulate import forecast, store, __main__
def timed(module, name, label):
    inner = getattr(module, name)
    def run(*given, **named):
        start = clock()
        try:
            return inner(*given, **named)
        finally:
            spent[label] = spent.get(label, 0.0) + clock() - start
    setattr(module, name, run)
timed(forecast, "run", "simulation")
timed(store, "save", "figures and files")
code = __main__.main(sys.argv[1:])
spent["all"] = clock() - begin
sys.stderr.write("\\n" + json.dumps(spent) + "\\n")
sys.exit(code)
"""


#: Starts the process from a small one: the peak of a process holds that of its parent at the fork.
LAUNCHER = """
import json, os, subprocess, sys, time
before = time.perf_counter()
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
found = [time.perf_counter() - before, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]
open(sys.argv[1], "w").write(json.dumps(found))
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Used(NamedTuple):
    """What a process took."""

    wall: float
    cpu: float
    peak_mb: float
    errors: str


def measure(words: list[str], cold: bool = False) -> Used:
    """Run Python with these words in a fresh folder and wait for it; `cold` has nothing compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT))}
        environment |= {"XDG_CACHE_HOME": folder} if cold else {}
        filled = [word.replace("FOLDER", folder) for word in words]
        spent = Path(folder) / "spent.json"
        done = subprocess.run(
            [sys.executable, "-c", LAUNCHER, str(spent), sys.executable, *filled],
            cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{words} ended with {done.returncode}: {done.stderr[-2000:]}")
        wall, cpu, peak_mb = json.loads(spent.read_text())
        return Used(wall, cpu, peak_mb, done.stderr)


def help_seconds() -> float:
    """CPU seconds of `simulate --help`."""
    return min(measure(["-m", "simulate", "--help"]).cpu for _ in range(5))


def default_set(draws: int, cold: bool = False) -> Used:
    """A run of the default set with so many draws."""
    return measure(["-m", "simulate", f"draws={draws}", "hydra.run.dir=FOLDER/run"], cold)


def start_up() -> tuple[float, float]:
    """CPU seconds of 100,000 draws, compiled before (the least of three) and with nothing compiled."""
    cold = default_set(100_000, cold=True).cpu
    default_set(1000)
    return min(default_set(100_000).cpu for _ in range(3)), cold


def default_run(repeats: int = 3) -> dict[str, float]:
    """Wall seconds of the parts of the default run, once compiled: those of the quickest repeat."""
    default_set(1000)
    found = []
    for _ in range(repeats):
        used = measure(["-c", CLOCKS, "hydra.run.dir=FOLDER/run"])
        parts = json.loads(used.errors.strip().splitlines()[-1])
        parts["start and end of Python"] = used.wall - parts.pop("all")
        parts["composing, checking, report"] = used.wall - sum(parts.values())
        found.append(parts | {"in all": used.wall})
    return min(found, key=lambda parts: parts["in all"])
