"""The story of one draw in the terminal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from simulate import story_tables, wording

if TYPE_CHECKING:
    import xarray as xr

MOST_INPUTS, MOST_YEARS = 14, 16


def lines(dataset: xr.Dataset) -> Iterator[str]:
    """Yield the story line by line: which draw, its unusual inputs, its years, what binds when, what it crosses."""
    attrs = dataset.attrs
    yield wording.clean(attrs["title"])
    yield "One draw of a projection conditional on these assumptions: a possible course, not the expected one."
    yield f"set {wording.clean(attrs['name'], 80)} · seed {attrs['seed']} · {which(dataset)}"
    if attrs["hypotheses"]:
        name = wording.clean(attrs["hypothesis"], 80)
        when = "here" if attrs["among"] else "beforehand"
        yield f"under the hypothesis {name}, the most probable {when} of {attrs['hypotheses']}"
    yield from _inputs(dataset)
    yield from _years(dataset)
    yield from _phases(dataset)
    yield from _crossings(dataset)


def which(dataset: xr.Dataset) -> str:
    """Which draw it is, and of what it is typical."""
    attrs = dataset.attrs
    head = f"draw {attrs['draw']:,}"
    if not attrs["among"]:
        return head
    share = f"{100 * float(attrs['share']):.3g} % of " + (
        "all, by weight" if attrs["by_weight"] else f"{attrs['draws']:,}"
    )
    year, threshold = f"{attrs['crossed_in']:g}", wording.clean(attrs["threshold"], 60)
    among = f"{attrs['among']:,} draws ({share})"
    return f"{head}, the most typical of {among} that cross {threshold} in {year}"


def _inputs(dataset: xr.Dataset) -> Iterator[str]:
    if "input" not in dataset:
        return
    percentile = dataset["percentile"].values
    order = [int(i) for i in np.argsort(-np.abs(percentile - 0.5), kind="stable") if np.isfinite(percentile[i])]
    if not order:
        return
    yield ""
    yield "Its inputs, the most unusual first (percentile of the value in the input's own distribution)"
    for i in order[:MOST_INPUTS]:
        unit = str(dataset["unit"].values[i])
        value = f"{wording.written(float(dataset['value'].values[i]), unit)} {wording.clean(unit, 20)}"
        first = " (first year)" if dataset["each_year"].values[i] else ""
        yield f"  {wording.clean(dataset['input'].values[i], 40):<32}{value:>28}{100 * percentile[i]:8.0f} %{first}"
    if len(order) > MOST_INPUTS:
        yield f"  and {len(order) - MOST_INPUTS} nearer to their medians, in tables/inputs.csv"


def _years(dataset: xr.Dataset) -> Iterator[str]:
    if "training_compute" not in dataset:
        return
    years = dataset["year"].values
    every = max(1, -(-len(years) // MOST_YEARS))
    names = [str(n) for n, on in zip(dataset["ceiling"].values, dataset["active"].values, strict=True) if on]
    yield ""
    yield "Year by year, log10 FLOP: training compute and the ceilings; * marks the one that binds"
    yield f"  {'year':<8}{'compute':>9}" + "".join(f"{wording.clean(name, 11):>12}" for name in names)
    for k in range(0, len(years), every):
        cells = []
        for name in names:
            stated = float(dataset["ceiling_compute"].sel(ceiling=name).values[k])
            text = f"{stated:.2f}" if np.isfinite(stated) else wording.DASH
            cells.append(f"{text + ('*' if dataset['binding'].values[k] == name else ' '):>12}")
        yield f"  {years[k]:<8g}{float(dataset['training_compute'].values[k]):>9.2f}" + "".join(cells)


def _phases(dataset: xr.Dataset) -> Iterator[str]:
    if "binding" not in dataset:
        return
    years, binding = dataset["year"].values, dataset["binding"].values
    spans = []
    for name, several in itertools.groupby(range(len(years)), key=lambda k: str(binding[k])):
        ks = list(several)
        span = f"{years[ks[0]]:g}" if len(ks) == 1 else f"{years[ks[0]]:g} to {years[ks[-1]]:g}"
        spans.append(f"{wording.clean(name, 40)} ({span})")
    yield ""
    yield f"Lowest ceiling: {', then '.join(spans)}."


def _crossings(dataset: xr.Dataset) -> Iterator[str]:
    rows = list(story_tables.crossing_rows(dataset))
    if not rows:
        return
    yield ""
    yield "Crossings"
    for row, moves in zip(rows, dataset["level_moves"].values, strict=True):
        date = (
            f"{row['date']:.1f}"
            if row["date"] is not None
            else row["state"].replace("beyond", f">{dataset.attrs['horizon']:g}")
        )
        units = dataset[row["quantity"]].attrs["units"]
        level = wording.level(row["level"], units)
        first = " (its level in the first year)" if moves else ""
        yield f"  {wording.clean(row['threshold'], 40):<32}{level:>20}{date:>10}{first}"
