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
    from simulate import answered, grid_tables, gridded, page, plots, progress, target, timegrid, unfinished
    from simulate.checking import Check
    from simulate.provenance import config_hash
    from simulate.studies import folder
    from simulate.studies.forecast import of_the_result, place

    years = timegrid.instants(Check(settings, where))
    asked = settings["grid_threshold"], settings["grid_year"]
    if mistakes := gridded.cannot_show(list(settings.get("thresholds") or {}), years, *asked):
        raise Mistakes(mistakes)
    root, name = place(settings)
    hashed, overwrite = config_hash(settings), settings["overwrite"]
    aim = target.of(f"grid-{settings['name']}", hashed, name, root=root, overwrite=overwrite)
    swept_over = {"grid": {axis.key: axis.values for axis in axes}, "grid_by": settings["grid_by"]}
    question = of_the_result(settings) | swept_over | {"study": "grid"}
    if settings["resume"] and (there := answered.earlier(aim, question)):
        saved, dataset = there
        unfinished.forget(aim, question)
    else:
        target.check(aim)
        total = settings["draws"] * len(swept.points(axes, settings["grid_by"]))
        with unfinished.claim(aim, question, settings["resume"]) as checkpoint:
            with progress.shown("grid", total) as advance:
                dataset = gridded.run(settings, where, axes, settings["grid_by"], advance, checkpoint)
            figures = {}
            if "probability" in dataset:
                threshold, year = gridded.shown(dataset, *asked)
                figures = {"grid": partial(plots.grid, threshold=threshold, year=year)}
            saved = folder.save(dataset, aim, {"grid": grid_tables.wide(dataset)}, figures)
    page.say(grid_tables.answer(dataset, *asked))
    page.say(str(saved))
    failed = int((dataset["problem"] != "").sum())
    return SOME_FAILED if failed else 0
