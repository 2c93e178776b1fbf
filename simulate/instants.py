"""Which year is an instant of a run: the grid is a sum of steps, so that years are compared with room for rounding."""

from __future__ import annotations

import numpy as np

SAME = 1e-6  # years: closer ones are one instant
DECIMALS = 9  # of a year, to which instants of different grids are rounded to be found the same


def nearest(years: np.ndarray, year: float) -> int:
    """Where the instant nearest to a year stands among `years` (year,)."""
    return int(np.argmin(np.abs(years - year)))


def place(years: np.ndarray, year: float) -> int | None:
    """Where a year stands among instants (year,); None where it is none of them."""
    found = nearest(years, year) if years.size else None
    return found if found is not None and abs(float(years[found]) - year) < SAME else None


def step(years: np.ndarray) -> float:
    """The step of a grid (year,): a year divided by a whole number."""
    return 1.0 / round(1.0 / float(years[1] - years[0]))


def span(years: np.ndarray) -> str:
    """The instants (year,) of a grid in words."""
    return f"{years[0]:g} to {years[-1]:g} in steps of {step(years):g}"


def shared(first: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The instants that two grids have in common, rounded (year,)."""
    return np.intersect1d(rounded(first), rounded(other))


def rounded(years: np.ndarray) -> np.ndarray:
    """Instants (year,) so that those of different grids which are the same look the same."""
    return np.round(years, DECIMALS)
