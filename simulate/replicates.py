"""Errors between replicates: what a number of independent scrambles of the same Sobol points say of a probability.

Points of one scramble lie more evenly than chance would lay them, so the share that they give is better than that of as
many independent draws, by how much only the spread between scrambles can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulate.intervals import standard_error
from simulate.quasi import REPLICATES

Array = NDArray[np.float64]
#: (normal / Student)^2 of the 95 % interval with 15 degrees of freedom: an error from 16 numbers is itself uncertain.
FEW = (1.959964 / 2.131450) ** 2


class Replicates:
    """P(crossed by each instant) without one replicate at a time, `without` (replicate, threshold, year).

    Leaving one out (the jackknife) weighs each by what the evidence leaves of it; where draws have no weights the error
    is the spread between replicates over the root of their number.
    """

    def __init__(self, prior: Array, parts: Sequence[Mapping[str, np.ndarray]], draws: int) -> None:
        """`parts` hold the mass (replicate, 1) and the crossings (replicate, threshold, year) of each member."""
        self.draws = draws
        mass = sum(p * part["mass"][:, :, None].astype(np.float64) for p, part in zip(prior, parts, strict=True))
        crossed = sum(p * np.cumsum(part["crossed"], axis=2) for p, part in zip(prior, parts, strict=True))
        with np.errstate(invalid="ignore", divide="ignore"):
            self.without: Array = (crossed.sum(axis=0) - crossed) / (mass.sum(axis=0) - mass)

    @cached_property
    def spread(self) -> Array:
        """Standard error of the probability (threshold, year) by the replicates; one half, the largest that there is,
        where the evidence leaves something of one replicate alone.
        """
        spread: Array = self.without.std(axis=0) * np.sqrt(REPLICATES - 1)
        return np.nan_to_num(spread, nan=0.5, posinf=0.5)

    def error(self, p: Array) -> Array:
        """Standard error of the probability p; where all replicates agree, that of as many random draws."""
        found: Array = np.where(self.spread > 0.0, self.spread, standard_error(p, self.draws))
        return found

    def worth(self, p: Array) -> Array:
        """The number of independent draws with the same error; where all replicates agree, the number of draws."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Array = np.where(self.spread > 0.0, p * (1.0 - p) / self.spread**2, self.draws)
        return np.clip(found, 1.0, None)
