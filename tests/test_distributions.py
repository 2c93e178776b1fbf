"""Distributions: every family, interval level, truncation and mixture against SciPy, quantile by quantile.

No randomness is needed to see whether a quantile function is right: the compiled one is read at 1e5 uniforms, half of
them in the tails down to 2^-53, and compared with closed forms (the upper half with the mirrored distribution, so that
neither tail loses digits). A part of a mixture or of a truncated distribution sees a stretched piece of the uniform,
and has the digits that the stretching leaves it; it is compared without the outermost 1e-7.

What the random numbers then do with it is a second question: moments and counts of a million draws, as z-scores whose
common limit leaves one false alarm in a million runs.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from conftest import Verified
from reference_model import distribution
from scipy import special, stats
from test_sampling import draws

from simulate.distributions import FAMILIES, Shape, Unfit, shape
from simulate.sampling import values_at

Row = dict[str, Any]
CLOSE = 1e-9
FALSE_ALARMS = 1e-6

LEVELS: list[Row] = [{}, *({"interval": level} for level in (0.5, 0.7, 0.9, 0.95, 0.999))]
BOUNDED = [*LEVELS, {"interval": 1}, {"interval": 1.0}]
QUOTED: list[Row] = [
    *({"dist": "normal", "low": 17, "high": 42, **level} for level in LEVELS),
    *({"dist": "lognormal", "low": 1.3, "high": 2, **level} for level in LEVELS),
    *({"dist": "uniform", "low": -4, "high": 42, **level} for level in BOUNDED),
    *({"dist": "loguniform", "low": 1e26, "high": 1e36, **level} for level in BOUNDED),
    *({"dist": "triangular", "low": 2027, "mode": 2030, "high": 2036, **level} for level in BOUNDED),
    *({"dist": "triangular", "low": 0, "mode": 0, "high": 1, **level} for level in BOUNDED),
    *({"dist": "triangular", "low": 0, "mode": 1, "high": 1, **level} for level in BOUNDED),
    *({"dist": "beta", "low": 8, "mode": 12, "high": 18, **level} for level in (LEVELS[0], LEVELS[3], BOUNDED[-1])),
    *({"dist": "beta", "low": 0, "mode": 0, "high": 1, **level} for level in (LEVELS[1], BOUNDED[-1])),
    *({"dist": "metalog", "low": 16, "mid": 26, "high": 40, **level} for level in LEVELS[:5]),
    *({"dist": "metalog", "low": 1.3, "mid": 1.9, "high": 3.5, "min": 1, **level} for level in LEVELS[:4]),
    {"dist": "metalog", "low": 1.1, "mid": 1.9, "high": 11, "min": 1, "max": 40},
    {"dist": "metalog", "low": 16, "mid": 29, "high": 40, "max": 60},
    {"dist": "metalog", "low": 0.2, "mid": 0.5, "high": 0.8, "min": 0, "max": 1, "interval": 0.6},
    {"quantiles": [[0.05, 17.0], [0.5, 21.2], [0.95, 29.3]]},
    {"quantiles": [[0.1, -3.0], [0.2, 0.0], [0.45, 1.0], [0.9, 1.5]]},
    {"quantiles": [[0.25, 0.0], [0.75, 1.0]]},
    {"dist": "normal", "mean": 0.624, "sd": 0.049},
    {"dist": "lognormal", "median": 0.266, "sd_ln": 0.9},
]
CUTS: list[Row] = [
    {"dist": "normal", "low": 17, "high": 42, "min": 20},
    {"dist": "normal", "low": 17, "high": 42, "max": 20},
    {"dist": "normal", "low": 17, "high": 42, "min": 41, "max": 80},
    {"dist": "normal", "mean": 0, "sd": 1, "min": 4},
    {"dist": "normal", "mean": 0, "sd": 1, "max": -4},
    {"dist": "normal", "mean": 0, "sd": 1, "min": -1, "max": 1},
    {"dist": "lognormal", "low": 0.25, "high": 0.5, "max": 1},
    {"dist": "lognormal", "low": 0.25, "high": 0.5, "max": 1, "min": -3},
    {"dist": "lognormal", "low": 2, "high": 10, "min": 1},
    {"dist": "lognormal", "low": 2, "high": 10, "interval": 0.9, "min": 1, "max": 100},
    {"dist": "uniform", "low": 0, "high": 1, "min": 0.2},
    {"dist": "uniform", "low": 0, "high": 1, "interval": 1, "min": -5, "max": 0.3},
    {"dist": "loguniform", "low": 1, "high": 1000, "min": 10, "max": 20},
    {"dist": "triangular", "low": 2027, "mode": 2030, "high": 2036, "min": 2029},
    {"dist": "triangular", "low": 2027, "mode": 2030, "high": 2036, "max": 2029.5},
    {"dist": "triangular", "low": 2027, "mode": 2030, "high": 2036, "min": 2031, "max": 2033},
    {"dist": "beta", "low": 8, "mode": 12, "high": 18, "interval": 1, "min": 9, "max": 15},
    {"dist": "beta", "low": 8, "mode": 12, "high": 18, "min": 10},
    {"quantiles": [[0.05, 17.0], [0.5, 21.2], [0.95, 29.3]], "min": 18, "max": 35},
    {"quantiles": [[0.05, 17.0], [0.5, 21.2], [0.95, 29.3]], "min": 22},
]
NORMAL: Row = {"dist": "normal", "low": 0, "high": 2}
MIXED: list[Row] = [
    {"dist": "mixture", "parts": [{"weight": 0.75, "value": 8}, {"weight": 0.25, **NORMAL}]},
    {
        "dist": "mixture",
        "interval": 0.9,
        "parts": [{"weight": 0.3, **NORMAL}, {"weight": 0.7, "dist": "uniform", "low": 5, "high": 6}],
    },
    {
        "dist": "mixture",
        "min": 0.5,
        "max": 5.5,
        "parts": [
            {"weight": 0.2, "value": 1},
            {"weight": 0.5, **NORMAL, "interval": 0.5},
            {"weight": 0.3, "dist": "triangular", "low": 4, "mode": 5, "high": 6},
        ],
    },
    {
        "dist": "mixture",
        "parts": [
            {"weight": 0.5, "dist": "metalog", "low": 16, "mid": 26, "high": 40},
            {"weight": 0.5, "quantiles": [[0.05, 17.0], [0.5, 21.2], [0.95, 29.3]]},
        ],
    },
]
ALL = [*QUOTED, *CUTS, *MIXED]


def name_of(row: Row) -> str:
    return " ".join(f"{value}" if key == "dist" else f"{key}={value}" for key, value in row.items())[:70]


@cache
def uniforms_to_try() -> np.ndarray:
    """1e5 points: half evenly, half in the tails; all of them uniforms that the kernel can draw."""
    rng = np.random.default_rng(1)
    tails = 2.0 ** -rng.uniform(1, 52.9, 25_000)
    u = np.concatenate([(np.arange(50_000) + 0.5) / 50_000, tails, 1.0 - tails, [2.0**-53, 1.0 - 2.0**-53]])
    return np.sort(u)


def mirrored(row: Row) -> Row:
    """The distribution of -X."""
    turned = {"low": "high", "high": "low", "min": "max", "max": "min"}
    found = {turned.get(key, key): value for key, value in row.items()}
    found |= {key: -found[key] for key in ("low", "mode", "mid", "high", "mean", "min", "max") if key in found}
    if "quantiles" in row:
        found["quantiles"] = [[1 - p, -value] for p, value in row["quantiles"][::-1]]
    return found


def in_logs(row: Row) -> Row:
    """The distribution of log10(X)."""
    found: Row = {"dist": {"lognormal": "normal", "loguniform": "uniform"}[row["dist"]]}
    found |= {key: math.log10(row[key]) for key in ("low", "high", "max") if key in row}
    found |= {"min": math.log10(row["min"])} if row.get("min", 0) > 0 else {}
    found |= {"interval": row["interval"]} if "interval" in row else {}
    if "median" in row:
        found |= {"mean": math.log10(row["median"]), "sd": row["sd_ln"] / math.log(10)}
    return found


def truth(row: Row, u: np.ndarray) -> np.ndarray:
    """The quantiles of u by SciPy's closed forms, each half from its own end."""
    if row.get("dist") in ("lognormal", "loguniform"):
        return 10.0 ** truth(in_logs(row), u)
    if row.get("dist") == "mixture":
        return distribution(row).quantile(u)
    value = np.empty_like(u)
    lower = u <= 0.5
    value[lower] = distribution(row).quantile(u[lower])
    value[~lower] = -distribution(mirrored(row)).quantile(1.0 - u[~lower])
    return value


