"""The story of one draw as tables: its inputs, its years, its crossings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def input_rows(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the inputs as plain rows."""
    for i, name in enumerate(dataset["input"].values if "input" in dataset else ()):
        numbers = {column: float(dataset[column].values[i]) for column in ("value", "percentile", "typical")}
        said = {column: None if np.isnan(number) else number for column, number in numbers.items()}
        yield {"input": str(name), "unit": str(dataset["unit"].values[i]), **said}


def year_rows(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the years as plain rows: quantities, ceilings, and which of them binds."""
    quantities = [str(name) for name in dataset.data_vars if dataset[name].dims == ("year",) and name != "binding"]
    for k, year in enumerate(dataset["year"].values):
        row: dict[str, Any] = {"year": float(year)}
        row |= {f"{name} [{dataset[name].attrs['units']}]": float(dataset[name].values[k]) for name in quantities}
        for i, name in enumerate(dataset["ceiling"].values if "ceiling" in dataset else ()):
            row[f"ceiling {name} [log10 FLOP]"] = float(dataset["ceiling_compute"].values[i, k])
        if "binding" in dataset:
            row["binding"] = str(dataset["binding"].values[k])
        yield row


def crossing_rows(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the thresholds as plain rows; a date that is none is empty, and `state` says why."""
    for i, name in enumerate(dataset["threshold"].values if "threshold" in dataset else ()):
        date = float(dataset["crossing"].values[i])
        state = "crossed" if np.isfinite(date) else "already" if date < 0.0 else "beyond"
        yield {
            "threshold": str(name),
            "quantity": str(dataset["quantity"].values[i]),
            "level": float(dataset["level"].values[i]),
            "date": date if np.isfinite(date) else None,
            "state": state,
        }


TABLES = {"inputs": input_rows, "years": year_rows, "crossings": crossing_rows}
"""Every table by the name of its file."""
