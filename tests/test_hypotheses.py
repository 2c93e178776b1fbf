"""Hypotheses and evidence: the program against the second opinion, draw by draw in its counts, and against itself.

Both see the same random words. Probabilities come from whole numbers, so they must agree to the rounding of a sum. A
weight is a whole number of 2**-32, and a likelihood of inputs that are read from the table of a quantile function moves
it by a few of these units: then the shares agree to 1e-9, and where no input stands in between, to 1e-12. A quantile
read from a histogram lies within one bin of the true one: at most a 128th of the range of the first 512 draws, see
`simulate.summary`. A date is counted in cells of a 128th of a year. A result that is weighed anew knows 200 equally
likely values of each hypothesis, so its quantiles may also be those of a level that is 1.5/200 away, see `COARSE`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import command_line
import numpy as np
import pytest
import xarray as xr
from random_sets import mixed_set
from reference_mixture import FOLLOWS, Pool, Variants, level_of, of_hypothesis, variants

import simulate
from simulate import compose, forecast, units
from simulate.assumptions import build
from simulate.designs import picked
from simulate.errors import Mistakes
from simulate.fingerprints import of_arrays
from simulate.mixture import mixed_moments

DOLLARS = {year: units.DOLLARS[f"USD{year}"] for year in units.PRICES}
EXACT, BY_TABLES = 1e-12, 1e-9  # of probabilities: of the draws themselves, of inputs read from tables
NEARLY = 1e-8  # of levels of quantiles: which of two neighbouring draws it is may depend on rounding
#: The same where the mixture is that of 200 equally likely values of each hypothesis, of which number k (from 0) is the
#: quantile of (k + 1/2)/200. So the share of a hypothesis at or below a value differs by at most half a 200th from the
#: number of its values there, in 200ths, and so does the mixture's. Between two neighbours in the sorted values of all,
#: which are at most one 200th of the mass apart, the program is linear: another 200th.
COARSE = 1.5 / 200 + NEARLY
PILOT = 512  # draws by which histograms are placed
CELL = 1 / 128  # a bin in ranges of the pilot, and a cell of dates in years
LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])  # of the quantiles of a result
DRAWS = 1300  # two whole blocks and a part of one


def run(settings: Mapping[str, Any], draws: int = DRAWS, seed: int = 1, threads: int | None = None) -> xr.Dataset:
    """Run a composed set."""
    return forecast.run(build(settings), draws, seed, threads)


def second_opinion(settings: Mapping[str, Any], draws: int = DRAWS, seed: int = 1) -> Variants:
    """Run a composed set the other way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return variants(settings, draws, seed, DOLLARS)


# ---------------------------------------------------------------------------------------------------------- comparisons


def between(found: np.ndarray, low: np.ndarray, high: np.ndarray, name: str) -> None:
    """Each number lies between two, infinities being equal to themselves."""
    wrong = ~((low <= found) & (found <= high))
    assert not np.any(wrong), (name, found[wrong], low[wrong], high[wrong])


def resolution(values: np.ndarray) -> float:
    """The widest bin of a histogram of values (..., draw), and the rounding of the numbers themselves."""
    pilot = values[..., :PILOT][np.isfinite(values[..., :PILOT])]
    size = float(np.abs(pilot).max(initial=1.0))
    return max(float(np.ptp(pilot)), 2.0**-30 * size) * CELL + 1e-9 * size


def input_resolution(values: np.ndarray, quantile: np.ndarray) -> np.ndarray:
    """The same for an input, of which the logarithm may be counted."""
    linear = np.full_like(quantile, resolution(values))
    if values.min() <= 0 or values[:, :PILOT].max() <= 3 * values[:, :PILOT].min():
        return linear
    return np.maximum(linear, quantile * np.expm1(resolution(np.log10(values)) * np.log(10)))


def lower_and_upper(slack: float) -> tuple[np.ndarray, np.ndarray]:
    """Levels just below and just above those of the result."""
    return LEVELS - slack, LEVELS + slack


def check_thresholds(found: xr.Dataset, pool: Pool, suffix: str, close: float, slack: float) -> None:
    for name in pool.of.one().crossing:
        here = found.sel(threshold=name)
        np.testing.assert_allclose(here[f"probability{suffix}"], pool.probability(name), rtol=0, atol=close)
        low, high = (pool.crossing(name, levels) for levels in lower_and_upper(slack))
        between(here[f"crossing{suffix}"].values, low - CELL - 1e-9, high + CELL + 1e-9, name)
        if not suffix:
            errors = here["probability_error"]
            np.testing.assert_allclose(errors, pool.probability_error(name), rtol=0, atol=BY_TABLES)
            np.testing.assert_allclose(here["never"], 1 - pool.probability(name)[-1], rtol=0, atol=close)
            np.testing.assert_allclose(here["already"], pool.probability(name)[0], rtol=0, atol=close)


def check_levels(found: xr.Dataset, pool: Pool, suffix: str, slack: float) -> None:
    run = pool.of.one()
    names = [*run.quantity, *run.ceiling, *(FOLLOWS if run.active else ())]
    for name in names:
        values = pool.gather(partial(level_of, name=name))
        width = np.array([resolution(yearly) for yearly in values])
        low, high = (pool.quantiles(name, levels) for levels in lower_and_upper(slack))
        is_ceiling = name in run.ceiling and name not in run.quantity
        if is_ceiling and suffix:
            continue
        if is_ceiling:
            theirs = found["ceiling_compute"].sel(ceiling=name)
        elif name in found:
            theirs = found[f"{name}{suffix}"]
        else:  # what a driver keeps to itself
            continue
        between(theirs.transpose("quantile", "year").values, low - width, high + width, name)
        if not suffix and not is_ceiling:
            mean, sd = pool.moments(name)
            some = np.isfinite(mean)
            assert np.all(np.abs(found[f"{name}_mean"].values - mean)[some] <= width[some]), name
            assert np.all(np.abs(found[f"{name}_sd"].values - sd)[some] <= width[some]), name


