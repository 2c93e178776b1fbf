"""The arithmetic of counting: means and deviations of data that defeat naive sums, and errors that fall as they must.

The data are those of NIST's Statistical Reference Datasets that can be written from a rule: NumAcc1 to 4 and the digits
of pi. What is true is computed here in fractions of the decimal numbers. Scores are correct digits, -log10 of the
relative error, at most 15.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import kernel_values
import mpmath
import numpy as np
import pytest
from conftest import Verified
from kernel_values import settings_of

from simulate import binning, forecast, histograms, summary
from simulate.assumptions import build
from simulate.blocks import DRAWS
from simulate.engines.work import MOST_BLOCKS
from simulate.histograms import BINS, CELLS, FAR, SQUARES
from simulate.summary import Sum


def alternating(first: str, low: str, high: str, pairs: int) -> list[str]:
    return [first, *(value for _ in range(pairs) for value in (low, high))]


def digits_of_pi() -> list[str]:
    with mpmath.workdps(5010):
        return list(mpmath.nstr(+mpmath.pi, 5005).replace(".", "")[:5000])


DATA = {
    "NumAcc1": ["10000001", "10000003", "10000002"],
    "NumAcc2": alternating("1.2", "1.1", "1.3", 500),
    "NumAcc3": alternating("1000000.2", "1000000.1", "1000000.3", 500),
    "NumAcc4": alternating("10000000.2", "10000000.1", "10000000.3", 500),
    "PiDigits": digits_of_pi(),
}


def counted(values: np.ndarray) -> tuple[float, float, float]:
    """Mean, standard deviation and width of a bin, as a run counts them."""
    watch = histograms.place(values[None, None, :DRAWS], np.zeros(1, np.int64))
    counts = histograms.empty(watch, False)
    index, weights = np.zeros(DRAWS, np.uint16), np.ones(DRAWS, np.int64)
    total = Sum(counts)
    for start in range(0, len(values), DRAWS):
        block = np.zeros(DRAWS)
        some = values[start : start + DRAWS]
        block[: len(some)] = some
        binning.count(watch.place[0, 0], counts, 0, 0, block, len(some), weights, index)
        total.take(counts)
    mean, sd = summary.moments(watch, total, len(values))
    return float(mean[0, 0]), float(sd[0, 0]), float(watch.place["width"][0, 0])


@pytest.mark.parametrize("weight", [None, 2**32, 1], ids=["without weights", "heaviest", "lightest"])
@pytest.mark.parametrize("bins", [BINS, 2.0**17, 1.5 * 2.0**40, FAR], ids=["near", "far", "very far", "farthest"])
def test_draws_far_out_are_in_the_moments(bins: float, weight: int | None) -> None:
    """A whole step of draws outside the histogram, as many and as heavy as may be."""
    pilot = np.linspace(0.0, 1.0, DRAWS)
    watch = histograms.place(pilot[None, None], np.zeros(1, np.int64))
    counts = histograms.empty(watch, weight is not None)
    place, one = watch.place[0, 0], weight or 1
    middle, reach = float(place["origin"] + BINS // 2 * place["width"]), float(bins * place["width"])
    block, index, weights = np.full(DRAWS, middle + reach), np.zeros(DRAWS, np.uint16), np.full(DRAWS, one, np.int64)
    block[::4] = middle - reach
    total, mass = Sum(counts), MOST_BLOCKS * DRAWS * one
    for _ in range(2):
        for _ in range(MOST_BLOCKS):
            binning.count(place, counts, 0, 0, block, DRAWS, weights, index)
        total.take(counts)
    mean, sd = summary.moments(watch, total, 2 * mass)
    assert (total.under[0, 0], total.over[0, 0], total.too_far[0, 0]) == (mass // 2, mass * 3 // 2, 0)
    assert mean[0, 0] == middle + 0.5 * reach
    assert sd[0, 0] == pytest.approx(reach * math.sqrt(0.75), rel=1e-15)


def test_a_draw_beyond_all_sums_makes_the_moments_infinite() -> None:
    pilot = np.linspace(0.0, 1.0, DRAWS)
    watch = histograms.place(pilot[None, None], np.zeros(1, np.int64))
    counts, place = histograms.empty(watch, False), watch.place[0, 0]
    index, weights = np.zeros(DRAWS, np.uint16), np.ones(DRAWS, np.int64)
    for sign in (1, -1):
        for value in (1.001 * FAR * place["width"], math.inf):
            total = Sum(counts)
            binning.count(place, counts, 0, 0, np.array([sign * value, *pilot[1:]]), DRAWS, weights, index)
            total.take(counts)
            mean, sd = summary.moments(watch, total, DRAWS)
            assert total.too_far[0, 0] == 1
            assert (mean[0, 0], sd[0, 0]) == (sign * math.inf, math.inf)


SELDOM = {"flag": "5e9*(u > 0.9995)", "nearly": "3 + 1e-9*u + 0.5*(u > 0.9995)"}


@pytest.mark.parametrize("evidence", [False, True], ids=["plain", "with evidence"])
def test_a_quantity_that_seldom_differs_has_its_moments(evidence: bool) -> None:
    """No draw of the pilot is among the few: the histogram is as narrow as can be, and these are far from it."""
    settings = settings_of(
        {"u": {"dist": "uniform", "low": 0, "high": 1, "interval": 1, "unit": "1"}},
        horizon=2027,
        quantities={name: {"formula": formula, "unit": "OOM"} for name, formula in SELDOM.items()},
        evidence={"seen": {"loglik": "-u"}} if evidence else {},
    )
    draws = 2**17
    found = forecast.run(build(settings), draws, 1)
    u = kernel_values.values(settings, draws).inputs["u"]
    assert np.sum(u > 0.9995) > 20
    assert not np.any(u[:DRAWS] > 0.9995)
    weight = np.rint(2.0**32 * np.exp(-u)) if evidence else np.ones(draws)
    for name, formula in SELDOM.items():
        value = eval(formula, {"u": u})  # as Python reads it
        mean = np.average(value, weights=weight)
        sd = math.sqrt(np.average((value - mean) ** 2, weights=weight))
        assert found[f"{name}_mean"][0] == pytest.approx(mean, rel=1e-12), name
        assert found[f"{name}_sd"][0] == pytest.approx(sd, rel=1e-9), name
        middle = found[name].sel(quantile=[0.05, 0.5, 0.95]).values[:, 0]
        assert middle == pytest.approx(np.full(3, np.median(value)), abs=1e-8), name


def test_a_number_of_any_size_is_counted_where_it_belongs() -> None:
    """One strange number in a block of common ones: each power of two, infinity, what is not a number."""
    pilot = np.linspace(0.0, 1.0, DRAWS)
    watch = histograms.place(pilot[None, None], np.zeros(1, np.int64))
    counts, place = histograms.empty(watch, False), watch.place[0, 0]
    index, weights = np.zeros(DRAWS, np.uint16), np.ones(DRAWS, np.int64)
    powers = 2.0 ** np.arange(-1074, 1024)
    ends = place["origin"] + place["width"] * np.array([0.0, BINS])
    strange = [*powers, *-powers, *ends, *np.nextafter(ends, -np.inf), 0.0, -0.0, np.inf, -np.inf, np.nan]
    common = Counter[int](((pilot[1:] - place["origin"]) / place["width"]).astype(int).tolist())
    for value in strange:
        binning.count(place, counts, 0, 0, np.array([value, *pilot[1:]]), DRAWS, weights, index)
        total = Sum(counts)
        total.take(counts)
        with np.errstate(over="ignore"):
            cells = (value - place["origin"]) / place["width"] * CELLS
        bin_of = None if not 0.0 <= np.rint(cells) < BINS * CELLS else int(np.rint(cells) // CELLS)
        expected = common + Counter[int]([] if bin_of is None else [bin_of])
        found = {i: int(many) for i, many in enumerate(total.bins[0, 0]) if many}
        assert found == expected, value
        outside = [total.under[0, 0], total.over[0, 0], total.nan[0, 0]]
        low, none = cells < -0.5, bool(np.isnan(value))
        assert outside == [int(low), int(bin_of is None and not low and not none), int(none)], value


def score(found: float, true: float) -> float:
    return 15.0 if found == true else min(-math.log10(abs(found - true) / abs(true)), 15.0)


@pytest.mark.parametrize("name", DATA)
def test_means_and_deviations_keep_their_digits(name: str, verified: Verified) -> None:
    """A value is rounded to 2^-32 of a bin and its square to 2^-30, which bounds both errors, far below those of any
    number of draws; and these are the digits that NIST would like to see.
    """
    exact = [Fraction(value) for value in DATA[name]]
    mean = sum(exact, Fraction(0)) / len(exact)
    sd = math.sqrt(sum(((value - mean) ** 2 for value in exact), Fraction(0)) / len(exact))
    found, deviation, width = counted(np.array([float(value) for value in DATA[name]]))
    wanted = {"mean": 13.0, "deviation": {"NumAcc4": 8.2, "NumAcc3": 9.4}.get(name, 13.0)}
    for what, digits in (("mean", score(found, float(mean))), ("deviation", score(deviation, sd))):
        told = f"{name}: correct digits of the {what}"
        verified("S11", told, round(digits, 1), wanted[what])
        assert digits >= wanted[what], told
    rounding = 1e-15 * abs(float(mean))
    assert abs(found - float(mean)) <= 0.5 * width / CELLS + rounding
    assert abs(deviation - sd) <= 0.25 * width / SQUARES / (sd / width) + rounding


def test_the_error_falls_with_the_root_of_the_number_of_draws(verified: Verified) -> None:
    """The spread between groups of 2^4 to 2^12 draws of one run, for a probability and for a mean."""
    many, years = 2**21, {"horizon": 2027}
    row = {"unit": "OOM", "dist": "normal", "mean": 0, "sd": 1}
    own = {"x": {"formula": "a", "unit": "OOM"}}
    level = {"level": {"value": 0.5, "unit": "OOM", "quantity": "x"}}
    one = build(settings_of({"a": row}, drivers={}, quantities=own, thresholds=level, **years))
    member = forecast.simulate(one, many, 1, keep="draws").members[0].member
    for what, values in (("probability", member.crossings[0] <= 2026), ("mean", member.trajectories[0, 0])):
        sizes = 2 ** np.arange(4, 13)
        spreads = [values.reshape(-1, size).mean(axis=1, dtype=np.float64).std() for size in sizes]
        slope = float(np.polyfit(np.log(sizes), np.log(spreads), 1)[0])
        verified(
            "S12",
            f"power of the number of draws with which the error of a {what} falls",
            round(slope, 4),
            "-0.5 ± 0.02",
        )
        assert abs(slope + 0.5) < 0.02


@pytest.mark.parametrize("evidence", [{}, {"nothing": {"loglik": "0 * a", "source": "none"}}])
def test_what_the_first_draws_do_not_show_still_counts(evidence: dict[str, Any]) -> None:
    """A flag that is set in 5 of 10,000 draws, none of them in the pilot that lays out its histogram."""
    rows = {"a": {"unit": "OOM", "dist": "normal", "mean": 0, "sd": 1}}
    own = {"flag": {"formula": "10 + 30 * max(0, min(1, 1e9 * (a - 3.29)))", "unit": "OOM"}}
    one = build(settings_of(rows, drivers={}, quantities=own, thresholds={}, evidence=evidence, horizon=2027))
    found = forecast.run(one, 2**17, 1, levels=(0.9999,))
    share = NormalDist().cdf(-3.29)
    error = 30 * math.sqrt(share / 2**17)
    assert float(found["flag_mean"][0]) == pytest.approx(10 + 30 * share, abs=5 * error)
    assert float(found["flag_sd"][0]) == pytest.approx(30 * math.sqrt(share), rel=0.3)
    assert float(found["flag"].sel(quantile=0.5)[0]) == pytest.approx(10, abs=0.05)


def test_an_input_may_be_less_than_the_first_draws_show() -> None:
    """All values of the pilot are above 0, as those of a logarithm would be; some of the others are not.

    A distribution says itself that it goes on below 0. Of a formula only the pilot is known, so what lies at or below 0
    is below all that is counted, but no draw is lost.
    """
    normal = {"unit": "1", "dist": "normal", "mean": 1, "sd": 0.36}
    rows = {"a": normal, "b": {"formula": "a", "unit": "1"}}
    one = build(settings_of(rows, drivers={}, thresholds={}, quantities={"q": {"formula": "a + b", "unit": "OOM"}}))
    found = forecast.run(one, 2**18, 7, levels=(0.001, 0.05))["inputs"]  # a pilot from 0.07 to 2.02
    for level in (0.001, 0.05, 0.5):
        z = NormalDist().inv_cdf(level)
        error = 0.36 * math.sqrt(level * (1.0 - level) / 2**18) / NormalDist().pdf(z)
        a, b = (float(found.sel(input=name, quantile=level)) for name in ("a", "b"))
        assert a == pytest.approx(1 + 0.36 * z, abs=5 * error)
        assert b == (pytest.approx(a, abs=0.01) if level > 0.01 else -math.inf)
