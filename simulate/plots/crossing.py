"""When each threshold is crossed: the distribution of dates, one small histogram a threshold, on a common time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from simulate import contents, results, wording
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr

MOST_ROWS = 14
LEFT = 2.1  # inches for the names
WIDTHS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Years of a bar: the narrowest of these that makes at most MOST_BARS."""
MOST_BARS = 80


def crossing(dataset: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw a histogram of crossing dates for every threshold; the share that never crosses, or already has, is printed.

    Every histogram has its own height, its peak is printed. The 10, 50 and 90 % dates are marked where they lie within
    the horizon.
    """
    contents.require(dataset, "crossing")
    rows = min(dataset.sizes["threshold"], MOST_ROWS)
    with style.drawing():
        ax = style.axes(ax, dataset, height=0.1 + 0.6 * rows, width=9.4, left=LEFT, right=3.1)
        year = dataset["year"].values
        edges, heights = _bars(dataset)
        style.years(ax, year)
        ax.set_ylim(-0.15, rows - 0.02)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x", color="#e4e4e4", linewidth=0.6)
        ax.set_axisbelow(True)
        for i in range(rows):
            _row(ax, dataset, i, rows - 1 - i, edges, heights[i])
        more = dataset.sizes["threshold"] - rows
        note = "Tall mark: date by which half of all draws have crossed; short marks: 10 and 90 %. "
        note += "Each row has its own height."
        note += f" {more} more thresholds are in crossing.csv." if more > 0 else ""
        style.frame(
            ax, dataset, "When thresholds are crossed: distribution of dates over all draws", note, left=LEFT - 0.15
        )
    return ax


def _bars(dataset: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return edges (bar + 1) and heights (threshold, bar) in share of draws per year, in bars of whole stored bins."""
    density = dataset["crossing_density"].transpose("threshold", "crossing_bin").values
    left = dataset["crossing_bin"].values
    width = float(dataset["crossing_bin"].attrs["width"])
    wanted = next((w for w in WIDTHS if left.size * width / w <= MOST_BARS), WIDTHS[-1])
    group = max(round(wanted / width), 1)
    starts = np.arange(0, left.size, group)
    edges = np.append(left[starts], left[-1] + width)
    return edges, np.add.reduceat(density, starts, axis=1) / np.diff(edges)


def _row(ax: Axes, dataset: xr.Dataset, i: int, base: int, edges: np.ndarray, heights: np.ndarray) -> None:
    quantity = str(dataset["threshold_quantity"].values[i])
    words, colour, _ = style.KINDS.get(quantity, (wording.clean(quantity, 24), style.GREEN, ":"))
    level = wording.level(results.quantile(dataset["threshold_level"], 0.5)[i], contents.units(dataset, quantity))
    low, high = (results.quantile(dataset["threshold_level"], q)[i] for q in (0.1, 0.9))
    ax.axhline(base, color="#999999", linewidth=0.6)
    peak = float(heights.max(initial=0.0))
    if peak > 0:
        ax.stairs(base + 0.78 * heights / peak, edges, baseline=base, fill=True, color=colour, alpha=0.55, linewidth=0)
        ax.stairs(base + 0.78 * heights / peak, edges, baseline=base, color=colour, linewidth=0.8)
    else:
        middle = 0.5 * (edges[0] + edges[-1])
        told = "every draw has crossed by the start" if float(dataset["already"].values[i]) >= 1 else "no draw crosses"
        ax.text(middle, base + 0.2, told, ha="center", va="center", fontsize=7.5, color="#777777", fontstyle="italic")
    horizon, never = float(dataset.attrs["horizon"]), float(dataset["never"].values[i])
    dates = []
    for q in results.ANSWER_LEVELS:
        date = float(results.quantile(dataset["crossing"], q)[i])
        error = float(results.quantile(dataset["crossing_error"], q)[i])
        if wording.state(date, q, never) == "crossed":
            top = 0.9 if q == 0.5 else 0.32
            ax.plot([date, date], [base, base + top], color="#111111", linewidth=1.6 if q == 0.5 else 1.1)
        dates.append(wording.date(date, q, never, horizon, error))
    draws = results.effective_draws(dataset)
    already = wording.percent(float(dataset["already"].values[i]), draws)[0]
    beside = ax.get_yaxis_transform()
    about = "" if low == high else "median "
    name = labels.fitted(wording.clean(dataset["threshold"].values[i], 40), LEFT - 0.25, 9)
    ax.text(-0.02, base + 0.45, name, transform=beside, ha="right", va="center", fontsize=9, color="#111111")
    ax.text(
        -0.02,
        base + 0.17,
        f"{about}{level} {words}",
        transform=beside,
        ha="right",
        va="center",
        fontsize=6.5,
        color=colour,
    )
    lines = (
        f"10 / 50 / 90 %:  {dates[0]} / {dates[1]} / {dates[2]}",
        f"never by {horizon:g}: {wording.percent(never, draws)[0]} %   already: {already} %",
        f"peak {wording.number(100 * peak, 2)} % of draws a year" if peak > 0 else "",
    )
    for k, line in enumerate(lines):
        look: dict[str, Any] = {"fontsize": 7.5 if k < 2 else 6.5, "color": "#222222" if k < 2 else "#666666"}
        ax.text(1.02, base + 0.68 - 0.26 * k, line, transform=beside, ha="left", va="center", **look)
