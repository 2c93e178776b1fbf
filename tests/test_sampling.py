"""Random words: the published generator, addressed so that no two draws ever share a word.

The generator (Philox4x32-10) is proved good by others; what can go wrong here is the translation, and the use. So the
compiled function must give the published answers, the same words as plain integers for random counters, and the same
in a long row (where compilers vectorise); the addresses of (seed, name, purpose, draw) must never meet; and streams of
neighbouring seeds, names and years must be unrelated, by z-scores whose limit leaves one false alarm in a million runs.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import numpy as np
import pytest
import reference_model as oracle
from conftest import Verified
from kernel_values import settings_of, values
from numba import njit
from scipy import special

from simulate import layout, philox
from simulate.assumptions import build
from simulate.blocks import DRAWS
from simulate.drivers import DRIVERS
from simulate.errors import Mistakes
from simulate.philox import FIRST_YEAR, PURPOSE_BITS, SMALLEST, uniforms, unit
from simulate.plan import prepare
from simulate.run_keys import MOST_DRAWS
from simulate.timegrid import MOST_YEARS

ONE = 0xFFFFFFFF
KNOWN = [  # counter, key and words as published with the generator (zeros, ones, digits of pi)
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((ONE,) * 4, (ONE,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]
FAMILY_WISE = 1e-6


def limit(comparisons: int) -> float:
    """The z-score that none of so many comparisons passes, but for one family in a million."""
    return float(-special.ndtri(FAMILY_WISE / 2 / comparisons))


@njit
def words_of(counters: np.ndarray, keys: np.ndarray, out: np.ndarray) -> None:
    """The words of many counters, shape (many, 4), under many keys, shape (many, 2)."""
    for i in range(len(counters)):
        c, k = counters[i], keys[i]
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = philox.philox(c[0], c[1], c[2], c[3], k[0], k[1])


@njit
def units_of(words: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(words)):
        out[i] = unit(words[i])


@njit
def stream(seed: int, tag: int, blocks: int, out: np.ndarray) -> None:
    """The uniforms of the first blocks of a name."""
    for block in range(blocks):
        uniforms(seed, tag, block, out[block * 512 : (block + 1) * 512])


def words(counters: np.ndarray, keys: np.ndarray) -> np.ndarray:
    out = np.empty((len(counters), 4), np.uint64)
    words_of(np.ascontiguousarray(counters, np.uint64), np.ascontiguousarray(keys, np.uint64), out)
    return out


def draws(seed: int, name: str, purpose: int = 0, blocks: int = 1) -> np.ndarray:
    """The uniforms of a name, as the kernel addresses them."""
    out = np.empty(blocks * DRAWS)
    key: tuple[Any, Any] = np.uint64(seed), np.uint64(philox.tag(name) + purpose)
    stream(*key, blocks, out)
    return out


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers_in_compiled_code(counter: tuple, key: tuple, expected: str) -> None:
    found = words(np.array([counter]), np.array([key]))[0]
    assert [int(word) for word in found] == [int(word, 16) for word in expected.split()]


def test_a_long_row_of_known_answers() -> None:
    many = 1_000_000
    for counter, key, expected in KNOWN:
        found = words(np.tile(np.array(counter, np.uint64), (many, 1)), np.tile(np.array(key, np.uint64), (many, 1)))
        assert np.all(found == np.array([int(word, 16) for word in expected.split()], np.uint64))


def test_random_counters_equal_plain_integers() -> None:
    rng = np.random.default_rng(1)
    counters = rng.integers(0, 2**32, (25_000, 4), dtype=np.uint64)  # 1e5 words
    keys = rng.integers(0, 2**32, (25_000, 2), dtype=np.uint64)
    plain = [oracle.philox(tuple(c), tuple(k)) for c, k in zip(counters.tolist(), keys.tolist(), strict=True)]
    assert np.array_equal(words(counters, keys), np.array(plain, np.uint64))


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1])
def test_the_address_of_a_draw(seed: int) -> None:
    """Seed, name, purpose and draw go where the design says, up to the last draw of the largest run."""
    for name, purpose in (("chip_growth", 0), ("threshold:agi", 0), ("spend_volatility", FIRST_YEAR + 33)):
        for block in (0, 1, 2**23, MOST_DRAWS // DRAWS - 1):
            out = np.empty(DRAWS)
            uniforms(np.uint64(seed), np.uint64(philox.tag(name) + purpose), block, out)
            expected = [
                oracle.uniform_of_draw(seed, name, purpose, block * DRAWS + i) for i in (0, 1, 2, 255, DRAWS - 1)
            ]
            assert out[[0, 1, 2, 255, DRAWS - 1]].tolist() == expected


def test_counters_never_meet() -> None:
    """Draw, purpose and name have bits of their own: the counter is an injective function of them."""
    limits_of_pair = [0, 1, 2**31, 2**32 - 1, 2**32, MOST_DRAWS // 2 - 1]
    purposes = [0, 1, 2, 2**15, 2**PURPOSE_BITS - 1]
    names = ["a", "b", "chip_growth", "chip_growth_after", "threshold:chip_growth", ""]
    seen = set()
    for name, purpose, pair in itertools.product(names, purposes, limits_of_pair):
        tag = philox.tag(name) + purpose
        assert tag < 2**64
        assert tag >> PURPOSE_BITS == int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
        assert tag & (2**PURPOSE_BITS - 1) == purpose
        seen.add((pair & ONE, pair >> 32, tag & ONE, tag >> 32))
    assert len(seen) == len(names) * len(purposes) * len(limits_of_pair)
    assert MOST_DRAWS // 2 < 2**64  # the draw never reaches beyond its own 64 bits


def test_many_counters_give_different_words() -> None:
    """1.2 million neighbouring counters under three tags: no two answers are equal, not even in half of their words."""
    pair = np.concatenate([np.arange(200_000), 2**32 - 100_000 + np.arange(200_000)]).astype(np.uint64)
    found = []
    for tag in (philox.tag("a"), philox.tag("a") + 1, philox.tag("b")):
        counters = np.stack(
            [
                pair & np.uint64(ONE),
                pair >> np.uint64(32),
                np.full_like(pair, tag & ONE),
                np.full_like(pair, tag >> 32),
            ],
            axis=1,
        )
        found.append(words(counters, np.zeros((len(pair), 2))))
    every = np.concatenate(found)
    assert len(np.unique(every[:, 0] << np.uint64(32) | every[:, 1])) == len(every)  # by chance: 4e-8 pairs


def test_the_years_of_a_name_leave_its_hash_alone() -> None:
    assert FIRST_YEAR + MOST_YEARS < 2**PURPOSE_BITS
    assert philox.tag("a") % 2**PURPOSE_BITS == 0


def test_all_known_names_have_tags_of_their_own() -> None:
    names = [row.name for driver in DRIVERS.values() for path in layout.paths(driver) for row in layout.path_rows(path)]
    names += [item.name for driver in DRIVERS.values() for item in layout.inputs(driver)]
    names += [f"threshold:{name}" for name in names]
    assert len({philox.tag(name) for name in names}) == len(set(names))


def test_uniforms_lie_strictly_between_0_and_1() -> None:
    ends = np.array([0, 2**12 - 1, 2**12, 2**63, 2**64 - 1], np.uint64)
    out = np.empty(len(ends))
    units_of(ends, out)
    assert out.tolist() == [SMALLEST, SMALLEST, 3 * SMALLEST, 0.5 + SMALLEST, 1.0 - SMALLEST]
    assert out.tolist() == [oracle.uniform_of_word(int(word)) for word in ends]
    many = draws(1, "gwp_start", blocks=2000)
    assert 0.0 < many.min() < many.max() < 1.0


def test_draws_are_prefix_stable_and_independent_of_other_rows() -> None:
    assert np.array_equal(draws(7, "x", blocks=4)[:DRAWS], draws(7, "x"))
    row = {"dist": "uniform", "low": 0, "high": 1, "interval": 1, "unit": "1"}
    alone = values(settings_of({"x": row}, drivers={}), 2 * DRAWS, seed=7)
    among = values(settings_of({"b": row, "x": row, "a": row}, drivers={}), DRAWS, seed=7)
    np.testing.assert_array_equal(alone.inputs["x"][:DRAWS], among.inputs["x"])
    np.testing.assert_array_equal(alone.inputs["x"], draws(7, "x", blocks=2))
    assert not np.any(among.inputs["a"] == among.inputs["b"])


def test_names_whose_hashes_meet_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two names of one tag would share every draw, so the set is refused (by chance: 1 in 1e11 for fifty rows)."""
    monkeypatch.setattr(philox, "tag", lambda name: 0)
    row = {"dist": "uniform", "low": 0, "high": 1, "interval": 1, "unit": "1"}
    with pytest.raises(Mistakes):
        prepare(build(settings_of({"a": row, "b": row}, drivers={})))


