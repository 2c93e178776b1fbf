"""Crossing dates from their counts: quantiles in which never is infinity, their errors, and histograms.

Dates are counted in cells of 1/128 year. A quantile is the date by which that share of all draws has crossed, linear
within a cell; draws that had crossed before the start come first (minus infinity), those that never cross come last
(infinity).
"""

from __future__ import annotations

import numpy as np

from simulate.kernel import DATE_BINS

NEVER_CROSSED = "not crossed within the horizon"
MOST_BARS = 120
BARS = tuple(DATE_BINS * quarters // 4 for quarters in (1, 2, 4, 8, 20, 40, 80))  # in cells: 1/4 to 20 years


class Crossings:
    """The counted crossing dates of all thresholds of a run.

    `already` (threshold,) and `cells` (threshold, cell) are weights of draws, of which all together weigh `total`;
    where the date is `certain` it is that of `reference`. `worth` (threshold, year) is the number of independent draws
    that the share which has crossed by an instant is worth.
    """

    def __init__(
        self,
        years: np.ndarray,
        already: np.ndarray,
        cells: np.ndarray,
        certain: np.ndarray,
        reference: np.ndarray,
        total: float,
        worth: np.ndarray,
    ) -> None:
        self.years, self.start, self.horizon = years, float(years[0]), float(years[-1])
        self.already, self.cells, self.certain, self.reference = already, cells, certain, reference
        self.total, self.worth = total, worth

    def quantile(self, which: int, level: float) -> float:
        """The date by which a share `level` of the draws has crossed threshold number `which`."""
        if self.certain[which]:
            return float(self.reference[which])
        target = level * self.total
        if target <= self.already[which]:
            return -np.inf
        upto = self.already[which] + np.cumsum(self.cells[which])
        if target > upto[-1]:
            return np.inf
        cell = int(np.searchsorted(upto, target, side="left"))
        within = (target - (upto[cell] - self.cells[which, cell])) / self.cells[which, cell]
        return min(self.start + (cell + within) / DATE_BINS, self.horizon)

    def quantiles(self, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Dates and their Monte Carlo standard errors, both (threshold, level).

        The error is half the distance between the quantiles one binomial standard error below and above the level;
        infinite where one of them is, not a number where the date itself is infinite.
        """
        dates = np.empty((len(self.cells), len(levels)))
        errors = np.empty_like(dates)
        for which in range(len(self.cells)):
            for k, level in enumerate(levels):
                dates[which, k] = date = self.quantile(which, level)
                worth = np.interp(date, self.years, self.worth[which])
                spread = np.sqrt(level * (1.0 - level) / worth)
                low, high = (self.quantile(which, min(max(level + side * spread, 0.0), 1.0)) for side in (-1.0, 1.0))
                errors[which, k] = 0.5 * (high - low) if np.isfinite(dates[which, k]) else np.nan
        return dates, errors

    def dates(self, levels: np.ndarray) -> np.ndarray:
        """Quantiles of the dates alone (threshold, level)."""
        return np.array([[self.quantile(which, level) for level in levels] for which in range(len(self.cells))])

    def histogram(self) -> tuple[np.ndarray, np.ndarray]:
        """Left edges (bin,) of equal bins over the grid, and the share that crosses in each (threshold, bin)."""
        cells = self.cells.shape[1]
        size = next(size for size in BARS if cells / size <= MOST_BARS)
        starts = np.arange(0, cells, min(size, max(cells // 2, 1)))
        return self.start + starts / DATE_BINS, np.add.reduceat(self.cells, starts, axis=1) / self.total
