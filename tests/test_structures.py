"""Growth laws as rivals: each is the set under that law, the pool is their mean, and the start is moved truly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import HEADER, assert_clean_refusal, files, simulate, write

import simulate as package
from simulate import rival_tables, rivals
from simulate.errors import Mistakes

SET = """
start: 2026
horizon: 2040
drivers: {trend: {law: exponential}}
inputs:
  trend_start: {dist: normal, mean: 26, sd: 0.5, unit: log10 FLOP}
  trend_growth: {dist: uniform, low: 0.4, high: 0.8, interval: 1, unit: OOM/yr}
  trend_half_life: {dist: uniform, low: 3, high: 6, interval: 1, unit: year}
thresholds: {level: {value: 30, unit: log10 FLOP}, low: {value: 20, unit: log10 FLOP}}
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    write(tmp_path / "sets", "line.yaml", HEADER + SET)
    amount = SET.replace("{dist: normal, mean: 26, sd: 0.5, unit: log10 FLOP}", "{value: 1e26, unit: FLOP}")
    write(tmp_path / "sets", "amount.yaml", HEADER + amount)
    economy = "inputs: {gwp_start: {value: 1e14, unit: USD2023}, gwp_growth: {value: 3, unit: '%/yr'}}\n"
    write(tmp_path / "sets", "economy.yaml", HEADER + "drivers: {economy: {}}\n" + economy)
    write(
        tmp_path / "sets", "seen.yaml", HEADER + "defaults: [line]\nevidence: {e: {loglik: -2*(trend_start - 26)**2}}\n"
    )
    write(tmp_path / "sets", "two.yaml", HEADER + SET + "hypotheses: {a: {weight: 0.5}, b: {weight: 0.5}}\n")
    return str(tmp_path / "sets")


def test_each_law_is_the_set_under_that_law_and_the_pool_is_their_mean(own: str) -> None:
    laws = ["exponential", "decaying", "lead-time"]
    found = package.structures("line", laws=laws, weights=[2, 1, 1], draws=2000, config_dir=own)
    assert found["law"].values.tolist() == ["exponential", "decaying", "lead_time"]
    for law in ("exponential", "decaying"):
        alone = package.run("line", draws=2000, config_dir=own, overrides=[f"drivers.trend.law={law}"])
        assert np.array_equal(found["probability_by_law"].sel(law=law), alone["probability"])
        assert np.array_equal(found["crossing_by_law"].sel(law=law), alone["crossing"])
    mean = (found["probability_by_law"] * found["law_weight"]).sum("law")
    assert found["law_weight"].values.tolist() == [0.5, 0.25, 0.25]
    assert np.allclose(found["probability"], mean, rtol=0, atol=1e-15)


def test_evidence_against_the_higher_start_is_told_as_such(own: str, tmp_path: Path) -> None:
    seen = "{quantity: trend, date: 2026, value: 25.5, unit: log10 FLOP, sd: 0.1}"
    write(tmp_path / "sets", "sharp.yaml", f"{HEADER}defaults: [line]\nevidence: {{e: {seen}}}\n")
    with pytest.raises(Mistakes, match="with the start ten times higher the evidence leaves"):
        package.structures("sharp", laws=["exponential", "decaying"], draws=2000, config_dir=own)
    package.run("sharp", draws=2000, config_dir=own)


def test_evidence_makes_each_law_worth_fewer_draws(own: str) -> None:
    found = package.structures("seen", laws=["exponential", "decaying"], draws=2000, config_dir=own)
    alone = package.run("seen", draws=2000, config_dir=own)
    law = found.sel(law="exponential")
    assert float(law["effective_sample_size_by_law"]) == pytest.approx(float(alone["effective_sample_size"]))
    assert float(alone["effective_sample_size"]) < 1900
    assert np.allclose(law["probability_error_by_law"], alone["probability_error"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "moved"), [("line", "inputs.trend_start.mean=27"), ("amount", "inputs.trend_start.value=1e27")]
)
def test_the_start_is_one_order_of_magnitude_up(own: str, name: str, moved: str) -> None:
    found = package.structures(name, laws=["exponential", "decaying"], draws=2000, config_dir=own)
    for law in ("exponential", "decaying"):
        words = [f"drivers.trend.law={law}", moved]
        alone = package.run(name, draws=2000, config_dir=own, overrides=words)
        shifted = found["probability_shifted_by_law"].sel(law=law)
        assert np.allclose(shifted, alone["probability"], rtol=0, atol=1.0 / 2000)  # a draw on the edge of rounding
    assert (found["probability_shifted"] >= found["probability"]).all()


