"""How sure is a counted share? Monte Carlo intervals of a probability.

A share k/n of n independent draws is binomial. Where hits (or misses) are few, the normal approximation is badly wrong:
the Wald interval covers 86 % instead of 95 % at two expected hits, and gives "0 +- 0" at none. So:

- fewer than 60 hits or misses: Clopper and Pearson (1934), which never covers less than it says;
- otherwise Wilson (1927), which is close to exact and never leaves [0, 1].

The binomial tail is needed for fewer than 60 hits only: a sum of at most 60 terms, for which SciPy need not be loaded.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEW = 60
"""Below this number of hits or misses the exact interval is used: where 30 are expected, then, as good as always. A
switch at 30 would let the coverage there fall to 93.8 %, since which of the two is used depends on the hits."""


def binomial(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the two-sided interval (low, high) of a probability from k hits in n draws.

    Shapes: k and n broadcast; both results have the broadcast shape. A fractional k (weighted draws) is widened
    outwards where the exact interval is used. Raises ValueError unless 0 <= k <= n, n > 0 and 0 < level < 1.
    Source: Brown, Cai and DasGupta (2001), Statistical Science 16(2), 101-133.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level}; it must lie between 0 and 1")
    hits, draws = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if not (np.all(draws > 0) and np.all(hits >= 0) and np.all(hits <= draws)):
        raise ValueError("a count of hits must lie between 0 and the number of draws, which must be positive")
    shape = hits.shape
    hits, draws = np.atleast_1d(hits), np.atleast_1d(draws)
    low, high = _wilson(hits, draws, level)
    few, many = hits < FEW, draws - hits < FEW
    alpha = (1.0 - level) / 2.0
    exact = few | many
    if np.any(exact):
        # Few misses are few hits of the opposite event, with the ends exchanged.
        turned = many & ~few
        count = np.where(turned, draws - hits, hits)[exact]
        below, above = _clopper_pearson(count, draws[exact], alpha)
        turned = turned[exact]
        low[exact] = np.where(turned, 1.0 - above, below)
        high[exact] = np.where(turned, 1.0 - below, above)
        # No hit, or all of them: that end is certain, not the inverse of an empty tail.
        low[hits == 0] = 0.0
        high[hits == draws] = 1.0
    return low.reshape(shape), high.reshape(shape)


def standard_error(share: ArrayLike, draws: ArrayLike) -> NDArray[np.float64]:
    """Return the standard error of a share of so many independent draws; both broadcast."""
    p = np.asarray(share, dtype=np.float64)
    return np.sqrt(p * (1.0 - p) / np.asarray(draws, dtype=np.float64))


def at_most(n: float, level: float = 0.95) -> float:
    """Return the one-sided upper limit of a probability after no hit in n draws: close to 3.0/n at 95 %."""
    return -float(np.expm1(np.log1p(-level) / n))


def _wilson(hits: NDArray, draws: NDArray, level: float) -> tuple[NDArray, NDArray]:
    z2 = NormalDist().inv_cdf(0.5 + level / 2.0) ** 2
    share = hits / draws
    centre = (share + z2 / (2.0 * draws)) / (1.0 + z2 / draws)
    half = np.sqrt(z2 / draws * (share * (1.0 - share) + z2 / (4.0 * draws))) / (1.0 + z2 / draws)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def _clopper_pearson(hits: NDArray, draws: NDArray, alpha: float) -> tuple[NDArray, NDArray]:
    """Return the ends at which the tails beyond `hits` weigh alpha; hits below `FEW`, all arrays of one dimension."""
    lower, upper = np.floor(hits), np.minimum(np.ceil(hits), draws)
    low = _where_cumulative_is(1.0 - alpha, lower - 1.0, draws)
    high = _where_cumulative_is(alpha, upper, draws)
    return np.where(lower <= 0, 0.0, low), np.where(upper >= draws, 1.0, high)


def _where_cumulative_is(target: float, k: NDArray, n: NDArray) -> NDArray:
    """Solve P(X <= k; n, p) = target for p by bisection of log p; the sum falls as p rises. Shapes: all (m,)."""
    from simulate.elementwise import exp, log  # compiled code: seconds

    terms = np.arange(FEW + 1, dtype=np.float64)[:, None]
    # log of n over j, term by term: a difference of two log-gammas would lose all digits at 1e12 draws.
    steps = np.where(terms[1:] <= n, log(np.maximum(n - terms[1:] + 1.0, 1.0) / terms[1:]), -np.inf)
    choose = np.concatenate([np.zeros((1, n.size)), np.cumsum(steps, axis=0)])
    below, above = log(1e-6) - log(n) - 30.0, np.zeros_like(n)
    for _ in range(80):
        middle = 0.5 * (below + above)
        share = np.minimum(exp(middle), 1.0 - 2.0**-53)
        rest = 1.0 - share
        lost = 1.0 - rest  # the share, as far as the rest knows of it
        miss = np.where(
            lost > 0.0, log(rest) * share / np.maximum(lost, 1e-17), -share
        )  # log(1 - share), in all digits
        log_term = choose + terms * middle + np.maximum(n - terms, 0.0) * miss
        total = np.where(terms <= k, exp(log_term), 0.0).sum(axis=0)
        below, above = np.where(total > target, middle, below), np.where(total > target, above, middle)
    return np.asarray(exp(0.5 * (below + above)))
