"""One draw as a story: its inputs, each year's ceilings, which of them binds, and when it crosses.

The draw is that of its number in every forecast with the same seed; since random numbers have no state, its block is
run alone. The most typical draw of those that cross a threshold within a year is the one whose inputs lie nearest to
their medians among these draws, each measured in its own spread; evidence counts by its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate import designs, indices, provenance, quantiles, summary
from simulate.assumptions import Assumptions, Hypothesis
from simulate.blocks import DRAWS
from simulate.engines import local
from simulate.errors import Mistake, Mistakes
from simulate.kernel import Noted, Watched
from simulate.plan import Prepared, prepare
from simulate.tally import blank, noted

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Where = Callable[[str], str]
LEAST_DRAWS, MOST_DRAWS = 100, 2**20
IN_LOGS = 3.0  # a positive input that spans more than this factor is measured in its logarithm


class Question(NamedTuple):
    """What is asked, checked: a draw, or a threshold and a year."""

    set: Assumptions
    draws: int
    draw: int | None
    threshold: str
    year: float


class Found(NamedTuple):
    """A draw: which hypothesis and number, and all values of it."""

    hypothesis: Hypothesis
    prepared: Prepared
    draw: int
    among: int  # draws of which it is the most typical; 0 for a draw that was asked for
    share: float  # of all draws, by weight, that cross in that year
    inputs: Array  # (watched input,)
    results: Array  # (watched result, year)
    dates: Array  # (threshold,)
    typical: Array  # (watched input,) medians among these draws; nan for a draw that was asked for
    threshold: str  # what these draws cross; empty for a draw that was asked for


def ask(
    assumptions: Assumptions, draws: int, draw: Any = None, threshold: Any = None, year: Any = None, where: Where = str
) -> Question:
    """Check what is asked of a set: without a draw, 2030 and the threshold that most draws cross in it.

    Raises
    ------
    Mistakes
        Everything that does not fit, at once.
    """
    mistakes: list[Mistake] = []
    if draw is not None and (threshold is not None or year is not None):
        given = "threshold" if threshold is not None else "year"
        what = f"draw and {given} are both given: a draw is told whatever it crosses"
        mistakes.append(Mistake(where(given), what, "give draw=NUMBER, or threshold=NAME year=YEAR"))
    names = indices.thresholds(assumptions, threshold, where, mistakes)
    if isinstance(threshold, list) and len(threshold) > 1:
        mistakes.append(Mistake(where("threshold"), f"threshold = {threshold}: one draw crosses one", "name one"))
    if draw is None:
        if not assumptions.thresholds:
            mistakes.append(Mistake("study=explain", "the set has no thresholds", "write draw=NUMBER"))
        if not LEAST_DRAWS <= draws <= MOST_DRAWS:
            allowed = f"allowed: {LEAST_DRAWS} to {MOST_DRAWS}"
            mistakes.append(Mistake(where("draws"), f"draws = {draws}: among so many one is sought", allowed))
    at = indices.instant(assumptions, year, where, mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    return Question(assumptions, draws, draw, names[0] if threshold is not None else "", at)


class _Blocks:
    """A set, run block by block, with every value of each draw."""

    def __init__(self, one: Assumptions, seed: int) -> None:
        self.set, self.seed, self.prepared = one, seed, prepare(one)
        rows, years = self.prepared.input_rows, len(one.years)
        unplaced = summary.unplaced(rows, 1), summary.unplaced(self.prepared.result_rows, years)
        thresholds = np.zeros(len(self.prepared.plan.levels))
        watched = Watched(unplaced[0], np.zeros(len(rows), np.int64), unplaced[1], thresholds)
        tally = blank(self.prepared, watched, np.zeros((0, 0, 0), np.float32))
        self.memory = local.Memory(self.prepared, watched, tally, noted(self.prepared))

    def run(self, block: int) -> Noted:
        """All values of a block; they stay until the next one is run."""
        self.memory.run(self.seed, block, block + 1, (block + 1) * DRAWS)
        return self.memory.noted


def find(question: Question, seed: int) -> Found:
    """The draw that is asked for, or the most typical one.

    Raises Mistakes where no draw crosses the threshold in that year.
    """
    members = question.set.members
    if question.draw is not None:
        likely = max(members, key=lambda member: member.weight)
        return _told(likely, question.draw, seed)
    question = question if question.threshold else question._replace(threshold=_commonest(question, seed))
    chosen = [_crossing_in(question, member, seed) for member in members]
    masses = np.array(
        [member.weight * weights.sum() for member, (_, _, weights, _) in zip(members, chosen, strict=True)]
    )
    whole = sum(member.weight * total for member, (*_, total) in zip(members, chosen, strict=True))
    if not masses.any():
        what = f"no draw of {question.draws:,} crosses {question.threshold} in {question.year:g}"
        way_out = "choose another year (`simulate` tells the dates), or more draws"
        raise Mistakes([Mistake("year", what, way_out)])
    which = int(np.argmax(masses))
    numbers, inputs, weights, _ = chosen[which]
    one = members[which].set
    # Levels of other thresholds have nothing to do with this crossing, and derived inputs would count twice.
    drawn = designs.rows(one).keys() - {designs.LEVEL + name for name in one.thresholds if name != question.threshold}
    watched = [*one.rows, *(designs.LEVEL + name for name in one.thresholds)]
    medians, distance = _distances(inputs, weights, np.array([name in drawn for name in watched]))
    nearest = int(numbers[np.argmin(np.where(weights > 0.0, distance, np.inf))])
    share = float(masses.sum() / whole)
    found = _told(members[which], nearest, seed)
    return found._replace(among=len(numbers), share=share, typical=medians, threshold=question.threshold)


def _commonest(question: Question, seed: int) -> str:
    """The threshold that most draws cross in that year, under the hypothesis that is the most probable beforehand."""
    likely = max(question.set.members, key=lambda member: member.weight)
    blocks = _Blocks(likely.set, seed)
    count = np.zeros(len(likely.set.thresholds))
    for block in range(-(-question.draws // DRAWS)):
        date = blocks.run(block).dates
        count += ((date >= question.year) & (date < question.year + 1.0)).sum(axis=1)
    return list(likely.set.thresholds)[int(np.argmax(count))]


def _crossing_in(question: Question, member: Hypothesis, seed: int) -> tuple[NDArray[np.int64], Array, Array, float]:
    """Numbers, inputs (draw, watched input) and weights of the draws that cross in the year, and the weight of all."""
    blocks = _Blocks(member.set, seed)
    row = list(member.set.thresholds).index(question.threshold)
    numbers, inputs, weights, total = [], [], [], 0.0
    for block in range(-(-question.draws // DRAWS)):
        seen = blocks.run(block)
        number = block * DRAWS + np.arange(DRAWS)
        date, there = seen.dates[row], number < question.draws
        total += float(seen.weights[there].sum())
        crosses = there & (date >= question.year) & (date < question.year + 1.0)
        numbers.append(number[crosses])
        inputs.append(seen.inputs[:, 0, crosses].T)
        weights.append(seen.weights[crosses].astype(np.float64))
    return np.concatenate(numbers), np.concatenate(inputs), np.concatenate(weights), total


def _distances(inputs: Array, weights: Array, counting: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Weighted medians of the inputs, and each draw's distance from them in units of the spread of those that count.

    The spread is the distance between the quartiles; an input that hardly varies counts for nothing.
    """
    positive = (inputs > 0.0).all(axis=0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wide = positive & (inputs.max(axis=0) > IN_LOGS * inputs.min(axis=0))
        scaled = np.where(wide, np.log10(np.where(inputs > 0.0, inputs, 1.0)), inputs)
    low, middle, high = (_weighted(scaled, weights, level) for level in (0.25, 0.5, 0.75))
    spread = high - low
    counts = counting & np.isfinite(spread) & (spread > 0.0)
    distance = (((scaled[:, counts] - middle[counts]) / spread[counts]) ** 2).sum(axis=1)
    return np.where(wide, 10.0 ** np.where(wide, middle, 0.0), middle), distance


def _weighted(values: Array, weights: Array, level: float) -> Array:
    """Weighted quantiles of each column: the first value by which the share `level` of the weight is reached."""
    order = np.argsort(values, axis=0, kind="stable")
    upto = np.cumsum(weights[order], axis=0)
    at = (upto < level * upto[-1]).sum(axis=0)
    found: Array = np.take_along_axis(np.take_along_axis(values, order, 0), at[None, :], 0)[0]
    return found


def _told(member: Hypothesis, draw: int, seed: int) -> Found:
    """The draw of that number."""
    blocks = _Blocks(member.set, seed)
    seen, at = blocks.run(draw // DRAWS), draw % DRAWS
    inputs = seen.inputs[:, 0, at].copy()
    nothing = np.full(len(inputs), np.nan)
    results, dates = seen.results[:, :, at].copy(), seen.dates[:, at].copy()
    return Found(member, blocks.prepared, draw, 0, np.nan, inputs, results, dates, nothing, "")


def run(question: Question, seed: int = 1) -> xr.Dataset:
    """The story as a Dataset: inputs (input), quantities (year), ceilings (ceiling, year), dates (threshold)."""
    import xarray as xr

    found = find(question, seed)
    one, names = found.hypothesis.set, found.prepared.inputs
    years, rows = ("year",), one.rows
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {"year": ("year", one.years, {"units": "decimal year"})}
    for k, name in enumerate(found.prepared.results):
        if not name.startswith("ceiling:"):
            about = {"units": one.units[name], "long_name": one.meanings[name]}
            variables[name] = (years, found.results[k], about)
    if rows:
        at = [names.index(name) for name in rows]
        coordinates["input"] = ("input", np.array(list(rows), dtype=str))
        variables["value"] = ("input", found.inputs[at], {"long_name": "value in the written unit"})
        variables["typical"] = (
            "input",
            found.typical[at],
            {"long_name": "median of the draws that cross in that year"},
        )
        about = {
            "units": "1",
            "long_name": "share of the input's distribution up to the value; nan: certain or derived",
        }
        percentile = [
            quantiles.share_below(shape, found.inputs[k])
            if (shape := rows[name].shape) and rows[name].drawn
            else np.nan
            for name, k in zip(rows, at, strict=True)
        ]
        variables["percentile"] = ("input", np.array(percentile), about)
        variables["unit"] = ("input", np.array([row.unit for row in rows.values()], dtype=str))
        each_year = np.array([row.yearly for row in rows.values()], np.int8)
        variables["each_year"] = (
            "input",
            each_year,
            {"long_name": "1 if drawn every year; the value is the first year's"},
        )
    if one.ceilings:
        stated = np.array([found.results[found.prepared.results.index(f"ceiling:{name}")] for name in one.ceilings])
        coordinates["ceiling"] = ("ceiling", np.array(list(one.ceilings), dtype=str))
        active = np.array([name in one.active for name in one.ceilings], np.int8)
        coordinates["active"] = ("ceiling", active, {"long_name": "1 if the ceiling is part of the minimum"})
        about = {"units": "log10 FLOP", "long_name": "training compute of the largest run that the ceiling allows"}
        variables["ceiling_compute"] = (("ceiling", "year"), stated, about)
        if active.any():
            lowest = np.argmin(stated[active == 1], axis=0)
            binds = [one.active[k] for k in lowest]
            variables["binding"] = (years, np.array(binds, dtype=str), {"long_name": "the lowest ceiling"})
    if one.thresholds:
        coordinates["threshold"] = ("threshold", np.array(list(one.thresholds), dtype=str))
        about = {
            "units": "decimal year",
            "long_name": "date of crossing; inf: beyond the horizon; -inf: before the start",
        }
        variables["crossing"] = ("threshold", found.dates, about)
        levels = found.inputs[[names.index(f"threshold:{name}") for name in one.thresholds]]
        variables["level"] = ("threshold", levels, {"long_name": "level, in the unit of its quantity"})
        variables["quantity"] = ("threshold", np.array([t.quantity for t in one.thresholds.values()], dtype=str))
    return xr.Dataset(variables, coordinates, _attributes(question, found, seed))


def _attributes(question: Question, found: Found, seed: int) -> dict[str, Any]:
    asked = {
        "draw": found.draw,
        "hypothesis": found.hypothesis.name,
        "hypotheses": len(question.set.hypotheses),
        "threshold": found.threshold,
        "crossed_in": question.year,
        "among": found.among,
        "share": found.share,
    }
    return provenance.of_set("explain", question.set, question.draws, seed) | asked


def input_rows(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the inputs as plain rows."""
    for i, name in enumerate(dataset["input"].values if "input" in dataset else ()):
        numbers = {column: float(dataset[column].values[i]) for column in ("value", "percentile", "typical")}
        said = {column: None if np.isnan(number) else number for column, number in numbers.items()}
        yield {"input": str(name), "unit": str(dataset["unit"].values[i]), **said}


def year_rows(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the years as plain rows: quantities, ceilings, and which of them binds."""
    quantities = [str(name) for name in dataset.data_vars if dataset[name].dims == ("year",) and name != "binding"]
    for k, year in enumerate(dataset["year"].values):
        row: dict[str, Any] = {"year": float(year)}
        row |= {f"{name} [{dataset[name].attrs['units']}]": float(dataset[name].values[k]) for name in quantities}
        for i, name in enumerate(dataset["ceiling"].values if "ceiling" in dataset else ()):
            row[f"ceiling {name} [log10 FLOP]"] = float(dataset["ceiling_compute"].values[i, k])
        if "binding" in dataset:
            row["binding"] = str(dataset["binding"].values[k])
        yield row


def crossing_rows(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the thresholds as plain rows; a date that is none is empty, and `state` says why."""
    for i, name in enumerate(dataset["threshold"].values if "threshold" in dataset else ()):
        date = float(dataset["crossing"].values[i])
        state = "crossed" if np.isfinite(date) else "already" if date < 0.0 else "beyond"
        yield {
            "threshold": str(name),
            "quantity": str(dataset["quantity"].values[i]),
            "level": float(dataset["level"].values[i]),
            "date": date if np.isfinite(date) else None,
            "state": state,
        }


TABLES = {"inputs": input_rows, "years": year_rows, "crossings": crossing_rows}
"""Every table by the name of its file."""
