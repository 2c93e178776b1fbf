"""The whole model against closed forms, identities that every result must satisfy, and changes with a known effect.

With its limits off, the model is a sum of normal numbers: the level of any year is normal, and the probability of a
threshold is the tail of a normal distribution, to be met at every year within a z-score that one run in a million
exceeds. Two ceilings make a bivariate tail. On random sets, where nothing is known in closed form, counts must still
add up, probabilities rise with the years and fall with the level, and quantiles be in order. And what is known to move
the result in one direction must do so in every single draw, because the draws do not change with the numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import xarray as xr
from conftest import Verified
from kernel_values import settings_of, values
from random_sets import assumption_set
from scipy import integrate, special, stats

from simulate import compose, forecast
from simulate.assumptions import build
from simulate.dataset import dataset

Z = 6.47  # of 1e4 comparisons none passes it, but for one run in a million
DRAWS = 400_000
Z90, Z80 = 1.6448536269514727149, 1.2815515655446004


def run(inputs: dict[str, Any], draws: int = DRAWS, seed: int = 1, **settings: Any) -> xr.Dataset:
    return forecast.run(build(settings_of(inputs, **settings)), draws, seed)


def check_probability(found: xr.DataArray, expected: np.ndarray, draws: int = DRAWS) -> float:
    """Compare P by year with exact values: z-scores, and exact binomial tails where hits are few; the farthest."""
    assert len(found) == len(expected)
    farthest = 0.0
    for p, truth, year in zip(found.values.tolist(), expected.tolist(), found.year.values.tolist(), strict=True):
        hits = round(p * draws)
        if min(truth, 1 - truth) * draws > 1000:
            z = abs(p - truth) / math.sqrt(truth * (1 - truth) / draws)
            farthest = max(farthest, z)
            assert z < Z, (year, p, truth)
        else:
            tails = stats.binom.cdf(hits, draws, truth), stats.binom.sf(hits - 1, draws, truth)
            assert min(tails) > stats.norm.sf(Z), (year, p, truth)
    return farthest


THREE_FACTORS = {
    "trend_start": (26.5, "log10 FLOP"),
    "cost": {"dist": "lognormal", "low": 2, "high": 4, "interval": 0.9, "unit": "x/yr"},
    "price": {"dist": "lognormal", "low": 1.2, "high": 1.5, "interval": 0.9, "unit": "x/yr"},
    "algorithms": {"dist": "lognormal", "low": 2, "high": 4.5, "interval": 0.9, "unit": "x/yr"},
    "trend_growth": {"formula": "cost*price*algorithms", "unit": "x/yr"},
}
MEAN, SD = 1.056302500767287, 0.1438826964090052  # of the yearly growth, computed with mpmath
PINNED = {
    5: 2.26213754824072e-9,
    6: 1.24678127739381e-4,
    8: 0.18092738748559,
    10: 0.769989920403454,
    12: 0.967060576073585,
}


def test_three_factors(verified: Verified) -> None:
    """Three yearly factors, lognormal by their 90 % intervals, drawn once: P(level of year n is 1e36 or more)."""
    draws = 1_000_000
    found = run(
        THREE_FACTORS,
        draws,
        drivers={"trend": {}},
        horizon=2040,
        thresholds={"e36": {"value": 36, "unit": "log10 FLOP"}},
    )
    probability = found["probability"].sel(threshold="e36")
    n = found.year.values - 2026
    exact = np.concatenate([[0.0], special.ndtr((n[1:] * MEAN - 9.5) / (n[1:] * SD))])
    assert [exact[k] for k in PINNED] == pytest.approx(list(PINNED.values()), rel=1e-10)
    told = "three lognormal factors: P of 1e36 in each of 14 years"
    verified("S2", told, "", Z, check_probability(probability[1:], exact[1:], draws))
    for k in range(1, 15):
        mean, sd = (float(found[f"training_compute_{m}"][k]) for m in ("mean", "sd"))
        assert abs(mean - 26.5 - k * MEAN) / (k * SD / math.sqrt(draws)) < Z
        assert abs(sd - k * SD) / (k * SD / math.sqrt(2 * draws)) < Z
        for level, at in zip(found["quantile"].values, found["training_compute"].values[:, k], strict=True):
            true = 26.5 + k * (MEAN + SD * special.ndtri(level))
            error = math.sqrt(level * (1 - level) / draws) / stats.norm.pdf(special.ndtri(level)) * k * SD
            bin_width = 8 * 8 * k * SD / 2048  # histograms have 2,048 bins over at most 16 times the pilot's range
            assert abs(at - true) < Z * error + 0.1 * bin_width
    dates = found["crossing"].sel(threshold="e36")
    for level, date in zip(found["crossing_quantile"].values, dates.values, strict=True):
        true = 2026 + 9.5 / (MEAN + SD * special.ndtri(1 - level))
        if true < 2039:
            assert (
                abs(date - true)
                < Z * float(found["crossing_error"].sel(threshold="e36", crossing_quantile=level)) + 0.01
            )


def test_the_mean_of_a_lognormal_is_not_its_median() -> None:
    """log10 of E[C] after five years is 32.377370590589, of the median 31.781512503836."""
    level = values(settings_of(THREE_FACTORS, drivers={"trend": {}}, horizon=2031), 400 * 512).results["trend"][5]
    growth = 10.0 ** (level - 26.5)
    mean, sd = 10.0 ** (32.377370590589 - 26.5), math.log(10) * 5 * SD
    error = mean * math.sqrt((math.exp(sd**2) - 1) / len(growth))
    assert abs(growth.mean() - mean) < Z * error
    assert np.median(level) == pytest.approx(31.781512503836, abs=Z * 1.2533 * 5 * SD / math.sqrt(len(level)))


def normal(mean: float, sd: float, unit: str) -> dict[str, Any]:
    return {"dist": "normal", "mean": mean, "sd": sd, "unit": unit}


SPEND = {"spend_start": normal(9, 0.3, "log10 USD"), "spend_growth": normal(0.5, 0.05, "OOM/yr")}
PRICE = {
    "price_performance_start": normal(17.6, 0.2, "log10 FLOP/USD"),
    "price_performance_growth": normal(0.14, 0.02, "OOM/yr"),
}
TREND = {"trend_start": normal(26.8, 0.25, "log10 FLOP"), "trend_growth": normal(0.6, 0.07, "OOM/yr")}
USED = {"utilisation": (0.4, "fraction"), "run_length_start": (1e7, "s"), "run_length_growth": (0, "OOM/yr")}
SECONDS = math.log10(0.4 * 1e7)
POWER = {
    "power_start": normal(8.5, 0.2, "log10 W"), "power_growth": normal(0.3, 0.04, "OOM/yr"),
    "efficiency_start": normal(12.0, 0.1, "log10 FLOP/J"), "efficiency_growth": normal(0.12, 0.02, "OOM/yr"), **USED,
}  # fmt: skip
DATA = {
    "token_start": normal(14.2, 0.3, "log10 token"), "token_growth": normal(0.05, 0.01, "OOM/yr"),
    "tokens_per_parameter": normal(1.3, 0.15, "log10 token/parameter"),
}  # fmt: skip
#: Scenario: inputs, drivers, mean and variance of the level at t years, and a threshold.
TAILS: dict[str, Any] = {
    "money": (SPEND | PRICE, {"investment": {}, "hardware": {}}, lambda t: 26.6 + 0.64 * t,
              lambda t: 0.3**2 + 0.2**2 + (0.05**2 + 0.02**2) * t**2, 29.0),
    "trend": (TREND, {"trend": {}}, lambda t: 26.8 + 0.6 * t, lambda t: 0.25**2 + 0.07**2 * t**2, 29.5),
    "power": (POWER, {"power": {}, "run": {}}, lambda t: 20.5 + SECONDS + 0.42 * t,
              lambda t: 0.2**2 + 0.1**2 + (0.04**2 + 0.02**2) * t**2, 29.0),
    "data": (DATA, {"data": {}}, lambda t: math.log10(6) + 2 * (14.2 + 0.05 * t) - 1.3,
             lambda t: 4 * (0.3**2 + 0.01**2 * t**2) + 0.15**2, 28.4),
}  # fmt: skip


@pytest.mark.parametrize("scenario", TAILS)
def test_without_limits_a_ceiling_is_a_normal_tail(scenario: str, verified: Verified) -> None:
    inputs, drivers, mean, variance, level = TAILS[scenario]
    found = run(
        inputs,
        drivers=drivers,
        horizon=2038,
        thresholds={
            "sure": {"value": level, "unit": "log10 FLOP"},
            "unsure": normal(level, 0.5, "log10 FLOP"),
        },
    )
    t = found.year.values - 2026
    for name, extra in (("sure", 0.0), ("unsure", 0.25)):
        exact = special.ndtr((mean(t) - level) / np.sqrt(variance(t) + extra))
        assert len(exact) == 13
        farthest = check_probability(found["probability"].sel(threshold=name), exact)
        verified("S2", f"ceiling of {scenario}, {name} level: P in each of 13 years", "", Z, farthest)
    for k in t.astype(int):
        assert abs(float(found["training_compute_mean"][k]) - mean(k)) < Z * math.sqrt(variance(k) / DRAWS)


def test_correlated_rows_add_their_covariance() -> None:
    for r in (-0.7, 0.6):
        found = run(
            TREND,
            drivers={"trend": {}},
            horizon=2036,
            thresholds={"far": {"value": 29.5, "unit": "log10 FLOP"}},
            correlations=[["trend_start", "trend_growth", r]],
        )
        t = found.year.values - 2026
        rho = 2 * math.sin(math.pi * r / 6)
        variance = 0.25**2 + (0.07 * t) ** 2 + 2 * rho * 0.25 * 0.07 * t
        check_probability(found["probability"][0], special.ndtr((26.8 + 0.6 * t - 29.5) / np.sqrt(variance)))


def both_below(x: float, y: float, rho: float) -> float:
    """P(X <= x and Y <= y) of two standard normal numbers with that correlation."""
    rest = math.sqrt(1 - rho**2)
    return float(
        integrate.quad(lambda t: stats.norm.pdf(t) * special.ndtr((y - rho * t) / rest), -12, x, epsabs=1e-12)[0]
    )


@pytest.mark.parametrize("r", [0.0, 0.8, -0.5])
def test_the_lower_of_two_ceilings(r: float) -> None:
    """P(not reached) is 1 - (1 - F1)(1 - F2) for independent ceilings, a bivariate normal tail for correlated ones."""
    inputs = {
        "trend_start": normal(27.0, 0.4, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr"),
        "spend_start": normal(9.2, 0.3, "log10 USD"), "spend_growth": (0.45, "OOM/yr"),
        "price_performance_start": (17.9, "log10 FLOP/USD"), "price_performance_growth": (0.1, "OOM/yr"),
    }  # fmt: skip
    found = run(
        inputs,
        drivers={"trend": {}, "investment": {}, "hardware": {}},
        horizon=2034,
        thresholds={"far": {"value": 29.0, "unit": "log10 FLOP"}},
        correlations=[["trend_start", "spend_start", r]] if r else [],
    )
    t = found.year.values - 2026
    a, b = (27.0 + 0.5 * t - 29.0) / 0.4, (27.1 + 0.55 * t - 29.0) / 0.3
    rho = 2 * math.sin(math.pi * r / 6)
    exact = np.array([both_below(x, y, rho) for x, y in zip(a.tolist(), b.tolist(), strict=True)])
    if not r:
        assert exact == pytest.approx(1 - (1 - special.ndtr(a) * special.ndtr(b)), abs=1e-10)
    check_probability(found["probability"][0], exact)
    first = special.ndtr((27.1 - 27.0 + 0.05 * t) / math.sqrt(0.25 - 2 * rho * 0.12))  # the trend is the lower
    check_probability(found["binding"].sel(ceiling="trend"), first)


def test_effective_compute_adds_the_gain() -> None:
    inputs = TREND | {"algorithm_growth": normal(0.4, 0.06, "OOM/yr")}
    found = run(
        inputs,
        drivers={"trend": {}, "algorithms": {}},
        horizon=2034,
        thresholds={
            "physical": {"value": 30, "unit": "log10 FLOP"},
            "effective": {"value": 30, "unit": "log10 FLOP", "kind": "effective"},
        },
    )
    t = found.year.values - 2026
    variance = 0.25**2 + (0.07**2 + 0.06**2) * t**2
    check_probability(found["probability"].sel(threshold="effective"), special.ndtr((t - 3.2) / np.sqrt(variance)))
    physical = special.ndtr((0.6 * t - 3.2) / np.sqrt(0.25**2 + (0.07 * t) ** 2))
    check_probability(found["probability"].sel(threshold="physical"), physical)


@pytest.mark.parametrize("step", [0.5, 0.3333333333, 0.1428571429])
def test_yearly_shocks_add_their_variances(step: float) -> None:
    """Volatility s: after k whole years the variance grows by k s^2; within a year by the square of its part. A step
    is a part of a year however it is rounded where it is written.
    """
    s = 0.2
    inputs = {
        "trend_start": normal(26, 0.1, "log10 FLOP"),
        "trend_growth": (0.5, "OOM/yr"),
        "trend_volatility": (s, "OOM/yr"),
    }
    found = run(inputs, drivers={"trend": {}}, horizon=2046, step=step)
    for k, year in enumerate(found.year.values):
        whole, part = divmod(year - 2026 + 1e-9, 1)
        variance = 0.1**2 + s**2 * (whole + part**2)
        mean, sd = float(found["trend_mean"][k]), float(found["trend_sd"][k])
        assert abs(mean - 26 - 0.5 * (year - 2026)) < Z * math.sqrt(variance / DRAWS)
        assert abs(sd - math.sqrt(variance)) < Z * math.sqrt(variance / 2 / DRAWS) + 1e-6


def test_one_growth_each_year_is_a_random_walk_of_its_own() -> None:
    """A row drawn anew every year, through `previous`: independent terms, so the variances add."""
    inputs = {"step_size": {"dist": "uniform", "low": 0.2, "high": 0.6, "interval": 1, "unit": "OOM", "each": "year"}}
    walk = {"walk": {"formula": "previous(walk, 26) + step_size", "unit": "log10 FLOP"}}
    found = run(inputs, drivers={}, horizon=2034, quantities=walk)
    for k in range(9):
        variance = (k + 1) * 0.4**2 / 12
        assert abs(float(found["walk_mean"][k]) - 26 - 0.4 * (k + 1)) < Z * math.sqrt(variance / DRAWS)
        assert float(found["walk_sd"][k]) == pytest.approx(math.sqrt(variance), rel=Z / math.sqrt(DRAWS))


def crossed_by(years: int, start: float, growth: float, s: float, level: float, nodes: int) -> np.ndarray:
    """P(a random walk has met the level by the end of each year), from year 1: Chapman and Kolmogorov by quadrature.

    The density of those that stay below is carried from year to year on Gauss-Legendre nodes below the level.
    """
    x, weight = np.polynomial.legendre.leggauss(nodes)
    x, weight = level - 8.0 * s * (1.0 - x), weight * 8.0 * s  # from 16 deviations below the level up to it
    step = stats.norm.pdf(x[:, None], x[None, :] + growth, s)
    density = stats.norm.pdf(x, start + growth, s)
    below = [density @ weight]
    for _ in range(years - 1):
        density = step @ (density * weight)
        below.append(density @ weight)
    return 1.0 - np.array(below)


def test_the_first_crossing_of_a_random_walk(verified: Verified) -> None:
    """Growth may be negative in a year, so that many who crossed are below again later; crossings are kept."""
    start, growth, s, level = 26.0, 0.1, 0.4, 26.7
    exact = crossed_by(8, start, growth, s, level, 200)
    assert np.abs(exact - crossed_by(8, start, growth, s, level, 300)).max() < 1e-9
    inputs = {
        "trend_start": (start, "log10 FLOP"),
        "trend_growth": (growth, "OOM/yr"),
        "trend_volatility": (s, "OOM/yr"),
    }
    thresholds = {"level": {"value": level, "unit": "log10 FLOP"}}
    found = run(inputs, drivers={"trend": {}}, horizon=2034, thresholds=thresholds)
    farthest = check_probability(found["probability"][0, 1:], exact)
    verified("S4", "first crossing of a random walk by each of 8 years", "", Z, farthest)
    end = float(stats.norm.sf(level, start + 8 * growth, s * math.sqrt(8)))
    assert exact[-1] - end > 0.1  # of those that are above at the end alone it would be less


# ----------------------------------------------------------------------------------------------- round numbers by hand


def first(inputs: dict[str, Any], name: str, **settings: Any) -> float:
    return float(10.0 ** values(settings_of(inputs, **settings)).results[name][0, 0])


STILL = {"run_length_growth": (0, "OOM/yr"), "chip_growth": (0, "OOM/yr"), "chip_start": (1e-3, "H100e/yr")}


def test_a_million_chips_for_four_months_are_1e28() -> None:
    inputs = STILL | {
        "chip_stock_start": (1e6, "H100e"), "chip_share": (1, "fraction"), "chip_flops": (1e15, "FLOP/s"),
        "utilisation": (1, "fraction"), "run_length_start": (1e7, "s"),
    }  # fmt: skip
    assert first(inputs, "ceiling:chips", drivers={"chips": {}, "run": {}}) == pytest.approx(1e28, rel=1e-12)


def test_all_public_text_is_worth_5e28() -> None:
    inputs = {
        "token_start": (4e14, "token"),
        "token_growth": (0, "OOM/yr"),
        "tokens_per_parameter": (20, "token/parameter"),
    }
    assert first(inputs, "ceiling:data", drivers={"data": {}}) == pytest.approx(4.8e28, rel=1e-12)


def test_sixteen_thousand_chips_draw_27_megawatts() -> None:
    """At 1700 W a chip, 27.2 MW; and the power ceiling of that campus is the chip ceiling of those chips."""
    own = {"campus": {"formula": "chips_there*chip_power", "unit": "W"}}
    inputs = {"chips_there": (16_000, "H100e"), "chip_power": (1700, "W")}
    assert first(inputs, "campus", drivers={}, quantities=own) == pytest.approx(27.2e6, rel=1e-12)
    both = STILL | {
        "chip_stock_start": (16_000, "H100e"), "chip_share": (100, "%"), "chip_flops": (1e15, "FLOP/s"),
        "utilisation": (40, "%"), "run_length_start": (90, "day"), "power_start": (27.2, "MW"),
        "power_growth": (0, "OOM/yr"), "efficiency_start": (1e15 / 1700, "FLOP/J"), "efficiency_growth": (0, "OOM/yr"),
    }  # fmt: skip
    drivers: dict[str, Any] = {"chips": {}, "run": {}, "power": {}}
    expected = 16_000 * 1e15 * 0.4 * 90 * 86400
    for name in ("ceiling:chips", "ceiling:power", "training_compute"):
        assert first(both, name, drivers=drivers) == pytest.approx(expected, rel=1e-12)


def test_the_latency_wall_near_6e31() -> None:
    """The worked example of 2024: 7e14 parameters, batches of 6e7 tokens, 120 us a layer, about 9 months."""
    layers = 120 * (7e14 / 1.8e12) ** (1 / 3)
    seconds = 120e-6 * layers * 20 * 7e14 / 6e7
    assert seconds / (365.25 * 86400 / 12) == pytest.approx(9.3, abs=0.05)
    inputs = {
        "latency_per_layer": (120, "us"), "layers_reference": (120, "1"), "layer_scaling": (1 / 3, "1"),
        "batch_reference": (6e7, "token"), "batch_scaling": (0, "1"), "parameters_reference": (1.8e12, "parameter"),
        "token_start": (1, "token"), "token_growth": (0, "OOM/yr"), "tokens_per_parameter": (20, "token/parameter"),
        "utilisation": (0.4, "fraction"), "run_length_growth": (0, "OOM/yr"), "run_length_start": (seconds, "s"),
    }  # fmt: skip
    drivers: dict[str, Any] = {"latency": {}, "run": {}, "data": {}}
    assert first(inputs, "ceiling:latency", drivers=drivers) == pytest.approx(6 * 20 * 7e14**2, rel=1e-12)
    nine = first(inputs | {"run_length_start": (9, "month")}, "ceiling:latency", drivers=drivers)
    assert nine == pytest.approx(6e31, rel=0.08)
    machine = {"machine_start": (1e20, "FLOP/s"), "machine_growth": (0, "OOM/yr")}
    assert first(inputs | machine, "ceiling:latency", drivers=drivers) == pytest.approx(1e20 * 0.4 * seconds, rel=1e-12)


# --------------------------------------------------------------------------------------------------------- identities


def check_identities(number: int, draws: int) -> None:
    """What holds in every result, whatever the set."""
    config = assumption_set(number)
    for k in range(26, 31):
        config["thresholds"][f"e{k}"] = {"value": 10.0**k, "unit": "FLOP"}
    built = build(config)
    outcome = forecast.simulate(built, draws, seed=number)
    (counts,) = outcome.members
    sums = counts.sums
    for total in (sums.inputs, sums.results):
        counted = total.bins.sum(axis=-1) + total.under + total.over + total.nan
        assert np.all(counted == draws)
    assert np.all(sums.others["binding"].sum(axis=0) == draws)
    ds = dataset(outcome)
    probability = ds["probability"]
    assert np.all(np.diff(probability, axis=1) >= 0)
    assert np.all((ds["probability_low"] <= probability) & (probability <= ds["probability_high"]))
    by_level = probability.sel(threshold=[f"e{k}" for k in range(26, 31)])
    assert np.all(np.diff(by_level, axis=0) <= 0)
    np.testing.assert_allclose(ds["never"], 1 - probability[:, -1], atol=1e-15)
    np.testing.assert_array_equal(ds["already"], probability[:, 0])
    everything = ds["crossing_density"].sum("crossing_bin") + ds["never"] + ds["already"]
    np.testing.assert_allclose(everything, 1.0, atol=1e-12)
    np.testing.assert_allclose(ds["binding"].sum("ceiling"), 1.0, atol=1e-12)
    for name, values_of in ds.data_vars.items():
        if values_of.dims == ("quantile", "year"):
            with np.errstate(invalid="ignore"):
                rises = np.diff(values_of, axis=0)
            assert np.all((rises >= 0) | np.isnan(rises)), name  # infinity less infinity
            assert not np.any(np.isnan(values_of)), name
    with np.errstate(invalid="ignore"):
        assert not np.any(np.diff(ds["crossing"], axis=1) < 0)
    for largest, each in (("largest_run", "training_compute"), ("largest_effective", "effective_compute")):
        if largest in ds:
            finite = np.isfinite(ds[each].values)
            least = np.where(finite, ds[each].values, 0.0) - 0.02 * np.maximum(1, ds[each + "_sd"].values)
            assert np.all(ds[largest].values >= np.where(finite, least, ds[each].values))
    # a quantile of the date and the probability by that date say the same
    for row in ds["crossing"]:
        p = probability.sel(threshold=row.threshold)
        for level, date in zip(ds["crossing_quantile"].values, row.values, strict=True):
            if np.isfinite(date):
                before, after = p.where(p.year <= date - 0.01).max(), p.where(p.year >= date + 0.01).min()
                assert not before > level + 1e-9
                assert not after < level - 1e-9


@pytest.mark.parametrize("number", range(2000, 2020))
def test_identities(number: int) -> None:
    check_identities(number, 1500)


@pytest.mark.long
@pytest.mark.parametrize("number", range(2020, 2220))
def test_identities_of_many_sets(number: int) -> None:
    check_identities(number, 2500)


# --------------------------------------------------------------------------------------- changes with a known effect


def small(number: int = 3) -> dict[str, Any]:
    inputs = SPEND | PRICE | TREND | POWER | DATA
    drivers: dict[str, Any] = {"investment": {}, "hardware": {}, "trend": {}, "power": {}, "run": {}, "data": {}}
    return settings_of(inputs, drivers=drivers, horizon=2030 + number)


def test_ten_times_the_dollars_shift_by_exactly_one() -> None:
    base = small()
    lognormal = {"dist": "lognormal", "low": 7e8, "high": 3e9, "unit": "USD2023"}
    tenfold = {"dist": "lognormal", "low": 7e9, "high": 3e10, "unit": "USD2023"}
    rescaled = {"dist": "lognormal", "low": 7e7, "high": 3e8, "unit": "USD2023"}
    found = [
        values({**base, "inputs": {**base["inputs"], "spend_start": row}}).results
        for row in (lognormal, tenfold, rescaled)
    ]
    for name in ("spend", "ceiling:money"):
        assert np.abs(found[1][name] - found[0][name] - 1.0).max() < 1e-12
        assert np.abs(found[2][name] - found[0][name] + 1.0).max() < 1e-12
    for name in ("price_performance", "ceiling:power", "ceiling:data", "trend"):
        assert np.array_equal(found[0][name], found[1][name])


def test_zero_width_is_deterministic() -> None:
    """A row that hardly varies gives what the certain value gives; all certain, and every draw is the same."""
    base = small()
    certain = {
        name: {"value": row.get("mean", row.get("value")), "unit": row["unit"]} for name, row in base["inputs"].items()
    }
    narrow = {name: row if "value" in row else {**row, "sd": 1e-13} for name, row in base["inputs"].items()}
    fixed, thin = values({**base, "inputs": certain}), values({**base, "inputs": narrow})
    for name, level in fixed.results.items():
        assert np.all(level == level[:, :1])
        assert np.abs(thin.results[name] - level).max() < 1e-10
    levels = {"near": {"value": 1e28, "unit": "FLOP"}, "far": {"value": 1e40, "unit": "FLOP"}}
    ds = forecast.run(build({**base, "inputs": certain, "thresholds": levels}), 1000)
    assert set(np.unique(ds["probability"])) <= {0.0, 1.0}
    assert np.all(ds["training_compute"] == ds["training_compute"][0])
    assert np.all(ds["training_compute_sd"] == 0)
    date = ds["crossing"].sel(threshold="near").values
    assert np.all(date == date[0])
    assert date[0] == fixed_date(fixed.results["largest_run"][:, 0], fixed.year, 28.0)
    assert np.all(np.isposinf(ds["crossing"].sel(threshold="far")))


def fixed_date(level: np.ndarray, year: np.ndarray, wanted: float) -> float:
    k = int(np.argmax(level >= wanted))
    return float(year[k - 1] + (wanted - level[k - 1]) / (level[k] - level[k - 1]))


UP = {  # rows of the shipped set of which more means more compute (+) or less (-), in every draw
    "spend_start": 1, "spend_growth": 1, "spend_delay": -1, "spend_limit_share": 1, "gwp_start": 1, "gwp_growth": 1,
    "price_performance_start": 1, "price_performance_growth": 1, "chip_start": 1, "chip_growth": 1, "chip_half_life": 1,
    "chip_limit": 1, "chip_stock_start": 1, "chip_share": 1, "chip_flops": 1, "utilisation": 1, "power_start": 1,
    "power_growth": 1, "power_half_life": 1, "power_limit": 1, "efficiency_start": 1, "efficiency_growth": 1,
    "efficiency_limit": 1, "token_start": 1, "token_growth": 1, "token_quality": 1, "token_epochs": 1,
    "synthetic_tokens": 1, "tokens_per_parameter": -1, "trend_start": 1, "trend_growth": 1,
    "trend_growth_after": 1, "algorithm_growth": -1, "algorithm_limit": 1,
}  # fmt: skip


def raised(row: dict[str, Any]) -> dict[str, Any]:
    """The same family with every quantile higher: by a factor, by an amount, or by a factor of the odds."""
    stated = {end: row[end] for end in ("low", "mid", "mode", "high") if end in row}
    if row["dist"] == "lognormal":
        return row | {end: 1.02 * value for end, value in stated.items()}
    if row["dist"] == "metalog":
        low, high = row["min"], row["max"]
        odds = {end: 1.05 * (value - low) / (high - value) for end, value in stated.items()}
        return row | {end: (low + high * x) / (1 + x) for end, x in odds.items()}
    return row | {end: value + 0.02 * (row["high"] - row["low"]) for end, value in stated.items()}


def test_more_growth_is_never_less_compute_in_any_draw() -> None:
    base, _ = compose.settings("baseline_2026", ["horizon=2045"])
    plain = values(base)
    for name, sign in UP.items():
        found = values({**base, "inputs": {**base["inputs"], name: raised(base["inputs"][name])}})
        if name.startswith("algorithm"):
            off = sign * (found.results["effective_compute"] - plain.results["effective_compute"])
        else:
            off = sign * (found.results["training_compute"] - plain.results["training_compute"])
        assert off.min() > -1e-9, (name, off.min())
        assert off.max() > 0, name
        for threshold, dates in found.crossing.items():
            # a higher start can lower the gain of algorithms, part of which follows the growth of compute since then
            if name.startswith("algorithm") or base["thresholds"][threshold].get("kind") != "effective":
                more, less = (dates, plain.crossing[threshold]) if sign > 0 else (plain.crossing[threshold], dates)
                assert np.all(more <= less + 1e-6), (name, threshold)


def test_inputs_of_the_same_kind_can_change_places() -> None:
    row = {"dist": "lognormal", "low": 1, "high": 4, "unit": "1"}
    formulas = {"q": {"formula": "log10(one) - 2*log10(two)", "unit": "OOM"}}
    swapped = {"q": {"formula": "log10(two) - 2*log10(one)", "unit": "OOM"}}
    inputs = {"one": row, "two": row}
    a = values(settings_of(inputs, drivers={}, quantities=formulas))
    b = values(settings_of(inputs, drivers={}, quantities=swapped))
    c = values(settings_of({"two": row, "one": row}, drivers={}, quantities=formulas))
    assert np.array_equal(a.results["q"], c.results["q"])
    for found in (a, b):
        assert np.array_equal(found.inputs["one"], a.inputs["one"])
    assert a.results["q"][0] + 2 * b.results["q"][0] == pytest.approx(-3 * np.log10(a.inputs["one"]), abs=1e-13)


def test_a_level_is_reached_when_it_is_met() -> None:
    """At the very instant counts: at the start as already reached, later as reached at that date, not after it."""
    levels = {f"e{level}": {"value": level, "unit": "log10 FLOP"} for level in (25.5, 26, 26.25, 27, 28, 28.5)}
    inputs = {"trend_start": (26, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr")}
    settings = settings_of(inputs, drivers={"trend": {}}, thresholds=levels)
    dates = {name: date[0] for name, date in values(settings).crossing.items()}
    assert list(dates.values()) == [-math.inf, -math.inf, 2026.5, 2028.0, 2030.0, math.inf]
    ds = forecast.run(build(settings), 700)
    by_year = {name: ds["probability"].sel(threshold=name).values.tolist() for name in levels}
    assert by_year["e26"] == [1, 1, 1, 1, 1]
    assert by_year["e26.25"] == [0, 1, 1, 1, 1]
    assert by_year["e27"] == [0, 0, 1, 1, 1]
    assert by_year["e28"] == [0, 0, 0, 0, 1]
    assert by_year["e28.5"] == [0, 0, 0, 0, 0]
    assert ds["already"].values.tolist() == [1, 1, 0, 0, 0, 0]
    assert ds["never"].values.tolist() == [0, 0, 0, 0, 0, 1]


def test_what_was_reached_stays_reached() -> None:
    """Thresholds look at the largest run so far, which begins with the one before the start."""
    dip = {"dip": {"formula": "28 + abs(year - 2028) - 2", "unit": "log10 FLOP"}}
    levels = {f"e{level}": {"value": level, "unit": "log10 FLOP"} for level in (27, 28.1, 28.5, 29.1)}
    settings = settings_of(
        {"largest_run_start": (28.2, "log10 FLOP"), "utilisation": (0.4, "fraction"), "run_length_start": (100, "day"),
         "run_length_growth": (0, "OOM/yr")},
        drivers={"run": {}}, ceilings=dip, thresholds=levels, horizon=2032,
    )  # fmt: skip
    found = values(settings)
    assert found.results["training_compute"][:, 0] == pytest.approx([28, 27, 26, 27, 28, 29, 30])
    assert found.results["largest_run"][:, 0] == pytest.approx([28.2] * 5 + [29, 30])
    dates = {name: date[0] for name, date in found.crossing.items()}
    # between 2030 and 2031 the largest run rises from 28.2 to 29
    assert list(dates.values()) == pytest.approx([-math.inf, -math.inf, 2030 + 0.3 / 0.8, 2031.1])


def test_of_equal_ceilings_the_first_binds() -> None:
    inputs = {"trend_start": (26, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr")}
    same = {name: {"formula": "trend + 0*trend", "unit": "log10 FLOP"} for name in ("second", "third")}
    found = values(settings_of(inputs, drivers={"trend": {}}, ceilings=same))
    assert found.binding.tolist() == [[512] * 5, [0] * 5, [0] * 5]


def test_a_ceiling_that_is_inactive_or_far_away_changes_nothing() -> None:
    base = small()
    high = {"sky": {"formula": "60", "unit": "log10 FLOP"}}
    plain, with_sky = values(base), values({**base, "ceilings": high})
    inactive = values({**base, "ceilings": {"ground": {"formula": "1", "unit": "log10 FLOP"}}, "inactive": ["ground"]})
    for found in (with_sky, inactive):
        assert np.array_equal(found.results["training_compute"], plain.results["training_compute"])
        assert np.array_equal(found.binding[:4], plain.binding)
    lower = values({**base, "ceilings": {"ground": {"formula": "1", "unit": "log10 FLOP"}}})
    assert np.all(lower.results["training_compute"] == 1.0)


def test_a_smooth_minimum_lies_below_the_hard_one_and_comes_to_it() -> None:
    base = small()
    hard = values(base).results["training_compute"]
    before = None
    for sharpness in (1, 3, 10, 50):
        smooth = values({**base, "sharpness": sharpness}).results["training_compute"]
        gap = hard - smooth
        assert np.all((gap >= -1e-12) & (gap <= math.log10(4) / sharpness + 1e-12))
        assert before is None or np.all(gap <= before + 1e-12)
        before = gap
