"""Sets side by side: what is compared, and whether the error of a difference is the spread over seeds."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import HEADER, assert_clean_refusal, simulate, write

import simulate as package
from simulate import comparison, comparison_tables, compose, differing, page, plots, store
from simulate.errors import Mistakes
from simulate.pairing import neighbours, slope
from simulate.studies import compare as study

# A trend of one OOM a year from a start that is normal around 26 with sd 1: dates and levels are known.
TREND = """
start: 2026
horizon: 2046
drivers: {trend: {law: exponential}}
inputs:
  trend_start: {dist: normal, mean: 26, sd: 1, unit: log10 FLOP, source: a}
  trend_growth: {value: 1, unit: OOM/yr}
thresholds: {level: {value: 30, unit: log10 FLOP}, far: {value: 70, unit: log10 FLOP}}
"""
FAST: dict[str, Any] = {"base": "trend", "name": "fast", "inputs": {"trend_growth": {"value": 1.25}}}
MIXED = """
defaults: [trend]
hypotheses:
  slow: {weight: 0.3, inputs: {trend_growth: {value: 0.8}}}
  same: {weight: 0.7}
evidence:
  seen: {quantity: training_compute, date: 2027, value: 27.5, sd: 1, unit: log10 FLOP, source: a}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Own sets, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "trend.yaml", HEADER + TREND)
    write(tmp_path / "sets", "mixed.yaml", HEADER + MIXED)
    write(tmp_path / "sets", "later.yaml", f"{HEADER}defaults: [trend]\nstart: 2028\nthresholds: {{far: null}}\n")
    return tmp_path / "sets"


def test_differences_and_their_errors_in_closed_form(folder: Path) -> None:
    n = 20_000
    ds = package.compare(["trend", FAST], draws=n, config_dir=folder)
    assert ds["set"].values.tolist() == ["trend", "fast"]
    # Both sets draw one start X: T = 2026 + (30 - X)/g, so of the error of the median of X the dates keep the
    # factor 1/g, and their difference only 1 - 1/1.25. Levels differ by a number that is certain.
    median = math.sqrt(math.pi / 2 / n)
    date = ds.sel(threshold="level", crossing_quantile=0.5, set="fast")
    assert float(date["crossing_difference"]) == pytest.approx(4 / 1.25 - 4, abs=5 * 0.2 * median)
    assert float(date["crossing_difference_error"]) == pytest.approx(0.2 * median, rel=0.15)
    assert float(ds["crossing_error"].sel(threshold="level", crossing_quantile=0.5, set="trend")) == pytest.approx(
        median, rel=0.15
    )
    level = ds.sel(set="fast", year=2030)
    assert float(level["training_compute_difference"]) == pytest.approx(1.0, abs=0.02)
    assert float(level["training_compute_difference_error"]) < 0.1 * median
    # Draws that have crossed in one set alone: their share is the difference itself.
    p = float(level["probability_difference"].sel(threshold="level"))
    assert p == pytest.approx(0.5 - 0.158655, abs=0.02)
    error = float(level["probability_difference_error"].sel(threshold="level"))
    assert error == pytest.approx(math.sqrt(p * (1 - p) / n), rel=0.03)


def test_a_set_beside_itself_does_not_differ(folder: Path) -> None:
    ds = package.compare(["trend", {"base": "trend", "name": "again"}], draws=4000, config_dir=folder)
    for name in ("probability", "crossing", "training_compute"):
        for end in ("difference", "difference_error"):
            values = ds[f"{name}_{end}"].values
            assert np.nanmax(np.abs(values)) == 0.0, name
    alone = package.run("trend", draws=4000, config_dir=folder)
    for name in ("probability", "crossing", "training_compute", "inputs"):
        for k in range(2):
            np.testing.assert_array_equal(ds[name].isel(set=k).transpose(*alone[name].dims), alone[name])


def test_labels_say_where_a_set_ends_before_the_others(folder: Path) -> None:
    near = {"base": "trend", "name": "near", "horizon": 2030}
    ds = package.compare(["trend", {"base": "trend", "name": "same"}, near], draws=1000, config_dir=folder)
    for ax in (plots.compared_fan(ds), plots.compared_probability(ds)):
        texts = [text.get_text() for text in ax.texts]
        assert any(text.endswith("near (to 2030)") for text in texts), texts
        assert not any("trend (to" in text for text in texts)


