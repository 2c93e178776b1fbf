"""A grid as one wide table, a row a point, and as the answer in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import columns, gridded, page, wording
from simulate.results import Rows

if TYPE_CHECKING:
    import xarray as xr

MOST_COLUMNS, MOST_LINES = 9, 24
MOST_PROBLEMS = 5


def flat(dataset: xr.Dataset) -> xr.Dataset:
    """The result with all points along one dimension `at`."""
    dims = gridded.dimensions(dataset)
    return dataset.stack(at=dims).reset_index("at").transpose("at", ...)


def wide(dataset: xr.Dataset) -> Rows:
    """A row a point: its inputs, the probabilities by the years of the answer, the median dates, median compute."""
    every = flat(dataset)
    found: dict[str, list[Any]] = {axis: every[axis].values.tolist() for axis in gridded.axes_of(dataset)}
    found["problem"] = every["problem"].values.tolist()
    years = dataset["answer_year"].values
    if "probability" in every:
        for name in every["threshold"].values.tolist():
            chance = every["probability"].sel(threshold=name)
            for year in years:
                column = chance.sel(year=year, method="nearest").values
                found[f"P({name} by {year:g})"] = [None if np.isnan(value) else value for value in column.tolist()]
        for name in every["threshold"].values.tolist():
            dates = every["crossing"].sel(threshold=name, crossing_quantile=0.5).values.tolist()
            found[f"median date of {name}"] = [_date(date, float(dataset.attrs["horizon"])) for date in dates]
    for name in (name for name in every.data_vars if "answer_year" in every[name].dims):
        units = every[name].attrs["units"]
        for year in years:
            middle = every[name].sel(quantile=0.5, answer_year=year).values.tolist()
            found[f"median {name} {year:g} ({units})"] = [None if np.isnan(value) else value for value in middle]
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def _date(date: float, horizon: float) -> float | str | None:
    if np.isnan(date):
        return None
    return date if np.isfinite(date) else f">{horizon:g}" if date > 0 else "already"


def answer(
    dataset: xr.Dataset, threshold: str | None = None, year: float | None = None, width: int = page.WIDTH_OF_A_FILE
) -> str:
    """What a terminal of `width` columns says: over what, how the probability moves, and which points failed."""
    attrs = dataset.attrs
    failed = [problem for problem in flat(dataset)["problem"].values.tolist() if problem]
    lines = [
        wording.clean(attrs["title"]),
        f"{attrs['statement']}, at {dataset['problem'].size} points.",
        f"set {attrs['name']} · {attrs['draws']:,} draws a point, the same in all · seed {attrs['seed']}",
        "",
    ]
    if "probability" in dataset:
        lines += _probabilities(dataset, *gridded.shown(dataset, threshold, year), width)
    lines += [f"failed: {wording.clean(problem)}" for problem in list(dict.fromkeys(failed))[:MOST_PROBLEMS]]
    if len(failed):
        lines.append(f"{len(failed)} of {dataset['problem'].size} points failed; see `problem` in tables/grid.csv")
    return "\n".join(lines)


def _probabilities(dataset: xr.Dataset, threshold: str, year: float, width: int) -> Iterator[str]:
    yield f"P({threshold} crossed by {year:g}), %"
    chance, error = (
        dataset[name].sel(threshold=threshold).sel(year=year, method="nearest")
        for name in ("probability", "probability_error")
    )
    worth = dataset["sample_size"]
    axes, dims = gridded.axes_of(dataset), gridded.dimensions(dataset)
    for axis in axes:
        yield f"  {axis} in {dataset[axis].attrs['units']}"
    if len(dims) == 2 and chance.sizes[dims[1]] <= MOST_COLUMNS and chance.sizes[dims[0]] <= MOST_LINES:
        rows = [[f"{dims[0]} \\ {dims[1]}", *(f"{value:g}" for value in dataset[dims[1]].values)]]
        for i, value in enumerate(dataset[dims[0]].values):
            cells = zip(chance.values[i], worth.values[i], error.values[i], strict=True)
            rows.append([f"{value:g}", *(_percent(*cell) for cell in cells)])
        yield from columns.lines(rows, width)
    elif len(dims) == 1 and chance.size <= MOST_LINES:
        rows = [[*axes, "P, %"]]
        for i in range(chance.size):
            numbers = [f"{dataset[axis].values[i]:g}" for axis in axes]
            rows.append([*numbers, _percent(chance.values[i], worth.values[i], error.values[i])])
        yield from columns.lines(rows, width)
    else:
        every = flat(dataset)
        table, errors = (
            every[name].sel(threshold=threshold).sel(year=year, method="nearest").values
            for name in ("probability", "probability_error")
        )
        for word, at in (("least", int(np.nanargmin(table))), ("most", int(np.nanargmax(table)))):
            place = ", ".join(f"{axis} {float(every[axis].values[at]):g}" for axis in axes)
            draws = float(every["sample_size"].values[at])
            yield f"  {word}: {_percent(table[at], draws, errors[at])} at {place}"
    yield ""


def _percent(share: float, draws: float, error: float) -> str:
    if np.isnan(share):
        return "failed"
    return " ".join(wording.percent(float(share), float(draws), float(error))).rstrip()
