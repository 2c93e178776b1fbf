"""Every legal set has an answer, tables and figures of what it has, and one line on what it has not."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from command_line import HEADER, simulate, write
from PIL import Image
from test_docs import files

from simulate import contents, plots, results, store, wording
from simulate.errors import Mistakes

ROOT = Path(__file__).parent.parent

GROWTH = """
inputs:
  gwp_start: {dist: lognormal, low: 1.0e+14, high: 1.2e+14, unit: USD, source: own, note: world product}
  gwp_growth: {dist: normal, low: 2, high: 4, unit: "%/yr", source: own, note: its growth}
"""
ECONOMY = "title: World product\nhorizon: 2032\ndrivers: {economy: {law: exponential}}" + GROWTH
LEVEL = "thresholds:\n  half_more: {quantity: gwp, value: 1.3e+14, unit: USD, source: own, note: a level}\n"
RULER = """title: A number that grows
horizon: 2032
inputs:
  a: {dist: lognormal, low: 1, high: 2, unit: "1", source: own, note: a}
  b: {formula: 2 * a, unit: "1", source: own, note: b}
"""
OWN = RULER + 'quantities:\n  grown: {formula: "b * 1.1**(year - 2026)", unit: "1", source: own, note: it grows}\n'
STANDARD = (ROOT / "conf/thresholds/standard.yaml").read_text()
LEVELS = re.findall(r"(?m)^  ([a-z]\w*):", STANDARD[STANDARD.index("\nthresholds:") :])
BASELINE = "defaults: [baseline_2026]\nhorizon: 2030\n"
COMPUTE = {"training_compute", "effective_compute"}
CROSSED = {"probability", "crossing"}
PLAIN = {"hypotheses"}  # what a set without hypotheses is silent on

#: set -> its text, its figures, its tables, and what its answer says and does not say
SETS = {
    "only_inputs": (RULER, {"inputs"}, {"inputs"}, ["neither drivers nor quantities", "Inputs: "], ["Quantities of"]),
    "no_ceilings": (ECONOMY, {"gwp", "inputs"}, {"quantities", "inputs"}, ["no ceiling", "USD2023"], ["crossed by 1"]),
    "a_level": (
        ECONOMY + LEVEL,
        {"gwp", "inputs"} | CROSSED,
        {"quantities", "inputs"} | CROSSED,
        [f"1.3{wording.TIMES}10¹⁴ USD2023", "(the set states no ceiling)"],
        ["on a quantity that it has"],
    ),
    "own_quantity": (
        OWN,
        {"grown", "inputs"},
        {"quantities", "inputs"},
        ["grown", "no ceiling"],
        [f"{wording.TIMES}10"],
    ),
    "no_algorithms": (
        BASELINE + "drivers: {algorithms: null}\n",
        {"training_compute", "binding", "inputs"} | CROSSED,
        {"quantities", "binding", "inputs"} | CROSSED,
        ["effective compute (the set states no driver algorithms)"],
        ["Effective compute is", "binding ceilings"],
    ),
    "no_thresholds": (
        BASELINE + "thresholds: {" + ", ".join(f"{name}: null" for name in LEVELS) + "}\n",
        {"binding", "inputs"} | COMPUTE,
        {"quantities", "binding", "inputs"},
        ["no threshold on a quantity that it has"],
        ["crossed by 1", "no ceiling"],
    ),
    "everything": (
        BASELINE,
        set(plots.FIGURES) - PLAIN,
        set(results.TABLES) - PLAIN,
        ["flop_1e27"],
        ["Not in this result"],
    ),
    "nothing": ("title: Nothing\n", set(), set(), ["neither drivers nor quantities", "no inputs"], ["Inputs: "]),
}


def run(name, folder, *words):
    outcome = simulate("--config-dir", str(folder), f"assumptions={name}", "draws=1000", "output=out", *words)
    assert outcome.code == 0, outcome.err
    return outcome.out


@pytest.mark.parametrize("name", list(SETS))
def test_a_run_shows_what_there_is_and_says_what_is_not(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, figures, tables, said, unsaid = SETS[name]
    write(tmp_path / "sets", f"{name}.yaml", HEADER + text)
    answer = " ".join(run(name, tmp_path / "sets").split())
    assert answer.count("Not in this result") == (name != "everything")
    for words in said:
        assert words in answer
    for words in unsaid:
        assert words not in answer
    assert "ypothes" not in answer
    assert "evidence" not in answer
    folder = tmp_path / "outputs" / "out"
    drawn = {path.name for path in folder.glob("figures/*")}
    assert drawn == {f"{f}.{kind}" for f in figures for kind in ("png", "svg")}
    assert {p.stem for p in folder.glob("tables/*")} == tables
    assert json.loads((folder / "manifest.json").read_text())["problems"] == []
    for table in folder.glob("tables/*"):
        with table.open() as lines:
            assert list(csv.DictReader(lines)), table
    for figure in folder.glob("figures/*.png"):
        assert np.asarray(Image.open(figure).convert("L")).std() > 5, figure
    brief = json.loads((folder / "summary.json").read_text())
    assert (brief["absent"] is None) == (name == "everything")
    assert set(brief) & COMPUTE == figures & COMPUTE
    assert ("quantities" in brief) == (name in ("no_ceilings", "a_level", "own_quantity"))
    assert ("inputs" in brief) == (name == "only_inputs")
    assert set(brief["thresholds"]) == {"a_level": {"half_more"}, "everything": set(LEVELS)}.get(
        name, set(LEVELS) - {"median_anchor"} if name == "no_algorithms" else set()
    )


def test_the_families_of_the_docs_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = {Path(name).stem: text for name, text in files(ROOT / "docs/assumption_sets.md").items()}
    write(tmp_path / "sets", "families.yaml", shown["families"])
    answer = run("families", tmp_path / "sets")
    brief = json.loads((tmp_path / "outputs/out/summary.json").read_text())
    assert len(brief["inputs"]) == 12
    for name, quantiles in brief["inputs"].items():
        assert name in answer
        assert quantiles["0.1"] <= quantiles["0.5"] <= quantiles["0.9"]
    assert brief["inputs"]["certain"]["0.5"] == 0.6
    assert re.search(r"certain +0\.600 +OOM/yr", answer)


def test_a_result_with_more_dimensions_shows_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "a_level.yaml", HEADER + ECONOMY + LEVEL)
    run("a_level", tmp_path / "sets")
    dataset = store.load(tmp_path / "outputs/out")
    more = dataset.copy()
    for name in ("gwp", "probability", "crossing", "inputs"):
        more[f"{name}_by_hypothesis"] = dataset[name].expand_dims(hypothesis=["slow", "fast"])
    assert contents.quantities(more) == contents.quantities(dataset) == ["gwp"]
    assert contents.absent(more) == contents.absent(dataset)
    assert dict(results.files(more)) == dict(results.files(dataset))
    assert results.summary(more) == results.summary(dataset)


def test_a_figure_of_what_is_not_there_says_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "no_ceilings.yaml", HEADER + ECONOMY)
    run("no_ceilings", tmp_path / "sets")
    dataset = store.load(tmp_path / "outputs/out")
    for figure in (plots.crossing, plots.probability, plots.binding, plots.fan):
        with pytest.raises(Mistakes, match=r"this result has no .*; the set states no "):
            figure(dataset)
    with pytest.raises(Mistakes, match="did you mean 'gwp'"):
        plots.fan(dataset, quantity="gwpp")


def test_a_certain_level_is_stored_without_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "everything.yaml", HEADER + BASELINE)
    run("everything", tmp_path / "sets")
    levels = {name: row["level"] for name, row in results.summary(store.load("outputs/out"))["thresholds"].items()}
    assert set(levels["eu_systemic_risk"].values()) == {"log10 FLOP", 25.0}
    assert set(levels["flop_1e27"].values()) == {"log10 FLOP", 27.0}
    assert set(levels["flop_1e30"].values()) == {"log10 FLOP", 30.0}


# Studies that print


def test_show_prints_the_formula_and_cites_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sets", "ruler.yaml", HEADER + RULER)
    words = ("--config-dir", "sets", "assumptions=ruler", "study=show", "inputs=[a,b]")
    plain = simulate(*words)
    assert plain.code == 0
    assert "  derived: 2 * a\n" in plain.out
    assert "command line" not in plain.out
    pinned = simulate(*words, "inputs.a.value=1.5").out
    assert "  pinned to 1.50; kept as documentation: lognormal\n" in pinned
    assert "  from the command line (override 4): value = 1.5\n" in pinned
    whole = simulate(*words, 'inputs.a={value: 3, unit: "1", source: own, note: new}').out
    assert "  stated in: override 4\n" in whole


def test_list_names_every_unit_once():
    told = simulate("study=list").out.partition("\nUnits\n")[2].split("\n")
    units = [line.strip() for line in told if line.strip()]
    assert "%/yr" in units
    assert len(units) == len(set(units))
