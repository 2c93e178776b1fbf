"""What the NumPy models read of an assumption set: marginals from its fields, the kernel units, laws and limits.

Only what `baseline_2026` uses is known here: another family, law or a derived row is `Unknown`, never a silent
change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from simulate import assumptions, compose, layout
from simulate.drivers import DRIVERS
from simulate.drivers.declare import Path
from simulate.rows import Row
from simulate.units import Operation


class Unknown(ValueError):
    """Something of a set that a model, which is written for `baseline_2026`, does not know."""


LN_10 = math.log(10.0)
QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
DATE_BINS = 128  # cells of a year in which crossing dates are counted

#: The laws and limits of baseline_2026, which models that are written for it alone know.
LAWS = {
    "gwp": ("exponential", "none"), "spend": ("lead-time", "logistic"),
    "price_performance": ("exponential", "logistic"),
    "run_length": ("exponential", "hard"), "chip": ("decaying", "logistic"), "power": ("decaying", "logistic"),
    "efficiency": ("exponential", "logistic"), "token": ("exponential", "none"), "trend": ("two-regime", "none"),
    "algorithm": ("exponential", "logistic"),
}  # fmt: skip
ACTIVE = {"money", "chips", "power", "data", "trend"}


class Marginal(NamedTuple):
    """One drawn row: family and parameters, the probabilities kept of a cut normal, and the way to a kernel value."""

    name: str
    family: str
    p: tuple[float, ...]
    kept: tuple[float, float] | None
    operation: Operation
    factor: float
    unit: str  # of the kernel


@dataclass
class Table:
    """A set, read."""

    years: np.ndarray
    start: float
    marginals: dict[str, Marginal] = field(default_factory=dict)
    certain: dict[str, float] = field(default_factory=dict)  # in kernel units
    written: dict[str, float] = field(default_factory=dict)  # certain rows as written
    units: dict[str, str] = field(default_factory=dict)
    laws: dict[str, tuple[str, str, float]] = field(default_factory=dict)  # path -> law, limit, start
    stock_at: float = 0.0
    correlated: tuple[str, ...] = ()
    factor: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    thresholds: dict[str, str] = field(default_factory=dict)  # name -> largest_run or largest_effective
    inputs: tuple[str, ...] = ()  # watched, as the kernel names them
    results: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    spend_shared: bool = False


def read(name: str = "baseline_2026") -> Table:
    """Compose a set as the command does and read it."""
    settings, where = compose.settings(name)
    checked = assumptions.build(settings, where)
    if checked.sharpness or checked.quantities or any(checked.ceilings.values()):
        raise Unknown("smooth minimum, own quantities and own ceilings")
    table = Table(checked.years, checked.start, units=_kernel_units(), active=checked.active)
    dates = {row_name: row.at for row_name, row in checked.rows.items() if row.at is not None}
    for path, choice in checked.paths.items():
        since = dates.get(f"{path}_start", dates.get(f"{path}_growth", checked.start))
        table.laws[path] = choice.law, choice.limit, since
    table.stock_at = dates.get("chip_stock_start", checked.start)
    table.correlated, table.factor = checked.correlations.names, checked.correlations.factor
    for row_name, row in checked.rows.items():
        _take(table, row_name, settings["inputs"][row_name], row)
    for row_name, threshold in checked.thresholds.items():
        table.units[f"threshold:{row_name}"] = "log10 FLOP"
        table.thresholds[row_name] = threshold.quantity
        _take(table, f"threshold:{row_name}", settings["thresholds"][row_name], threshold.row)
    for item_name, default in _defaults().items():
        if item_name not in table.marginals:
            table.certain.setdefault(item_name, default)
    table.inputs = (*checked.rows, *(f"threshold:{k}" for k in checked.thresholds))
    table.results = (*checked.units, *(f"ceiling:{k}" for k in checked.ceilings))
    table.spend_shared = "spend_limit_share" in checked.rows
    if set(table.thresholds.values()) - {"largest_run", "largest_effective"}:
        raise Unknown("thresholds of other quantities")
    return table


def _kernel_units() -> dict[str, str]:
    found: dict[str, str] = {}
    for driver in DRIVERS.values():
        found |= {row.name: row.unit for path in layout.paths(driver) for row in layout.path_rows(path)}
        found |= {item.name: item.unit for item in layout.inputs(driver)}
    return found


def _defaults() -> dict[str, float]:
    """Inputs and starts that a set may leave out."""
    items = [item for driver in DRIVERS.values() for item in layout.inputs(driver) if item.default is not None]
    paths: list[Path] = [path for driver in DRIVERS.values() for path in layout.paths(driver)]
    starts = {f"{path.name}_start": path.start for path in paths if path.start is not None}
    return {item.name: item.default for item in items if item.default is not None} | starts


def _take(table: Table, name: str, fields: dict[str, Any], row: Row) -> None:
    if row.formula or row.yearly or row.conversion is None or name.endswith("_volatility"):
        raise Unknown(f"{name}: formulas, yearly rows, volatility and rows that no driver reads")
    operation, factor = Operation(row.conversion.operation), row.conversion.factor
    marginal = Marginal(name, "", (), None, operation, factor, table.units[name])
    if row.certain is not None:
        table.written[name] = row.certain
        table.certain[name] = float(to_kernel(marginal, np.asarray(row.certain)))
        return
    family, p, kept = _family({k: v for k, v in fields.items() if v is not None})
    table.marginals[name] = marginal._replace(family=family, p=p, kept=kept)


def _family(fields: dict[str, Any]) -> tuple[str, tuple[float, ...], tuple[float, float] | None]:
    """Family, parameters and kept probabilities of a row's fields."""
    family, low, high = fields["dist"], float(fields["low"]), float(fields["high"])
    tail = (1.0 - fields.get("interval", 0.8)) / 2.0
    floor, roof = float(fields.get("min", -math.inf)), float(fields.get("max", math.inf))
    cut = math.isfinite(floor) or math.isfinite(roof)
    if family in ("normal", "lognormal"):
        if family == "lognormal":
            low, high, roof = math.log(low), math.log(high), math.log(roof)
            floor = math.log(floor) if floor > 0.0 else -math.inf
        middle, sd = 0.5 * (low + high), 0.5 * (high - low) / -float(ndtri(tail))
        kept = (float(ndtr((floor - middle) / sd)), float(ndtr((roof - middle) / sd)))
        return family, (middle, sd), kept if cut else None
    if family == "metalog":
        return family, _metalog(low, float(fields["mid"]), high, tail, floor, roof), None
    if family == "loguniform":
        low, high = math.log(low), math.log(high)
    if cut or family not in ("uniform", "loguniform", "triangular") or (family == "triangular" and tail):
        raise Unknown(f"{family} with these fields")
    if family == "triangular":
        return family, (low, float(fields["mode"]), high), None
    wide = (high - low) / (1.0 - 2.0 * tail)
    return family, (low - tail * wide, wide), None


