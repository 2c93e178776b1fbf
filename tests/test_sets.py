"""The shipped sets: every one is valid, every row says where from and why, and the numbers are sane."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from command_line import HEADER, Outcome, simulate, write

import simulate as package
from simulate import assumptions, compose
from simulate.errors import Mistakes
from simulate.library import Library

CONF = Path(__file__).parents[1] / "conf"
SETS, THRESHOLD_SETS = (
    sorted(path.stem for path in (CONF / group).glob("*.yaml")) for group in ("assumptions", "thresholds")
)
THREE_POINTS = {"triangular", "beta", "metalog"}


def rows_of(group: str, name: str, section: str) -> dict[str, dict[str, Any]]:
    """The rows that a set and its ancestors state, as they stand in the files; those of hypotheses by both names."""
    found: dict[str, dict[str, Any]] = {}
    for source in Library().sources(group, name).values():
        found |= source.data.get(section, {})
        for hypothesis, stated in source.data.get("hypotheses", {}).items():
            rows = stated.get(section) or {}
            found |= {f"{hypothesis}.{row}": fields for row, fields in rows.items() if fields is not None}
    return found


def numbers_of(name: str, section: str) -> dict[str, dict[str, Any]]:
    """The rows of evidence, hypotheses or published numbers, as they are once composed."""
    settings, _ = compose.settings(name)
    return settings.get(section) or {}


EVERY_ROW = [
    pytest.param(f"{name}: {section}.{row}", fields, id=f"{name}-{row}")
    for group, name, section in (
        *(
            ("assumptions", name, section)
            for name in SETS
            for section in ("inputs", "quantities", "ceilings", "thresholds")
        ),
        *(("thresholds", name, "thresholds") for name in THRESHOLD_SETS),
    )
    for row, fields in rows_of(group, name, section).items()
]


@pytest.mark.parametrize("name", SETS)
def test_every_set_is_valid(name: str) -> None:
    outcome = simulate(f"assumptions={name}", "study=validate")
    assert outcome.code == 0, outcome.err
    assert f"valid: {name}" in outcome.out


@pytest.mark.parametrize("name", THRESHOLD_SETS)
def test_every_threshold_set_is_valid(name: str) -> None:
    outcome = simulate(f"thresholds={name}", "study=validate")
    assert outcome.code == 0, outcome.err


def test_all_threshold_sets_together() -> None:
    outcome = simulate(f"thresholds=[{','.join(THRESHOLD_SETS)}]", "study=validate")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(("row", "fields"), EVERY_ROW)
def test_every_row_says_what_where_from_and_why(row: str, fields: dict[str, Any]) -> None:
    assert fields.get("unit"), row
    assert "https://" in fields.get("source", ""), row
    assert len(fields.get("note", "")) >= 10, row
    if "low" in fields:
        assert {"dist", "high", "interval"} <= fields.keys(), (
            f"{row}: the level of low and high is part of what is believed"
        )
        assert 0.5 <= fields["interval"] <= 1.0
        assert (fields["dist"] in THREE_POINTS) == bool({"mid", "mode"} & fields.keys())


@pytest.mark.parametrize("name", SETS)
def test_evidence_hypotheses_and_published_numbers_say_where_from(name: str) -> None:
    """Evidence and hypotheses are judgement and have a note; a published number needs one where it is compared with
    nothing (tests/test_replicate.py).
    """
    for section in ("evidence", "hypotheses", "published"):
        for row, fields in numbers_of(name, section).items():
            assert "https://" in fields.get("source", ""), (section, row)
            if section != "published":
                assert len(fields.get("note", "")) >= 10, (section, row)


@pytest.mark.parametrize("name", SETS)
def test_every_set_says_what_it_is(name: str) -> None:
    (source,) = [source for source in Library().sources("assumptions", name).values() if source.name == name]
    assert all(len(str(source.data.get(key, ""))) > 5 for key in ("title", "description", "source"))
    assert source.data["name"] == name


@pytest.mark.parametrize("name", SETS)
def test_every_row_is_read(name: str) -> None:
    settings, where = compose.settings(name)
    built = assumptions.build(settings, where)
    assert not [note for note in built.notes if "left out, as the set has no" not in note]
    assert not built.unused


@pytest.mark.parametrize("name", SETS)
def test_the_page_of_the_set_exists(name: str) -> None:
    """The table of its inputs; and what it is about, on a page of its own or in a section of published sets."""
    docs = CONF.parent / "docs"
    assert (docs / f"inputs_{name}.md").exists()
    titles = re.findall(r"^## (.*)$", (docs / "published_sets.md").read_text("utf-8"), flags=re.MULTILINE)
    assert (docs / f"{name}.md").exists() or name in ", ".join(titles).split(", ")


def test_the_records_of_history() -> None:
    """The start of the default set is the record that the history ends with."""
    import csv

    with (CONF / "history" / "runs.csv").open(encoding="utf-8", newline="") as file:
        runs = list(csv.DictReader(file))
    compute = [float(run["training_compute_flop"]) for run in runs]
    assert [run["date"] for run in runs] == sorted(run["date"] for run in runs)
    assert all(run["source_url"].startswith("https://") for run in runs)
    largest = rows_of("assumptions", "baseline_2026", "inputs")["largest_run_start"]
    assert largest["low"] < max(compute) < largest["high"]


# baseline_2026: what a reader would check


@pytest.fixture(scope="module")
def baseline() -> xr.Dataset:
    return package.run("baseline_2026", draws=50_000)


def median(dataset: xr.Dataset, name: str, year: float) -> float:
    return float(10.0 ** dataset[name].sel(quantile=0.5, year=year))


def test_2026_is_where_the_world_is(baseline: xr.Dataset) -> None:
    assert 1e27 / 3 < median(baseline, "training_compute", 2026) < 3e27
    assert 3.5e26 < median(baseline, "largest_run", 2026) < 2e27
    assert 10e6 < median(baseline, "chips", 2026) < 30e6
    assert 1.7 < median(baseline, "chips", 2027) / median(baseline, "chips", 2026) < 3.3
    assert 1e8 < median(baseline, "power", 2026) < 1e9
    assert 5e8 < median(baseline, "spend", 2026) < 5e9
    assert 60 < median(baseline, "run_length", 2026) / 86400 < 300
    assert 9e13 < median(baseline, "gwp", 2026) < 1.3e14
    assert median(baseline, "algorithm_gain", 2026) == 1.0


def test_2030_is_where_others_put_it(baseline: xr.Dataset) -> None:
    """Epoch AI: 2e29 FLOP feasible by 2030, 1e29 expected; the largest run draws 4 to 16 GW."""
    assert 2e28 < median(baseline, "training_compute", 2030) < 5e29
    draws_power = 10.0 ** (baseline["training_compute"] - baseline["efficiency"] - baseline["run_length"])
    assert 4e8 < float(draws_power.sel(quantile=0.5, year=2030)) < 4e10
    assert 1.0 < median(baseline, "algorithm_gain", 2027) < 5.3


def test_the_far_end_stays_in_the_world(baseline: xr.Dataset) -> None:
    last = {"quantile": 0.95, "year": 2060}
    assert float((baseline["spend"] - baseline["gwp"]).sel(last)) < 0.0
    assert float(baseline["training_compute"].sel(last)) < 36.0


def test_laws_of_any_result(baseline: xr.Dataset) -> None:
    for name in (str(name) for name in baseline.data_vars if baseline[name].dims == ("quantile", "year")):
        assert np.isfinite(baseline[name].values).all(), name
        assert (np.diff(baseline[name].values, axis=0) >= 0).all(), f"{name}: quantiles in order"
    for name in ("largest_run", "largest_effective"):
        assert (np.diff(baseline[name].values, axis=1) >= 0).all()
    assert (np.diff(baseline["probability"].values, axis=1) >= 0).all()
    np.testing.assert_allclose(baseline["binding"].sum("ceiling"), 1.0, atol=1e-12)
    lowest = baseline["ceiling_compute"].where(baseline["active"] == 1).min("ceiling")
    assert (baseline["training_compute"] <= lowest + 0.02).all(), "a minimum lies below each ceiling"
    levels = ["eu_systemic_risk", "us_reporting", "flop_1e27", "h100_year", "flop_1e29", "flop_1e30"]
    assert (np.diff(baseline["probability"].sel(threshold=levels).values, axis=0) <= 0).all(), "higher levels are rarer"
    assert (baseline["already"].sel(threshold=["eu_systemic_risk", "us_reporting"]) == 1.0).all()


def certain(**values: float | tuple[float, str]) -> xr.Dataset:
    """The default set at its start, with rows pinned to values (in another unit)."""
    inputs = {row: {"value": v[0], "unit": v[1]} if isinstance(v, tuple) else {"value": v} for row, v in values.items()}
    return package.run(draws=512, inputs=inputs, overrides=["horizon=2027"])


def ceiling(dataset: xr.Dataset, name: str) -> float:
    found = dataset["ceiling_compute"].sel(ceiling=name, year=2026)
    assert float(found.max() - found.min()) < 1e-9
    return float(10.0 ** found[0])


def test_a_million_h100_for_a_hundred_days_are_1e28() -> None:
    ds = certain(
        chip_stock_start=1e6,
        chip_share=100,
        chip_flops=1e15,
        utilisation=100,
        run_length_start=100,
        run_length_limit=12,
    )
    assert ceiling(ds, "chips") == pytest.approx(1e6 * 1e15 * 100 * 86400, rel=1e-6)
    assert ceiling(ds, "chips") == pytest.approx(1e28, rel=0.15)


def test_all_text_is_worth_5e28() -> None:
    ds = certain(
        token_start=(4e14, "token"), token_growth=1, token_quality=1, token_epochs=1, token_modalities=1,
        synthetic_tokens=1, tokens_per_parameter=20,
    )  # fmt: skip
    assert ceiling(ds, "data") == pytest.approx(4.8e28, rel=1e-6)


def test_16000_h100_are_27_megawatts() -> None:
    ds = certain(
        power_start=(27, "MW"), efficiency_start=1e15 / 1700, efficiency_limit=1e20, power_limit=1e20,
        utilisation=100, run_length_start=100, run_length_limit=12,
    )  # fmt: skip
    assert ceiling(ds, "power") / (1e15 * 100 * 86400) == pytest.approx(16_000, rel=0.01)


def test_money_buys_what_it_costs() -> None:
    """Grok 4 cost about 388 million dollars at 1.3e18 FLOP per dollar: 5e26 FLOP."""
    ds = certain(
        spend_start=388e6,
        spend_limit_share=100,
        price_performance_start=1.3e18,
        price_performance_limit=40,
        gwp_start=1e14,
    )
    assert ceiling(ds, "money") == pytest.approx(5e26, rel=0.02)


def test_one_of_a_kind_is_counted_in_the_singular() -> None:
    assert "with 1 row of evidence" in simulate("study=validate", "assumptions=direct_approach_2024_10").out


def test_calendar_years_are_shown_whole() -> None:
    shown = simulate("study=show", "inputs=trend_slowdown").out
    years = re.findall(r"^ +(?:\d+ %|mean) +(\S+)$", shown, re.MULTILINE)
    assert len(set(years)) > 5, shown  # to three digits, all of them would be 2030
    assert all(re.fullmatch(r"20\d\d\.\d", year) for year in years)
    pinned = simulate("study=show", "inputs=trend_slowdown", "inputs.trend_slowdown.value=2031.5").out
    assert "pinned to 2031.5;" in pinned


def test_a_pinned_row_is_shown_with_the_distribution_that_it_keeps() -> None:
    shown = simulate("study=show", "inputs=chip_growth").out
    pinned = simulate("study=show", "inputs=chip_growth", "inputs.chip_growth.value=1.5").out
    assert "pinned to 1.50; kept as documentation: lognormal" in pinned
    assert [line for line in shown.splitlines()[1:] if line not in pinned] == []


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("inputs.utilisation.at=2020", "inputs.utilisation.at = 2020: `at` has no meaning for this row"),
        ("inputs.chip_limit.at=2020", "inputs.chip_limit.at = 2020"),
        ("inputs.chip_retirement.at=2020", "here: gwp_start, gwp_growth, spend_start"),
        ("thresholds.flop_1e30.at=2020", "thresholds.flop_1e30.at = 2020"),
        ("inputs.token_growth.at=2020", "inputs.token_growth.at (2020) is not that of token_start (2024)"),
    ],
)
def test_a_date_where_it_means_nothing_is_a_mistake(word: str, message: str) -> None:
    outcome = simulate("study=validate", word)
    assert outcome.code == 2
    assert message in outcome.err
    assert "starting values, growth of a path, and stocks" in outcome.err or "the path runs from" in outcome.err


def test_a_date_on_rows_of_the_sets_own_is_a_mistake(tmp_path: Path) -> None:
    text = """# @package _global_