def check_inputs(found: xr.Dataset, pool: Pool, suffix: str, slack: float) -> None:
    for name in {name for run in pool.of.runs.values() for name in run.written}:
        rows = [run.written[name] for run in pool.of.runs.values() if name in run.written]
        values = np.stack([row[0] if row.ndim == 2 else row for row in rows])
        low, high = (pool.inputs(name, levels) for levels in lower_and_upper(slack))
        theirs = found[f"inputs{suffix}"].sel(input=name).values
        if np.isnan(low).all():
            assert np.isnan(theirs).all(), name
        else:
            between(theirs, low - input_resolution(values, low), high + input_resolution(values, high), name)


def check_binding(found: xr.Dataset, pool: Pool, suffix: str, close: float) -> None:
    for name in pool.of.one().ceiling:
        theirs = found[f"binding{suffix}"].sel(ceiling=name).values
        np.testing.assert_allclose(theirs, pool.binding(name), rtol=0, atol=close, err_msg=name)


def check_all(found: xr.Dataset, pool: Pool, suffix: str, close: float, slack: float = NEARLY) -> None:
    """Everything that is said of the mixture, or of one hypothesis."""
    check_levels(found, pool, suffix, slack)
    check_inputs(found, pool, suffix, slack)
    if pool.of.one().active:
        check_binding(found, pool, suffix, close)
    if pool.of.one().crossing:
        check_thresholds(found, pool, suffix, close, slack)


def check_pool(found: xr.Dataset, pool: Pool, close: float, slack: float = NEARLY) -> None:
    """The mixture, and what the evidence leaves of the hypotheses and of the draws."""
    check_all(found, pool, "", close, slack)
    size = pool.effective_sample_size()
    assert float(found["effective_sample_size"]) == pytest.approx(size, rel=close)
    if "hypothesis" in found.coords:
        assert found["hypothesis"].values.tolist() == list(pool.of.runs)
        assert found["hypothesis_posterior"].values == pytest.approx(list(pool.posterior().values()), abs=close)


def only(names: Sequence[str], one: str) -> dict[str, float]:
    """All weight on one hypothesis."""
    return {name: float(name == one) for name in names}


def compare(settings: Mapping[str, Any], draws: int = DRAWS, seed: int = 1, close: float = EXACT) -> xr.Dataset:
    """Hold a run against the second opinion: the mixture, each hypothesis, and the mixture with other weights."""
    theirs = second_opinion(settings, draws, seed)
    found = run(settings, draws, seed)
    check_pool(found, Pool(theirs), close)
    if not settings.get("hypotheses"):
        return found
    names = list(theirs.runs)
    assert found["hypothesis_weight"].values.tolist() == list(theirs.prior.values())
    for name, weight in zip(names, theirs.weight, strict=True):
        here = found.sel(hypothesis=name)
        if weight.any():
            check_all(here, Pool(theirs, only(names, name)), "_by_hypothesis", close)
        else:
            assert np.isnan(here["inputs_by_hypothesis"]).all()
    other = dict(zip(names, np.arange(len(names), 0, -1.0) / np.arange(1, len(names) + 1).sum(), strict=True))
    anew = Pool(theirs, other)
    if not anew.effective_sample_size() >= 0.01 * draws:
        with pytest.raises(Mistakes, match="below 1 %"):
            simulate.reweight(found, other)
        return found
    again = simulate.reweight(found, other)
    assert again["hypothesis_weight"].values == pytest.approx(list(other.values()), abs=1e-15)
    check_pool(again, anew, close, COARSE)
    return found


# ----------------------------------------------------------------------------------------------------------- small sets

UNIFORM = {"dist": "uniform", "low": 0, "high": 1, "interval": 1, "unit": "OOM"}
STANDARD = {"dist": "normal", "mean": 0, "sd": 1, "unit": "OOM"}


def small(**settings: Any) -> dict[str, Any]:
    """One input x, a run of 26 + x + (year - 2026)/2, and a level of 27.1 to cross."""
    return {
        "name": "small",
        "start": 2026,
        "horizon": 2029,
        "inputs": {"x": UNIFORM},
        "ceilings": {"straight": {"formula": "26 + x + (year - 2026)/2", "unit": "log10 FLOP"}},
        "thresholds": {"level": {"value": 27.1, "unit": "log10 FLOP"}},
        **settings,
    }


FASTER: dict[str, Any] = {
    "slow": {"weight": 0.75},
    "fast": {"weight": 0.25, "ceilings": {"straight": {"formula": "26 + x + year - 2026", "unit": "log10 FLOP"}}},
}
TREND = {
    "start": 2026,
    "horizon": 2034,
    "step": 0.5,
    "drivers": {"trend": {"law": "two-regime"}, "power": {"limit": "hard"}, "run": {}},
    "inputs": {
        "trend_start": {**UNIFORM, "low": 26, "high": 27, "unit": "log10 FLOP"},
        "trend_growth": {"dist": "uniform", "low": 3, "high": 6, "interval": 1, "unit": "x/yr"},
        "trend_growth_after": {"value": 1.5, "unit": "x/yr"},
        "trend_slowdown": {"dist": "uniform", "low": 2027, "high": 2031, "interval": 1, "unit": "year"},
        "power_start": {"dist": "uniform", "low": 100, "high": 400, "interval": 1, "unit": "MW"},
        "power_growth": {"value": 2, "unit": "x/yr"},
        "power_limit": {"value": 20, "unit": "GW"},
        "efficiency_start": {"value": 7e11, "unit": "FLOP/J"},
        "efficiency_growth": {"value": 1.4, "unit": "x/yr"},
        "utilisation": {"value": 0.4, "unit": "fraction"},
        "run_length_start": {"value": 4, "unit": "month"},
        "run_length_growth": {"value": 0, "unit": "OOM/yr"},
    },
    "thresholds": {"e28": {"value": 1e28, "unit": "FLOP"}, "e30": {"value": 1e30, "unit": "FLOP"}},
}
LAWS: dict[str, Any] = {
    "stated": {"weight": 0.4},
    "steady": {
        "weight": 0.3,
        "drivers": {"trend": {"law": "exponential"}},
        "inputs": {"trend_growth_after": None, "trend_slowdown": None},
    },
    "fading": {
        "weight": 0.2,
        "drivers": {"trend": {"law": "decaying"}, "power": {"limit": "logistic", "efficiency": {"limit": "hard"}}},
        "inputs": {
            "trend_half_life": {"value": 5, "unit": "year"},
            "efficiency_limit": {"value": 2e12, "unit": "FLOP/J"},
        },
    },
    "no_trend": {"weight": 0.1, "inactive": ["trend"], "thresholds": {"e30": {"value": 3e29, "unit": "FLOP"}}},
}


