"""Sobol' indices and swings: functions and sets whose indices are known, inputs without effect, bad questions."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from command_line import HEADER, files, simulate, write
from matplotlib.patches import Rectangle

import simulate as package
from simulate import (
    assumptions,
    compose,
    indices,
    plots,
    sensitivity_question,
    sensitivity_tables,
    sensitivity_text,
    sobol,
)
from simulate.errors import Mistakes

NORMAL = NormalDist()
# log10 compute in 2030 is start + 4 growth: variances 1 and 0.64.
GROWTH = "trend_growth: {dist: normal, mean: 1, sd: 0.2, unit: OOM/yr}"
SUM = f"""
start: 2026
horizon: 2036
drivers: {{trend: {{law: exponential}}}}
inputs:
  trend_start: {{dist: normal, mean: 26, sd: 1, unit: log10 FLOP}}
  {GROWTH}
thresholds: {{level: {{value: 30.5, unit: log10 FLOP}}}}
"""


def study(function, columns: int, draws: int = 20_000):
    """The index of each column of a function of independent uniforms, shape (draw, column)."""
    rng = np.random.default_rng(7)
    a, b = rng.random((2, draws, columns))
    designs = sobol.Designs(function(a), function(b))
    found = []
    for k in range(columns):
        ab = a.copy()
        ab[:, k] = b[:, k]
        found.append(designs.index(function(ab)))
    return found


def near(found, true: float, most: float = 0.03) -> bool:
    """Whether an index with the ends of its interval lies within five standard errors, which are themselves small."""
    value, low, high = found
    error = (high - low) / (2 * 1.96)
    return error < most and abs(value - true) <= 5 * error + 1e-12


def ishigami(u: np.ndarray) -> np.ndarray:
    x = (2 * u - 1) * math.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def sobol_g(u: np.ndarray) -> np.ndarray:
    a = np.array([0.0, 1.0, 4.5, 9.0])
    return np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)


def test_ishigami() -> None:
    """Ishigami and Homma (1990): S = 0.3139, 0.4424, 0; totals 0.5576, 0.4424, 0.2437."""
    a, b, pi4 = 7.0, 0.1, math.pi**4
    v1, v2, v13 = 0.5 * (1 + b * pi4 / 5) ** 2, a * a / 8, b * b * pi4**2 * 8 / 225
    whole = v1 + v2 + v13
    first, total = (v1 / whole, v2 / whole, 0.0), ((v1 + v13) / whole, v2 / whole, v13 / whole)
    assert first[0] == pytest.approx(0.3139, abs=1e-4)
    for k, one in enumerate(study(ishigami, 3)):
        assert near(one[:3], first[k]), (k, one)
        assert near(one[3:], total[k]), (k, one)


def test_sobol_g() -> None:
    """Saltelli and Sobol' (1995): each input has variance 1/(3 (1 + a)^2), products of them for interactions."""
    own = 1 / (3 * (1 + np.array([0.0, 1.0, 4.5, 9.0])) ** 2)
    whole = np.prod(1 + own) - 1
    for k, one in enumerate(study(sobol_g, 4)):
        others = np.prod(1 + np.delete(own, k))
        assert near(one[:3], own[k] / whole), (k, one)
        assert near(one[3:], own[k] * others / whole), (k, one)


def test_intervals_cover() -> None:
    """95 % intervals of x + 2 y cover 1/5 in 200 repetitions but for what chance allows (binomial, 1 in 1e6)."""
    rng, hits = np.random.default_rng(3), np.zeros(2)
    for _ in range(200):
        (x, y), (x2, y2) = rng.normal(size=(2, 2, 600))
        one = sobol.Designs(x + 2 * y, x2 + 2 * y2).index(x2 + 2 * y)
        hits += [one.first_low <= 0.2 <= one.first_high, one.total_low <= 0.2 <= one.total_high]
    assert (hits >= 172).all(), hits
    assert (hits <= 199).all(), hits


