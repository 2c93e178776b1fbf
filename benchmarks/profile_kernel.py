"""Where the kernel's time goes, by leaving out one part at a time: `python -m benchmarks.profile_kernel`."""

from __future__ import annotations

import benchmarks.one_thread  # noqa: F401
from benchmarks.kernel_run import BARE, COUNTING, KernelRun
from benchmarks.timing import Case, interleaved

DRAWS = 32 * 512


def profile(kernel: KernelRun, rounds: int = 15) -> dict[str, float]:
    """Nanoseconds for a draw of the whole, and what each part's absence saves.

    Drivers and sampling are left out of a run that counts nothing: without them its histograms would be other ones.
    """
    runs = {"whole": kernel.run, **dict(kernel.without())}
    cases = {name: Case(lambda run=run: run(DRAWS), DRAWS) for name, run in runs.items()}  # type: ignore[misc]
    times = {name: time.least for name, time in interleaved(cases, rounds).items()}
    found = {"whole": times["whole"]}
    for name, time in times.items():
        if name != "whole":
            found[name] = times["whole" if name in COUNTING or name == BARE else BARE] - time
    return found


def text(found: dict[str, float]) -> str:
    """The profile as lines."""
    return "\n".join(f"{name:45s} {ns:7.0f} ns per draw {ns / found['whole']:7.1%}" for name, ns in found.items())


if __name__ == "__main__":
    print(text(profile(KernelRun())))