def test_hypotheses_that_differ_in_a_formula() -> None:
    found = compare(small(hypotheses=FASTER))
    assert float(found["effective_sample_size"]) == DRAWS
    assert found["hypothesis_posterior"].values.tolist() == [0.75, 0.25]
    slow, fast = (found["probability_by_hypothesis"].sel(hypothesis=name, year=2028).item() for name in FASTER)
    assert slow < 0.95 < fast == 1


def test_laws_limits_and_ceilings_of_a_hypothesis() -> None:
    found = compare({**TREND, "hypotheses": LAWS}, seed=5)
    binding = found["binding_by_hypothesis"]
    assert np.all(binding.sel(hypothesis="no_trend", ceiling="power") == 1)
    assert np.isnan(found["inputs_by_hypothesis"].sel(hypothesis="steady", input="trend_slowdown")).all()
    assert not np.isnan(found["inputs_by_hypothesis"].sel(hypothesis="fading", input="trend_half_life")).any()


def test_evidence_that_excludes_most_draws() -> None:
    """A likelihood in steps: of 1300 draws the 13 % with x < 1/8 count in full, and all others next to nothing."""
    settings = small(hypotheses=FASTER, evidence={"low": {"loglik": "-12*(x > 0.125) - 0.5*(x > 0.0625)"}})
    found = compare(settings)
    assert 0.02 < float(found["effective_sample_size"]) / DRAWS < 0.2
    assert found["inputs"].sel(input="x", quantile=0.95).item() < 0.2


def test_evidence_without_hypotheses() -> None:
    found = compare(small(evidence={"near": {"loglik": "-8*(x - 0.7)**2"}, "far": {"loglik": "-(x > 0.9)"}}))
    assert "hypothesis_weight" not in found
    assert float(found["effective_sample_size"]) < DRAWS


@pytest.mark.parametrize("date", [2026, 2026.3, 2027.5, 2029])
def test_an_observation_between_instants(date: float) -> None:
    """A quantity seen at any date of the grid, its ends included."""
    seen = {"quantity": "training_compute", "date": date, "value": 5e26, "unit": "FLOP", "sd": 0.6}
    found = compare(small(hypotheses=FASTER, evidence={"seen": seen}))
    slow, fast = found["hypothesis_posterior"].values
    assert (slow > 0.8) == (date > 2027)
    assert slow + fast == pytest.approx(1)


def test_an_observation_at_a_horizon_that_is_a_sum_of_steps() -> None:
    """2025.1 and a tenth are less than 2025.2 in the last place."""
    seen = {"quantity": "training_compute", "date": 2025.2, "value": -4, "unit": "log10 FLOP", "sd": 60}
    settings = small(evidence={"seen": seen}) | {"start": 2025.1, "horizon": 2025.2, "step": 0.1}
    (observed,) = build(settings).evidence.observations
    assert observed.date == build(settings).years[-1] < 2025.2
    assert observed.value == -4
    with pytest.raises(Mistakes, match="an amount above 0"):
        build(settings | {"evidence": {"seen": {**seen, "unit": "FLOP"}}})


def test_an_observation_of_a_driver() -> None:
    seen = {"quantity": "power", "date": 2027.75, "value": 1.2, "unit": "GW", "sd": 0.1}
    compare({**TREND, "hypotheses": LAWS, "evidence": {"campus": seen, "slow": {"loglik": "-0.3*trend_growth"}}})


def test_an_observation_of_a_normal_is_a_normal() -> None:
    """The closed form: x is N(0, 1) or N(2, 1), seen as 0.6 with error 0.8."""
    draws, error, seen_as = 100_000, 0.8, 0.6
    seen = {"quantity": "largest_run", "date": 2026.5, "value": 26.25 + seen_as, "unit": "log10 FLOP", "sd": error}
    hypotheses = {"zero": {"weight": 0.7}, "two": {"weight": 0.3, "inputs": {"x": {**STANDARD, "mean": 2}}}}
    found = run(small(inputs={"x": STANDARD}, hypotheses=hypotheses, evidence={"seen": seen}), draws)
    v = error**2
    zero, two = (np.exp(-((seen_as - m) ** 2) / (2 * (1 + v))) for m in (0.0, 2.0))
    joint = 0.7 * zero + 0.3 * two
    assert found["hypothesis_posterior"].values == pytest.approx([0.7 * zero / joint, 0.3 * two / joint], abs=0.01)
    for name, m in (("zero", 0.0), ("two", 2.0)):
        median = found["inputs_by_hypothesis"].sel(hypothesis=name, input="x", quantile=0.5).item()
        assert median == pytest.approx((m * v + seen_as) / (1 + v), abs=0.03)


