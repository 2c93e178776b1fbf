"""All measurements of speed in one command: `python -m benchmarks.speed [--long] [--out docs/speed.md]`."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import benchmarks.one_thread  # noqa: F401
from benchmarks import agreement, competitors, in_c, numpy_inputs, processes, roofline, sets, textbook, tuned
from benchmarks.competitors import DOUBLE, PLAIN, SINGLE, TEXTBOOK, TUNED, C
from benchmarks.kernel_run import KernelRun
from benchmarks.profile_kernel import profile, text
from benchmarks.timing import Case, Time, interleaved, one_core, wall

OUT = Path(__file__).parent.parent / "docs" / "speed.md"
KERNEL, KERNEL_DRAWS = "kernel", 65536
AGREEMENT_DRAWS, FEWER_DRAWS = 262_144, 65_536
HORIZONS = (9, 18, 35, 70)
#: How many times the time of the kernel each has to take at least; the kernel itself, how many times that of C at most.
TARGETS = {TUNED: 5.0, TEXTBOOK: 25.0, DOUBLE: 6.0, SINGLE: 2.0, PLAIN: 15.0}
OF_C = 1.15
PARTS = {
    "sampling, conversion, what stays the same": 0, "histograms of inputs": in_c.INPUTS,
    "drivers, all years": in_c.YEARS, "crossings": in_c.YEARS | in_c.CROSSINGS,
    "histograms of results": in_c.YEARS | in_c.HISTOGRAMS,
}  # fmt: skip


def ratios(kernel: KernelRun, rounds: int) -> dict[str, Time]:
    """Nanoseconds for a draw of the kernel and of all that it is held against, in turn, on one core."""
    table = numpy_inputs.read()
    cases = {KERNEL: Case(lambda: kernel.run(KERNEL_DRAWS), KERNEL_DRAWS)}
    for one in competitors.all_of_them():
        cases[one.name] = Case(one.timed(table), one.draws)
    return interleaved(cases, rounds)


def against(times: dict[str, Time]) -> tuple[list[str], list[str]]:
    """The table of all, and what has been reached of the targets, each by the best of its kind, with the time that the
    kernel would take at its target.
    """
    base = times[KERNEL].least
    rows = [f"| {k} | {t.least:,.0f} | {t.median:,.0f} | {t.least / base:.2f} |" for k, t in times.items()]
    reached = []
    for kind, target in (TARGETS | {C: OF_C}).items():
        found = [time.least for name, time in times.items() if name.startswith(kind)]
        if not found:
            reached.append(f"| {kind} | not measured | {_wanted(kind, target)} | | |")
            continue
        ratio = min(found) / base
        met = 1.0 / ratio <= target if kind == C else ratio >= target
        shown = f"{1.0 / ratio:.2f} of its time" if kind == C else f"{ratio:.1f} times"
        wanted = min(found) * target if kind == C else min(found) / target
        verdict = "met" if met else "missed"
        reached.append(f"| {kind} | {shown} | {_wanted(kind, target)} | {wanted:,.0f} | {verdict} |")
    return rows, reached


def _wanted(kind: str, target: float) -> str:
    return f"the kernel takes at most {target:g}" if kind == C else f"at least {target:g} times the kernel"


def sampling(kernel: KernelRun, rounds: int) -> list[str]:
    """Rows of the time that drawing the inputs takes."""
    table, chunk = numpy_inputs.read(), competitors.TEXTBOOK_DRAWS
    sampler, rng = tuned.Tuned(table, chunk).sampler, np.random.default_rng(1)
    times = interleaved({
        KERNEL: Case(lambda: kernel.sample(KERNEL_DRAWS), KERNEL_DRAWS),
        TUNED: Case(sampler.draw, chunk),
        TEXTBOOK: Case(lambda: textbook.sample(table, chunk, rng), chunk),
    }, rounds)  # fmt: skip
    return [f"| {name} | {time.least:,.0f} |" for name, time in times.items()]


def parts_of_c(rounds: int) -> list[str]:
    """Where the time of the C goes, by leaving out parts."""
    if not in_c.compilers():
        return ["No C compiler is here."]
    model = in_c.InC(numpy_inputs.read(), in_c.compilers()[0])
    cases = {
        name: Case(lambda parts=parts: model.count(KERNEL_DRAWS, parts), KERNEL_DRAWS)  # type: ignore[misc]
        for name, parts in PARTS.items()
    }
    times = {name: time.least for name, time in interleaved(cases, rounds).items()}
    first, _, years, *_ = PARTS
    rows = {first: times[first]} | {
        name: times[name] - times[years if parts & in_c.YEARS and name != years else first]
        for name, parts in PARTS.items()
        if parts
    }
    return ["| part of the C | ns per draw |", "|---|---:|", *(f"| {name} | {ns:,.0f} |" for name, ns in rows.items())]


def linear(kernel: KernelRun) -> list[tuple[int, float]]:
    """Nanoseconds for a draw at several numbers of draws."""
    sizes = [2**k for k in (15, 17, 19)]
    times = interleaved({str(n): Case(lambda n=n: kernel.run(n), n) for n in sizes}, 2)  # type: ignore[misc]
    return [(n, times[str(n)].least) for n in sizes]


def years(rounds: int) -> list[tuple[int, int, float]]:
    """Years, instants and nanoseconds for a draw at several horizons."""
    runs = {n: KernelRun("baseline_2026", [f"horizon={2026 + n}"]) for n in HORIZONS}
    cases = {str(n): Case(lambda run=run: run.run(KERNEL_DRAWS // 2), KERNEL_DRAWS // 2) for n, run in runs.items()}  # type: ignore[misc]
    times = interleaved(cases, rounds)
    return [(n, len(run.set.years), times[str(n)].least) for n, run in runs.items()]


def report(arguments: argparse.Namespace) -> str:
    """Measure everything; the text of docs/speed.md."""
    kernel, rounds = KernelRun(), arguments.rounds
    with one_core():
        _tell("do they agree?")
        agreed = agreement.check(agreement.one_of_each(), AGREEMENT_DRAWS, FEWER_DRAWS)
        _tell("ratios")
        rows, reached = against(ratios(kernel, rounds))
        drawing, of_c = sampling(kernel, rounds), parts_of_c(rounds)
        _tell("where the time goes")
        parts = text(profile(kernel, 2 * rounds))
    _tell("roofline")
    roof = roofline.report(kernel, rounds)
    _tell("draws, years, threads")
    scaling = _scaling(kernel, rounds)
    _tell("the shipped sets")
    every_set = sets.report()
    _tell("the command")
    command = _whole(arguments.long)
    return "\n".join([
        "# Speed",
        "",
        *_machine(),
        "",
        "## The kernel against the same model in other ways",
        "",
        ABOUT_RATIOS,
        "",
        "| | ns per draw, least | median | times the kernel (least) |",
        "|---|---:|---:|---:|",
        *rows,
        "",
        *(f"- {line}" for line in competitors.missing()),
        *([""] if competitors.missing() else []),
        "| against the best of | measured | target | the kernel at its target, ns per draw | |",
        "|---|---|---|---:|---|",
        *reached,
        "",
        "They compute the same thing, as far as chance lets it be seen (`python -m benchmarks.agreement`):",
        "",
        *(f"- {line}" for line in agreed),
        "",
        "Of this, drawing the inputs alone:",
        "",
        "| | ns per draw, least |",
        "|---|---:|",
        *drawing,
        "",
        "## Where the time goes",
        "",
        "The kernel, by leaving out one part at a time; drivers and sampling from a run that counts nothing.",
        "",
        "```text",
        parts,
        "```",
        "",
        *of_c,
        "",
        "## Roofline",
        "",
        roof,
        "",
        *scaling,
        "",
        "## The shipped sets",
        "",
        ABOUT_SETS,
        "",
        every_set,
        "",
        *command,
        "",
    ])  # fmt: skip


ABOUT_RATIOS = """\
The default set and the same outputs: histograms of 22 quantities at every instant with their moments, histograms of
the inputs, which ceiling binds, who has crossed which threshold, and when. All in turn on one core, CPU time of the
process. Textbook NumPy works on whole arrays and ends in `np.quantile`, which stands for the histograms of the others.
Tuned NumPy, JAX and C work in chunks, carry states from year to year, and do once what is the same every year. JAX is
jit-compiled, with scatter-adds for histograms. C is compiled with `-O3 -march=native -ffast-math`, with its own
generator, exponential, logarithm and normal quantile, in double precision; it knows the laws of this one set, while
the kernel reads them as data. The plain loop is numba without thought for vectors or caches."""


ABOUT_SETS = """\
By `python -m benchmarks.sets`, all sets in turn on one thread, CPU time of that thread, with the memory for the counts
of a run. Every draw goes through all hypotheses, and each through all instants; the last column is the time of one such
step beside that of the default set. Sets of few instants draw their inputs for few of them."""


def _tell(what: str) -> None:
    """How far it is, with the time."""
    print(f"{datetime.datetime.now():%H:%M:%S} {what}", file=sys.stderr, flush=True)


def _machine() -> list[str]:
    about = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in about if "model name" in line]
    names = ("numpy", "scipy", "numba", "jax", "jaxlib", "xarray", "matplotlib")
    versions = [f"{name} {found}" for name in names if (found := _version(name))]
    for compiler in in_c.compilers():
        versions.append(subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout.splitlines()[0])
    return [
        "Written by `python -m benchmarks.speed`; not to be edited.",
        "",
        f"- machine: {models[0] if models else platform.processor()}, {os.cpu_count()} cores",
        f"- versions: Python {platform.python_version()}, {', '.join(versions)}",
        f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC; load average {os.getloadavg()[0]:.1f}",
    ]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _scaling(kernel: KernelRun, rounds: int) -> list[str]:
    """Draws, years and threads."""
    one, two = (wall(lambda threads=threads: kernel.run(2**19, threads), 3) for threads in (1, 2))  # type: ignore[misc]
    with one_core():
        by_draws = [f"| {n:,} | {nanoseconds:,.0f} |" for n, nanoseconds in linear(kernel)]
        by_years = [f"| {n} | {k} | {ns:,.0f} | {ns / k:.0f} |" for n, k, ns in years(rounds)]
    return [
        "## Draws, years and threads", "", "| draws, one thread | ns per draw |", "|---:|---:|", *by_draws, "",
        "| years | instants | ns per draw | per draw and instant |", "|---:|---:|---:|---:|", *by_years, "",
        f"524,288 draws, wall clock: one thread {one:.2f} s, two threads {two:.2f} s, {one / two:.2f} times as fast "
        "(target: 1.7 where two cores are free).",
    ]  # fmt: skip


def _whole(long: bool) -> list[str]:
    """Processes: memory, --help and the default run."""
    sizes = [10**6, 10**7, *([10**8] if long else [])]
    lines = ["## The command", "", "| draws | peak memory, MB | wall, s | CPU, s |", "|---:|---:|---:|---:|"]
    for draws in sizes:
        used = processes.default_set(draws)
        lines.append(f"| {draws:,} | {used.peak_mb:.0f} | {used.wall:.1f} | {used.cpu:.1f} |")
    warm, cold = processes.start_up()
    lines += [
        "", f"`simulate --help`: {processes.help_seconds():.2f} s of CPU (target: under 0.7).",
        f"100,000 draws with figures and files: {warm:.1f} s of CPU compiled before (target: 2.5), {cold:.0f} s with "
        "nothing compiled (target: 7).", "",
    ]  # fmt: skip
    lines += ["The default run (1,000,000 draws, compiled before), the quickest of three, wall clock:", ""]
    lines += ["| part | seconds |", "|---|---:|"]
    return lines + [f"| {name} | {seconds:.2f} |" for name, seconds in processes.default_run().items()]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="also measure the memory of 1e8 draws (minutes)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the interleaved timing")
    parser.add_argument("--out", type=Path, default=OUT, help="where the table goes")
    arguments = parser.parse_args()
    written = report(arguments)
    print(written)
    arguments.out.write_text(written)


if __name__ == "__main__":
    main()
