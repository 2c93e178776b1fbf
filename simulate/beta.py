"""The beta distribution's quantile, from exact operations only.

SciPy's changes in the last bit with the processor; this one (Lentz's continued fraction for the incomplete beta
function, and Newton's method) gives the same bits everywhere. It runs once per row, when the table of its quantiles is
made.
"""

from __future__ import annotations

import numpy as np

from simulate.elementwise import Array, exp, log

FRACTIONS, STEPS = 32, 9


def _continued_fraction(x: Array, a: float, b: float) -> Array:
    """The continued fraction of the incomplete beta function, for x below (a + 1) / (a + b + 2)."""
    c, d = np.ones_like(x), 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    value = d.copy()
    for m in range(1, FRACTIONS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / (1.0 + numerator * d)
            c = 1.0 + numerator / c
            value = value * (c * d)
    return value


def _lower_mass(x: Array, y: Array, a: float, b: float) -> Array:
    """Integral of t**(a-1) (1-t)**(b-1) from 0 to x = 1 - y, for small x."""
    return exp(a * log(x) + b * log(y)) * _continued_fraction(x, a, b) / a


def _scale(a: float, b: float) -> float:
    """The complete beta function, as the two halves that meet at the mean."""
    mean = np.array([a / (a + b)])
    lower, upper = _lower_mass(mean, 1.0 - mean, a, b), _lower_mass(1.0 - mean, mean, b, a)
    return float(lower[0] + upper[0])


def probability(x: Array, a: float, b: float) -> Array:
    """P(X <= x) of the beta distribution on (0, 1)."""
    x = np.asarray(x, dtype=np.float64)
    inside = np.clip(x, 1e-300, 1.0 - 2.0**-53)
    low = inside < (a + 1.0) / (a + b + 2.0)
    lower = _lower_mass(np.where(low, inside, 0.25), np.where(low, 1.0 - inside, 0.75), a, b) / _scale(a, b)
    upper = _lower_mass(np.where(low, 0.25, 1.0 - inside), np.where(low, 0.75, inside), b, a) / _scale(a, b)
    return np.where(x <= 0.0, 0.0, np.where(x >= 1.0, 1.0, np.where(low, lower, 1.0 - upper)))


def _lower_quantile(p: Array, a: float, b: float) -> Array:
    """x with P(X <= x) = p, for p up to P(X <= mean): Newton's steps on the logarithms.

    log P is concave in log x, and x**a / (a B) lies above P for b >= 1, so the steps climb from below without
    overshooting.
    """
    scale = _scale(a, b)
    log_p = log(p)
    log_x = (log_p + float(log(a * scale))) / a
    for _ in range(STEPS):
        x = exp(log_x)
        mass = _lower_mass(x, 1.0 - x, a, b)
        slope = exp(a * log_x + (b - 1.0) * log(1.0 - x)) / mass
        log_x = log_x + (log_p - log(mass / scale)) / slope
    return exp(log_x)


def quantile(u: Array, rest: Array, a: float, b: float) -> Array:
    """The quantile of u = 1 - rest, for a, b >= 1 on (0, 1); the two are given so that neither end loses digits."""
    split = float(probability(np.array([a / (a + b)]), a, b)[0])
    low = u <= split
    found = np.empty_like(u)
    found[low] = _lower_quantile(u[low], a, b)
    found[~low] = 1.0 - _lower_quantile(rest[~low], b, a)
    return found
