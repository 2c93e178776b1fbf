"""Why two sets differ: the share of each group of rows in the change of dates, probabilities and compute."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from simulate.studies import compare

if TYPE_CHECKING:
    import xarray as xr

    from simulate.assumptions import Assumptions
    from simulate.coalitions import Coalitions
    from simulate.combination import Statistic

MOST_FIGURES = 12
SMALLEST = 1e-12  # error of a change, of which none at all is the surest


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Run all combinations and write `result.nc`, tables and waterfalls into a run folder; its path is the last line.

    Raises Mistakes before anything is run or written.
    """
    (first, other), between, wanted = planned(settings)
    from simulate import attribution, attribution_tables, page, provenance, streams
    from simulate.studies import folder

    hashes = [*provenance.config_hashes((first, other)).items()]
    asked = provenance.question_hash("attribution", hashes, between.groups, wanted)
    draws, seed, threads = (settings[key] for key in ("draws", "seed", "threads"))
    question = folder.Question("attribution", asked, draws * len(between.sets))
    run_all = partial(attribution.run, first, other, between, wanted, draws, seed, threads)
    saved, dataset = folder.answer(settings, question, run_all, attribution_tables.TABLES, _figures)
    with streams.kept(saved):
        page.write(partial(attribution_tables.answer, dataset))
        page.say(str(saved))


def planned(settings: dict[str, Any]) -> tuple[list[Assumptions], Coalitions, list[Statistic]]:
    """The two sets, the combinations of them, and what will be asked; raises Mistakes with all that does not fit."""
    sets = compare.built(settings)
    from simulate import attribution

    wheres = [one.where for one in settings["sets"]]
    between, wanted = attribution.plan(sets[0], sets[1], wheres, settings["groups"], settings["at"])
    return sets, between, wanted


def _figures(dataset: xr.Dataset) -> dict[str, Callable[[Any], Any]]:
    """Waterfalls of what can be shared out: dates, and probabilities and compute in the last year asked for, the surest
    changes first.
    """
    import numpy as np

    from simulate import attribution_tables, plots

    every = [change for change in attribution_tables.changes(dataset) if np.isfinite(change.shares).all()]
    last = max((change.year or 0.0 for change in every), default=0.0)
    chosen = [change for change in every if change.year in (None, last) and any(change.shares)]
    chosen.sort(key=lambda change: -abs(change.total) / max(change.total_error, SMALLEST))
    found: dict[str, Callable[[Any], Any]] = {}
    for change in chosen[:MOST_FIGURES]:
        name = "_".join(dict.fromkeys([change.kind, change.of, *([f"{change.year:g}"] if change.year else [])]))
        found[name] = partial(plots.waterfall, statistic=change.kind, of=change.of, year=change.year)
    return found
