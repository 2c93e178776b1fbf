"""Several sets in one picture: fans of a quantity over each other, and the chance of a crossing by date, set by set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate import contents, results, wording
from simulate.errors import Mistake, Mistakes, did_you_mean
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr

MOST_SETS = 8
LINES = ("-", "--", "-.", ":")


def compared_fan(dataset: xr.Dataset, ax: Axes | None = None, quantity: str = "training_compute") -> Axes:
    """Draw the median and the central 80 % of a quantity in each set of a comparison, up to eight.

    The band is filled faintly and has thin edges in the colour of its median, so that bands can be told apart where
    they lie over each other.
    """
    if quantity not in dataset or "set" not in dataset[quantity].dims:
        known = [str(name) for name, v in dataset.data_vars.items() if set(v.dims) == {"set", "quantile", "year"}]
        near = did_you_mean(quantity, known)
        raise Mistakes([Mistake(quantity, f"is not compared here{near}", f"compared: {', '.join(known) or 'none'}")])
    with style.drawing():
        ax = style.axes(ax, dataset, width=9.3, right=2.7, legend=True)
        low, middle, high = (
            results.quantile(dataset[quantity].transpose("set", "year", "quantile"), q) for q in results.ANSWER_LEVELS
        )
        heights, texts, looks = [], [], []
        shown = _shared(middle)
        bottom, top = style.filled([side[:MOST_SETS, shown] for side in (low, middle, high)])
        ax.set_ylim(bottom, top)
        for k, name in enumerate(dataset["set"].values[:MOST_SETS]):
            there = shown & ~np.isnan(middle[k])
            if not there.any():
                continue
            year = dataset["year"].values[there]
            colour, line = style.CYCLE[k], LINES[k % len(LINES)]
            lower, centre, upper = (_visible(side[k, there], bottom, top) for side in (low, middle, high))
            ax.fill_between(year, lower, upper, color=colour, alpha=0.10, linewidth=0, zorder=2)
            for edge in (lower, upper):
                ax.plot(year, edge, color=colour, linewidth=0.6, alpha=0.7, linestyle=line, zorder=2.5)
            ax.plot(year, centre, color=colour, linewidth=2.0, linestyle=line, zorder=3)
            heights.append(float(np.clip(centre[-1], bottom, top)))
            texts.append(wording.clean(name, 40) + _until(year, dataset["year"].values[shown]))
            looks.append((colour, line))
        units = contents.units(dataset, quantity)
        style.years(ax, dataset["year"].values[shown])
        if units.startswith("log10 "):
            style.powers(ax)
        words = wording.clean(dataset[quantity].attrs.get("long_name", quantity), 80)
        ax.set_ylabel(", ".join(part for part in (quantity.replace("_", " "), wording.unit(units)) if part))
        labels.end_labels(ax, heights, texts, looks)
        style.legend_above(
            ax,
            [
                Line2D([], [], color="#333333", linewidth=2.0, label="median"),
                Patch(facecolor="#33333322", edgecolor="#333333", linewidth=0.6, label="80 % of draws"),
            ],
        )
        style.frame(ax, dataset, words[:1].upper() + words[1:], _note(dataset), legend=True)
    return ax


def compared_probability(dataset: xr.Dataset, ax: Axes | None = None, threshold: str | None = None) -> Axes:
    """Draw P(crossed at or before 1 January of the year) of one threshold, a curve a set, up to eight.

    The threshold is by default the first that most sets have.
    """
    known = [str(name) for name in dataset["threshold"].values] if "probability" in dataset else []
    if not known or (threshold is not None and threshold not in known):
        near = did_you_mean(str(threshold), known)
        raise Mistakes([Mistake(str(threshold), f"no such threshold{near}", f"compared: {', '.join(known) or 'none'}")])
    if threshold is None:
        counts = dataset["probability"].notnull().any("year").sum("set").values
        threshold = known[int(np.argmax(counts))]
    with style.drawing():
        ax = style.axes(ax, dataset, width=9.3, right=3.05, legend=True)
        here = dataset.sel(threshold=threshold)
        heights, texts, looks = [], [], []
        shown = _shared(here["probability"].values)
        for k, name in enumerate(dataset["set"].values[:MOST_SETS]):
            columns = ("probability", "probability_low", "probability_high")
            share, low, high = (100 * here[column].values[k] for column in columns)
            there = shown & ~np.isnan(share)
            if not there.any():
                continue
            year = dataset["year"].values[there]
            colour, line = style.CYCLE[k], LINES[k % len(LINES)]
            ax.fill_between(year, low[there], high[there], color=colour, alpha=0.25, linewidth=0)
            every = (k % 5, max(year.size // 7, 1))
            marks: Any = {"marker": style.MARKERS[k], "markersize": 4.5, "markevery": every}
            ax.plot(year, share[there], color=colour, linestyle=line, linewidth=1.6, **marks)
            last = share[there][-1]
            value, _ = wording.percent(last / 100, float(dataset["set_effective_sample_size"][k]))
            heights.append(float(last))
            texts.append(f"{value} %  {wording.clean(name, 32)}{_until(year, dataset['year'].values[shown])}")
            looks.append((colour, line))
        ax.set_ylim(-1.5, 101.5)
        style.years(ax, dataset["year"].values[shown])
        ax.set_ylabel("probability of having been crossed, %")
        ax.grid(axis="y", color="#dddddd", linewidth=0.6)
        labels.end_labels(ax, heights, texts, looks)
        style.legend_above(ax, [Patch(color="#333333", alpha=0.25, linewidth=0, label="95 % Monte Carlo interval")])
        note = f"At the right: the probability at the last year that is shown of each set. {_note(dataset)}".strip()
        title = f"Probability that {wording.clean(threshold, 40)} has been crossed, by date"
        style.frame(ax, dataset, title, note, legend=True)
    return ax


def _until(years: np.ndarray, of_all: np.ndarray) -> str:
    """Where the curve of a set ends, if that is before the others do."""
    return f" (to {years[-1]:g})" if years[-1] < of_all[-1] else ""


def _note(dataset: xr.Dataset) -> str:
    more = dataset.sizes["set"] - MOST_SETS
    return f"{more} more sets are in the tables." if more > 0 else ""


def _shared(values: np.ndarray) -> np.ndarray:
    """The span of years (year,) in which at least two sets have a value (set, year); all where no two overlap."""
    known = (~np.isnan(values)).sum(axis=0)
    places = np.flatnonzero(known >= min(2, known.max(initial=0)))
    shown = np.ones(known.size, bool)
    if places.size > 1:
        shown[: places[0]] = shown[places[-1] + 1 :] = False
    return shown


def _visible(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Infinite values as far outside the axis, so that a band stays a band."""
    return np.clip(np.nan_to_num(values, posinf=high + 5.0, neginf=low - 5.0), low - 5.0, high + 5.0)
