"""The second opinion on hypotheses and evidence, checked by itself: closed forms, and sums done by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from reference_mixture import CERTAIN, Pool, Variants, at_date, of_hypothesis, sets_of, variants, weighted_quantiles
from reference_model import reference
from scipy import special

UNIFORM = {"dist": "uniform", "low": 0, "high": 1, "interval": 1, "unit": "OOM"}
STANDARD = {"dist": "normal", "mean": 0, "sd": 1, "unit": "OOM"}


def small(**settings: Any) -> dict[str, Any]:
    """One input x between 0 and 1, a run of 26 + x + (year - 2026)/2, and a level of 27 to cross."""
    return {
        "start": 2026,
        "horizon": 2029,
        "inputs": {"x": UNIFORM},
        "ceilings": {"only": {"formula": "26 + x + (year - 2026)/2", "unit": "log10 FLOP"}},
        "thresholds": {"level": {"value": 27, "unit": "log10 FLOP"}},
        **settings,
    }


FASTER: dict[str, Any] = {
    "slow": {"weight": 0.75},
    "fast": {"weight": 0.25, "ceilings": {"only": {"formula": "26 + x + year - 2026", "unit": "log10 FLOP"}}},
}

# ---------------------------------------------------------------------------------------------- the set of a hypothesis


def test_rows_are_laid_over_by_the_rule_of_inheritance() -> None:
    settings = small(
        inputs={
            "a": {"dist": "normal", "low": 1, "high": 4, "unit": "1", "at": 2024},
            "b": {"formula": "2*a", "unit": "OOM"},
            "c": UNIFORM,
        },
        drivers={"power": {"law": "decaying", "efficiency": {"limit": "hard"}}, "trend": {}},
        inactive=["trend"],
        hypotheses={"h": {}},
        evidence={"e": {}},
    )
    changes = {
        "weight": 1,
        "note": "why",
        "inputs": {"a": {"low": 2, "min": 0}, "b": {"value": 3}, "c": None, "d": {"value": 7, "unit": "1"}},
        "drivers": {"power": {"efficiency": {"law": "reversion"}}, "trend": None},
        "inactive": [],
    }
    found = of_hypothesis(settings, changes)
    assert found["inputs"] == {
        "a": {"dist": "normal", "low": 2, "high": 4, "unit": "1", "at": 2024, "min": 0},
        "b": {"value": 3, "unit": "OOM"},
        "d": {"value": 7, "unit": "1"},
    }
    expected = {"power": {"law": "decaying", "efficiency": {"limit": "hard", "law": "reversion"}}, "trend": None}
    assert found["drivers"] == expected
    assert (found["inactive"], found["thresholds"]) == ([], settings["thresholds"])
    assert not {"hypotheses", "evidence", "weight", "note"} & set(found)
    again = of_hypothesis(settings, {"weight": 1, "inputs": {"a": {"quantiles": [[0.1, 1], [0.9, 2]], "unit": "OOM"}}})
    assert again["inputs"]["a"] == {"quantiles": [[0.1, 1], [0.9, 2]], "unit": "OOM"}
    rows = {"x": {**STANDARD, "value": 1, "max": 3}}
    spoken = of_hypothesis({"inputs": rows}, {"inputs": {"x": {"low": -1, "high": 2, "value": None, "max": None}}})
    assert spoken["inputs"]["x"] == {"dist": "normal", "low": -1, "high": 2, "unit": "OOM"}
    assert settings["inputs"]["b"] == {"formula": "2*a", "unit": "OOM"}  # untouched


@pytest.mark.parametrize("given", [(0.5, 0.6), (1.2, -0.2), (0.1, 0.1)])
def test_weights_are_a_distribution(given: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        sets_of(small(hypotheses={"a": {"weight": given[0]}, "b": {"weight": given[1]}}))


def test_all_hypotheses_see_the_same_draws() -> None:
    found = variants(small(hypotheses=FASTER), 100, 7)
    assert found.runs["slow"].written["x"].tolist() == found.runs["fast"].written["x"].tolist()
    assert found.runs["slow"].written["x"].tolist() == reference(small(), 100, 7).written["x"].tolist()


# -------------------------------------------------------------------------------------------------------------- mixture


def test_a_mixture_by_hand() -> None:
    draws = 1000
    found = Pool(variants(small(hypotheses=FASTER), draws, 1))
    x = found.of.one().written["x"]
    slow = [np.mean(x >= 1 - k / 2) for k in range(4)]
    fast = [np.mean(x >= 1 - k) for k in range(4)]
    assert slow[1] == pytest.approx(0.5, abs=0.08)
    expected = 0.75 * np.array(slow) + 0.25 * np.array(fast)
    assert found.probability("level") == pytest.approx(expected, abs=1e-14)
    # in 2027 the fast have all crossed; a draw of the slow has with probability 1/2, and only that varies
    error = 0.75 * math.sqrt(slow[1] * (1 - slow[1]) / draws)
    assert found.probability_error("level")[1] == pytest.approx(error, rel=1e-12)
    assert found.posterior() == pytest.approx({"slow": 0.75, "fast": 0.25}, abs=1e-15)
    assert found.effective_sample_size() == pytest.approx(draws, rel=1e-12)
    # median date: 0.75 P(2026 + 2(1 - x) <= t) + 0.25 P(2026 + 1 - x <= t) = 1/2 at t = 2026.8
    assert found.crossing("level", [0.5])[0] == pytest.approx(2026.8, abs=0.06)
    assert found.crossing("level", [0.9])[0] == pytest.approx(2026 + 2 * (0.9 - 0.25) / 0.75, abs=0.06)
    low, high = found.quantiles("largest_run", [0.0005, 1.0])
    assert low[2] == pytest.approx(27 + x.min(), abs=0.002)
    assert high[2] == pytest.approx(28 + x.max())
    mean, sd = found.moments("training_compute")
    assert mean[2] == pytest.approx(27.25 + x.mean(), rel=1e-13)
    assert sd[2] == pytest.approx(math.sqrt(x.var() + 0.75 * 0.25), rel=1e-10)


def test_the_error_is_the_spread_over_seeds() -> None:
    settings = small(hypotheses=FASTER, evidence={"seen": {"loglik": "-3*x**2"}})
    pools = [Pool(variants(settings, 200, seed)) for seed in range(300)]
    spread = np.std([pool.probability("level")[1] for pool in pools])
    stated = np.mean([pool.probability_error("level")[1] for pool in pools])
    assert stated == pytest.approx(spread, rel=5 / math.sqrt(2 * 300))
    naive = math.sqrt(0.75 * 0.25 / 200)
    assert abs(stated / naive - 1) > 0.1  # it is not the error of independent draws


def test_reweighting_to_one_hypothesis_is_that_hypothesis() -> None:
    settings = small(hypotheses=FASTER, evidence={"seen": {"loglik": "-(x > 0.3)"}})
    found = variants(settings, 500, 3)
    alone = Pool(variants({**of_hypothesis(settings, FASTER["fast"]), "evidence": settings["evidence"]}, 500, 3))
    pool = Pool(found, {"slow": 0, "fast": 1})
    assert pool.probability("level").tolist() == alone.probability("level").tolist()
    assert pool.probability_error("level").tolist() == alone.probability_error("level").tolist()
    assert pool.crossing("level", [0.1, 0.5]).tolist() == alone.crossing("level", [0.1, 0.5]).tolist()
    assert pool.effective_sample_size() == alone.effective_sample_size()
    assert pool.posterior() == {"slow": 0, "fast": 1}
    assert found.prior == {"slow": 0.75, "fast": 0.25}


def test_ceilings_and_inputs_that_only_one_hypothesis_has() -> None:
    other = {"formula": "26.9", "unit": "log10 FLOP"}
    hypotheses = {
        "a": {"weight": 0.4, "inactive": ["other"], "inputs": {"y": {"value": 5, "unit": "1"}}},
        "b": {"weight": 0.6},
    }
    ceilings = {"only": small()["ceilings"]["only"], "other": other}
    found = Pool(variants(small(ceilings=ceilings, hypotheses=hypotheses), 400, 1))
    x = found.of.one().written["x"]
    lower = np.mean(x + 0.5 <= 0.9)
    assert found.binding("only")[1] == pytest.approx(0.4 + 0.6 * lower, abs=1e-14)
    assert found.binding("other")[1] == pytest.approx(0.6 * (1 - lower), abs=1e-14)
    assert found.inputs("y", [0.05, 0.5]).tolist() == [5, 5]
    assert np.isnan(Pool(found.of, {"a": 0, "b": 1}).inputs("y", [0.5])).all()
    assert found.inputs("x", [0.5])[0] == np.sort(x)[199]


def test_weighted_quantiles_are_those_of_repeated_numbers() -> None:
    rng = np.random.default_rng(8)
    value, times = rng.normal(size=50), rng.integers(0, 5, 50)
    repeated = np.sort(np.repeat(value, times))
    for p in (0.01, 0.25, 0.5, 0.77, 1.0):
        expected = repeated[math.ceil(p * len(repeated)) - 1]
        assert weighted_quantiles(value, times.astype(float), [p])[0] == expected


# ------------------------------------------------------------------------------------------------------------- evidence


def test_weights_are_whole_numbers() -> None:
    for formula, weight in (("0", CERTAIN), ("-1", 1580030169), ("-23", 0), ("-22", 1), ("-1000", 0)):
        assert variants(small(evidence={"e": {"loglik": formula}}), 2, 1).weight.tolist() == [[weight] * 2]
    two = {"e": {"loglik": "-0.25"}, "f": {"loglik": "-3*0.25*(x >= 0)"}}
    assert variants(small(evidence=two), 2, 1).weight.tolist() == [[1580030169] * 2]


def test_what_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        variants(small(evidence={"e": {"loglik": "x - 0.5"}}), 100, 1)
    seen = {"quantity": "training_compute", "value": 26.5, "unit": "log10 FLOP", "sd": 0.1}
    for date in (2025.5, 2029.01):
        with pytest.raises(ValueError, match="outside"):
            variants(small(evidence={"e": {**seen, "date": date}}), 10, 1)
    with pytest.raises(KeyError):
        variants(small(evidence={"e": {"loglik": "-training_compute"}}), 10, 1)


def test_between_instants_levels_are_straight() -> None:
    year = np.array([2026.0, 2026.5, 2027.0])
    levels = np.array([[26.0, -np.inf], [27.0, 27.0], [29.0, np.inf]])
    assert at_date(year, levels, 2026.125)[0] == 26.25
    assert at_date(year, levels, 2026.875)[0] == 28.5
    assert at_date(year, levels, 2026.5).tolist() == [27, 27]
    assert at_date(year, levels, 2027.0).tolist() == [29, np.inf]
    assert at_date(year, levels, 2026.25).tolist() == [26.5, -np.inf]


def test_a_normal_observed_is_a_normal() -> None:
    """Prior N(m, 1) for each hypothesis, an observation o with error s: posterior mean, weights and sample size."""
    draws, s, o = 50_000, 0.8, 0.6
    settings = small(
        inputs={"x": STANDARD},
        hypotheses={"zero": {"weight": 0.7}, "two": {"weight": 0.3, "inputs": {"x": {"mean": 2}}}},
        evidence={
            # at 2026.5 the run is 26 + x + 0.25
            "seen": {"quantity": "largest_run", "date": 2026.5, "value": 26.25 + o, "unit": "log10 FLOP", "sd": s}
        },
    )
    found = variants(settings, draws, 11)
    pool = Pool(found)
    v = s * s
    likelihood = {name: math.exp(-((o - m) ** 2) / (2 * (1 + v))) for name, m in (("zero", 0), ("two", 2))}
    joint = 0.7 * likelihood["zero"] + 0.3 * likelihood["two"]
    assert pool.posterior()["two"] == pytest.approx(0.3 * likelihood["two"] / joint, abs=0.01)
    for name, m in (("zero", 0.0), ("two", 2.0)):
        one = Pool(found, {"zero": 0, "two": 0, name: 1})
        mean, sd = (m * v + o) / (1 + v), math.sqrt(v / (1 + v))
        middle, spread = one.moments("training_compute")
        assert middle[0] == pytest.approx(26 + mean, abs=0.02)
        assert spread[0] == pytest.approx(sd, abs=0.02)
        assert one.inputs("x", [0.1, 0.9]) == pytest.approx(mean + sd * special.ndtri([0.1, 0.9]), abs=0.04)
        # E[L]^2 / E[L^2] for L = exp(-(x - o)^2/(2 v))
        first = math.sqrt(v / (1 + v)) * math.exp(-((o - m) ** 2) / (2 * (1 + v)))
        second = math.sqrt(v / (2 + v)) * math.exp(-((o - m) ** 2) / (2 + v))
        assert one.effective_sample_size() == pytest.approx(draws * first**2 / second, rel=0.03)


def test_the_sample_size_counts_a_draw_once() -> None:
    """Two hypotheses that weigh the same draws up are no more draws than one of them."""
    same = variants(
        small(hypotheses={"a": {"weight": 0.5}, "b": {"weight": 0.5}}, evidence={"e": {"loglik": "-x"}}), 99, 1
    )
    alone = variants(small(evidence={"e": {"loglik": "-x"}}), 99, 1)
    assert Pool(same).effective_sample_size() == pytest.approx(Pool(alone).effective_sample_size(), rel=1e-12)
    opposed = Variants(same.prior, same.runs, np.array([[CERTAIN, 0] * 49 + [0], [0, CERTAIN] * 49 + [0]]))
    assert Pool(opposed).effective_sample_size() == pytest.approx(98)
    assert Pool(opposed, {"a": 1, "b": 0}).effective_sample_size() == pytest.approx(49)
