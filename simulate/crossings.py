"""Crossing dates from their counts: quantiles in which never is infinity, their errors, and histograms.

Dates are counted in cells of 1/128 year. A quantile is the date by which that share of all draws has crossed, linear
within a cell; draws that had crossed before the start come first (minus infinity), those that never cross come last
(infinity).
"""

from __future__ import annotations

import numpy as np

from simulate.reached import DATE_BINS

NEVER_CROSSED = "not crossed within the horizon"
MOST_BARS = 120
BARS = tuple(DATE_BINS * quarters // 4 for quarters in (1, 2, 4, 8, 20, 40, 80))  # in cells: 1/4 to 20 years


def spread_at(dates: np.ndarray, levels: np.ndarray, years: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Standard errors of the shares (level,) that have crossed by these dates. What a share is `worth` (year,) has no
    bound where nothing is uncertain about it, so it is its inverse that is taken between two instants.
    """
    variance: np.ndarray = levels * (1.0 - levels) * np.interp(dates, years, 1.0 / worth)
    return np.sqrt(variance)


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

    def dates_of(self, which: int, levels: np.ndarray) -> np.ndarray:
        """The dates (level,) by which these shares of the draws have crossed threshold number `which`."""
        if self.certain[which]:
            return np.full(len(levels), float(self.reference[which]))
        cells = self.cells[which]
        upto = self.already[which] + np.cumsum(cells)
        target = levels * self.total
        cell = np.minimum(np.searchsorted(upto, target), len(cells) - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            within = (target - (upto[cell] - cells[cell])) / cells[cell]
        date = np.minimum(self.start + (cell + within) / DATE_BINS, self.horizon)
        date = np.where(target > upto[-1], np.inf, date)
        return np.where(target <= self.already[which], -np.inf, date)

    def dates(self, levels: np.ndarray) -> np.ndarray:
        """Quantiles of the dates (threshold, level)."""
        return np.array([self.dates_of(which, levels) for which in range(len(self.cells))])

    def quantiles(self, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Dates and their Monte Carlo standard errors, both (threshold, level).

        The error is half the distance between the quantiles one binomial standard error below and above the level;
        infinite where one of them is, not a number where the date itself is infinite.
        """
        dates = self.dates(levels)
        errors = np.full_like(dates, np.nan)
        for which, date in enumerate(dates):
            spread = spread_at(date, levels, self.years, self.worth[which])
            low, high = (self.dates_of(which, np.clip(levels + side * spread, 0.0, 1.0)) for side in (-1.0, 1.0))
            some = np.isfinite(date)
            errors[which, some] = 0.5 * (high[some] - low[some])
        return dates, errors

    def histogram(self) -> tuple[np.ndarray, float, np.ndarray]:
        """Left edges (bin,) of equal bins over the grid, their width in years, and the share that crosses in each
        (threshold, bin).
        """
        cells = self.cells.shape[1]
        size = next(size for size in BARS if cells / size <= MOST_BARS)
        size = min(size, max(cells // 2, 1))
        starts = np.arange(0, cells, size)
        shares = np.add.reduceat(self.cells, starts, axis=1) / self.total
        return self.start + starts / DATE_BINS, size / DATE_BINS, shares