SHAPES: dict[str, Shape] = {}


def shape_of(row: Row) -> Shape:
    """The shape of a row, laid out once."""
    if str(row) not in SHAPES:
        SHAPES[str(row)] = shape(row)
    return SHAPES[str(row)]


def compiled(row: Row, u: np.ndarray) -> np.ndarray:
    """Quantiles as the kernel draws them."""
    return np.array(values_at(shape_of(row), u.tolist()))


def points_for(row: Row) -> np.ndarray:
    """The uniforms at which a row is compared: without its ends and its seams if parts of it are stretched."""
    u, parts = uniforms_to_try(), shape_of(row).parts
    if all(part.scale == 1.0 for part in parts):
        return u
    seams = [0.0, *(part.upto for part in parts)]
    return u[np.min([np.abs(u - seam) for seam in seams], axis=0) > 1e-7]


@pytest.mark.parametrize("row", ALL, ids=name_of)
def test_quantiles(row: Row) -> None:
    u = points_for(row)
    ours, theirs = compiled(row, u), truth(row, u)
    low, middle, high = np.quantile(theirs, [0.1, 0.5, 0.9])
    error = np.abs(ours - theirs) / np.maximum(high - low, np.abs(theirs - middle))
    assert error.max() < CLOSE, (u[error.argmax()], error.max())


