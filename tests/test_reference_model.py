"""The second opinion, checked by itself: published vectors, closed forms and brute-force integration."""

import math
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from reference_model import (
    Mixture,
    Model,
    Point,
    Reference,
    crossing_date,
    distribution,
    law_decaying,
    law_lead_time,
    law_reversion,
    law_superexponential,
    law_two_regime,
    level,
    limited,
    linear,
    normal,
    philox,
    philox_array,
    reference,
    tag,
    uniform_of_draw,
    uniform_of_word,
    uniforms,
)
from scipy import integrate, special, stats

PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
ONE = 0xFFFFFFFF
VECTORS = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((ONE,) * 4, (ONE,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (*PI, "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def run(draws: int = 3, seed: int = 1, **settings: Any) -> Reference:
    """Run a small set; inputs may be given as (value, unit)."""
    rows = {
        name: row if isinstance(row, dict) else {"value": row[0], "unit": row[1]}
        for name, row in settings.pop("inputs").items()
    }
    return reference({"start": 2026, "horizon": 2030, "inputs": rows, **settings}, draws, seed)


# ---------------------------------------------------------------------------------------------------- random numbers


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_known_answers(counter: Any, key: Any, words: str) -> None:
    expected = tuple(int(word, 16) for word in words.split())
    assert philox(counter, key) == expected
    assert tuple(int(x) for x in philox_array(counter, key)) == expected


def test_array_form_equals_plain_integers() -> None:
    rng = np.random.default_rng(5)
    counters = rng.integers(0, 2**32, (4, 500), dtype=np.uint64)
    words = np.stack(philox_array(tuple(counters), (12345, ONE)))
    for k in range(counters.shape[1]):
        assert philox(tuple(int(c) for c in counters[:, k]), (12345, ONE)) == tuple(int(w) for w in words[:, k])


@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**64 - 1])
def test_uniforms_equal_plain_integers(seed: int) -> None:
    for name, purpose in (("chip_growth", 0), ("threshold:us_order", 0), ("chip_volatility", 7)):
        plain = [uniform_of_draw(seed, name, purpose, draw) for draw in range(11)]
        assert uniforms(seed, name, purpose, 11).tolist() == plain
        assert uniforms(seed, name, purpose, 4).tolist() == plain[:4]
    assert len({uniform_of_draw(seed, "a", k, 0) for k in range(50)}) == 50


def test_uniform_is_strictly_inside() -> None:
    assert uniform_of_word(0) == 2.0**-53
    assert uniform_of_word(2**64 - 1) == 1 - 2.0**-53
    assert tag("a", 3) & 0xFFFF == 3
    assert tag("", 0) == 0xE3B0C44298FC << 16  # sha256 of nothing begins with e3b0c44298fc1c14


def test_uniforms_are_uniform() -> None:
    u = uniforms(1, "gwp_start", 0, 20_000)
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert abs(stats.spearmanr(u, uniforms(1, "gwp_growth", 0, 20_000)).statistic) < 0.03


# ------------------------------------------------------------------------------------------------------ distributions

U = np.linspace(0.001, 0.999, 1999)
ROWS = [
    {"dist": "normal", "low": 1, "high": 4},
    {"dist": "lognormal", "low": 1.3, "high": 2.0, "interval": 0.9},
    {"dist": "uniform", "low": 1, "high": 4, "interval": 0.7},
    {"dist": "loguniform", "low": 1, "high": 40, "interval": 0.95},
    {"dist": "triangular", "low": 1, "mode": 1.5, "high": 4},
    {"dist": "triangular", "low": 1, "mode": 1, "high": 4, "interval": 0.9},
    {"dist": "beta", "low": 1, "mode": 1.5, "high": 4},
    {"dist": "beta", "low": 1, "mode": 4, "high": 4, "interval": 0.5},
    {"dist": "metalog", "low": 16, "mid": 26, "high": 40},
    {"dist": "metalog", "low": 16, "mid": 26, "high": 40, "min": 0},
    {"dist": "metalog", "low": 16, "mid": 26, "high": 40, "max": 90, "interval": 0.6},
    {"dist": "metalog", "low": 16, "mid": 26, "high": 40, "min": 0, "max": 100},
]


@pytest.mark.parametrize("row", ROWS)
def test_low_and_high_are_the_ends_of_the_central_interval(row: dict) -> None:
    interval = row.get("interval", 0.8)
    made = distribution(row)
    ends = made.quantile(np.array([(1 - interval) / 2, (1 + interval) / 2]))
    assert ends == pytest.approx([row["low"], row["high"]], rel=1e-10)
    if "mid" in row:
        assert made.quantile(np.array([0.5]))[0] == pytest.approx(row["mid"], rel=1e-12)
    x = made.quantile(U)
    assert np.all(np.diff(x) > 0)
    assert [made.below(float(v)) for v in x[::50]] == pytest.approx(U[::50], abs=1e-11)
    if "mode" in row:  # the density is highest at the mode
        assert x[:-1][np.argmin(np.diff(x))] == pytest.approx(row["mode"], abs=0.05)


def test_families_equal_scipy() -> None:
    three = {"low": 1, "mode": 1.5, "high": 4, "interval": 1}
    assert distribution({"dist": "triangular", **three}).quantile(U) == pytest.approx(
        stats.triang.ppf(U, 0.5 / 3, 1, 3), rel=1e-12
    )
    assert distribution({"dist": "beta", **three}).quantile(U) == pytest.approx(
        stats.beta.ppf(U, 1 + 4 * 0.5 / 3, 1 + 4 * 2.5 / 3, 1, 3), rel=1e-12
    )
    moments = {"dist": "normal", "mean": 0.624, "sd": 0.049}
    assert distribution(moments).quantile(U) == pytest.approx(stats.norm.ppf(U, 0.624, 0.049), rel=1e-12)
    median = {"dist": "lognormal", "median": 0.266, "sd_ln": 0.1}
    assert distribution(median).quantile(U) == pytest.approx(stats.lognorm.ppf(U, 0.1, scale=0.266), rel=1e-12)
    z95 = 1.6448536269514727149
    ninety = distribution({"dist": "lognormal", "low": 2, "high": 4.5, "interval": 0.9}).quantile(U)
    assert np.log(ninety) == pytest.approx(
        math.log(9) / 2 + math.log(2.25) / 2 / z95 * special.ndtri(U), rel=1e-12, abs=1e-14
    )


def test_truncation_renormalises() -> None:
    cut = {"dist": "normal", "mean": 1, "sd": 2, "min": 0.5, "max": 3}
    assert distribution(cut).quantile(U) == pytest.approx(stats.truncnorm.ppf(U, -0.25, 1, 1, 2), rel=1e-11)
    positive = {"dist": "lognormal", "low": 0.25, "high": 0.5, "max": 1, "min": -3}
    x = distribution(positive).quantile(U)
    assert x[-1] < 1
    plain = distribution({"dist": "lognormal", "low": 0.25, "high": 0.5})
    assert x == pytest.approx(plain.quantile(U * plain.below(1.0)), rel=1e-12)


def test_quantiles_are_linear_in_z() -> None:
    made = distribution({"dist": "quantiles", "quantiles": [[0.05, 17.0], [0.5, 21.2], [0.95, 29.3]]})
    z = stats.norm.ppf(0.95)
    assert made.quantile(np.array([0.05, 0.5, 0.95])) == pytest.approx([17.0, 21.2, 29.3])
    at = special.ndtr(np.array([-2 * z, -z / 2, z / 2, 3 * z]))
    assert made.quantile(at) == pytest.approx([12.8, 19.1, 25.25, 45.5])
    assert made.below(25.25) == pytest.approx(float(special.ndtr(z / 2)))


def test_mixture() -> None:
    parts = [{"weight": 0.75, "value": 8}, {"weight": 0.25, "dist": "normal", "low": 0, "high": 2}]
    made = distribution({"dist": "mixture", "parts": parts, "interval": 0.9})
    x = made.quantile(U)
    assert np.all(x[U < 0.75] == 8)
    z95 = stats.norm.ppf(0.95)
    assert x[U > 0.75] == pytest.approx(1 + special.ndtri((U[U > 0.75] - 0.75) / 0.25) / z95)
    cut = distribution({"dist": "mixture", "parts": parts, "interval": 0.9, "max": 1.0})
    assert cut.quantile(U) == pytest.approx(
        distribution({"dist": "normal", "mean": 1, "sd": 1 / z95, "max": 1}).quantile(U)
    )
    half = Mixture([(0.5, Point(0.0)), (0.5, normal(0, 1))]).within(0.0, math.inf)
    assert np.mean(half.quantile(U) == 0) == pytest.approx(2 / 3, abs=1e-3)


def test_metalog_by_hand() -> None:
    made = distribution({"dist": "metalog", "low": 1.31, "mid": 1.44, "high": 1.59, "min": 1})
    a, b, c = math.log(0.31), math.log(0.44), math.log(0.59)
    logit = math.log(9)
    c1, c2 = (c - a) / 2 / logit, ((c + a) / 2 - b) / (0.4 * logit)
    u = 0.27
    y = b + c1 * math.log(u / (1 - u)) + c2 * (u - 0.5) * math.log(u / (1 - u))
    assert made.quantile(np.array([u]))[0] == pytest.approx(1 + math.exp(y), rel=1e-13)


# --------------------------------------------------------------------------------------------------------------- units


def test_growth_units_agree() -> None:
    written = [(2, "x/yr"), (100, "%/yr"), (1, "years to double"), (12, "months to double"), (math.log(2), "nat/yr")]
    assert [level(x, unit, {}) for x, unit in written] == pytest.approx([math.log10(2)] * 5, rel=1e-14)
    assert 10 ** level(8, "months to halve", {}) == pytest.approx(2**1.5)  # 2.83x/yr
    assert level(1, "years to halve", {}) == pytest.approx(math.log10(2))


def test_amounts() -> None:
    assert linear(1, "month", {}) == pytest.approx(365.25 / 12 * 86400)
    assert level(3, "GW", {}) == pytest.approx(math.log10(3e9))
    assert level(25, "log10 FLOP", {}) == 25
    assert level(2, "log10 MW", {}) == pytest.approx(8)
    assert level(4, "OOM", {}) == 4
    assert level(50, "%", {}) == pytest.approx(math.log10(0.5))
    assert level(100, "USD2020", {2020: 1.2}) == pytest.approx(math.log10(120))
    assert level(100, "FLOP/USD2020", {2020: 1.2}) == pytest.approx(math.log10(100 / 1.2))
    with pytest.raises(KeyError):
        level(100, "USD2020", {})


# ------------------------------------------------------------------------------------------------------------ formulas


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25 + 5/7*(x - 25)", 25 - 5 / 7 * 15),
        ("-x**2 + +1", -99.0),
        ("round(2.5) + round(3.5) + round(-0.5)", 6.0),
        ("(x > 5) + (x > 7) + (1 < x < 3)", 2.0),
        ("min(3, x, 2) + max(1, x) + clip(x, 2, 4)", 16.0),
        ("where(x < 5 or not x > 3, 1, log(exp(2)) + log10(1000) + sqrt(4) + abs(-1) + floor(-0.5))", 7.0),
        ("x == 10 and x != 9 and x >= 10 and x <= 10", 1.0),
    ],
)
def test_formula(text: str, value: float) -> None:
    result = run(inputs={"x": (10, "1"), "y": {"formula": text, "unit": "1"}})
    assert result.written["y"] == pytest.approx(np.full(3, value))