def correlations(columns: np.ndarray) -> np.ndarray:
    """z-scores of the correlation of every pair of columns, shape (pairs,)."""
    many = len(columns)
    z = columns - columns.mean(axis=0)
    z /= z.std(axis=0)
    matrix = z.T @ z / many
    return np.arctanh(matrix[np.triu_indices(columns.shape[1], 1)]) * np.sqrt(many - 3)


def neighbours(many_seeds: int, blocks: int) -> dict[str, np.ndarray]:
    """Streams that a careless generator would relate: neighbouring seeds, years of a name, and names."""
    seeds = [*range(many_seeds - 2), 2**32, 2**64 - 1]
    return {
        "seeds": np.stack([draws(seed, "x", 0, blocks) for seed in seeds], axis=1),
        "years": np.stack([draws(1, "x", purpose, blocks) for purpose in range(many_seeds)], axis=1),
        "names": np.stack([draws(1, f"x{k}", 0, blocks) for k in range(many_seeds)], axis=1),
    }


def check_unrelated(streams: dict[str, np.ndarray], verified: Verified) -> None:
    columns = next(iter(streams.values())).shape[1]
    pairs = columns * (columns - 1) // 2
    bound, farthest = limit(3 * 3 * pairs), 0.0
    for name, u in streams.items():
        for shifted in (u, np.roll(u, 1, axis=0), u[::-1]):
            mixed = np.where(np.arange(columns) % 2 == 0, u, shifted)
            z = correlations(special.ndtri(mixed))
            farthest = max(farthest, float(np.abs(z).max()))
            assert np.abs(z).max() < bound, (name, np.abs(z).max())
    many = len(next(iter(streams.values())))
    told = f"correlation of {columns} neighbouring seeds, years and names, {many:,} draws each"
    verified("A5", told, "", bound, farthest)


