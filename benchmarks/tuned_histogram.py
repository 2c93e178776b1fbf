"""Streaming histograms and moments of the tuned model, of the same 2,048 bins as the kernel's."""

from __future__ import annotations

import numpy as np

from benchmarks.numpy_inputs import DATE_BINS, QUANTILES

BINS, ROOM = 2048, 8.0


class Histogram:
    """Counts of many rows at many instants, placed by the ends of a pilot, shape (row, instant)."""

    def __init__(self, low: np.ndarray, high: np.ndarray, chunk: int = 0) -> None:
        least = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1.0) * 2.0**-30
        self.width = np.ldexp(1.0, np.frexp(ROOM * np.maximum(high - low, least) / BINS)[1])
        self.origin = (np.rint(0.5 * (low + high) / self.width) - BINS // 2) * self.width
        self.scale = (1.0 / self.width).T.tolist()
        self.shift = (-self.origin / self.width).T.tolist()
        rows, instants = low.shape
        self.bins = np.zeros((instants, rows, BINS), np.int64)
        self.outside = np.zeros((2, instants, rows), np.int64)
        self.sum, self.squares = np.zeros((2, instants, rows))
        self.position, self.index, self.ones = np.empty(chunk), np.empty(chunk, np.int64), np.ones(chunk)

    def add(self, instant: int, matrix: np.ndarray) -> None:
        """Count a chunk, shape (row, draw), row by row: the places of one row stay in the nearest cache."""
        position, index, ones = self.position, self.index, self.ones
        total, squares = self.sum[instant], self.squares[instant]
        for row, (values, scale, shift) in enumerate(
            zip(matrix, self.scale[instant], self.shift[instant], strict=True)
        ):
            np.multiply(values, scale, out=position)
            position += shift
            index[:] = position
            self._count(instant, row, index)
            total[row] += values.dot(ones)
            squares[row] += values.dot(values)

    def _count(self, instant: int, row: int, index: np.ndarray) -> None:
        bins = self.bins[instant, row]
        try:
            found = np.bincount(index)
        except ValueError:  # a negative place
            found = np.zeros(BINS + 1, np.int64)
        if len(found) > BINS:  # some draw lies outside
            under, over = index < 0, index >= BINS
            self.outside[:, instant, row] += np.count_nonzero(under), np.count_nonzero(over)
            if index.min() == np.iinfo(np.int64).min:
                raise ValueError("not a number")
            found = np.bincount(index[~(under | over)])
        bins[: len(found)] += found

    def quantiles(self, levels: np.ndarray) -> np.ndarray:
        """Quantiles (row, level, instant), linear within a bin."""
        found = np.empty((self.width.shape[0], len(levels), self.width.shape[1]))
        for instant, rows in enumerate(self.bins):
            for row, bins in enumerate(rows):
                upto = self.outside[0, instant, row] + np.cumsum(bins)
                target = levels * (upto[-1] + self.outside[1, instant, row])
                b = np.minimum(np.searchsorted(upto, target), BINS - 1)
                within = (target - (upto[b] - bins[b])) / np.maximum(bins[b], 1)
                found[row, :, instant] = self.origin[row, instant] + self.width[row, instant] * (b + within)
        return found

    def moments(self, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Means and standard deviations (row, instant)."""
        mean = self.sum.T / draws
        return mean, np.sqrt(np.maximum(self.squares.T / draws - mean * mean, 0.0))


def date_quantiles(already: int, cells: np.ndarray, draws: int, start: float) -> np.ndarray:
    """Quantiles of crossing dates: minus infinity before the start, infinity for never."""
    upto, target = already + np.cumsum(cells), QUANTILES * draws
    b = np.minimum(np.searchsorted(upto, target), len(cells) - 1)
    within = (target - (upto[b] - cells[b])) / np.maximum(cells[b], 1)
    date = start + (b + within) / DATE_BINS
    return np.where(target <= already, -np.inf, np.where(target > upto[-1], np.inf, date))