def _metalog(low: float, mid: float, high: float, tail: float, floor: float, roof: float) -> tuple[float, ...]:
    """Middle, slope and skew of the stretched metalog, and its bounds."""

    def stretch(x: float) -> float:
        if math.isinf(floor) and math.isinf(roof):
            return x
        return (math.log(x - floor) if math.isfinite(floor) else 0.0) - (
            math.log(roof - x) if math.isfinite(roof) else 0.0
        )

    y = [stretch(x) for x in (low, mid, high)]
    odds = math.log((1.0 - tail) / tail)
    return y[1], 0.5 * (y[2] - y[0]) / odds, (y[2] + y[0] - 2.0 * y[1]) / (odds * (1.0 - 2.0 * tail)), floor, roof


def to_kernel(one: Marginal, written: np.ndarray) -> np.ndarray:
    """Written values in the kernel's unit."""
    match one.operation:
        case Operation.SCALE:
            return one.factor * written
        case Operation.SHIFT:
            return written + one.factor
        case Operation.LOG:
            return np.log10(written) + one.factor
        case Operation.PERCENT_GROWTH:
            return np.log10(1.0 + written / 100.0)
        case Operation.INVERSE:
            return one.factor / written
        case _:
            return one.factor * 10.0**written


def per_e_fold(unit: str) -> float:
    """What turns a kernel value into natural logarithms: levels and growth rates times ln 10, years per OOM over it."""
    if unit.startswith("log10 ") or unit == "OOM/yr":
        return LN_10
    return 1.0 / LN_10 if unit == "years per OOM" else 1.0


def logged(one: Marginal) -> bool:
    """Whether the logarithm of what is written is watched."""
    return one.family in ("lognormal", "loguniform") or one.operation is Operation.LOG


def only_known(table: Table) -> None:
    """Refuse a set that is not like `baseline_2026`, for models that are written for its laws and ceilings alone."""
    laws = {name: law[:2] for name, law in table.laws.items()}
    dates = {law[2] for name, law in table.laws.items() if name != "token"} | {table.stock_at}
    if laws != LAWS or set(table.active) != ACTIVE or dates != {table.start} or not table.spend_shared:
        raise Unknown("other laws, limits, starts or ceilings than those of baseline_2026")
    if "spend_limit" in table.marginals | table.certain or table.certain["algorithm_start"]:
        raise Unknown("a limit of spend beside its share, algorithms that start above 1")
