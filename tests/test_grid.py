"""Grids: a point is the forecast of that point, points that fail cost no other, and typing errors are found."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import HEADER, LINE, assert_clean_refusal, simulate, write

import simulate as package
from simulate import compose, grid_tables, gridded, points, swept

TWO = """
hypotheses:
  slow: {weight: 0.25, inputs: {trend_growth: {value: 0.5}}}
  as_it_was: {weight: 0.75}
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    write(tmp_path / "sets", "line.yaml", HEADER + LINE)
    write(tmp_path / "sets", "two.yaml", HEADER + LINE + TWO)
    return str(tmp_path / "sets")


def phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def test_a_point_is_the_forecast_of_that_point() -> None:
    over = {"spend_growth": [2.5, 3.5], "chip_growth.high": [2.2, 3.0], "run_length_limit": [200.0, 400.0]}
    settings, _ = compose.settings()
    over = {key: values for key, values in over.items() if key.split(".")[0] in settings["inputs"]}
    assert len(over) >= 2
    found = package.grid(over=over, draws=1500)
    at = {"spend_growth": 3.5, "chip_growth_high": 2.2} | ({"run_length_limit": 400.0} if len(over) == 3 else {})
    point = found.sel(at)
    words = ["inputs.spend_growth.value=3.5", "inputs.chip_growth.high=2.2"]
    words += ["inputs.run_length_limit.value=400.0"] if len(over) == 3 else []
    alone = package.run(draws=1500, overrides=words)
    assert np.array_equal(point["probability"], alone["probability"])
    assert np.array_equal(point["probability_error"], alone["probability_error"])
    assert np.array_equal(point["crossing"], alone["crossing"])
    for name in ("training_compute", "effective_compute"):
        assert np.array_equal(point[name], alone[name].sel(year=point["answer_year"].values)), name
    assert point["problem"] == ""
    assert found["spend_growth"].attrs["units"] == "x/yr"
    assert found["probability"].dims[: len(over)] == tuple(at)


def test_the_probability_is_the_closed_form_and_all_points_share_their_draws(own: str) -> None:
    rates = {"from": 0.6, "to": 1.4, "steps": 5}
    found = package.grid(
        "line", {"trend_growth": rates}, draws=20_000, config_dir=own, overrides=["thresholds=standard"]
    )
    shares = found["probability"].sel(threshold="level")
    for rate in found["trend_growth"].values:
        for year in (2029, 2031):
            exact = phi(26.0 + rate * (year - 2026) - 30.0)
            error = math.sqrt(exact * (1.0 - exact) / 20_000)
            assert abs(float(shares.sel(trend_growth=rate, year=year)) - exact) < 5.0 * error, (rate, year)
    # On common draws more growth never crosses later, in any draw: exactly so, not within an error.
    assert (np.diff(shares.transpose("trend_growth", "year").values, axis=0) >= 0.0).all()
    assert found["training_compute"].dims == ("trend_growth", "quantile", "answer_year")


def test_a_set_with_hypotheses_has_a_grid(own: str) -> None:
    found = package.grid("two", {"trend_growth": [0.9], "trend_start.sd": [0.5, 2.0]}, draws=2000, config_dir=own)
    words = ["inputs.trend_growth.value=0.9", "inputs.trend_start.sd=2.0"]
    alone = package.run("two", draws=2000, overrides=words, config_dir=own)
    point = found.sel(trend_growth=0.9, trend_start_sd=2.0)
    assert np.array_equal(point["probability"], alone["probability"])
    assert np.array_equal(point["probability_error"], alone["probability_error"])


@pytest.mark.parametrize(
    ("axes", "first", "then"),
    [
        ([("trend_growth", "value")], [1.0], [2.0]),
        ([("trend_growth", "high")], [1.0], [1.5]),
        ([("trend_start", "sd"), ("trend_growth", "value")], [1.0, 1.0], [2.0, 3.0]),
        ([("patience", "value"), ("trend_start", "mean")], [1.0, 25.0], [2.0, 27.0]),
    ],
)
def test_moving_a_plan_gives_what_building_it_gives(
    own: str, axes: list[tuple[str, str]], first: list[float], then: list[float]
) -> None:
    settings, where = compose.settings("line", [], own)
    sheet = points.Points(settings, where, [swept.Axis(row, field, (0.0,)) for row, field in axes])
    before = sheet.build(first).prepared[0].template.copy()
    moved, built = sheet.at(then).prepared[0], sheet.build(then).prepared[0]
    assert np.array_equal(moved.template, built.template)
    for field in ("drawn", "parts", "tables", "correlated", "mixing"):
        assert np.array_equal(getattr(moved.plan.draws, field), getattr(built.plan.draws, field))
    assert sheet.first is not None
    assert np.array_equal(sheet.first.prepared[0].template, before)


