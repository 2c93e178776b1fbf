"""Runs that keep every draw one by one and count nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate import histograms
from simulate.blocks import DRAWS
from simulate.counting import Noted, Watched
from simulate.engines import choice
from simulate.engines.work import Member, Memory, member
from simulate.plan import Prepared
from simulate.tally import Sums, blank, noted


class EachDraw(NamedTuple):
    """What a run gives draw by draw, and which draws were broken."""

    members: list[Member]  # with trajectories (kept, year, draw) and crossings (threshold, draw)
    sums: list[Sums]


def run(every: Sequence[Prepared], draws: int, seed: int, threads: int | None = None) -> EachDraw:
    """Run the plans of all members of a set and keep every draw of what they keep, and of the crossing dates."""
    none = np.zeros(0, np.int64)
    members = []
    for prepared in every:
        bare = prepared._replace(inputs=(), results=(), input_rows=none, result_rows=none)
        members.append(member(bare, uncounted(bare), draws))
    return EachDraw(members, choice.run(members, draws, seed, threads).sums)


def uncounted(prepared: Prepared) -> Watched:
    """What a plan watches, with histograms that count nothing."""
    plan, rows = prepared.plan, prepared.input_rows
    results = histograms.unplaced(prepared.result_rows, len(plan.years))
    return Watched(histograms.unplaced(rows, 1), np.zeros(len(rows), np.int64), results, np.zeros(len(plan.levels)))


class Blocks:
    """A plan that is run block by block, with every value of each draw."""

    def __init__(self, prepared: Prepared, seed: int) -> None:
        self.prepared, self.seed = prepared, seed
        watched = uncounted(prepared)
        self.tally = blank(prepared, watched, np.zeros((0, 0, 0), np.float32))
        self.memory = Memory(prepared, watched, self.tally, noted(prepared))

    def run(self, block: int) -> Noted:
        """All values of a block; they stay until the next one is run."""
        self.memory.run(self.seed, block, block + 1, (block + 1) * DRAWS)
        return self.memory.noted
