"""Nodes and weights of Gauss and Legendre on -1 to 1, correctly rounded.

NumPy's have errors in the last digits, and others from version to version, so that a draw would depend on it.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

DIGITS = 40  # twice those of a number of the machine, so that the last of these is right
NEWTON_STEPS = 4  # each doubles the digits of the guess: more than two at first


def gauss_legendre(n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The n nodes from left to right, and their weights."""
    right = []
    with localcontext(prec=DIGITS):
        for k in range(n // 2):
            x = Decimal(math.cos(math.pi * (k + 0.75) / (n + 0.5)))
            for _ in range(NEWTON_STEPS):
                value, slope = _legendre(n, x)
                x -= value / slope
            right.append((float(x), _weight(n, x)))
        middle = [(0.0, _weight(n, Decimal(0)))] if n % 2 else []
    both = [*((-x, weight) for x, weight in right), *middle, *reversed(right)]
    return tuple(x for x, _ in both), tuple(weight for _, weight in both)


def _weight(n: int, x: Decimal) -> float:
    slope = _legendre(n, x)[1]
    return float(2 / ((1 - x * x) * slope * slope))


def _legendre(n: int, x: Decimal) -> tuple[Decimal, Decimal]:
    """The n-th Legendre polynomial and its derivative at x, |x| < 1."""
    before, value = Decimal(1), x
    for k in range(2, n + 1):
        before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
    return value, n * (before - x * value) / (1 - x * x)