def test_a_failing_point_loses_no_other(own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One value that a check refuses, and one that breaks a formula in the run."""
    for row, bad in (("trend_start.sd", -1.0), ("patience", -2.0)):
        whole = package.grid("line", {row: [bad, 1.5, 0.5]}, draws=1000, config_dir=own)
        sound = package.grid("line", {row: [1.5, 0.5]}, draws=1000, config_dir=own)
        assert row.split(".")[0] in str(whole["problem"].values[0]) or "log_of_wait" in str(whole["problem"].values[0])
        assert (whole["problem"].values[1:] == "").all()
        for name in ("probability", "crossing", "training_compute"):
            assert np.isnan(whole[name].values[0]).all()
            assert np.array_equal(whole[name].values[1:], sound[name].values)
    monkeypatch.chdir(tmp_path)
    words = ("study=grid", f"--config-dir={own}", "assumptions=line", "draws=1000", "output=some")
    outcome = simulate(*words, "grid.patience=[-2,1]", "grid.trend_growth=[0.5,0.8]")
    assert outcome.code == 3
    assert "2 of 4 points failed" in outcome.out
    assert package.load(tmp_path / "outputs" / "some").attrs["draws"] == 1000


def test_threads_do_not_matter(own: str) -> None:
    over = {"trend_growth": [0.5, 0.7, 0.9], "trend_start.sd": [0.5, 1.0]}
    one, three = (package.grid("line", over, draws=1000, config_dir=own, threads=n) for n in (1, 3))
    assert one.identical(three)


def test_zip_runs_the_first_values_together(own: str) -> None:
    over = {"trend_growth": [0.5, 0.7], "trend_start.sd": [0.5, 1.0]}
    zipped = package.grid("line", over, by="zip", draws=1000, config_dir=own)
    product = package.grid("line", over, draws=1000, config_dir=own)
    assert zipped["probability"].dims == ("point", "threshold", "year")
    assert zipped["trend_start_sd"].dims == ("point",)
    for k, at in enumerate([(0.5, 0.5), (0.7, 1.0)]):
        there = product["probability"].sel(trend_growth=at[0], trend_start_sd=at[1])
        assert np.array_equal(zipped["probability"].values[k], there)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 2.5], (1.0, 2.5)),
        ({"from": 1, "to": 2, "steps": 3}, (1.0, 1.5, 2.0)),
        ({"from": 1, "to": 100, "steps": 3, "spacing": "log"}, (1.0, 10.0, 100.0)),
        ({"from": 0.1, "to": 0.3, "steps": 3}, (0.1, 0.2, 0.3)),
    ],
)
def test_values(given: Any, expected: tuple[float, ...]) -> None:
    assert swept.values(given) == expected


MISTAKES = [
    ("grid.trend_grwth=[1,2]", "did you mean 'grid.trend_growth'?"),
    ("grid.trend_growth.hihg=[1,2]", "did you mean 'high'?"),
    ("grid.trend_growth=2", "is no list of values"),
    ("grid.trend_growth=[]", "is no list of values"),
    ("grid.trend_growth=[1,fast]", "'fast' is no finite number"),
    ("grid.trend_growth=[1,1]", "holds a value twice"),
    ("grid.trend_growth={from: 1, too: 2, steps: 3}", "'too' is no part of a range (did you mean 'to'?)"),
    ("grid.trend_growth={from: 1, to: 2}", "the range has no steps"),
    ("grid.trend_growth={from: 1, to: 2, steps: 1}", "steps = 1"),
    ("grid.trend_growth={from: 0, to: 2, steps: 3, spacing: log}", "ends above 0"),
    ("grid.trend_growth={from: 1, to: 2, steps: 3, spacing: even}", "spacing = 'even'"),
    ("grid=3", "'grid' is a mapping"),
    ("grid_by=zipp", "did you mean 'zip'?"),
]


@pytest.mark.parametrize(("word", "said"), MISTAKES, ids=[word for word, _ in MISTAKES])
def test_typing_errors(own: str, word: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    outcome = simulate("study=grid", f"--config-dir={own}", "assumptions=line", word)
    assert_clean_refusal(outcome, here)
    assert said in outcome.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["study=grid"], "no input is swept"),
        (["grid.trend_growth=[1,2]"], "means nothing to study=forecast"),
        (["study=grid", "grid.trend_growth=[1,2]", "grid.trend_growth.high=[1,2]"], "would change nothing"),
        (["study=grid", "grid.trend_growth=[1,2]", "grid.trend_growth.value=[1,2]"], "is given twice"),
        (
            ["study=grid", "grid.trend_growth=[1,2]", "grid.patience=[1]", "grid_by=zip"],
            "zip needs lists of one length",
        ),
        (["study=grid", "grid.trend_start.sd=[-1,-2]"], "trend_start"),
        (
            [
                "study=grid",
                "grid.trend_growth={from: 1, to: 2, steps: 9999}",
                "grid.patience={from: 1, to: 2, steps: 11}",
            ],
            "109989 points; at most 100000",
        ),
        (["study=grid", "grid.trend_growth=[0.5,0.6]", "draws=600", "grid_threshold=levell"], "did you mean 'level'?"),
        (["study=grid", "grid.trend_growth=[0.5,0.6]", "draws=600", "grid_year=2050"], "2026 to 2032"),
    ],
)
def test_what_does_not_fit_is_refused(
    own: str, words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    outcome = simulate(f"--config-dir={own}", "assumptions=line", *words)
    assert outcome.code == 2, outcome
    assert said in outcome.err
    assert [path for path in here.rglob("*") if path.is_file()] == []


def test_figures(own: str) -> None:
    over = {"trend_growth": [0.5, 0.6, 0.9], "trend_start.sd": [0.5, 1.0, -1.0]}
    found = package.grid("line", over, draws=2000, config_dir=own)
    ax = package.plots.grid(found)
    assert ax.get_xlabel() == "trend_growth, OOM/yr"
    assert ax.get_ylabel() == "trend_start_sd, log10 FLOP"
    mesh: Any = next(artist for artist in ax.collections if artist.get_array() is not None)
    threshold, year = gridded.shown(found)
    drawn = 100.0 * found["probability"].sel(threshold=threshold, year=year)
    expected = drawn.transpose("trend_start_sd", "trend_growth").sortby("trend_start_sd").values
    assert np.array_equal(np.ma.filled(mesh.get_array(), np.nan).reshape(expected.shape), expected, equal_nan=True)
    curve = package.plots.grid(found.isel(trend_start_sd=0, drop=True).assign_attrs(grid_axes='["trend_growth"]'))
    assert np.array_equal(curve.lines[0].get_xdata(), [0.5, 0.6, 0.9])
    assert len(curve.collections) == 1


def test_the_answer_has_the_error_of_each_point(own: str, tmp_path: Path) -> None:
    """Where the weights of hypotheses alone decide, no draw does: the error is 0, not that of so many draws."""
    slow, fast = (f"inputs: {{trend_growth: {{value: {growth}}}}}" for growth in (0.01, 9))
    sure = f"hypotheses: {{slow: {{weight: 0.25, {slow}}}, fast: {{weight: 0.75, {fast}}}}}\n"
    write(tmp_path / "sets", "sure.yaml", HEADER + LINE + sure)
    found = package.grid("sure", {"trend_start.mean": [22, 23]}, draws=1000, config_dir=own)
    assert float(found["probability_error"].sel(threshold="level", year=2031).max()) == 0.0
    told = grid_tables.answer(found, "level", 2031)
    assert told.count("75 ±0") == 2, told


def test_the_table_has_a_row_a_point(own: str) -> None:
    found = package.grid("line", {"trend_growth": [0.1, 0.9], "patience": [-1, 1]}, draws=1000, config_dir=own)
    rows = grid_tables.wide(found)
    many = package.grid(
        "line", {"trend_growth": [0.5, 0.9], "patience": [1, 2, 3, 4, 5, 6]}, draws=1000, config_dir=own
    )
    wide, narrow = (grid_tables.answer(many, width=width) for width in (400, 60))
    assert max(map(len, narrow.splitlines()[4:])) <= 60  # in blocks
    assert set(narrow.split()) == set(wide.split())
    assert [(row["trend_growth"], row["patience"]) for row in rows] == [(0.1, -1), (0.1, 1), (0.9, -1), (0.9, 1)]
    assert rows[1]["median date of level"] == ">2032"  # 26.6 at the horizon: never the draws' doing, and never dropped
    assert rows[0]["problem"]
    assert rows[0]["median date of level"] is None
    assert rows[3]["P(level by 2030)"] == float(found["probability"].sel(threshold="level", year=2030)[1, 1])
