"""The card of convergence: silent on runs that have settled, and a warning on each kind of run that has not."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from conftest import Verified
from kernel_values import settings_of

import simulate as package
from simulate import convergence_card, forecast, parts, report, store
from simulate.assumptions import build
from simulate.engines import local
from simulate.engines.work import Member, Memory
from simulate.plan import prepare

BLOCKS = 96
DRAWS = BLOCKS * 512  # six blocks a part
ROW = {"unit": "OOM", "dist": "normal", "mean": 0, "sd": 1}
ONE_BY_ONE = {"a": ROW, "b": ROW, "u": {"unit": "1", "dist": "uniform", "low": 0, "high": 1, "interval": 1}}


def settings(formula: str = "a", level: float = 0.5, shift: float = 0.0) -> dict[str, Any]:
    """Two years of a quantity `x` with one threshold, and a certain row `shift` that is added to it."""
    read = {name: row for name, row in ONE_BY_ONE.items() if re.search(rf"\b{name}\b", formula)}
    own = {"x": {"formula": f"shift + ({formula})", "unit": "OOM"}}
    rows = {**read, "shift": {"unit": "OOM", "value": shift}}
    found = settings_of(rows, drivers={}, quantities=own, horizon=2027)
    return {**found, "thresholds": {"level": {"value": level, "unit": "OOM", "quantity": "x"}}}


def run(stated: dict[str, Any], draws: int = DRAWS, seed: int = 1, **more: Any) -> xr.Dataset:
    return forecast.run(build(stated), draws, seed, **more)


def failed(dataset: xr.Dataset) -> list[str]:
    return [doubt["check"] for doubt in convergence_card.doubts(dataset)]


def instead(monkeypatch: pytest.MonkeyPatch, run_blocks: Callable[..., None]) -> None:
    """Let a memory do its tasks by `run_blocks(memory, usual, seed, first, last, draws)`."""
    usual = Memory.run
    monkeypatch.setattr(Memory, "run", lambda memory, *task: run_blocks(memory, usual, *task))


def test_a_run_that_has_settled_is_not_doubted() -> None:
    dataset = run(settings())
    assert failed(dataset) == []
    measured = json.loads(dataset.attrs["convergence"])
    assert measured["parts"] == 16
    assert measured["numbers"] == 2 * 2  # two years of a mean and a probability
    assert 0.5 < measured["farthest_part"] < 5


@pytest.mark.parametrize(
    ("formula", "power", "more"),
    [("a/b", 1.0, ["coarse"]), ("u**(-2/3)", 1.5, []), ("0 - 1/u", 1.0, ["coarse"])],
    ids=["Cauchy", "no variance", "a pole"],
)
def test_a_mean_without_variance_is_doubted(formula: str, power: float, more: list[str]) -> None:
    """The draws beyond x of a Cauchy variable are as many as 1/x, of u^(-2/3) as many as x^(-3/2).

    Where the first draws lie far out, the histogram of the others is coarse as well.
    """
    dataset = run(settings(formula))
    assert failed(dataset) == ["tail", *more]
    assert json.loads(dataset.attrs["convergence"])["slowest_tail"] == pytest.approx(power, abs=0.3)


def test_a_value_that_most_draws_share_is_doubted_where_its_histogram_is_too_coarse() -> None:
    """8 GW in nine draws of ten, and anything in the others: both quantiles are 8 GW, which is not what they say."""
    parts = [{"weight": 0.9, "value": 8}, {"weight": 0.1, "dist": "lognormal", "low": 1e-10, "high": 1e20}]
    own = {"q": {"formula": "10**9 * c", "unit": "W"}}
    stated = settings_of({"c": {"dist": "mixture", "parts": parts, "unit": "1"}}, drivers={}, quantities=own)
    dataset = run({**stated, "thresholds": {}}, levels=(0.1, 0.5))
    assert failed(dataset) == ["coarse"]
    (line,) = (line for line in convergence_card.lines(dataset) if line.startswith("coarse quantiles: "))
    width = float(re.search(r"is ([\d.]+) OOM wide and holds 9\d(\.\d)? % of the draws", line)[1])  # type: ignore[index]
    off = np.abs(dataset["q"].sel(quantile=[0.1, 0.5]).values - np.log10(8e9)).max()
    assert 0.05 < off < width
    narrow = [{"weight": 0.9, "value": 8}, {"weight": 0.1, "dist": "lognormal", "low": 5, "high": 20}]
    stated["inputs"]["c"]["parts"] = narrow
    assert failed(run({**stated, "thresholds": {}})) == []


@pytest.mark.parametrize("formula", ["u**(-1/3)", "exp(a)", "where(u < 0.002, 5, 0)", "abs(a)**3", "0 - log(u)"])
def test_a_long_tail_with_a_variance_is_not(formula: str) -> None:
    assert "tail" not in failed(run(settings(formula)))


def test_a_mean_of_rare_events_is_not_judged_by_parts() -> None:
    """Of an event in six draws of a thousand a part has eighteen, which is far from normal."""
    measured = json.loads(run(settings("where(u < 0.006, 5, 0)")).attrs["convergence"])
    assert measured["numbers"] == 0


def test_few_draws_behind_a_probability_are_told() -> None:
    dataset = run(settings(level=3.85))  # P = 5.9e-5
    hits = round(float(dataset["probability"][0, -1]) * DRAWS)
    assert 1 <= hits <= 9
    (doubt,) = convergence_card.doubts(dataset)
    assert doubt["check"] == "few"
    assert f"on {hits} of 49,152 draws" in doubt["text"]


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (1 / DRAWS, "on 1 of 49,152 draws, which has crossed"),
        (3 / DRAWS, "on 3 of 49,152 draws, which have crossed"),
        (1 - 1 / DRAWS, "on 1 of 49,152 draws, which has not crossed"),
        (1 - 2 / DRAWS, "on 2 of 49,152 draws, which have not crossed"),
        (1e-9, "on fewer than 1 of 49,152 draws, which have crossed"),  # as the weights of evidence may have it
    ],
)
def test_few_draws_are_hits_or_misses(share: float, told: str) -> None:
    dataset = run(settings(level=3.85)).copy(deep=True)
    dataset["probability"][:] = 0.0
    dataset["probability"][0, -1] = share
    (doubt,) = convergence_card.doubts(dataset)
    assert doubt["text"].endswith(told)


def test_few_draws_beyond_a_quantile_are_told() -> None:
    assert failed(run(settings(), levels=(0.9999,))) == ["few"]
    assert failed(run(settings(), levels=(0.9997,))) == []


def test_none_and_all_are_told_as_limits_and_not_doubted() -> None:
    assert failed(run(settings(level=30))) == []


def shifted_by(by: Callable[[float], float]) -> Callable[..., None]:
    """Tasks whose certain row `shift` depends on how far the run is, from 0 to 1."""

    def run_blocks(memory: Memory, usual: Callable[..., None], seed: int, first: int, last: int, draws: int) -> None:
        place = memory.prepared.row_of["written:shift"]
        memory.rows[place] = by(first / BLOCKS)
        usual(memory, seed, first, last, draws)

    return run_blocks


def test_a_run_that_drifts_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    """By 0.1 standard deviations from the first draw to the last, which no single part shows."""
    instead(monkeypatch, shifted_by(lambda done: 0.1 * done))
    dataset = run(settings())
    assert "drift" in failed(dataset)
    (text,) = (doubt["text"] for doubt in convergence_card.doubts(dataset) if doubt["check"] == "drift")
    slope = float(text.partition("power ")[2].partition(" ")[0])
    assert slope > -0.35


def test_a_part_that_stands_apart_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, shifted_by(lambda done: 0.3 * (48 <= BLOCKS * done < 54)))
    found = convergence_card.doubts(run(settings()))
    assert [doubt["check"] for doubt in found] == ["apart"]
    assert "in part 9 of 16" in found[0]["text"]


def test_a_part_that_is_counted_twice_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fifth part does the draws of the fourth once more."""

    def run_blocks(memory: Memory, usual: Callable[..., None], seed: int, first: int, last: int, draws: int) -> None:
        back = 6 if 24 <= first < 30 else 0
        usual(memory, seed, first - back, last - back, draws)

    instead(monkeypatch, run_blocks)
    (doubt,) = convergence_card.doubts(run(settings()))
    assert doubt["check"] == "twins"
    assert "parts 4 and 5" in doubt["text"]


