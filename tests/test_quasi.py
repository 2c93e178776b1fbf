"""Scrambled Sobol points: their evenness, their independence, and the errors that are read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import HEADER, NORMAL, assert_clean_refusal, simulate, write
from scipy import stats
from scipy.stats import qmc

import simulate as package
from simulate import assumptions, compose, dimensions, forecast, philox, precision, quasi, replicates
from simulate.blocks import DRAWS
from simulate.errors import Mistakes

BLOCKS = 4  # of a replicate
NAMES = ["a", "b", "c", "d"]
NO_OTHERS = ["thresholds=[regulatory]"]

LINE = f"""horizon: 2036
{NORMAL}
thresholds: {{level: {{value: 29, quantity: training_compute, unit: log10 FLOP}}}}
"""

BARE = """
horizon: 2032
drivers: {economy: {law: exponential}}
inputs:
  gwp_start: {value: 1.0e+14, unit: USD}
  gwp_growth: {dist: normal, mean: 3, sd: 1, unit: "%/yr"}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    write(tmp_path / "sets", "line.yaml", HEADER + LINE)
    write(tmp_path / "sets", "bare.yaml", HEADER + BARE)
    return tmp_path / "sets"


def made(seed: int, replicate: int = 0) -> np.ndarray:
    """The points of a replicate (dimension, draw)."""
    source = quasi.points(NAMES, 0, quasi.LEAST_DRAWS * BLOCKS, seed)
    out = np.empty((len(NAMES), BLOCKS * DRAWS))
    for dimension, block in np.ndindex(len(NAMES), BLOCKS):
        part = out[dimension, block * DRAWS : (block + 1) * DRAWS]
        quasi.evenly(source, dimension, replicate * BLOCKS + block, part)
    return out


def test_directions_are_those_of_scipys_points() -> None:
    points = qmc.Sobol(5, scramble=False, bits=quasi.DIGITS).random(4096)
    source = quasi.points(list("abcde"), 0, 8 * quasi.LEAST_DRAWS, 1)
    found = []
    for block in range(8):
        digits = [digit for digit in range(3) if block >> digit & 1]
        found.append(source.within ^ np.bitwise_xor.reduce(source.blocks[:, digits], axis=1)[:, None])
    ours = quasi._reversed(np.concatenate(found, axis=1)).T / 2.0**quasi.DIGITS
    assert np.array_equal(ours[np.lexsort(ours.T)], points[np.lexsort(points.T)])


@pytest.mark.parametrize("seed", [1, 2, 2**64 - 1])
def test_every_cell_of_a_net_has_one_point(seed: int) -> None:
    """2^11 points of the first two dimensions: one in each box of the 12 ways to cut the square into 2^11 boxes."""
    digits = 11
    x, y = made(seed)[:2]
    for k in range(digits + 1):
        box = np.floor(x * 2**k) * 2 ** (digits - k) + np.floor(y * 2 ** (digits - k))
        assert np.bincount(box.astype(int), minlength=2**digits).tolist() == [1] * 2**digits
    for dimension in made(seed):
        assert np.bincount((dimension * 2**digits).astype(int)).tolist() == [1] * 2**digits


def test_points_lie_strictly_between_0_and_1() -> None:
    words = np.array([0, 1, 2**31, 2**32 - 1], np.uint64)
    ends = [quasi.scrambled(word, np.uint64(0), np.uint64(0)) for word in words]
    assert all(0.0 < end < 1.0 for end in ends)
    assert len(set(ends)) == len(ends)


def test_a_point_is_uniform_over_scrambles_and_digits_are_independent() -> None:
    """Of the same point, 4,000 scrambles: uniform, and so is the place within the box of its first three digits."""
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 2**32, (4000, 2), dtype=np.uint64)
    for point in (0, 1, 12345, 2**32 - 1):
        u = np.array([quasi.scrambled(np.uint64(point), a, b) for a, b in keys])
        assert stats.kstest(u, "uniform").pvalue > 1e-4
        assert stats.kstest(u * 8 % 1, "uniform").pvalue > 1e-4


def test_replicates_seeds_and_names_have_scrambles_of_their_own() -> None:
    keys = np.array([quasi.points(NAMES, 0, quasi.LEAST_DRAWS, seed).keys for seed in (1, 2)])
    assert len(np.unique(keys)) == keys.size
    for seed in (1, 2):
        apart = np.corrcoef(made(seed)) - np.eye(len(NAMES))
        assert np.abs(apart).max() < 0.01  # 0.02 is what random ones have
    assert np.array_equal(made(1), made(1))


@pytest.mark.parametrize(
    ("asked", "taken"), [(1, 8192), (8192, 8192), (8193, 16384), (10**6, 2**20), (2**20, 2**20), (2**20 + 1, 2**21)]
)
def test_draws_are_a_power_of_two_in_each_replicate(asked: int, taken: int) -> None:
    assert quasi.draws_for(asked) == taken


