"""Timing of several cases in turn, so that all of them see the same disturbances of a shared machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """Something to time and the number of draws that it does."""

    run: Callable[[], object]
    draws: int


class Time(NamedTuple):
    """Nanoseconds for a draw: the least and the median of all rounds."""

    least: float
    median: float


def interleaved(cases: Mapping[str, Case], rounds: int) -> dict[str, Time]:
    """CPU time of the process for each case, all cases once a round; work on other threads is found out."""
    found: dict[str, list[float]] = {name: [] for name in cases}
    for case in cases.values():
        case.run()
    for _ in range(rounds):
        for name, case in cases.items():
            before = time.process_time()
            case.run()
            found[name].append((time.process_time() - before) / case.draws * 1e9)
    return {name: Time(min(times), float(np.median(times))) for name, times in found.items()}


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and all that are started from it, to one core."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def wall(run: Callable[[], object], repeats: int = 5) -> float:
    """The least wall-clock seconds of some repeats."""
    best = np.inf
    for _ in range(repeats):
        before = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - before)
    return float(best)
