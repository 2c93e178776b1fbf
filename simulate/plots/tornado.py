"""The tornado: how far the answer swings when one input is pinned at its 10th and its 90th percentile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from simulate import sensitivity_text, wording
from simulate.plots import labels, style
from simulate.sensitivity_tables import CROSSED, DATE

if TYPE_CHECKING:
    import xarray as xr

MOST = 15


def tornado(dataset: xr.Dataset, ax: Axes | None = None, output: str | None = None) -> Axes:
    """Draw a bar for each input of a result of `study=sensitivity`, the widest swing on top, whiskers for the Monte
    Carlo error; `output` is one of its outputs, the chance of the first threshold that is shown by default.
    """
    with style.drawing():
        k = _column(dataset, output)
        order = sensitivity_text.widest(dataset, k)[:MOST]
        ax = style.axes(ax, dataset, height=0.26 * max(len(order), 3) + 0.3, left=2.6, right=2.2, legend=True)
        kind, answer = str(dataset["output_kind"].values[k]), float(dataset["answer"].values[k])
        scale = 100.0 if kind == CROSSED else 1.0
        # A median beyond the horizon is drawn at the horizon, and one before the start at the start.
        ends = float(dataset.attrs["start"]), float(dataset.attrs["horizon"])
        span = ends if kind == DATE else (-np.inf, np.inf)
        middle = scale * float(np.clip(answer, *span))
        for place, i in enumerate(order):
            values, errors = (dataset[f"conditional{end}"].values[i, :, k] for end in ("", "_error"))
            for at, error, colour in zip(values, errors, (style.SKY, style.ORANGE), strict=True):
                to = scale * float(np.clip(at, *span))
                ax.barh(place, to - middle, left=middle, height=0.7, color=colour)
                if np.isfinite(error) and np.isfinite(to):
                    ax.errorbar(to, place, xerr=1.96 * scale * error, color="#333333", linewidth=0.8, capsize=1.5)
            beside = labels.fitted(sensitivity_text.pinned_at(dataset, i, " to "), 2.1, 7)
            ax.text(1.01, place, beside, transform=ax.get_yaxis_transform(), va="center", fontsize=7, color="#555555")
        ax.axvline(middle, color="#222222", linewidth=1.0)
        names = [labels.fitted(wording.clean(dataset["pinned"].values[i], 60), 2.4, 8) for i in order]
        ax.set_yticks(range(len(order)), names, fontsize=8)
        ax.set_ylim(len(order) - 0.4, -0.6)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=7))
        ax.set_xlabel(_label(dataset, k, kind))
        handles = [
            Patch(color=style.SKY, label="at its 10th percentile"),
            Patch(color=style.ORANGE, label="at its 90th"),
        ]
        style.legend_above(ax, handles)
        note = (
            "One input pinned, all others drawn (those correlated with it given its value). Whiskers: 95 % Monte Carlo."
        )
        style.frame(
            ax, dataset, f"What moves the answer: {wording.clean(_title(dataset, k), 60)}", note, left=2.4, legend=True
        )
    return ax


def _column(dataset: xr.Dataset, output: str | None) -> int:
    names = [str(name) for name in dataset["output"].values]
    if output is not None:
        return names.index(output)
    shown = json.loads(dataset.attrs["shown"])
    return names.index(f"{shown[0]} {CROSSED}") if shown else 0


def _title(dataset: xr.Dataset, k: int) -> str:
    of = str(dataset["output_of"].values[k])
    return of if str(dataset["output_kind"].values[k]) in (CROSSED, DATE) else of.replace("_", " ")


def _label(dataset: xr.Dataset, k: int, kind: str) -> str:
    if kind == CROSSED:
        return f"chance of having crossed by {dataset.attrs['year']:g}, %"
    return (
        "median crossing date"
        if kind == DATE
        else f"median in {dataset.attrs['year']:g}, {dataset['output_units'].values[k]}"
    )
