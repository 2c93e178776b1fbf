"""Run folders: every study finds its place, says where its numbers come from and survives its figures in one way."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import HEADER, LINE, assert_clean_refusal, files, simulate, write

import simulate as package
from simulate.plots import style
from simulate.provenance import versions
from simulate.sources import source_hash

SET = LINE + "published: {start: {input: trend_start, quantile: 0.5, value: 26, unit: log10 FLOP, tolerance: 1}}"
FASTER = "{base: line, name: faster, inputs: {trend_growth: {value: 1}, trend_start: {value: 26}}}"
ASKED = {
    "forecast": ["assumptions=line"],
    "replicate": ["sets=line"],
    "compare": [f"sets=[line,{FASTER}]"],
    "attribution": [f"sets=[line,{FASTER}]"],
    "sensitivity": ["assumptions=line", "groups={all: [trend_start,trend_growth]}"],
    "explain": ["assumptions=line", "threshold=level", "year=2031"],
    "grid": ["assumptions=line", "grid.trend_growth=[0.5,0.6]"],
    "structures": ["assumptions=line", "law_of=trend", "laws=[exponential,superexponential]"],
}
#: The same study, asked something else.
OTHERWISE = {
    "forecast": ["assumptions=line", "horizon=2031"],
    "replicate": ["sets=other"],
    "compare": [f"sets=[{FASTER},line]"],
    "attribution": [f"sets=[line,{FASTER}]", "at=[2030]"],
    "sensitivity": ["assumptions=line", "groups={one: [trend_start]}"],
    "explain": ["assumptions=line", "threshold=level", "year=2030"],
    "grid": ["assumptions=line", "grid.trend_growth=[0.5,0.7]"],
    "structures": ["assumptions=line", "law_of=trend", "laws=[exponential,decaying]"],
}
WITH_FIGURES = [study for study in ASKED if study != "replicate"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "sets", "line.yaml", HEADER + SET)
    write(tmp_path / "sets", "other.yaml", HEADER + SET.replace("tolerance: 1", "tolerance: 2"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(study: str, *words: str) -> Path:
    """The folder of a study that is done."""
    outcome = simulate(f"study={study}", "--config-dir=../sets", "draws=1000", *words)
    assert outcome.code == 0, outcome.err
    return Path(outcome.out.splitlines()[-1])


def manifest(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text("utf-8"))


@pytest.mark.parametrize("study", ASKED)
def test_a_study_goes_to_the_place_that_is_named_and_tells_where_it_comes_from(study: str, here: Path) -> None:
    folder = run(study, "hydra.run.dir=deep/down/mine", "seed=7", *ASKED[study])
    assert folder == Path("deep/down/mine")
    said = manifest(folder)
    assert said["study"] == study
    assert (str(said["seed"]), said["draws"]) == ("7", 1000)
    assert (said["versions"], said["source_hash"], said["problems"]) == (versions(), source_hash(), [])
    kept = files(folder) - {"manifest.json"}
    assert said["files"] == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in kept}
    assert any(name.startswith("tables/") for name in kept)
    if study in WITH_FIGURES:
        assert any(name.startswith("figures/") for name in kept)
        assert package.load(folder).attrs["study"] == study
    again = simulate(f"study={study}", "--config-dir=../sets", "hydra.run.dir=deep/down/mine", *ASKED[study])
    assert again.code == 2
    assert "exists" in again.err
    assert manifest(folder) == said
    run(study, "hydra.run.dir=deep/down/mine", "seed=8", "overwrite=true", *ASKED[study])
    assert str(manifest(folder)["seed"]) == "8"


@pytest.mark.parametrize("study", ASKED)
def test_folders_with_one_hash_ask_one_question(study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "render", lambda ax, kind: b"")  # figures are drawn in other tests
    first, again = run(study, *ASKED[study]), run(study, "seed=2", *ASKED[study])
    assert first.name.removesuffix("-1") == again.name.removesuffix("-2")
    other = run(study, *OTHERWISE[study])
    assert other.name.endswith("-1")
    one, same, another = (manifest(folder)["question_hash"] for folder in (first, again, other))
    assert one == same != another
    assert one[:8] in first.name


@pytest.mark.parametrize("study", WITH_FIGURES)
def test_figures_that_cannot_be_drawn_are_problems_and_cost_nothing_else(
    study: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> bytes:
        raise RuntimeError("no ink")

    monkeypatch.setattr(style, "render", broken)
    folder = run(study, *ASKED[study])
    problems = manifest(folder)["problems"]
    assert problems
    assert all(problem.startswith("figure ") and problem.endswith("RuntimeError: no ink") for problem in problems)
    assert not any(name.startswith("figures/") for name in files(folder))
    assert package.load(folder).attrs["study"] == study


def test_a_run_that_is_refused_leaves_no_folder_and_no_other_folder_goes_with_it(here: Path) -> None:
    words = ("study=grid", "--config-dir=../sets", "assumptions=line", "draws=1000", "grid.trend_growth.low=[2,3]")
    assert_clean_refusal(simulate(*words), here)
    assert_clean_refusal(simulate(*words, "hydra.run.dir=deep/down/mine"), here)
    (here / "deep").mkdir()
    assert simulate(*words, "hydra.run.dir=deep/down/mine").code == 2
    assert [path.name for path in here.rglob("*")] == ["deep"]
