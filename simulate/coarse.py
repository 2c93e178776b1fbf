"""Where a histogram is too coarse for what lies in it: many draws of one value, beside others far away.

Histograms are laid out by the range of the first draws. A quantity that is the same in most draws and spread over
orders of magnitude in the others has most of its draws in one bin, and quantiles are linear within a bin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simulate import summary
from simulate.outcome import INPUTS, RESULTS, Outcome

LUMP = 0.25  # of the draws in one bin: of fewer a smooth distribution is nearly linear there
WIDE = 0.05  # orders of magnitude that a quantile may be off by without a word
WIDE_SHARE = 0.1  # the same of an input that is counted as it is, as a share of its size, unless it may be 0
LEVELS = (0.1, 0.5, 0.9)


class Coarse(NamedTuple):
    """A quantile in a wide bin: of what, the level, the width of the bin and its unit, and the share of the draws in
    it.
    """

    name: str
    level: float
    width: float
    unit: str
    share: float


def quantiles(outcome: Outcome) -> Iterator[Coarse]:
    """Quantiles of the answer that are read in a wide bin with many draws, under any hypothesis."""
    for which in outcome.counting:
        counts = outcome.members[which]
        for kind in (INPUTS, RESULTS):
            watch, total = getattr(counts.member.watched, kind), getattr(counts.sums, kind)
            lumped = (total.bins.max(axis=2) > LUMP * counts.mass) & ~summary.certain(watch, total)
            for row, year in np.argwhere(lumped).tolist():
                name = counts.names(kind)[row]
                unit = counts.set.row(name).unit if kind == INPUTS else outcome.set.units.get(name, "log10 FLOP")
                in_logs = bool(counts.member.watched.input_logs[row]) if kind == INPUTS else unit.startswith("log10 ")
                place, lump = watch.place[row, year], int(total.bins[row, year].argmax())
                ends = place["origin"] + place["width"] * np.array([lump, lump + 1])
                may_be_none = not in_logs and ends.min() <= 0.0 <= ends.max()
                allowed = WIDE if in_logs else WIDE_SHARE * np.abs(ends).max()
                if (kind == RESULTS and not in_logs) or may_be_none or place["width"] <= allowed:
                    continue
                upto = total.under[row, year] + np.cumsum(total.bins[row, year])
                share = float(total.bins[row, year, lump] / counts.mass)
                when = f" in {outcome.set.years[year]:g}" if kind == RESULTS else ""
                for level in LEVELS:
                    if np.searchsorted(upto, level * counts.mass) == lump:
                        yield Coarse(name + when, level, float(place["width"]), "OOM" if in_logs else unit, share)


def told(found: list[Coarse]) -> str:
    """A line on the widest bin that holds most draws."""
    worst = max(found, key=lambda one: one.share)
    return (
        f"the {100 * worst.level:g} % quantile of {worst.name} lies in a bin of the histogram that is {worst.width:.2g}"
        f" {worst.unit} wide and holds {100 * worst.share:.3g} % of the draws, so it may be off by as much; its"
        " probabilities stand"
    )