def test_scrambles_that_are_one_are_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulate import quasi

    assert failed(run(settings(), sampling="sobol")) == []
    key = quasi._key
    monkeypatch.setattr(quasi, "_key", lambda name, replicate, seed: key(name, min(replicate, 14), seed))
    (doubt,) = convergence_card.doubts(run(settings(), sampling="sobol"))
    assert doubt["check"] == "twins"
    assert "parts 15 and 16" in doubt["text"]


def test_discrete_quantities_are_not_taken_for_twins() -> None:
    """Two parts often have the same number of heads."""
    stated = settings("u")
    coin = [{"weight": 0.5, "value": value} for value in (0, 1)]
    stated["inputs"]["u"] = {"unit": "1", "dist": "mixture", "parts": coin}
    assert "twins" not in failed(run(stated, 16_384))


def test_what_is_measured_does_not_depend_on_threads_and_is_kept_in_a_checkpoint() -> None:
    seen = {run(settings(), threads=threads).attrs["convergence"] for threads in (1, 2, 3)}
    assert len(seen) == 1
    one = build(settings())
    prepared = prepare(one)
    (watched,) = forecast._place([prepared], [forecast.first_block(prepared, 1, one)], [one])
    member = Member(prepared, watched, np.zeros((0, 2, 0), np.float32), np.zeros((1, 0)))
    whole = local.Run([member], DRAWS, 1, 4)
    whole.work(whole.memories())
    kept = {id(array) for array in whole.arrays()}
    assert {id(part) for part in whole.sums[0].parts.values()} <= kept
    assert whole.sums[0].parts["mass"].sum() == DRAWS
    assert whole.sums[0].parts["results"].sum(axis=0).tolist() == whole.sums[0].results.sum.tolist()


