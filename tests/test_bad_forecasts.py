"""What may be wrong in a forecast written as a set, and what its author is told: children of shipped sets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import HEADER, Outcome, assert_clean_refusal, simulate, write

MISTAKES = {
    "a negative weight": (
        "cotra_2022",
        "hypotheses: {short: {weight: -0.05}, genome: {weight: 0.19}}",
        "hypotheses.short.weight = -0.05; a probability: from 0 to 1",
    ),
    "weights that sum to more than 1": (
        "cotra_2022",
        "hypotheses: {short: {weight: 0.15}}",
        "the weights of the hypotheses sum to 1.1: lifetime 0.08, short 0.15,",
    ),
    "weights that sum to less": (
        "villalobos_2024",
        "hypotheses: {compute: {weight: 0.3}}",
        "the weights of the hypotheses sum to 0.8: historical 0.5, compute 0.3; make them sum to 1",
    ),
    "a hypothesis that changes a row that is not there": (
        "cotra_2022",
        "hypotheses: {short: {inputs: {horizon_lenght: {low: 2}}}}",
        "changes horizon_lenght, which the set does not have (did you mean 'horizon_length'?)",
    ),
    "a hypothesis that states a row that nothing reads": (
        "cotra_2022",
        "hypotheses: {short: {inputs: {horizon_lenght: {value: 2, unit: OOM}}}}",
        "no driver or formula uses input 'horizon_lenght'",
    ),
    "a formula of an unknown input": (
        "cotra_2022",
        "inputs: {requirement: {formula: round(10*ancor)/10, unit: log10 FLOP}}",
        "inputs.requirement: no input is called 'ancor'",
    ),
    "a formula of an unknown input in a hypothesis": (
        "cotra_2022",
        "hypotheses: {short: {inputs: {raw_anchor: {formula: brain + horizn_length, unit: log10 FLOP}}}}",
        "hypotheses.short.inputs.raw_anchor: no input is called 'horizn_length'",
    ),
    "evidence on an unknown input": (
        "direct_approach_2023_08",
        "evidence: {no_tai_yet: {loglik: -10*requirment}}",
        "evidence.no_tai_yet.loglik: no input is called 'requirment'",
    ),
    "published: an unknown quantity": (
        "villalobos_2024",
        "published: {mine: {quantity: stok, year: 2030, quantile: 0.5, value: 4e14, unit: token}}",
        "published.mine: no quantity is called 'stok'; the set has: ",
    ),
    "published: an unknown input": (
        "cotra_2022",
        "published: {mine: {input: ancor, value: 30, unit: log10 FLOP}}",
        "did you mean 'anchor'?",
    ),
    "published: an unknown ceiling": (
        "epoch_2030",
        "published: {mine: {binding: powr, year: 2030, value: 60, unit: '%'}}",
        "published.mine: no binding is called 'powr'; the set has: ",
    ),
    "published: an unknown field": (
        "cotra_2022",
        "published: {mine: {thresold: transformative, year: 2030, value: 1, unit: '%'}}",
        "unknown field 'thresold' (did you mean 'threshold'?)",
    ),
}


@pytest.mark.parametrize(("parent", "text", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_by_place_and_way_out(
    parent: str, text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = child(parent, text, tmp_path, monkeypatch, "study=validate")
    assert_clean_refusal(outcome, tmp_path / "here")
    assert message in outcome.err
    assert "own.yaml:3: " in outcome.err
    assert "; " in outcome.err


def test_evidence_that_refutes_the_set_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "evidence: {seen: {loglik: -1000*(unscaled_requirement > 23), source: own, note: Seen at last.}}"
    outcome = child("direct_approach_2023_08", text, tmp_path, monkeypatch, "draws=5000")
    assert_clean_refusal(outcome, tmp_path / "here")
    assert outcome.err.startswith("error: evidence: ")
    share = re.search(r"the evidence leaves ([0-9.e-]+) % of the draws \(effective sample size [0-9.]+\)", outcome.err)
    assert share, outcome.err
    assert 0.0 < float(share[1]) < 1.0
    assert "widen its inputs, raise sd, or drop that evidence" in outcome.err


@pytest.mark.parametrize(
    "bounds", ["", "min: 1.4", "max: 12", "min: 1, max: 10"], ids=["unbounded", "min", "max", "both"]
)
def test_a_metalog_that_no_density_has_names_the_range_of_mid(
    bounds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ends that the message names are where quantiles begin to be possible."""

    def row(mid: float) -> str:
        fields = f"dist: metalog, low: 1.5, mid: {mid}, high: 9, interval: 0.9, unit: x/yr"
        return f"inputs: {{chip_growth: {{{fields}{', ' if bounds else ''}{bounds}}}}}"

    outcome = child("baseline_2026", row(1.51), tmp_path, monkeypatch, "study=validate")
    assert_clean_refusal(outcome, tmp_path / "here")
    assert "no metalog density has the quantiles 1.5, 1.51, 9: they are too skewed" in outcome.err
    ends = re.search(r"mid must lie between ([0-9.]+) and ([0-9.]+);", outcome.err)
    assert ends, outcome.err
    low, high = float(ends[1]), float(ends[2])
    assert 1.5 < low < high < 9
    for mid, skewed in ((low - 0.002, True), (low + 0.002, False), (high - 0.002, False), (high + 0.002, True)):
        outcome = child("baseline_2026", row(mid), tmp_path, monkeypatch, "study=validate")
        assert ("too skewed" in outcome.err) is skewed, (mid, outcome.err)


def child(parent: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Outcome:
    """Run `own`, a set that inherits from `parent` and says `text` in its third line, in an empty folder."""
    write(folder / "sets", "own.yaml", f"{HEADER}defaults: [{parent}]\n{text}\n")
    (folder / "here").mkdir(exist_ok=True)
    monkeypatch.chdir(folder / "here")
    return simulate(f"--config-dir={folder / 'sets'}", "assumptions=own", *words)
