"""Several sets side by side: dates, probabilities, compute, the rows that differ, and how sure the differences are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
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
    from simulate import comparison, comparison_tables, page, progress, store
    from simulate.provenance import config_hash
    from simulate.studies.forecast import place

    comparison.check(sets)
    root, name = place(settings)
    hashes = {one.name: config_hash(one.settings) for one in sets}
    whole = hashlib.sha256(json.dumps(hashes).encode()).hexdigest()
    target = store.prepare("compare", whole, name, root=root, overwrite=settings["overwrite"])
    with progress.shown("compare", settings["draws"] * len(sets)) as advance:
        dataset = comparison.run(sets, settings["draws"], settings["seed"], settings["threads"], advance)
    problems: list[str] = []
    files = comparison_tables.files(dataset) | dict(figures(dataset, problems))
    about = {"draws": settings["draws"], "seed": str(settings["seed"]), "config_hashes": hashes, "problems": problems}
    folder = store.save_files(files, target, about, dataset)
    page.write(partial(comparison_tables.answer, dataset))
    page.say(str(folder))


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


def figures(dataset: xr.Dataset, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield a fan for compute (without it for every quantity) and a picture of P for every threshold that is shared."""
    from simulate import comparison_tables, contents, plots
    from simulate.plots import style

    compared = comparison_tables.compared(dataset)
    fans = [name for name in contents.COMPUTE if name in compared] or compared[:MOST_FIGURES]
    drawn: list[tuple[str, Callable[[], Any]]] = [
        (name, partial(plots.compared_fan, dataset, quantity=name)) for name in fans
    ]
    for name in comparison_tables.shared(dataset)[:MOST_FIGURES]:
        drawn.append((f"probability_{name}", partial(plots.compared_probability, dataset, threshold=name)))
    for name, draw in drawn:
        try:
            ax = draw()
            yield from [(f"figures/{name}.{kind}", style.render(ax, kind)) for kind in ("png", "svg")]
        except Exception as error:  # no figure is worth a result
            problems.append(f"figure {name}: {type(error).__name__}: {error}")
