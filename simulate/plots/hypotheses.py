"""What each hypothesis says beside what they say together: a thin line each, and a thick one for their mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulate import contents, hypothesis_results, results, wording
from simulate.plots import labels, style
from simulate.plots.fan import TITLES

if TYPE_CHECKING:
    import xarray as xr

COLOURS = tuple(colour for colour in style.CYCLE if colour != style.GREY)
MIXTURE: dict[str, Any] = {"color": "#111111", "linewidth": 5.0, "alpha": 0.35}
"""Broad and below the lines, so that one that lies on it is seen."""

MOST_PANELS = 3
MOST_NAMED = 16
"""Hypotheses with a colour and a line in the legend, by weight; the others are grey."""
HEIGHTS = {1: 4.0, 2: 5.6, 3: 7.2}
GAP = 0.5  # inches between two panels, for the title of the lower one
RIGHT = 2.5  # inches for the legend


class Panel(NamedTuple):
    """One subject: its title, the label of its axis, lines (hypothesis, year), that of the mixture, and its unit."""

    title: str
    label: str
    lines: np.ndarray
    mixture: np.ndarray
    units: str


def hypotheses(dataset: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw P(crossed) by date under each hypothesis, for the thresholds that the set itself states.

    A set that states none has the median of its compute instead, or of its first quantities.
    """
    contents.require(dataset, "hypotheses")
    panels = _panels(dataset)
    with style.drawing():
        height = HEIGHTS[max(len(panels), 1)]
        ax = style.axes(ax, dataset, height=height, right=RIGHT, legend=True)
        year = dataset["year"].values
        order = np.argsort(-dataset["hypothesis_posterior"].values, kind="stable").tolist()
        places = _places(ax, len(panels), height)
        for place, panel in zip(places, panels, strict=True):
            _draw(place, year, panel, order)
        for place in places[:-1]:
            place.set_xlabel("")
        _legend(ax, dataset, order)
        of_what = "probability of having crossed, by date" if _own(dataset) else "median by date"
        note = "Thick: all hypotheses together, by their weights."
        seen = contents.evidence(dataset)
        note += f" Evidence: {', '.join(seen[:4])}{' ...' if len(seen) > 4 else ''}." if seen else ""
        note += _left_out(dataset)
        style.frame(ax, dataset, f"What each hypothesis says: {of_what}", note, legend=True)
    return ax


def _own(dataset: xr.Dataset) -> list[int]:
    return contents.own_thresholds(dataset) if contents.has(dataset, "probability") else []


def _left_out(dataset: xr.Dataset) -> str:
    more = len(_own(dataset)) - MOST_PANELS
    return f" {more} more thresholds are in hypotheses.csv." if more > 0 else ""


def _panels(dataset: xr.Dataset) -> list[Panel]:
    """What there is to draw, at most MOST_PANELS subjects."""
    found = []
    for i in _own(dataset)[:MOST_PANELS]:
        quantity = str(dataset["threshold_quantity"].values[i])
        words = style.KINDS.get(quantity, (wording.clean(quantity, 24),))[0]
        level = wording.level(results.quantile(dataset["threshold_level"], 0.5)[i], contents.units(dataset, quantity))
        certain = float(np.ptp(dataset["threshold_level"].transpose("threshold", "quantile").values[i])) == 0.0
        title = f"{wording.clean(dataset['threshold'].values[i], 40)}: {'' if certain else 'about '}{level}, {words}"
        lines = dataset["probability_by_hypothesis"].transpose("hypothesis", "threshold", "year").values[:, i]
        mixture = dataset["probability"].transpose("threshold", "year").values[i]
        found.append(Panel(title, "probability, %", 100 * lines, 100 * mixture, "%"))
    if found:
        return found
    for name in contents.headlines(dataset)[:MOST_PANELS]:
        units = contents.units(dataset, name)
        title = TITLES.get(name, wording.clean(dataset[name].attrs.get("long_name", name), 80))
        lines = results.quantile(dataset[f"{name}_by_hypothesis"].transpose("hypothesis", "quantile", "year"), 0.5)
        found.append(Panel(title, wording.unit(units), lines, results.quantile(dataset[name], 0.5), units))
    return found


