"""The probability of a crossing over one or two swept inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from simulate import gridded, intervals
from simulate.plots import labels, style

if TYPE_CHECKING:
    import xarray as xr

CONTOURS = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)
LOG_FROM = 20.0
"""Values that span such a factor stand on a logarithmic axis."""


def grid(dataset: xr.Dataset, ax: Axes | None = None, threshold: str | None = None, year: float | None = None) -> Axes:
    """Draw P(crossed by `year`): a heat map with contour lines over two inputs, a curve with its 95 % Monte Carlo
    interval over one.

    Without `threshold` and `year` those where the points differ most. Of more than two inputs, and of points that are
    zipped, the first are drawn, the others held at their middle value.
    """
    threshold, year = gridded.shown(dataset, threshold, year)
    dims = gridded.dimensions(dataset)
    held = {dim: dataset.sizes[dim] // 2 for dim in dims[2:]}
    there = dataset.isel(held)
    chance = 100.0 * there["probability"].sel(threshold=threshold).sel(year=year, method="nearest")
    fixed = ", ".join(f"{dim} held at {float(dataset[dim].values[i]):g}" for dim, i in held.items())
    failed = " Grey: the point could not be run." if np.isnan(chance.values).any() else ""
    note = f"{fixed}.{failed}".lstrip(".") if fixed else failed.strip()
    curve = len(dims) == 1
    note += " All points share their random numbers; the interval is of each by itself." if curve else ""
    with style.drawing():
        ax = style.axes(ax, dataset, width=8.6, left=0.95, right=0.5 if curve else 0.1, legend=curve)
        if curve:
            _curve(ax, there, chance, dims[0])
        else:
            _map(ax, chance.transpose(dims[1], dims[0]))
        style.frame(ax, dataset, f"Probability that {threshold} is crossed by {year:g}", note.strip(), legend=curve)
    return ax


def _curve(ax: Axes, dataset: xr.Dataset, chance: xr.DataArray, dim: str) -> None:
    axis = gridded.axes_of(dataset)[0]
    values, share = dataset[axis].values, chance.values / 100.0
    order = np.argsort(values)
    worth = dataset["sample_size"].values
    there = np.isfinite(share)
    low, high = np.full_like(share, np.nan), np.full_like(share, np.nan)
    low[there], high[there] = intervals.binomial(share[there] * worth[there], worth[there])
    ax.fill_between(values[order], 100 * low[order], 100 * high[order], color=style.BLUE, alpha=0.25, linewidth=0)
    ax.plot(values[order], 100 * share[order], color=style.BLUE, marker="o", markersize=4)
    ax.set_ylim(-1.5, 101.5)
    ax.set_ylabel("probability, %")
    ax.grid(axis="y", color="#dddddd", linewidth=0.6)
    _scale(ax, "x", dataset[axis], " (the other swept inputs move with it)" if dim == "point" else "")
    style.legend_above(ax, [Patch(color=style.BLUE, alpha=0.25, linewidth=0, label="95 % Monte Carlo interval")])


def _map(ax: Axes, chance: xr.DataArray) -> None:
    down, across = (str(dim) for dim in chance.dims)
    chance = chance.sortby([down, across])
    x, y, share = chance[across].values, chance[down].values, chance.values
    _scale(ax, "x", chance[across])
    _scale(ax, "y", chance[down])
    ax.set_facecolor("#bbbbbb")
    mesh = ax.pcolormesh(
        _edges(x, ax.get_xscale()), _edges(y, ax.get_yscale()), share, cmap="viridis", vmin=0, vmax=100
    )
    if min(share.shape) > 1:
        lines = ax.contour(x, y, share, levels=CONTOURS, colors="white", linewidths=1.0)
        ax.clabel(lines, fmt=lambda level: f"{level:g} %", fontsize=8)
    bar = labels.figure(ax).colorbar(mesh, ax=ax, pad=0.02)
    bar.set_label("probability, %")


def _scale(ax: Axes, which: str, axis: Any, more: str = "") -> None:
    values = axis.values
    if values.min() > 0 and values.max() >= LOG_FROM * values.min():
        getattr(ax, f"set_{which}scale")("log")
    getattr(ax, f"set_{which}label")(f"{axis.name}, {axis.attrs['units']}{more}")


def _edges(values: np.ndarray, scale: str) -> np.ndarray:
    """The edges of cells around the values, half-way between neighbours on the scale of the axis."""
    placed = np.log10(values) if scale == "log" else values.astype(float)
    if len(placed) == 1:
        edges = placed[0] + np.array([-0.5, 0.5]) * max(abs(placed[0]) * 0.1, 1e-3)
    else:
        middle = 0.5 * (placed[1:] + placed[:-1])
        edges = np.concatenate([[2 * placed[0] - middle[0]], middle, [2 * placed[-1] - middle[-1]]])
    return np.asarray(10.0**edges if scale == "log" else edges)
