"""One row laid over another: pins, changes of family, and that the order of words means nothing."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from simulate import assumptions, compose, overlay
from simulate.distributions import FAMILIES
from simulate.errors import Mistakes
from simulate.fields import FIELDS

ABOUT = {"unit": "W", "source": "s", "note": "n"}
LOGNORMAL = {"dist": "lognormal", "low": 1, "high": 4, "interval": 0.9, "max": 9}
NORMAL = {"dist": "normal", "mean": 3, "sd": 1, "min": 0}
MIXTURE = {"dist": "mixture", "parts": [{"weight": 0.5, "value": 1}, {"weight": 0.5, "value": 2}]}
QUANTILES = {"quantiles": [[0.1, 1], [0.9, 2]]}
TRIANGULAR = {"dist": "triangular", "low": 1, "mode": 2, "high": 4, "interval": 1}


@pytest.mark.parametrize(
    ("row", "over", "left"),
    [
        (LOGNORMAL, {"dist": "normal"}, {**LOGNORMAL, "dist": "normal"}),
        (LOGNORMAL, {"mean": 3, "sd": 1}, {"dist": "lognormal", "mean": 3, "sd": 1, "max": 9}),
        (LOGNORMAL, {"median": 3, "sd_ln": 1}, {"dist": "lognormal", "median": 3, "sd_ln": 1, "max": 9}),
        (LOGNORMAL, {"low": 2}, {**LOGNORMAL, "low": 2}),
        (NORMAL, {"dist": "uniform", "low": 1, "high": 2}, {"dist": "uniform", "low": 1, "high": 2, "min": 0}),
        (NORMAL, {"low": 1, "high": 2}, {"dist": "normal", "low": 1, "high": 2, "min": 0}),
        (NORMAL, {"dist": "lognormal"}, {"dist": "lognormal", "min": 0}),
        (MIXTURE, {"dist": "uniform", "low": 1, "high": 2}, {"dist": "uniform", "low": 1, "high": 2}),
        (MIXTURE, QUANTILES, QUANTILES),
        (QUANTILES, {"parts": MIXTURE["parts"]}, {"parts": MIXTURE["parts"]}),
        (QUANTILES, {"dist": "normal", "low": 1, "high": 2}, {"dist": "normal", "low": 1, "high": 2}),
        (TRIANGULAR, {"dist": "uniform"}, {"dist": "uniform", "low": 1, "high": 4, "interval": 1}),
        (TRIANGULAR, {"dist": "metalog", "mid": 3}, {"dist": "metalog", "low": 1, "mid": 3, "high": 4, "interval": 1}),
        (LOGNORMAL, {"dist": "lognorml"}, {**LOGNORMAL, "dist": "lognorml"}),
        (LOGNORMAL, {"formula": "2*x"}, {"formula": "2*x"}),
        (LOGNORMAL, {"value": 2}, {**LOGNORMAL, "value": 2}),
        (LOGNORMAL, {"value": 2, "unit": "W"}, {**LOGNORMAL, "value": 2}),
        (LOGNORMAL, {"value": 2, "unit": "MW"}, {"value": 2, "unit": "MW"}),
        ({"formula": "2*x"}, {"value": 2}, {"value": 2}),
        ({**LOGNORMAL, "value": 2}, {"dist": "normal"}, {**LOGNORMAL, "dist": "normal"}),
        ({**LOGNORMAL, "value": 2}, {"formula": "x"}, {"formula": "x"}),
        ({**LOGNORMAL, "value": 2}, {"value": None}, LOGNORMAL),
        ({**LOGNORMAL, "value": 2}, {"value": 3}, {**LOGNORMAL, "value": 3}),
        ({**LOGNORMAL, "value": 2}, {"low": 2}, {**LOGNORMAL, "value": 2, "low": 2}),
    ],
    ids=str,
)
def test_what_is_left_of_a_row(row: dict[str, Any], over: dict[str, Any], left: dict[str, Any]) -> None:
    assert overlay.patch({**ABOUT, **row}, over) == {**ABOUT, **left}


@pytest.mark.parametrize("old", FAMILIES)
@pytest.mark.parametrize("new", FAMILIES)
def test_no_field_of_another_family_survives(old: str, new: str) -> None:
    given = {"dist": old, **dict.fromkeys(FIELDS[old] - {"dist"}, 1), **ABOUT}
    left = overlay.patch(given, {"dist": new}).keys() - ABOUT.keys()
    assert left == {"dist"} | FIELDS[new] & FIELDS[old]


@pytest.mark.parametrize(
    "words",
    [
        ("inputs.gwp_growth.dist=uniform", "inputs.gwp_growth.low=1", "inputs.gwp_growth.high=2"),
        ("inputs.gwp_growth.mean=2", "inputs.gwp_growth.sd=1", "inputs.gwp_growth.dist=normal"),
        ("inputs.run_length_limit={dist: normal, mean: 9, sd: 1, min: 1, unit: month}", "inputs.run_length_limit.sd=2"),
        ("inputs.gwp_growth.value=2", "inputs.gwp_growth.unit='%/yr'"),
        ("drivers.power.law=exponential", "drivers.power={law: decaying, limit: logistic, efficiency: {limit: hard}}"),
        ("inputs.spend_delay.parts=[{weight: 1, value: 1}]", "inputs.spend_delay.note=because"),
    ],
)
def test_the_order_of_the_words_means_nothing(words: tuple[str, ...]) -> None:
    composed = [compose.settings("baseline_2026", order)[0] for order in itertools.permutations(words)]
    for other in composed[1:]:
        assert {key: other[key] for key in ("inputs", "drivers", "changes")} == {
            key: composed[0][key] for key in ("inputs", "drivers", "changes")
        }


@pytest.mark.parametrize(
    "fields",
    [
        ("dist=normal", "mean=2.5", "sd=0.1"),
        ("dist=uniform", "low=2", "high=3"),
        ("parts=[{weight: 0.5, value: 2}, {weight: 0.5, dist: uniform, low: 2, high: 3}]",),
        ("quantiles=[[0.1, 2], [0.9, 3]]", "min=1"),
        ("formula=2+0.5",),
        ("dist=metalog", "mid=2.5", "min=1"),
        ("median=2.5", "sd_ln=0.1"),
    ],
)
def test_a_shipped_row_takes_any_family_by_override(fields: tuple[str, ...]) -> None:
    words = [*(f"inputs.chip_growth.{field}" for field in fields), "correlations=[]"]
    settings, where = compose.settings("baseline_2026", words)
    row = assumptions.build(settings, where).rows["chip_growth"]
    assert (row.unit, row.certain, row.pinned) == ("x/yr", None, False)


def test_a_missing_end_of_the_new_family_is_said() -> None:
    settings, where = compose.settings("baseline_2026", ["inputs.spend_delay.dist=mixture"])
    with pytest.raises(Mistakes, match=r"inputs\.spend_delay: parts"):
        assumptions.build(settings, where)