@pytest.mark.parametrize("row", [*QUOTED, *CUTS], ids=name_of)
def test_quantiles_rise_and_stay_within_bounds(row: Row) -> None:
    x = compiled(row, uniforms_to_try())
    slack = 1e-15 * np.abs(x).max()  # rounding may swap neighbours that are equal to 15 digits
    assert np.all(np.diff(x) >= -slack)
    assert np.all(x >= row.get("min", -math.inf) - slack)
    assert np.all(x <= row.get("max", math.inf) + slack)


def test_quantiles_of_a_very_skewed_metalog() -> None:
    test_quantiles({"dist": "metalog", "low": 1.1, "mid": 1.9, "high": 11, "min": 1, "interval": 0.5})


@pytest.mark.parametrize("row", [row for row in QUOTED if "low" in row], ids=name_of)
def test_low_and_high_are_the_ends_of_the_central_interval(row: Row) -> None:
    interval = row.get("interval", 0.8)
    if interval < 1:
        ends = compiled(row, np.array([(1 - interval) / 2, (1 + interval) / 2]))
        assert ends == pytest.approx([row["low"], row["high"]], rel=1e-9, abs=1e-9)
    else:
        assert compiled(row, np.array([2.0**-53, 1 - 2.0**-53])) == pytest.approx([row["low"], row["high"]], abs=1e-3)
    if "mid" in row:
        assert compiled(row, np.array([0.5]))[0] == pytest.approx(row["mid"], rel=1e-12)


def test_families_against_scipy_by_name() -> None:
    u = uniforms_to_try()[1:-1]
    z95 = 1.6448536269514727149
    for row, known in (
        ({"dist": "normal", "low": -1, "high": 3, "interval": 0.9}, stats.norm(1, 2 / z95)),
        ({"dist": "lognormal", "low": 2, "high": 4, "interval": 0.9}, stats.lognorm(math.log(2) / 2 / z95, 0, 8**0.5)),
        ({"dist": "uniform", "low": 1, "high": 9, "interval": 0.8}, stats.uniform(0, 10)),
        ({"dist": "loguniform", "low": 2, "high": 50, "interval": 1}, stats.loguniform(2, 50)),
        ({"dist": "triangular", "low": 1, "mode": 1.5, "high": 4, "interval": 1}, stats.triang(0.5 / 3, 1, 3)),
        ({"dist": "beta", "low": 1, "mode": 1.5, "high": 4, "interval": 1}, stats.beta(5 / 3, 13 / 3, 1, 3)),
        ({"dist": "normal", "mean": 1, "sd": 2, "min": 0.5, "max": 3}, stats.truncnorm(-0.25, 1, 1, 2)),
    ):
        assert row["dist"] in FAMILIES
        inside = (u > 1e-12) & (u < 1 - 1e-9)  # SciPy's own upper tails lose digits
        error = np.abs(compiled(row, u[inside]) - known.ppf(u[inside])) / known.std()
        assert error.max() < CLOSE, row


