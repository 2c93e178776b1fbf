"""Our use of the random stream against a battery of tests: along the draws of one name, and across names, years and
seeds, as a draw meets them. None of them tells it from chance; generators that are known to be bad are told.

The tests are the classic ones (Knuth; Marsaglia's birthdays and ranks), each a probability under chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from conftest import Verified
from numpy.typing import NDArray
from scipy import stats

from simulate import philox
from simulate.blocks import DRAWS
from simulate.philox import FIRST_YEAR, uniforms

Words = NDArray[np.uint32]
MANY = 2**24  # words of an order
SIDE_BY_SIDE = 16  # streams
ONE_IN_A_MILLION = 1e-6
BITS, BIRTHDAYS, WAVE, ROW = 32, 4096, 2**16, 32
#: Probabilities that a random square matrix of 32 bits has full rank, one less, two less, and less than that.
RANKS = (0.2887880952, 0.5775761902, 0.1283502644, 0.0052854502)


def stream(seed: int, name: str, purpose: int, many: int) -> NDArray[np.float64]:
    """The uniform numbers of a name, from its first draw on."""
    out = np.empty((many // DRAWS, DRAWS))
    for block, row in enumerate(out):
        uniforms(np.uint64(seed), np.uint64(philox.tag(name) + purpose), block, row)
    return out.ravel()


def interleaved(streams: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Draw by draw, all streams of a draw before those of the next."""
    return np.stack(streams, axis=1).ravel()


EACH = MANY // SIDE_BY_SIDE
ORDERS: dict[str, Callable[[], NDArray[np.float64]]] = {
    "draws": lambda: stream(1, "chip_growth", 0, MANY),
    "names": lambda: interleaved([stream(1, f"row_{k}", 0, EACH) for k in range(SIDE_BY_SIDE)]),
    "years": lambda: interleaved([stream(1, "spend", FIRST_YEAR + k, EACH) for k in range(SIDE_BY_SIDE)]),
    "seeds": lambda: interleaved([stream(k, "chip_growth", 0, EACH) for k in range(SIDE_BY_SIDE)]),
}


def in_cells(found: NDArray[np.int64], share: NDArray[np.float64] | float) -> float:
    """Pearson's test of counts against their shares."""
    expected = found.sum() * np.broadcast_to(share, found.shape)
    return float(stats.chi2.sf(((found - expected) ** 2 / expected).sum(), found.size - 1))


def two_sided(z: NDArray[np.float64]) -> Iterator[float]:
    yield from 2.0 * stats.norm.sf(np.abs(z))


