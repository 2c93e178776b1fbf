"""Whole numbers wider than 64 bits: sums in parts of 16 bits, which no order of adding changes."""

from __future__ import annotations

import math

import numpy as np

from simulate.compiled import inline, jit
from simulate.fastmath import round_even

HALF = 16


@inline
def high(weight):
    """The upper part of a whole number."""
    return weight >> HALF


@inline
def low(weight):
    """The lower part of a whole number."""
    return weight & ((1 << HALF) - 1)


@jit
def add_in_parts(x, weight, parts):
    """Add weight times x, rounded to a whole number, to a sum in parts of 16 bits, shape (part,), the lowest first.

    A part of a task of 2^14 draws with weights up to 2^32 stays below 2^62. |x| has no more bits than all parts.
    """
    size, sign = round_even(abs(x)), np.int64(math.copysign(1.0, x))
    for k in range(len(parts)):
        above = np.floor(size * 2.0**-HALF)
        parts[k] += sign * weight * np.int64(size - above * 2.0**HALF)
        size = above
        if size == 0.0:
            break


def whole(high_part: np.ndarray, low_part: np.ndarray) -> np.ndarray:
    """Sums of the parts put together, as Python's integers, which cannot overflow."""
    return high_part.astype(object) * 2**HALF + low_part.astype(object)


def in_one(parts: np.ndarray) -> np.ndarray:
    """Sums in parts, shape (..., part), put together as Python's integers."""
    found = np.zeros(parts.shape[:-1], dtype=object)
    for k in range(parts.shape[-1] - 1, -1, -1):
        found = whole(found, parts[..., k])
    return found
