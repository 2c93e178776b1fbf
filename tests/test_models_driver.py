"""The driver `models`: expected numbers of models above a size, against drawing them, closed forms and the paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernel_values import Values, settings_of, values
from reference_model import reference

import simulate
from simulate import compose
from simulate.drivers import models
from simulate.errors import Mistakes

NAMES = ("1e25", "1e26", "1e27", "1e28")
CERTAIN: dict[str, tuple[Any, str]] = {
    "usage_start": (1e27, "FLOP/yr"),
    "usage_growth": (3, "x/yr"),
    "training_share": (40, "%"),
    "largest_model_share": (0.2, "fraction"),
    "allocation_gradient": (1.05, "1"),
    "smallest_model": (1e-6, "fraction"),
    "largest_model_start": (5e25, "FLOP"),
}


def a_set(drivers: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """A set of this driver alone, every row certain unless changed; keys that are no rows are settings."""
    settings = {key: changed.pop(key) for key in ("start", "horizon", "step", "thresholds") if key in changed}
    return settings_of({**CERTAIN, **changed}, drivers={"models": drivers or {}}, **settings)


def counts(found: Values, name: str) -> np.ndarray:
    """Counts above a size, (year,), of a set in which all draws are the same."""
    row = found.results[f"models_above_{name}"]
    assert np.all(row == row[:, :1])
    return row[:, 0]


def drawn(compute: float, largest: float, gradient: float, smallest: float, runs: int) -> np.ndarray:
    """The sizes' counts (run, name) of years whose models are drawn one after another, the last of a class whole."""
    pick = np.random.default_rng(5)
    edges = smallest ** np.linspace(1.0, 0.0, models.CLASSES + 1)
    found = np.zeros((runs, len(NAMES)))
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        room = compute * (high**gradient - low**gradient)
        sizes = largest * pick.uniform(low, high, (runs, int(2.0 * room / (largest * low)) + 20))
        before = np.cumsum(sizes, axis=1) - sizes
        for k, name in enumerate(NAMES):
            found[:, k] += np.sum((before < room) & (sizes > float(name)), axis=1)
    return found


