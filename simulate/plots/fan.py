"""The fan chart: how a quantity may grow, the share of draws that each band holds, and the thresholds of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate import contents, results, wording
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr

BANDS = ((0.05, 0.95, "90 %", 0.16), (0.10, 0.90, "80 %", 0.22), (0.25, 0.75, "50 %", 0.34))
MEASURED_ON = {
    "training_compute": ("training_compute", "largest_run"),
    "effective_compute": ("effective_compute", "largest_effective"),
}
TITLES = {
    "training_compute": "Training compute of the largest run",
    "effective_compute": "Effective compute of the largest run (training compute times gain in algorithms)",
}
MOST_LABELS = 16


def fan(dataset: xr.Dataset, ax: Axes | None = None, quantity: str = "training_compute", draws: int = 50) -> Axes:
    """Draw bands of 50, 80 and 90 % of the draws, the median, single draws, and the thresholds on this quantity.

    Works for every quantity of the dataset that has (quantile, year); thresholds are levels of the running maximum.
    """
    contents.require_quantity(dataset, quantity)
    with style.drawing():
        ax = style.axes(ax, dataset, legend=True)
        year = dataset["year"].values
        colour = style.KINDS.get(quantity, ("", style.GREEN, "-"))[1]
        units = contents.units(dataset, quantity)
        logarithmic = units.startswith("log10 ")
        low, high = style.filled([results.quantile(dataset[quantity], q) for q in (0.05, 0.5, 0.95)])
        thresholds, outside = _thresholds(dataset, quantity, low, high)
        if thresholds:
            low = min(low, min(level for level, *_ in thresholds) - 0.3)
            high = max(high, max(level for level, *_ in thresholds) + 0.3)
        ax.set_ylim(low, high)
        handles = _bands(ax, dataset, quantity, colour, draws)
        uncertain = False
        for k, (level, _, ends) in enumerate(thresholds):
            ax.axhline(level, color="#333333", linewidth=0.8, linestyle=(0, (5, 3)), zorder=1.5)
            if ends[0] < ends[1]:
                uncertain = True
                place = 0.99 - 0.012 * (k % 6)
                bar: dict[str, Any] = {"color": "#111111", "transform": ax.get_yaxis_transform(), "zorder": 4}
                ax.plot([place, place], ends, linewidth=1.8, **bar)
                beyond = [("v", low)] * (ends[0] < low) + [("^", high)] * (ends[1] > high)  # the bar goes on there
                for arrow, edge in beyond:
                    ax.plot([place], [edge], marker=arrow, markersize=6, clip_on=False, **bar)
        looks = [("#333333", "-")] * len(thresholds)
        labels.end_labels(ax, [level for level, *_ in thresholds], [text for _, text, _ in thresholds], looks)
        style.years(ax, year)
        if logarithmic:
            style.powers(ax)
        name = TITLES.get(quantity, wording.clean(dataset[quantity].attrs.get("long_name", quantity), 80))
        label = {"training_compute": "training compute", "effective_compute": "effective compute"}.get(quantity, name)
        ax.set_ylabel(", ".join(part for part in (label, wording.unit(units)) if part))
        style.legend_above(ax, handles)
        note = "Bands hold the central 50, 80 and 90 % of draws in each year (equal tails)."
        note += " Bars at the right: central 80 % of an uncertain threshold." if uncertain else ""
        style.frame(ax, dataset, name, f"{note} {outside}".strip(), legend=True)
    return ax


Line = tuple[float, str, tuple[float, float]]


def _thresholds(dataset: xr.Dataset, quantity: str, low: float, high: float) -> tuple[list[Line], str]:
    """Return (level, label, central 80 %) of the thresholds on or near the axis, and a word on the others."""
    if not contents.has(dataset, "crossing"):
        return [], ""
    measured = MEASURED_ON.get(quantity, (quantity,))
    chosen = [i for i, q in enumerate(dataset["threshold_quantity"].values) if str(q) in measured]
    lows, levels, highs = (results.quantile(dataset["threshold_level"], q) for q in results.ANSWER_LEVELS)
    units = contents.units(dataset, quantity)
    near = [i for i in chosen if np.isfinite(levels[i]) and low - 2.5 <= levels[i] <= high + 2.5]
    shown = near[:MOST_LABELS]
    lines: list[Line] = []
    for i in shown:
        about = "" if lows[i] == highs[i] else "median "
        label = f"{about}{wording.value(levels[i], units)}  {_name(dataset, i)}"
        lines.append((float(levels[i]), label, (float(lows[i]), float(highs[i]))))
    left_out = [f"{_name(dataset, i)} ({wording.value(levels[i], units)})" for i in chosen if i not in shown]
    if not left_out:
        return lines, ""
    more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
    return lines, f"Not on this axis: {', '.join(left_out[:3])}{more}."


def _name(dataset: xr.Dataset, index: int) -> str:
    return wording.clean(dataset["threshold"].values[index], 24)


def _bands(ax: Axes, dataset: xr.Dataset, quantity: str, colour: str, draws: int) -> list[Line2D | Patch]:
    year = dataset["year"].values
    low, high = ax.get_ylim()

    def visible(values: np.ndarray) -> np.ndarray:
        # An infinite end of a band is drawn as far outside the axis, so that the band stays a band.
        return np.clip(np.nan_to_num(values, posinf=high + 5.0, neginf=low - 5.0), low - 5.0, high + 5.0)

    handles: list[Line2D | Patch] = []
    for lower, upper, share, alpha in BANDS:
        bottom, top = (visible(results.quantile(dataset[quantity], q)) for q in (lower, upper))
        ax.fill_between(year, bottom, top, color=colour, alpha=alpha, linewidth=0, zorder=2)
        handles.append(Patch(color=colour, alpha=min(2 * alpha, 0.9), linewidth=0, label=f"{share} of draws"))
    kept = None if _unequal(dataset) else dataset.get(f"{quantity}_draw")
    if kept is not None and kept.size and draws > 0:
        lines = visible(kept.transpose("draw", "year").values[:draws].astype(float))
        for line in lines:
            ax.plot(year, line, color="#222222", linewidth=0.35, alpha=0.35, zorder=2.5)
        handles.append(Line2D([], [], color="#222222", linewidth=0.5, alpha=0.6, label=f"{len(lines)} single draws"))
    ax.plot(year, visible(results.quantile(dataset[quantity], 0.5)), color=colour, linewidth=2.2, zorder=3)
    return [Line2D([], [], color=colour, linewidth=2.2, label="median"), *reversed(handles[:3]), *handles[3:]]


def _unequal(dataset: xr.Dataset) -> bool:
    """Whether the kept draws are all draws, and carry weights: as equals they would show what evidence ruled out."""
    return bool(contents.evidence(dataset)) and dataset.sizes.get("draw") == int(dataset.attrs["draws"])
