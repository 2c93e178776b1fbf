"""What to doubt in a result: numbers that rest on few draws, and what the checks of `convergence` found during the run.

Silent where there is nothing to doubt, otherwise a line on each check that failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import contents, results, wording

if TYPE_CHECKING:
    import xarray as xr

FEW = 10
"""Draws behind a probability or beyond a quantile, below which its relative error is above a third."""
LABELS = {
    "few": "few draws",
    "tail": "heavy tail",
    "apart": "parts differ",
    "twins": "same draws",
    "coarse": "coarse quantiles",
}
ALMOST = 1e-9  # a count that rounding has taken below a whole number


def doubts(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Return the checks that failed, each with the number of values that fail it and a line of text."""
    found = [*_few(dataset, list(_behind_probabilities(dataset)), "probabilities")]
    found += _few(dataset, list(_beyond_quantiles(dataset)), "quantiles")
    return found + json.loads(dataset.attrs.get("convergence", "{}")).get("warnings", [])


def lines(dataset: xr.Dataset) -> list[str]:
    """Return the card as lines of text, none where there is nothing to doubt."""
    return [f"{LABELS.get(doubt['check'], 'doubt')}: {wording.clean(doubt['text'], 400)}" for doubt in doubts(dataset)]


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Return the card for JSON: what was judged, what was measured, what is in doubt."""
    measured = json.loads(dataset.attrs.get("convergence", "{}"))
    return measured | {"warnings": doubts(dataset)}


def _few(dataset: xr.Dataset, counted: list[tuple[str, float, str]], what: str) -> Iterator[dict[str, Any]]:
    few = [one for one in counted if one[1] < FEW - ALMOST]
    if few:
        name, hits, done = min(few, key=lambda one: one[1])
        number = f"{hits:,.0f}" if hits >= wording.LEAST else "fewer than 1"
        draws = f"{number} of {results.effective_draws(dataset):,.0f} draws"
        if done:
            draws += f", which {'has' if number == '1' else 'have'} {done}"
        text = f"{len(few)} of {len(counted)} {what} rest on fewer than {FEW} draws; {name} on {draws}"
        yield {"check": "few", "numbers": len(few), "text": text}


def _behind_probabilities(dataset: xr.Dataset) -> Iterator[tuple[str, float, str]]:
    """Hits or misses, whichever are fewer, behind each probability of the answer, and what those draws have done.

    None or all of the draws are told as a limit instead.
    """
    if not contents.has(dataset, "probability"):
        return
    share = dataset["probability"].transpose("threshold", "year").values
    draws, years = results.effective_draws(dataset), dataset["year"].values
    for i, name in enumerate(dataset["threshold"].values.tolist()):
        for j in results.answer_years(dataset):
            if 0.0 < share[i, j] < 1.0:
                hits, misses = float(share[i, j] * draws), float((1.0 - share[i, j]) * draws)
                done = "crossed" if hits <= misses else "not crossed"
                yield f"P({name} by {years[j]:g})", min(hits, misses), done


def _beyond_quantiles(dataset: xr.Dataset) -> Iterator[tuple[str, float, str]]:
    """Draws beyond each level of which quantiles are told."""
    levels = dataset["quantile"].values if "quantile" in dataset.coords else np.empty(0)
    for level in levels.tolist():
        yield f"the {100 * level:g} % quantile", float(min(level, 1.0 - level) * results.effective_draws(dataset)), ""
