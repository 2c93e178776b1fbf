"""Growth laws and limits that all drivers share.

A *path* is a level that grows: its start, its growth and what else its law asks for are arrays over the draws of a
block, and the law gives its *unlimited* level (log10) at any instant, as a function of the time `e` since its start.
Laws are exact integrals, so results do not depend on the step. A *limit* is applied to the unlimited level, in the
shape that the source used.

To add a law: one function `(path, rule, year)` that writes `path.value`, and its name with the rows that it needs in
`LAWS`; what is the same at every instant it may prepare in `path.prepared`, by a second such function. To add a limit
shape: one function `(value, limit, scratch)` that changes `value`, and its name in `LIMITS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simulate.blocks import DRAWS
from simulate.compiled import inline, jit
from simulate.fastmath import LOG2_E, LOG10_2, exp, exp2, exp10, log2, log10, log10_one_plus
from simulate.quadrature import gauss_legendre
from simulate.sequence import one_of

#: Rows of a path, after its prefix: kernel unit, meaning. "level" stands for the log10 of the path's own unit.
PARAMETERS: dict[str, tuple[str, str]] = {
    "start": ("level", "level at the start, or at the row's `at`"),
    "growth": ("OOM/yr", "growth rate at the start"),
    "growth_after": ("OOM/yr", "growth rate afterwards"),
    "slowdown": ("year", "calendar year in which growth changes"),
    "reversion": ("year", "years until growth has turned to its later rate"),
    "half_life": ("year", "years in which the growth rate halves"),
    "delay": ("years per OOM", "extra years that each tenfold rise costs"),
    "acceleration": ("1", "share by which each doubling is shorter than the one before"),
    "volatility": ("OOM/yr", "standard deviation of each single year's growth"),
    "limit": ("level", "level that it cannot pass"),
}
#: One path in a block: its rows, its present level, the shocks up to now, and scratch.
PATH = np.dtype(
    [
        (name, "f8", (DRAWS,))
        for name in [*PARAMETERS, "prepared", "value", "whole_shocks", "shock", "noise", "half", "scratch"]
    ]
)
#: What the set chose for a path: law and limit (places in `LAWS` and `LIMITS`), its start, whether the set has it, and
#: whether its growth is shaken.
RULE = np.dtype([("law", "i8"), ("limit", "i8"), ("at", "f8"), ("on", "i8"), ("volatile", "i8")])

_NODES, _WEIGHTS = gauss_legendre(24)
NEGLIGIBLE = 30.0  # orders of magnitude below a limit at which it cannot be felt in 53 bits
LONGEST_TURN = 8.5  # in units of the reversion time: beyond, the growth has turned to within 2e-16


@jit
def exponential(path, rule, year):
    """Constant growth: start + growth * e."""
    e = year - rule.at
    for i in range(DRAWS):
        path.value[i] = path.start[i] + path.growth[i] * e


@jit
def two_regime(path, rule, year):
    """Growth until the slowdown, growth_after from then on."""
    for i in range(DRAWS):
        change = path.slowdown[i]
        early = min(year, change) - min(rule.at, change)
        late = max(year, change) - max(rule.at, change)
        path.value[i] = path.start[i] + path.growth[i] * early + path.growth_after[i] * late


@jit
def _turn(path, node, weight):
    """One point of the quadrature of `reversion`."""
    for i in range(DRAWS):
        s = path.half[i] * node
        path.scratch[i] = exp2(-0.5 * LOG2_E * s * s)
    for i in range(DRAWS):
        path.value[i] += weight * (exp2(path.prepared[i] * path.scratch[i]) - 1.0)


@jit
def _log_ratio(path, rule, year):
    """For `reversion`: the logarithm of the ratio of the two rates."""
    for i in range(DRAWS):
        path.prepared[i] = log2(path.growth[i] / path.growth_after[i])


@jit
def reversion(path, rule, year):
    """The rate turns from growth to growth_after: growth**w * growth_after**(1 - w), w = exp(-e^2 / (2 reversion^2)).

    The weighted geometric mean of two rates (Besiroglu, Heim and Sevilla 2022), integrated over time: with d the log of
    their ratio and s = e / reversion, level = start + growth_after * (e + reversion * integral of exp(d exp(-s^2/2)) -
    1).
    """
    e = year - rule.at
    value, half = path.value, path.half
    for i in range(DRAWS):
        half[i] = 0.5 * min(abs(e) / path.reversion[i], LONGEST_TURN)
        value[i] = 0.0
    for k in range(len(_NODES)):
        _turn(path, 1.0 + _NODES[k], _WEIGHTS[k])
    for i in range(DRAWS):
        turned = half[i] * value[i] * path.reversion[i]
        value[i] = path.start[i] + path.growth_after[i] * (e + (turned if e >= 0.0 else -turned))


@jit
def _decay(path, rule, year):
    """For `decaying`: half-lives in a year."""
    for i in range(DRAWS):
        path.prepared[i] = 1.0 / path.half_life[i]


@jit
def decaying(path, rule, year):
    """The growth rate itself halves every half_life: start + growth * half_life / ln 2 * (1 - 2**(-e / half_life))."""
    e = year - rule.at
    for i in range(DRAWS):
        path.value[i] = path.start[i] + path.growth[i] * path.half_life[i] * LOG2_E * (
            1.0 - exp2(-e * path.prepared[i])
        )


@jit
def _delayed(path, rule, year):
    """For `lead_time`: the rate that is left, 1 / (1 / growth + delay). Shrinking waits for nothing."""
    for i in range(DRAWS):
        growth = path.growth[i]
        path.prepared[i] = growth / (1.0 + growth * path.delay[i]) if growth > 0.0 else growth


@jit
def lead_time(path, rule, year):
    """Each tenfold rise costs `delay` more years."""
    e = year - rule.at
    for i in range(DRAWS):
        path.value[i] = path.start[i] + e * path.prepared[i]


@inline
def toward_pole(growth, acceleration, elapsed):
    """The part of the way to the pole of `superexponential` that has passed; from 1 on the level is infinite."""
    return acceleration * elapsed * growth / LOG10_2


@jit
def _shortening(path, rule, year):
    """For `superexponential`: the logarithm by which each doubling is shorter than the one before."""
    for i in range(DRAWS):
        path.prepared[i] = log2(1.0 - path.acceleration[i])


@jit
def superexponential(path, rule, year):
    """Each doubling takes a share `acceleration` less time than the last; infinite from the pole on. What shrinks has
    no doublings, and shrinks at its rate.

    After n doublings D (1 - (1 - a)^n) / a years have passed, D = log10(2) / growth; so the pole is at D / a.
    """
    e = year - rule.at
    for i in range(DRAWS):
        a, growth = path.acceleration[i], path.growth[i]
        left = 1.0 - toward_pole(growth, a, e)
        doublings = log2(max(left, 0.0)) / path.prepared[i]
        path.value[i] = path.start[i] + (LOG10_2 * doublings if a > 0.0 and growth > 0.0 else growth * e)


@jit
def hard(value, limit, scratch):
    """min(v, L)."""
    for i in range(DRAWS):
        value[i] = min(value[i], limit[i])


@jit
def logistic(value, limit, scratch):
    """v - log10(1 + 10^(v - L)), the logistic approach (Cotra 2020), written so that v and L may be infinite."""
    for i in range(DRAWS):
        apart = abs(value[i] - limit[i]) if value[i] != limit[i] else 0.0
        scratch[i] = exp10(-min(apart, NEGLIGIBLE))
    for i in range(DRAWS):
        value[i] = min(value[i], limit[i]) - log10_one_plus(scratch[i])


@jit
def saturating(value, limit, scratch):
    """L + log10(1 - exp(-10^(v - L))), the exponential approach (Direct Approach 2023); v where L is infinite."""
    for i in range(DRAWS):
        ratio = exp10(min(value[i] - limit[i], 3.0))
        series = 1.0 - ratio * (0.5 - ratio * (1.0 / 6.0 - ratio * (1.0 / 24.0 - ratio / 120.0)))
        scratch[i] = ratio * series if ratio < 0.001 else 1.0 - exp(-ratio)
    for i in range(DRAWS):
        value[i] = limit[i] + log10(scratch[i]) if limit[i] < math.inf else value[i]


@jit
def logistic_amount(path, inverse_limit, out):
    """10^v / (1 + 10^(v - L)), `logistic` of an amount, written so that it bears v = infinity."""
    for i in range(DRAWS):
        out[i] = 1.0 / (exp10(-path.value[i]) + inverse_limit[i])


@jit
def no_limit(value, limit, scratch):
    """The level as it is."""


@jit
def _nothing(path, rule, year):
    """What a law prepares that has nothing to prepare."""


class Law(NamedTuple):
    """A growth law: its pass, the rows beyond `start` and `growth` that it needs, and what it prepares when inputs have
    been drawn.
    """

    grow: Callable[..., Any]
    needs: tuple[str, ...] = ()
    prepare: Callable[..., Any] = _nothing


LAWS: dict[str, Law] = {
    "exponential": Law(exponential),
    "two-regime": Law(two_regime, ("growth_after", "slowdown")),
    "reversion": Law(reversion, ("growth_after", "reversion"), _log_ratio),
    "decaying": Law(decaying, ("half_life",), _decay),
    "lead-time": Law(lead_time, ("delay",), _delayed),
    "superexponential": Law(superexponential, ("acceleration",), _shortening),
}
LIMITS: dict[str, Callable[..., Any]] = {
    "none": no_limit,
    "hard": hard,
    "logistic": logistic,
    "exponential": saturating,
}

#: Limits that an amount (10^level) meets at less cost than its logarithm: see `amount_at`.
AMOUNTS = {"logistic": logistic_amount}


def _by_level(limit: Callable[..., Any]) -> Callable[..., Any]:
    """A limit of an amount by way of its logarithm."""

    @jit
    def amount(path, inverse_limit, out):
        limit(path.value, path.limit, out)
        for i in range(DRAWS):
            out[i] = exp10(path.value[i])

    return amount


_prepare = one_of([law.prepare for law in LAWS.values()])
_grow = one_of([law.grow for law in LAWS.values()])
approach = one_of(list(LIMITS.values()))
_amount = one_of([AMOUNTS.get(name) or _by_level(limit) for name, limit in LIMITS.items()])


@jit
def unlimited(path, rule, t, year):
    """Write the path's unlimited level at a `year` up to the instant t, without shocks."""
    if t.fresh:
        _prepare(rule.law, path, rule, year)
    _grow(rule.law, path, rule, year)


@jit
def amount_at(path, rule, t, year, inverse_limit, out):
    """Write the path's amount (10^level) at a `year` up to the instant t to `out`; `inverse_limit` is 10^-limit."""
    unlimited(path, rule, t, year)
    if rule.volatile:
        for i in range(DRAWS):
            path.value[i] += path.noise[i] - (t.year - year) * path.shock[i]
    _amount(rule.limit, path, inverse_limit, out)


@jit
def grow_below(x, path, rule, limit, t):
    """Advance a path to the instant t, below a limit that moves: the law, the shocks so far, then the limit."""
    unlimited(path, rule, t, t.year)
    if rule.volatile:
        for i in range(DRAWS):
            path.value[i] += path.noise[i]
    approach(rule.limit, path.value, limit, x.scratch)


@jit
def grow(x, path, rule, t):
    """Advance a path to the instant t, below its own limit."""
    grow_below(x, path, rule, path.limit, t)
