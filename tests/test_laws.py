"""Growth laws, limits and the stock of chips against mathematics done elsewhere: nothing random, no Monte Carlo error.

Every law is the integral of a rate. mpmath integrates the rate as the model states it and must find the kernel's level,
before and after the date from which the law runs. A limit is one line of mathematics at 40 digits. Results must not
depend on the step, and the stock of chips, the one thing that is integrated numerically, must solve its equation.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from kernel_values import settings_of, values
from random_sets import assumption_set
from reference_model import uniforms
from scipy import special

from simulate import forecast
from simulate.assumptions import build
from simulate.blocks import DRAWS
from simulate.errors import Mistakes
from simulate.laws import LAWS, LIMITS, PATH, logistic, logistic_amount
from simulate.quadrature import gauss_legendre

LOG10_2 = math.log10(2)
Parameters = dict[str, float]
CASES: dict[str, list[Parameters]] = {  # growth in OOM/yr, times in years
    "exponential": [{"growth": 0.62}, {"growth": -0.1}],
    "two-regime": [
        {"growth": 0.6, "growth_after": 0.2, "slowdown": 2029.3},
        {"growth": 0.6, "growth_after": 0.2, "slowdown": 2019.0},
        {"growth": 0.1, "growth_after": -0.3, "slowdown": 2033.0},
    ],
    "reversion": [
        {"growth": 0.62, "growth_after": 0.2, "reversion": 8.5},
        {"growth": 0.1, "growth_after": 0.5, "reversion": 0.7},
        {"growth": 0.7, "growth_after": 0.02, "reversion": 2.0},
    ],
    "decaying": [{"growth": 0.4, "half_life": 5.0}, {"growth": 0.4, "half_life": 300.0}],
    "lead-time": [{"growth": 0.5, "delay": 1.0}, {"growth": 0.5, "delay": 0.0}, {"growth": -0.2, "delay": 1.0}],
    "superexponential": [
        {"growth": 0.3, "acceleration": 0.04},
        {"growth": 0.15, "acceleration": 0.09},
        {"growth": 0.3, "acceleration": 0.0},
    ],
}
UNITS = {"growth": "OOM/yr", "growth_after": "OOM/yr", "delay": "years per OOM", "acceleration": "fraction"}
EVERY_CASE = [(law, case) for law, cases in CASES.items() for case in cases]


def rate(law: str, p: Parameters, at: float, year: Any) -> Any:
    """The growth rate at a date, as the model states it."""
    s, g = year - at, mpmath.mpf(p["growth"])
    if law == "two-regime":
        return g if year < p["slowdown"] else mpmath.mpf(p["growth_after"])
    if law == "reversion":
        w = mpmath.exp(-(s**2) / (2 * mpmath.mpf(p["reversion"]) ** 2))
        return g**w * mpmath.mpf(p["growth_after"]) ** (1 - w)
    if law == "decaying":
        return g * mpmath.mpf(2) ** (-s / p["half_life"])
    if law == "lead-time":
        return 1 / (1 / g + p["delay"]) if g > 0 else g
    if law == "superexponential":  # each doubling a share shorter: the rate is inverse to the time left to the pole
        shorter = mpmath.mpf(p["acceleration"])
        if not shorter:
            return g
        first = mpmath.log10(2) / g
        left = 1 - shorter * s / first
        return -mpmath.log10(2) / mpmath.log1p(-shorter) * shorter / first / left
    return g


def integrated(law: str, p: Parameters, at: float, year: float) -> float:
    """The growth from `at` to a date by quadrature."""
    corners = [c for c in [p.get("slowdown", at)] if min(at, year) < c < max(at, year)]
    pieces = np.linspace(at, year, 9).tolist()
    points = sorted({*pieces, *corners}, reverse=year < at)
    with mpmath.workdps(25):
        return float(mpmath.quad(lambda t: rate(law, p, at, t), [mpmath.mpf(x) for x in points])) if year != at else 0.0


def path_rows(law: str, p: Parameters, at: float | None = None, start: float = 26.0, **more: Any) -> dict[str, Any]:
    rows: dict[str, Any] = {f"trend_{name}": (value, UNITS.get(name, "year")) for name, value in p.items()}
    rows["trend_start"] = {"value": start, "unit": "log10 FLOP"} | ({"at": at} if at is not None else {})
    return rows | more


def test_an_amount_meets_its_limit_as_its_logarithm_does() -> None:
    """`logistic_amount` is the same curve without the logarithm; far below the limit, at it, far above, at infinity."""
    path = np.zeros(1, PATH).view(np.recarray)[0]
    path.limit[:] = 3.0
    path.value[:] = np.linspace(-40.0, 40.0, DRAWS)
    path.value[:4] = 3.0, math.inf, 300.0, -300.0
    made, level = np.zeros(DRAWS), path.value.copy()
    logistic_amount(path, 10.0**-path.limit, made)
    logistic(level, path.limit, np.zeros(DRAWS))
    np.testing.assert_allclose(np.log10(made), level, rtol=0, atol=2e-14)
    assert made[1] == pytest.approx(1000.0, rel=1e-15)


@pytest.mark.parametrize(("law", "p"), EVERY_CASE)
@pytest.mark.parametrize("at", [2026.0, 2022.0, 2028.75])
def test_a_law_is_the_integral_of_its_rate(law: str, p: Parameters, at: float) -> None:
    found = values(settings_of(path_rows(law, p, at), drivers={"trend": {"law": law}}, horizon=2044, step=0.5))
    level = found.results["trend"][:, 0]
    for k in (0, 3, 9, 17, 36):
        if not math.isfinite(level[k]):
            assert law == "superexponential"
            assert p["acceleration"] * (found.year[k] - at) * p["growth"] / LOG10_2 >= 1.0
            continue
        assert level[k] == pytest.approx(26.0 + integrated(law, p, at, float(found.year[k])), abs=1e-9)


def test_all_laws_and_limits_are_tried() -> None:
    assert set(CASES) == set(LAWS)
    assert {"none", "hard", "logistic", "exponential"} == set(LIMITS)


EVERY_YEAR = {"dist": "uniform", "low": 0.2, "high": 0.6, "unit": "OOM/yr", "each": "year"}


@pytest.mark.parametrize(
    ("law", "rows", "says"),
    [
        ("decaying", {"trend_half_life": {"dist": "normal", "low": -1, "high": 9, "unit": "year"}}, "above 0"),
        ("decaying", {"trend_half_life": (0, "year")}, "above 0"),
        ("lead-time", {"trend_delay": (-3, "years per OOM")}, "0 or more"),
        ("superexponential", {"trend_acceleration": (1, "fraction")}, "below 1"),
        ("superexponential", {"trend_acceleration": (-0.1, "fraction")}, "from 0"),
        ("reversion", {"trend_growth_after": (-0.1, "OOM/yr"), "trend_reversion": (3, "year")}, "0 or less"),
        ("exponential", {"trend_growth": EVERY_YEAR}, "changes every year"),
        ("exponential", {"trend_volatility": EVERY_YEAR}, "changes every year"),
        ("exponential", {"drawn": EVERY_YEAR, "trend_growth": {"formula": "drawn", "unit": "OOM/yr"}}, "every year"),
    ],
)
def test_what_a_law_has_no_meaning_for(law: str, rows: dict[str, Any], says: str) -> None:
    """A rate of every single year is no growth of a law; and its random numbers would be those of the shocks."""
    with pytest.raises(Mistakes, match=says):
        build(
            settings_of(path_rows(law, {"growth": 0.4}) | settings_of(rows)["inputs"], drivers={"trend": {"law": law}})
        )


def test_doublings_shorten_up_to_the_pole() -> None:
    """By counting: doubling number k takes first * (1 - a)^k; their sum is first / a, where the level is infinite."""
    first, shorter = 2.0, 0.25
    inputs = path_rows("superexponential", {"growth": LOG10_2 / first, "acceleration": shorter})
    found = values(settings_of(inputs, drivers={"trend": {"law": "superexponential"}}, horizon=2036, step=0.25))
    doublings = (found.results["trend"][:, 0] - 26) / LOG10_2
    elapsed = found.year - 2026
    for k, date in enumerate(np.cumsum([0.0] + [first * (1 - shorter) ** k for k in range(12)])):
        after = np.searchsorted(elapsed, date - 1e-9)
        assert doublings[after] >= k - 1e-9
        assert after == 0 or doublings[after - 1] < k
    assert np.array_equal(np.isinf(doublings), elapsed >= first / shorter)


LIMITED = np.concatenate([np.linspace(-40, 40, 401), [-299.0, -31.0, -30.0, 30.0, 31.0, 250.0]])


@pytest.mark.parametrize("limit", ["hard", "logistic", "exponential"])
def test_a_limit_is_its_line_of_mathematics(limit: str) -> None:
    """Levels from far below to far above the limit, and infinity (a pole), which must give the limit itself."""
    top, start, growth = 27.5, -280.0, 1.0
    inputs = path_rows("exponential", {"growth": growth}, start=start, trend_limit=(top, "log10 FLOP"))
    found = values(settings_of(inputs, drivers={"trend": {"limit": limit}}, horizon=2426, step=0.25))
    level, unlimited = found.results["trend"][:, 0], start + growth * (found.year - 2026)
    with mpmath.workdps(420):
        for k in range(0, len(level), 7):
            x = mpmath.mpf(10) ** (mpmath.mpf(float(unlimited[k])) - mpmath.mpf(top))
            share = {"hard": min(x, 1), "logistic": x / (1 + x), "exponential": -mpmath.expm1(-x)}[limit]
            assert level[k] == pytest.approx(float(top + mpmath.log10(share)), abs=2e-13)
    assert np.all(level <= top)
    pole = path_rows("superexponential", {"growth": 0.5, "acceleration": 0.5}, trend_limit=(top, "log10 FLOP"))
    options = {"trend": {"law": "superexponential", "limit": limit}}
    assert values(settings_of(pole, drivers=options, horizon=2030)).results["trend"][-1, 0] == pytest.approx(
        top, abs=1e-13
    )


@pytest.mark.parametrize("limit", ["hard", "logistic", "exponential"])
def test_a_limit_that_is_infinite_limits_nothing(limit: str) -> None:
    """Gross world product past its pole bounds no spending, be that finite or past a pole of its own."""
    inputs = {
        "gwp_start": (1e14, "USD"), "gwp_growth": (0.5, "OOM/yr"), "gwp_acceleration": (0.5, "1"),
        "spend_start": (1e9, "USD"), "spend_growth": (0.2, "OOM/yr"), "spend_limit_share": (1, "%"),
    }  # fmt: skip
    economy = {"economy": {"law": "superexponential"}}
    for law, expected in (("exponential", 9 + 0.2 * 8), ("superexponential", math.inf)):
        more = {"spend_acceleration": (0.9, "1")} if law == "superexponential" else {}
        options = {**economy, "investment": {"law": law, "limit": limit}}
        found = values(settings_of({**inputs, **more}, drivers=options, horizon=2034)).results
        assert math.isinf(found["gwp"][-1, 0])
        assert found["spend"][-1, 0] == pytest.approx(expected, abs=1e-12)


def test_the_smaller_of_two_limits_of_spending_counts() -> None:
    inputs = {
        "gwp_start": (1e14, "USD"), "gwp_growth": (3, "%/yr"), "spend_start": (1e9, "USD"),
        "spend_growth": (1, "OOM/yr"), "spend_limit_share": (1, "%"), "spend_limit": (1.1e12, "USD"),
    }  # fmt: skip
    found = values(settings_of(inputs, drivers={"economy": {}, "investment": {"limit": "hard"}}, horizon=2036))
    share = 1e12 * 1.03 ** np.arange(11)
    expected = np.minimum(np.minimum(share, 1.1e12), 1e9 * 10.0 ** np.arange(11))
    assert found.results["spend"][:, 0] == pytest.approx(np.log10(expected), abs=1e-13)


@pytest.mark.parametrize("number", range(1000, 1010))
def test_results_do_not_depend_on_the_step(number: int) -> None:
    """The same set on grids of 1, 1/2, 1/4, 1/3 and 1/10 year agrees at the common instants, shocks included."""
    config = assumption_set(number)
    config |= {"quantities": {}, "ceilings": {}, "thresholds": {}, "correlations": [], "inactive": []}
    config["inputs"] = {
        name: row for name, row in config["inputs"].items() if "formula" not in row and name not in ("lift", "ratio")
    }
    for name in [n.removesuffix("_start") for n in config["inputs"] if n.endswith("_start")]:
        config["inputs"].setdefault(f"{name}_growth", {"value": 0.1, "unit": "OOM/yr"})
    for name in ("wobble", "certain", "largest_run_growth", "chip_stock_growth"):
        config["inputs"].pop(name, None)
    if not set(config["drivers"]) & {"chips", "power", "data", "latency", "trend"}:
        config["drivers"]["trend"] = {}
        config["inputs"] |= settings_of({"trend_start": (26, "log10 FLOP"), "trend_growth": (0.4, "OOM/yr")})["inputs"]
    config |= {"start": 2026, "horizon": 2033}
    coarse = values({**config, "step": 1}).results
    for step, every in ((0.5, 2), (0.25, 4), (0.3333333333, 3), (0.1, 10)):
        fine = values({**config, "step": step}).results
        for name, level in coarse.items():
            if name.startswith("largest") or "algorithm" in name or name == "effective_compute":
                continue  # a running maximum sees more on a finer grid
            with np.errstate(invalid="ignore"):
                off = np.where(level == fine[name][::every], 0.0, np.abs(level - fine[name][::every]))
            stock = "chips" in name or name == "training_compute"
            assert np.all(off <= (1e-8 if stock else 1e-11)), (name, off.max())


CHIPS = {
    "chip_share": (10, "%"), "chip_flops": (1e15, "FLOP/s"), "utilisation": (0.4, "fraction"),
    "run_length_start": (100, "day"), "run_length_growth": (0, "OOM/yr"), "chip_start": (1e7, "H100e/yr"),
    "chip_stock_start": (2e7, "H100e"),
}  # fmt: skip


def stock(inputs: dict[str, Any], step: float = 1, horizon: float = 2034, **options: Any) -> np.ndarray:
    """The stock of chips in H100e."""
    settings = settings_of({**CHIPS, **inputs}, drivers={"chips": options, "run": {}}, step=step, horizon=horizon)
    return 10.0 ** values(settings).results["chips"]


@pytest.mark.parametrize("growth", [0.1, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("retired", [0.0, 0.2, 0.6])
def test_the_stock_of_chips_in_closed_form(growth: float, retired: float) -> None:
    """Output 1e7 * exp(k t) and retirement r: S = S0 exp(-r t) + 1e7 (exp(k t) - exp(-r t)) / (k + r)."""
    t, k = np.arange(9.0), growth * math.log(10)
    expected = 2e7 * np.exp(-retired * t) + 1e7 * (np.exp(k * t) - np.exp(-retired * t)) / (k + retired)
    found = stock({"chip_growth": (growth, "OOM/yr"), "chip_retirement": (retired, "1/yr")})[:, 0]
    assert np.abs(np.log10(found / expected)).max() < 1e-9


def test_a_stock_stated_for_an_earlier_date() -> None:
    t, k, r = np.arange(9.0), 0.3 * math.log(10), 0.2
    s = t + 2.6  # years since 2023.4
    made = (np.exp(k * t) - np.exp(-2.6 * k - r * s)) / (k + r)
    inputs: dict[str, Any] = {"chip_growth": (0.3, "OOM/yr"), "chip_retirement": (r, "1/yr")}
    inputs["chip_stock_start"] = {"value": 2e6, "unit": "H100e", "at": 2023.4}
    found = stock(inputs)[:, 0]
    assert np.abs(np.log10(found / (2e6 * np.exp(-r * s) + 1e7 * made))).max() < 1e-9


def test_a_stock_stated_for_a_later_date_is_refused() -> None:
    inputs = {"chip_growth": (0.1, "OOM/yr"), "chip_stock_start": {"value": 2e8, "unit": "H100e", "at": 2027.5}}
    with pytest.raises(Mistakes, match="after the start"):
        stock(inputs)


def test_the_stock_under_yearly_shocks_in_closed_form() -> None:
    """Within a year the shock adds to the growth, so output is an exponential between whole years."""
    volatility, r = 0.15, 0.25
    inputs = {"chip_growth": (0.3, "OOM/yr"), "chip_volatility": (volatility, "OOM/yr"), "chip_retirement": (r, "1/yr")}
    found = stock(inputs, step=0.5)
    level, held = np.full(512, 7.0), np.full(512, 2e7)
    for year in range(8):
        z = special.ndtri(uniforms(1, "chip_volatility", 1 + year, 512))
        slope = (0.3 + volatility * z) * math.log(10)
        for half in (0.5, 1.0):
            grown = held * math.exp(-r * half) + 10**level * (np.exp(slope * half) - math.exp(-r * half)) / (slope + r)
            assert np.abs(np.log10(found[2 * year + int(2 * half)] / grown)).max() < 1e-9
        held, level = grown, level + slope / math.log(10)


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"law": "decaying"}, {"chip_half_life": (4, "year")}),
        ({"law": "reversion"}, {"chip_growth_after": (0.1, "OOM/yr"), "chip_reversion": (3, "year")}),
        ({"law": "lead-time"}, {"chip_delay": (1, "years per OOM")}),
        ({"limit": "logistic"}, {"chip_limit": (1e9, "H100e/yr")}),
        ({"law": "decaying", "limit": "exponential"}, {"chip_half_life": (6, "year"), "chip_limit": (3e8, "H100e/yr")}),
    ],
)
def test_the_stock_solves_its_equation(options: dict[str, Any], more: dict[str, Any]) -> None:
    """S(t) = S0 exp(-r t) + the integral of output * exp(-r (t - s)), the output read from a fine run of the kernel."""
    r, many = 0.3, 200
    inputs = {**CHIPS, "chip_growth": (0.4, "OOM/yr"), "chip_retirement": (r, "1/yr"), **more}
    settings = settings_of(inputs, drivers={"chips": options, "run": {}}, horizon=2034, step=1 / many)
    fine = values(settings).results
    output, t = 10.0 ** fine["chip_output"][:, 0], np.arange(8 * many + 1) / many
    weights = np.ones(len(t))
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0  # Simpson
    area = np.sum(weights * output * np.exp(-r * (8.0 - t))) / many / 3
    expected = 2e7 * math.exp(-r * 8) + area
    assert abs(math.log10(stock(inputs, horizon=2034, **options)[-1, 0] / expected)) < 1e-9
    assert abs(fine["chips"][-1, 0] - math.log10(expected)) < 1e-9


CORNERS = [
    ({"law": "two-regime"}, {"chip_growth_after": (0.05, "OOM/yr"), "chip_slowdown": (2028.4, "year")}),
    ({"limit": "hard"}, {"chip_limit": (3e7, "H100e/yr")}),
]


@pytest.mark.parametrize(("options", "more"), CORNERS)
def test_a_corner_of_the_output_costs_what_the_driver_says(options: dict[str, Any], more: dict[str, Any]) -> None:
    """Five points a year do not resolve a corner; the docstring of the driver states how far off the stock can be."""
    inputs = {"chip_growth": (0.4, "OOM/yr"), **more}
    coarse, fine = stock(inputs, **options), stock(inputs, step=1 / 64, **options)[::64]
    assert np.abs(np.log10(coarse / fine)).max() < 2e-3


def test_the_share_of_draws_beyond_their_pole() -> None:
    """The pole is after log10(2)/(growth * acceleration) years: with one uncertain row, P is a quantile."""
    growth = LOG10_2 / 3
    inputs = path_rows("superexponential", {"growth": growth})
    inputs["trend_acceleration"] = {"dist": "uniform", "low": 0.05, "high": 0.45, "interval": 1, "unit": "fraction"}
    settings = settings_of(
        inputs,
        drivers={"trend": {"law": "superexponential"}},
        horizon=2050,
        thresholds={"far": {"value": 1e300, "unit": "FLOP"}},
    )
    found = values(settings, 64 * 512)
    infinite = np.isposinf(found.results["trend"])
    assert not np.any(np.isnan(found.results["trend"]))
    elapsed = (found.year - 2026)[:, None]
    assert np.array_equal(infinite, found.inputs["trend_acceleration"] * elapsed * growth / LOG10_2 >= 1.0)
    draws = 200_000
    dataset = forecast.run(build(settings), draws)
    for year in range(2033, 2050):
        p = min(max((0.45 - 3 / (year - 2026)) / 0.4, 0.0), 1.0)
        z = (float(dataset["probability"].sel(threshold="far", year=year)) - p) / math.sqrt(
            max(p * (1 - p), 1e-9) / draws
        )
        assert abs(z) < 6.47 or 0 < p < 1e-4
        median = float(dataset["training_compute"].sel(quantile=0.5, year=year))
        assert math.isinf(median) == (p > 0.5)
        assert math.isinf(float(dataset["training_compute_mean"].sel(year=year))) == (p > 0)
        reached = float(dataset["reached_pole"].sel(path="trend", year=year))
        assert abs(reached - p) <= 6.47 * math.sqrt(p * (1 - p) / draws) + 1e-12
    limited = {**settings, "drivers": {"trend": {"law": "superexponential", "limit": "hard"}}}
    limited["inputs"] = {**settings["inputs"], "trend_limit": {"value": 30, "unit": "log10 FLOP"}}
    below = forecast.run(build(limited), draws)  # a limit hides the pole from the level, not from the count
    assert np.array_equal(below["reached_pole"], dataset["reached_pole"])
    assert values(limited).results["trend"].max() == 30.0
    # where a pole lies between two instants the level rises at once
    assert float(dataset["never"].sel(threshold="far")) == pytest.approx((3 / 24 - 0.05) / 0.4, abs=0.005)


@pytest.mark.parametrize("share", [None, 0.0, 0.25, 1.0])
def test_an_algorithmic_gain_beyond_its_pole(share: float | None) -> None:
    """Infinite, unless all of the gain is earned by compute growth, which then counts alone."""
    rows = {"trend_start": (26, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr")}
    rows |= {"algorithm_growth": (LOG10_2, "OOM/yr"), "algorithm_acceleration": (0.5, "1")}  # the pole is in 2028
    rows |= {} if share is None else {"algorithm_compute_share": (share, "1")}
    found = values(settings_of(rows, drivers={"trend": {}, "algorithms": {"law": "superexponential"}}))
    earned = LOG10_2 * 0.5 * (found.year - 2026)  # as much as at a reference growth of one OOM a year
    beyond = found.year >= 2028
    by_time = np.where(beyond, np.inf, 0.0)
    by_time[1] = LOG10_2  # half of the way: one doubling
    expected = earned if share == 1.0 else (1.0 - (share or 0.0)) * by_time + (share or 0.0) * earned
    np.testing.assert_allclose(found.results["algorithm_gain"][:, 0], expected, rtol=1e-13)
    assert np.array_equal(np.isinf(found.results["largest_effective"][:, 0]), beyond & (share != 1.0))


def test_tokens_beyond_their_pole() -> None:
    rows = {"token_start": (14, "log10 token"), "token_growth": (LOG10_2, "OOM/yr"), "token_acceleration": (0.5, "1")}
    rows |= {"tokens_per_parameter": (20, "token/parameter"), "synthetic_tokens": (1e12, "token/yr")}
    found = values(settings_of(rows, drivers={"data": {"law": "superexponential"}}))
    assert np.array_equal(np.isinf(found.results["tokens"][:, 0]), found.year >= 2028)
    assert np.array_equal(np.isinf(found.results["training_compute"][:, 0]), found.year >= 2028)
    assert found.results["tokens"][1, 0] == pytest.approx(math.log10(2e14 + 1e12), rel=1e-13)


def test_uncertain_growth_by_quadrature_instead_of_draws() -> None:
    """The mean level under uncertain growth: quadrature nodes run through the kernel, against mpmath outside it."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    options = {"trend": {"law": "decaying", "limit": "logistic"}}
    low, high = 0.2, 0.6
    middle, spread = math.log10(low * high) / 2, math.log10(high / low) / 2 / 1.2815515655446004
    ends = np.linspace(-8.0, 8.0, 9)
    total = np.zeros(5)
    for left, right in pairwise(ends.tolist()):
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            z = 0.5 * (left + right) + 0.5 * (right - left) * node
            p = {"growth": 10 ** (middle + spread * z), "half_life": 5.0}
            inputs = path_rows("decaying", p, trend_limit=(28, "log10 FLOP"))
            level = values(settings_of(inputs, drivers=options, horizon=2046)).results["trend"][::5, 0]
            total += 0.5 * (right - left) * weight * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * level
    with mpmath.workdps(20):
        for k, mean in enumerate(total.tolist()):

            def weighted(z: Any, e: int = 5 * k) -> Any:
                growth = mpmath.mpf(10) ** (middle + spread * z)
                v = 26 + growth * 5 / mpmath.log(2) * (1 - mpmath.mpf(2) ** (-mpmath.mpf(e) / 5))
                return (v - mpmath.log10(1 + mpmath.mpf(10) ** (v - 28))) * mpmath.npdf(z)

            assert mean == pytest.approx(float(mpmath.quad(weighted, ends.tolist())), abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5, 24])
def test_the_points_of_quadrature_are_correctly_rounded(n: int) -> None:
    """Found again with mpmath's own polynomials, at 50 digits."""
    nodes, weights = gauss_legendre(n)
    assert list(nodes) == sorted(nodes)
    with mpmath.workdps(50):
        for node, weight in zip(nodes, weights, strict=True):
            exact = mpmath.findroot(lambda x: mpmath.legendre(n, x), mpmath.mpf(node))
            assert float(exact) == node
            slope = n * (mpmath.legendre(n - 1, exact) - exact * mpmath.legendre(n, exact)) / (1 - exact**2)
            assert float(2 / ((1 - exact**2) * slope**2)) == weight
