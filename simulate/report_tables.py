"""The tables of the answer for a page of a given width: each function yields a title, a table or its parts, a note."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table
from rich.text import Text

from simulate import columns, contents, results, wording
from simulate.columns import Row
from simulate.intervals import FEW

if TYPE_CHECKING:
    import xarray as xr

KINDS = {
    "largest_run": "training compute",
    "largest_effective": "effective compute",
    "training_compute": "training compute",
    "effective_compute": "effective compute",
}
"""What a threshold is measured on, in words; other quantities go by their own name."""


def probabilities(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield the probabilities of having crossed each threshold by the years of the answer."""
    draws = results.effective_draws(dataset)
    share = dataset["probability"].transpose("threshold", "year").values
    error = dataset["probability_error"].transpose("threshold", "year").values
    years = results.answer_years(dataset)
    rows: list[Row] = []
    for kind, members in _groups(dataset):
        rows.append((Text(kind, style="italic"), [Text()] * len(years)))
        rows += [(_threshold(dataset, i), [cell(share[i, j], draws, error[i, j]) for j in years]) for i in members]
    yield title("Probability (%) that the threshold has been crossed by 1 January of")
    yield from by_year("threshold", rows, dataset, width)
    yield note(
        f"Below each value stands its Monte Carlo standard error, or, under {FEW} hits or misses, its exact 95 % "
        "interval. < and > are 95 % limits: no draw, or every draw, has crossed"
        + (", but for less than the weight of one." if contents.evidence(dataset) else ".")
    )


def cell(share: float, draws: float, error: float | None = None) -> Text:
    """Return a share in %, and below it its uncertainty."""
    value, uncertainty = wording.percent(share, draws, error)
    return Text(value, justify="right") + Text(f"\n{uncertainty}" if uncertainty else "", style="dim")


def by_year(
    first: str, rows: Sequence[Row], dataset: xr.Dataset, width: int, instants: list[int] | None = None
) -> Iterator[Table]:
    """Yield one table, or several side parts of it where its years do not fit the width; None: those of the answer."""
    years = [_instant(dataset["year"].values[j]) for j in instants or results.answer_years(dataset)]
    yield from columns.blocks(first, years, rows, width)


