"""The assumptions as a table that can stand in print: every input with its quantiles, unit and source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from simulate import contents, results, wording
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr

ROW = 0.205  # inches
MOST_ROWS = 80
COLUMNS = (("input", 0.0, "left"), ("10 %", 2.95, "right"), ("50 %", 3.75, "right"), ("90 %", 4.55, "right"))
UNIT, SOURCE, WIDTH = 4.7, 6.25, 10.6


def inputs_table(dataset: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the table of inputs: name, 10, 50 and 90 % quantiles, unit, and the source cut to a line.

    A pinned input has one value. With evidence the quantiles are those that it leaves, and the title says so. Long
    names, units and sources are cut; inputs.csv has them whole.
    """
    contents.require(dataset, "inputs")
    names = dataset["input"].values
    rows = min(len(names), MOST_ROWS)
    with style.drawing():
        ax = style.axes(ax, dataset, width=WIDTH + 0.6, height=ROW * (rows + 1.2), left=0.3, right=0.3, bottom=0.55)
        ax.set_axis_off()
        ax.set_xlim(0, WIDTH)
        ax.set_ylim(-rows - 0.2, 1)
        for text, x, align in (*COLUMNS, ("unit", UNIT, "left"), ("source", SOURCE, "left")):
            ax.text(x, 0.5, text, ha=align, va="center", fontsize=8, fontweight="bold")
        ax.plot([0, WIDTH], [0, 0], color="#222222", linewidth=0.9)
        quantiles = [results.quantile(dataset["inputs"], q) for q in results.ANSWER_LEVELS]
        for i in range(rows):
            if i % 2:
                ax.fill_between([0, WIDTH], -i - 1, -i, color="#f3f3f3", linewidth=0)
            _row(ax, dataset, i, [float(q[i]) for q in quantiles])
        ax.plot([0, WIDTH], [-rows, -rows], color="#222222", linewidth=0.9)
        weighed = contents.evidence(dataset)
        after = f" after the evidence ({', '.join(weighed)})" if weighed else ""
        note = f"Quantiles{after} in the unit of the source. A single value is pinned. "
        note += "*: part of the distribution is cut off by min or max."
        more = len(names) - rows
        note += f" {more} more inputs are in inputs.csv." if more > 0 else ""
        title = "Assumptions: the inputs and what is believed of them" + (" after the evidence" if weighed else "")
        style.frame(ax, dataset, title, note, drop=6.0)
    return ax


def _row(ax: Axes, dataset: xr.Dataset, i: int, quantiles: list[float]) -> None:
    y = -i - 0.5
    cut = "*" if float(dataset["truncated"].values[i]) > 0 else ""
    ax.text(
        0.0,
        y,
        labels.fitted(wording.clean(dataset["input"].values[i], 64), COLUMNS[1][1] - 0.75, 7.5) + cut,
        va="center",
        fontsize=7.5,
    )
    unit = str(dataset["input_unit"].values[i])
    pinned = quantiles[0] == quantiles[-1]
    for k, (value, (_, x, _)) in enumerate(zip(quantiles, COLUMNS[1:], strict=True)):
        if not pinned or k == 1:
            ax.text(x, y, wording.written(value, unit), ha="right", va="center", fontsize=7.5)
    ax.text(
        UNIT,
        y,
        labels.fitted(wording.clean(unit, 40), SOURCE - UNIT - 0.1, 7.5),
        va="center",
        fontsize=7.5,
    )
    source = str(dataset["input_source"].values[i]).replace("https://", "").replace("http://", "")
    ax.text(
        SOURCE, y, labels.fitted(wording.clean(source), WIDTH - SOURCE, 7), va="center", fontsize=7, color="#444444"
    )
