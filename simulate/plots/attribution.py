"""The way from one set to another: a waterfall of what each group of rows adds to the difference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulate import attribution_tables, wording
from simulate.attribution_tables import DATE, PROBABILITY, Change
from simulate.errors import Mistake, Mistakes
from simulate.plots import style

if TYPE_CHECKING:
    import xarray as xr


def waterfall(
    dataset: xr.Dataset, ax: Axes | None = None, statistic: str = DATE, of: str | None = None, year: float | None = None
) -> Axes:
    """Draw the two sets and between them the share of each group, the largest first, with two standard errors.

    `statistic` is "crossing" (median date), "probability" or a quantity; `of` the threshold, `year` the instant; by
    default the first that can be shared out.
    """
    fits = [
        change
        for change in attribution_tables.changes(dataset)
        if change.kind == statistic and of in (None, change.of) and year in (None, change.year)
    ]
    shared = [change for change in fits if np.isfinite(change.shares).all()]
    if not shared:
        what = "is not finite in every combination of the groups" if fits else "is not part of this attribution"
        raise Mistakes([Mistake(statistic, what, "see attribution.csv")])
    with style.drawing():
        return _draw(dataset, ax, shared[0])


def _draw(dataset: xr.Dataset, ax: Axes | None, change: Change) -> Axes:
    scale = 100.0 if change.kind == PROBABILITY else 1.0
    order = sorted(range(len(change.shares)), key=lambda j: -abs(change.shares[j]))
    steps = [scale * change.shares[j] for j in order]
    errors = [scale * change.errors[j] for j in order]
    first, other = (wording.clean(name, 34) for name in json.loads(dataset.attrs["sets"]))
    names = [first, *(wording.clean(attribution_tables.groups(dataset)[j], 34) for j in order), other]
    ax = style.axes(ax, dataset, width=9.0, height=0.42 * len(names) + 0.4, left=2.6, right=0.9)
    upto = scale * change.first + np.cumsum([0.0, *steps])
    for k, (step, error) in enumerate(zip(steps, errors, strict=True), start=1):
        colour = style.BLUE if step >= 0.0 else style.VERMILION
        ax.barh(k, step, left=upto[k - 1], color=colour, height=0.6)
        ax.errorbar(upto[k], k, xerr=2.0 * error, color="#222222", linewidth=1.0, capsize=2.5)
        ax.plot([upto[k], upto[k]], [k, k + 1], color="#888888", linewidth=0.7)
    ax.plot([upto[0], upto[0]], [0, 1], color="#888888", linewidth=0.7)
    ends = (scale * change.first, scale * change.other)
    ax.scatter(ends, [0, len(names) - 1], color="#222222", s=42, marker="D", zorder=3)
    beyond = upto + 2.0 * np.array([0.0, *errors])  # the right ends of the lines
    low, high = float((2.0 * upto - beyond).min()), float(beyond.max())
    reach = max(high - low, 1e-3 * abs(ends[0]), 1e-9)  # where nothing changes, a picture of nothing
    first_end, last_end = (f"{end:.1f}" if change.kind == DATE else f"{end:.4g}" for end in ends)
    for k, text in enumerate([first_end, *(f"{step:+.2g}" for step in steps), last_end]):
        right = max(beyond[k], upto[k - 1]) if 0 < k <= len(steps) else upto[min(k, len(steps))]
        ax.text(right + 0.02 * reach, k, text, va="center", ha="left", fontsize=8, color="#222222")
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(low - 0.06 * reach, high + 0.16 * reach)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6))
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_xlabel({PROBABILITY: "%", DATE: "decimal year"}.get(change.kind, "orders of magnitude (log10)"))
    ax.grid(axis="x", color="#dddddd", linewidth=0.6)
    note = "Shapley values: the mean over all orders in which the groups could change. Lines: two Monte Carlo errors."
    title = f"What makes the difference: {change.words}"
    style.frame(ax, dataset, title, note, left=2.4)
    return ax