def tuples(words: Words, bits: int, many: int, shift: int) -> NDArray[np.int64]:
    """How often each tuple of so many words, of each these bits, comes up; tuples do not overlap."""
    digits = (words[: len(words) // many * many].astype(np.int64) >> shift) & ((1 << bits) - 1)
    places = digits.reshape(-1, many) @ (1 << (bits * np.arange(many)))
    return np.bincount(places, minlength=1 << (bits * many))


def each_bit(words: Words) -> Iterator[float]:
    ones = np.array([((words >> k) & 1).sum() for k in range(BITS)])
    yield from two_sided((2.0 * ones - len(words)) / len(words) ** 0.5)


def weights(words: Words) -> Iterator[float]:
    found = np.bincount(np.bitwise_count(words), minlength=BITS + 1)[4:29]  # the ends hold too few
    share = stats.binom.pmf(np.arange(4, 29), BITS, 0.5)
    yield in_cells(found, share / share.sum())


def cells(words: Words) -> Iterator[float]:
    for shift in range(0, BITS, 8):
        yield in_cells(tuples(words, 8, 1, shift), 2.0**-8)
    for bits, many in ((8, 2), (5, 3), (4, 4), (2, 8)):
        for shift in (BITS - bits, 0):
            yield in_cells(tuples(words, bits, many, shift), 2.0 ** -(bits * many))


def orders(words: Words) -> Iterator[float]:
    """The order of five words, all 120 of which come up alike; and runs up and down."""
    five = words[: len(words) // 5 * 5].reshape(-1, 5)
    ranks = five.argsort(axis=1).astype(np.int64) @ (5 ** np.arange(5))
    yield in_cells(np.unique(ranks, return_counts=True)[1], 1.0 / 120.0)
    up = (words[1:] > words[:-1]).astype(np.int8)
    n, runs = len(words), 1 + np.count_nonzero(np.diff(up))
    yield from two_sided(np.array([(runs - (2 * n - 1) / 3) / ((16 * n - 29) / 90) ** 0.5]))


def gaps(words: Words) -> Iterator[float]:
    """How long it takes until a word of the lowest sixteenth comes again."""
    length = np.diff(np.flatnonzero(words < 2**28)) - 1
    found = np.bincount(np.minimum(length, 100), minlength=101)
    share = (15 / 16) ** np.arange(101) / 16
    share[100] = (15 / 16) ** 100
    yield in_cells(found, share)


def birthdays(words: Words) -> Iterator[float]:
    """How many distances between neighbours of 4,096 birthdays come up twice: Poisson, with mean 4."""
    days = np.sort(words[: len(words) // BIRTHDAYS * BIRTHDAYS].reshape(-1, BIRTHDAYS).astype(np.int64), axis=1)
    apart = np.sort(np.diff(days, axis=1, prepend=0), axis=1)
    twice = (np.diff(apart, axis=1) == 0).sum(axis=1)
    found = np.bincount(np.minimum(twice, 12), minlength=13)
    share = stats.poisson.pmf(np.arange(13), BIRTHDAYS**3 / 4 / 2**32)
    share[12] = 1.0 - share[:12].sum()
    yield in_cells(found, share)


def ranks(words: Words) -> Iterator[float]:
    """The ranks of matrices of 32 words."""
    rows = words[: len(words) // ROW * ROW].reshape(-1, ROW).copy()
    rank, every = np.zeros(len(rows), np.int64), np.arange(len(rows))
    for bit in range(BITS):
        has = ((rows >> bit) & 1).astype(bool) & (np.arange(ROW) >= rank[:, None])
        some, pivot = np.any(has, axis=1), np.argmax(has, axis=1)
        at = np.minimum(rank, ROW - 1)
        chosen = np.where(some, rows[every, pivot], 0).astype(np.uint32)
        rows[every[some], pivot[some]] = rows[every[some], at[some]]
        rows[every[some], at[some]] = chosen[some]
        below = ((rows >> bit) & 1).astype(bool) & (np.arange(ROW) > at[:, None]) & some[:, None]
        rows ^= np.where(below, chosen[:, None], 0).astype(np.uint32)
        rank += some
    found = np.bincount(np.minimum(ROW - rank, 3), minlength=4)
    yield in_cells(found, np.array(RANKS))


def waves(words: Words) -> Iterator[float]:
    """The highest peak of the spectrum, of whole stretches and of their mean."""
    value = (words[: len(words) // WAVE * WAVE].reshape(-1, WAVE) - (2.0**32 - 1) / 2) / (2.0**32 / 12**0.5)
    power = np.abs(np.fft.rfft(value, axis=1)[:, 1:-1]) ** 2 / WAVE
    yield -float(np.expm1(power.size * np.log1p(-np.exp(-power.max()))))
    many, total = len(power), power.sum(axis=0)  # a sum of exponentials
    yield min(1.0, float(total.size * stats.gamma.sf(total.max(), many)))


def lags(words: Words) -> Iterator[float]:
    """Correlations with what came up to 64 words before, and of their bits."""
    value = (words - (2.0**32 - 1) / 2) / (2.0**32 / 12**0.5)
    for lag in range(1, 65):
        yield from two_sided(np.array([(value[lag:] * value[:-lag]).sum() / (len(words) - lag) ** 0.5]))
    for lag in (1, 2, 3, 4, 8, SIDE_BY_SIDE):
        bits = BITS * (len(words) - lag)
        differing = np.bitwise_count(words[lag:] ^ words[:-lag]).sum(dtype=np.int64)
        yield from two_sided(np.array([(2.0 * differing - bits) / bits**0.5]))


def largest(words: Words) -> Iterator[float]:
    """The largest of eight."""
    eight = words[: len(words) // 8 * 8].reshape(-1, 8).max(axis=1)
    yield float(stats.kstest(((eight + 0.5) / 2.0**32) ** 8, "uniform").pvalue)


BATTERY = (each_bit, weights, cells, orders, gaps, birthdays, ranks, waves, lags, largest)


def probabilities(words: Words) -> list[float]:
    return [p for test in BATTERY for p in test(words)]


@pytest.mark.long
@pytest.mark.parametrize("order", ORDERS)
def test_no_test_tells_the_stream_from_chance(order: str, verified: Verified) -> None:
    found = probabilities((ORDERS[order]() * 2.0**32).astype(np.uint32))
    least = min(found)
    wanted = ONE_IN_A_MILLION / (len(found) * len(ORDERS))
    verified("A6", f"least of {len(found)} probabilities under chance, along {order}", f"{least:.2g}", f"{wanted:.1g}")
    assert least > wanted


def congruential(multiplier: int, increment: int, many: int) -> Words:
    """A generator of the 1960s."""
    out, x = np.empty(many, np.uint32), 1
    for k in range(many):
        x = (multiplier * x + increment) % 2**32
        out[k] = x
    return out


def good(many: int) -> Words:
    """A generator of others, known to be good."""
    return np.random.Generator(np.random.SFC64(1)).integers(0, 2**32, many, dtype=np.uint32)


def neighbours(many: int) -> Words:
    """Good streams side by side, of which two are the same."""
    streams = good(many).reshape(-1, 4)
    streams[:, 3] = streams[:, 1]
    return streams.ravel()


BAD: dict[str, Callable[[int], Words]] = {
    "a counter": lambda many: (np.arange(many) * 2654435769 % 2**32).astype(np.uint32),
    "RANDU": lambda many: congruential(65539, 0, many),
    "Numerical Recipes' quick one": lambda many: congruential(1664525, 1013904223, many),
    "one stream twice": neighbours,
    "one bit stuck": lambda many: good(many) | np.uint32(8),
    "few words": lambda many: np.tile(good(2**12), many >> 12),
}


@pytest.mark.parametrize("bad", BAD)
def test_the_battery_tells_bad_generators(bad: str) -> None:
    assert min(probabilities(BAD[bad](2**19))) < ONE_IN_A_MILLION / 1000


def test_the_battery_takes_chance_for_chance() -> None:
    found = probabilities(good(2**19))
    assert min(found) > ONE_IN_A_MILLION / len(found)
    assert stats.kstest(found, "uniform").pvalue > ONE_IN_A_MILLION