COTRA_LIKE = {
    "start": 2023,
    "horizon": 2050,
    "drivers": {"investment": {"limit": "logistic"}, "hardware": {"limit": "logistic"}, "algorithms": {}},
    "inputs": {
        "spend_start": {"value": 1e9, "unit": "USD"},
        "spend_growth": {"value": 2.5, "unit": "years to double"},
        "spend_limit": {"value": 2.3e11, "unit": "USD"},
        "price_performance_start": {"value": 17.3, "unit": "log10 FLOP/USD"},
        "price_performance_growth": {"value": 2.5, "unit": "years to double"},
        "price_performance_limit": {"value": 24, "unit": "log10 FLOP/USD"},
        "brain": {"dist": "lognormal", "low": 11, "high": 19.5, "interval": 0.9, "unit": "log10 FLOP/s"},
        "transform": {"dist": "normal", "low": -2, "high": 2, "interval": 0.9, "unit": "OOM"},
        "span": {"value": 0, "unit": "OOM"},
        "chance": UNIFORM,
        "jump": {"dist": "normal", "low": 1, "high": 3, "interval": 0.9, "unit": "OOM"},
        "raw": {"formula": "brain + transform + span + 9.1", "unit": "log10 FLOP"},
        "updated": {"formula": "max(24, raw + jump*(raw < 27)*(chance > 0.3))", "unit": "log10 FLOP"},
        "requirement": {"formula": "round(10*updated)/10", "unit": "log10 FLOP"},
        "algorithm_growth": {
            "formula": "clip(3.5 - round((requirement - 29)/2)/2, 2, 3.5)",
            "unit": "years to halve",
        },
    },
    "hypotheses": {
        "lifetime": {
            "weight": 0.052,
            "inputs": {
                "adjustment": {
                    "dist": "mixture",
                    "parts": [
                        {"weight": 0.5, "dist": "lognormal", "low": 2, "high": 5, "interval": 0.9},
                        {"weight": 0.5, "dist": "lognormal", "low": 5, "high": 9, "interval": 0.9},
                    ],
                    "unit": "OOM",
                },
                "raw": {"formula": "brain + adjustment + transform + 5", "unit": "log10 FLOP"},
            },
        },
        "short": {
            "weight": 0.318,
            "inputs": {"span": {"dist": "normal", "low": 0, "high": 3, "interval": 0.9, "unit": "OOM"}},
        },
        "long": {
            "weight": 0.56,
            "inputs": {"span": {"dist": "normal", "low": 6, "high": 9, "interval": 0.9, "unit": "OOM"}},
        },
        "none": {
            "weight": 0.07,
            "inputs": {
                "raw": {"dist": "normal", "low": 60, "high": 70, "interval": 0.9, "unit": "log10 FLOP"},
                "updated": {"formula": "raw", "unit": "log10 FLOP"},
            },
        },
    },
    "thresholds": {"transformative": {"formula": "requirement", "unit": "log10 FLOP", "kind": "effective"}},
}


def test_anchors_in_the_way_of_cotra() -> None:
    """Formulas that only some hypotheses read, a row that a hypothesis states instead of a formula, and rounding."""
    found = compare(COTRA_LIKE, draws=2000)
    years = found["crossing_by_hypothesis"].sel(threshold="transformative", crossing_quantile=0.5)
    assert years.sel(hypothesis="short").item() < years.sel(hypothesis="long").item()
    assert years.sel(hypothesis="none").item() == np.inf


def test_anchors_that_were_not_reached_yet() -> None:
    """The same with the update of the Direct Approach: the weight that lies below today's compute is taken away."""
    unseen = {"loglik": "-(8*10**(0.3*(17 - updated)) + 2*10**(0.3*(25 - updated)) + 10**(0.3*(29 - updated)))"}
    found = compare({**COTRA_LIKE, "evidence": {"no_tai_yet": unseen}}, draws=2000, close=BY_TABLES)
    prior, posterior = found["hypothesis_weight"], found["hypothesis_posterior"]
    assert posterior.sel(hypothesis="none").item() > 1.05 * prior.sel(hypothesis="none").item()


# --------------------------------------------------------------------------------------------------------- random sets

FEW = 4  # in every run; as many as there is time for behind the marker


def refused(theirs: Variants) -> bool:
    """Whether a forecast has to refuse: something is not a number, or the evidence leaves too few draws."""
    names = [*theirs.one().quantity, *theirs.one().ceiling, *FOLLOWS]
    if any(np.isnan(level_of(run, name)).any() for run in theirs.runs.values() for name in names):
        return True
    with np.errstate(invalid="ignore"):
        return not Pool(theirs).effective_sample_size() >= 0.01 * theirs.weight.shape[1]


def compare_mixed(number: int, draws: int) -> bool:
    """Compare one random set; False if both agree that it says nothing."""
    settings = mixed_set(number)
    if refused(second_opinion(settings, draws, number)):
        with pytest.raises(Mistakes):
            run(settings, draws, number)
        return False
    compare(settings, draws, number, close=BY_TABLES)
    return True


@pytest.mark.parametrize("number", range(FEW))
def test_random_sets(number: int) -> None:
    compare_mixed(number, 700)


@pytest.mark.long
def test_many_random_sets() -> None:
    told = [compare_mixed(number, 1100) for number in range(FEW, 104)]
    assert sum(told) > 80


# -------------------------------------------------------------------------------------------------- against the program


def arrays_of(found: xr.Dataset) -> dict[str, np.ndarray]:
    """Every coordinate and variable."""
    return {str(name): found[name].values for name in found.variables}


@pytest.mark.parametrize("plain", [small(), TREND], ids=["small", "trend"])
def test_one_hypothesis_is_the_plain_set_bit_for_bit(plain: dict[str, Any]) -> None:
    alone = arrays_of(run(plain, seed=3))
    mixed = arrays_of(run({**plain, "hypotheses": {"as_it_is": {"weight": 1}}}, seed=3))
    assert set(alone) < set(mixed)
    assert of_arrays({name: mixed[name] for name in alone}) == of_arrays(alone)


