"""What each hypothesis says and what evidence leaves: in the answer, tables, figures and the studies that print."""

import csv
import io
import json

import make_dataset
import numpy as np
import pytest
from command_line import HEADER, assert_clean_refusal, simulate, write
from matplotlib.text import Text
from PIL import Image

from simulate import contents, hypothesis_results, plots, report, results, store, variables
from simulate import reweight as reweighted

ROWS = """
start: 2026
horizon: 2036
drivers: {trend: {law: exponential}}
inputs:
  trend_start: {dist: lognormal, low: 2.0e+26, high: 8.0e+26, unit: FLOP, source: own, note: a start}
  trend_growth: {dist: lognormal, low: 4, high: 6, unit: x/yr, source: own, note: a growth}
"""
LEVEL = """thresholds:
  mine: {value: 1.0e+30, unit: FLOP, source: own, note: a level}
  late: {value: 1.0e+32, unit: FLOP, source: own, note: another}
"""
HYPOTHESES = """hypotheses:
  stay: {weight: 0.7, source: own, note: as before}
  leave:
    weight: 0.3
    note: growth falls
    inputs:
      trend_growth: {dist: lognormal, low: 1.5, high: 3, unit: x/yr, source: own, note: slower}
      trend_volatility: {value: 0.1, unit: OOM/yr, source: own, note: and shakier}
"""
EVIDENCE = """evidence:
  seen: {quantity: largest_run, date: 2027, value: 2.0e+27, unit: FLOP, sd: 0.3, source: own, note: seen}
  felt: {loglik: -1 * (trend_start < 3.0e+26), source: own, note: felt}
"""
PUBLISHED = """published:
  printed: {threshold: mine, year: 2031, value: 50, unit: "%", source: own}
"""
WHOLE = "title: Two stories" + ROWS + LEVEL + HYPOTHESES + EVIDENCE + PUBLISHED


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished run of a set with hypotheses and evidence, and what it said."""
    here = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        write(here / "sets", "two.yaml", HEADER + WHOLE)
        outcome = simulate("--config-dir", "sets", "assumptions=two", "draws=3000", "output=out")
    assert outcome.code == 0, outcome.err
    (here / "said.txt").write_text(outcome.out)
    return here


@pytest.fixture(scope="module")
def dataset(folder):
    return store.load(folder / "outputs/out")


def studied(tmp_path, monkeypatch, text, *words):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "two.yaml", HEADER + text)
    return simulate("--config-dir", "sets", "assumptions=two", *words)


def test_the_answer_tells_weights_probabilities_and_compute(folder, dataset):
    said = (folder / "said.txt").read_text()
    assert "Each hypothesis: probability (%) that mine has been crossed by 1 January of" in said
    assert "Each hypothesis: probability (%) that late has been crossed by 1 January of" in said
    assert "flop_1e29 has been" not in said
    assert "Each hypothesis: training compute, FLOP: median and central 80 %" in said
    posterior = 100 * dataset["hypothesis_posterior"].values
    for name, weight, now in zip(("stay", "leave"), (70, 30), posterior, strict=True):
        line = next(part for part in said.split("\n") if part.startswith(f" weight {weight} %, now "))
        assert float(line.split("now ")[1].split(" %")[0]) == pytest.approx(now, abs=0.6), name
    share = float(dataset["effective_sample_size"]) / 3000
    assert f"evidence leaves {100 * share:.2g} % of the draws (effective sample size " in said
    assert "): felt, seen\n" in said


def test_the_table_holds_the_numbers_of_the_result(folder, dataset):
    with (folder / "outputs/out/tables/hypotheses.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    thresholds, years, levels = (dataset.sizes[name] for name in ("threshold", "year", "quantile"))
    assert len(rows) == 2 * (thresholds * years + years * levels)
    for row in rows:
        there = {"hypothesis": row["hypothesis"], "year": float(row["year"])}
        if row["of"] == "probability":
            held = dataset["probability_by_hypothesis"].sel(there | {"threshold": row["name"]})
        else:
            held = dataset[f"{row['name']}_by_hypothesis"].sel(there | {"quantile": float(row["quantile"])})
        assert float(row["value"]) == float(held)
    weights = {row["hypothesis"]: (float(row["weight"]), float(row["posterior"])) for row in rows}
    assert [w for w, _ in weights.values()] == [0.7, 0.3]
    assert sum(p for _, p in weights.values()) == pytest.approx(1, abs=1e-12)


def test_the_summary_has_hypotheses_and_evidence(folder, dataset):
    brief = json.loads((folder / "outputs/out/summary.json").read_text())
    assert brief["evidence"]["names"] == ["felt", "seen"]
    assert brief["evidence"]["share_left"] == float(dataset["effective_sample_size"]) / 3000
    assert list(brief["hypotheses"]) == ["stay", "leave"]
    for name, told in brief["hypotheses"].items():
        assert set(told["probability"]) == {"mine", "late"}
        p = dataset["probability_by_hypothesis"].sel(hypothesis=name, threshold="mine", year=2030)
        assert told["probability"]["mine"]["2030"] == float(p)
    mixed = sum(told["posterior"] * told["probability"]["mine"]["2030"] for told in brief["hypotheses"].values())
    assert brief["thresholds"]["mine"]["probability"]["2030"]["value"] == pytest.approx(mixed, abs=1e-12)


def test_errors_of_a_hypothesis_are_those_of_all_the_weight_on_it(dataset):
    errors = hypothesis_results.probability_error(dataset)
    for which, name in enumerate(hypothesis_results.names(dataset)):
        alone = reweighted(dataset, {one: float(one == name) for one in hypothesis_results.names(dataset)})
        np.testing.assert_allclose(errors[which], alone["probability_error"].values, rtol=1e-12)
        assert hypothesis_results.draws(dataset)[which] == pytest.approx(float(alone["effective_sample_size"]))


@pytest.mark.long
def test_the_error_of_a_weight_is_the_scatter_between_seeds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "two.yaml", HEADER + WHOLE)
    from simulate import run

    found = [run("two", draws=600, seed=seed, config_dir="sets") for seed in range(1, 41)]
    stay, told = np.array([[values[0] for values in hypothesis_results.weights(one)[1:]] for one in found]).T
    ratio = float(np.std(stay, ddof=1) / np.mean(told))
    assert 0.6 < ratio < 1.5  # 40 seeds give the scatter within 11 %: more than four of these either way


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_figure_is_drawn(folder, kind):
    path = folder / f"outputs/out/figures/hypotheses.{kind}"
    assert path.stat().st_size > 5000
    if kind == "png":
        assert np.asarray(Image.open(path).convert("L")).std() > 5


def texts(ax):
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text()]


def test_the_figure_says_weights_and_what_it_shows(dataset):
    said = texts(plots.FIGURES["hypotheses"](dataset))
    assert any(text.startswith("mine: 10³⁰ FLOP") for text in said)
    assert any(text.startswith("late: 10³² FLOP") for text in said)
    assert any("stay" in text and "70 % → " in text for text in said)
    assert any("Evidence: felt, seen." in text for text in said)
    assert any(text.startswith("A projection conditional on these assumptions: Two stories") for text in said)


def test_without_own_thresholds_the_figure_shows_compute(dataset):
    plain = dataset.assign(threshold_own=dataset["threshold_own"] * 0)
    said = texts(plots.FIGURES["hypotheses"](plain))
    assert "What each hypothesis says: median by date" in said
    assert "Training compute of the largest run" in said
    out = io.StringIO()
    report.show(plain, file=out, width=100)
    assert "Each hypothesis: training compute" in out.getvalue()
    assert "Each hypothesis: probability" not in out.getvalue()


@pytest.mark.parametrize("many", [1, 9, 20, 32])
def test_many_hypotheses_fit(many):
    made = make_dataset.make(draws=500, hypotheses={f"hypothesis_{k}": 1 / many for k in range(many)})
    said = texts(plots.FIGURES["hypotheses"](made))
    named = [text for text in said if "hypothesis_" in text]
    assert len(named) == min(many, 16)
    assert any(text.startswith(f"{many - 16} others") for text in said) == (many > 16)
    assert next(content for name, content in plots.files(made, ("png",)) if name == "hypotheses.png")
    assert len(results.summary(made)["hypotheses"]) == many


def test_a_set_without_hypotheses_says_nothing_of_them():
    plain = make_dataset.make(draws=500, hypotheses={})
    out = io.StringIO()
    report.show(plain, file=out, width=100)
    assert "ypothes" not in out.getvalue()
    assert not {"hypotheses", "evidence"} & set(results.summary(plain))
    assert "hypotheses.csv" not in dict(results.files(plain))
    assert "hypotheses.png" not in dict(plots.files(plain, ("png",)))


def test_single_draws_are_shown_where_they_are_a_fair_sample(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "two.yaml", HEADER + "title: One story" + ROWS + EVIDENCE)
    from simulate import run

    few, every = (run("two", draws=600, keep=keep, config_dir="sets") for keep in (None, "draws"))
    legend = [texts(plots.fan(one)) for one in (few, every)]
    assert ["50 single draws" in said for said in legend] == [True, False]


def test_hypotheses_without_thresholds_can_be_reweighted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    levels = ", ".join(f"{name}: null" for name in make_levels())
    write(tmp_path / "sets", "two.yaml", HEADER + "title: Two" + ROWS + f"thresholds: {{{levels}}}\n" + HYPOTHESES)
    from simulate import run

    found = run("two", draws=600, config_dir="sets")
    assert not contents.has(found, "probability")
    slow = reweighted(found, {"stay": 0.0, "leave": 1.0})
    alone = found["training_compute_by_hypothesis"].sel(hypothesis="leave")
    np.testing.assert_allclose(slow["training_compute"], alone, atol=0.05)
    assert np.isfinite(slow["inputs"].sel(input="trend_volatility")).all()
    fast = reweighted(found, {"stay": 1.0, "leave": 0.0})
    assert np.isnan(fast["inputs"].sel(input="trend_volatility")).all()  # only the other hypothesis has that row
    assert float(found["training_compute"].sel(quantile=0.5, year=2036)) > float(alone.sel(quantile=0.5, year=2036)) + 1


def make_levels():
    from test_contents import LEVELS

    return LEVELS


# Studies that print


def test_show_tells_what_hypotheses_make_of_a_row(tmp_path, monkeypatch):
    outcome = studied(tmp_path, monkeypatch, WHOLE, "study=show", "inputs=[trend_growth,trend_volatility,leave]")
    assert outcome.code == 0, outcome.err
    first, second, third = outcome.out.rstrip().split("\n\n")
    assert first.startswith("trend_growth: lognormal, in x/yr\n")
    assert "under hypothesis leave, weight 0.3:\n    lognormal, 10 / 50 / 90 %: 1.50 / 2.12 / 3.00 x/yr" in first
    assert "under hypothesis stay" not in first
    assert second.startswith("trend_volatility: not in the set itself\n  under hypothesis leave, weight 0.3:\n")
    assert third.startswith("leave: hypothesis of weight 0.3\n  note: growth falls\n")
    assert "  inputs.trend_growth: lognormal, 10 / 50 / 90 %: 1.50 / 2.12 / 3.00 x/yr" in third
    assert "  inputs.trend_volatility, a new row: 0.100 OOM/yr" in third


def test_show_knows_near_names_of_hypotheses(tmp_path, monkeypatch):
    outcome = studied(tmp_path, monkeypatch, WHOLE, "study=show", "inputs=leav")
    assert outcome.code == 2
    assert "did you mean 'leave'?" in outcome.err


def test_show_gives_quantiles_of_a_mixture(tmp_path, monkeypatch):
    parts = "parts: [{weight: 0.5, value: 9}, {weight: 0.5, dist: uniform, low: 0, high: 4, interval: 1}]"
    text = f"title: One\ninputs:\n  a: {{dist: mixture, {parts}, unit: year, source: own, note: a}}\n"
    outcome = studied(tmp_path, monkeypatch, text, "study=show", "inputs=a")
    quantiles = [
        float(line.split()[2])
        for line in outcome.out.split("\n")
        if line.endswith(tuple("0123456789")) and " %  " in line
    ]
    np.testing.assert_allclose(quantiles, [0.08, 0.4, 0.8, 2, 4, 9, 9, 9, 9], atol=0.01)


def test_validate_counts_what_a_set_has(tmp_path, monkeypatch):
    outcome = studied(tmp_path, monkeypatch, WHOLE, "study=validate")
    assert outcome.code == 0
    assert "with 2 hypotheses, 2 rows of evidence, 1 published number\n" in outcome.out


def test_thresholds_that_cannot_be_are_one_note(tmp_path, monkeypatch):
    text = """title: World product