def test_a_forecast_that_does_not_care_where_it_starts_says_so(own: str) -> None:
    found = package.structures("line", laws=["exponential"], draws=2000, config_dir=own)
    cares = rivals.felt(found)["cares"]
    assert bool(cares.sel(threshold="level"))
    assert not bool(cares.sel(threshold="low"))  # crossed at the start, whatever it is
    text = rival_tables.answer(found)
    assert "P(low) hardly depends on where trend starts" in text
    assert "moves P(level) by up to +" in text
    narrow = rival_tables.answer(found, 60)
    assert max(map(len, narrow.splitlines())) <= 60
    assert sorted(set(narrow.split())) == sorted(set(text.split()))  # in blocks, and every number whole
    assert narrow.count("exponential") == 1 + text.count("exponential")


def test_poles_are_counted_and_default_rows_are_those_of_the_file(own: str) -> None:
    found = package.structures("line", laws=["exponential", "superexponential"], draws=2000, config_dir=own)
    poles = found["reached_pole"]
    assert (poles.sel(law="exponential") == 0.0).all()
    last = float(poles.sel(law="superexponential")[-1])
    # The pole is at log10(2) / (g a) years: 14 years with a of 0.04 at g = 0.6; the default a is lognormal 0.02 to 0.2.
    assert 0.3 < last < 0.95
    assert (np.diff(poles.sel(law="superexponential")) >= 0.0).all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["law_of=trned"], "did you mean 'trend'?"),
        (["laws=[exponential,decayin]"], "did you mean 'decaying'?"),
        (["laws=[exponential,exponential]"], "each law once"),
        (["laws=[exponential,decaying]", "law_weights=[1]"], "2 numbers of 0 or more"),
        (["laws=[exponential,decaying]", "law_weights=[0,0]"], "2 numbers of 0 or more"),
        (["laws=[two-regime]"], "trend_slowdown"),
        (["assumptions=two"], "has hypotheses of its own"),
        (["assumptions=economy", "law_of=economy", "laws=[exponential]"], "none that this set could cross"),
    ],
)
def test_what_does_not_fit_is_refused(
    own: str, words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    which = [] if any(word.startswith("assumptions=") for word in words) else ["assumptions=line"]
    outcome = simulate("study=structures", f"--config-dir={own}", *which, *words)
    assert_clean_refusal(outcome, here)
    assert said in outcome.err


def test_words_of_one_study_are_refused_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate("study=validate", "law_of=trend", "grid_by=zip")
    assert_clean_refusal(outcome, tmp_path)
    assert "'law_of' means nothing to study=validate" in outcome.err
    assert "'grid_by' means nothing to study=validate" in outcome.err


def test_the_command_writes_table_and_figure(own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("study=structures", f"--config-dir={own}", "assumptions=line", "draws=1000", "output=laws")
    outcome = simulate(*words, "law_of=trend")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "outputs" / "laws"
    figures = {"figures/structures.png", "figures/structures.svg"}
    assert files(folder) == {"result.nc", "tables/laws.csv", "manifest.json", *figures}
    dataset = package.load(folder)
    assert dataset["law"].values.tolist() == [law.replace("-", "_") for law in rivals.RIVALS]
    ax = package.plots.structures(dataset, threshold="level")
    assert len(ax.lines) >= 2 * (len(rivals.RIVALS) + 1)
    first = dataset["probability_by_law"].sel(law="exponential", threshold="level")
    assert np.array_equal(ax.lines[0].get_ydata(), 100 * first)