def _places(ax: Axes, panels: int, height: float) -> list[Axes]:
    """Return axes for each panel, from top to bottom: `ax` itself for one, else parts of it."""
    if panels == 1:
        return [ax]
    ax.set_axis_off()
    gap = GAP / height
    each = (1.0 + gap) / max(panels, 1) - gap
    return [ax.inset_axes((0.0, 1.0 - each - k * (each + gap), 1.0, each)) for k in range(panels)]


def _look(rank: int) -> dict[str, Any]:
    """Return colour and marker of the hypothesis of that rank by weight."""
    if rank >= MOST_NAMED:
        return {"color": "#BBBBBB", "linewidth": 0.8}
    turn = rank // len(COLOURS)
    colour, marker = COLOURS[rank % len(COLOURS)], style.MARKERS[(rank + turn) % len(style.MARKERS)]
    return {"color": colour, "marker": marker, "linewidth": 1.0, "markersize": 4.0, "linestyle": "--" if turn else "-"}


def _draw(ax: Axes, year: np.ndarray, panel: Panel, order: list[int]) -> None:
    for rank, which in enumerate(order):
        every = (rank % 5, max(year.size // 7, 1))
        ax.plot(year, _drawable(panel.lines[which]), markevery=every, zorder=2, **_look(rank))
    ax.plot(year, _drawable(panel.mixture), zorder=1.9, **MIXTURE)
    if panel.units == "%":
        ax.set_ylim(-2, 102)
    elif panel.units.startswith("log10 "):
        style.powers(ax)
    style.years(ax, year)
    ax.set_ylabel(panel.label)
    ax.grid(axis="y", color="#dddddd", linewidth=0.6)
    title = labels.fitted(panel.title, 5.6, 9)
    look: dict[str, Any] = {"fontsize": 9, "color": "#222222", "va": "bottom", "annotation_clip": False}
    ax.annotate(title, (0.0, 1.0), (0.0, 5.0), xycoords="axes fraction", textcoords="offset points", **look)


def _drawable(values: np.ndarray) -> np.ndarray:
    """Return the line with gaps where it is infinite: a pole has no place on an axis."""
    return np.where(np.isfinite(values), values, np.nan)


def _legend(ax: Axes, dataset: xr.Dataset, order: list[int]) -> None:
    names = hypothesis_results.names(dataset)
    prior, posterior, _ = hypothesis_results.weights(dataset)
    seen = contents.evidence(dataset)

    def told(weight: float) -> str:
        return f"{100 * weight:.3g} %"

    handles: list[Line2D] = [Line2D([], [], label="all together", **MIXTURE)]
    for rank, which in enumerate(order[:MOST_NAMED]):
        weight = f"{told(prior[which])} → {told(posterior[which])}" if seen else told(prior[which])
        # A label that begins with an underscore would vanish from the legend.
        name = labels.fitted(f"\u200a{wording.clean(names[which], 40)}", RIGHT - 0.7 - 0.065 * len(weight), 8)
        handles.append(Line2D([], [], label=f"{name}  {weight}", **_look(rank)))
    others = order[MOST_NAMED:]
    if others:
        rest = told(float(posterior[others].sum()))
        handles.append(Line2D([], [], label=f"{len(others)} others  {rest}", **_look(MOST_NAMED)))
    title = "hypothesis: weight" + (" → after evidence" if seen else "")
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0), "borderaxespad": 0.0}
    legend = ax.legend(
        handles=handles, title=title, fontsize=8, title_fontsize=8, frameon=False, handlelength=1.8, **place
    )
    legend.set_alignment("left")
