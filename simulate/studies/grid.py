"""A grid: how probabilities and dates move with one or more inputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from simulate.errors import Mistake, Mistakes

SOME_FAILED = 3


def run(settings: dict[str, Any], where: Callable[[str], str]) -> int:
    """Run all points and write the folder; gives 3 where some point failed.

    Raises Mistakes before anything is written.
    """
    from simulate import swept

    mistakes: list[Mistake] = []
    if not settings["grid"]:
        mistakes.append(Mistake("study=grid", "no input is swept", "name one: grid.ROW=[2.5,3,3.5]"))
    axes = swept.axes(settings["grid"] or {}, settings["grid_by"], mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    from simulate import grid_tables, gridded, page, plots, progress, provenance, streams, timegrid
    from simulate.checking import Check
    from simulate.studies import folder
    from simulate.studies.forecast import of_the_result

    years = timegrid.instants(Check(settings, where))
    by, shown = settings["grid_by"], (settings["grid_threshold"], settings["grid_year"])
    if mistakes := gridded.cannot_show(list(settings.get("thresholds") or {}), years, *shown):
        raise Mistakes(mistakes)
    hashed = provenance.question_hash("grid", provenance.config_hash(settings), axes, by, shown)
    swept_over = {"grid": {axis.key: axis.values for axis in axes}, "grid_by": by}
    name, asked = f"grid-{settings['name']}", of_the_result(settings) | swept_over | {"study": "grid"}
    if there := folder.finished(settings, name, hashed, asked):
        saved, dataset = there
    else:
        with folder.resumable(settings, name, hashed, asked) as (target, checkpoint):
            with progress.shown("grid", settings["draws"] * len(swept.points(axes, by))) as advance:
                dataset = gridded.run(settings, where, axes, by, advance, checkpoint)
            figures = {}
            if "probability" in dataset:
                threshold, year = gridded.shown(dataset, *shown)
                figures = {"grid": partial(plots.grid, threshold=threshold, year=year)}
            saved = folder.save(target, dataset, {"grid": grid_tables.wide}, figures)
    with streams.kept(saved):
        page.say(grid_tables.answer(dataset, *shown, page.wide()))
        page.say(str(saved))
    failed = int((dataset["problem"] != "").sum())
    return SOME_FAILED if failed else 0