def test_evidence_that_says_nothing_changes_no_count() -> None:
    """All counts become 2**32 times as large, which no quantile or share can notice. Errors and their intervals come
    from sums over pairs instead of p(1 - p)/n: the same number, but rounded on another way. Values are added up in
    steps of 2^-16 of a bin, and squares of 2^-8, since products with weights have no room for more.
    """
    rounded = ("probability_error", "probability_low", "probability_high", "crossing_error")
    alone = arrays_of(run(small(), seed=4))
    heard = arrays_of(run(small(evidence={"nothing": {"loglik": "0*x"}}), seed=4))
    moments = {name for name in alone if name.endswith(("_mean", "_sd"))}
    exact = alone.keys() - set(rounded) - moments
    assert of_arrays({name: heard[name] for name in exact}) == of_arrays({name: alone[name] for name in exact})
    for name in rounded:
        np.testing.assert_allclose(heard[name], alone[name], rtol=0, atol=EXACT, err_msg=name)
    assert len(moments) >= 4
    for name in moments:
        spread = alone[name.removesuffix("_mean").removesuffix("_sd") + "_sd"]
        assert np.all(np.abs(heard[name] - alone[name]) <= 1e-5 * spread), name


def test_a_hypothesis_that_evidence_excludes() -> None:
    """It weighs nothing in the mixture, its own results are not numbers, and no other weight brings it back."""
    beyond = {"weight": 0.25, "inputs": {"x": {"low": 2, "high": 3}}}
    hypotheses = {"beyond": beyond, "within": {"weight": 0.75}}
    found = compare(small(hypotheses=hypotheses, evidence={"seen": {"loglik": "-50*(x > 1.5)"}}))
    assert found["hypothesis_posterior"].values.tolist() == [0, 1]
    assert np.isnan(found["probability_by_hypothesis"].sel(hypothesis="beyond")).all()
    with pytest.raises(Mistakes, match="no draw, below 1 %"):
        simulate.reweight(found, {"beyond": 1, "within": 0})


def test_an_input_of_a_hypothesis_without_weight() -> None:
    """There is no mixture of it, though the hypothesis itself can be looked at, and weighed anew."""
    extra = {"hint": UNIFORM, "x": {"formula": "hint/2", "unit": "OOM"}}
    found = compare(small(hypotheses={"plain": {"weight": 1}, "hinted": {"weight": 0, "inputs": extra}}))
    assert np.isnan(found["inputs"].sel(input="hint")).all()
    assert not np.isnan(found["inputs_by_hypothesis"].sel(input="hint", hypothesis="hinted")).any()
    again = simulate.reweight(found, {"plain": 0.5, "hinted": 0.5})
    assert again["inputs"].sel(input="hint", quantile=0.5).item() == pytest.approx(0.5, abs=0.05)


def test_a_certain_input_stays_certain_when_weighed_anew() -> None:
    """To the last bit, and of any size: 1e41 FLOP is an anchor for the brain's evolution."""
    inputs = {"x": {"value": 0.4, "unit": "OOM"}, "evolution": {"value": 1e41, "unit": "FLOP"}}
    formula = {"formula": "26 + x + (year - 2026)/2 + 0*evolution", "unit": "log10 FLOP"}
    uncertain = {"weight": 0.25, "inputs": {"x": UNIFORM}}
    hypotheses = {"certain": {"weight": 0.75}, "uncertain": uncertain}
    found = run(small(inputs=inputs, ceilings={"straight": formula}, hypotheses=hypotheses))
    again = simulate.reweight(found, {"certain": 1, "uncertain": 0})
    assert again["inputs"].sel(input="x").values.tolist() == [0.4] * len(LEVELS)
    assert again["inputs"].sel(input="evolution").values.tolist() == [1e41] * len(LEVELS)


def test_threads_do_not_matter() -> None:
    settings = {
        **TREND,
        "hypotheses": LAWS,
        "evidence": {"seen": {"loglik": "-0.4*trend_growth"}},
    }
    draws = 17_000  # with weights two tasks, see `engines.local`
    once = of_arrays(arrays_of(run(settings, draws, threads=1)))
    assert of_arrays(arrays_of(run(settings, draws, threads=2))) == once


def test_the_order_of_hypotheses_only_reorders() -> None:
    forth = run({**TREND, "hypotheses": LAWS})
    back = run({**TREND, "hypotheses": dict(reversed(LAWS.items()))})
    assert back["hypothesis"].values.tolist() == list(reversed(LAWS))
    np.testing.assert_allclose(back["probability"], forth["probability"], rtol=0, atol=EXACT)
    for name in ("probability_by_hypothesis", "binding_by_hypothesis"):
        assert back[name].sel(hypothesis=list(LAWS)).values.tolist() == forth[name].values.tolist()


@pytest.mark.parametrize("name", list(LAWS))
def test_reweighting_to_one_hypothesis_is_that_hypothesis(name: str) -> None:
    evidence = {"seen": {"loglik": "-0.4*trend_growth"}}
    settings = {**TREND, "hypotheses": LAWS, "evidence": evidence}
    found = simulate.reweight(run(settings), only(list(LAWS), name))
    alone = run({**of_hypothesis(settings, LAWS[name]), "evidence": evidence})
    np.testing.assert_allclose(found["probability"], alone["probability"], rtol=0, atol=EXACT)
    np.testing.assert_allclose(found["probability_error"], alone["probability_error"], rtol=0, atol=BY_TABLES)
    size = float(alone["effective_sample_size"])
    assert float(found["effective_sample_size"]) == pytest.approx(size, rel=EXACT)
    assert found["hypothesis_posterior"].values.tolist() == list(only(list(LAWS), name).values())
    pool = Pool(second_opinion({**of_hypothesis(settings, LAWS[name]), "evidence": evidence}))
    check_pool(alone, pool, EXACT)
    check_all(found, Pool(second_opinion(settings), only(list(LAWS), name)), "", EXACT, COARSE)


