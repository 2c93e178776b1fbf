"""What all figures share: colours, frame, labels that do not collide, and files that are the same to the last byte.

Only matplotlib's object interface is used, and its settings are changed only while a figure is drawn, under a lock
(they are global to the process). Text from a set of assumptions is never mathematics: with `text.parse_math` on, a
title such as `$a_{b$` would raise when the figure is saved, after the whole run.
"""

from __future__ import annotations

import io
import json
import textwrap
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulate import results, wording
from simulate.plots import labels

if TYPE_CHECKING:
    import xarray as xr

# Okabe and Ito (2008), told apart by readers with any colour vision; yellow is left out, it is too pale for lines.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#AA4499",
    "#E69F00",
    "#56B4E9",
    "#777777",
)
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "#000000", GREY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

KINDS: dict[str, tuple[str, str, Any]] = {
    "largest_run": ("training compute", BLUE, "-"),
    "training_compute": ("training compute", BLUE, "-"),
    "largest_effective": ("effective compute", VERMILION, "--"),
    "effective_compute": ("effective compute", VERMILION, "--"),
}
"""What a threshold is measured on: words, colour and line; physical and effective are never taken for each other."""

SETTINGS: Any = {
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": labels.FONT,
    "font.size": 9,
    "text.hinting": "none",
    "axes.unicode_minus": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.labelcolor": "#222222",
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "simulate",
    "svg.fonttype": "path",
    "path.simplify": True,
}

# The rest is matplotlib's own default, whatever the reader's matplotlibrc says, but for what is no matter of looks.
_NOT_LOOKS = (
    "backend",
    "interactive",
    "toolbar",
    "webagg",
    "tk.",
    "macosx",
    "keymap",
    "date",
    "docstring",
    "timezone",
    "animation",
)
_ALL: Any = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith((*_NOT_LOOKS, "webagg"))} | SETTINGS

TOP, BOTTOM = 0.62, 1.08  # inches for title and one line of subtitle above the axes, for axis label and footer below
LINE, LEGEND = 0.18, 0.26  # inches of one more line of subtitle, and of a legend above the axes
_LOCK = threading.RLock()


@contextmanager
def drawing() -> Iterator[None]:
    """Apply the project's settings while a figure is made or saved; one figure at a time in a process."""
    with _LOCK, mpl.rc_context(_ALL), warnings.catch_warnings():
        # A character that the font lacks is drawn as a box: the reader sees it, the run need not hear of it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def axes(
    ax: Axes | None,
    dataset: xr.Dataset,
    width: float = 9.0,
    height: float = 4.0,
    left: float = 0.85,
    right: float = 2.4,
    legend: bool = False,
    bottom: float = BOTTOM,
) -> Axes:
    """Return `ax`, or axes `height` inches high in a new figure with room for title, legend, labels and footer."""
    if ax is not None:
        return ax
    top = TOP + LINE * (len(_subtitle(dataset, width)) - 1) + LEGEND * legend
    whole = height + bottom + top
    figure = Figure(figsize=(width, whole))
    FigureCanvasAgg(figure)
    return figure.add_axes((left / width, bottom / whole, 1 - (left + right) / width, height / whole))


def filled(bands: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the axis that bands fill; runaway draws (infinite, or 60 OOM above the lowest) leave it."""
    values = np.concatenate([band.ravel() for band in bands])
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low = float(np.clip(values.min(), -1e6, 1e6))
    high = float(np.clip(values.max(), low, low + 60.0))
    margin = max(0.04 * (high - low), 0.05)
    return low - margin, high + margin


def frame(
    ax: Axes,
    dataset: xr.Dataset,
    title: str,
    note: str = "",
    left: float = 0.0,
    legend: bool = False,
    drop: float = 36.0,
) -> None:
    """Write title, subtitle and footer around the axes; `left` moves them left of the axes by so many inches.

    `legend` leaves room for one above the axes; the footer begins `drop` points below the axes.
    """
    attrs, width = dataset.attrs, labels.figure(ax).get_figwidth()
    rise = 6.0 + 72.0 * LEGEND * legend
    beside = -72.0 * left
    for line in reversed(_subtitle(dataset, width)):
        _outside(ax, line, (beside, rise), "top", color="#444444", fontsize=9)
        rise += 72.0 * LINE
    _outside(ax, title, (beside, rise + 2.0), "top", fontsize=12, fontweight="bold")
    draws, worth = float(attrs["draws"]), results.effective_draws(dataset)
    sets = json.loads(attrs["sets"]) if "sets" in attrs else [attrs["name"]]
    facts = [f"set{'s' if len(sets) > 1 else ''} {wording.clean(', '.join(sets), 80)}", f"{draws:,.0f} draws"]
    facts += [f"worth {worth:,.0f} unweighted ones"] if worth < 0.995 * draws else []
    facts.append(f"seed {attrs['seed']}")
    facts += [f"changed: {wording.clean(change)}" for change in json.loads(attrs.get("changes", "[]"))]
    room = width - 0.2 - ax.get_position().x0 * width + left
    for line in [*textwrap.wrap(note, int(room * 15.0), max_lines=2, placeholder="…"), " · ".join(facts)]:
        _outside(ax, labels.fitted(line, room, 8), (beside, -drop), "bottom", color="#555555", fontsize=8)
        drop += 11.5


def _subtitle(dataset: xr.Dataset, width: float) -> list[str]:
    """Return the condition under which the figure holds, in at most three lines for that width in inches."""
    text = f"A projection conditional on these assumptions: {wording.clean(dataset.attrs['title'])}"
    lines = textwrap.wrap(text, int((width - 1.0) * 14.0), max_lines=3, placeholder="…")
    return [labels.fitted(line, width - 1.0, 9) for line in lines]


def legend_above(ax: Axes, handles: Sequence[Any]) -> None:
    """Put the legend into the line between subtitle and axes, where it hides nothing."""
    look = {"frameon": False, "fontsize": 8, "handlelength": 1.8, "columnspacing": 1.4, "borderaxespad": 0.0}
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.015), ncols=len(handles), **look)


def _outside(ax: Axes, text: str, offset: tuple[float, float], side: str, **look: Any) -> None:
    ax.annotate(
        text,
        xy=(0.0, 1.0 if side == "top" else 0.0),
        xycoords="axes fraction",
        xytext=offset,
        textcoords="offset points",
        ha="left",
        va="bottom" if side == "top" else "top",
        annotation_clip=False,
        **look,
    )


def years(ax: Axes, year: np.ndarray) -> None:
    """Make the horizontal axis one of decimal years, with ticks at 1 January."""
    first, last = float(year[0]), float(year[-1])
    ax.set_xlim(first, last if last > first else first + 1)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("1 January of the year")


def powers(ax: Axes) -> None:
    """Write the ticks of a vertical axis in log10 as powers of ten, 10²⁷, with a factor where the axis is short."""
    ax.yaxis.set_major_locator(MaxNLocator(nbins=9, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.value(value, "log10 ", 3)))


def render(ax: Axes, kind: str, dpi: int = 120) -> bytes:
    """Return the figure of the axes as "png" or "svg", without date or version: equal figures are equal files."""
    metadata: dict[str, str | None] = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    out = io.BytesIO()
    with drawing():
        options: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if kind == "png" else {}
        labels.figure(ax).savefig(out, format=kind, dpi=dpi, metadata=metadata, **options)
    return out.getvalue()
