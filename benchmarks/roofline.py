"""How near the kernel is to the time of its own mathematics: `python -m benchmarks.roofline`.

What a draw of the default set takes is counted (`work`): exponentials, logarithms, normal quantiles, random numbers,
counts in histograms, divisions and all other arithmetic. Each is timed by itself, on 512 numbers in the nearest cache:
as the kernel has it, and as C has it. The sum is what the kernel would take if memory, calls and everything else came
free.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

import benchmarks.one_thread  # noqa: F401
from benchmarks import in_c
from benchmarks.kernel_run import KernelRun
from benchmarks.timing import Case, interleaved, one_core
from benchmarks.work import ARITHMETIC, COUNT, DIVISION, SCORE, TABLE, UNIFORM, mathematics
from simulate import binning, histograms, philox, scores, tables
from simulate.blocks import DRAWS
from simulate.compiled import OPTIONS

TARGET = 0.6
OPERATIONS = 32  # of arithmetic on each number
REPEATS = 200
#: Which function of `c/primitives.c` does the same, by how the name begins.
IN_C = {
    "exp": "exponential", "power": "exponential", "log": "logarithm", SCORE: "quantile",
    ARITHMETIC: "arithmetic", DIVISION: "division", UNIFORM: "uniform", COUNT: "histogram",
}  # fmt: skip


def counts() -> dict[str, float]:
    """What is done for a draw, counted by the uncompiled kernel."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.work"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _loop(function: Callable[..., Any]) -> Callable[..., Any]:
    @numba.njit(**OPTIONS)
    def loop(rounds, given, out):
        for _ in range(rounds):
            for i in range(DRAWS):
                out[i] = function(given[i])

    return loop


@numba.njit(**OPTIONS)
def _arithmetic(rounds, given, out):
    for _ in range(rounds):
        for i in range(DRAWS):
            x = given[i]
            for _ in range(OPERATIONS // 2):
                x = x * 0.7 + 0.3
            out[i] = x


@numba.njit(**OPTIONS)
def _division(rounds, given, out):
    for _ in range(rounds):
        for i in range(DRAWS):
            out[i] = 0.7 / given[i]


@numba.njit(**OPTIONS)
def _uniforms(rounds, given, out):
    for k in range(rounds):
        philox.uniforms(np.uint64(1), np.uint64(65536), k, out)


@numba.njit(**OPTIONS)
def _scores(rounds, given, out, outer, place):
    for _ in range(rounds):
        scores.normal_scores(given, out, outer, place)


@numba.njit(**OPTIONS)
def _look_up(rounds, table, given, out):
    for _ in range(rounds):
        for i in range(DRAWS):
            out[i] = tables.look_up(given[i], table, 0)


@numba.njit(**OPTIONS)
def _count(rounds, place, counts, values, weights, index):
    for _ in range(rounds):
        binning.count(place, counts, 0, 0, values, DRAWS, weights, index)


def own(names: list[str], given: np.ndarray) -> dict[str, Callable[[], object]]:
    """The kernel's functions, each over and over on one block."""
    out, outer, place = np.full((3, DRAWS), 0.5)
    watch = histograms.place(given.reshape(1, 1, DRAWS), np.zeros(1))
    counts = histograms.empty(watch, False)
    table, weights, index = np.linspace(0.0, 1.0, tables.SIZE), np.ones(DRAWS, np.int64), np.empty(DRAWS, np.uint16)
    runs: dict[str, Callable[[], object]] = {
        ARITHMETIC: lambda: _arithmetic(REPEATS, given, out), DIVISION: lambda: _division(REPEATS, given, out),
        UNIFORM: lambda: _uniforms(REPEATS, given, out), TABLE: lambda: _look_up(REPEATS, table, given, out),
        SCORE: lambda: _scores(REPEATS, given, out, outer, place),
        COUNT: lambda: _count(REPEATS, watch.place[0, 0], counts, given, weights, index),
    }  # fmt: skip
    for name, function in mathematics().items():
        if name in names:
            loop = _loop(function)
            runs[name] = lambda loop=loop: loop(REPEATS, given, out)  # type: ignore[misc]
    return {name: runs[name] for name in names}


def of_c(names: list[str], given: np.ndarray) -> dict[str, Callable[[], object]]:
    """The same in C, where C has it."""
    if not in_c.compilers():
        return {}
    library, out = in_c.compiled("primitives.c", in_c.compilers()[0]), np.empty(DRAWS)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (given, out)]
    kept = ctypes.c_void_p(given.ctypes.data), out  # the arrays live as long as the calls
    runs: dict[str, Callable[[], object]] = {}
    for name in names:
        for start, called in IN_C.items():
            if name.startswith(start):
                function = getattr(library, called)
                runs[name] = lambda function=function, kept=kept: function(ctypes.c_int64(REPEATS), *pointers)  # type: ignore[misc]
    return runs


