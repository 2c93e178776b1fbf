"""One draw as a story: its numbers are those of that very draw in a forecast, and the typical one is the nearest."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from command_line import HEADER, files, simulate, write
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import simulate as package
from simulate import assumptions, compose, forecast, plots, story, story_text, typical
from simulate.errors import Mistakes
from simulate.plots import labels

ONE = """
start: 2026
horizon: 2036
drivers: {trend: {law: exponential}}
inputs:
  trend_start: {dist: normal, mean: 26, sd: 1, unit: log10 FLOP}
  trend_growth: {value: 1, unit: OOM/yr}
thresholds: {level: {value: 30, unit: log10 FLOP}}
"""


def built(folder: Path, text: str) -> assumptions.Assumptions:
    write(folder, "own.yaml", HEADER + text)
    return assumptions.build(*compose.settings("own", [], folder))


@pytest.mark.parametrize("draw", [0, 3, 515, 1030])
def test_the_numbers_are_those_of_the_forecast(draw: int) -> None:
    """Every quantity in every year (float32 there) and every date, in the first, second and third block."""
    baseline = assumptions.build(*compose.settings("baseline_2026", []))
    outcome = forecast.simulate(baseline, 1200, seed=5, keep="draws")
    told = package.explain("baseline_2026", draw=draw, seed=5)
    paths = outcome.every_draw()
    for k, name in enumerate(baseline.units):
        np.testing.assert_array_equal(told[name].values.astype(np.float32), paths[k, draw], err_msg=name)


def test_the_dates_and_inputs_are_those_of_the_forecast() -> None:
    baseline = assumptions.build(*compose.settings("baseline_2026", []))
    outcome = forecast.simulate(baseline, 1200, seed=5, sample=1200)
    told = package.explain("baseline_2026", draw=700, seed=5)
    np.testing.assert_array_equal(told["crossing"].values, outcome.members[0].member.crossings[:, 700])
    lowest = told["ceiling_compute"].values[told["active"].values == 1].min(axis=0)
    np.testing.assert_array_equal(lowest, told["training_compute"].values)
    assert np.nanmax(told["percentile"].values) <= 1.0
    assert np.isfinite(told["value"].values).all()


def test_the_typical_draw_has_the_median_input(tmp_path: Path) -> None:
    """Of one input, the draw nearest to the median of those that cross in that year; found here in another way."""
    own = built(tmp_path, ONE)
    outcome = forecast.simulate(own, 5000, seed=2, sample=5000)
    dates = outcome.members[0].member.crossings[list(own.thresholds).index("level")]
    there = np.flatnonzero((dates >= 2029) & (dates < 2030))
    middle = there[np.argsort(dates[there])[(len(there) - 1) // 2 :][:2]]
    told = story.run(typical.ask(own, 5000, threshold="level", year=2029), seed=2)
    assert told.attrs["draw"] in middle
    assert told.attrs["among"] == len(there)
    assert told.attrs["share"] == pytest.approx(len(there) / 5000)
    assert float(told["typical"].sel(input="trend_start")) == pytest.approx(
        float(told["value"].sel(input="trend_start")), abs=0.01
    )


def test_evidence_moves_the_typical_draw(tmp_path: Path) -> None:
    """Weights that grow towards a low start move the median there: of two normals' product within the year's span."""
    seen = "evidence: {seen: {loglik: '-50*(trend_start - 26.1)**2'}}\n"
    found = [
        story.run(typical.ask(built(tmp_path, text), 5000, None, "level", 2029), seed=2) for text in (ONE, ONE + seen)
    ]
    without, with_it = (float(told["typical"].sel(input="trend_start")) for told in found)
    assert 26.0 < with_it < without - 0.1


def test_the_hypothesis_is_the_probable_one(tmp_path: Path) -> None:
    start = "trend_start: {dist: normal, mean: 24, sd: 1, unit: log10 FLOP}"
    text = ONE + f"hypotheses:\n  high: {{weight: 0.4}}\n  low: {{weight: 0.6, inputs: {{{start}}}}}\n"
    own = built(tmp_path, text)
    assert story.run(typical.ask(own, 3000, threshold="level", year=2029)).attrs["hypothesis"] == "high"
    assert story.run(typical.ask(own, 3000, threshold="level", year=2032)).attrs["hypothesis"] == "low"
    assert story.run(typical.ask(own, 3000, draw=7)).attrs["hypothesis"] == "low"


def test_mistakes_of_the_question(tmp_path: Path) -> None:
    own = built(tmp_path, ONE)
    with pytest.raises(Mistakes) as found:
        typical.ask(own, 10, draw=3, threshold="levle", year=2099)
    assert "are both given" in str(found.value)
    assert "did you mean 'level'" in str(found.value)
    assert "2026 to 2036" in str(found.value)
    with pytest.raises(Mistakes, match="no draw of 200 crosses level in 2036"):
        story.run(typical.ask(own, 200, threshold="level", year=2036))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "sets", "own.yaml", HEADER + ONE)
    monkeypatch.chdir(tmp_path)
    words = ("--config-dir=sets", "assumptions=own", "study=explain")
    outcome = simulate(*words, "threshold=level", "year=2029", "draws=2000")
    assert outcome.code == 0, outcome.err
    folder = Path(outcome.out.splitlines()[-1])
    tables = {f"tables/{name}.csv" for name in ("inputs", "years", "crossings")}
    assert files(folder) == {"result.nc", "manifest.json", "figures/story.png", "figures/story.svg", *tables}
    told = package.load(folder)
    with (folder / "tables" / "years.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["training_compute [log10 FLOP]"]) for row in rows] == told["training_compute"].values.tolist()
    assert {row["binding"] for row in rows} == {"trend"}
    assert "the most typical of" in outcome.out
    assert "Lowest ceiling: trend (2026 to 2036)." in outcome.out
    again = simulate(*words, f"draw={told.attrs['draw']}")
    assert again.code == 0, again.err
    assert package.load(Path(again.out.splitlines()[-1]))["crossing"].equals(told["crossing"])


def test_the_figure_marks_the_crossing(tmp_path: Path) -> None:
    told = story.run(typical.ask(built(tmp_path, ONE), 1000, draw=3))
    ax = plots.story(told)
    marks = sorted(
        (float(x), float(y)) for line in ax.lines if line.get_marker() == "o" for x, y in np.asarray(line.get_xydata())
    )
    wanted = sorted(
        (float(d), float(v)) for d, v in zip(told["crossing"], told["level"], strict=True) if np.isfinite(d)
    )
    assert wanted
    np.testing.assert_allclose(marks, wanted)


def test_the_default_threshold_is_that_of_all_hypotheses(tmp_path: Path) -> None:
    """Under the hypothesis of the larger weight hardly anything crosses anything in that year."""
    levels = "thresholds: {level: {value: 30.5, unit: log10 FLOP}, far: {value: 28, unit: log10 FLOP}}"
    two = "hypotheses: {slow: {weight: 0.51, inputs: {trend_growth: {value: 0.3}}}, fast: {weight: 0.49}}\n"
    own = built(tmp_path, ONE.replace("thresholds: {level: {value: 30, unit: log10 FLOP}}", levels) + two)
    told = story.run(typical.ask(own, 5000, year=2030), 1)
    assert told.attrs["threshold"] == "level"
    assert f"({100 * told.attrs['share']:.3g} % of all, by weight)" in " ".join(story_text.lines(told))
    one = story.run(typical.ask(own, 5000, draw=3), 1)
    assert "the most probable beforehand of 2" in " ".join(story_text.lines(one))


def test_a_level_that_moves_is_that_of_the_first_year(tmp_path: Path) -> None:
    own = built(
        tmp_path, ONE.replace("{value: 30, unit: log10 FLOP}", "{formula: 1e30 / 2 ** (year - 2026), unit: FLOP}")
    )
    told = story.run(typical.ask(own, 2000, year=2029), 1)
    assert any(line.endswith("(its level in the first year)") for line in story_text.lines(told))
    dots = [float(np.asarray(line.get_xdata())[0]) for line in plots.story(told).lines if line.get_marker() == "o"]
    assert dots
    assert float(told["crossing"].sel(threshold="level")) not in dots


def test_labels_of_close_crossings_lie_side_by_side(tmp_path: Path) -> None:
    close = ", ".join(f"level_{k}: {{value: {29.7 + 0.05 * k}, unit: log10 FLOP}}" for k in range(8))
    told = story.run(typical.ask(built(tmp_path, ONE.replace("level: {value: 30, unit: log10 FLOP}", close)), 1000, 3))
    ax = plots.story(told)
    FigureCanvasAgg(labels.figure(ax)).draw()
    # Of the text alone: the extent of an annotation holds its leader too.
    boxes = [Text.get_window_extent(text) for text in ax.texts if text.get_text().startswith("level_")]
    assert len(boxes) == 8
    inside = ax.get_window_extent()
    assert all(inside.y0 <= box.y0 and box.y1 <= inside.y1 for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
