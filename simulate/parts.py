"""A run in (at most) sixteen parts, in the order of its draws: where they differ by more than chance, the whole has not
settled.

The parts of Sobol points are their scrambles. Which part a block belongs to depends on the number of draws alone, so
that counts of a part have the same bits for any number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.quasi import REPLICATES, Points

LEAST_BLOCKS = 2  # of a part of random draws, so that the last block, which may hold one draw, is none by itself


class Parts(NamedTuple):
    """Blocks shared out among so many parts, as evenly as can be."""

    blocks: int
    many: int

    def of(self, block: int) -> int:
        """The part of a block."""
        return block * self.many // self.blocks

    def end(self, block: int) -> int:
        """The first block after the part of this one, which ends a task too."""
        return -(-(self.of(block) + 1) * self.blocks // self.many)


def of_run(points: Points, blocks: int, undivided: bool = False) -> Parts:
    """The parts of a run of so many blocks; `undivided` is one whose tasks must not end where a part does."""
    if points.replicate:
        return Parts(blocks, REPLICATES)
    return Parts(blocks, 1 if undivided else max(min(REPLICATES, blocks // LEAST_BLOCKS), 1))