def placed(one: Any) -> dict[str, int]:
    """The dimension of each input."""
    drawn = forecast.simulate(one, 8192, 1, sampling="sobol").members[0].member.prepared.plan.draws.drawn
    place = dict(zip(drawn["tag"].tolist(), drawn["dimension"].tolist(), strict=True))
    return {name: place[philox.tag(name)] for name in one.rows}


def test_the_influential_inputs_come_first(own: Path) -> None:
    for weak, strong in (("trend_growth", "trend_start"), ("trend_start", "trend_growth")):
        found = placed(assumptions.build(*compose.settings("line", NO_OTHERS, own, {weak: {"sd": 0.001}})))
        assert found == {strong: 0, weak: 1}


def test_yearly_draws_and_shocks_have_a_dimension_each_year(tmp_path: Path) -> None:
    text = LINE.replace("level: {value: 29", "level: {dist: normal, mean: 29, sd: 1, each: year")
    text = text.replace("inputs:", "inputs:\n  trend_volatility: {value: 0.5, unit: OOM/yr}")
    write(tmp_path, "yearly.yaml", HEADER + text)
    one = assumptions.build(*compose.settings("yearly", NO_OTHERS, tmp_path))
    plan = forecast.simulate(one, 8192, 1, sampling="sobol").members[0].member.prepared.plan
    points = plan.draws.points
    assert points.each_year == 2
    assert points.keys.shape[1] == 2 + 11 * 2
    used = {int(row["dimension"]) for row in plan.draws.drawn} | {int(shock["dimension"]) for shock in plan.shocks}
    assert used == {0, 1, 2, 3}


def test_a_set_with_nothing_to_draw(tmp_path: Path) -> None:
    text = LINE.replace("dist: normal, mean: 26, sd: 1", "value: 26").replace(
        "dist: normal, mean: 0.4, sd: 0.1", "value: 0.4"
    )
    write(tmp_path, "certain.yaml", HEADER + text)
    ds = package.run("certain", 8192, config_dir=tmp_path, overrides=["sampling=sobol", *NO_OTHERS])
    assert ds["probability"].sel(threshold="level", year=[2033, 2034]).values.tolist() == [0.0, 1.0]
    assert not ds["probability_error"].any()


def test_more_dimensions_than_there_are(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dimensions, "MOST", 1)
    one = assumptions.build(*compose.settings("line", NO_OTHERS, own))
    with pytest.raises(Mistakes, match="2 dimensions"):
        forecast.simulate(one, 8192, 1, sampling="sobol")


def exact(year: float) -> float:
    t = year - 2026
    return float(stats.norm.sf(29, 26 + 0.4 * t, np.hypot(1, 0.1 * t)))


def test_the_error_is_smaller_and_true(own: Path) -> None:
    """Forty seeds: the error that is said is the one that is made, and less than a third of that of random draws."""
    one = assumptions.build(*compose.settings("line", NO_OTHERS, own))
    z, gain = [], []
    for seed in range(40):
        outcome = forecast.simulate(one, 8192, seed, threads=1, sampling="sobol")
        p, error = outcome.probability[-1, 6], outcome.probability_error[-1, 6]
        z.append((p - exact(2032)) / error)
        gain.append(np.sqrt(p * (1 - p) / 8192) / error)
    assert np.median(gain) > 3
    assert abs(np.mean(z)) < 3.3 * np.sqrt(1.15 / 40)  # of Student's t with 15 degrees of freedom
    assert np.mean(np.abs(z) < stats.t(15).ppf(0.975)) > 0.85


def test_the_interval_covers(own: Path) -> None:
    one = assumptions.build(*compose.settings("line", NO_OTHERS, own))
    inside = []
    for seed in range(100, 130):
        outcome = forecast.simulate(one, 8192, seed, threads=1, sampling="sobol")
        low, high = outcome.probability_interval()
        for year in (2030, 2034):
            inside.append(low[-1, year - 2026] <= exact(year) <= high[-1, year - 2026])
    assert np.mean(inside) > 0.85


def test_bits_do_not_depend_on_threads(own: Path) -> None:
    words = ["sampling=sobol"]
    one, two = (package.run("line", 40_000, threads=n, config_dir=own, overrides=words) for n in (1, 2))
    assert one.drop_vars([]).equals(two)
    assert int(one.attrs["draws"]) == 65_536


def test_hypotheses_and_evidence_have_errors_of_replicates(tmp_path: Path) -> None:
    more = """
hypotheses:
  low: {weight: 0.5}
  high: {weight: 0.5, inputs: {trend_start: {dist: normal, mean: 27, sd: 1, unit: log10 FLOP}}}
evidence:
  seen: {quantity: training_compute, date: 2027, value: 26.5, sd: 0.5, unit: log10 FLOP}
"""
    write(tmp_path, "two.yaml", HEADER + LINE + more)
    one = assumptions.build(*compose.settings("two", NO_OTHERS, tmp_path))
    even, random = (forecast.simulate(one, 65_536, 3, sampling=s) for s in ("sobol", "random"))
    assert even.replicates is not None
    assert np.allclose(even.replicates.without.mean(axis=0), even.probability, atol=1e-3)
    apart = np.abs(even.probability - random.probability)
    assert np.all(apart <= 5 * np.hypot(even.probability_error, random.probability_error) + 1e-12)


