"""Quantiles of mixtures, whose parts overlap: against the distribution functions of SciPy, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulate import quantiles
from simulate.distributions import shape
from simulate.sampling import maker, values_at

LEVELS = (0.003, 0.05, 0.1, 0.31, 0.5, 0.77, 0.9, 0.99)
PARTS = [
    {"weight": 0.25, "dist": "normal", "mean": 5, "sd": 1},
    {"weight": 0.5, "dist": "normal", "mean": 0, "sd": 2},
    {"weight": 0.25, "value": 1.0},
]
MIXED = shape({"dist": "mixture", "parts": PARTS})


def distribution(x: float) -> float:
    return 0.25 * stats.norm.cdf(x, 5, 1) + 0.5 * stats.norm.cdf(x, 0, 2) + 0.25 * (x >= 1.0)


@pytest.mark.parametrize(("level", "found"), list(zip(LEVELS, quantiles.at(MIXED, LEVELS), strict=True)))
def test_a_quantile_of_a_mixture_is_where_its_distribution_function_reaches_the_level(
    level: float, found: float
) -> None:
    if found == 1.0:  # the certain value lies at these levels
        assert distribution(np.nextafter(1.0, 0.0)) < level <= distribution(1.0)
    else:
        assert distribution(found) == pytest.approx(level, rel=1e-9)


def test_the_order_of_the_parts_means_nothing() -> None:
    turned = shape({"dist": "mixture", "parts": PARTS[::-1]})
    assert quantiles.at(turned, LEVELS) == pytest.approx(quantiles.at(MIXED, LEVELS), rel=1e-9)
    assert values_at(turned, LEVELS) != pytest.approx(values_at(MIXED, LEVELS), rel=0.1)


@pytest.mark.parametrize("x", [-3.7, 0.2, np.nextafter(1.0, 0.0), 1.0, 4.9])
def test_the_share_below_a_value(x: float) -> None:
    assert quantiles.share_below(MIXED, x) == pytest.approx(distribution(x), rel=1e-9)


@pytest.mark.parametrize(
    "row",
    [
        {"dist": "lognormal", "low": 2, "high": 9},
        {"dist": "triangular", "low": 1, "mode": 2, "high": 7, "interval": 1},
        {"quantiles": [[0.05, 17], [0.5, 21.2], [0.95, 29.3]]},
    ],
    ids=["lognormal", "triangular", "quantiles"],
)
def test_elsewhere_they_are_the_values_of_the_kernel(row: dict[str, object]) -> None:
    one = shape(row)
    found = quantiles.at(one, LEVELS)
    assert found == values_at(one, LEVELS)
    assert [quantiles.share_below(one, x) for x in found] == pytest.approx(list(LEVELS), rel=1e-12)


def test_the_ends_are_those_of_any_part() -> None:
    low, high = quantiles.ends(shape({"dist": "mixture", "parts": [
        {"weight": 0.5, "dist": "uniform", "low": 3, "high": 4, "interval": 1},
        {"weight": 0.5, "dist": "uniform", "low": -2, "high": 1, "interval": 1},
    ]}))  # fmt: skip
    assert (low, high) == pytest.approx((-2.0, 4.0))


def test_a_part_that_its_unit_cannot_mean_is_seen_wherever_it_stands() -> None:
    """The first part of this mixture is fine; the second reaches below zero, where a growth factor has no logarithm."""
    from kernel_values import settings_of

    from simulate.assumptions import build
    from simulate.errors import Mistakes

    parts = [{"weight": 0.5, "value": 1.5}, {"weight": 0.5, "dist": "normal", "mean": 1, "sd": 0.4}]
    parts.append({"weight": 0.0, "value": 9.0})
    rows = {"trend_start": (26, "log10 FLOP"), "trend_growth": {"dist": "mixture", "parts": parts, "unit": "x/yr"}}
    with pytest.raises(Mistakes, match=r"trend_growth: x/yr must be above 0"):
        build(settings_of(rows, drivers={"trend": {}}))


def test_values_do_not_depend_on_what_was_asked_before() -> None:
    """A table of quantiles knows of uniforms alone: nothing of an earlier answer may be taken for one."""
    values = maker(shape({"dist": "metalog", "low": 100, "mid": 200, "high": 900, "min": 0}))
    first = values(np.linspace(0.01, 0.99, 512))
    assert values(np.array([0.99])) == first[-1]
    assert np.array_equal(values(np.linspace(0.01, 0.99, 512)), first)
