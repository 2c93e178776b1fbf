"""Several sets side by side: dates, probabilities, compute, the rows that differ, and how sure the differences are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from simulate.errors import Mistake, Mistakes

if TYPE_CHECKING:
    import xarray as xr

    from simulate.assumptions import Assumptions

MOST_FIGURES = 12
"""Figures of thresholds, and of quantities, at most; the tables have all."""


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Run every set and write `result.nc`, tables and figures into a run folder; its path is the last line.

    Raises Mistakes before anything is run or written.
    """
    sets = built(settings)
    from simulate import comparison, comparison_tables, page, provenance, streams
    from simulate.studies import folder

    comparison.check(sets)
    hashes = [*provenance.config_hashes(sets).items()]  # in order: the others are held against the first
    draws, seed, threads = (settings[key] for key in ("draws", "seed", "threads"))
    question = folder.Question("compare", provenance.question_hash("compare", hashes), draws * len(sets))
    run_sets = partial(comparison.run, sets, draws, seed, threads)
    saved, dataset = folder.answer(settings, question, run_sets, comparison_tables.TABLES, figures)
    with streams.kept(saved):
        page.write(partial(comparison_tables.answer, dataset))
        page.say(str(saved))


def built(settings: dict[str, Any]) -> list[Assumptions]:
    """Every set that the words name, checked; raises Mistakes with what is wrong with any of them."""
    from simulate import assumptions

    found, mistakes = [], []
    for one in settings["sets"]:
        try:
            found.append(assumptions.build(one.settings, one.where))
        except Mistakes as wrong:
            name = one.settings["name"]
            mistakes += [Mistake(item.where, f"{item.what} (set {name})", item.way_out) for item in wrong.items]
    if mistakes:
        raise Mistakes(mistakes)
    return found


def figures(dataset: xr.Dataset) -> dict[str, Callable[[Any], Any]]:
    """A fan for compute (without it for every quantity) and a picture of P for every threshold that is shared."""
    from simulate import comparison_tables, plots
    from simulate.variables import COMPUTE

    compared = comparison_tables.compared(dataset)
    fans = [name for name in COMPUTE if name in compared] or compared[:MOST_FIGURES]
    found: dict[str, Callable[[Any], Any]] = {name: partial(plots.compared_fan, quantity=name) for name in fans}
    for name in comparison_tables.shared(dataset)[:MOST_FIGURES]:
        found[f"probability_{name}"] = partial(plots.compared_probability, threshold=name)
    return found