def test_sets_of_other_years_and_thresholds(folder: Path) -> None:
    ds = package.compare(["later", "trend"], draws=2000, config_dir=folder, overrides=["thresholds=[regulatory]"])
    assert ds["year"].values.tolist() == list(range(2026, 2047))
    assert np.isnan(ds["training_compute"].sel(set="later", year=2027)).all()
    assert np.isnan(ds["training_compute_difference"].sel(set="trend", year=2027))
    assert np.isfinite(ds["training_compute_difference"].sel(set="trend", year=2028))
    assert np.isnan(ds["never"].sel(set="later", threshold="far"))
    assert float(ds["never"].sel(set="trend", threshold="far")) == 1.0


SEEDS = 24


@pytest.mark.parametrize(
    "other",
    [pytest.param(FAST, id="plain"), pytest.param("mixed", id="hypotheses and evidence", marks=pytest.mark.long)],
)
def test_errors_are_the_spread_over_seeds(other: Any, folder: Path) -> None:
    found: dict[str, list[tuple[float, float]]] = {"probability": [], "crossing": [], "training_compute": []}
    words = ["study=compare", "thresholds=[regulatory]"]
    settings, _ = compose.settings(None, words, folder, data={"sets": ["trend", other]})
    sets = study.built(settings)
    for seed in range(SEEDS):
        ds = comparison.run(sets, 3000, seed, threads=1).isel(set=1)
        for name, pairs in found.items():
            here = ds.sel(year=2030) if name != "crossing" else ds.sel(crossing_quantile=0.5)
            here = here if name == "training_compute" else here.sel(threshold="level")
            pairs.append((float(here[f"{name}_difference"]), float(here[f"{name}_difference_error"])))
    for name, pairs in found.items():
        values, errors = np.array(pairs).T
        if name == "training_compute" and other is FAST:
            continue  # a certain difference
        # The standard deviation of 24 values is known to 15 %; limits at 3 of these.
        assert 0.6 < values.std(ddof=1) / errors.mean() < 1.5, name


def test_the_slope_of_a_quantile_function() -> None:
    levels = neighbours(0.5, 1e4)
    assert levels[0] < 0.5 < levels[2]
    assert slope(levels, 3.0 * np.array(levels)) == pytest.approx(3.0)
    assert slope(levels, np.array([0.0, 0.3, np.inf])) == pytest.approx(0.3 / (0.5 - levels[0]))
    assert math.isnan(slope(levels, np.array([-np.inf, 1.0, np.inf])))


def test_rows_that_differ() -> None:
    first = {
        "start": 2026,
        "inputs": {"a": {"value": 1, "unit": "1", "note": "x"}, "b": {"value": 2, "unit": "1"}, "c": {"low": 1}},
        "drivers": {"power": {}},
    }
    other = {
        "start": 2027,
        "inputs": {"a": {"value": 1, "unit": "1", "note": "y"}, "b": {"value": 3, "unit": "1", "source": "S"}},
        "drivers": {},
    }
    assert differing.keys(first, other) == ["start", "drivers.power", "inputs.b", "inputs.c"]
    lines = {line["row"]: line for line in differing.rows(first, other)}
    assert (lines["inputs.b"]["first"], lines["inputs.b"]["other"]) == ("2", "3")
    assert lines["inputs.b"]["other_source"] == "S"
    assert lines["inputs.c"]["other"] == "not there"
    pinned = {"inputs": {"b": {"value": 2, "unit": "1", "dist": "normal", "low": 1, "high": 3}}}
    assert differing.keys({"inputs": {"b": first["inputs"]["b"]}}, pinned) == []  # type: ignore[index]


