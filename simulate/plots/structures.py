"""Growth laws beside one another: probability by year, as stated and with the start ten times higher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulate import rivals
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr


def structures(dataset: xr.Dataset, ax: Axes | None = None, threshold: str | None = None) -> Axes:
    """Draw P(crossed) by year under each law and for the pool; dotted, with the start ten times higher.

    Without `threshold` the one about which the laws differ most.
    """
    threshold = threshold or rivals.told(dataset)
    path = dataset.attrs["path"]
    with style.drawing():
        ax = style.axes(ax, dataset, right=2.3, legend=True)
        year = dataset["year"].values
        curves: list[tuple[str, Any, Any, str, float]] = []
        for i, law in enumerate(dataset["law"].values.tolist()):
            stated = dataset["probability_by_law"].sel(law=law, threshold=threshold)
            shifted = dataset["probability_shifted_by_law"].sel(law=law, threshold=threshold)
            curves.append((law, stated, shifted, style.CYCLE[i % len(style.CYCLE)], 1.4))
        pooled, higher = (dataset[name].sel(threshold=threshold) for name in ("probability", "probability_shifted"))
        curves.append(("pooled", pooled, higher, "#000000", 2.6))
        for _, stated, shifted, colour, width in curves:
            ax.plot(year, 100 * stated.values, color=colour, linewidth=width)
            ax.plot(year, 100 * shifted.values, color=colour, linewidth=0.7 * width, linestyle=":")
        ax.set_ylim(-1.5, 101.5)
        style.years(ax, year)
        ax.set_ylabel("probability of having been crossed, %")
        ax.grid(axis="y", color="#dddddd", linewidth=0.6)
        ends = [float(100 * stated.values[-1]) for _, stated, *_ in curves]
        labels.end_labels(ax, ends, [c[0] for c in curves], [(c[3], "-") for c in curves])
        looks: tuple[tuple[Any, str], ...] = (("-", "as stated"), (":", f"{path}_start ten times higher"))
        style.legend_above(ax, [Line2D([], [], color="#333333", linestyle=look, label=word) for look, word in looks])
        note = "The pool is the mean of the laws by their weights. " + (
            f"Up to {100 * float(dataset['reached_pole'].max()):.3g} % of the draws of a law reach its pole."
        )
        style.frame(ax, dataset, f"{threshold}, under rival growth laws of {path}", note, legend=True)
    return ax
