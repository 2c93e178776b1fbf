"""Counting a block of values in a histogram: in a bin, or as under, over or not a number *before* anything is cast to
an index; and in the sums that give moments.
"""

from __future__ import annotations

import numpy as np

from simulate.blocks import DRAWS
from simulate.compiled import inline, jit
from simulate.fastmath import ROUND, ROUND_BITS, fma, to_bits
from simulate.histograms import BINS, CELL_BITS, CELLS, COARSE_CELLS, COARSE_SQUARES, FAR, FAR_CELLS, MIDDLE, SQUARES
from simulate.wide import add_in_parts, high, low


@jit
def count(place, counts, k, year, values, many, weights, index):
    """Count the first `many` of `values`, shape (draw,), in one histogram; `index` is scratch, uint16 (draw,)."""
    totals, outside = counts.totals[k, year], counts.outside[k, year]
    if counts.heavy.size:
        _count_weighted(place, counts.heavy[k, year], totals, outside, values, many, weights)
    else:
        _count(place, counts.bins[k, year], totals, outside, values, many, index)


@inline
def _whole(x, scale):
    """x times a power of two as the nearest whole number; what is no number or beyond 2^51, as some number there."""
    return to_bits(fma(x, scale, ROUND)) - ROUND_BITS


@jit
def _note_difference(totals, values, reference, many):
    """Note whether a draw has another value than the reference; once is enough."""
    if totals.differs == 0:
        for i in range(many):
            totals.differs |= values[i] != reference


@jit
def _count(place, bins, totals, outside, values, many, index):
    """Every draw of a whole block as if it lay in the histogram. If one does not, which its number of cells tells
    whatever it is (not a number, infinite, or so large that its bits are none of a whole number), or if the block is
    not whole: each draw with care.
    """
    scale = 1.0 / place.width
    left = -place.origin * scale
    total = squares = reached = 0
    for i in range(DRAWS):
        position = fma(values[i], scale, left)
        cells = to_bits(fma(position, CELLS, ROUND))  # and ROUND_BITS, taken off the sums below; the index drops them
        reached |= cells ^ ROUND_BITS
        index[i] = np.uint16(cells >> CELL_BITS)
        total += cells
        d = position - 0.5 * BINS
        squares += to_bits(fma(d * d, SQUARES, ROUND))
    _note_difference(totals, values, place.reference, many)
    if many == DRAWS and 0 <= reached < BINS << CELL_BITS:  # a power of two: only those within set no bit above
        squares -= DRAWS * ROUND_BITS
        totals.sum += total - DRAWS * (ROUND_BITS + MIDDLE)
        totals.squares += low(squares)
        totals.squares_high += high(squares)
        _add_to(bins, index)
    else:
        _count_carefully(scale, left, bins, totals, outside, values, many)


@jit
def _add_to(bins, index):
    """Count a block in its bins, taking four indices at a time from memory."""
    fours, one, first = index.view(np.uint64), np.uint16(1), np.uint64(0xFFFF)
    for k in range(DRAWS // 4):
        four = fours[k]
        bins[four & first] += one
        bins[four >> np.uint64(16) & first] += one
        bins[four >> np.uint64(32) & first] += one
        bins[four >> np.uint64(48)] += one


@jit
def _put(position, weight, bins, totals):
    """Count a draw where it lies; whether that is in the histogram."""
    cells = _whole(min(max(position, -1.0), float(BINS)), CELLS)
    if position != position:
        totals.nan += 1
    elif cells < 0:
        totals.under += weight
    elif cells >= BINS << CELL_BITS:
        totals.over += weight
    else:
        bins[cells >> CELL_BITS] += weight
        return True
    return False


@jit
def _add_outside(d, weight, totals, outside):
    """Add a draw that lies d bins from the middle to the moments of those outside."""
    if abs(d) <= FAR:
        add_in_parts(d * FAR_CELLS, weight, outside[0])
        add_in_parts(d * d * FAR_CELLS, weight, outside[1])
    else:
        totals.too_far += weight


@jit
def _count_carefully(scale, left, bins, totals, outside, values, many):
    """The same for a block in which some draw lies outside the histogram."""
    for i in range(many):
        position = fma(values[i], scale, left)
        d = position - 0.5 * BINS
        if _put(position, 1, bins, totals):
            square = _whole(d * d, SQUARES)
            totals.sum += _whole(d, CELLS)
            totals.squares += low(square)
            totals.squares_high += high(square)
        else:
            _add_outside(d, 1, totals, outside)


@jit
def _count_weighted(place, bins, totals, outside, values, many, weights):
    """The same for draws with weights."""
    scale = 1.0 / place.width
    left = -place.origin * scale
    _note_difference(totals, values, place.reference, many)
    for i in range(many):
        position = fma(values[i], scale, left)
        d = position - 0.5 * BINS
        if _put(position, weights[i], bins, totals):
            value, square = _whole(d, COARSE_CELLS), _whole(d * d, COARSE_SQUARES)
            totals.sum += low(weights[i]) * value
            totals.sum_high += high(weights[i]) * value
            totals.squares += low(weights[i]) * square
            totals.squares_high += high(weights[i]) * square
        else:
            _add_outside(d, weights[i], totals, outside)
