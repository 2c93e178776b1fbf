"""Units: every spelling means what it says, equal amounts are equal, and a wrong unit is answered with the right ones.

The second opinion knows the same units by a table of its own; here both are held against it and against sums that one
can do by hand. A growth rate can be written as a factor, a percentage, a doubling time or in orders of magnitude; what
the kernel reads must be the same to the last digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
import reference_model as oracle
from kernel_values import settings_of, values

from simulate import layout, units
from simulate.assumptions import build
from simulate.conversion import in_kernel_unit
from simulate.drivers import DRIVERS
from simulate.errors import Mistakes

DOLLARS = {year: units.DOLLARS[f"USD{year}"] for year in units.PRICES}
TREND = {"trend_start": (26, "log10 FLOP"), "trend_growth": (4, "x/yr")}


def kernel_units() -> list[str]:
    """Every kernel unit that some driver asks for."""
    found = {row.unit for d in DRIVERS.values() for path in layout.paths(d) for row in layout.path_rows(path)}
    return sorted(found | {item.unit for d in DRIVERS.values() for item in layout.inputs(d)})


ALL = [(kernel, spelling) for kernel in kernel_units() for spelling in units.accepted(kernel)]


def read(kernel: str, spelling: str, written: float) -> float:
    return in_kernel_unit(units.accepted(kernel)[spelling], written)


@pytest.mark.parametrize(("kernel", "spelling"), ALL)
def test_every_spelling_equals_the_second_opinion(kernel: str, spelling: str) -> None:
    logs = spelling.startswith("log10") or spelling in ("OOM", "OOM/yr", "nat/yr")
    for written in (0.3, 0.9, 1.5) if logs else (0.02, 1.0, 7.5, 1234.5):
        if kernel == "year":
            expected = oracle.linear(written, spelling, DOLLARS) / oracle.YEAR
        elif kernel == "1/yr":
            expected = oracle.rate(written, spelling, DOLLARS)
        elif kernel == "OOM/yr" or kernel.startswith("log10"):
            expected = oracle.level(written, spelling, DOLLARS)
        else:
            expected = oracle.linear(written, spelling, DOLLARS)
        if kernel == "1" and spelling in ("OOM", "log10"):
            continue  # see `test_an_order_of_magnitude_of_a_linear_row`
        assert read(kernel, spelling, written) == pytest.approx(float(expected), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("spelling", ["OOM", "log10"])
def test_an_order_of_magnitude_of_a_linear_row(spelling: str) -> None:
    """A row that the kernel reads linearly: -1 OOM is a tenth, as `log10 fraction` already has it."""
    assert read("1", "log10 fraction", -1.0) == pytest.approx(0.1)
    assert spelling not in units.accepted("1") or read("1", spelling, -1.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("written", "spelling", "oom"),
    [
        (2, "x/yr", 0.30103),
        (100, "%/yr", 0.30103),
        (1, "years to double", 0.30103),
        (12, "months to double", 0.30103),
        (0.30103, "OOM/yr", 0.30103),
        (0.693147, "nat/yr", 0.30103),
        (8, "months to halve", math.log10(2.8284271)),
        (8 / 12, "years to halve", math.log10(2.8284271)),
        (-50, "%/yr", -0.30103),
        (0.5, "x/yr", -0.30103),
        (10, "x/yr", 1.0),
    ],
)
def test_growth_by_hand(written: float, spelling: str, oom: float) -> None:
    assert read("OOM/yr", spelling, written) == pytest.approx(oom, abs=1e-6)


def test_equal_growths_are_equal() -> None:
    written = [(2, "x/yr"), (100, "%/yr"), (1, "years to double"), (12, "months to double"), (math.log(2), "nat/yr")]
    for value, spelling in written:
        assert read("OOM/yr", spelling, value) == pytest.approx(math.log10(2), rel=1e-15)


@pytest.mark.parametrize(
    ("kernel", "written", "spelling", "expected"),
    [
        ("log10 W", 3, "GW", 9.4771213),
        ("log10 W", 27.2, "MW", 7.4345689),
        ("log10 W", 6, "log10 kW", 9.0),
        ("log10 FLOP", 5e26, "FLOP", 26.69897),
        ("log10 FLOP", 25.5, "log10 FLOP", 25.5),
        ("log10 s", 1, "day", math.log10(86400)),
        ("log10 s", 3, "month", math.log10(0.25 * 365.25 * 86400)),
        ("log10 s", 440, "us", math.log10(440e-6)),
        ("log10 s", 2, "ms", math.log10(2e-3)),
        ("log10 1", 50, "%", math.log10(0.5)),
        ("log10 1", 0.5, "fraction", math.log10(0.5)),
        ("log10 1", 3, "OOM", 3.0),
        ("1", 20, "%", 0.2),
        ("1/yr", 20, "%/yr", 0.2),
        ("year", 6, "month", 0.5),
        ("year", 1461, "day", 4.0),
        ("years per OOM", 12, "months per OOM", 1.0),
        ("log10 USD2023", 1e9, "USD", 9.0),
        ("log10 USD2023", 1e9, "USD2010", math.log10(1e9 * 304.702 / 218.056)),
        ("log10 FLOP/USD2023", 1e18, "FLOP/USD2010", math.log10(1e18 * 218.056 / 304.702)),
        ("log10 FLOP/USD2023", 17.5, "log10 FLOP/USD2023", 17.5),
    ],
)
def test_amounts_by_hand(kernel: str, written: float, spelling: str, expected: float) -> None:
    assert read(kernel, spelling, written) == pytest.approx(expected, abs=1e-7)


def test_dollars_and_what_they_buy_move_in_opposite_ways() -> None:
    for year in units.PRICES:
        money = read("log10 USD2023", f"USD{year}", 1.0)
        bought = read("log10 FLOP/USD2023", f"FLOP/USD{year}", 1.0)
        assert money == pytest.approx(-bought, abs=1e-15)


def test_a_spelling_has_one_meaning() -> None:
    """Apart from the percentage (of growth, of a rate), which the row's driver tells apart."""
    seen: dict[str, str] = {}
    tables: dict[str, Iterable[str]] = {"growth": units.GROWTH, **units.AMOUNTS}
    for dimension, names in tables.items():
        for name in names:
            assert name not in seen or name == "%/yr", (name, seen[name], dimension)
            seen[name] = dimension
    assert set(seen) <= set(units.spellings())
    assert all(units.dimension_of(name) for name in units.spellings())


