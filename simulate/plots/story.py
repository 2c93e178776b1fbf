"""One draw over the years: its ceilings, the training compute below them, and the crossings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from simulate import contents, story_text, wording
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr

MEASURED_ON = ("training_compute", "largest_run")


def story(dataset: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the ceilings and the training compute of a result of `study=explain`, crossings of training compute marked.

    Raises Mistakes where the set has no training compute.
    """
    contents.require_quantity(dataset, "training_compute")
    with style.drawing():
        ax = style.axes(ax, dataset, height=3.6)
        year, compute = dataset["year"].values, dataset["training_compute"].values
        heights, texts, looks = [], [], []
        active = np.flatnonzero(dataset["active"].values) if "ceiling" in dataset else np.zeros(0, int)
        colours = [colour for colour in style.CYCLE if colour != style.BLUE]
        for k, i in enumerate(active):
            stated, look = dataset["ceiling_compute"].values[i], (colours[k % len(colours)], "--")
            ax.plot(
                year, np.where(np.isfinite(stated), stated, np.nan), color=look[0], linestyle=look[1], linewidth=1.0
            )
            if np.isfinite(stated[-1]):
                heights.append(float(stated[-1]))
                texts.append(f"ceiling {wording.clean(dataset['ceiling'].values[i], 30)}")
                looks.append(look)
        ax.plot(year, compute, color=style.BLUE, linewidth=2.4)
        heights.append(float(compute[-1]))
        texts.append("training compute")
        looks.append((style.BLUE, "-"))
        marks, said = [], []
        for i, name in enumerate(dataset["threshold"].values if "threshold" in dataset else ()):
            date = float(dataset["crossing"].values[i])
            moves = bool(dataset["level_moves"].values[i])  # a level that is known in the first year only
            if np.isfinite(date) and str(dataset["quantity"].values[i]) in MEASURED_ON and not moves:
                marks.append((date, float(dataset["level"].values[i])))
                said.append(f"{wording.clean(name, 40)} {date:.1f}")
                ax.plot(*marks[-1], marker="o", color="#000000", markersize=4, linestyle="none")
        style.years(ax, year)
        style.powers(ax)
        ax.set_ylabel("training compute, FLOP")
        labels.hang(ax, marks, said, 2.2)
        labels.end_labels(ax, heights, texts, looks)
        which = story_text.which(dataset)
        note = f"{which[:1].upper()}{which[1:]}. A possible course, not the expected one."
        style.frame(ax, dataset, "One draw: the lowest ceiling sets training compute", note)
    return ax