UNCERTAIN: dict[str, Any] = {
    "usage_growth": {"dist": "normal", "low": 2.5, "high": 5, "min": 1.1, "unit": "x/yr"},
    "largest_model_share": {"dist": "lognormal", "low": 5, "high": 50, "max": 80, "unit": "%", "each": "year"},
    "allocation_gradient": {"dist": "uniform", "low": 0.8, "high": 1.3, "interval": 1, "unit": "1", "each": "year"},
    "smallest_model": {"dist": "loguniform", "low": 1e-8, "high": 1e-2, "interval": 1, "unit": "fraction"},
    "training_share": {"dist": "beta", "low": 20, "mode": 40, "high": 60, "unit": "%"},
    "training_share_change": {"dist": "uniform", "low": 2026.3, "high": 2029.4, "unit": "year"},
    "training_share_factor": {"dist": "uniform", "low": 0.6, "high": 1.4, "unit": "1"},
    "models_above_1e25_start": {"dist": "uniform", "low": 20, "high": 30, "unit": "1"},
    "models_above_1e27_start": (2, "1"),
}
LIMITED = {"usage_half_life": (3, "year"), "usage_limit": (2e28, "FLOP/yr"), "usage_volatility": (0.1, "OOM/yr")}
VARIANTS = {
    "certain": a_set(),
    "uncertain": a_set(**UNCERTAIN),
    "quarters": a_set(**UNCERTAIN, step=0.25),
    "from mid year": a_set(**UNCERTAIN, start=2025.5, horizon=2029, step=0.5),
    "dated": a_set(**UNCERTAIN | {"usage_start": {"value": 26.4, "unit": "log10 FLOP/yr", "at": 2023.5}}),
    "limited": a_set({"law": "decaying", "limit": "logistic"}, **UNCERTAIN, **LIMITED),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_against_the_second_opinion(variant: str) -> None:
    ours, theirs = values(VARIANTS[variant], 1024, 11), reference(VARIANTS[variant], 1024, 11)
    assert {f"all_models_above_{name}" for name in NAMES} < set(theirs.quantity)
    for name, expected in {**theirs.quantity, "ceiling:models": theirs.ceiling["models"]}.items():
        if name in ours.results:
            off = np.abs(ours.results[name] - expected) / np.maximum(1.0, np.abs(expected))
            assert off.max() < 1e-9, name
    assert ours.results["models_above_1e25"].max() > 5.0


def test_the_expected_number_is_the_mean_of_drawing() -> None:
    """The renewal formula holds for many models in a class; here a class holds three and more."""
    found = values(a_set(horizon=2028))
    compute = 1e27 * 3.0**2 * 0.4
    each = drawn(compute, 0.2 * compute, 1.05, 1e-6, 20_000)
    error = each.std(axis=0) / np.sqrt(len(each))
    for k, name in enumerate(NAMES[:2]):
        assert abs(counts(found, name)[2] - each[:, k].mean()) < 5.0 * error[k] + 0.1, name
    assert each[:, 1].mean() > 5.0


def test_everything_above_and_a_gradient_of_one() -> None:
    """With gradient 1 a class uses compute in proportion to its width, so all classes have as many models."""
    found = values(a_set(usage_start=(1e40, "FLOP/yr"), allocation_gradient=(1, "1"), smallest_model=(1e-5, "1")))
    ratio = 10.0 ** (5.0 / models.CLASSES)
    width = 2.0 * (ratio - 1.0) / (ratio + 1.0)
    expected = models.CLASSES * (width / 0.2 + 0.5 * (1.0 + width**2 / 12.0))
    for name in NAMES:
        np.testing.assert_allclose(counts(found, name)[1:], expected, rtol=1e-12)
        total = found.results[f"all_models_above_{name}"][:, 0]
        np.testing.assert_allclose(total, expected * np.arange(len(total)), rtol=1e-12)


@pytest.mark.parametrize("gradient", [0.7, 1.0, 1.15])
def test_within_the_largest_class(gradient: float) -> None:
    """A bound in the class of the largest models: the part of the class above it, by hand."""
    found = values(a_set(allocation_gradient=(gradient, "1"), usage_growth=(1, "x/yr")))
    largest, low = 1e27 * 0.4 * 0.2, 10.0 ** (-6.0 / models.CLASSES)
    mean = (1.0 + low) / 2.0
    number = (1.0 - low**gradient) / 0.2 / mean + 0.5 + (1.0 - low) ** 2 / 24.0 / mean**2
    assert 1e26 > largest > 5e25
    np.testing.assert_array_equal(counts(found, "1e26"), 0.0)
    bound = a_set(allocation_gradient=(gradient, "1"), usage_growth=(1, "x/yr"), usage_start=(1.75e27, "FLOP/yr"))
    part = (1.0 - 1e26 / (1.75 * largest)) / (1.0 - low)
    assert 0.0 < part < 1.0
    np.testing.assert_allclose(counts(values(bound), "1e26")[1:], number * part, rtol=1e-12)


def test_the_start_is_what_the_table_says() -> None:
    found = values(a_set(models_above_1e25_start=(24, "1"), models_above_1e26_start=(1, "1")))
    assert [counts(found, name)[0] for name in NAMES] == [24.0, 1.0, 0.0, 0.0]
    np.testing.assert_allclose(found.results["largest_model"][0], np.log10(5e25), rtol=1e-14)
    for name in NAMES:
        total = found.results[f"all_models_above_{name}"]
        np.testing.assert_allclose(total, np.cumsum(found.results[f"models_above_{name}"], axis=0), rtol=1e-14)


def test_the_step_changes_nothing() -> None:
    """Years are counted when they have ended; in between stands the last."""
    yearly, fine = (values(a_set(**UNCERTAIN, step=step), 512, 3).results for step in (1, 0.25))
    for name, level in yearly.items():
        np.testing.assert_array_equal(fine[name][::4], level, err_msg=name)
    for name in ("largest_model", "models_above_1e25", "all_models_above_1e26"):
        np.testing.assert_array_equal(fine[name][3:-1:4], fine[name][:-1:4])


def test_the_share_changes_within_its_year() -> None:
    """Changed at 2027.25, a quarter of 2027 has the old share and three quarters have half of it."""
    found = values(a_set(training_share_change=(2027.25, "year"), training_share_factor=(0.5, "1")))
    share = 10.0 ** (found.results["training_usage"] - found.results["ai_usage"])[:, 0]
    np.testing.assert_allclose(share, [0.4, 0.4, 0.25, 0.2, 0.2], rtol=1e-12)


def test_beyond_a_pole_counts_stay_numbers() -> None:
    """Usage without bound leaves as many models as there are sizes of them."""
    acceleration = {"usage_acceleration": (0.5, "1")}
    found = values(a_set({"law": "superexponential"}, **acceleration))
    assert np.all(found.results["ai_usage"][-1] == np.inf)
    ordinary = values(a_set(usage_start=(1e60, "FLOP/yr")))
    np.testing.assert_allclose(counts(found, "1e28")[-1], counts(ordinary, "1e28")[-1], rtol=1e-9)


def test_a_count_can_be_a_threshold() -> None:
    """Linear between the ends of years, like the count itself."""
    found = values(a_set(thresholds={"fifty": {"quantity": "all_models_above_1e25", "value": 50, "unit": "1"}}))
    total = found.results["all_models_above_1e25"][:, 0]
    np.testing.assert_allclose(found.crossing["fifty"], np.interp(50.0, total, found.year), rtol=1e-12)


def test_models_as_small_as_the_largest_are_refused() -> None:
    with pytest.raises(Mistakes, match=r"smallest_model can exceed 0\.1; truncate it, as with `max: 0\.1`"):
        values(a_set(smallest_model=(0.5, "fraction")))
    with pytest.raises(Mistakes, match=r"largest_model_share can exceed 1, more than the whole"):
        values(a_set(largest_model_share=(120, "%")))


def test_beside_other_drivers() -> None:
    """Counting models changes nothing else, as long as its ceiling takes no part in the minimum."""
    baseline = compose.settings("baseline_2026", ["horizon=2029"])[0]
    rows = a_set()["inputs"]
    more = {**baseline, "drivers": {**baseline["drivers"], "models": {}}, "inputs": {**baseline["inputs"], **rows}}
    with_models = values({**more, "inactive": [*baseline["inactive"], "models"]}).results
    for name, level in values(baseline).results.items():
        np.testing.assert_array_equal(with_models[name], level, err_msg=name)


#: 5, 50 and 95 % by the end of 2028, from the paper's abstract; sums of the percentiles of each year.
PUBLISHED = {"1e25": (103, 165, 306), "1e26": (45, 81, 148)}


def test_kumar_and_manning() -> None:
    """The paper adds up the percentiles of years; the percentiles of the sum lie closer together."""
    dataset = simulate.run("kumar_manning_2025", draws=200_000)
    for name, published in PUBLISHED.items():
        added = dataset[f"models_above_{name}"].sum("year").sel(quantile=[0.05, 0.5, 0.95]).values
        np.testing.assert_allclose(added[1], published[1], rtol=0.06)
        np.testing.assert_allclose(added[[0, 2]], [published[0], published[2]], rtol=0.08)
        total = dataset[f"all_models_above_{name}"].sel(quantile=[0.05, 0.5, 0.95], year=2029).values
        assert added[0] < total[0] < total[1] < total[2] < added[2]
    largest = dataset["largest_model"].sel(quantile=0.5, year=[2026, 2027, 2028, 2029]).values
    np.testing.assert_allclose(largest, [26.47, 27.09, 27.55, 28.15], atol=0.05)
