"""Where the kernel's time goes, by leaving out one part at a time: `python -m benchmarks.profile_kernel`."""

from __future__ import annotations

import benchmarks.one_thread  # noqa: F401
from benchmarks.kernel_run import KernelRun
from benchmarks.timing import Case, interleaved

DRAWS = 32 * 512


def profile(kernel: KernelRun, rounds: int = 15) -> dict[str, float]:
    """Nanoseconds for a draw of the whole, and what each part's absence saves."""
    cases = {"whole": Case(lambda: kernel.run(DRAWS), DRAWS)}
    for name, run in kernel.without():
        cases[name] = Case(lambda run=run: run(DRAWS), DRAWS)  # type: ignore[misc]
    times = {name: time.least for name, time in interleaved(cases, rounds).items()}
    whole = times.pop("whole")
    return {"whole": whole} | {name: whole - time for name, time in times.items()}


if __name__ == "__main__":
    found = profile(KernelRun())
    for part, nanoseconds in found.items():
        print(f"{part:28s} {nanoseconds:8.0f} ns per draw {nanoseconds / found['whole']:7.1%}")
