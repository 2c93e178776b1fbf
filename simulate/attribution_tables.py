"""The shares of groups in the difference of two sets as tables: for files a row a statistic and group, for the terminal
the dates, the last probabilities and compute.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table
from rich.text import Text

from simulate import columns, results, wording

if TYPE_CHECKING:
    import xarray as xr

PROBABILITY, DATE = "probability", "crossing"


class Change(NamedTuple):
    """One statistic: what it is in the two sets, and the share of each group in the difference, with errors."""

    kind: str  # probability, crossing, or the quantity
    of: str  # the threshold, or the quantity
    year: float | None
    unit: str  # of the change
    first: float
    other: float
    total: float
    total_error: float
    shares: list[float]  # of each group; not a number where the statistic is not finite in some combination
    errors: list[float]

    @property
    def words(self) -> str:
        """What changes, in words."""
        if self.kind == PROBABILITY:
            return f"P({wording.clean(self.of, 40)} crossed by {self.year:g})"
        if self.kind == DATE:
            return f"median date of {wording.clean(self.of, 40)}"
        return f"median {self.of.replace('_', ' ')} in {self.year:g}, log10"


def changes(dataset: xr.Dataset) -> Iterator[Change]:
    """Every statistic of an attribution."""
    for kind in (str(name).removesuffix("_change") for name in dataset.data_vars if str(name).endswith("_change")):
        here = dataset[f"{kind}_change"]
        for of in here["threshold"].values if "threshold" in here.dims else [kind]:
            for year in here["year"].values if "year" in here.dims else [None]:
                place: dict[str, Any] = {"threshold": of} if "threshold" in here.dims else {}
                place |= {} if year is None else {"year": year}

                def number(part: str, kind: str = kind, place: dict[str, Any] = place) -> float:
                    return float(dataset[f"{kind}_{part}"].sel(place))

                shares, errors = (
                    dataset[f"{kind}_{part}"].sel(place).values.tolist() for part in ("change", "change_error")
                )
                yield Change(
                    kind, str(of), None if year is None else float(year), str(here.attrs["units"]), number("first"),
                    number("other"), number("total"), number("total_error"), shares, errors,
                )  # fmt: skip


def groups(dataset: xr.Dataset) -> list[str]:
    """The names of the groups."""
    return [str(name) for name in dataset["group"].values]


def attribution(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """One row a statistic and group: its share, with error, beside the whole change."""
    found = []
    for change in changes(dataset):
        whole = {"first": change.first, "other": change.other, "total": change.total, "total_error": change.total_error}
        for group, share, error in zip(groups(dataset), change.shares, change.errors, strict=True):
            row = {"statistic": change.kind, "of": change.of, "year": change.year, "group": group, "unit": change.unit}
            found.append(row | {name: _number(v) for name, v in {"change": share, "error": error, **whole}.items()})
    return found


def rows(dataset: xr.Dataset) -> results.Rows:
    """Return the rows of each group with what both sets say of them: one row a row."""
    found: results.Rows = json.loads(dataset.attrs["rows"])
    return found


TABLES = {"attribution": attribution, "rows": rows}
"""Every table by the name of its file."""


def answer(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield the parts of the answer: what is shared out, and the share of each group in it."""
    first, other = (wording.clean(name) for name in json.loads(dataset.attrs["sets"]))
    yield Text(f"Why {other} differs from {first}", style="bold")
    draws, runs = dataset.attrs["draws"], dataset.attrs["runs"]
    yield Text(
        f"{dataset.attrs['statement']}. {runs} combinations, {draws:,} draws each, seed {dataset.attrs['seed']}."
    )
    last = max((change.year or 0.0 for change in changes(dataset)), default=0.0)
    told: list[columns.Row] = []
    horizon, unknown = float(dataset.attrs["horizon"]), 0
    for change in changes(dataset):
        if change.year not in (None, last):
            continue
        unknown += any(not math.isfinite(share) for share in change.shares)
        sides = [_value(change, value, horizon, draws) for value in (change.first, change.other)]
        parts = [(change.total, change.total_error), *zip(change.shares, change.errors, strict=True)]
        cells = [*sides, *(_share(change, *part) for part in parts)]
        told.append((Text(change.words), [Text(cell) for cell in cells]))
    heads = [first, other, "change", *(wording.clean(group) for group in groups(dataset))]
    yield from columns.blocks("", heads, told, width)
    yield Text(
        "Dates in years, P in percentage points, compute in orders of magnitude, each with its Monte Carlo error. "
        "The shares of the groups are Shapley values and sum to the change.",
        style="dim",
    )
    if unknown:
        why = "a median date before the start or beyond the horizon"
        why = f"{wording.DASH}: the statistic is not finite in some combination ({why})."
        yield Text(f"{why} Probabilities can be shared out all the same; another horizon may help.", style="dim")
    for group in groups(dataset):
        rows = [line["row"] for line in json.loads(dataset.attrs["rows"]) if line["group"] == group]
        yield Text(f"{wording.clean(group)}: {wording.clean(', '.join(rows), 400)}", style="dim")
    for note in json.loads(dataset.attrs["merged"]):
        yield Text(f"note: {wording.clean(note, 400)}")


def _value(change: Change, value: float, horizon: float, draws: int) -> str:
    if change.kind == PROBABILITY:
        return wording.percent(value, draws)[0]
    if change.kind == DATE and not math.isfinite(value):
        return f">{horizon:g}" if value > 0 else "already"
    return f"{value:.1f}" if change.kind == DATE else f"{value:.2f}"


def _share(change: Change, share: float, error: float) -> str:
    if not math.isfinite(share):
        return wording.DASH
    scale = 100.0 if change.kind == PROBABILITY else 1.0
    if not error > 0.0:
        return f"{scale * share:+.2g}" if share else "0"
    decimals = min(max(wording.places(scale * error), 0), 4)
    return f"{scale * share:+.{decimals}f}\n±{scale * error:.{decimals}f}"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