@pytest.mark.parametrize("sampling", ["random", "sobol"])
def test_a_result_weighed_anew_is_that_of_a_run_with_these_weights(sampling: str) -> None:
    """Every variable, but for quantiles (see above) and errors of Sobol points; draws picked by weight are gone."""
    evidence = {"seen": {"loglik": "-0.4*trend_growth"}}
    rows = {**LAWS["steady"]["inputs"], "trend_acceleration": {**UNIFORM, "low": 0.2, "high": 0.5, "unit": "1"}}
    laws = {**LAWS, "steady": {"weight": 0.3, "drivers": {"trend": {"law": "superexponential"}}, "inputs": rows}}
    weights = dict(zip(laws, (0.1, 0.2, 0.3, 0.4), strict=True))
    others = {name: {**law, "weight": weights[name]} for name, law in laws.items()}
    first, anew = (
        forecast.run(build({**TREND, "hypotheses": stated, "evidence": evidence}), DRAWS, 1, sampling=sampling)
        for stated in (laws, others)
    )
    again = simulate.reweight(first, weights)
    assert "reached_pole" in again
    assert {name for name in anew.data_vars if name not in again} == {
        name for name, of in anew.data_vars.items() if "draw" in of.dims
    }
    assert set(anew.attrs) - set(again.attrs) == {"convergence"}
    assert ("larger than those of Sobol" in again.attrs["notes"]) == (sampling == "sobol")
    for name, of in again.data_vars.items():
        if f"{name}_shares" in again or (sampling == "sobol" and str(name).startswith("probability_")):
            continue
        if of.dtype.kind in "OU" or name == "crossing_error":
            continue
        np.testing.assert_allclose(of, anew[name], rtol=1e-9, atol=EXACT, err_msg=str(name))


def test_what_is_certain_under_all_hypotheses_is_certain_though_weights_are_rounded() -> None:
    weights = (0.7, 0.2, 0.1)
    assert np.sum(weights) < 1.0
    laws = {f"h{k}": {"weight": weight} for k, weight in enumerate(weights)}
    found = run({**TREND, "hypotheses": laws, "thresholds": {"low": {"value": 1.0, "unit": "FLOP"}}})
    for one in (found, simulate.reweight(found, dict(zip(laws, weights, strict=True)))):
        assert np.all(one["probability"] == 1.0)
        assert np.all(one["never"] == 0.0)


def test_dates_weighed_anew_agree_with_what_never_crosses() -> None:
    """The 200 values of each hypothesis say where a quantile lies, the counts whether there is one."""
    laws = {
        "a": {"weight": 0.5},
        "b": {"weight": 0.5, "inputs": {"trend_growth": {**UNIFORM, "low": 1.1, "high": 1.4, "unit": "x/yr"}}},
    }
    found = run({**TREND, "hypotheses": laws})
    for weight in np.linspace(0.0, 1.0, 41):
        anew = simulate.reweight(found, {"a": weight, "b": 1.0 - weight})
        beyond = anew["crossing_quantile"] > 1.0 - anew["never"]
        assert (np.isposinf(anew["crossing"]) == beyond.transpose(*anew["crossing"].dims)).all()
        before = anew["crossing_quantile"] <= anew["already"]
        assert (np.isneginf(anew["crossing"]) == before.transpose(*anew["crossing"].dims)).all()


def test_reweighting_leaves_the_result_as_it_was() -> None:
    found = run(small(hypotheses=FASTER, evidence={"e": {"loglik": "-x"}}))
    before = of_arrays(arrays_of(found))
    stated = {"slow": 0.75, "fast": 0.25}
    there_and_back = simulate.reweight(simulate.reweight(found, {"slow": 0.1, "fast": 0.9}), stated)
    assert of_arrays(arrays_of(found)) == before
    assert of_arrays(arrays_of(there_and_back)) == of_arrays(arrays_of(simulate.reweight(found, stated)))
    for name in ("hypothesis_posterior", "probability", "probability_error", "binding"):
        np.testing.assert_allclose(there_and_back[name], found[name], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"slow": 0.5, "fast": 0.6}, r"1\.1"),
        ({"slow": 1.5, "fast": -0.5}, r"-0\.5"),
        ({"slow": 0.5, "fsat": 0.5}, r"fsat.*did you mean 'fast'"),
    ],
)
def test_reweighting_refuses(weights: dict[str, float], said: str) -> None:
    found = run(small(hypotheses=FASTER), 600)
    with pytest.raises(Mistakes, match=said):
        simulate.reweight(found, weights)


PARENT = f"""{command_line.HEADER}start: 2026
horizon: 2029
inputs: {{x: {{dist: uniform, low: 0, high: 1, interval: 1, unit: OOM}}}}
ceilings: {{straight: {{formula: "26 + x + (year - 2026)/2", unit: log10 FLOP}}}}
thresholds: {{level: {{value: 27.1, unit: log10 FLOP}}}}
hypotheses:
  slow: {{weight: 0.75}}
  fast: {{weight: 0.25, ceilings: {{straight: {{formula: "26 + x + year - 2026", unit: log10 FLOP}}}}}}
"""


def child_of_parent(folder: Path, hypotheses: str) -> dict[str, Any]:
    """The settings of a set that inherits the parent and says something of its hypotheses."""
    command_line.write(folder, "parent.yaml", PARENT)
    text = f"{command_line.HEADER}defaults: [parent]\nhypotheses: {hypotheses}\n"
    command_line.write(folder, "child.yaml", text)
    return compose.settings("child", config_dir=folder)[0]