def test_worth_where_all_replicates_agree() -> None:
    part = {"mass": np.full((16, 1), 512), "crossed": np.zeros((16, 1, 3), np.int64)}
    part["crossed"][:, 0, 1] = 512
    found = replicates.Replicates(np.ones(1), [part], 8192)
    assert found.spread.tolist() == [[0.0, 0.0, 0.0]]
    assert found.worth(np.array([[0.0, 1.0, 1.0]])).tolist() == [[8192.0] * 3]
    assert found.error(np.array([[0.0, 0.5, 1.0]])).tolist() == [[0.0, np.sqrt(0.25 / 8192), 0.0]]


def test_each_replicate_counts_by_what_the_evidence_leaves_of_it() -> None:
    """Two members, masses that differ: the error is that of leaving one replicate out, done by hand."""
    rng, prior = np.random.default_rng(1), np.array([0.3, 0.7])
    parts = [
        {"mass": rng.integers(100, 900, (16, 1)), "crossed": rng.integers(0, 40, (16, 2, 3))} for _ in range(2)
    ]  # fmt: skip
    found = replicates.Replicates(prior, parts, 8192)
    for threshold, year in np.ndindex(2, 3):
        left = []
        for out in range(16):
            kept = [r for r in range(16) if r != out]
            hits = sum(
                p * part["crossed"][kept, threshold, : year + 1].sum() for p, part in zip(prior, parts, strict=True)
            )
            left.append(hits / sum(p * part["mass"][kept].sum() for p, part in zip(prior, parts, strict=True)))
        by_hand = np.sqrt(15 / 16 * sum((value - np.mean(left)) ** 2 for value in left))
        assert found.spread[threshold, year] == pytest.approx(by_hand, rel=1e-9)


def test_evidence_that_leaves_one_replicate_alone_says_nothing_of_the_error() -> None:
    part = {"mass": np.zeros((16, 1), np.int64), "crossed": np.zeros((16, 1, 2), np.int64)}
    part["mass"][3], part["crossed"][3, 0, 1] = 100, 40
    found = replicates.Replicates(np.ones(1), [part], 8192)
    assert found.spread.tolist() == [[0.5, 0.5]]
    assert found.worth(np.array([[0.0, 0.4]])).tolist() == [[1.0, 1.0]]


def test_a_tail_that_even_points_make_no_surer(own: Path) -> None:
    one = assumptions.build(*compose.settings("line", NO_OTHERS, own))
    for how, levels, said in (("sobol", (0.01,), True), ("sobol", (0.02,), False), ("random", (0.01,), False)):
        ds = forecast.run(one, 8192, 1, levels=levels, sampling=how)
        assert ("no better than random draws for quantiles beyond 1% and 99%" in ds.attrs["notes"]) is said


def test_target_error(own: Path) -> None:
    for words in ([], ["sampling=sobol"]):
        ds = package.run("line", 10**6, config_dir=own, overrides=["target_error=0.001", *words])
        assert float(ds["probability_error"].max()) <= 0.001
        assert "reached with" in ds.attrs["notes"]
        assert int(ds.attrs["draws"]) < 10**6
    ds = package.run("line", 100_000, config_dir=own, overrides=["target_error=0.0001"])
    assert int(ds.attrs["draws"]) == 100_000
    said = ds.attrs["notes"].partition("about ")[2].partition(" would")[0]
    assert 0.9 < float(said.replace(",", "")) / (0.25 / 0.0001**2) < 1.2


def test_a_set_without_thresholds_needs_no_more_draws(own: Path) -> None:
    one = assumptions.build(*compose.settings("bare", NO_OTHERS, own))
    found = precision.reach(lambda draws: forecast.simulate(one, draws, 1), 10**6, 0.001)
    assert found.outcome.draws == precision.FIRST


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sampling=sobl"], "did you mean 'sobol'?"),
        (["target_error=0"], "a standard error of a probability is needed"),
        (["target_error=high"], "between 0 and 0.5"),
        (["study=compare", "sets=[baseline_2026,cotra_2020]", "sampling=sobol"], "means nothing to study=compare"),
        (["draws=1e11", "sampling=sobol"], "at most"),
    ],
)
def test_mistakes(words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate(*words)
    assert_clean_refusal(outcome, tmp_path)
    assert said in outcome.err


def test_the_command_says_how_it_drew(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--config-dir", str(own), "assumptions=line", "draws=1e4", "sampling=sobol", "output=even"]
    outcome = simulate(*words)
    assert outcome.code == 0, outcome.err
    assert "16,384 draws (Sobol points in 16 scrambles)" in outcome.out
    assert simulate(*words, "resume=true").out == outcome.out
    other = simulate(*words[:-2], "output=even", "resume=true")
    assert other.code == 5
    assert "sampling" in other.err