def test_batches_change_nothing() -> None:
    """The estimate is that of all draws, however they are batched."""
    rng = np.random.default_rng(5)
    a, b, ab = rng.normal(size=(3, 5000))
    one, middle = sobol.Designs(a, b).index(ab), 0.5 * (a.mean() + b.mean())
    variance = np.concatenate([a, b]).var()
    assert one.first == pytest.approx(np.mean((b - middle) * (ab - a)) / variance, rel=1e-9)
    assert one.total == pytest.approx(np.mean((a - ab) ** 2) / (2 * variance), rel=1e-9)


def test_ranks_drop_nobody() -> None:
    """Equal values share their middle rank, infinities are the ends."""
    ranks = sobol.Ranks(np.array([2030.0, math.inf]), np.array([-math.inf, math.inf]))
    np.testing.assert_allclose(ranks.of(np.array([-math.inf, 2030.0, math.inf, 2031.0])), [1 / 8, 3 / 8, 6 / 8, 4 / 8])


def test_a_constant_has_no_indices() -> None:
    one = sobol.Designs(np.ones(500), np.ones(500)).index(np.ones(500))
    assert np.isnan(one).all()


def built(folder: Path, text: str, *words: str) -> assumptions.Assumptions:
    write(folder, "own.yaml", HEADER + text)
    return assumptions.build(*compose.settings("own", [*words], folder))


def answers(folder: Path, text: str, draws: int = 8192, **asked):
    return indices.run(
        sensitivity_question.ask(built(folder, text), draws, threshold="level", year=2030, **asked), seed=1
    )


def index_of(dataset, name: str, output: str = "training_compute", kind: str = ""):
    at = {"group" if kind else "input": name, "output": output}
    return [float(dataset[f"{kind}{column}"].sel(at)) for column in sobol.Index._fields]


def test_sum_of_two_normals(tmp_path: Path) -> None:
    """Indices 1/1.64 and 0.64/1.64; the chance given one input is a normal probability."""
    dataset = answers(tmp_path, SUM)
    for name, share in (("trend_start", 1 / 1.64), ("trend_growth", 0.64 / 1.64)):
        first, total = np.split(np.array(index_of(dataset, name)), 2)
        assert near(first, share), first
        assert near(total, share), total
    z = NORMAL.inv_cdf(0.9)
    given = {"trend_start": (1.0, 0.8), "trend_growth": (0.8, 1.0)}
    for name, (own, rest) in given.items():
        for level, score in ((0.1, -z), (0.9, z)):
            at = {"pinned": name, "level": level, "output": "level crossed"}
            true = NORMAL.cdf((own * score - 0.5) / rest)
            assert abs(float(dataset["conditional"].sel(at)) - true) < 5 * math.sqrt(true * (1 - true) / 8192), at
            at["output"] = "training_compute"
            error = float(dataset["conditional_error"].sel(at))
            assert error < 0.05
            assert abs(float(dataset["conditional"].sel(at)) - (30 + own * score)) < 5 * error, at
    assert index_of(dataset, "trend_start", "level date")[0] > index_of(dataset, "trend_growth", "level date")[0] > 0.2


def test_the_answer_is_that_of_a_forecast(tmp_path: Path) -> None:
    dataset = answers(tmp_path, SUM, draws=3000)
    forecast = package.run("own", draws=3000, config_dir=tmp_path)
    chance = float(forecast["probability"].sel(threshold="level", year=2030))
    assert float(dataset["answer"].sel(output="level crossed")) == pytest.approx(chance, abs=1e-12)