def test_a_child_set_reweights_and_adds(tmp_path: Path) -> None:
    words = "{slow: {weight: 0.25}, still: {weight: 0.5, inputs: {x: {value: 0.2}}}}"
    stated = child_of_parent(tmp_path, words)["hypotheses"]
    assert list(stated) == ["slow", "fast", "still"]
    assert [row["weight"] for row in stated.values()] == [0.25, 0.25, 0.5]
    still = {"weight": 0.5, "inputs": {"x": {"value": 0.2}}}
    expected = small(hypotheses={"slow": {"weight": 0.25}, "fast": FASTER["fast"], "still": still})
    found = simulate.run("child", draws=DRAWS, config_dir=tmp_path)
    pool = Pool(second_opinion(expected))
    np.testing.assert_allclose(found["probability"].sel(threshold="level"), pool.probability("level"), atol=EXACT)


def test_a_child_set_takes_out(tmp_path: Path) -> None:
    settings = child_of_parent(tmp_path, "{slow: null, fast: {weight: 1}}")
    assert {name for name, row in settings["hypotheses"].items() if row is not None} == {"fast"}
    found, alone = run(settings), run(of_hypothesis(small(), FASTER["fast"]))
    assert found["probability"].sel(threshold="level").values.tolist() == alone["probability"][0].values.tolist()


def test_a_saved_result_can_be_reweighted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own"
    child_of_parent(own, "{slow: {weight: 0.4}, fast: {weight: 0.6}}")
    outcome = command_line.simulate("--config-dir", str(own), "assumptions=parent", "draws=2000", "output=kept")
    assert outcome.code == 0, outcome.err
    kept = simulate.load(tmp_path / "outputs" / "kept")
    again = simulate.reweight(kept, {"slow": 0.4, "fast": 0.6})
    whole = simulate.run("child", draws=2000, config_dir=own)
    np.testing.assert_allclose(again["probability"], whole["probability"], rtol=0, atol=EXACT)
    np.testing.assert_allclose(again["probability_error"], whole["probability_error"], rtol=0, atol=EXACT)
    assert again["hypothesis_weight"].values.tolist() == [0.4, 0.6]


def test_bad_weights_on_the_command_line_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, here = tmp_path / "own", tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    command_line.write(own, "parent.yaml", PARENT.replace("0.75", "0.85"))
    outcome = command_line.simulate("--config-dir", str(own), "assumptions=parent", "draws=2000")
    command_line.assert_clean_refusal(outcome, here)
    assert "hypotheses" in outcome.err
    assert "1.1" in outcome.err


# ------------------------------------------------------------------------------------------------------------ mistakes


def two(**fast: Any) -> dict[str, Any]:
    """Two equal hypotheses, one of which says what is given."""
    return {"slow": {"weight": 0.5}, "fast": {"weight": 0.5, **fast}}