APART: Row = {
    "dist": "mixture",
    "interval": 1,
    "parts": [
        {"weight": 0.5, "dist": "uniform", "low": 0.1, "high": 0.4},
        {"weight": 0.5, "dist": "uniform", "low": 0.6, "high": 1.0},
    ],
}


def test_a_mixture_cut_to_one_of_its_parts_is_that_part() -> None:
    u = np.linspace(0.001, 0.999, 999)
    assert compiled(APART | {"min": 0.5}, u) == pytest.approx(0.6 + 0.4 * u)
    assert compiled(APART | {"max": 0.5}, u) == pytest.approx(0.1 + 0.3 * u)
    with pytest.raises(Unfit, match="keep only"):
        shape(APART | {"min": 2})


def test_the_mass_cut_off() -> None:
    for row, kept in (
        ({"dist": "normal", "mean": 0, "sd": 1, "min": 0}, 0.5),
        ({"dist": "normal", "mean": 0, "sd": 1, "min": 1, "max": 2}, special.ndtr(2) - special.ndtr(1)),
        ({"dist": "uniform", "low": 0, "high": 1, "interval": 1, "max": 0.25}, 0.25),
        ({"dist": "triangular", "low": 0, "mode": 0, "high": 1, "interval": 1, "max": 0.5}, 0.75),
        ({"dist": "mixture", "parts": [{"weight": 0.25, "value": 3}, {"weight": 0.75, **NORMAL}], "min": 1}, 0.625),
        (APART | {"min": 0.5}, 0.5),  # one part of a mixture is cut off whole
        ({"dist": "metalog", "low": 16, "mid": 26, "high": 40, "min": 0}, 1.0),  # bounds that it respects, not cuts
    ):
        assert shape(row).truncated == pytest.approx(1 - kept, abs=1e-12)


@pytest.mark.parametrize("part", [NORMAL, CUTS[0], QUOTED[3], {"dist": "metalog", "low": 16, "mid": 26, "high": 40}])
def test_a_mixture_of_weight_one_is_its_part_bit_for_bit(part: Row) -> None:
    u = uniforms_to_try()
    alone = compiled(part, u)
    other = {"weight": 0, "dist": "uniform", "low": -1000, "high": 1000}
    for parts in (
        [{"weight": 1, **part}],
        [{"weight": 1, **part}, other],
        [other, {"weight": 1.0, **part}],
        [other, {"weight": 1.0, **part}, other],
    ):
        assert np.array_equal(compiled({"dist": "mixture", "parts": parts}, u), alone)


@pytest.mark.parametrize("interval", [0, 80, 1.5, 1e-9, 9e-52, 5e-324])
@pytest.mark.parametrize("family", ["normal", "uniform", "loguniform", "metalog"])
def test_a_level_is_a_probability_that_says_something(family: str, interval: float) -> None:
    mid = {"mid": 1.5} if family == "metalog" else {}
    with pytest.raises(Unfit, match="interval = "):
        shape({"dist": family, "low": 1, **mid, "high": 2, "interval": interval})


def test_a_stated_value_wins() -> None:
    assert compiled({"value": 3.5, "dist": "normal", "low": 1, "high": 2}, np.array([0.1, 0.9])).tolist() == [3.5, 3.5]


