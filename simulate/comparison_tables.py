"""Sets side by side as tables: for files, a row a set, threshold and year; for the terminal, one table a threshold."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table
from rich.text import Text

from simulate import columns, contents, results, wording
from simulate.variables import COMPUTE

if TYPE_CHECKING:
    import xarray as xr

Rows = list[dict[str, Any]]
MOST_YEARS = 4
"""Columns of years in the terminal: the last of the answer's; the tables have all."""
MOST_ROWS, MOST_TEXT = 40, 60
"""Of the rows that differ, in the terminal; `rows.csv` has them all."""


def names(dataset: xr.Dataset) -> list[str]:
    """The names of the sets."""
    return [str(name) for name in dataset["set"].values]


def shared(dataset: xr.Dataset) -> list[str]:
    """The thresholds that at least two sets have, those of most sets first; all where no two share one."""
    if "probability" not in dataset:
        return []
    counts = dataset["probability"].notnull().any("year").sum("set").values
    order = np.argsort(-counts, kind="stable")
    every = [str(name) for name in dataset["threshold"].values]
    return [every[i] for i in order if counts[i] > 1] or every


def crossing(dataset: xr.Dataset) -> Rows:
    """Quantiles of the crossing date of each threshold in each set, and how far its median is from the first set's."""
    found: Rows = []
    for threshold in dataset["threshold"].values if "crossing" in dataset else ():
        here = dataset.sel(threshold=threshold)
        for k, name in enumerate(names(dataset)):
            dates, errors = here["crossing"][k], here["crossing_error"][k]
            if np.isnan(here["never"][k]):
                continue
            row: dict[str, Any] = {"threshold": str(threshold), "set": name}
            for level in dataset["crossing_quantile"].values:
                date = float(dates.sel(crossing_quantile=level))
                state = wording.state(date, float(level), float(here["never"][k]))
                row[f"q{level:g}"] = date if state == "crossed" else None
                row[f"q{level:g}_state"] = state
                row[f"q{level:g}_error"] = _number(errors.sel(crossing_quantile=level))
            row["never"] = float(here["never"][k])
            for part in ("crossing_difference", "crossing_difference_error"):
                if part in here:
                    row["median_" + part.removeprefix("crossing_")] = _number(
                        here[part][k].sel(crossing_quantile=0.5, method="nearest")
                    )
            found.append(row)
    return found


def probability(dataset: xr.Dataset) -> Rows:
    """P(crossed by the instant) of each set, and how far it is from the first set's: a row a set and instant."""
    ends = ("", "_error", "_low", "_high", "_difference", "_difference_error")
    there = [f"probability{end}" for end in ends if f"probability{end}" in dataset]
    if "probability" not in there:
        return []
    values = {part: dataset[part].transpose("threshold", "set", "year").values for part in there}
    return [
        {"threshold": str(threshold), "set": name, "year": year}
        | {part: _number(values[part][t, k, j]) for part in there}
        for t, threshold in enumerate(dataset["threshold"].values)
        for k, name in enumerate(names(dataset))
        for j, year in enumerate(dataset["year"].values.tolist())
        if math.isfinite(values["probability"][t, k, j])
    ]


def quantities(dataset: xr.Dataset) -> Rows:
    """Quantiles of every quantity that all sets have, and how far the median of compute is from the first set's."""
    found: Rows = []
    levels = [f"q{q:g}" for q in dataset["quantile"].values]
    for quantity in compared(dataset):
        values = dataset[quantity].transpose("set", "year", "quantile").values
        apart = {}
        for part in ("difference", "difference_error"):
            whole = dataset.get(f"{quantity}_{part}")
            apart[f"median_{part}"] = np.full(values.shape[:2], np.nan) if whole is None else whole.values
        for k, name in enumerate(names(dataset)):
            for j, year in enumerate(dataset["year"].values.tolist()):
                if not np.isnan(values[k, j]).all():
                    row = {"quantity": quantity, "units": contents.units(dataset, quantity), "set": name, "year": year}
                    row |= dict(zip(levels, values[k, j].tolist(), strict=True))
                    found.append(row | {part: _number(value[k, j]) for part, value in apart.items()})
    return found


def compared(dataset: xr.Dataset) -> list[str]:
    """The quantities that all sets have."""
    return [str(name) for name, v in dataset.data_vars.items() if set(v.dims) == {"set", "quantile", "year"}]


def differing(dataset: xr.Dataset) -> Rows:
    """The rows in which each further set differs from the first."""
    every = json.loads(dataset.attrs["differing_rows"])
    return [{"set": name} | line for name, lines in every.items() for line in lines]


TABLES = {"crossing": crossing, "probability": probability, "quantities": quantities, "rows": differing}
"""Every table by the name of its file."""


