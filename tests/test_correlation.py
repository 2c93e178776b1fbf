"""Correlations: the stated rank correlation is reached, the distributions stay, and nothing else moves.

Ranks are what people can state; a Gaussian copula with Pearson correlation 2 sin(pi r / 6) has them. The reached
correlation is estimated in many batches, whose own scatter gives the error of their mean, so that the z-score needs no
approximation. An impossible table of correlations is answered with the pair to change and the nearest possible value.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import mpmath
import numpy as np
import pytest
from conftest import Verified
from kernel_values import settings_of, values
from scipy import stats

from simulate.assumptions import build
from simulate.correlation import cholesky, pearson
from simulate.errors import Mistakes

FALSE_ALARMS = 1e-6
NAMES = "abcdfghk"
FAMILIES: list[dict[str, Any]] = [
    {"dist": "lognormal", "low": 1, "high": 3},
    {"dist": "uniform", "low": 0, "high": 1},
    {"dist": "triangular", "low": 0, "mode": 0, "high": 1},
    {"dist": "normal", "low": -1, "high": 1, "max": 0.5},
    {"dist": "metalog", "low": 1, "mid": 2, "high": 4},
    {"quantiles": [[0.1, 0], [0.5, 1], [0.9, 5]]},
    {"dist": "loguniform", "low": 1, "high": 100},
    {"dist": "beta", "low": 0, "mode": 0.3, "high": 1, "interval": 1},
]


def table(names: str) -> dict[str, dict[str, Any]]:
    return {name: {**FAMILIES[k % len(FAMILIES)], "unit": "1"} for k, name in enumerate(names)}


def drawn(names: str, pairs: list[list[Any]], draws: int = 512, seed: int = 1) -> dict[str, np.ndarray]:
    settings = settings_of(table(names), drivers={}, correlations=pairs, horizon=2027)
    return values(settings, draws, seed).inputs


def check_reached(found: dict[str, np.ndarray], wanted: dict[tuple[str, str], float], comparisons: int) -> float:
    """The mean Spearman correlation of batches of 1,024 draws, each pair a t-score of its own; gives the farthest."""
    farthest = 0.0
    batches = {name: column.reshape(-1, 1024) for name, column in found.items()}
    many = len(next(iter(batches.values())))
    limit = stats.t.isf(FALSE_ALARMS / 2 / comparisons, many - 1)
    ranks = {name: stats.rankdata(column, axis=1) - 512.5 for name, column in batches.items()}
    for (a, b), r in wanted.items():
        each = (ranks[a] * ranks[b]).sum(axis=1) / (1024 * (1024**2 - 1) / 12)
        # Moran (1948): the expectation in a sample of n is 6/(pi (n+1)) (asin rho + (n-2) asin(rho/2))
        rho = 2 * math.sin(math.pi * r / 6)
        expected = 6 / math.pi / 1025 * (math.asin(rho) + 1022 * math.asin(rho / 2))
        t = (each.mean() - expected) / (each.std(ddof=1) / math.sqrt(many))
        assert abs(t) < limit, (a, b, r, each.mean(), t)
        farthest = max(farthest, abs(t))
    return farthest


def test_the_map_from_rank_to_pearson() -> None:
    for r in np.linspace(-0.999, 0.999, 201).tolist():
        assert pearson(r) == pytest.approx(float(2 * mpmath.sin(mpmath.pi * r / 6)), rel=1e-15)


PAIRS = (-0.99, -0.9, -0.5, -0.1, 0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99)


@pytest.mark.parametrize("r", PAIRS)
def test_a_pair_reaches_its_rank_correlation(r: float, verified: Verified) -> None:
    for first, second in (("a", "b"), ("d", "c")):
        found = drawn("abcd", [[first, second, r]], 64 * 1024)
        wanted = {pair: 0.0 for pair in itertools.combinations("abcd", 2)} | {
            (min(first, second), max(first, second)): r
        }
        told = "Spearman correlation of a pair and of all that is not correlated"
        verified("S6", told, "", "t of 1e-6", check_reached(found, wanted, len(PAIRS) * 12))


def possible_matrix(size: int, rng: np.random.Generator) -> np.ndarray:
    """Random rank correlations that some inputs can have together: those of a mixture of few common factors."""
    loads = rng.normal(size=(size, 2)) / 1.2
    covariance = loads @ loads.T + np.diag(rng.uniform(0.02, 1, size))
    scale = np.sqrt(np.diag(covariance))
    return 6 / np.pi * np.arcsin(covariance / np.outer(scale, scale) / 2)


@pytest.mark.parametrize("size", range(2, 9))
def test_many_inputs_reach_all_their_correlations(size: int, verified: Verified) -> None:
    names = NAMES[:size]
    ranks = possible_matrix(size, np.random.default_rng(size))
    wanted = {(a, b): float(ranks[names.index(a), names.index(b)]) for a, b in itertools.combinations(names, 2)}
    found = drawn(names, [[a, b, r] for (a, b), r in wanted.items()], 64 * 1024)
    verified("S6", "Spearman correlations of 2 to 8 inputs", "", "t of 1e-6", check_reached(found, wanted, 84))


def test_a_nearly_singular_table_is_reached() -> None:
    wanted = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): 0.65}
    matrix = np.array([[1, pearson(0.9), pearson(0.65)], [0, 1, pearson(0.9)], [0, 0, 1]])
    assert 0 < np.linalg.eigvalsh(matrix + matrix.T - np.eye(3))[0] < 0.01
    check_reached(drawn("abc", [[*pair, r] for pair, r in wanted.items()], 64 * 1024), wanted, 3)


def test_the_distributions_stay() -> None:
    """Each input keeps its own distribution: the counts below its deciles are those of an uncorrelated draw."""
    names, draws = NAMES, 128 * 512
    ranks = possible_matrix(8, np.random.default_rng(8))
    pairs = [[a, b, float(ranks[names.index(a), names.index(b)])] for a, b in itertools.combinations(names, 2)]
    together, alone = drawn(names, pairs, draws), drawn(names, [], draws, seed=2)
    z = []
    for name in names:
        for level in np.arange(1, 10) / 10:
            at = np.quantile(alone[name], level)
            z.append((np.mean(together[name] <= at) - level) / math.sqrt(2 * level * (1 - level) / draws))
    assert np.max(np.abs(z)) < stats.norm.isf(FALSE_ALARMS / 2 / len(z))


def test_what_is_not_correlated_does_not_move() -> None:
    """Bit for bit: rows beside a group, and the groups beside each other, in any order of rows and groups."""
    one, two = [["a", "b", 0.7], ["b", "c", 0.3]], [["g", "f", -0.4]]
    alone, first = drawn(NAMES, []), drawn(NAMES, one)
    for name in "dfghk":
        assert np.array_equal(first[name], alone[name])
    both, swapped = drawn(NAMES, one + two), drawn(NAMES, two + one)
    for name in "abc":
        assert np.array_equal(both[name], first[name])
        assert np.array_equal(swapped[name], first[name])
    for name in "fg":
        assert np.array_equal(both[name], drawn(NAMES, two)[name])
        assert np.array_equal(both[name], swapped[name])
    settings = settings_of(dict(reversed(table(NAMES).items())), drivers={}, correlations=one, horizon=2027)
    reversed_rows = values(settings).inputs
    for name in NAMES:
        assert np.array_equal(reversed_rows[name], first[name])


def test_the_first_of_a_group_keeps_its_own_draws() -> None:
    alone, together = drawn("ab", []), drawn("ab", [["a", "b", 0.8]])
    assert together["a"] == pytest.approx(alone["a"], rel=1e-12)
    assert not np.any(together["b"] == alone["b"])


def test_a_pinned_member_leaves_and_the_others_stay() -> None:
    rows = table("abc")
    pinned = {**rows, "b": {**rows["b"], "value": 0.5}}
    settings = settings_of(pinned, drivers={}, correlations=[["a", "b", 0.7], ["b", "c", 0.6], ["a", "c", 0.5]])
    built = build(settings)
    assert [note for note in built.notes if note.startswith("b is pinned")]
    found = values(settings).inputs
    expected = drawn("abc", [["a", "c", 0.5]])
    assert np.all(found["b"] == 0.5)
    for name in "ac":
        assert np.array_equal(found[name], expected[name])


def test_a_level_can_be_correlated_with_an_input() -> None:
    settings = settings_of(
        {
            "trend_start": {"dist": "normal", "low": 25, "high": 27, "unit": "log10 FLOP"},
            "trend_growth": (0.5, "OOM/yr"),
        },
        drivers={"trend": {}},
        thresholds={"far": {"dist": "lognormal", "low": 1e28, "high": 1e31, "unit": "FLOP"}},
        correlations=[["far", "trend_start", 0.6]],
    )
    found = values(settings, 64 * 1024).inputs
    check_reached(found, {("threshold:far", "trend_start"): 0.6}, 1)


@pytest.mark.parametrize(
    ("pairs", "culprits"),
    [
        ([["a", "b", 0.9], ["b", "c", 0.9], ["a", "c", -0.9]], "abc"),
        ([["a", "b", 0.9], ["b", "c", 0.9], ["a", "c", 0.1], ["d", "f", 0.99]], "abc"),
        ([["a", "b", 0.8], ["a", "c", 0.8], ["a", "d", 0.8]], "abcd"),
        ([["h", "a", 0.95], ["g", "a", 0.95], ["g", "h", 0.3], ["b", "a", 0.1]], "agh"),
    ],
)
def test_an_impossible_table_names_the_pair_and_the_nearest_value(pairs: list[list[Any]], culprits: str) -> None:
    with pytest.raises(Mistakes) as caught:
        build(settings_of(table(NAMES), drivers={}, correlations=pairs))
    text = str(caught.value)
    match = re.search(r"change (\w) with (\w) from (-?[\d.]+); the nearest possible value is (-?[\d.]+)", text)
    assert match, text
    a, b, stated, possible = match[1], match[2], float(match[3]), float(match[4])
    assert [a, b, stated] in pairs
    assert {a, b} <= set(culprits)
    assert abs(possible) < 1
    assert possible != stated
    eigenvalue = float(re.search(r"smallest eigenvalue (-[\d.e-]+)", text)[1])  # type: ignore[index]
    names = sorted({name for x, y, _ in pairs for name in (x, y)})
    matrix = np.eye(len(names))
    for x, y, r in pairs:
        i, j = names.index(x), names.index(y)
        matrix[i, j] = matrix[j, i] = pearson(r)
    assert eigenvalue == pytest.approx(np.linalg.eigvalsh(matrix)[0], rel=0.06)


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([["a", "b", 1.0]], "between -1 and 1"),
        ([["a", "b", 1.2]], "between -1 and 1"),
        ([["a", "b", True]], "between -1 and 1"),
        ([["a", "b", float("nan")]], "between -1 and 1"),
        ([["a", "b"]], "rank correlation"),
        (["ab"], "rank correlation"),
        ("ab", "a list"),
        ([["a", "a", 0.5]], "itself"),
        ([["a", "chip_growht", 0.5]], "chip_growth"),
        ([["a", "b", 0.5], ["b", "a", 0.4]], "twice"),
        ([["a", "made", 0.5]], "formula"),
        ([["a", "yearly", 0.5]], "every year"),
        ([["a", "mixed", 0.5]], "mixture"),
    ],
)
def test_correlations_that_mean_nothing(pairs: Any, says: str) -> None:
    rows = {
        **table("ab"),
        "chip_growth": {"dist": "lognormal", "low": 1.2, "high": 2, "unit": "x/yr"},
        "made": {"formula": "a + b + yearly + mixed", "unit": "1"},
        "yearly": {"dist": "uniform", "low": 0, "high": 1, "unit": "1", "each": "year"},
        "mixed": {"dist": "mixture", "parts": [{"weight": 0.5, "value": k} for k in (0, 1)], "unit": "1"},
    }
    with pytest.raises(Mistakes) as caught:
        build(settings_of(rows, drivers={}, correlations=pairs))
    assert says in str(caught.value)


def test_the_factor_gives_back_its_matrix() -> None:
    rng = np.random.default_rng(3)
    for size in range(1, 30):
        matrix = 2 * np.sin(np.pi / 6 * possible_matrix(size, rng))
        np.fill_diagonal(matrix, 1.0)
        factor = cholesky(matrix)
        assert factor is not None
        assert np.abs(factor @ factor.T - matrix).max() < 1e-14
        assert np.abs(factor - np.linalg.cholesky(matrix)).max() < 1e-10
    assert cholesky(np.array([[1.0, 1.0], [1.0, 1.0]])) is None
