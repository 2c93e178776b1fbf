"""Which ceiling limits the largest run: the share of draws in which each is the lowest, year by year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from simulate import contents, wording
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr

FILLS = (style.BLUE, style.ORANGE, style.GREEN, style.VERMILION, style.SKY, style.PURPLE, "#BBBBBB", "#F0E442")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "||||")
WORTH_A_LABEL = 7.0
"""Percent that a level strip inside an area must have to carry the area's name; all names are in the legend."""


def binding(dataset: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw stacked areas: the share of draws in which each active ceiling is the lowest; hatches double colours."""
    contents.require(dataset, "binding")
    with style.drawing():
        ax = style.axes(ax, dataset, right=2.1)
        year = dataset["year"].values
        active = np.flatnonzero(dataset["active"].values)
        share = 100 * dataset["binding"].transpose("ceiling", "year").values[active]
        top = np.cumsum(share, axis=0)
        for k, i in enumerate(active):
            name = labels.fitted(wording.clean(dataset["ceiling"].values[i], 40), 1.4, 8)
            bottom = top[k] - share[k]
            look: dict[str, Any] = {
                "facecolor": FILLS[k % 8],
                "hatch": HATCHES[k % 8],
                "edgecolor": "#ffffff",
                "linewidth": 0.4,
            }
            # A label that begins with an underscore would vanish from the legend.
            ax.fill_between(year, bottom, top[k], label=f"\u200a{name}", **look)
            at, middle, room = _roomiest(bottom, top[k])
            if room >= WORTH_A_LABEL:
                box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
                ax.text(year[at], middle, name, ha="center", va="center", fontsize=8, bbox=box)
        style.years(ax, year)
        ax.set_ylim(0, 100)
        ax.set_ylabel("share of draws in which the ceiling is the lowest, %")
        if active.size:
            handles, names = ax.get_legend_handles_labels()
            place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0), "borderaxespad": 0.0}
            ax.legend(handles[::-1], names[::-1], title="ceiling", fontsize=8, frameon=False, handleheight=1.6, **place)
        out = [wording.clean(c, 26) for i, c in enumerate(dataset["ceiling"].values) if i not in active]
        note = "The lowest ceiling sets the training compute of the largest run."
        note += f" Not counted, because made inactive: {', '.join(out[:6])}." if out else ""
        style.frame(ax, dataset, "What limits the largest training run", note)
    return ax


def _roomiest(bottom: np.ndarray, top: np.ndarray) -> tuple[int, float, float]:
    """Return where a label fits best: the year's index, the middle and the height of the highest level strip."""
    reach = max(bottom.size // 14, 1)
    best = (0, 0.0, 0.0)
    for at in range(reach, bottom.size - reach):
        low, high = bottom[at - reach : at + reach + 1].max(), top[at - reach : at + reach + 1].min()
        if high - low > best[2]:
            best = (at, float(0.5 * (low + high)), float(high - low))
    return best
