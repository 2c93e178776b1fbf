"""What a result of the sensitivity study holds: kinds of outputs, what an input may do, and its tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simulate.sobol import Index

if TYPE_CHECKING:
    import xarray as xr

CROSSED, DATE = "crossed", "date"
"""Kinds of outputs, beside the quantities."""
WORKS, OTHERWISE, NOWHERE = "drives an output", "drives other quantities only", "has no effect on anything"
"""What an input may do."""


def index_rows(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the indices as plain rows: one an output and input or group."""
    for kind, prefix in (("input", ""), ("group", "group_")):
        for k, output in enumerate(dataset["output"].values):
            for i, name in enumerate(dataset[kind].values):
                columns = {c: float(dataset[prefix + c].values[i, k]) for c in Index._fields}
                yield {
                    "output": str(output),
                    "kind": kind,
                    "name": str(name),
                    "members": str(dataset[f"{kind}_members"].values[i]),
                    **columns,
                    "effect": str(dataset["effect"].values[i]) if kind == "input" else "",
                }


def swing_rows(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the conditional answers as plain rows: one an output and pinned input."""
    if "pinned" not in dataset:
        return
    for k, output in enumerate(dataset["output"].values):
        for i, name in enumerate(dataset["pinned"].values):
            (low, high), (low_error, high_error) = (
                dataset["conditional"].values[i, :, k],
                dataset["conditional_error"].values[i, :, k],
            )
            value_low, value_high = dataset["pinned_value"].values[i]
            yield {
                "output": str(output),
                "units": str(dataset["output_units"].values[k]),
                "input": str(name),
                "input_unit": str(dataset["pinned_unit"].values[i]),
                "value_p10": None if math.isnan(value_low) else float(value_low),
                "value_p90": None if math.isnan(value_high) else float(value_high),
                "answer": float(dataset["answer"].values[k]),
                "answer_p10": float(low),
                "answer_p10_error": float(low_error),
                "answer_p90": float(high),
                "answer_p90_error": float(high_error),
                "swing_error": float(dataset["swing_error"].values[i, k]),
            }


TABLES = {"indices": index_rows, "swings": swing_rows}
"""Every table by the name of its file."""