def answer(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield the parts of the answer: a table a threshold with one row a set, compute, the rows that differ."""
    yield Text(str(dataset.attrs["title"]), style="bold")
    yield Text(f"{dataset.attrs['statement']}. {dataset.attrs['draws']:,} draws, seed {dataset.attrs['seed']}.")
    for threshold in shared(dataset):
        yield Text(f"\n{wording.clean(threshold)}: date of crossing, and % of draws that have crossed by", style="bold")
        yield from _of_threshold(dataset, threshold, width)
    for quantity in COMPUTE:
        if quantity in compared(dataset):
            title = (
                f"{wording.clean(dataset[quantity].attrs['long_name'], 80)}: median, {dataset[quantity].attrs['units']}"
            )
            yield Text(f"\n{title}", style="bold")
            yield from _of_quantity(dataset, quantity, width)
    first = names(dataset)[0]
    yield Text(
        f"Below each value but the dates at 10 % and 90 %: how far the set is from {wording.clean(first)}, with the "
        "Monte Carlo error of the difference on shared random numbers. Dates beyond a set's horizon are >horizon.",
        style="dim",
    )
    yield from _of_rows(dataset, width)
    for note in json.loads(dataset.attrs["notes"]):
        yield Text(wording.clean(note), style="dim")


def _of_threshold(dataset: xr.Dataset, threshold: str, width: int) -> Iterator[Table]:
    here = dataset.sel(threshold=threshold)
    years = results.answer_years(dataset)[-MOST_YEARS:]
    rows: list[columns.Row] = []
    heads = [
        *(f"{100 * level:g} %" for level in results.ANSWER_LEVELS),
        *(f"{dataset['year'].values[j]:g}" for j in years),
    ]
    for k, name in enumerate(names(dataset)):
        never, horizon = float(here["never"][k]), float(dataset["set_horizon"][k])
        draws = float(dataset["set_effective_sample_size"][k])
        if math.isnan(never):
            rows.append((Text(wording.clean(name)), [Text(wording.DASH)] * len(heads)))
            continue
        cells = []
        for level in results.ANSWER_LEVELS:
            date, spread, apart, error = (
                float(results.quantile(here[part], level)[k]) if part in here else math.nan
                for part in ("crossing", "crossing_error", "crossing_difference", "crossing_difference_error")
            )
            cell = wording.date(date, level, never, horizon, spread)
            known = wording.state(date, level, never) == "crossed" and math.isfinite(apart)
            cells.append(cell + (_apart(apart, error) if k and known and level == 0.5 else ""))
        for j in years:
            p = float(here["probability"][k, j])
            if math.isnan(p):
                cells.append(wording.DASH)
                continue
            cell = wording.percent(p, draws, float(here["probability_error"][k, j]))[0]
            apart, error = (
                100 * float(here[part][k, j]) if part in here else math.nan
                for part in ("probability_difference", "probability_difference_error")
            )
            cells.append(cell + (_apart(apart, error) if k and math.isfinite(apart) else ""))
        rows.append((Text(wording.clean(name)), [Text(cell) for cell in cells]))
    yield from columns.blocks("set", heads, rows, width)


def _of_quantity(dataset: xr.Dataset, quantity: str, width: int) -> Iterator[Table]:
    years = results.answer_years(dataset)[-MOST_YEARS:]
    rows: list[columns.Row] = []
    middle = results.quantile(dataset[quantity].transpose("set", "year", "quantile"), 0.5)
    apart, errors = (dataset[f"{quantity}_{part}"].values for part in ("difference", "difference_error"))
    for k, name in enumerate(names(dataset)):
        cells = []
        for j in years:
            value = middle[k, j]
            known = k and math.isfinite(apart[k, j])
            more = _apart(apart[k, j], errors[k, j]) if known else ""
            cells.append(Text(wording.DASH if math.isnan(value) else f"{value:.2f}{more}"))
        rows.append((Text(wording.clean(name)), cells))
    yield from columns.blocks("set", [f"{dataset['year'].values[j]:g}" for j in years], rows, width)


def _of_rows(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Of two sets the rows that differ; of more how many."""
    every = json.loads(dataset.attrs["differing_rows"])
    first = wording.clean(names(dataset)[0])
    if len(every) > 1:
        told = ", ".join(f"{wording.clean(name)} in {len(lines)}" for name, lines in every.items())
        yield Text(f"\nRows that differ from {first}: {told}. They are in rows.csv.")
        return
    ((other, lines),) = every.items()
    yield Text(f"\nRows that differ: {len(lines)}", style="bold")
    table = columns.table()
    longest = max((len(wording.clean(line["row"])) for line in lines[:MOST_ROWS]), default=0)
    table.add_column("row", overflow="fold", width=min(max(longest, len("row")), 2 * width // 5))
    for head in (first, wording.clean(other)):
        table.add_column(head, overflow="fold")
    for line in lines[:MOST_ROWS]:
        sides = (f"{_short(line[side])} {line[f'{side}_unit']}".rstrip() for side in ("first", "other"))
        table.add_row(wording.clean(line["row"]), *sides)
    yield table
    if len(lines) > MOST_ROWS:
        yield Text(f"and {len(lines) - MOST_ROWS} more in rows.csv", style="dim")


def _short(text: str) -> str:
    """What a row says, cut before a word where it is long: the first half of a number would be another number."""
    short = wording.clean(text, MOST_TEXT)
    return f"{short.rpartition(' ')[0]} …" if short.endswith("…") and " " in short else short


def _apart(difference: float, error: float) -> str:
    """A line `+1.20±0.03`, with the digits that the error supports."""
    if not math.isfinite(error) or error <= 0.0:
        return f"\n{difference:+.2g}" if difference else "\n0"
    decimals = min(max(wording.places(error), 0), 4)
    return f"\n{difference:+.{decimals}f}±{error:.{decimals}f}"


def _number(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
