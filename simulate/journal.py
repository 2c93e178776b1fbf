"""What a long study has worked out, a row of numbers for each piece of work: an interrupted one goes on behind them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simulate.checkpoint import Checkpoint

Array = NDArray[np.float64]


class Journal:
    """The rows of `pieces` of work, at most `width` numbers each, in the order in which they are asked for.

    `frame` says what they rest on: rows of another frame do not fit, and raise IntegrityError.
    """

    def __init__(self, checkpoint: Checkpoint | None, pieces: int, width: int, frame: str) -> None:
        self.checkpoint, self.frame = checkpoint, frame
        self.rows = np.full((pieces, width), np.nan)
        self.done = checkpoint.restore(pieces, [self.rows], frame) if checkpoint else 0
        self.asked = 0

    def knows_next(self) -> bool:
        """Whether the next piece of work was done by an earlier process."""
        return self.asked < self.done

    def next(self, work: Callable[[], Array]) -> Array:
        """The numbers of the next piece of work: those of an earlier process, or what it gives now."""
        piece = self.asked
        self.asked += 1
        if piece == self.done:
            numbers = work()
            self.rows[piece, : len(numbers)] = numbers
            self.done += 1
            if self.checkpoint and self.checkpoint.due():
                self.save()
        return self.rows[piece]

    def save(self) -> None:
        """Write down what is done, where that is worth it."""
        if self.checkpoint and self.checkpoint.worthwhile():
            self.checkpoint.save(self.done, len(self.rows), [self.rows], self.frame)
