"""Which dimension of Sobol's sequence each input gets: the first ones are the most even, so they go to the inputs that
move the result most.

Influence is seen in the pilot: the sum over quantities and years of how far the ranks of the input and of the result go
together (Spearman's, as whole numbers, so that every machine finds the same order). What is drawn every year comes
after what is drawn once, year by year.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulate import philox, quasi
from simulate.blocks import DRAWS
from simulate.counting import Noted
from simulate.errors import Mistake, Mistakes
from simulate.plan import Prepared

MOST = 21_201  # dimensions that the directions are known of
INDEPENDENT = DRAWS * (DRAWS * DRAWS - 1) // 6  # sum of squared differences of ranks that have nothing to do


def spread_evenly(prepared: Sequence[Prepared], pilots: Sequence[Noted], draws: int, seed: int) -> list[Prepared]:
    """The plans of all members with Sobol points in place of random numbers, the same ones for the same name.

    Raises
    ------
    Mistakes
        If there are more dimensions than Sobol's sequence has.
    """
    influence = _influence(prepared, pilots)
    names = {philox.tag(name): name for own in prepared for name in own.inputs}
    once, yearly = (
        sorted(
            {names[int(row["tag"])] for own in prepared for row in own.plan.draws.drawn if bool(row["yearly"]) is each},
            key=lambda name: (-influence.get(name, 0), name),
        )
        for each in (False, True)
    )
    shaken = sorted({int(shock["tag"]) for own in prepared for shock in own.plan.shocks})
    streams = [*(f"{philox.tag(name):x}" for name in yearly), *(f"{tag:x}" for tag in shaken)]
    years = int(np.floor(prepared[0].plan.years[-1] - prepared[0].plan.years[0] + 1e-9)) + 1
    every = [*(f"{philox.tag(name):x}" for name in once), *(f"{s} {year}" for year in range(years) for s in streams)]
    if len(every) > MOST:
        what = f"{len(every)} dimensions (inputs, and years of those that are drawn every year), at most {MOST}"
        raise Mistakes([Mistake("sampling", what, "take sampling=random")])
    points = quasi.points(every, len(streams), draws, seed)
    place = {philox.tag(name): k for k, name in enumerate([*once, *yearly])}
    place |= {tag: len(once) + len(yearly) + k for k, tag in enumerate(shaken)}
    return [_placed(own, points, place) for own in prepared]


def _placed(prepared: Prepared, points: quasi.Points, place: dict[int, int]) -> Prepared:
    drawn, shocks = prepared.plan.draws.drawn.copy(), prepared.plan.shocks.copy()
    for rows in (drawn, shocks):
        rows["dimension"] = [place[int(tag)] for tag in rows["tag"]]
    draws = prepared.plan.draws._replace(drawn=drawn, points=points)
    return prepared._replace(plan=prepared.plan._replace(draws=draws, shocks=shocks))


def _influence(prepared: Sequence[Prepared], pilots: Sequence[Noted]) -> dict[str, int]:
    """How much each input moves the results, over all members."""
    found: dict[str, int] = {}
    for own, pilot in zip(prepared, pilots, strict=True):
        results = _ranks(pilot.results.reshape(-1, DRAWS))
        for name, values in zip(own.inputs, pilot.inputs[:, 0], strict=True):
            apart = ((results - _ranks(values)) ** 2).sum(axis=-1)
            found[name] = found.get(name, 0) + int(np.abs(apart - INDEPENDENT).sum())
    return found


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis; equal values in the order of their draws."""
    order = np.argsort(values, axis=-1, kind="stable")
    ranks = np.empty(values.shape, np.int64)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(values.shape[-1]), values.shape), axis=-1)
    return ranks