@pytest.mark.parametrize(
    "text", ["x.real", "x[0]", "'a'", "True", "lambda: 1", "x if x else 1", "previous(x)", "x % 2"]
)
def test_formula_refuses(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        run(inputs={"x": (10, "1"), "y": {"formula": text, "unit": "1"}})


def test_previous_and_own_quantities() -> None:
    result = run(
        inputs={"gain": (2, "x/yr"), "amount": (1000, "token")},
        quantities={
            "level": {"formula": "previous(level, 3) + log10(gain)", "unit": "log10 token"},
            "later": {"formula": "10**other*2", "unit": "token"},
            "other": {"formula": "amount*gain**(year - 2026)", "unit": "token"},
            "change": {"formula": "other - previous(other)", "unit": "OOM"},
        },
        thresholds={"moving": {"quantity": "other", "formula": "3.1 + (year - 2026)/10", "unit": "log10 token"}},
    )
    steps = np.arange(5)[:, None] * math.log10(2)
    assert result.quantity["level"] == pytest.approx(3 + math.log10(2) + np.tile(steps, 3))
    assert result.quantity["later"] == pytest.approx(3 + math.log10(2) + np.tile(steps, 3))
    assert result.quantity["change"][:, 0] == pytest.approx([0] + [math.log10(2)] * 4)
    assert result.level["moving"].shape == (5, 3)
    assert result.crossing["moving"] == pytest.approx(2026 + 0.1 / (math.log10(2) - 0.1))


# ------------------------------------------------------------------------------------------------------ laws and limits


def test_reversion_equals_quadrature() -> None:
    for e in (-2.0, 0.3, 4.0, 60.0):
        for g, after, time in ((0.624, 0.266, 8.5), (0.1, 0.5, 0.3), (0.7, 1e-3, 20.0)):
            rate = lambda s, g=g, a=after, r=time: math.exp(  # noqa: E731
                math.log(a) + math.exp(-(s**2) / (2 * r**2)) * math.log(g / a)
            )
            pieces = np.linspace(0, e, 61)
            area = sum(integrate.quad(rate, a, b, epsabs=1e-15)[0] for a, b in pairwise(pieces))
            grown = law_reversion(e, np.array(g), np.array(after), np.array(time))
            assert float(grown) == pytest.approx(area, rel=1e-12)


def test_laws_by_integration() -> None:
    decaying = integrate.quad(lambda s: 0.4 * 2 ** (-s / 5), 0, 7)[0]
    assert law_decaying(7.0, 0.4, 5.0) == pytest.approx(decaying, rel=1e-13)
    assert law_lead_time(6.0, 0.5, 1.0) == pytest.approx(2.0)
    assert law_two_regime(2034.0, 2026.0, 0.6, 0.2, 2029.0) == pytest.approx(3 * 0.6 + 5 * 0.2)
    assert law_two_regime(2034.0, 2030.0, 0.6, 0.2, 2029.0) == pytest.approx(4 * 0.2)


def test_superexponential_doublings_shorten() -> None:
    first, shorter = 2.0, 0.1  # each doubling takes a tenth less than the one before
    dates = np.cumsum([first * (1 - shorter) ** k for k in range(30)])
    grown = law_superexponential(dates, math.log10(2) / first, shorter)
    assert grown == pytest.approx(math.log10(2) * np.arange(1, 31), rel=1e-10)
    assert law_superexponential(20.0, math.log10(2) / first, shorter) == math.inf
    assert law_superexponential(20.0, math.log10(2) / first, 0.0) == pytest.approx(10 * math.log10(2))


def test_limits() -> None:
    v = np.array([-400.0, 0.0, 9.9, 10.0, 12.0, np.inf])
    with mpmath.workdps(450):
        x = [mpmath.mpf(10) ** (mpmath.mpf(a) - 10) for a in v[:-1]]
        logistic = [float(10 + mpmath.log10(a / (1 + a))) for a in x]
        exponential = [float(10 + mpmath.log10(-mpmath.expm1(-a))) for a in x]
    assert limited(v, 10.0, "hard") == pytest.approx(np.minimum(v, 10))
    assert limited(v, 10.0, "logistic") == pytest.approx([*logistic, 10.0], rel=1e-14)
    assert limited(v, 10.0, "exponential") == pytest.approx([*exponential, 10.0], rel=1e-14)


def test_volatility_does_not_depend_on_the_step() -> None:
    inputs: dict[str, Any] = {"trend_start": (26, "log10 FLOP"), "trend_volatility": (0.2, "OOM/yr")}
    coarse = run(inputs=inputs, drivers={"trend": {}})
    fine = run(inputs=inputs, drivers={"trend": {}}, step=0.25)
    assert fine.training_compute[::4] == pytest.approx(coarse.training_compute, abs=1e-12)
    z = np.array([special.ndtri(uniforms(1, "trend_volatility", 1 + k, 3)) for k in range(4)])
    assert coarse.training_compute[4] == pytest.approx(26 + 0.2 * z.sum(axis=0))
    assert fine.training_compute[5] == pytest.approx(26 + 0.2 * (z[0] + z[1] / 4))


# ------------------------------------------------------------------------------------------------------------- drivers


def test_chip_stock_closed_form() -> None:
    inputs = {
        "chip_stock_start": (2e7, "H100e"),
        "chip_start": (1e7, "H100e/yr"),
        "chip_growth": (2, "x/yr"),
        "chip_retirement": (20, "%/yr"),
        "chip_share": (10, "%"),
        "chip_flops": (1e15, "FLOP/s"),
        "utilisation": (0.4, "fraction"),
        "run_length_start": (100, "day"),
    }
    result = run(inputs=inputs, drivers={"chips": {}, "run": {}})
    t, k = np.arange(5.0), math.log(2)
    stock = 2e7 * np.exp(-0.2 * t) + 1e7 * (np.exp(k * t) - np.exp(-0.2 * t)) / (k + 0.2)
    assert result.quantity["chips"][:, 0] == pytest.approx(np.log10(stock), rel=1e-14)
    assert result.ceiling["chips"][:, 0] == pytest.approx(np.log10(stock * 0.1 * 1e15 * 0.4 * 8.64e6), rel=1e-14)
    assert result.active == ["chips"]
    early = {**inputs, "chip_stock_start": {"value": 2e8, "unit": "H100e", "at": 2027.5}}
    moved = run(inputs=early, drivers={"chips": {}, "run": {}}).quantity["chips"][:, 0]
    s = t - 1.5
    stock = 2e8 * np.exp(-0.2 * s) + 1e7 * (np.exp(k * t) - np.exp(-0.2 * s + k * 1.5)) / (k + 0.2)
    assert moved == pytest.approx(np.log10(stock), rel=1e-13)


@pytest.mark.parametrize(
    "options",
    [
        {"law": "two-regime", "limit": "hard"},
        {"law": "decaying", "limit": "logistic"},
        {"law": "reversion", "limit": "exponential"},
        {"law": "superexponential", "limit": "hard"},
        {"law": "lead-time"},
    ],
)
def test_chip_stock_solves_its_equation(options: dict) -> None:
    inputs = {
        "chip_stock_start": {"value": 2e7, "unit": "H100e"},
        "chip_start": {"value": 1e7, "unit": "H100e/yr"},
        "chip_growth": {"dist": "lognormal", "low": 1.8, "high": 2.8, "unit": "x/yr"},
        "chip_growth_after": {"value": 1.2, "unit": "x/yr"},
        "chip_slowdown": {"dist": "uniform", "low": 2027, "high": 2029, "unit": "year"},
        "chip_half_life": {"value": 30, "unit": "month"},
        "chip_reversion": {"value": 2, "unit": "year"},
        "chip_acceleration": {"value": 0.2, "unit": "fraction"},
        "chip_delay": {"value": 1, "unit": "years per OOM"},
        "chip_volatility": {"value": 0.1, "unit": "OOM/yr"},
        "chip_limit": {"value": 3e7, "unit": "H100e/yr"},
        "chip_retirement": {"value": 0.3, "unit": "1/yr"},
    }
    settings = {"start": 2026, "horizon": 2031, "inputs": inputs, "drivers": {"chips": options}}
    model = Model(settings, 3, 4, {})
    path, share = model.paths["chip"], 0.3

    stock, parts = np.full(3, 2e7), 1000
    for k in range(5):
        for date in 2026 + k + (np.arange(parts) + 0.5) / parts:  # midpoint rule
            made = 10.0 ** path.value(np.full(3, date)) / parts
            stock = stock * math.exp(-share / parts) + made * math.exp(-share / parts / 2)
        assert model.quantity("chips", k + 1) == pytest.approx(np.log10(stock), abs=5e-8)


def test_own_inputs_reach_the_ceilings() -> None:
    result = run(
        inputs={
            "gwp_start": (1e14, "USD"),
            "gwp_growth": (3, "%/yr"),
            "spend_start": (1e9, "USD"),
            "spend_growth": (10, "x/yr"),
            "spend_limit_share": (1, "%"),
            "price_performance_start": {"value": 18, "unit": "log10 FLOP/USD", "at": 2024},
            "price_performance_growth": (1, "years to double"),
            "power_start": (27.2, "MW"),
            "efficiency_start": (1e15 / 1700, "FLOP/J"),
            "efficiency_growth": (10, "x/yr"),
            "efficiency_limit": (1e14, "FLOP/J"),
            "utilisation": (50, "%"),
            "run_length_start": (1e7, "s"),
            "token_start": (1e14, "token"),
            "token_quality": (20, "%"),
            "token_epochs": (4, "1"),
            "synthetic_tokens": (1e13, "token/yr"),
            "tokens_per_parameter": (20, "token/parameter"),
        },
        drivers={
            "economy": {},
            "investment": {"limit": "hard"},
            "hardware": None,
            "power": {"efficiency": {"limit": "hard"}},
            "data": {},
            "run": {},
        },
        quantities={"price_performance": {"formula": "18 + (year - 2026)*0.1", "unit": "log10 FLOP/USD2023"}},
        inactive=["power"],
    )
    t = np.arange(5.0)
    spend = np.minimum(1e9 * 10**t, 0.01 * 1e14 * 1.03**t)
    assert result.ceiling["money"][:, 1] == pytest.approx(np.log10(spend) + 18 + 0.1 * t)
    used = np.minimum(1e15 / 1700 * 10**t, 1e14) * 27.2e6 * 0.5 * 1e7
    assert result.ceiling["power"][:, 1] == pytest.approx(np.log10(used))
    tokens = 1e14 * 0.2 * 4 + 1e13 * t
    assert result.ceiling["data"][:, 1] == pytest.approx(np.log10(6 * tokens**2 / 20))
    assert result.active == ["money", "data"]
    assert result.training_compute == pytest.approx(np.minimum(result.ceiling["money"], result.ceiling["data"]))
    assert set(result.binding_name()[0]) == {"money"}


def test_latency_wall() -> None:
    inputs = {
        "latency_per_layer": (1e-4, "s"),
        "layers_reference": (120, "1"),
        "layer_scaling": (0.4, "1"),
        "batch_reference": (4e6, "token"),
        "batch_scaling": (0.3, "1"),
        "parameters_reference": (1e11, "parameter"),
        "tokens_per_parameter": (20, "token/parameter"),
        "run_length_start": (3, "month"),
        "utilisation": (0.5, "fraction"),
    }
    size = 10 ** (
        (run(inputs=inputs, drivers={"latency": {}, "run": {}}).ceiling["latency"][0, 0] - math.log10(120)) / 2
    )
    steps = 20 * size / (4e6 * (size / 1e11) ** 0.3)
    assert 1e-4 * 120 * (size / 1e11) ** 0.4 * steps == pytest.approx(365.25 / 4 * 86400)
    machine = {**inputs, "machine_start": (1e20, "FLOP/s")}
    capped = run(inputs=machine, drivers={"latency": {}, "run": {}})
    assert capped.ceiling["latency"][0, 0] == pytest.approx(math.log10(1e20 * 0.5 * 365.25 / 4 * 86400))


def test_algorithms() -> None:
    inputs = {
        "trend_start": (1e26, "FLOP"),
        "trend_growth": (4, "x/yr"),
        "algorithm_growth": {"value": 0.4, "unit": "OOM/yr", "at": 2025},
        "algorithm_limit": (3, "OOM"),
        "algorithm_compute_share": (25, "%"),
        "algorithm_reference_growth": (2, "x/yr"),
        "largest_run_start": (2e26, "FLOP"),
    }
    result = run(inputs=inputs, drivers={"trend": {}, "algorithms": {"limit": "logistic"}})
    v = 0.4 * (0.75 * np.arange(1, 6) + 0.25 * np.arange(5) * 2)
    gain = np.maximum(0, v - np.log10(1 + 10 ** (v - 3)))
    assert result.quantity["algorithm_gain"][:, 0] == pytest.approx(gain)
    assert result.effective_compute[:, 0] == pytest.approx(26 + np.arange(5) * math.log10(4) + gain)
    assert result.largest_run[0, 0] == pytest.approx(math.log10(2e26))


def test_smooth_minimum() -> None:
    own = {"a": {"formula": "26", "unit": "log10 FLOP"}, "b": {"formula": "26 + year - 2026", "unit": "log10 FLOP"}}
    smooth = run(inputs={}, ceilings=own, sharpness=2)
    expected = [-math.log10(10 ** (-2 * 26) + 10 ** (-2 * (26 + k))) / 2 for k in range(5)]
    assert smooth.training_compute[:, 0] == pytest.approx(expected, rel=1e-14)
    assert run(inputs={}, ceilings=own).training_compute[:, 0] == pytest.approx(26)
    assert np.all(smooth.binding == 0)  # the first of equals


def test_yearly_rows() -> None:
    result = run(
        inputs={"share": {"dist": "uniform", "low": 0, "high": 1, "interval": 1, "unit": "fraction", "each": "year"}},
        quantities={"part": {"formula": "share", "unit": "fraction"}},
        step=0.5,
    )
    assert result.written["share"].shape == (9, 3)
    assert result.written["share"][2] == pytest.approx(uniforms(1, "share", 2, 3))
    assert np.array_equal(result.written["share"][2], result.written["share"][3])
    assert result.quantity["part"] == pytest.approx(np.log10(result.written["share"]))


# ------------------------------------------------------------------------------------------- correlations and crossings


def test_copula() -> None:
    row = {"dist": "lognormal", "low": 1, "high": 2, "unit": "1"}
    inputs = {name: row for name in "abcd"} | {"p": {**row, "value": 1.5}}
    pairs = [["a", "b", 0.7], ["c", "b", -0.5], ["p", "a", 0.9], ["d", "p", 0.9]]
    result = run(draws=20_000, inputs=inputs, correlations=pairs)
    ranks = stats.spearmanr(np.stack([result.written[n] for n in "abcd"], axis=1)).statistic
    expected = [[1, 0.7, 0, 0], [0.7, 1, -0.5, 0], [0, -0.5, 1, 0], [0, 0, 0, 1]]
    assert ranks == pytest.approx(np.array(expected), abs=0.03)
    alone = run(draws=20_000, inputs=inputs)
    for name in "ad":  # the first of its group, and one whose only partner is pinned, keep their own draws
        assert result.written[name] == pytest.approx(alone.written[name], rel=1e-12)
    z = special.ndtri(np.stack([uniforms(1, n, 0, 20_000) for n in "ab"]))
    r = 2 * math.sin(math.pi * 0.7 / 6)
    mean, sd = math.log(2) / 2, math.log(2) / 2 / special.ndtri(0.9)
    assert np.log(result.written["b"]) == pytest.approx(mean + sd * (r * z[0] + math.sqrt(1 - r**2) * z[1]))


def test_crossings() -> None:
    year = np.array([2026.0, 2026.5, 2027.0])
    distance = np.array([[0.0, -1.0, -1.0, -2.0, -np.inf, -1.0], [1, -2, 1, -1, 3, -0.5], [2, -3, 2, -0.1, 3, np.inf]])
    dates = crossing_date(year, distance)
    assert dates.tolist() == [-np.inf, np.inf, 2026.25, np.inf, 2026.5, 2026.5]


def test_crossing_of_the_running_maximum_and_already() -> None:
    falling = {"dip": {"formula": "28 + abs(year - 2028) - 2", "unit": "log10 FLOP"}}
    result = run(
        inputs={"largest_run_start": (28.2, "log10 FLOP")},
        ceilings=falling,
        horizon=2032,
        thresholds={
            "already": {"value": 1.5e28, "unit": "FLOP"},
            "later": {"value": 29.1, "unit": "log10 FLOP"},
            "never": {"value": 1e31, "unit": "FLOP"},
            "effective": {"value": 1.5e28, "unit": "FLOP", "kind": "effective"},
        },
    )
    assert result.largest_run[:, 0] == pytest.approx([28.2] * 5 + [29, 30])
    assert result.crossing["already"][0] == -np.inf
    assert result.crossing["later"][0] == pytest.approx(2031.1)
    assert result.crossing["never"][0] == np.inf
    assert result.crossing["effective"][0] == pytest.approx(2030 + math.log10(1.5))


# ------------------------------------------------------------------------------------------------- published arithmetic

THREE = {
    "trend_start": {"value": 26.5, "unit": "log10 FLOP"},
    "one": {"dist": "lognormal", "low": 2, "high": 4, "interval": 0.9, "unit": "x/yr"},
    "two": {"dist": "lognormal", "low": 1.2, "high": 1.5, "interval": 0.9, "unit": "x/yr"},
    "three": {"dist": "lognormal", "low": 2, "high": 4.5, "interval": 0.9, "unit": "x/yr"},
    "trend_growth": {"formula": "one*two*three", "unit": "x/yr"},
}


def test_three_factors() -> None:
    draws, mean, sd = 100_000, 1.056302500767287, 0.1438826964090052
    result = run(
        draws=draws,
        inputs=THREE,
        start=2026,
        horizon=2038,
        drivers={"trend": {}},
        thresholds={"e36": {"value": 36, "unit": "log10 FLOP"}},
    )
    yearly = np.diff(result.training_compute, axis=0)[7]
    assert abs(yearly.mean() - mean) < 5 * sd / math.sqrt(draws)
    assert yearly.std() == pytest.approx(sd, rel=5 / math.sqrt(2 * draws))
    for n, p in ((6, 1.24678127739381e-4), (8, 0.18092738748559), (10, 0.769989920403454), (12, 0.967060576073585)):
        assert special.ndtr((n * mean - 9.5) / (n * sd)) == pytest.approx(p, rel=1e-10)
        share = np.mean(result.crossing["e36"] <= 2026 + n)
        assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / draws)
    assert result.crossing["e36"] == pytest.approx(np.where(yearly * 12 >= 9.5, 2026 + 9.5 / yearly, np.inf))


