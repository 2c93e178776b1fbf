"""Shapley values: the one way to share a change among its causes that is fair to their order.

Of all orders in which the causes could have come one after another, a cause gets the mean of what it added when its
turn came (Shapley 1953, "A value for n-person games"). The shares sum to the whole change, a cause that never changes
anything gets nothing, and two that always do the same get the same. A coalition is a whole number whose bit j says
whether cause j has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb


def coefficients(causes: int) -> list[list[Fraction]]:
    """The weight of the value of every coalition in the share of every cause (cause, coalition).

    A coalition of s of n causes stands, with the cause, in 1 / (n C(n-1, s-1)) of the orders just after it came, and
    without it in 1 / (n C(n-1, s)) just before.
    """
    found = []
    for cause in range(causes):
        row = []
        for coalition in range(2**causes):
            there, size = coalition >> cause & 1, coalition.bit_count()
            weight = Fraction(1, causes * comb(causes - 1, size - 1 if there else size))
            row.append(weight if there else -weight)
        found.append(row)
    return found


def shares(values: Sequence[float]) -> list[Fraction]:
    """The share of every cause in values[all] - values[none], exactly; values (coalition,) are finite numbers."""
    causes = len(values).bit_length() - 1
    exact = [Fraction(value) for value in values]
    return [sum((c * v for c, v in zip(row, exact, strict=True)), Fraction(0)) for row in coefficients(causes)]
