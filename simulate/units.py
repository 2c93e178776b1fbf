"""Units: how people write an amount, and what the kernel makes of it.

Every input has a *kernel unit*: a level is the log10 of its base unit (`log10 FLOP`), a growth rate is in orders of
magnitude a year (`OOM/yr`), anything else is linear (`year`, `1`). People write it in the unit in which their source
speaks. A spelling belongs to a *dimension*; a row whose unit has another dimension than the driver asks for is an error
that lists the accepted spellings. `2 x/yr = 100 %/yr = 1 years to double = 0.30103 OOM/yr`.

To add a spelling: one line in the table of its dimension.
"""

from __future__ import annotations

import math
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

LOG10_2, LOG10_E = 0.3010299956639812, 0.4342944819032518
DAY, YEAR = 86400.0, 365.25 * 86400.0  # seconds; a year is 365.25 days, a month a twelfth of it
MONTH = YEAR / 12.0


class Operation(IntEnum):
    """What turns a written value w into the kernel's, with factor f."""

    SCALE = 0  # f * w
    SHIFT = 1  # w + f
    LOG = 2  # log10(w) + f
    PERCENT_GROWTH = 3  # log10(1 + w / 100)
    INVERSE = 4  # f / w
    POWER = 5  # f * 10**w


class Conversion(NamedTuple):
    """From the written value to the kernel's; a written value must be above `above` to have a meaning."""

    operation: Operation
    factor: float
    above: float = -math.inf


#: Growth rates, to OOM/yr. An amount that halves in 8 months grows like one that doubles in 8: progress, not decay.
GROWTH = {
    "OOM/yr": Conversion(Operation.SCALE, 1.0),
    "nat/yr": Conversion(Operation.SCALE, LOG10_E),
    "x/yr": Conversion(Operation.LOG, 0.0, above=0.0),
    "%/yr": Conversion(Operation.PERCENT_GROWTH, 1.0, above=-100.0),
    "years to double": Conversion(Operation.INVERSE, LOG10_2, above=0.0),
    "months to double": Conversion(Operation.INVERSE, 12.0 * LOG10_2, above=0.0),
    "years to halve": Conversion(Operation.INVERSE, LOG10_2, above=0.0),
    "months to halve": Conversion(Operation.INVERSE, 12.0 * LOG10_2, above=0.0),
}

#: Consumer prices of the United States, yearly average (CPI-U, all items, 1982-84 = 100; Bureau of Labor Statistics,
#: series CUUR0000SA0, https://www.bls.gov/cpi/): what turns dollars of one year into dollars of 2023.
PRICES = {
    2010: 218.056,
    2011: 224.939,
    2012: 229.594,
    2013: 232.957,
    2014: 236.736,
    2015: 237.017,
    2016: 240.007,
    2017: 245.120,
    2018: 251.107,
    2019: 255.657,
    2020: 258.811,
    2021: 270.970,
    2022: 292.655,
    2023: 304.702,
    2024: 313.689,
}
DOLLARS = {"USD": 1.0} | {f"USD{year}": PRICES[2023] / price for year, price in PRICES.items()}

#: dimension -> spelling -> size of one such unit in the base unit (the first of each line)
AMOUNTS: dict[str, dict[str, float]] = {
    "FLOP": {"FLOP": 1.0},
    "FLOP/s": {"FLOP/s": 1.0},
    "FLOP/yr": {"FLOP/yr": 1.0},
    "USD2023": {"USD2023": 1.0} | DOLLARS,
    "FLOP/USD2023": {"FLOP/USD2023": 1.0} | {f"FLOP/{name}": 1.0 / size for name, size in DOLLARS.items()},
    "H100e": {"H100e": 1.0},
    "H100e/yr": {"H100e/yr": 1.0},
    "W": {"W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9},
    "FLOP/J": {"FLOP/J": 1.0},
    "token": {"token": 1.0},
    "token/yr": {"token/yr": 1.0},
    "parameter": {"parameter": 1.0},
    "token/parameter": {"token/parameter": 1.0},
    "s": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "day": DAY, "month": MONTH, "year": YEAR},
    "1": {"1": 1.0, "fraction": 1.0, "x": 1.0, "%": 0.01},
    "1/yr": {"1/yr": 1.0, "%/yr": 0.01},
    "years per OOM": {"years per OOM": 1.0, "months per OOM": 1.0 / 12.0},
    "page": {"page": 1.0},
    "byte": {"byte": 1.0},
    "bit/s": {"bit/s": 1.0},
    "km": {"km": 1.0},
    "image": {"image": 1.0},
    "model": {"model": 1.0},
}
IN_YEARS = {"year": 1.0, "month": 1.0 / 12.0, "day": DAY / YEAR, "s": 1.0 / YEAR}


def _amounts(dimension: str, in_log10: bool) -> dict[str, Conversion]:
    """Conversions of the written spellings of an amount to its linear or log10 kernel form."""
    found = {}
    for name, size in AMOUNTS[dimension].items():
        shift = float(Decimal(size).log10())  # the same bits on every machine
        if in_log10:
            found[name] = Conversion(Operation.LOG, shift, above=0.0)
            found[f"log10 {name}"] = Conversion(Operation.SHIFT, shift)
        else:
            found[name] = Conversion(Operation.SCALE, size)
            found[f"log10 {name}"] = Conversion(Operation.POWER, size)
    if dimension == "1" and in_log10:
        found["OOM"] = found["log10"] = Conversion(Operation.SHIFT, 0.0)
    return found


def accepted(kernel_unit: str) -> dict[str, Conversion]:
    """The spellings that can be turned into `kernel_unit`, each with its conversion.

    `kernel_unit` is "OOM/yr", "year" (linear years), "log10 X" or "X" with X a base unit.
    """
    if kernel_unit == "OOM/yr":
        return GROWTH
    if kernel_unit == "year":
        return {name: Conversion(Operation.SCALE, size) for name, size in IN_YEARS.items()}
    in_log10 = kernel_unit.startswith("log10 ")
    return _amounts(kernel_unit.removeprefix("log10 "), in_log10)


def dimension_of(written: str) -> str | None:
    """The dimension that a written unit belongs to, or None if no table knows it."""
    if written in GROWTH:
        return "OOM/yr"
    if written in ("OOM", "log10"):
        return "1"
    amount = written.removeprefix("log10 ")
    return next((dimension for dimension, names in AMOUNTS.items() if amount in names), None)


def log10_unit(written: str) -> str | None:
    """The kernel unit of a quantity whose formula result is `written`: its log10, or None for an unknown unit."""
    dimension = dimension_of(written)
    return None if dimension is None else dimension if dimension == "OOM/yr" else f"log10 {dimension}"


def spellings() -> list[str]:
    """Every known spelling, for the list of units and for suggestions."""
    amounts = [name for names in AMOUNTS.values() for name in names]
    return list(dict.fromkeys([*GROWTH, "OOM", "log10", *amounts, *(f"log10 {name}" for name in amounts)]))