def test_longest_run() -> None:
    inputs = {
        "g_hardware": {"formula": "log(2)/2.46", "unit": "nat/yr"},
        "g_software": (0.535, "nat/yr"),
        "g_investment": (1.034, "nat/yr"),
        "hardware_only": {"formula": "1/g_hardware", "unit": "year"},
        "with_software": {"formula": "1/(g_hardware + g_software)", "unit": "year"},
        "with_investment": {"formula": "12/(g_hardware + g_investment)", "unit": "month"},
        "all_three": {"formula": "12/(g_hardware + g_software + g_investment)", "unit": "month"},
    }
    result = run(inputs=inputs)
    lengths = [result.written[n][0] for n in ("hardware_only", "with_software", "with_investment", "all_three")]
    assert lengths == pytest.approx([3.549, 1.224, 9.12, 6.484], abs=6e-4)
    assert result.training_compute is None


def test_round_numbers_of_the_field() -> None:
    data = run(
        inputs={"token_start": (4e14, "token"), "tokens_per_parameter": (20, "token/parameter")}, drivers={"data": {}}
    )
    assert 10 ** data.ceiling["data"][0, 0] == pytest.approx(4.8e28)
    chips = {
        "chip_stock_start": (1e6, "H100e"),
        "chip_start": (0.001, "H100e/yr"),
        "chip_share": (1, "fraction"),
        "chip_flops": (1e15, "FLOP/s"),
        "utilisation": (1, "fraction"),
        "run_length_start": (1e7, "s"),
    }
    assert 10 ** run(inputs=chips, drivers={"chips": {}, "run": {}}).ceiling["chips"][0, 0] == pytest.approx(1e28)
    power = run(
        inputs={"gpus": (16_000, "H100e"), "gpu_power": (1700, "W")},
        quantities={"campus": {"formula": "gpus*gpu_power", "unit": "W"}},
    )
    assert 10 ** power.quantity["campus"][0, 0] == pytest.approx(27.2e6)  # 27 MW


def test_extending_and_inserting_leave_draws_alone() -> None:
    short = run(draws=10, inputs=THREE, drivers={"trend": {}})
    long = run(draws=33, inputs={"new": THREE["one"], **THREE}, drivers={"trend": {}}, horizon=2040)
    assert np.array_equal(long.training_compute[:5, :10], short.training_compute)
    assert not np.array_equal(run(draws=10, seed=2, inputs=THREE).written["one"], short.written["one"])
    assert not np.array_equal(long.written["new"], long.written["one"])
