"""Errors between replicates: what a number of independent scrambles of the same Sobol points say of a probability.

Points of one scramble lie more evenly than chance would lay them, so the share that they give is better than that of as
many independent draws, by how much only the spread between scrambles can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulate.quasi import REPLICATES

Array = NDArray[np.float64]
#: (normal / Student)^2 of the 95 % interval with 15 degrees of freedom: an error from 16 numbers is itself uncertain.
FEW = (1.959964 / 2.131450) ** 2


class Replicates:
    """P(crossed by each instant) of every replicate, `shares` (replicate, threshold, year)."""

    def __init__(self, prior: Array, parts: Sequence[Mapping[str, np.ndarray]], draws: int) -> None:
        """`parts` hold the mass (replicate, 1) and the crossings (replicate, threshold, year) of each member."""
        self.draws = draws
        mass = np.array([p * part["mass"][:, 0] for p, part in zip(prior, parts, strict=True)], np.float64)
        crossed = [p * np.cumsum(part["crossed"], axis=2) for p, part in zip(prior, parts, strict=True)]
        with np.errstate(invalid="ignore"):  # a replicate that the evidence leaves nothing of says nothing
            self.shares: Array = np.sum(crossed, axis=0) / mass.sum(axis=0)[:, None, None]

    @cached_property
    def error(self) -> Array:
        """Standard error of their mean (threshold, year)."""
        spread: Array = self.shares.std(axis=0, ddof=1) / np.sqrt(REPLICATES)
        return spread

    def worth(self, p: Array) -> Array:
        """The number of independent draws with the same error; where all replicates agree, the number of draws."""
        error = self.error
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Array = np.where(error > 0.0, np.maximum(p * (1.0 - p), 0.0) / error**2, self.draws)
        return np.clip(found, 1.0, None)