def test_fields_of_other_families_and_both_ways_of_saying_are_refused() -> None:
    for row in (
        {"dist": "normal", "low": 1, "high": 2, "mode": 1.5},
        {"dist": "normal", "low": 1, "high": 2, "mean": 1.5, "sd": 1},
        {"dist": "uniform", "mean": 1.5, "sd": 1},
        {"dist": "normal", "low": 1, "high": 2, "interval": 1},
        {"dist": "metalog", "low": 1, "mid": 1.01, "high": 20},
        {"dist": "normal", "mean": 0, "sd": 1, "min": 8},
        {"dist": "normal", "mean": -1e308, "sd": 1e308, "min": 0},
        {"dist": "mixture", "parts": [{"weight": 0.5, "value": 1}, {"weight": 0.4, "value": 2}]},
    ):
        with pytest.raises(Unfit):
            shape(row)


def moments(row: Row) -> tuple[float, float, float]:
    """Mean, variance and fourth central moment, by Gauss-Legendre quadrature in every octave of u towards both ends."""
    nodes, weights = np.polynomial.legendre.leggauss(32)
    ends = np.concatenate([2.0 ** -np.arange(53, 0, -1.0), 1.0 - 2.0 ** -np.arange(2, 54.0)])
    ends = np.unique(np.concatenate([ends, [part.upto for part in shape_of(row).parts if part.upto < 1]]))
    middle, half = (ends[1:] + ends[:-1]) / 2, (ends[1:] - ends[:-1]) / 2
    u = (middle[:, None] + half[:, None] * nodes).ravel()
    w = (half[:, None] * weights).ravel()
    x = truth(row, u)
    mean = np.sum(w * x) / np.sum(w)
    second, fourth = (float(np.sum(w * (x - mean) ** k) / np.sum(w)) for k in (2, 4))
    return float(mean), second, fourth


#: A row of each sort for every run, all of them for the long one.
SOME = [row for row in QUOTED if row.get("interval", 0.9) == 0.9 and "beta" not in row.values()][::2]
SOME += [row for row in ALL if row.get("dist") == "beta" and row.get("interval") == 1][:1] + CUTS[2:16:4] + MIXED[::2]


def z_scores(row: Row) -> np.ndarray:
    """Mean, variance, and the counts below nine quantiles and five even points, of a million draws."""
    x = compiled(row, draws(20261122, name_of(row), blocks=1954))
    n = len(x)
    levels = np.array([0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999])
    mean, variance, fourth = moments(row)
    z = [(x.mean() - mean) / math.sqrt(variance / n), (x.var() - variance) / math.sqrt((fourth - variance**2) / n)]
    low, high = np.quantile(truth(row, (np.arange(1000) + 0.5) / 1000), [0.02, 0.98])
    points = np.linspace(low, high, 7)[1:-1]
    p = np.array([distribution(row).below(float(point)) for point in points])
    if row.get("dist") != "mixture":  # its quantile function is not sorted
        points, p = np.concatenate([points, truth(row, levels)]), np.concatenate([p, levels])
    if row.get("dist") == "metalog":
        points, p = points[5:], p[5:]  # its distribution function is known by bisection only
    below = np.array([np.count_nonzero(x <= point) for point in points]) / n
    inside = (p > 1e-5) & (p < 1 - 1e-5)
    return np.concatenate([z, ((below - p) / np.sqrt(p * (1 - p) / n))[inside]])


def limit(rows: int) -> float:
    """What none of the z-scores of so many rows passes, but for one run in a million."""
    return float(-special.ndtri(FALSE_ALARMS / 2 / (16 * rows)))


LIMIT_SOME, LIMIT_ALL = limit(len(SOME)), limit(len(ALL))


@pytest.mark.parametrize("row", SOME, ids=name_of)
def test_a_million_draws(row: Row, verified: Verified) -> None:
    farthest = float(np.max(np.abs(z_scores(row))))
    verified("S1", "a million draws of a row: farthest of its moments, quantiles and shares", "", LIMIT_SOME, farthest)
    assert farthest < LIMIT_SOME


@pytest.mark.long
@pytest.mark.parametrize("row", ALL, ids=name_of)
def test_a_million_draws_of_every_row(row: Row, verified: Verified) -> None:
    farthest = float(np.max(np.abs(z_scores(row))))
    verified(
        "S1", "a million draws of every row: farthest of its moments, quantiles and shares", "", LIMIT_ALL, farthest
    )
    assert farthest < LIMIT_ALL
