"""What a worker of a cluster does: the blocks of one task, with the kernel of every engine; its answer are the counts.

A worker may have been started by anybody, at any time, also in the middle of a run. So every task carries what the
program is that expects its counts, and a worker that has another one refuses it.
"""

from __future__ import annotations

import pickle
import sys
import zlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from simulate.blocks import DRAWS
from simulate.counting import Watched
from simulate.engines.work import Work, member
from simulate.errors import ClusterError
from simulate.plan import Prepared
from simulate.sources import source_hash

Program = Mapping[str, str]


class Plan(NamedTuple):
    """All that a worker needs to know of a run."""

    members: list[tuple[Prepared, Watched]]
    kept: int  # how many of the first draws come back one by one
    draws: int
    seed: int
    step: int  # blocks that are counted at once
    undivided: bool


class Answer(NamedTuple):
    """What a task gives: the counts, compressed (to a thirtieth: most bins are empty), the draws that are kept, and the
    seconds that it took.
    """

    counts: bytes
    kept: list[tuple[np.ndarray, np.ndarray]]  # of each member, as in `Member`
    seconds: float


def program() -> Program:
    """What must be the same on all machines of a cluster."""
    from importlib.metadata import version

    return {
        "simulate": source_hash()[:16],
        "numba": version("numba"),
        "numpy": version("numpy"),
        "byte order": sys.byteorder,
    }


def differing(where: str, own: Program, expected: Program) -> str:
    """What is said of a worker that has another program; nothing of one that has the same."""
    wrong = [f"{what} {own.get(what)}, not {value}" for what, value in expected.items() if own.get(what) != value]
    return f"worker {where} has another program: {', '.join(wrong)}; install the same on all" if wrong else ""


def prepare(plan: Plan) -> bytes:
    """A plan as it travels."""
    return pickle.dumps(plan, pickle.HIGHEST_PROTOCOL)


def hold(plan: bytes) -> bytes:
    """Keep a plan for the tasks that follow: as the result of a task it goes to each worker once, and is there again
    where the worker that held it is lost.
    """
    return plan


def count(expected: Program, packed: bytes, first: int, last: int) -> Answer:
    """Do the blocks first to last of a plan.

    Raises
    ------
    ClusterError
        If this worker has another program.
    """
    import time

    from distributed import get_worker

    started = time.perf_counter()
    if wrong := differing(get_worker().address, program(), expected):
        raise ClusterError(wrong)
    plan: Plan = pickle.loads(packed)
    begin, end = first * DRAWS, min(last * DRAWS, plan.draws)
    room = max(min(plan.kept, end) - begin, 0)
    members = [member(prepared, watched, room) for prepared, watched in plan.members]
    work = Work(members, plan.draws, plan.seed, plan.step, begin, plan.undivided)
    memories = work.memories()
    while first < last:
        until = min(work.end(first), last)
        work.do(memories, first, until)
        first = until
    counts = zlib.compress(pickle.dumps(work.counted(), pickle.HIGHEST_PROTOCOL), 1)
    return Answer(counts, [(one.trajectories, one.crossings) for one in members], time.perf_counter() - started)
