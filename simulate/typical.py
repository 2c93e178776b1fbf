"""Which draw is told as a story: that of a number, or the most typical of those that cross a threshold in a year.

A draw is that of its number in every forecast with the same seed; since random numbers have no state, its block is run
alone. The most typical of the draws that cross a threshold within a year is the one whose inputs lie nearest to their
medians among these draws, each measured in its own spread; evidence counts by its weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate import asking, designs, each_draw, elementwise
from simulate.assumptions import Assumptions, Hypothesis
from simulate.blocks import DRAWS
from simulate.checking import Where
from simulate.errors import Mistake, Mistakes
from simulate.plan import Prepared, prepare

Array = NDArray[np.float64]
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
    names = asking.thresholds(assumptions, threshold, where, mistakes)
    if isinstance(threshold, list) and len(threshold) > 1:
        mistakes.append(Mistake(where("threshold"), f"threshold = {threshold}: one draw crosses one", "name one"))
    if draw is None:
        if not assumptions.thresholds:
            mistakes.append(Mistake("study=explain", "the set has no thresholds", "write draw=NUMBER"))
        asking.draws(draws, "among so many one is sought", where, mistakes)
    at = asking.instant(assumptions, year, where, mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    return Question(assumptions, draws, draw, names[0] if threshold is not None else "", at)


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
    """The threshold that most draws, by weight, cross in that year under all hypotheses."""
    count = np.zeros(len(question.set.thresholds))
    for member in question.set.members:
        blocks = each_draw.Blocks(prepare(member.set), seed)
        for block in range(-(-question.draws // DRAWS)):
            seen = blocks.run(block)
            there = block * DRAWS + np.arange(DRAWS) < question.draws
            crosses = there & (seen.dates >= question.year) & (seen.dates < question.year + 1.0)
            count += member.weight * (crosses * seen.weights.astype(np.float64)).sum(axis=1)
    return list(question.set.thresholds)[int(np.argmax(count))]


def _crossing_in(question: Question, member: Hypothesis, seed: int) -> tuple[NDArray[np.int64], Array, Array, float]:
    """Numbers, inputs (draw, watched input) and weights of the draws that cross in the year, and the weight of all."""
    blocks = each_draw.Blocks(prepare(member.set), seed)
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
        scaled = np.where(wide, elementwise.log10(np.where(inputs > 0.0, inputs, 1.0)), inputs)
    low, middle, high = (_weighted(scaled, weights, level) for level in (0.25, 0.5, 0.75))
    spread = high - low
    counts = counting & np.isfinite(spread) & (spread > 0.0)
    distance = (((scaled[:, counts] - middle[counts]) / spread[counts]) ** 2).sum(axis=1)
    return np.where(wide, elementwise.exp10(np.where(wide, middle, 0.0)), middle), distance


def _weighted(values: Array, weights: Array, level: float) -> Array:
    """Weighted quantiles of each column: the first value by which the share `level` of the weight is reached."""
    order = np.argsort(values, axis=0, kind="stable")
    upto = np.cumsum(weights[order], axis=0)
    at = (upto < level * upto[-1]).sum(axis=0)
    found: Array = np.take_along_axis(np.take_along_axis(values, order, 0), at[None, :], 0)[0]
    return found


def _told(member: Hypothesis, draw: int, seed: int) -> Found:
    """The draw of that number."""
    blocks = each_draw.Blocks(prepare(member.set), seed)
    seen, at = blocks.run(draw // DRAWS), draw % DRAWS
    inputs = seen.inputs[:, 0, at].copy()
    nothing = np.full(len(inputs), np.nan)
    results, dates = seen.results[:, :, at].copy(), seen.dates[:, at].copy()
    return Found(member, blocks.prepared, draw, 0, np.nan, inputs, results, dates, nothing, "")