@pytest.mark.parametrize("blocks", [1, 2, 15, 16, 17, 98, 1954])
def test_parts_hold_every_block_once(blocks: int) -> None:
    from simulate.quasi import RANDOM

    found = parts.of_run(RANDOM, blocks)
    of = [found.of(block) for block in range(blocks)]
    assert of == sorted(of)
    assert set(of) == set(range(found.many))
    assert found.many == max(min(16, blocks // 2), 1)
    assert max(of.count(part) for part in of) - min(of.count(part) for part in of) <= 1
    assert all(
        found.of(found.end(block) - 1) == found.of(block) < found.of(found.end(block)) for block in range(blocks)
    )


def healthy(number: int) -> dict[str, Any]:
    """A set like many: skewed and mixed inputs, thresholds that some draws cross and some do not."""
    rng = np.random.default_rng([7, number])
    low, width = rng.uniform(-1, 1), rng.uniform(0.5, 3)
    families: list[dict[str, Any]] = [
        {"dist": "normal", "low": low, "high": low + width},
        {"dist": "uniform", "low": low, "high": low + width},
        {"dist": "triangular", "low": low, "mode": low + 0.2 * width, "high": low + width},
        {"dist": "metalog", "low": low, "mid": low + 0.4 * width, "high": low + width},
        {"dist": "lognormal", "low": 0.5, "high": 0.5 + width},
    ]
    kinds = [families[k] for k in rng.integers(0, len(families), 3)]
    halves = [{"weight": 0.5, "dist": "normal", "low": m, "high": m + 1} for m in (low, low + 2)]
    kinds[2] = {"dist": "mixture", "parts": halves} if rng.random() < 0.3 else kinds[2]
    rows = {name: {"unit": "OOM", **kind} for name, kind in zip("abc", kinds, strict=True)}
    formulas = ["a + b + c", "max(a, b) - c", "a*b + c", "exp(a/4) + b*c", "a + b + c*c", "min(a, b, c)"]
    own = {"x": {"formula": f"{rng.choice(formulas)} + 0.01*(year - 2026)", "unit": "OOM"}}
    found = settings_of(rows, drivers={}, quantities=own, horizon=2027)
    bare = run(found, 512)
    levels = {f"at_{q:g}": float(bare["x"].sel(quantile=q)[0]) for q in (0.1, 0.5, 0.9)}
    thresholds = {name: {"value": level, "unit": "OOM", "quantity": "x"} for name, level in levels.items()}
    return {**found, "thresholds": thresholds}


def doubted(numbers: range) -> dict[int, list[str]]:
    found = {number: failed(run(healthy(number), 10_000, seed=number)) for number in numbers}
    return {number: checks for number, checks in found.items() if checks}


def test_a_few_healthy_runs_are_not_doubted() -> None:
    assert doubted(range(10)) == {}


@pytest.mark.parametrize("draws", [600, 1500])
def test_a_short_run_of_the_default_set_has_no_heavy_tails(draws: int) -> None:
    """The 200 draws farthest out are too large a part of it to be called a tail."""
    for seed in (1, 2):
        found = package.run("baseline_2026", draws=draws, seed=seed)
        assert "tail" not in {doubt["check"] for doubt in convergence_card.doubts(found)}


@pytest.mark.long
def test_hardly_any_of_a_thousand_healthy_runs_is_doubted(verified: Verified) -> None:
    found = doubted(range(1000))
    verified("U4", "healthy runs of 1,000 that are doubted", len(found), 10)
    assert len(found) <= 10, found


def test_the_answer_and_the_summary_have_the_card() -> None:
    dataset = run(settings(level=3.85))
    (doubt,) = convergence_card.doubts(dataset)
    page = io.StringIO()
    report.show(dataset, file=page, width=400)
    assert page.getvalue().rstrip().endswith(f"few draws: {doubt['text']}")
    files = dict(store._files(dataset, {}, "", (), []))
    card = json.loads(files["summary.json"])["convergence"]
    assert card["warnings"] == [doubt]
    assert card["numbers"] == 2
    page = io.StringIO()
    report.show(run(settings()), file=page, width=400)
    assert "draws:" not in page.getvalue()