def nanoseconds(names: list[str], rounds: int = 15) -> tuple[dict[str, float], dict[str, float]]:
    """The time of each, for one number, of the kernel's functions and of C's."""
    given = np.random.default_rng(1).uniform(0.02, 0.98, DRAWS)
    sides = own(names, given), of_c(names, given)
    cases = {
        f"{side} {name}": Case(run, REPEATS * DRAWS * (OPERATIONS if name == ARITHMETIC else 1))
        for side, runs in enumerate(sides)
        for name, run in runs.items()
    }
    times = interleaved(cases, rounds)
    first, second = ({name: times[f"{side} {name}"].least for name in runs} for side, runs in enumerate(sides))
    return first, second


def report(kernel: KernelRun, rounds: int = 7) -> str:
    """The table and what it says, as Markdown; the kernel is timed beside it."""
    counted = counts()
    names = list(counted)
    with one_core():
        ours, theirs = nanoseconds(names)
        measured = interleaved({"kernel": Case(lambda: kernel.run(65536), 65536)}, rounds)["kernel"].least
    rows, sums = [], [0.0, 0.0]
    for name in sorted(names, key=lambda name: -counted[name] * ours[name]):
        least = min(theirs.get(name, ours[name]), ours[name])
        sums = [sums[0] + counted[name] * ours[name], sums[1] + counted[name] * least]
        rows.append(
            f"| {name.replace('_', ' ')} | {counted[name]:,.0f} | {ours[name]:.2f} | "
            f"{f'{theirs[name]:.2f}' if name in theirs else ''} | {counted[name] * ours[name]:,.0f} | "
            f"{counted[name] * least:,.0f} |"
        )
    share, limit = (total / measured for total in sums)
    return "\n".join([
        ABOUT, "",
        "| | a draw | ns each, kernel | ns each, C | ns a draw | ns a draw at the quicker of both |",
        "|---|---:|---:|---:|---:|---:|", *rows, f"| in all | | | | {sums[0]:,.0f} | {sums[1]:,.0f} |", "",
        f"The kernel takes {measured:,.0f} ns. Its own mathematics at full speed is {share:.0%} of that "
        f"(target: at least {TARGET:.0%}; {'met' if share >= TARGET else 'missed'}), the quicker of both {limit:.0%}.",
    ])  # fmt: skip


ABOUT = """\
What the kernel would take if its own mathematics were all there is (`benchmarks/roofline.py`). Counted, by running the
kernel uncompiled on the default set (`benchmarks/work.py`): every call of its mathematics, random numbers and
histograms, and every other arithmetic operation, comparison or choice on a number of a draw in the loops over draws. A
fused multiply-add of C does two of these at once. Timed: each by itself on 512 numbers in the nearest cache; a count in
a histogram holds finding the bin, both moments and the increment. Not counted: loads and stores, copies, conversion of
whole numbers, calls, loops, the adding of tasks. So it is a bound from below for this way of computing; doing less of
it, as C does, is another matter."""


if __name__ == "__main__":
    print(report(KernelRun()))