defaults: [baseline_2026]
inputs: {campus: {value: 5e9, unit: W, at: 2030}}
quantities: {double: {formula: "2*campus", unit: W, at: 2030}}
"""
    (tmp_path / "assumptions").mkdir()
    (tmp_path / "assumptions" / "own.yaml").write_text(text)
    outcome = simulate("study=validate", "assumptions=own", f"--config-dir={tmp_path}")
    assert outcome.code == 2
    assert "own.yaml:3: inputs.campus.at = 2030" in outcome.err
    assert "own.yaml:4: quantities.double.at = 2030" in outcome.err


@pytest.mark.parametrize("row", ["spend_start", "spend_growth", "chip_stock_start", "algorithm_growth"])
def test_a_date_where_it_means_something(row: str) -> None:
    assert simulate("study=validate", f"inputs.{row}.at=2025").code == 0


def told_of(tmp_path: Path, text: str, *words: str) -> Outcome:
    """What validate says of an own set, with its folder as SETS."""
    write(tmp_path / "sets", "own.yaml", HEADER + text)
    outcome = simulate("study=validate", "assumptions=own", f"--config-dir={tmp_path / 'sets'}", *words)
    return outcome._replace(out=outcome.out, err=outcome.err.replace(str(tmp_path / "sets"), "SETS"))


def test_formulas_are_tried(tmp_path: Path) -> None:
    text = "defaults: [baseline_2026]\n"
    assert told_of(tmp_path, text + 'quantities: {twice: {formula: "2*trend", unit: OOM}}\n').code == 0
    for own, said in (
        ('quantities: {q: {formula: "log10(-1 - trend)", unit: OOM}}', "q is not a number in 100 % of the draws"),
        ('thresholds: {t: {formula: "1e26/(utilisation - utilisation)", unit: FLOP}}', "thresholds.t is below 0 or no"),
    ):
        outcome = told_of(tmp_path, text + own + "\n")
        assert (outcome.code, outcome.out) == (2, "")
        assert f"own.yaml:3: {said}" in outcome.err


def test_both_places_are_told_of_what_does_not_fit(tmp_path: Path) -> None:
    outcome = told_of(tmp_path, "defaults: [baseline_2026]\nstart: 2070\n")
    assert re.search(r"horizon \(2060\) is not after start \(2070, SETS/assumptions/own.yaml:3\)", outcome.err)
    outcome = told_of(tmp_path, "defaults: [baseline_2026]\ninputs: {chip_growth: {high: 1.9}}\n")
    assert "low (2) is above high (1.9), high by SETS/assumptions/own.yaml:3; swapped?" in outcome.err
    outcome = told_of(tmp_path, "defaults: [baseline_2026]\ninputs: {chip_growth: {low: 3, high: 1.9}}\n")
    assert "low (3) is above high (1.9); swapped?" in outcome.err


def test_levels_of_another_start_are_told(tmp_path: Path) -> None:
    moved = told_of(tmp_path, "defaults: [baseline_2026]\n", "start=2020", "inputs.spend_start.value=1e8")
    assert "for its own start are taken for 2020: gwp_start, price_performance_start," in moved.out
    assert "token_start" not in moved.out  # it has a date of its own
    assert "for its own start" not in told_of(tmp_path, "defaults: [baseline_2026]\nstart: 2020\n").out


def test_a_row_that_hypotheses_state_again_is_told(tmp_path: Path) -> None:
    text = (
        "defaults: [baseline_2026]\nhypotheses: {a: {weight: 0.5}, b: {weight: 0.5, inputs: {chip_growth: {low: 3}}}}\n"
    )
    said = "note: inputs.chip_growth is stated again by hypotheses, over the command line: b\n"
    assert said in told_of(tmp_path, text, "inputs.chip_growth.low=2.5").out
    assert "stated again" not in told_of(tmp_path, text, "inputs.spend_growth.low=2.5").out


def test_a_distribution_that_is_cut_away_is_told(tmp_path: Path) -> None:
    text = "defaults: [baseline_2026]\ninputs: {chip_share: {low: 3, high: 20, max: 1}}\n"
    assert "cut away 99.7 % of what is stated for inputs.chip_share" in told_of(tmp_path, text).out
    assert "cut away" not in told_of(tmp_path, text.replace("max: 1", "max: 9")).out


def test_a_set_that_lacks_a_row_is_not_valid() -> None:
    with pytest.raises(Mistakes, match="chips needs the input 'chip_growth'"):
        package.run(draws=512, overrides=["inputs.chip_growth=null", "correlations=[]"])