def test_a_row_of_a_block_equals_a_single_number() -> None:
    """A drawn row is converted on whole blocks, a certain one once: both by the same arithmetic."""
    for value, unit in ((3.7, "x/yr"), (41.0, "%/yr"), (9.0, "months to double"), (0.3, "OOM/yr")):
        narrow = {
            "dist": "uniform",
            "low": value * (1 - 1e-15),
            "high": value * (1 + 1e-15),
            "interval": 1,
            "unit": unit,
        }
        drawn = values(settings_of({**TREND, "trend_growth": narrow}, drivers={"trend": {}}))
        certain = values(settings_of({**TREND, "trend_growth": (value, unit)}, drivers={"trend": {}}))
        assert np.abs(drawn.results["trend"] - certain.results["trend"]).max() < 1e-13


@pytest.mark.parametrize("kernel", kernel_units())
def test_a_wrong_unit_lists_the_right_ones(kernel: str) -> None:
    names = {row.unit: row.name for d in DRIVERS.values() for path in layout.paths(d) for row in layout.path_rows(path)}
    names |= {item.unit: item.name for d in DRIVERS.values() for item in layout.inputs(d)}
    settings = settings_of({**TREND, names[kernel]: (1, "furlong")}, drivers={"trend": {}})
    with pytest.raises(Mistakes) as caught:
        build(settings)
    text = next(str(item) for item in caught.value.items if "furlong" in str(item))
    assert names[kernel] in text
    for spelling in units.accepted(kernel):
        assert spelling in text, spelling


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ({"value": 4, "unit": "FLOP"}, "growth rate"),
        ({"value": 4}, "no unit"),
        ({"value": 4, "unit": "x/year"}, "did you mean 'x/yr'"),
        ({"value": -1, "unit": "x/yr"}, "above 0"),
        ({"value": 0, "unit": "months to double"}, "above 0"),
        ({"value": -100, "unit": "%/yr"}, "above -100"),
        ({"value": 40, "unit": "x/yr"}, "40 %/yr"),
        ({"dist": "normal", "low": 1, "high": 3, "unit": "x/yr"}, "min"),
    ],
)
def test_what_a_growth_rate_cannot_mean(row: dict, hint: str) -> None:
    with pytest.raises(Mistakes) as caught:
        build(settings_of({**TREND, "trend_growth": row}, drivers={"trend": {}}))
    assert hint in str(caught.value)