def dates(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield the 10, 50 and 90 % dates of crossing, and the share of draws that never cross."""
    horizon, draws = float(dataset.attrs["horizon"]), results.effective_draws(dataset)
    never = dataset["never"].values
    its_error = dataset["probability_error"].transpose("threshold", "year").values[:, -1]
    yield title(
        f"Date by which the threshold is crossed in 10, 50 and 90 % of draws; never by {horizon:g}, in % of draws"
    )
    table = columns.table()
    table.add_column("threshold", overflow="fold")
    for level in results.ANSWER_LEVELS:
        table.add_column(f"{100 * level:g} %", justify="right", no_wrap=True)
    table.add_column("never", justify="right", overflow="fold")
    dates = [results.quantile(dataset["crossing"], q) for q in results.ANSWER_LEVELS]
    errors = [results.quantile(dataset["crossing_error"], q) for q in results.ANSWER_LEVELS]
    for kind, members in _groups(dataset):
        table.add_row(Text(kind, style="italic"))
        for i in members:
            told = [
                wording.date(d[i], q, never[i], horizon, e[i])
                for q, d, e in zip(results.ANSWER_LEVELS, dates, errors, strict=True)
            ]
            table.add_row(_threshold(dataset, i), *told, cell(never[i], draws, its_error[i]))
    yield table
    yield note(
        f"Decimal years: 2031.0 is 1 January 2031. >{horizon:g}: beyond the horizon; already: before the start. "
        "No median date is given where half of the draws or more never cross."
    )


def compute(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield median and central 80 % of training and, if there is any, of effective compute."""
    names, draws = contents.headlines(dataset), results.effective_draws(dataset)
    yield title("Compute of the largest training run, FLOP: median, and below it the central 80 % of draws")
    table = columns.table()
    table.add_column("1 January", no_wrap=True)
    for name in names:
        table.add_column(KINDS[name], justify="right", overflow="fold")
    for j in results.answer_years(dataset):
        table.add_row(
            _instant(dataset["year"].values[j]), *(middle_and_range(dataset[name], j, draws) for name in names)
        )
    yield table
    if "effective_compute" in names:
        yield note(
            "Effective compute is training compute times the gain in algorithms since the start: another quantity."
        )


def quantities(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield median and central 80 % of every quantity by the years of the answer."""
    years, draws = results.answer_years(dataset), results.effective_draws(dataset)
    rows: list[Row] = []
    for name in contents.quantities(dataset):
        label = Text(wording.clean(name, 60)) + Text(f"\n{wording.unit(contents.units(dataset, name))}", style="dim")
        rows.append((label, [middle_and_range(dataset[name], j, draws) for j in years]))
    yield title("Quantities of the set: median, and below it the central 80 % of draws, on 1 January of")
    yield from by_year("quantity", rows, dataset, width)


def inputs(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield the 10, 50 and 90 % quantiles of every input in its written unit."""
    yield title("Inputs: quantiles over all draws, in the unit of the row")
    table = columns.table()
    table.add_column("input", overflow="fold")
    for level in results.ANSWER_LEVELS:
        table.add_column(f"{100 * level:g} %", justify="right", no_wrap=True)
    table.add_column("unit", overflow="fold")
    draws = results.effective_draws(dataset)
    levels, values = dataset["quantile"].values, dataset["inputs"].transpose("input", "quantile").values
    for name, unit, row in zip(dataset["input"].values, dataset["input_unit"].values, values, strict=True):
        low, middle, high = (
            wording.written(
                row[_at(levels, q)], str(unit), _digits(levels, row / abs(row[_at(levels, q)] or 1.0), q, draws, most=3)
            )
            for q in results.ANSWER_LEVELS
        )
        pinned = row.min() == row.max()
        told = ("", middle, "") if pinned else (low, middle, high)
        table.add_row(Text(wording.clean(name, 64)), *told, Text(wording.clean(unit, 40)))
    yield table
    yield note("A single value is certain.")


def middle_and_range(quantity: xr.DataArray, index: int, draws: float) -> Text:
    """Return the median of a quantity (quantile, year) and below it its 10 and 90 % quantiles, in one of the instants.

    `draws` says how many digits they may have.
    """
    values, levels = quantity.transpose("quantile", "year").values[:, index], quantity["quantile"].values
    units = wording.clean(quantity.attrs.get("units", ""), 40)
    logarithmic = units.startswith("log10 ")
    told = []
    for level in results.ANSWER_LEVELS:
        value = values[_at(levels, level)]
        relative = np.log(10) * values if logarithmic else values / abs(value or 1.0)
        told.append(wording.value(value, units, _digits(levels, relative, level, draws)))
    low, middle, high = told
    return Text(middle) + Text(f"\n{low}{wording.DASH}{high}" if low != high else "", style="dim")


def _digits(levels: np.ndarray, relative: np.ndarray, level: float, draws: float, most: int = 2) -> int:
    """Return how many digits of a quantile the draws support, by the slope of the quantile function.

    `relative` (quantile) are the quantiles in parts of that one, or natural logarithms.
    """
    if not np.all(np.isfinite(relative)) or levels.size <= 2:
        return most
    slope = np.gradient(relative, levels)[_at(levels, level)]
    error = slope * np.sqrt(level * (1 - level) / draws)
    return min(3 if error < 0.01 else 2 if error < 0.1 else 1 if error < 0.7 else 0, most)


def _at(levels: np.ndarray, level: float) -> int:
    return int(np.argmin(np.abs(levels - level)))


def ceilings(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield how often each active ceiling is the lowest, and which one leads when."""
    share = dataset["binding"].transpose("ceiling", "year").values
    active = [i for i, on in enumerate(dataset["active"].values) if on]
    if not active:
        return
    years, draws = results.answer_years(dataset), results.effective_draws(dataset)
    names = [wording.clean(c, 60) for c in dataset["ceiling"].values]
    most = share[active].argmax(axis=0)
    changes = [0, *(np.flatnonzero(np.diff(most)) + 1).tolist()]
    told = [f"{names[active[most[j]]]} from {_instant(dataset['year'].values[j])}" for j in changes]
    rows = [(Text(names[i]), [Text(wording.percent(share[i, j], draws)[0]) for j in years]) for i in active]
    yield title("Binding ceiling: % of draws in which it is the lowest, on 1 January of")
    yield from by_year("ceiling", rows, dataset, width)
    yield note("Lowest in most draws: " + ", ".join(told[:8]) + (", ..." if len(told) > 8 else "") + ".")


def _groups(dataset: xr.Dataset) -> Iterator[tuple[str, list[int]]]:
    """Yield (what is measured, indices of its thresholds): training compute, effective compute, then others."""
    kinds = [KINDS.get(str(q), wording.clean(q, 60)) for q in dataset["threshold_quantity"].values]
    order = {"training compute": 0, "effective compute": 1}
    for kind in sorted(dict.fromkeys(kinds), key=lambda k: order.get(k, 2)):
        yield f"on {kind}", [i for i, k in enumerate(kinds) if k == kind]


def _threshold(dataset: xr.Dataset, index: int) -> Text:
    """Return a threshold's name, and below it its level."""
    units = contents.units(dataset, str(dataset["threshold_quantity"].values[index]))
    low, middle, high = (results.quantile(dataset["threshold_level"], q)[index] for q in results.ANSWER_LEVELS)
    level = ("" if low == high else "about ") + wording.level(middle, units)
    return Text(wording.clean(dataset["threshold"].values[index])) + Text(f"\n{level}", style="dim")


def title(text: str) -> Text:
    """Return the line above a table."""
    return Text(f"\n{text}", style="bold")


def note(text: str) -> Text:
    """Return the line below a table."""
    return Text(text, style="dim")


def _instant(year: float) -> str:
    return f"{year:g}" if abs(year - round(year)) > 1e-6 else f"{round(year)}"


TABLES: dict[str, Callable[[Any, int], Iterator[Table | Text]]] = {
    "probability": probabilities,
    "crossing": dates,
    "training_compute": compute,
    "binding": ceilings,
}
"""The tables of the answer in their order, by the variable that each needs."""