def test_correlated_inputs_are_one_and_given_each_other(tmp_path: Path) -> None:
    """With scores correlated by r, growth given the start at its 90th percentile is N(1 + 0.2 r z, 0.04 (1 - r2))."""
    text = f"{SUM}correlations: [[trend_start, trend_growth, 0.6]]\n"
    dataset = answers(tmp_path, text)
    assert list(dataset["input"].values) == ["trend_start + trend_growth"]
    assert index_of(dataset, "trend_start + trend_growth")[3] == pytest.approx(1.0, abs=0.05)
    r, z = 2 * math.sin(math.pi * 0.6 / 6), NORMAL.inv_cdf(0.9)
    for name, own, other in (("trend_start", 1.0, 0.8), ("trend_growth", 0.8, 1.0)):
        true = NORMAL.cdf((own * z + other * r * z - 0.5) / (other * math.sqrt(1 - r * r)))
        at = {"pinned": name, "level": 0.9, "output": "level crossed"}
        assert abs(float(dataset["conditional"].sel(at)) - true) < 5 * math.sqrt(true * (1 - true) / 8192), name


def test_shocks_are_an_input(tmp_path: Path) -> None:
    """Four years of shocks of sd 0.5 have variance 1, as much as the start; a certain volatility is none by itself."""
    shaken = "trend_growth: {value: 1, unit: OOM/yr}\n  trend_volatility: {value: 0.5, unit: OOM/yr}"
    text = SUM.replace(GROWTH, shaken)
    dataset = answers(tmp_path, text)
    assert list(dataset["input"].values) == ["trend_start", "shocks:trend"]
    assert list(dataset["pinned"].values) == ["trend_start"]
    for name in dataset["input"].values:
        one = index_of(dataset, name)
        assert near(one[:3], 0.5), one
        assert near(one[3:], 0.5), one


def test_the_hypothesis_is_an_input(tmp_path: Path) -> None:
    """Means of 26 and 28 at even odds have variance 1 between them, and 1 within."""
    start = "trend_start: {dist: normal, mean: 28, sd: 1, unit: log10 FLOP}"
    two = f"low: {{weight: 0.5}}\n  high: {{weight: 0.5, inputs: {{{start}}}}}"
    text = SUM.replace("sd: 0.2", "sd: 0.0001") + f"hypotheses:\n  {two}\n"
    dataset = answers(tmp_path, text)
    for name in ("hypothesis", "trend_start"):
        one = index_of(dataset, name)
        assert near(one[:3], 0.5), one
        assert near(one[3:], 0.5), one
    swings = {row["input"]: row for row in sensitivity_tables.swing_rows(dataset)}
    assert swings["trend_start"]["value_p10"] is None
    assert swings["trend_growth"]["value_p10"] == pytest.approx(1.0, abs=1e-3)
    assert sensitivity_text.pinned_at(dataset, list(swings).index("trend_start"), ", ") == "by hypothesis"


def test_inputs_without_effect_are_found(tmp_path: Path) -> None:
    """One that only another quantity reads, one that the chosen law does not read, and one that works."""
    idle = "  days: {dist: uniform, low: 1, high: 2, unit: day}\n"
    idle += "  trend_growth_after: {dist: normal, mean: 1, sd: 0.1, unit: OOM/yr}\n"
    text = SUM.replace("thresholds:", f"{idle}quantities: {{length: {{formula: days, unit: day}}}}\nthresholds:")
    dataset = answers(tmp_path, text, draws=1024)
    effect = dict(zip(dataset["input"].values, dataset["effect"].values, strict=True))
    assert effect == {
        "trend_start": sensitivity_tables.WORKS, "trend_growth": sensitivity_tables.WORKS,
        "days": sensitivity_tables.OTHERWISE, "trend_growth_after": sensitivity_tables.NOWHERE,
    }  # fmt: skip
    assert index_of(dataset, "days")[3] == 0.0


def test_groups_are_closed_indices(tmp_path: Path) -> None:
    dataset = answers(tmp_path, SUM, groups={"both": ["trend_start", "trend_growth"]}, draws=4096)
    assert index_of(dataset, "both", kind="group_")[3] == pytest.approx(1.0, abs=0.07)
    assert index_of(dataset, "both", kind="group_")[0] == pytest.approx(1.0, abs=0.07)


