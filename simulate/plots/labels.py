"""Labels that fit: cut to the room they have, and moved apart where they would lie on each other."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

FONT = "DejaVu Sans"
"""The font that matplotlib brings along, so that figures are the same everywhere."""


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> np.ndarray:
    """Return positions near the wanted ones, at least `gap` apart (less if they cannot all fit), inside [low, high]."""
    order = np.argsort(np.asarray(wanted, dtype=float), kind="stable")
    place = np.clip(np.asarray(wanted, dtype=float)[order], low, high)
    gap = min(gap, (high - low) / max(place.size - 1, 1))
    # Blocks of touching labels are centred on the mean of what their members want (pool adjacent violators).
    blocks: list[list[float]] = []  # sum of (wanted - own offset in the block), number of members
    for value in place:
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] + blocks[-2][1] * gap > blocks[-1][0] / blocks[-1][1]:
            total, members = blocks.pop()
            blocks[-1][0] += total - members * blocks[-1][1] * gap
            blocks[-1][1] += members
    placed = np.concatenate([total / n + gap * np.arange(n) for total, n in blocks]) if blocks else place
    for i in range(placed.size - 1, -1, -1):
        placed[i] = min(placed[i], high - gap * (placed.size - 1 - i))
    for i in range(placed.size):
        placed[i] = max(placed[i], low + gap * i)
    result = np.empty_like(placed)
    result[order] = placed
    return result


def fitted(text: str, inches: float, size: float) -> str:
    """Return the text, cut with an ellipsis to the width that it may have at that size in points."""
    room = inches * 72.0 / size
    upto = list(accumulate(map(_wide, text)))
    if not upto or upto[-1] <= room:
        return text
    return text[: bisect_right(upto, room - _wide("…"))] + "…"


@cache
def _wide(character: str) -> float:
    """How far a character moves the next one, in units of the font's size; kerning brings it nearer, if anything."""
    font, ends = FontProperties(family=FONT, size=10.0), ("||", f"|{character}|")
    alone, around = (text_to_path.get_text_width_height_descent(text, font, False)[0] for text in ends)
    return float(around - alone) / 10.0


def end_labels(ax: Axes, heights: Sequence[float], texts: Sequence[str], looks: Sequence[tuple[str, Any]]) -> None:
    """Write labels at the right of the axes beside the given heights (data), apart from each other, with leaders."""
    if not len(heights):
        return
    low, high = ax.get_ylim()
    points = ax.get_position().height * figure(ax).get_figheight() * 72.0
    placed = spread(heights, 11.5 * (high - low) / points, low, high)
    beside = ax.get_yaxis_transform()
    box = ax.get_position()
    room = (1.0 - box.x1 - 0.042 * box.width) * figure(ax).get_figwidth() - 0.05
    for at, to, text, (colour, line) in zip(heights, placed, texts, looks, strict=True):
        ax.plot([1.0, 1.035], [at, to], transform=beside, color=colour, linestyle=line, linewidth=1.0, clip_on=False)
        ax.text(1.042, to, fitted(text, room, 8), transform=beside, va="center", ha="left", fontsize=8, color="#222222")


def hang(ax: Axes, marks: Sequence[tuple[float, float]], texts: Sequence[str], inches: float, size: float = 7) -> None:
    """Write labels to the lower right of marks (data) on a line that rises, each below the one above, with leaders."""
    if not marks:
        return
    low, high = ax.get_ylim()
    point = (high - low) / (ax.get_position().height * figure(ax).get_figheight() * 72.0)
    gap, below = 1.35 * size * point, math.inf
    wanted = np.zeros(len(marks))
    for k in sorted(range(len(marks)), key=lambda k: marks[k][1], reverse=True):
        wanted[k] = below = min(marks[k][1] - size * point, below - gap)
    for (x, y), to, text in zip(marks, spread(wanted.tolist(), gap, low + gap / 2, high), texts, strict=True):
        ax.annotate(
            fitted(text, inches, size),
            (x, y),
            xytext=(size, (to - y) / point),
            textcoords="offset points",
            fontsize=size,
            va="center",
            arrowprops={"arrowstyle": "-", "color": "#888888", "linewidth": 0.5, "relpos": (0, 0.5), "shrinkB": 0},
        )


def figure(ax: Axes) -> Figure:
    """Return the figure that the axes belong to; raises ValueError where there is none."""
    found = ax.get_figure(root=True)
    if found is None:
        raise ValueError("the axes belong to no figure")
    return found
