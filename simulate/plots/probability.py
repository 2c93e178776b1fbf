"""The chance that each threshold has been crossed by a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate import contents, results, wording
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr

MOST_CURVES = 16
LINES = ("-", "--", ":")


def probability(dataset: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw P(crossed at or before 1 January of the year), a curve a threshold, with its 95 % Monte Carlo interval.

    Colour and marker tell the thresholds apart, the line tells training compute (full) from effective compute (broken).
    """
    contents.require(dataset, "probability")
    with style.drawing():
        ax = style.axes(ax, dataset, width=9.3, right=3.05, legend=True)
        year = dataset["year"].values
        draws = results.effective_draws(dataset)
        columns = ("probability", "probability_low", "probability_high")
        share, low, high = (100 * dataset[c].transpose("threshold", "year").values for c in columns)
        shown = min(share.shape[0], MOST_CURVES)
        heights, texts, looks, kinds = [], [], [], {}
        for i in range(shown):
            quantity = str(dataset["threshold_quantity"].values[i])
            words, _, line = style.KINDS.get(quantity, ("another quantity", "", ":"))
            kinds[words] = line
            colour, marker = style.CYCLE[i % len(style.CYCLE)], style.MARKERS[(i + i // 8) % len(style.MARKERS)]
            ax.fill_between(year, low[i], high[i], color=colour, alpha=0.25, linewidth=0)
            every = (i % 5, max(year.size // 7, 1))
            ax.plot(
                year,
                share[i],
                color=colour,
                linestyle=line,
                linewidth=1.6,
                marker=marker,
                markersize=4.5,
                markevery=every,
            )
            heights.append(float(share[i, -1]))
            value, _ = wording.percent(share[i, -1] / 100, draws)
            texts.append(f"{value} %  {wording.clean(dataset['threshold'].values[i], 26)}")
            looks.append((colour, line))
        ax.set_ylim(-1.5, 101.5)
        style.years(ax, year)
        ax.set_ylabel("probability of having been crossed, %")
        ax.grid(axis="y", color="#dddddd", linewidth=0.6)
        labels.end_labels(ax, heights, texts, looks)
        handles: list[Line2D | Patch] = [
            Line2D([], [], color="#333333", linestyle=line, label=f"threshold on {words}")
            for words, line in sorted(kinds.items(), key=lambda item: LINES.index(item[1]))
        ]
        handles.append(Patch(color="#333333", alpha=0.25, linewidth=0, label="95 % Monte Carlo interval"))
        style.legend_above(ax, handles)
        last = f"{year[-1]:g}"
        note = (
            f"At the right: the probability by {last}. The interval is of the counting alone, not of the assumptions."
        )
        more = share.shape[0] - shown
        note += f" {more} more thresholds are in probability.csv." if more > 0 else ""
        style.frame(ax, dataset, "Probability that a threshold has been crossed, by date", note, legend=True)
    return ax
