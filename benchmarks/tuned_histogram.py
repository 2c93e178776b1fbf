"""Streaming histograms and moments of the tuned model, of the same 2,048 bins as the kernel's."""

from __future__ import annotations

import numpy as np

from benchmarks.numpy_inputs import DATE_BINS, QUANTILES

BINS, ROOM = 2048, 8.0


class Histogram:
    """Counts of many rows at many instants, placed by the ends of a pilot, shape (row, instant)."""

    def __init__(self, low: np.ndarray, high: np.ndarray, chunk: int) -> None:
        least = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1.0) * 2.0**-30
        self.width = np.ldexp(1.0, np.frexp(ROOM * np.maximum(high - low, least) / BINS)[1])
        self.origin = (np.rint(0.5 * (low + high) / self.width) - BINS // 2) * self.width
        self.scale = np.ascontiguousarray((1.0 / self.width).T[:, :, None])
        self.shift = np.ascontiguousarray((-self.origin / self.width).T[:, :, None])
        rows, instants = low.shape
        self.bins = np.zeros((instants, rows, BINS), np.int64)
        self.outside = np.zeros((2, instants, rows), np.int64)
        self.sum, self.squares = np.zeros((2, instants, rows))
        self.position, self.index = np.empty((rows, chunk)), np.empty((rows, chunk), np.int64)
        self.ones = np.ones(chunk)

    def add(self, instant: int, matrix: np.ndarray) -> None:
        """Count a chunk, shape (row, draw)."""
        np.multiply(matrix, self.scale[instant], out=self.position)
        self.position += self.shift[instant]
        self.index[...] = self.position
        for row, index in enumerate(self.index):
            self._count(instant, row, index)
        self.sum[instant] += matrix @ self.ones
        self.squares[instant] += np.einsum("ij,ij->i", matrix, matrix)

    def _count(self, instant: int, row: int, index: np.ndarray) -> None:
        bins = self.bins[instant, row]
        try:
            found = np.bincount(index)
        except ValueError:  # a negative place
            found = np.zeros(BINS + 1)
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
