"""Why two sets differ: Shapley values, groups, combinations that cannot be, and the errors of the shares."""

from __future__ import annotations

import io
import json
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import HEADER, assert_clean_refusal, simulate, write

import simulate as package
from simulate import attribution, attribution_tables, causes, compose, page, plots, shapley, store
from simulate.coalitions import _together
from simulate.errors import Mistake, Mistakes
from simulate.studies import attribution as study

# Compute is start + growth * years, in log10: what two certain rows add to it is additive, to a date it is not.
FIRST = """
start: 2026
horizon: 2046
drivers: {trend: {law: exponential}, algorithms: {law: exponential}}
inputs:
  trend_start: {dist: normal, mean: 26, sd: 1, unit: log10 FLOP}
  trend_growth: {value: 1, unit: OOM/yr}
  algorithm_growth: {value: 0.5, unit: OOM/yr}
  need: {dist: normal, mean: 32, sd: 1, unit: log10 FLOP}
thresholds: {level: {formula: need, quantity: largest_effective, unit: log10 FLOP}}
"""
OTHER = """
defaults: [first]
inputs:
  trend_start: {mean: 26.5}
  trend_growth: {value: 1.25}
  algorithm_growth: {dist: normal, mean: 0.6, sd: 0.1, unit: OOM/yr}
  need: {mean: 33}
"""
# The law and the row that only it reads: neither goes without the other.
TORN = """
defaults: [first]
inputs:
  own_power: {value: 5, unit: "1"}
  need: {mean: 33}
quantities: {double: {formula: 2 * own_power, unit: "1"}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Own sets, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("first", FIRST), ("other", OTHER), ("torn", TORN)):
        write(tmp_path / "sets", f"{name}.yaml", HEADER + text)
    return tmp_path / "sets"


def attribute(folder: Path, other: Any = "other", **more: Any) -> Any:
    settings = {"draws": 2000, "at": [2030, 2032], "overrides": ["thresholds=[regulatory]"], **more}
    return package.attribute("first", other, config_dir=folder, **settings)


def test_shapley_values_sum_to_the_whole_exactly() -> None:
    rng = np.random.default_rng(1)
    for causes_ in (1, 2, 3, 6):
        values = rng.normal(size=2**causes_).tolist()
        assert sum(shapley.shares(values)) == Fraction(values[-1]) - Fraction(values[0])
        for row in shapley.coefficients(causes_):
            assert sum(row) == 0


def test_shapley_values_in_a_known_game() -> None:
    # Cause 0 brings a left glove, 1 and 2 a right one each; a pair is worth 1 (Shapley 1953): 2/3, 1/6, 1/6.
    values = [float(bool(c & 1) and bool(c & 6)) for c in range(8)]
    assert shapley.shares(values) == [Fraction(2, 3), Fraction(1, 6), Fraction(1, 6)]
    additive = [sum(w for j, w in enumerate((3, 5, -7)) if c >> j & 1) for c in range(8)]
    assert shapley.shares(additive) == [3, 5, -7]


def test_shares_sum_to_the_change_and_are_additive_where_the_model_is(folder: Path) -> None:
    ds = attribute(folder)
    assert ds["group"].values.tolist() == ["trend", "algorithms", "requirement"]
    for kind in ("probability", "crossing", "training_compute", "effective_compute"):
        total = ds[f"{kind}_other"] - ds[f"{kind}_first"]
        known = ds[f"{kind}_change"].notnull().all("group").values
        assert known.any()
        shared = ds[f"{kind}_change"].sum("group").values[known]
        np.testing.assert_allclose(shared, total.values[known], rtol=0, atol=1e-13)
        np.testing.assert_array_equal(ds[f"{kind}_total"], total)
    trend = ds["training_compute_change"].sel(group="trend", year=2030)
    assert float(trend) == pytest.approx(0.5 + 4 * 0.25, abs=1e-5)
    assert float(ds["training_compute_change_error"].sel(group="trend", year=2030)) < 1e-6
    for group in ("algorithms", "requirement"):
        assert float(ds["training_compute_change"].sel(group=group, year=2030)) == 0.0
    alone = package.compare(["first", "other"], 2000, config_dir=folder, overrides=["thresholds=[regulatory]"])
    p = alone["probability"].sel(threshold="level", year=2032)
    assert float(ds["probability_first"].sel(threshold="level", year=2032)) == float(p[0])
    assert float(ds["probability_other"].sel(threshold="level", year=2032)) == float(p[1])
    date = alone["crossing"].sel(threshold="level", crossing_quantile=0.5)
    assert float(ds["crossing_other"].sel(threshold="level")) == pytest.approx(float(date[1]), abs=0.02)


def test_a_median_date_beyond_the_horizon_is_not_shared_out(folder: Path) -> None:
    slow = {"base": "first", "inputs": {"trend_growth": {"value": 0.1}, "algorithm_growth": {"value": 0.01}}}
    ds = attribute(folder, slow)
    assert float(ds["crossing_other"].sel(threshold="level")) == math.inf
    assert np.isnan(ds["crossing_change"].sel(threshold="level")).all()
    assert int(ds["crossing_unknown"].sel(threshold="level")) >= 1
    assert np.isfinite(ds["probability_change"]).all()
    with pytest.raises(Mistakes, match="not finite in every combination"):
        plots.waterfall(ds, of="level")


def test_errors_are_the_spread_over_seeds(folder: Path) -> None:
    seeds = 40
    found: dict[str, list[Any]] = {"probability": [], "crossing": []}
    words = ["study=attribution", "at=[2030]", "thresholds=[regulatory]"]
    settings, _ = compose.settings(None, words, folder, data={"sets": ["first", "other"]})
    (first, other), between, wanted = study.planned(settings)
    for seed in range(seeds):
        ds = attribution.run(first, other, between, wanted, 2000, seed, threads=1)
        ds = ds.sel(threshold="level", year=2030, group="requirement")
        for kind, pairs in found.items():
            pairs.append((float(ds[f"{kind}_change"]), float(ds[f"{kind}_change_error"])))
    for kind, pairs in found.items():
        values, errors = np.array(pairs).T
        # The standard deviation of 40 values is known to 11 %; limits at 4 of these.
        assert 0.6 < values.std(ddof=1) / errors.mean() < 1.5, kind


def test_groups_are_those_of_the_drivers() -> None:
    first, _ = compose.settings("direct_approach_2023_08")
    other, _ = compose.settings("direct_approach_2023_10")
    found = causes.groups(first, other, None, set(first["thresholds"]), [])
    assert set(found) == {"investment", "algorithms"}
    base, _ = compose.settings("baseline_2026")
    for row, group in (
        ("inputs.chip_growth", "chips"),
        ("inputs.power_growth", "power"),
        ("inputs.algorithm_growth", "algorithms"),
        ("thresholds.flop_1e29", "requirement"),
        ("drivers.power", "structure"),
        ("horizon", "structure"),
        ("evidence.x", "evidence"),
    ):
        assert causes.group_of(row, [base]) == group, row
    assert causes.group_of("inputs.gpu_growth", [first]) == "hardware"


def test_formulas_are_followed_to_what_they_feed() -> None:
    settings = {
        "drivers": {"power": {}},
        "inputs": {"a": {}, "b": {"formula": "2 * a"}, "power_start": {"formula": "b + 1"}, "c": {}, "d": {}},
        "thresholds": {"t": {"formula": "c"}},
        "evidence": {"e": {"loglik": "-d"}},
    }
    groups = [causes.group_of(f"inputs.{name}", [settings]) for name in ("a", "b", "c", "d", "power_start")]
    assert groups == ["power", "power", "requirement", "evidence", "power"]
    assert causes.group_of("inputs.x", [settings]) == "other"


def test_groups_of_ones_own(folder: Path) -> None:
    ds = attribute(folder, groups={"supply": ["trend_start", "inputs.algorithm_growth"]})
    assert ds["group"].values.tolist() == ["supply", "trend", "requirement"]
    rows = {line["row"]: line["group"] for line in json.loads(ds.attrs["rows"])}
    assert rows["inputs.trend_start"] == rows["inputs.algorithm_growth"] == "supply"
    with pytest.raises(Mistakes) as raised:
        attribute(folder, groups={"a": ["trend_start", "need"], "b": ["inputs.need", "trend_strt"]}, at=[2026.3])
    told = str(raised.value)
    assert "inputs.need is in two groups, a and b" in told
    assert "neither set has a row 'trend_strt' (did you mean 'trend_start'?)" in told
    assert "2026.3 is no instant of both sets" in told


def test_groups_that_have_to_go_together(folder: Path) -> None:
    ds = attribute(folder, "torn", groups={"mine": ["own_power"]})
    assert ds["group"].values.tolist() == ["mine+structure", "requirement"]
    (note,) = json.loads(ds.attrs["merged"])
    assert "own_power" in note
    total = ds["crossing_total"].sel(threshold="level")
    assert float(ds["crossing_change"].sel(group="requirement", threshold="level")) == pytest.approx(float(total))


def test_what_goes_together_is_found() -> None:
    mistake = Mistake("here", "it is torn")
    # Groups 1 and 2 of three cannot be told apart.
    failed = {c: mistake for c in range(8) if (c >> 1 & 1) != (c >> 2 & 1)}
    assert _together(3, failed) == ([(0,), (1, 2)], {(1, 2): mistake})
    assert _together(2, {}) == ([(0,), (1,)], {})


def test_the_study(folder: Path) -> None:
    words = ["study=attribution", "sets=[first,other]", "draws=2000", "at=[2032]", "thresholds=[regulatory]"]
    outcome = simulate(*words, "--config-dir=sets", "groups={need: [need]}")
    assert outcome.code == 0, outcome.err
    run = Path(outcome.out.splitlines()[-1])
    ds = store.load(run)
    assert ds.attrs["runs"] == 8
    assert sorted(path.name for path in (run / "tables").iterdir()) == ["attribution.csv", "rows.csv"]
    assert (run / "figures" / "crossing_level.png").stat().st_size > 10_000
    assert json.loads((run / "manifest.json").read_text("utf-8"))["problems"] == []
    assert "sum to the change" in " ".join(outcome.out.split())
    for width in (60, 400):
        file = io.StringIO()
        page.write(lambda columns: attribution_tables.answer(ds, columns), file, width, colour=False)
        text = file.getvalue()
        assert max(map(len, text.splitlines())) <= width
        numbers = set(re.findall(r"[<>+±-]?\d+\.\d+", text))
        assert numbers == set(re.findall(r"[<>+±-]?\d+\.\d+", outcome.out))  # wherever it is cut into blocks


def test_median_dates_are_those_of_a_forecast(folder: Path) -> None:
    """Also where half of the draws never cross: then there is none, whatever the others do."""
    write(folder, "rare.yaml", HEADER + "defaults: [first]\nhorizon: 2030\ninputs: {trend_growth: {value: 0.5}}\n")
    found = attribute(folder, "rare", at=[2028])
    for side, name in (("first", "first"), ("other", "rare")):
        alone = package.run(name, draws=2000, config_dir=folder, overrides=["thresholds=[regulatory]"])
        there = alone["crossing"].sel(crossing_quantile=0.5)
        expected = np.where(alone["never"] >= 0.5, np.inf, there)
        for threshold, date in zip(there["threshold"].values, expected, strict=True):
            if threshold in found["threshold"].values:
                assert float(found[f"crossing_{side}"].sel(threshold=threshold)) == date
    assert np.isinf(found["crossing_other"].sel(threshold="level"))


def test_there_is_no_median_date_where_just_half_of_the_draws_cross(folder: Path) -> None:
    far = "inputs: {trend_start: {mean: -10}}"
    write(
        folder,
        "half.yaml",
        f"{HEADER}defaults: [first]\nhypotheses: {{a: {{weight: 0.5}}, b: {{weight: 0.5, {far}}}}}\n",
    )
    alone = package.run("half", draws=2000, config_dir=folder, overrides=["thresholds=[regulatory]"])
    assert float(alone["never"].sel(threshold="level")) == 0.5
    assert np.isposinf(attribute(folder, "half")["crossing_other"].sel(threshold="level"))


def test_levels_of_hypotheses_that_only_one_set_has_are_left_out(folder: Path) -> None:
    hypotheses = "a: {weight: 0.5}, b: {weight: 0.5, thresholds: {mine: {value: 29, unit: log10 FLOP}}}"
    mine = "thresholds: {mine: {value: 28, unit: log10 FLOP}}"
    write(folder, "own.yaml", HEADER + f"defaults: [first]\n{mine}\nhypotheses: {{{hypotheses}}}\n")
    found = attribute(folder, "own")
    assert "mine" not in found["threshold"].values
    assert "level" in found["threshold"].values


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sets=[first]"], "needs 2 sets, 1 are given"),
        (["sets=[first,{base: first, name: same}]"], "do not differ"),
        (["sets=[first,other]", "groups=[a]"], "a mapping of lists of rows is needed"),
        (["sets=[first,other]", "groups={a: need}"], "is no list of rows"),
        (["sets=[first,other]", "at=soon"], "years are needed"),
        (["sets=[first,other]", "grups={a: [need]}"], "did you mean 'groups'?"),
    ],
)
def test_mistakes(words: list[str], told: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    outcome = simulate("study=attribution", *words, f"--config-dir={folder}", "draws=1000")
    assert_clean_refusal(outcome, tmp_path / "here")
    assert told in outcome.err, outcome.err
