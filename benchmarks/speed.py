"""All measurements of speed in one command: `python -m benchmarks.speed [--long] [--out docs/speed.md]`."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

import benchmarks.one_thread  # noqa: F401
from benchmarks import numpy_inputs, processes, sets, textbook, tuned
from benchmarks.kernel_run import KernelRun
from benchmarks.profile_kernel import profile, text
from benchmarks.timing import Case, Time, interleaved, wall

OUT = Path(__file__).parent.parent / "docs" / "speed.md"
CHUNKS = (4096, 8192, 16384, 32768)
SOME, MANY = 16384, 200_000
KERNEL_DRAWS = 65536


def ratios(kernel: KernelRun, rounds: int) -> dict[str, Time]:
    """Nanoseconds for a draw of kernel and NumPy, in turn."""
    table = numpy_inputs.read()
    runs = {chunk: tuned.Tuned(table, chunk) for chunk in CHUNKS}
    sampler, rng = runs[SOME].sampler, np.random.default_rng(1)
    cases = {"kernel": Case(lambda: kernel.run(KERNEL_DRAWS), KERNEL_DRAWS)}
    for chunk, model in runs.items():
        cases[f"tuned NumPy, chunks of {chunk}"] = Case(lambda model=model: model.count(KERNEL_DRAWS), KERNEL_DRAWS)  # type: ignore[misc]
    cases["textbook NumPy, 16384 draws"] = Case(lambda: textbook.run(table, SOME), SOME)
    cases["sampling only: kernel"] = Case(lambda: kernel.sample(KERNEL_DRAWS), KERNEL_DRAWS)
    cases["sampling only: tuned NumPy"] = Case(sampler.draw, SOME)
    cases["sampling only: textbook NumPy"] = Case(lambda: textbook.sample(table, SOME, rng), SOME)
    found = interleaved(cases, rounds)
    few = interleaved({"kernel again": cases["kernel"], "many": Case(lambda: textbook.run(table, MANY), MANY)}, 2)
    return found | {f"textbook NumPy, {MANY} draws": few["many"], "kernel, beside the line above": few["kernel again"]}


def linear(kernel: KernelRun) -> list[tuple[int, float]]:
    """Nanoseconds for a draw at several numbers of draws."""
    sizes = [2**k for k in (15, 17, 19, 20)]
    times = interleaved({str(n): Case(lambda n=n: kernel.run(n), n) for n in sizes}, 2)  # type: ignore[misc]
    return [(n, times[str(n)].least) for n in sizes]


def report(arguments: argparse.Namespace) -> str:
    """Measure everything; the text of docs/speed.md."""
    kernel = KernelRun()
    times = ratios(kernel, arguments.rounds)
    base = times["kernel"].least
    best, plain = (
        min(time.least for name, time in times.items() if name.startswith(kind)) / base
        for kind in ("tuned", "textbook")
    )
    rows = [f"| {k} | {t.least:,.0f} | {t.median:,.0f} | {t.least / base:.2f} |" for k, t in times.items()]
    return "\n".join([
        "# Speed",
        "",
        *_machine(),
        "",
        "## Kernel and NumPy",
        "",
        ABOUT_RATIOS,
        "",
        "| | ns per draw, least | median | times the kernel (least) |",
        "|---|---:|---:|---:|",
        *rows,
        "",
        f"Tuned NumPy takes {best:.1f} times as long as the kernel (target: at least 4), "
        f"textbook NumPy {plain:.1f} times (target: at least 15).",
        "",
        "## Where the kernel's time goes",
        "",
        "By leaving out one part at a time; drivers and sampling are left out of a run that counts nothing.",
        "",
        "```text",
        text(profile(kernel)),
        "```",
        "",
        *_scaling(kernel),
        "",
        "## The shipped sets",
        "",
        ABOUT_SETS,
        "",
        sets.report(),
        "",
        *_whole(arguments.long),
        "",
    ])  # fmt: skip


ABOUT_RATIOS = """\
All cases in turn on one thread, CPU time of that thread. The NumPy models (`benchmarks/textbook.py`,
`benchmarks/tuned.py`) give the same outputs as the kernel, and `python -m benchmarks.numpy_models` checks that they
agree within Monte Carlo error. The tuned one works in natural logarithms, in place, with everything that is the same
every year worked out once a chunk. Textbook times include its final quantiles, which stand for the histograms of the
others. These are ratios of one run on a noisy machine that other work shares: they move by a third from run to run."""


ABOUT_SETS = """\
By `python -m benchmarks.sets`, all sets in turn on one thread, CPU time of that thread, with the memory for the counts
of a run. Every draw goes through all hypotheses, and each through all instants; the last column is the time of one such
step beside that of the default set. Sets of few instants draw their inputs for few of them."""


def _machine() -> list[str]:
    about = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in about if "model name" in line]
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba", "xarray", "matplotlib"))
    return [
        "Written by `python -m benchmarks.speed`; not to be edited.",
        "",
        f"- machine: {models[0] if models else platform.processor()}, {os.cpu_count()} cores, shared with other work",
        f"- versions: Python {platform.python_version()}, {versions}",
        f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC; load average {os.getloadavg()[0]:.1f}",
    ]


def _scaling(kernel: KernelRun) -> list[str]:
    """Draws and threads."""
    one, two = (wall(lambda threads=threads: kernel.run(2**19, threads), 4) for threads in (1, 2))  # type: ignore[misc]
    table = [f"| {n:,} | {nanoseconds:,.0f} |" for n, nanoseconds in linear(kernel)]
    return [
        "## Draws and threads", "", "| draws, one thread | ns per draw |", "|---:|---:|", *table, "",
        f"524,288 draws, wall clock: one thread {one:.2f} s, two threads {two:.2f} s, {one / two:.2f} times as fast "
        "(target: 1.7 where two cores are free).",
    ]  # fmt: skip


def _whole(long: bool) -> list[str]:
    """Processes: memory, --help and the default run."""
    sizes = [10**6, 10**7, *([10**8] if long else [])]
    lines = ["## The command", "", "| draws | peak memory, MB | wall, s | CPU, s |", "|---:|---:|---:|---:|"]
    for draws in sizes:
        used = processes.peak_memory(draws)
        lines.append(f"| {draws:,} | {used.peak_mb:.0f} | {used.wall:.1f} | {used.cpu:.1f} |")
    lines += ["", f"`simulate --help`: {processes.help_seconds():.2f} s of CPU (target: under 0.7).", ""]
    lines += ["The default run (1,000,000 draws, compiled before), the quickest of three, wall clock:", ""]
    lines += ["| part | seconds |", "|---|---:|"]
    return lines + [f"| {name} | {seconds:.2f} |" for name, seconds in processes.default_run().items()]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="also measure the memory of 1e8 draws (minutes)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the interleaved timing")
    parser.add_argument("--out", type=Path, default=OUT, help="where the table goes")
    arguments = parser.parse_args()
    written = report(arguments)
    print(written)
    arguments.out.write_text(written)


if __name__ == "__main__":
    main()
