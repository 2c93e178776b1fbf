"""Rank correlations: what the user states, and the triangular matrix that makes normal scores move together.

A Spearman correlation r of two inputs is reached by a Gaussian copula with Pearson correlation 2 sin(pi r / 6). The
matrix is factored (Cholesky) in the order of first appearance, in plain arithmetic: an unrelated row moves nothing, and
every machine gets the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simulate.errors import Mistake, did_you_mean, shown
from simulate.rows import Row, Where, is_number

MOST = 200
PI_SIXTH = 0.5235987755982989


class Correlations(NamedTuple):
    """The inputs that move together, in order of first appearance, and the lower triangular factor of their matrix."""

    names: tuple[str, ...]
    factor: np.ndarray


NONE = Correlations((), np.zeros((0, 0)))


def pearson(spearman: float) -> float:
    """The Pearson correlation of normal scores with that rank correlation: 2 sin(pi r / 6), by its series."""
    x = spearman * PI_SIXTH
    term, total = x, x
    for k in range(1, 12):
        term = -term * x * x / ((2 * k) * (2 * k + 1))
        total += term
    return 2.0 * total


def spearman(pearson: Any) -> Any:
    """The other way, elementwise: the rank correlation 6/pi asin(r / 2), by its series."""
    x = 0.5 * np.clip(pearson, -1.0, 1.0)
    term, total = x, x
    for k in range(1, 26):
        term = term * x * x * ((2 * k - 1) * (2 * k - 1)) / ((2 * k) * (2 * k + 1))
        total = total + term
    return total / PI_SIXTH


def correlate(
    given: Any, drawn: Mapping[str, Row], broken: set[str], where: Where, mistakes: list[Mistake], notes: list[str]
) -> Correlations:
    """Check the stated pairs and factor their matrix; appends mistakes, and a note for each pinned member that
    leaves.
    """
    pairs: dict[tuple[str, str], float] = {}
    before = len(mistakes)
    if not isinstance(given, Sequence) or isinstance(given, str):
        mistakes.append(
            Mistake(
                where("correlations"), f"correlations = {shown(given)}", "a list of [input, input, rank correlation]"
            )
        )
        return NONE
    for number, item in enumerate(given):
        key = f"correlations[{number}]"
        pair = _pair(item, key, drawn, broken, where, mistakes, notes)
        if pair is None:
            continue
        a, b, r = pair
        known = pairs.get((a, b), pairs.get((b, a)))
        if known is not None and known != r:
            mistakes.append(
                Mistake(where("correlations"), f"{key}: {a} and {b} are given twice, {known:g} and {r:g}", "keep one")
            )
        elif known is None:
            pairs[a, b] = r
    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    if len(names) > MOST:
        mistakes.append(Mistake(where("correlations"), f"{len(names)} correlated inputs", f"at most {MOST}"))
    if len(mistakes) > before or not names:
        return NONE
    matrix = np.eye(len(names))
    for (a, b), r in pairs.items():
        i, j = names.index(a), names.index(b)
        matrix[i, j] = matrix[j, i] = pearson(r)
    factor = cholesky(matrix)
    if factor is None:
        mistakes.append(_impossible(names, pairs, matrix, where))
        return NONE
    return Correlations(names, factor)


def _pair(
    item: Any,
    key: str,
    drawn: Mapping[str, Row],
    broken: set[str],
    where: Where,
    mistakes: list[Mistake],
    notes: list[str],
) -> tuple[str, str, float] | None:
    if not isinstance(item, Sequence) or isinstance(item, str) or len(item) != 3:
        mistakes.append(
            Mistake(where("correlations"), f"{key} = {shown(item)}", "write [input, input, rank correlation]")
        )
        return None
    a, b, r = str(item[0]), str(item[1]), item[2]
    if not is_number(r) or not -1.0 < r < 1.0:
        mistakes.append(
            Mistake(
                where("correlations"), f"{key}: rank correlation {shown(r)}", "a number between -1 and 1, ends excluded"
            )
        )
        return None
    if a == b:
        mistakes.append(Mistake(where("correlations"), f"{key}: {a} with itself", "name two inputs"))
        return None
    for name in (a, b):
        row = drawn.get(name)
        if row is None:
            if name not in broken:
                mistakes.append(
                    Mistake(
                        where("correlations"),
                        f"{key}: no input is called '{name}'{did_you_mean(name, [*drawn, *broken])}",
                        "name inputs of this set",
                    )
                )
            return None
        if not row.drawn:
            if row.formula is not None:
                mistakes.append(
                    Mistake(where("correlations"), f"{key}: '{name}' is a formula", "correlate the inputs that it uses")
                )
            else:
                notes.append(f"{name} is pinned and leaves its correlation with {b if name == a else a}")
            return None
        if row.yearly:
            mistakes.append(
                Mistake(
                    where("correlations"),
                    f"{key}: '{name}' is drawn every year",
                    "rows of `each: year` stay uncorrelated",
                )
            )
            return None
        if row.family == "mixture":
            mistakes.append(
                Mistake(
                    where("correlations"),
                    f"{key}: '{name}' is a mixture, which has no rank to share",
                    "correlate a row within a formula instead",
                )
            )
            return None
    return a, b, float(r)


def cholesky(matrix: np.ndarray) -> np.ndarray | None:
    """The lower triangular factor, by plain arithmetic in row order; None if the matrix is not positive definite."""
    n = len(matrix)
    factor = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = float(matrix[i, j])
            for k in range(j):
                rest -= factor[i][k] * factor[j][k]
            if i == j:
                if rest <= 1e-12:
                    return None
                factor[i][i] = math.sqrt(rest)
            else:
                factor[i][j] = rest / factor[j][j]
    return np.array(factor)


def _impossible(
    names: tuple[str, ...], pairs: Mapping[tuple[str, str], float], matrix: np.ndarray, where: Where
) -> Mistake:
    """No inputs can have these correlations: name the pair that bends most on the way to the nearest matrix that can
    be.
    """
    lowest = float(np.linalg.eigvalsh(matrix)[0])
    near = _nearest_possible(matrix)

    def possible(pair: tuple[str, str]) -> float:
        return float(spearman(near[names.index(pair[0]), names.index(pair[1])]))

    worst = max(pairs, key=lambda pair: abs(possible(pair) - pairs[pair]))
    return Mistake(
        where("correlations"),
        f"no inputs can have these correlations together (smallest eigenvalue {lowest:.2g})",
        f"change {worst[0]} with {worst[1]} from {pairs[worst]:g}; the nearest possible value is {possible(worst):.3f}",
    )


def _nearest_possible(matrix: np.ndarray) -> np.ndarray:
    """The nearest correlation matrix, by alternating projections (Higham 2002)."""
    y, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(500):
        r = y - correction
        values, vectors = np.linalg.eigh(r)
        x = (vectors * np.maximum(values, 1e-6)) @ vectors.T
        correction = x - r
        y = x.copy()
        np.fill_diagonal(y, 1.0)
    return y
