"""Figures of a result: each is a function `(dataset, ax=None) -> ax`, and `save_all` writes them all as PNG and SVG.

A figure whose subject the result lacks (see `contents`) raises Mistakes that say why; `files` leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate import contents
from simulate.plots import style
from simulate.plots.attribution import waterfall
from simulate.plots.binding import binding
from simulate.plots.comparison import compared_fan, compared_probability
from simulate.plots.crossing import crossing
from simulate.plots.fan import fan
from simulate.plots.grid import grid
from simulate.plots.hypotheses import hypotheses
from simulate.plots.inputs_table import inputs_table
from simulate.plots.probability import probability
from simulate.plots.story import story
from simulate.plots.structures import structures
from simulate.plots.tornado import tornado

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "FIGURES",
    "binding",
    "compared_fan",
    "compared_probability",
    "crossing",
    "drawn",
    "fan",
    "files",
    "grid",
    "hypotheses",
    "inputs_table",
    "probability",
    "save_all",
    "story",
    "structures",
    "tornado",
    "waterfall",
]

FIGURES: dict[str, Callable[[Any], Any]] = {
    "training_compute": partial(fan, quantity="training_compute"),
    "effective_compute": partial(fan, quantity="effective_compute"),
    "probability": probability,
    "crossing": crossing,
    "binding": binding,
    "inputs": inputs_table,
    "hypotheses": hypotheses,
}
"""Every figure by the name of its file, which is that of the variable it shows."""

MOST_FANS = 12
"""Fan charts at most of a result without training compute; its quantities are in quantities.csv."""


def chosen(dataset: xr.Dataset) -> dict[str, Callable[[Any], Any]]:
    """Return the figures that this result has something to show in, by name.

    Without training compute every quantity has its fan chart, up to MOST_FANS.
    """
    fans = [] if contents.has(dataset, "training_compute") else contents.quantities(dataset)[:MOST_FANS]
    absent = contents.absent(dataset)
    kept = {name: figure for name, figure in FIGURES.items() if name not in absent}
    return {name: partial(fan, quantity=name) for name in fans} | kept


def files(
    dataset: xr.Dataset, kinds: tuple[str, ...] = ("png", "svg"), problems: list[str] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield every figure of a forecast that has something to show, as `drawn` does."""
    return drawn({name: partial(figure, dataset) for name, figure in chosen(dataset).items()}, kinds, problems)


def drawn(
    figures: Mapping[str, Callable[[], Any]], kinds: tuple[str, ...] = ("png", "svg"), problems: list[str] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Draw figures, each by its function that gives axes, and yield them as (file name, content).

    With a list of `problems`, a figure that cannot be drawn is left out and noted there: no figure is worth a result.
    """
    for name, figure in figures.items():
        try:
            ax = figure()
            files = [(f"{name}.{kind}", style.render(ax, kind)) for kind in kinds]
        except Exception as error:
            if problems is None:
                raise
            problems.append(f"figure {name}: {type(error).__name__}: {error}")
            continue
        yield from files


def save_all(dataset: xr.Dataset, folder: str | Path) -> list[Path]:
    """Write every figure of a result into a folder (made if missing), as PNG and SVG, and return their paths.

    A figure of the same name is replaced as a whole. Raises StorageError where the folder cannot be written.
    """
    from simulate import durable

    return [durable.replace(Path(folder) / name, content) for name, content in files(dataset)]
