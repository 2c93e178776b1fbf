"""The kernel's own mathematics against mpmath: how many units in the last place it is off, tails and joints included.

Bits that are the same on every machine are worth nothing if they are wrong bits. Every function is evaluated at points
that cover its range, and at the places where its polynomials meet; the truth comes from mpmath with 40 digits, as a
pair of doubles, so that errors far below one unit in the last place (ulp) show. The quantile of the normal distribution
is judged by the probability that mpmath gives back for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest
from numba import njit
from scipy import special

from simulate import elementwise, fastmath
from simulate.blocks import DRAWS
from simulate.scores import normal_scores

POINTS = 20_000
Array = np.ndarray


def over(function: Callable[..., float]) -> Callable[..., Array]:
    """The compiled function of one or two numbers over whole arrays."""

    @njit(error_model="numpy")
    def one(x: Array, out: Array) -> None:
        for i in range(x.size):
            out[i] = function(x[i])

    @njit(error_model="numpy")
    def two(x: Array, y: Array, out: Array) -> None:
        for i in range(x.size):
            out[i] = function(x[i], y[i])

    def run(*given: Sequence[float] | Array) -> Array:
        arrays = [np.array(a, dtype=np.float64) for a in given]
        out = np.empty(arrays[0].size)
        compiled: Any = one if len(arrays) == 1 else two
        compiled(*arrays, out)
        return out

    return run


exp2, exp10, exp = over(fastmath.exp2), over(fastmath.exp10), over(fastmath.exp)
log2, log10, log = over(fastmath.log2), over(fastmath.log10), over(fastmath.log)
log10_one_plus, round_even = over(fastmath.log10_one_plus), over(fastmath.round_even)
quantile, probability = over(fastmath.normal_quantile), over(fastmath.normal_probability)
power = over(fastmath.power)


def errors(got: Array, x: Array, truth: Callable[[mpmath.mpf], mpmath.mpf]) -> tuple[Array, Array]:
    """The error of each value and the true value (as a double); exact to far below an ulp."""
    high, low = np.empty(x.size), np.empty(x.size)
    with mpmath.workdps(40):
        for i, value in enumerate(x.tolist()):
            exact = truth(mpmath.mpf(value))
            high[i] = float(exact)
            low[i] = float(exact - mpmath.mpf(high[i]))
    return (got - high) - low, high


def ulps(got: Array, x: Array, truth: Callable[[mpmath.mpf], mpmath.mpf]) -> float:
    """The largest error in units of the last place."""
    error, high = errors(got, x, truth)
    return float(np.max(np.abs(error) / np.spacing(np.abs(high))))


def spread(rng: np.random.Generator, low: float, high: float, many: int = POINTS) -> Array:
    """Points all over an interval, its ends and the halves (where the exponential rounds its argument)."""
    halves = np.arange(math.ceil(low), min(math.floor(high), math.ceil(low) + 500)) + 0.5
    inside = rng.uniform(low, high, many - halves.size - 2)
    return np.concatenate([[low, high], halves, inside])


def test_exp2_is_off_by_at_most_two_ulp() -> None:
    x = spread(np.random.default_rng(1), -1021.5, 1021.5)
    x[: POINTS // 2] /= 100.0
    assert ulps(exp2(x), x, lambda v: mpmath.mpf(2) ** v) < 2.0


def test_exp10_and_exp_keep_all_digits_over_their_whole_range() -> None:
    rng = np.random.default_rng(2)
    for got, end, base in ((exp10, 307.0, mpmath.mpf(10)), (exp, 708.0, None)):
        x = spread(rng, -end, end)
        error, true = errors(got(x), x, partial(mpmath.power, base) if base else mpmath.exp)
        assert np.max(np.abs(error / true)) < 4e-16  # the argument is reduced to 106 bits


def test_log2_is_off_by_at_most_two_ulp_and_near_one_by_1e_15() -> None:
    rng = np.random.default_rng(3)
    root = 0.5**0.5
    x = np.concatenate(
        [
            2.0 ** rng.uniform(-1021, 1023, POINTS // 2),
            rng.uniform(0.25, 4.0, POINTS // 4),
            np.nextafter(root, 0) + np.arange(-50, 50) * 2.0**-53,  # where the exponent changes
            1.0 + rng.uniform(-1, 1, POINTS // 4) * 10.0 ** rng.uniform(-12, -1, POINTS // 4),
        ]
    )
    error, true = errors(log2(x), x, lambda v: mpmath.log(v, 2))
    near = np.abs(x - 1.0) < 0.5
    assert np.max(np.abs(error[~near]) / np.spacing(np.abs(true[~near]))) < 2.0
    assert np.max(np.abs(error[near])) < 1e-15
    assert np.max(np.abs(error[near] / true[near])) < 1e-15


def test_log10_and_log() -> None:
    x = 10.0 ** np.random.default_rng(4).uniform(-300, 300, POINTS // 2)
    assert ulps(log10(x), x, mpmath.log10) < 3.0
    assert ulps(log(x), x, mpmath.log) < 3.0


def test_log10_one_plus_has_full_relative_precision() -> None:
    rng = np.random.default_rng(5)
    y = np.concatenate([10.0 ** rng.uniform(-300, 0, POINTS // 2), rng.uniform(0, 1, POINTS // 2), [1.0, 1e-320]])
    error, true = errors(log10_one_plus(y[:-1]), y[:-1], lambda v: mpmath.log1p(v) / mpmath.log(10))
    assert np.max(np.abs(error / true)) < 1e-15
    assert log10_one_plus(np.array([0.0])) == 0.0


def quantile_errors(u: Array) -> Array:
    """Relative errors of the normal quantile: the probability of the answer, less u, over the density."""
    z = quantile(u)
    found = np.empty(u.size)
    with mpmath.workdps(40):
        root2, root2pi = mpmath.sqrt(2), mpmath.sqrt(2 * mpmath.pi)
        for i, (wanted, x) in enumerate(zip(u.tolist(), z.tolist(), strict=True)):
            t, v = mpmath.mpf(wanted), mpmath.mpf(x)
            side = -1 if x < 0 else 1
            p = mpmath.erfc(abs(v) / root2) / 2
            tail = t if x < 0 else 1 - t
            density = mpmath.exp(-v * v / 2) / root2pi
            found[i] = float(side * (tail - p) / density / v) if x else 0.0
    return found


def test_the_normal_quantile_keeps_fourteen_digits() -> None:
    rng = np.random.default_rng(6)
    near_joint = np.concatenate([c + np.arange(-200, 200) * 2.0**-40 for c in (0.075, 0.925, 0.5 + 2.0**-30)])
    tails = 2.0 ** -rng.uniform(1, 53, POINTS // 3)
    u = np.concatenate([near_joint, tails, 1.0 - tails, rng.uniform(0, 1, POINTS // 3), [2.0**-53, 1 - 2.0**-53]])
    assert np.max(np.abs(quantile_errors(u))) < 1e-14
    assert quantile(np.array([0.5])) == 0.0


def test_a_block_of_normal_scores_has_the_bits_of_the_quantile() -> None:
    """However many draws need the outer fit, at the joint between the fits too."""
    rng = np.random.default_rng(8)
    for share in (0.0, 0.01, 0.15, 0.9, 1.0):
        middle, tail = rng.uniform(0.08, 0.92, DRAWS), 2.0 ** -rng.uniform(4, 53, DRAWS)
        u = np.where(rng.uniform(size=DRAWS) < share, np.where(middle < 0.5, tail, 1.0 - tail), middle)
        u[:4] = 0.075, np.nextafter(0.075, 0), 0.925, np.nextafter(0.925, 1)
        expected = elementwise.normal_quantile(u)
        outer, place, found = np.full(DRAWS, 0.5), np.zeros(DRAWS), np.zeros(DRAWS)
        normal_scores(u, found, outer, place)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("centre", [2.0**-31, 1e-6, 0.01, 0.075, 0.3, 0.5, 0.7, 0.925, 0.99, 1 - 1e-6, 1 - 2.0**-31])
def test_the_normal_quantile_rises_at_the_finest_step(centre: float) -> None:
    first = max(round(centre * 2**32) - 100_000, 1)
    u = np.arange(first, min(first + 200_000, 2**32)) * 2.0**-32
    assert np.all(np.diff(quantile(u)) > 0.0)


def test_the_normal_quantile_rises_in_its_tails() -> None:
    for centre in (2.0**-52, math.exp(-25.0), 1e-10):  # the second is a joint
        u = centre * (1.0 + np.arange(-100_000, 100_000) * 2.0**-32)
        assert np.all(np.diff(quantile(u)) > 0.0)


def test_normal_probability_has_full_relative_precision_in_the_lower_tail() -> None:
    z = np.concatenate([spread(np.random.default_rng(7), -37.0, 8.0), [-1e-9, 0.0, 1e-9]])
    error, true = errors(probability(z), z, lambda v: mpmath.erfc(-v / mpmath.sqrt(2)) / 2)
    assert np.max(np.abs(error / true)) < 2e-15
    assert probability(np.array([0.0])) == 0.5
    inside = np.linspace(-8, 8, 400_001)
    assert np.all(np.diff(probability(inside)) >= -2e-16)


def test_quantile_and_probability_are_inverse() -> None:
    u = np.concatenate([2.0 ** -np.linspace(1, 53, 5001), np.linspace(1e-6, 1 - 1e-6, 100_001)])
    back = probability(quantile(u))
    assert np.max(np.abs(back - u) / np.minimum(u, 1 - u)) < 1e-12
    assert np.max(np.abs(back[:5001] / u[:5001] - 1.0)) < 1e-13


def test_ends_of_the_range() -> None:
    assert exp2([-5000.0, 5000.0]).tolist() == [2.0**-1022, 2.0**1022]
    assert exp10([400.0])[0] > 1e307
    assert 0.0 < exp10([-400.0])[0] < 1e-307
    assert exp([-1000.0])[0] < 1e-307
    with np.errstate(all="ignore"):
        ends = log2([0.0, -1.0, math.inf, math.nan, 1.0, 0.5])
    np.testing.assert_array_equal(ends, [-math.inf, math.nan, math.inf, math.nan, 0.0, -1.0])
    assert probability([-50.0])[0] < 1e-300
    assert probability([50.0])[0] == 1.0


def test_whole_powers_are_exact() -> None:
    k = np.arange(-1000.0, 1001.0)
    assert np.array_equal(exp2(k), 2.0**k)
    assert np.array_equal(log2(2.0**k), k)
    assert np.all(np.abs(exp10(np.arange(-300.0, 301.0)) / 10.0 ** np.arange(-300.0, 301.0) - 1.0) < 3e-16)


def test_power_means_what_it_means_in_python() -> None:
    bases = [-8.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 10.0, 1e8]
    exponents = [-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0]
    for x in bases:
        for y in exponents:
            got = power([x], [y])[0]
            if x < 0.0 and y != round(y):
                assert math.isnan(got), (x, y)
            elif x == 0.0 and y < 0.0:
                assert got == math.inf
            else:
                assert got == pytest.approx(x**y, rel=1e-14), (x, y)


def test_rounding_goes_to_the_even_neighbour() -> None:
    x = np.concatenate([np.arange(-10, 10, 0.25), [2.0**50 + 0.5, 2.0**52 + 1, -(2.0**53), 1e300, -0.4]])
    assert np.array_equal(round_even(x), np.rint(x))


@pytest.mark.long
def test_a_million_points_against_scipy() -> None:
    rng = np.random.default_rng(8)
    n = 1_000_000
    x = rng.uniform(-300, 300, n)
    y = 10.0 ** rng.uniform(-300, 300, n)
    u = np.concatenate([rng.uniform(0, 1, n // 2), 2.0 ** -rng.uniform(1, 53, n // 2)])
    z = rng.uniform(-37, 8, n)
    assert np.max(np.abs(exp2(x) / np.exp2(x) - 1)) < 1e-15
    assert np.max(np.abs(exp10(x) / 10.0**x - 1)) < 1e-14
    assert np.max(np.abs(log10(y) - np.log10(y)) / np.maximum(1, np.abs(np.log10(y)))) < 1e-15
    assert np.max(np.abs(quantile(u) - special.ndtri(u)) / np.maximum(1e-3, np.abs(special.ndtri(u)))) < 1e-13
    assert np.max(np.abs(probability(z) / special.ndtr(z) - 1)) < 1e-12
    first = np.arange(1, 2**32, 2**32 // 200)
    for start in first.tolist():  # 10^7 neighbouring uniforms
        near = np.arange(start, min(start + 50_000, 2**32)) * 2.0**-32
        assert np.all(np.diff(quantile(near)) > 0.0)