SEEN = {"quantity": "training_compute", "date": 2027, "value": 1e27, "unit": "FLOP", "sd": 0.5}
FORMULA = {"formula": "26 + x + year - 2026", "unit": "log10 FLOP"}
MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("negative", {"hypotheses": {"slow": {"weight": 1.2}, "fast": {"weight": -0.2}}}, r"fast.*-0\.2"),
    ("sum", {"hypotheses": {"slow": {"weight": 0.5}, "fast": {"weight": 0.6}}}, r"hypotheses.*1\.1"),
    ("no weight", {"hypotheses": {"slow": {"weight": 1}, "fast": {}}}, r"hypotheses\.fast.*weight"),
    ("text", {"hypotheses": two(weight="half")}, r"hypotheses\.fast.*half"),
    ("not finite", {"hypotheses": two(weight=float("nan"))}, r"hypotheses\.fast.*nan"),
    ("unknown field", {"hypotheses": two(weightt=0.5)}, r"hypotheses\.fast.*weightt.*did you mean 'weight'"),
    ("unknown row", {"hypotheses": two(inputs={"y": UNIFORM})}, r"hypotheses\.fast.*\by\b"),
    (
        "unknown ceiling",
        {"hypotheses": two(ceilings={"strait": FORMULA})},
        r"hypotheses\.fast.*strait.*did you mean 'straight'",
    ),
    (
        "unknown threshold",
        {"hypotheses": two(thresholds={"levvel": {"value": 1, "unit": "FLOP"}})},
        r"hypotheses\.fast.*levvel.*did you mean 'level'",
    ),
    ("own quantity", {"hypotheses": two(quantities={"q": FORMULA})}, r"hypotheses\.fast.*\bq\b"),
    ("start", {"hypotheses": two(start=2025)}, r"hypotheses\.fast.*start"),
    ("bad row", {"hypotheses": two(inputs={"x": {"low": 3}})}, r"hypotheses\.fast.*x.*low.*3"),
    (
        "other unit",
        {"hypotheses": two(inputs={"x": {**UNIFORM, "unit": "%"}})},
        r"hypotheses\.fast(?=.*\bx\b)(?=.*unit)(?=.*%)(?=.*OOM)",
    ),
    ("nothing seen", {"evidence": {"e": {"note": "nothing"}}}, r"evidence\.e.*loglik"),
    ("both", {"evidence": {"e": {**SEEN, "loglik": "-x"}}}, r"evidence\.e.*loglik"),
    ("no date", {"evidence": {"e": {k: v for k, v in SEEN.items() if k != "date"}}}, r"evidence\.e.*date"),
    ("too early", {"evidence": {"e": {**SEEN, "date": 2025.5}}}, r"evidence\.e.*2025\.5.*start"),
    ("too late", {"evidence": {"e": {**SEEN, "date": 2029.5}}}, r"evidence\.e.*2029\.5.*2029"),
    ("no error", {"evidence": {"e": {**SEEN, "sd": 0}}}, r"evidence\.e.*sd"),
    ("negative error", {"evidence": {"e": {**SEEN, "sd": -0.5}}}, r"evidence\.e.*-0\.5"),
    ("not positive", {"evidence": {"e": {**SEEN, "value": -1e27}}}, r"evidence\.e.*-1e\+?27"),
    ("wrong unit", {"evidence": {"e": {**SEEN, "unit": "token"}}}, r"evidence\.e.*token"),
    (
        "unknown quantity",
        {"evidence": {"e": {**SEEN, "quantity": "training_compte"}}},
        r"evidence\.e.*training_compte.*did you mean 'training_compute'",
    ),
    ("unknown key", {"evidence": {"e": {**SEEN, "sdd": 1}}}, r"evidence\.e.*sdd.*did you mean 'sd'"),
    ("unknown input", {"evidence": {"e": {"loglik": "-xx"}}}, r"evidence\.e.*xx"),
    ("a quantity", {"evidence": {"e": {"loglik": "-largest_run"}}}, r"evidence\.e.*largest_run"),
    ("bad formula", {"evidence": {"e": {"loglik": "-(x"}}}, r"evidence\.e"),
    ("a list", {"evidence": [{"loglik": "-x"}]}, r"evidence.*by name"),
    ("no number", {"evidence": {"e": {**SEEN, "sd": "1-2 OOM"}}}, r"evidence\.e.*sd.*1-2 OOM"),
    ("a list as unit", {"evidence": {"e": {**SEEN, "unit": ["FLOP"]}}}, r"evidence\.e.*unit.*FLOP"),
    ("hypotheses in a list", {"hypotheses": [{"weight": 1}]}, r"hypotheses.*by name"),
    ("a hypothesis as a number", {"hypotheses": {"slow": {"weight": 1}, "fast": 0.5}}, r"hypotheses\.fast.*mapping"),
    ("rows in a list", {"hypotheses": two(inputs=["x"])}, r"hypotheses\.fast\.inputs.*by name"),
    ("a row as a number", {"hypotheses": two(inputs={"x": 3})}, r"hypotheses\.fast\.inputs\.x.*a row is a mapping"),
    ("an unknown field", {"hypotheses": two(inputs={"x": {"loww": 0.1}})}, r"hypotheses\.fast\.inputs\.x.*loww"),
    ("drivers in a list", {"hypotheses": two(drivers=["trend"])}, r"hypotheses\.fast\.drivers.*by name"),
    ("no such row", {"hypotheses": two(inputs={"xx": None})}, r"hypotheses\.fast\.inputs\.xx.*null"),
    ("no such driver", {"hypotheses": two(drivers={"trend": None})}, r"hypotheses\.fast\.drivers\.trend.*null"),
    ("no name", {"hypotheses": {"Fast one": {"weight": 1}}}, r"hypotheses.*'Fast one'"),
    (
        "other quantity",
        {"hypotheses": two(thresholds={"level": {"value": 27, "unit": "log10 FLOP", "quantity": "training_compute"}})},
        r"hypotheses\.fast.*level.*largest_run.*training_compute",
    ),
    ("above 0", {"evidence": {"e": {"loglik": "x - 0.5"}}}, r"evidence\.e.*above 0"),
    ("not a number", {"evidence": {"e": {"loglik": "-sqrt(x - 0.5)"}}}, r"evidence\.e.*no number"),
    ("collapse", {"evidence": {"e": {"loglik": "-30*(x > 0.004)"}}}, r"leaves 0\.\d+ % of the draws.*below 1 %"),
    ("excluded", {"evidence": {"e": {"loglik": "-50"}}}, r"leaves no draw, below 1 %"),
]


@pytest.mark.parametrize(("settings", "said"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_mistakes_are_explained(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Mistakes, match=said) as refusal:
        run(small(**settings))
    assert all(mistake.way_out or "did you mean" in mistake.what for mistake in refusal.value.items)


def test_a_row_that_is_not_there_has_a_nearest_name() -> None:
    changes = {"weight": 1, "inputs": {"trend_grwth": {"low": 2}}}
    with pytest.raises(Mistakes, match=r"hypotheses\.fast.*trend_grwth.*did you mean 'trend_growth'"):
        run({**TREND, "hypotheses": {"fast": changes}})


def test_all_mistakes_at_once() -> None:
    settings = small(
        hypotheses={"slow": {"weight": -0.1}, "fast": {"weight": 1.1, "inputs": {"x": {"dist": "unfiform"}}}},
        evidence={"e": {**SEEN, "date": 2020}},
    )
    with pytest.raises(Mistakes) as refusal:
        run(settings)
    text = str(refusal.value)
    assert all(word in text for word in ("-0.1", "unfiform", "2020"))


def test_an_input_that_only_evidence_reads_is_used() -> None:
    inputs = {"x": UNIFORM, "hint": {"dist": "uniform", "low": -1, "high": 1, "interval": 1, "unit": "1"}}
    found = compare(small(inputs=inputs, evidence={"e": {"loglik": "-2*hint**2"}}))
    assert found["inputs"].sel(input="hint", quantile=0.9).item() < 0.75


def test_a_mean_at_infinity_has_no_finite_deviation() -> None:
    """As for one set: where a path may be past its pole both are infinite, and no number is missing."""
    mean, sd = mixed_moments(np.array([0.5, 0.5]), [(np.array([1.0, np.inf]), np.ones(2)), (np.ones(2), np.ones(2))])
    assert mean.tolist() == sd.tolist() == [1.0, np.inf]


def test_each_draw_takes_the_values_of_its_hypothesis() -> None:
    values = [np.arange(24.0).reshape(2, 3, 4), -np.arange(24.0).reshape(2, 3, 4)]
    pick = np.array([0, 1, 1, 0])
    assert np.array_equal(picked(values, pick), values[0] * np.where(pick == 0, 1.0, -1.0))