horizon: 2032
drivers: {economy: {law: exponential}}
inputs:
  gwp_start: {value: 1.0e+14, unit: USD, source: own, note: world product}
  gwp_growth: {value: 3, unit: "%/yr", source: own, note: its growth}
"""
    outcome = studied(tmp_path, monkeypatch, text, "study=validate")
    notes = [line for line in outcome.out.split("\n") if "left out" in line]
    assert len(notes) == 1
    assert (
        f"{len(make_levels())} thresholds are left out, as the set has no ceiling, so no training compute: " in notes[0]
    )
    assert all(name in notes[0] for name in make_levels())


# Names


@pytest.mark.parametrize(
    "name", [*variables.VARIABLES, "draw", "share", "power_mean", "a_sd", "a_by_hypothesis", "a_shares"]
)
def test_names_of_the_result_are_no_quantities(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = f'title: A\ninputs:\n  a: {{value: 1, unit: "1", source: own, note: a}}\nquantities:\n  {name}: '
    write(tmp_path / "sets", "two.yaml", HEADER + text + '{formula: a, unit: "1", source: own, note: b}\n')
    outcome = simulate("--config-dir", "sets", "assumptions=two", "draws=1000")
    assert outcome.code == 2
    assert f"'{name}'" in outcome.err
    assert "choose another name" in outcome.err
    assert "sets/assumptions/two.yaml:6" in outcome.err
    (tmp_path / "sets/assumptions/two.yaml").unlink()
    (tmp_path / "sets/assumptions").rmdir()
    (tmp_path / "sets").rmdir()
    assert_clean_refusal(outcome, tmp_path)


def test_every_variable_of_a_result_is_a_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "two.yaml", HEADER + WHOLE + "correlations: [[trend_start, trend_growth, 0.2]]\n")
    from simulate import run

    row = '  trend_acceleration: {value: 0.1, unit: "1", source: own, note: doublings shorten}\n'
    pole = WHOLE.replace("exponential", "superexponential").replace("thresholds:", f"{row}thresholds:", 1)
    write(tmp_path / "sets", "pole.yaml", HEADER + pole)
    every, plain = (run(name, draws=600, keep="draws", config_dir="sets") for name in ("two", "pole"))
    assert {"correlation", "log_likelihood_draw_by_hypothesis"} <= set(every.variables)
    assert "reached_pole" in plain.variables
    for found in (every, plain):
        quantities = {str(name) for name in contents.quantities(found)}
        assert all(variables.why_taken(name) is None for name in quantities)
        for name in {str(name) for name in found.variables} - quantities:
            assert variables.why_taken(name), name