def test_every_mistake_at_once(tmp_path: Path) -> None:
    text = SUM.replace(GROWTH, f"{GROWTH}\n  a: {{dist: normal, mean: 1, sd: 0.2, unit: day}}")
    text += "quantities: {length: {formula: a, unit: day}}\ncorrelations: [[trend_start, trend_growth, 0.5]]\n"
    groups = {"x": ["trend_start", "a"], "y": ["a", "trend_strat"]}
    with pytest.raises(Mistakes) as found:
        sensitivity_question.ask(built(tmp_path, text), 50, threshold="levle", year=2030.5, groups=groups)
    said = str(found.value)
    for part in (
        "draws = 50", "did you mean 'level'", "2026 to 2036 in steps of 1", "did you mean 'trend_start'",
        "a is in x and in y", "trend_start is correlated with trend_growth",
    ):  # fmt: skip
        assert part in said, said


def test_evidence_is_refused(tmp_path: Path) -> None:
    text = f"{SUM}evidence: {{seen: {{loglik: '-(trend_start - 26)**2'}}}}\n"
    with pytest.raises(Mistakes, match="not independent"):
        sensitivity_question.ask(built(tmp_path, text), 1000)


def test_certain_sets_have_nothing_to_ask(tmp_path: Path) -> None:
    text = SUM.replace("dist: normal, mean: 26, sd: 1", "value: 26").replace(
        "dist: normal, mean: 1, sd: 0.2", "value: 1"
    )
    with pytest.raises(Mistakes, match="every input of the set is certain"):
        sensitivity_question.ask(built(tmp_path, text), 1000, threshold="level")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "sets", "own.yaml", HEADER + SUM)
    monkeypatch.chdir(tmp_path)
    words = ("--config-dir=sets", "assumptions=own", "study=sensitivity", "draws=1024", "threshold=[level,flop_1e29]")
    outcome = simulate(*words, "groups={all: [trend_start,trend_growth]}")
    assert outcome.code == 0, outcome.err
    folder = Path(outcome.out.splitlines()[-1])
    figures = {
        f"figures/tornado_{name}.{kind}"
        for name in ("level", "flop_1e29", "training_compute")
        for kind in ("png", "svg")
    }
    assert files(folder) == {"result.nc", "tables/indices.csv", "tables/swings.csv", "manifest.json", *figures}
    dataset = package.load(folder)
    with (folder / "tables" / "indices.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["output"], row["name"]) == ("level crossed", "trend_start")]
    assert float(rows[0]["total"]) == float(dataset["total"].sel(input="trend_start", output="level crossed"))
    assert "threshold level: crossed by 2030 in" in outcome.out
    assert "total Sobol' index by group" in outcome.out
    assert "In brackets behind each index: its 95 % interval." in outcome.out
    wide, narrow = ("\n".join(sensitivity_text.lines(dataset, width)) for width in (400, 60))
    assert max(map(len, narrow.splitlines())) <= 60
    assert set(narrow.split()) == set(wide.split())
    assert json.loads(dataset.attrs["shown"]) == ["level", "flop_1e29"]
    assert package.sensitivity("own", ["level", "flop_1e29"], 2030, {"all": ["trend_start", "trend_growth"]}, 1024,
                               config_dir="sets")["total"].equals(dataset["total"])  # fmt: skip


def test_the_tornado_shows_the_widest_swing_on_top(tmp_path: Path) -> None:
    dataset = answers(tmp_path, SUM, draws=1024)
    ax = plots.tornado(dataset)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["trend_start", "trend_growth"]
    bars = [patch for patch in ax.patches if isinstance(patch, Rectangle)][:2]
    ends = sorted(bar.get_x() + bar.get_width() for bar in bars)
    answers_ = sorted(100 * dataset["conditional"].sel(pinned="trend_start", output="level crossed").values)
    np.testing.assert_allclose(ends, answers_)
    assert "chance of having crossed by 2030, %" in ax.get_xlabel()
    for output in ("level date", "training_compute"):
        assert plots.tornado(dataset, output=output).get_xlabel()