def test_the_study(folder: Path) -> None:
    sets = "sets=[trend,{base: trend, inputs: {trend_growth: {value: 1.25}}},later]"
    outcome = simulate("study=compare", sets, "draws=2000", "thresholds=[regulatory]", "--config-dir=sets")
    assert outcome.code == 0, outcome.err
    run = Path(outcome.out.splitlines()[-1])
    ds = store.load(run)
    assert ds["set"].values.tolist() == ["trend", "trend trend_growth=1.25", "later"]
    assert json.loads(ds.attrs["differing_rows"])["trend trend_growth=1.25"][0]["row"] == "inputs.trend_growth"
    for name in ("crossing", "probability", "quantities", "rows"):
        with (run / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.DictReader(file))) > 2
    assert (run / "figures" / "probability_level.svg").stat().st_size > 10_000
    assert (run / "figures" / "training_compute.png").stat().st_size > 10_000
    assert json.loads((run / "manifest.json").read_text("utf-8"))["problems"] == []
    assert ">2046" in outcome.out
    with pytest.raises(Mistakes, match="did you mean 'level'"):
        plots.compared_probability(ds, threshold="levl")
    with pytest.raises(Mistakes, match="did you mean 'training_compute'"):
        plots.compared_fan(ds, quantity="training_computer")


def test_no_number_is_cut_in_a_narrow_terminal(folder: Path) -> None:
    # Seven columns beside the names; one hit or miss in so many draws has long numbers, differences longer ones.
    narrow = {"base": "trend", "name": "narrow", "inputs": {"trend_start": {"sd": 0.9}}}
    ds = package.compare(["trend", narrow, FAST], draws=200_000, config_dir=folder)

    def printed(width: int) -> str:
        file = io.StringIO()
        page.write(lambda columns: comparison_tables.answer(ds, columns), file, width, colour=False)
        return file.getvalue()

    numbers = re.compile(r"[<>+±-]?\d+(?:\.\d+)?")
    wide = printed(400)
    assert "Below each value but the dates at 10 % and 90 %: how far" in wide
    for width in (60, 80, 100):
        text = printed(width)
        assert max(map(len, text.splitlines())) <= width
        assert set(numbers.findall(text)) == set(numbers.findall(wide)), width
    heads = [line for line in printed(60).splitlines() if line.startswith(" set ")]
    assert len(heads) > len(
        [line for line in wide.splitlines() if line.startswith(" set ")]
    )  # in blocks, each with names


def test_a_long_row_is_not_cut_within_a_number() -> None:
    row = "dist lognormal, low 16000000.0, high 25000000.0, interval 0.8, min 1"
    assert comparison_tables._short(row) == "dist lognormal, low 16000000.0, high 25000000.0, interval …"
    assert comparison_tables._short("value 3") == "value 3"


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        ("[trend]", "needs 2 to 64 sets, 1 are given"),
        ("[trend,trnd]", "did you mean 'trend'?"),
        ("[trend,trend]", "two of the sets are called 'trend'"),
        ("[trend,{inputs: {trend_growth: {value: 2}}}]", "a variant needs `base`"),
        ("[trend,{base: trend, inptus: {}}]", "unknown key 'inptus' in a variant (did you mean 'inputs'?)"),
        ("[trend,{base: trend, inputs: {trend_grwth: {value: 2}}}]", "did you mean 'inputs.trend_growth.value'?"),
        ("[trend,{base: trend, inputs: {trend_growth: {valeu: 2}}}]", "did you mean 'inputs.trend_growth.value'?"),
        ("[trend,{base: trend, inputs: {trend_growth: {unit: W}}}]", "unit 'W' is no growth rate"),
        ("[trend,{base: trend, name: 'a b'}]", "letters, digits"),
        ("[trend,3]", "no set is called 3"),
    ],
)
def test_mistakes(sets: str, told: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    outcome = simulate("study=compare", f"sets={sets}", f"--config-dir={folder}", "draws=1000")
    assert_clean_refusal(outcome, tmp_path / "here")
    assert told in outcome.err, outcome.err


def test_no_sets_and_a_set_beside_them(folder: Path, tmp_path: Path) -> None:
    assert "needs 2 to 64 sets, 0 are given" in simulate("study=compare").err
    outcome = simulate("study=compare", "assumptions=cotra_2020", "sets=[cotra_2020,baseline_2026]")
    assert outcome.code == 2
    assert "takes its sets from `sets`" in outcome.err
