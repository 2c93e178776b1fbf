"""The block: everything that 512 draws hold, as one record whose fields are arrays, worked out from what the drivers
declare.

In the kernel a path is `x.spend` (with `x.spend.value`, `x.spend.growth` ...) and an input or quantity is
`x.utilisation[i]`; the compiler resolves the names, so reading well costs nothing. The same memory is also a plain
matrix `rows`, shape (row, draw), in which the parts that know no driver by name (sampling, formulas, histograms) find
their way by a row number that was looked up once, by name, before the run. Behind the record's rows follow those that
belong to one assumption set: written values, own quantities, levels of thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from simulate.blocks import DRAWS
from simulate.drivers import DRIVERS
from simulate.drivers.declare import Ceiling, Input, Path, Quantity, Scratch
from simulate.laws import PARAMETERS, PATH, RULE

#: Results that belong to no driver.
TRAINING = (
    Quantity("training_compute", "log10 FLOP", "training compute of the largest run that all active ceilings allow"),
    Quantity("largest_run", "log10 FLOP", "training compute of the largest run so far"),
    Quantity(
        "effective_compute", "log10 FLOP", "effective compute of that run: training compute times the algorithmic gain"
    ),
    Quantity("largest_effective", "log10 FLOP", "largest effective compute so far"),
)
ROW = ("f8", (DRAWS,))


def paths(driver: ModuleType) -> tuple[Path, ...]:
    """The paths of a driver."""
    return getattr(driver, "PATHS", ())


def inputs(driver: ModuleType) -> tuple[Input, ...]:
    """The inputs of a driver beside its paths' rows."""
    return getattr(driver, "INPUTS", ())


def quantities(driver: ModuleType) -> tuple[Quantity, ...]:
    """All results of a driver: its paths' levels, then its other quantities."""
    levels = tuple(Quantity(path.quantity, path.unit, path.meaning) for path in paths(driver))
    return levels + getattr(driver, "QUANTITIES", ())


def ceiling(driver: ModuleType) -> Ceiling | None:
    """The ceiling that a driver states, if any."""
    return getattr(driver, "CEILING", None)


class PathRow(NamedTuple):
    """One row of the table that a path reads."""

    name: str  # spend_growth
    unit: str  # kernel unit
    meaning: str
    path: Path
    parameter: str  # growth


def path_rows(path: Path) -> Iterator[PathRow]:
    """The rows that a path can read, each with its kernel unit."""
    for parameter, (unit, meaning) in PARAMETERS.items():
        row_unit = path.unit if unit == "level" else unit
        yield PathRow(f"{path.name}_{parameter}", row_unit, f"{path.meaning}: {meaning}", path, parameter)


def _block() -> np.dtype[Any]:
    fields: list[tuple[Any, ...]] = []
    for driver in DRIVERS.values():
        fields += [(path.name, PATH) for path in paths(driver)]
        fields += [(item.name, *ROW) for item in (*inputs(driver), *getattr(driver, "QUANTITIES", ()))]
        fields += [_scratch(item) for item in getattr(driver, "SCRATCH", ())]
        stated = ceiling(driver)
        if stated:
            fields.append((f"{stated.name}_compute", *ROW))
    fields += [(quantity.name, *ROW) for quantity in TRAINING]
    return np.dtype([*fields, ("binding", *ROW), ("likelihood", *ROW), ("scratch", *ROW)])


def _scratch(item: Scratch | str) -> tuple[Any, ...]:
    return (item, *ROW) if isinstance(item, str) else (item.name, "f8", (item.rows, DRAWS))


def _rules() -> np.dtype[Any]:
    fields: list[tuple[Any, ...]] = []
    for driver in DRIVERS.values():
        fields += [(path.name, RULE) for path in paths(driver)]
        fields += [(f"{item.name}_at", "f8") for item in inputs(driver) if item.dated]
    return np.dtype([*fields, ("start", "f8"), ("sharpness", "f8")])


BLOCK = _block()
RULES = _rules()
ROWS = BLOCK.itemsize // (8 * DRAWS)  # rows of the record in the matrix


def row(name: str, part: str | None = None) -> int:
    """The place in the matrix of a field of the record, or of a part of a path."""
    fields = BLOCK.fields
    assert fields is not None
    offset = fields[name][1]
    if part is not None:
        inner = PATH.fields
        assert inner is not None
        offset += inner[part][1]
    return int(offset // (8 * DRAWS))


def record(rows: np.ndarray) -> Any:
    """The record over the first rows of a matrix, shape (row, draw)."""
    return rows[:ROWS].reshape(-1).view(BLOCK).view(np.recarray)[0]
