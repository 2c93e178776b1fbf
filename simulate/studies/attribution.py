"""Why two sets differ: the share of each group of rows in the change of dates, probabilities and compute."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from simulate.studies import compare

if TYPE_CHECKING:
    import xarray as xr

    from simulate.assumptions import Assumptions
    from simulate.attribution import Statistic
    from simulate.coalitions import Coalitions

MOST_FIGURES = 12


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Run all combinations and write `result.nc`, tables and waterfalls into a run folder; its path is the last line.

    Raises Mistakes before anything is run or written.
    """
    (first, other), between, wanted = planned(settings)
    from simulate import attribution, attribution_tables, page, progress, store
    from simulate.provenance import config_hash
    from simulate.studies.forecast import place

    root, name = place(settings)
    hashes = {one.name: config_hash(one.settings) for one in (first, other)}
    asked = {"hashes": hashes, "groups": between.groups, "wanted": wanted}
    whole = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    target = store.prepare("attribution", whole, name, root=root, overwrite=settings["overwrite"])
    with progress.shown("attribution", settings["draws"] * len(between.sets)) as advance:
        dataset = attribution.run(
            first, other, between, wanted, settings["draws"], settings["seed"], settings["threads"], advance
        )
    problems: list[str] = []
    files = attribution_tables.files(dataset) | dict(_figures(dataset, problems))
    about = {"draws": settings["draws"], "seed": str(settings["seed"]), "config_hashes": hashes, "problems": problems}
    folder = store.save_files(files, target, about, dataset)
    page.write(partial(attribution_tables.answer, dataset))
    page.say(str(folder))


def planned(settings: dict[str, Any]) -> tuple[list[Assumptions], Coalitions, list[Statistic]]:
    """The two sets, the combinations of them, and what will be asked; raises Mistakes with all that does not fit."""
    sets = compare.built(settings)
    from simulate import attribution

    wheres = [one.where for one in settings["sets"]]
    between, wanted = attribution.plan(sets[0], sets[1], wheres, settings["groups"], settings["at"])
    return sets, between, wanted


def _figures(dataset: xr.Dataset, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield waterfalls of what can be shared out: dates, then probabilities and compute in the last year asked for."""
    import numpy as np

    from simulate import attribution_tables, plots
    from simulate.plots import style

    every = [change for change in attribution_tables.changes(dataset) if np.isfinite(change.shares).all()]
    last = max((change.year or 0.0 for change in every), default=0.0)
    chosen = [change for change in every if change.year in (None, last) and any(change.shares)]
    chosen.sort(key=lambda change: change.kind != attribution_tables.DATE)
    for change in chosen[:MOST_FIGURES]:
        name = "_".join(dict.fromkeys([change.kind, change.of, *([f"{change.year:g}"] if change.year else [])]))
        try:
            ax = plots.waterfall(dataset, statistic=change.kind, of=change.of, year=change.year)
            yield from [(f"figures/{name}.{kind}", style.render(ax, kind)) for kind in ("png", "svg")]
        except Exception as error:  # no figure is worth a result
            problems.append(f"figure {name}: {type(error).__name__}: {error}")