def test_neighbouring_streams_are_unrelated(verified: Verified) -> None:
    check_unrelated(neighbours(16, 64), verified)


@pytest.mark.long
def test_many_neighbouring_streams_are_unrelated(verified: Verified) -> None:
    check_unrelated(neighbours(64, 1954), verified)  # 1e6 draws each


def test_uniforms_are_uniform_in_one_and_two_dimensions(verified: Verified) -> None:
    u = draws(1, "gwp_start", blocks=2048)
    n = len(u)
    counts = np.bincount((u * 1024).astype(int), minlength=1024)
    z = [(counts - n / 1024) / np.sqrt(n / 1024 * (1 - 1 / 1024))]
    for other in (np.roll(u, 1), draws(1, "gwp_growth", blocks=2048), draws(2, "gwp_start", blocks=2048)):
        cell = np.bincount((u * 32).astype(int) * 32 + (other * 32).astype(int), minlength=1024)
        z.append((cell - n / 1024) / np.sqrt(n / 1024 * (1 - 1 / 1024)))
    verified("S1", "uniforms in 4,096 cells of a line and of squares", "", limit(4096), float(np.abs(z).max()))
    assert np.abs(z).max() < limit(4096)
    low_bits = (u * 2.0**52).astype(np.uint64) & np.uint64(1023)  # the last bits of the 52
    counts = np.bincount(low_bits.astype(int), minlength=1024)
    assert np.abs((counts - n / 1024) / np.sqrt(n / 1024)).max() < limit(1024)
