"""One combination of two sets, draw by draw: its statistics, and what each draw adds to them.

All statistics are asked of the same draws, so the influences of two combinations can be subtracted draw by draw (see
`pairing`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate import each_draw, forecast, instants, no_number, pairing, wording
from simulate.assumptions import Assumptions
from simulate.crossings import Crossings
from simulate.errors import Mistake, Mistakes
from simulate.plan import prepare
from simulate.reached import DATE_BINS, date_cells

Array = NDArray[np.float64]
SAMPLE = 2**13
"""Draws whose influence is followed one by one: they give an error to 1 % of itself."""
PROBABILITY, DATE = "probability", "crossing"


class Statistic(NamedTuple):
    """A number that both sets have: P of a threshold by a year, a median date, the median of a quantity in a year."""

    kind: str  # PROBABILITY, DATE, or the quantity
    of: str  # the threshold, or the quantity
    year: float | None


class Drawn:
    """All draws of one combination, one by one."""

    def __init__(
        self, one: Assumptions, wanted: Sequence[Statistic], draws: int, seed: int, threads: int | None
    ) -> None:
        self.set = one
        self.kept = list(dict.fromkeys(s.kind for s in wanted if s.kind not in (PROBABILITY, DATE)))
        forecast.check_memory(len(one.members) * (len(self.kept) + 1) * len(one.years) * draws * 4)
        plans = [prepare(hypothesis.set, self.kept) for hypothesis in one.members]
        self.members, every = each_draw.run(plans, draws, seed, threads)
        for hypothesis, prepared, sums in zip(one.members, plans, every, strict=True):
            no_number.check(hypothesis.set, prepared, sums, draws)
        prior = np.array([hypothesis.weight for hypothesis in one.members])
        weights = pairing.weights(prior, [member.trajectories for member in self.members], bool(one.evidence))
        mean = float(weights.sum(axis=0).mean())
        if not mean > 0.0:
            what = f"the evidence leaves none of the {draws} draws of a combination of the two sets"
            raise Mistakes([Mistake("evidence", what, "put evidence and what it speaks of into one group")])
        self.weights: Array = weights / mean  # (member, draw)
        self.plain = len(plans) == 1 and not one.evidence
        self.worth = draws if self.plain else float(draws * draws / (self.weights.sum(axis=0) ** 2).sum())

    def value(self, wanted: Statistic) -> tuple[float, Array]:
        """A statistic of all draws, and the influence of the first ones on it (draw,)."""
        if wanted.kind in (PROBABILITY, DATE):
            row = list(self.set.thresholds).index(wanted.of)
            drawn = np.array([member.crossings[row] for member in self.members])
        else:
            row = self.kept.index(wanted.kind)
            place = instants.nearest(self.set.years, wanted.year or 0.0)
            drawn = np.array([member.trajectories[row, place] for member in self.members])
        if wanted.kind == PROBABILITY:
            below = drawn <= (wanted.year or 0.0) + pairing.SAME_DATE
            p = float((self.weights * below).sum(axis=0).mean())
            return p, self._excess(below, p)
        levels = pairing.neighbours(0.5, self.worth)
        low, middle, high = (self._dates if wanted.kind == DATE else self._quantiles)(drawn, levels)
        if not math.isfinite(middle):
            return middle, np.zeros(self._first)
        return middle, -pairing.slope(levels, np.array([low, middle, high])) * self._excess(drawn <= middle, 0.5)

    def _dates(self, drawn: np.ndarray, levels: Sequence[float]) -> list[float]:
        """The dates by which these shares of the weights have crossed, counted in cells as in every other study; none
        by which half have crossed where as many never do.
        """
        years, weights = self.set.years, self.weights.ravel()
        dates = drawn.ravel()
        crosses = np.isfinite(dates)
        cell = ((dates[crosses] - years[0]) * DATE_BINS).astype(np.int64).clip(0, date_cells(years) - 1)
        cells = np.bincount(cell, weights[crosses], date_cells(years))
        already, total = float(weights[dates == -math.inf].sum()), float(weights.sum())
        certain = np.array([bool((dates == dates[0]).all())])
        counted = Crossings(
            years, np.array([already]), cells[None], certain, dates[:1], total, np.ones((1, len(years)))
        )
        low, middle, high = counted.dates_of(0, np.array(levels)).tolist()
        never = 1.0 - (already + float(cells.sum())) / total
        return [low, middle if wording.state(middle, 0.5, never) != "beyond" else math.inf, high]

    def _quantiles(self, drawn: np.ndarray, levels: Sequence[float]) -> list[float]:
        """The smallest values up to which these shares of the weights lie."""
        if self.plain:
            places = [max(math.ceil(level * drawn.shape[1]) - 1, 0) for level in levels]
            return np.partition(drawn[0], places)[places].astype(float).tolist()
        values, weights = drawn.ravel(), self.weights.ravel()
        order = np.argsort(values, kind="stable")
        upto = np.cumsum(weights[order])
        places = np.searchsorted(upto, np.array(levels) * upto[-1]).clip(max=values.size - 1)
        return values[order[places]].astype(float).tolist()

    @property
    def _first(self) -> int:
        return min(SAMPLE, self.weights.shape[1])

    def _excess(self, below: np.ndarray, share: float) -> Array:
        return pairing.excess(self.weights[:, : self._first], below[:, : self._first], share)
