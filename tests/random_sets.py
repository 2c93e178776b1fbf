"""Random assumption sets: every driver, law, limit, family and unit, in tame sizes.

A number is first chosen in the kernel's unit (a level in log10, a growth in OOM/yr) as an interval, and then written in
some spelling of its unit as some family, so that all spellings and families meet all rows. `assumption_set(17)` is the
same set in every run and on every machine, so a failing test needs to name no more than the number. `mixed_set(17)` is
that set with hypotheses, which change its rows, laws, limits, ceilings and thresholds, and with evidence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any, NamedTuple

from reference_mixture import of_hypothesis

from simulate import units
from simulate.units import Conversion, Operation

Row = dict[str, Any]
LAW_ROWS: dict[str, tuple[tuple[str, str, float, float], ...]] = {  # name, kernel unit, smallest, largest
    "exponential": (),
    "two-regime": (("growth_after", "OOM/yr", 0.01, 0.3), ("slowdown", "date", 2024.0, 2034.0)),
    "reversion": (("growth_after", "OOM/yr", 0.02, 0.3), ("reversion", "year", 0.5, 12.0)),
    "decaying": (("half_life", "year", 1.0, 15.0),),
    "lead-time": (("delay", "years per OOM", 0.2, 2.0),),
    "superexponential": (("acceleration", "1", 0.001, 0.15),),
}
LIMITS = ("none", "hard", "logistic", "exponential")
#: Quadrature (chips, reversion) is exact to 1e-9 for smooth and slow growth only: see `test_laws.py`.
SMOOTH_LAWS, SMOOTH_LIMITS = ("exponential", "reversion", "decaying", "lead-time"), ("none", "logistic", "exponential")


class Wanted(NamedTuple):
    """A row of a driver: kernel unit, and between which kernel values it may lie."""

    unit: str
    low: float
    high: float
    optional: bool = False
    yearly: bool = False  # whether the row may be drawn every year
    strict: bool = True  # whether a value outside would have no meaning


class PathWanted(NamedTuple):
    """A path: kernel unit of its level, where it starts, and how fast it grows at most."""

    unit: str
    low: float
    high: float
    fastest: float = 0.7


PATHS: dict[str, dict[str, PathWanted]] = {
    "economy": {"gwp": PathWanted("log10 USD2023", 13.8, 14.3, 0.05)},
    "investment": {"spend": PathWanted("log10 USD2023", 8.0, 10.0)},
    "hardware": {"price_performance": PathWanted("log10 FLOP/USD2023", 17.0, 18.5, 0.3)},
    "run": {"run_length": PathWanted("log10 s", 6.5, 7.5, 0.1)},
    "chips": {"chip": PathWanted("log10 H100e/yr", 6.0, 7.5, 0.5)},
    "power": {"power": PathWanted("log10 W", 8.0, 9.0, 0.5), "efficiency": PathWanted("log10 FLOP/J", 11.5, 12.3, 0.3)},
    "data": {"token": PathWanted("log10 token", 13.5, 15.0, 0.2)},
    "latency": {"machine": PathWanted("log10 FLOP/s", 19.0, 22.0, 0.5)},
    "trend": {"trend": PathWanted("log10 FLOP", 25.5, 27.5)},
    "algorithms": {"algorithm": PathWanted("log10 1", -0.5, 0.5)},
}
ROWS: dict[str, dict[str, Wanted]] = {
    "investment": {"spend_limit_share": Wanted("log10 1", -4.5, -1.7, optional=True)},
    "run": {
        "utilisation": Wanted("log10 1", -0.7, -0.05, yearly=True),
        "largest_run_start": Wanted("log10 FLOP", 25.0, 28.0, optional=True),
    },
    "chips": {
        "chip_stock_start": Wanted("log10 H100e", 6.5, 8.0),
        "chip_retirement": Wanted("1/yr", 0.01, 0.5, optional=True, yearly=True),
        "chip_share": Wanted("log10 1", -3.0, -0.1, yearly=True),
        "chip_flops": Wanted("log10 FLOP/s", 14.8, 15.5, yearly=True),
    },
    "data": {
        "token_quality": Wanted("log10 1", -2.0, -0.01, optional=True, yearly=True),
        "token_epochs": Wanted("log10 1", 0.0, 1.0, optional=True, yearly=True),
        "token_modalities": Wanted("log10 1", 0.0, 1.5, optional=True),
        "synthetic_tokens": Wanted("log10 token/yr", 12.0, 15.0, optional=True, yearly=True),
        "tokens_per_parameter": Wanted("log10 token/parameter", 0.5, 2.0),
    },
    "latency": {
        "latency_per_layer": Wanted("log10 s", -4.0, -3.0),
        "layers_reference": Wanted("log10 1", 1.8, 2.3),
        "layer_scaling": Wanted("1", 0.1, 0.4),
        "batch_reference": Wanted("log10 token", 6.5, 8.5),
        "batch_scaling": Wanted("1", 0.2, 0.5),
        "parameters_reference": Wanted("log10 parameter", 11.0, 12.5),
    },
    "algorithms": {
        "algorithm_compute_share": Wanted("1", 0.01, 0.98, optional=True),
        "algorithm_reference_growth": Wanted("OOM/yr", 0.3, 1.0, optional=True),
    },
}
NEEDS = {"chips": ("run",), "power": ("run",), "latency": ("run", "data")}
DRIVERS = tuple(PATHS)


@cache
def accepted(kernel_unit: str) -> dict[str, Conversion]:
    """Spellings of a unit."""
    found = units.accepted(kernel_unit)
    return {unit: way for unit, way in found.items() if kernel_unit != "1" or unit not in ("OOM", "log10")}


def written(conversion: Conversion, kernel: float) -> float:
    """What one has to write so that the kernel reads this value."""
    operation, factor, _ = conversion
    if operation is Operation.SCALE:
        return kernel / factor
    if operation is Operation.SHIFT:
        return kernel - factor
    if operation is Operation.LOG:
        return float(10.0 ** (kernel - factor))
    if operation is Operation.PERCENT_GROWTH:
        return float(100.0 * (10.0**kernel - 1.0))
    if operation is Operation.INVERSE:
        return factor / kernel
    return math.log10(kernel / factor)


def family_row(pick: Random, low: float, high: float, floor: float, roof: float) -> Row:
    """A distribution in any family whose bulk lies between low and high, and all of it between floor and roof."""
    width = high - low
    middle = low + width * pick.uniform(0.3, 0.7)
    ends: Row = {"low": low, "high": high}
    level: Row = pick.choice([{}, {"interval": 0.5}, {"interval": 0.9}, {"interval": 0.95}])
    table: dict[str, Row] = {
        "normal": {"dist": "normal", **ends, **level},
        "moments": {"dist": "normal", "mean": middle, "sd": 0.3 * width},
        "uniform": {"dist": "uniform", **ends, **level},
        "triangular": {"dist": "triangular", **ends, "mode": middle, **level},
        "beta": {"dist": "beta", **ends, "mode": middle, **level},
        "quantiles": {"quantiles": [[0.1, low], [0.45, middle], [0.9, high]]},
        "mixture": {
            "dist": "mixture",
            "parts": [
                {"weight": 0.25, "value": middle},
                {"weight": 0.35, "dist": "normal", **ends},
                {"weight": 0.4, "dist": "triangular", **ends, "mode": middle, "interval": 0.7},
            ],
        },
        "all_uniform": {"dist": "uniform", **ends, "interval": 1},
        "all_triangular": {"dist": "triangular", **ends, "mode": middle, "interval": 1},
        "all_beta": {"dist": "beta", **ends, "mode": middle, "interval": 1},
    }
    if low > 0.0:
        table |= {
            "lognormal": {"dist": "lognormal", **ends, **level},
            "median": {"dist": "lognormal", "median": middle, "sd_ln": 0.1},
            "loguniform": {"dist": "loguniform", **ends, **level},
        }
    bounds = {name: end for name, end in (("min", floor), ("max", roof)) if math.isfinite(end)}
    if floor < low and high < roof:
        table["metalog"] = {"dist": "metalog", **ends, "mid": _symmetric(low, high, floor, roof), **bounds}
    family = pick.choice(sorted(table))
    if "beta" in family and pick.randint(0, 9):
        family = "triangular"  # a beta takes up to a second to lay out
    if family == "metalog" or family.startswith("all"):
        return table[family]
    if pick.randint(0, 2) == 0:
        bounds["min"] = max(floor, low - 0.2 * width)
    if pick.randint(0, 2) == 0:
        bounds["max"] = min(roof, high + 0.3 * width)
    return {**table[family], **bounds}


def _symmetric(low: float, high: float, floor: float, roof: float) -> float:
    """A median that a metalog between floor and roof can always have: the middle of its stretched axis."""
    if math.isinf(floor) and math.isinf(roof):
        return 0.45 * low + 0.55 * high
    if math.isinf(roof):
        return floor + math.sqrt((low - floor) * (high - floor))
    odds = math.sqrt((low - floor) / (roof - low) * (high - floor) / (roof - high))
    return floor + (roof - floor) * odds / (1.0 + odds)


def row_of(pick: Random, wanted: Wanted) -> Row:
    """A row whose kernel values lie mostly within what is wanted, in any spelling, as a value or any family."""
    centre = pick.uniform(wanted.low, wanted.high)
    reach = pick.uniform(0.02, 0.5) * min(wanted.high - wanted.low, 1.5)
    low, high = max(wanted.low, centre - reach), min(wanted.high, centre + reach)
    if high - low < 1e-3 * (wanted.high - wanted.low):
        low, high = wanted.low, wanted.high
    if wanted.unit == "date":
        return {**family_row(pick, low, high, 1950.0, 2400.0), "unit": "year"}
    spellings = accepted(wanted.unit)
    unit = pick.choice(sorted(spellings))
    conversion = spellings[unit]
    a, b = sorted(written(conversion, value) for value in (low, high))
    floor, roof = sorted(written(conversion, value) for value in (wanted.low, wanted.high))
    if not wanted.strict:
        floor, roof = (
            (conversion.above + 0.1 * (a - conversion.above) if conversion.above > -1e9 else -math.inf),
            math.inf,
        )
    if pick.randint(0, 4) == 0:
        return {"value": a, "unit": unit}
    row = family_row(pick, a, b, floor, roof)
    each = {"each": "year"} if wanted.yearly and pick.randint(0, 3) == 0 else {}
    return {**row, "unit": unit, **each}


def path_of(pick: Random, prefix: str, wanted: PathWanted) -> tuple[Row, dict[str, Row]]:
    """The options of a path and its rows."""
    smooth = prefix == "chip"
    law = pick.choice(SMOOTH_LAWS if smooth else sorted(LAW_ROWS))
    limit = pick.choice(SMOOTH_LIMITS if smooth else LIMITS)
    found: dict[str, Row] = {
        f"{prefix}_start": row_of(pick, Wanted(wanted.unit, wanted.low, wanted.high, strict=False))
    }
    strict = smooth or law == "reversion"
    found[f"{prefix}_growth"] = row_of(pick, Wanted("OOM/yr", 0.1 * wanted.fastest, wanted.fastest, strict=strict))
    for name, unit, low, high in LAW_ROWS[law]:
        slowest = 2.0 if smooth and name == "reversion" else low  # what turns in months is not smooth in a year
        found[f"{prefix}_{name}"] = row_of(pick, Wanted(unit, slowest, high))
    if limit != "none":
        found[f"{prefix}_limit"] = row_of(pick, Wanted(wanted.unit, wanted.high, wanted.high + 4.0, strict=False))
    if pick.randint(0, 3) == 0:
        found[f"{prefix}_volatility"] = row_of(pick, Wanted("OOM/yr", 0.02, 0.1 if smooth else 0.2))
    if pick.randint(0, 3) == 0:
        found[f"{prefix}_start"]["at"] = pick.choice([2022, 2024.5, 2026.25, 2027])
    return {"law": law, "limit": limit}, found


def drivers(pick: Random) -> tuple[dict[str, Any], dict[str, Row]]:
    """Some drivers with all that they need."""
    names = set(pick.sample(DRIVERS, pick.randint(1, 6)))
    names |= {other for name in names for other in NEEDS.get(name, ())}
    if not names - {"economy", "hardware", "run", "algorithms"}:
        names.add("trend")
    chosen: dict[str, Any] = {}
    inputs: dict[str, Row] = {}
    for name in pick.sample(sorted(names), len(names)):
        chosen[name] = {}
        for number, (prefix, wanted) in enumerate(PATHS[name].items()):
            if prefix == "machine" and pick.random() < 0.5:
                continue
            options, found = path_of(pick, prefix, wanted)
            if number == 0:
                chosen[name] |= options
            else:
                chosen[name][prefix] = options
            inputs |= found
        for row_name, row_wanted in ROWS.get(name, {}).items():
            if row_name == "spend_limit_share" and "economy" not in names:
                continue
            if not row_wanted.optional or pick.random() < 0.5:
                inputs[row_name] = row_of(pick, row_wanted)
    if "chip_stock_start" in inputs and pick.randint(0, 3) == 0:
        inputs["chip_stock_start"]["at"] = pick.choice([2023, 2025.5])
    if "spend_limit_share" in inputs and pick.random() < 0.5:
        inputs.pop("spend_limit", None)  # the share alone
    return chosen, inputs


FREE = {  # inputs that only formulas read
    "lift": {"dist": "normal", "low": -0.3, "high": 0.4, "unit": "OOM"},
    "ratio": {"dist": "lognormal", "low": 0.5, "high": 3, "interval": 0.9, "unit": "1"},
    "wobble": {"dist": "uniform", "low": -0.2, "high": 0.2, "interval": 1, "unit": "OOM", "each": "year"},
    "certain": {"value": 0.25, "unit": "fraction"},
}
DERIVED = (
    ("clip(lift, -0.1, 0.2) + where(ratio > 1, certain, 2*certain)", "OOM/yr"),
    ("1.2 + abs(lift)/2 + min(ratio, 2, 1.5)/4", "x/yr"),
    ("20 + 10*(ratio >= 1) + floor(10*certain)*sqrt(ratio)", "%/yr"),
    ("12/max(ratio, 0.4, certain)", "months to double"),
    ("0.2 + 0.1*log10(ratio) + 0.02*exp(lift)*round(ratio)", "OOM/yr"),
    ("log(2)/(2 + ratio**0.5)", "nat/yr"),
)
OWN = (  # formula and unit; {q} is some quantity of the set
    ("26 + 0.4*(year - start_year) + lift", "log10 FLOP"),
    ("10**(0.1*(year - start_year))*ratio*1e26", "FLOP"),
    ("{q} + wobble", "OOM"),
    ("previous({q}, 1) + {q}", "OOM"),
    ("{q} - previous({q})", "OOM/yr"),
    ("where({q} > 9 and not lift > 0, year - 2000, clip({q}, 0, 30))", "OOM"),
)
OWN_CEILINGS = (
    ("27 + 0.5*(year - start_year) + lift + wobble", "log10 FLOP"),
    ("1e27*ratio*3**(year - start_year)", "FLOP"),
    ("26 + {q}/20", "log10 FLOP"),
    ("previous(largest_run, 26.5) + 0.6 - certain", "log10 FLOP"),
)


def correlations(pick: Random, table: dict[str, Row]) -> list[list[Any]]:
    """Pairs and at most one chain of three, which always are possible together."""
    able = [
        name
        for name, row in table.items()
        if "value" not in row and "formula" not in row and row.get("dist") != "mixture" and "each" not in row
    ]
    names = pick.sample(able, min(len(able), pick.randint(0, 7)))
    found = []
    if len(names) >= 3 and pick.random() < 0.5:
        a, b, c, *names = names
        found += [[a, b, pick.uniform(-0.6, 0.6)], [c, b, pick.uniform(-0.6, 0.6)]]
    while len(names) >= 2:
        a, b, *names = names
        found.append([a, b, pick.uniform(-0.95, 0.95)])
    return found


def assumption_set(number: int) -> dict[str, Any]:
    """Composed assumption set number `number`."""
    pick = Random(number)
    chosen, inputs = drivers(pick)
    inputs |= {name: dict(row) for name, row in FREE.items()}
    tame = [name.removesuffix("_reversion") for name in inputs if name.endswith("_reversion")]
    growths = sorted(n for n in inputs if n.endswith("_growth") and n.removesuffix("_growth") not in [*tame, "chip"])
    for name in pick.sample(growths, min(len(growths), pick.randint(0, 2))):
        formula, unit = pick.choice(DERIVED)
        inputs[name] = {"formula": formula, "unit": unit}
    start = pick.choice([2026, 2026, 2025.5])
    step = pick.choice([1, 1, 0.5, 0.3333333333])
    found: dict[str, Any] = {"name": "random", "start": start, "horizon": start + pick.randint(1, 9), "step": step}
    units_of = quantities_of(chosen, inputs)
    known = sorted(units_of)
    quantities: dict[str, Row] = {"start_year": {"formula": str(start), "unit": "OOM"}}
    for number, (formula, unit) in enumerate(pick.choices(OWN, k=pick.randint(0, 3))):
        text = formula.replace("{q}", pick.choice(known))
        quantities[f"own_{number}"] = {"formula": text, "unit": unit}
    if "hardware" not in chosen and "investment" in chosen and pick.random() < 0.5:
        text = "17.5 + 0.15*(year - start_year) + lift"
        quantities["price_performance"] = {"formula": text, "unit": "log10 FLOP/USD2023"}
    ceilings: dict[str, Row] = {}
    for number, (formula, unit) in enumerate(pick.choices(OWN_CEILINGS, k=pick.randint(0, 2))):
        text = formula.replace(
            "{q}", pick.choice([name for name in known if name != "algorithm_gain"] or ["start_year"])
        )
        ceilings[f"bound_{number}"] = {"formula": text, "unit": unit}
    stated = [*by_drivers(chosen, quantities), *ceilings]
    if not stated:
        ceilings["bound"] = {"formula": "26.5 + ratio*(year - start_year)/4", "unit": "log10 FLOP"}
        stated = ["bound"]
    levels = thresholds(pick, chosen, units_of)
    found |= {
        "drivers": chosen,
        "inputs": inputs,
        "quantities": quantities,
        "ceilings": ceilings,
        "inactive": sorted(pick.sample(stated, pick.randint(0, len(stated) - 1))),
        "sharpness": pick.choice([None, None, 1, 8.5, 60]),
        "thresholds": levels,
    }
    for name in unread(found, {}):
        del inputs[name]
    return {**found, "correlations": correlations(pick, inputs | levels)}


def unread(config: dict[str, Any], evidence: Mapping[str, Row]) -> list[str]:
    """Inputs that only formulas read, and none does."""
    tables = (*(config[name] for name in ("inputs", "quantities", "ceilings", "thresholds")), evidence)
    texts = [str(row.get("formula", row.get("loglik", ""))) for table in tables for row in table.values()]
    return [name for name in FREE if name in config["inputs"] and not any(re.search(rf"\b{name}\b", t) for t in texts)]


def by_drivers(chosen: dict[str, Any], quantities: dict[str, Row]) -> list[str]:
    """Ceilings that the drivers state."""
    names = [name for name in ("chips", "power", "data", "latency", "trend") if name in chosen]
    buys = "hardware" in chosen or "price_performance" in quantities
    return [*(["money"] if "investment" in chosen and buys else []), *names]


def quantities_of(chosen: dict[str, Any], inputs: dict[str, Row]) -> dict[str, str]:
    """Quantities of the chosen drivers that a formula can read, with their units."""
    other_names = {"token": "token_stock", "chip": "chip_output", "algorithm": "algorithm_gain"}
    found = {}
    for driver in chosen:
        for path, wanted in PATHS[driver].items():
            if path != "machine" or "machine_start" in inputs:
                found[other_names.get(path, path)] = wanted.unit
    found |= {"chips": "log10 H100e"} if "chips" in chosen else {}
    return found | ({"tokens": "log10 token"} if "data" in chosen else {})


def thresholds(pick: Random, chosen: dict[str, Any], units_of: dict[str, str]) -> dict[str, Row]:
    """Thresholds of every kind."""
    quantity = pick.choice(sorted(units_of))
    unit = units_of[quantity].replace("log10 1", "OOM")
    low = {"OOM": 0.0, "log10 s": 6.7, "log10 USD2023": 9.0}.get(unit, 14.0)
    found: dict[str, Row] = {
        "certain_level": {"value": pick.uniform(1e26, 1e30), "unit": "FLOP"},
        "uncertain": row_of(pick, Wanted("log10 FLOP", 26.0, 31.0, yearly=True)),
        "derived": {"formula": "27 + 2*lift + (ratio > 1)", "unit": "log10 FLOP"},
        "moving": {"formula": "27 + (year - 2026)/8 + lift", "unit": "log10 FLOP"},
        "relative": {"formula": "10**(previous(largest_run, 25) + 0.5)", "unit": "FLOP"},
        "looked_at": {"quantity": quantity, "value": low + pick.uniform(0.0, 2.0), "unit": unit},
    }
    if "algorithms" in chosen:
        found["effective"] = {**row_of(pick, Wanted("log10 FLOP", 26.5, 32.0)), "kind": "effective"}
    return found


def wanted_rows(config: dict[str, Any]) -> dict[str, Wanted]:
    """Rows of the drivers of a set that a hypothesis may state anew: not correlated, with what is wanted of them."""
    tied = {name for pair in config["correlations"] for name in pair[:2]}
    found: dict[str, Wanted] = {}
    for driver in config["drivers"]:
        for prefix, path in PATHS[driver].items():
            found[f"{prefix}_start"] = Wanted(path.unit, path.low, path.high, strict=False)
            found[f"{prefix}_growth"] = Wanted("OOM/yr", 0.1 * path.fastest, path.fastest)
        found |= ROWS.get(driver, {})
    return {name: wanted for name, wanted in found.items() if name in config["inputs"] and name not in tied}


def row_in(pick: Random, wanted: Wanted, unit: str) -> Row:
    """A distribution as `row_of` gives it, in a certain unit."""
    while True:
        row = row_of(pick, wanted)
        if row["unit"] == unit and "value" not in row:
            return row


def other_rows(pick: Random, config: dict[str, Any]) -> Row:
    """A hypothesis about some inputs: other distributions, other families, or a certain value."""
    able = wanted_rows(config)
    found: dict[str, Row] = {}
    for name in pick.sample(sorted(able), min(len(able), pick.randint(1, 3))):
        stated = config["inputs"][name]
        if "low" in stated and pick.random() < 0.3:
            row: Row = {"value": 0.5 * (stated["low"] + stated["high"]), "unit": stated["unit"]}
        else:
            row = row_in(pick, able[name], stated["unit"])
        found[name] = row | ({"at": stated["at"]} if "at" in stated else {})
    return {"inputs": found}


def other_law(pick: Random, config: dict[str, Any]) -> Row:
    """A hypothesis about how a path grows and what bends it, with the rows that its law reads."""
    paths = [(driver, prefix) for driver in config["drivers"] for prefix in PATHS[driver]]
    driver, prefix = pick.choice([(d, p) for d, p in paths if f"{p}_start" in config["inputs"]])
    first = prefix == next(iter(PATHS[driver]))
    growth = wanted_rows(config).get(f"{prefix}_growth")
    laws = [*SMOOTH_LAWS] if prefix == "chip" else sorted(LAW_ROWS)
    law = pick.choice([law for law in laws if growth is not None or law != "reversion"])
    options: Row = {"law": law}
    if f"{prefix}_limit" in config["inputs"]:
        options["limit"] = pick.choice((SMOOTH_LIMITS if prefix == "chip" else LIMITS)[1:])
    found: dict[str, Row] = {
        f"{prefix}_{name}": row_of(pick, Wanted(unit, low, high))
        for name, unit, low, high in LAW_ROWS[law]
        if f"{prefix}_{name}" not in config["inputs"]
    }
    if law == "reversion" and growth is not None:
        found[f"{prefix}_growth"] = row_in(pick, growth, config["inputs"][f"{prefix}_growth"]["unit"])
    return {"drivers": {driver: options if first else {prefix: options}}, "inputs": found}


def other_ceilings(pick: Random, config: dict[str, Any]) -> Row:
    """A hypothesis about which ceilings count, and about those that the set states itself."""
    stated = [*by_drivers(config["drivers"], config["quantities"]), *config["ceilings"]]
    found: Row = {"inactive": sorted(pick.sample(stated, pick.randint(0, len(stated) - 1)))}
    if config["ceilings"]:
        name = pick.choice(sorted(config["ceilings"]))
        found["ceilings"] = {name: {"formula": "26.3 + 0.6*(year - start_year) + lift", "unit": "log10 FLOP"}}
    return found


def other_thresholds(pick: Random, config: dict[str, Any]) -> Row:
    """A hypothesis about levels, one of which follows from an input that the set does not have."""
    tied = {name for pair in config["correlations"] for name in pair[:2]}
    levels: dict[str, Row] = {"derived": {"formula": "26.5 + 2*lift + (ratio > 1) + extra", "unit": "log10 FLOP"}}
    if "uncertain" not in tied:
        levels["uncertain"] = row_in(pick, Wanted("log10 FLOP", 26.0, 31.0), config["thresholds"]["uncertain"]["unit"])
    return {"thresholds": levels, "inputs": {"extra": {"dist": "normal", "low": 0, "high": 1.5, "unit": "OOM"}}}


LOGLIKS = (
    "-(lift - 0.1)**2/(2*0.2**2)",
    "-4*(ratio > 1.2) - 0.3*(lift < 0)",
    "-exp(-3*lift)/4",
    "min(0, 2*log10(ratio))",
    "-6*abs(lift)",
)


def evidence(pick: Random, config: dict[str, Any]) -> dict[str, Row]:
    """Something seen of inputs, and of a quantity at a date that is mostly no instant."""
    found: dict[str, Row] = {}
    if pick.random() < 0.7:
        found["felt"] = {"loglik": pick.choice(LOGLIKS)}
    if pick.random() < 0.7:
        date = pick.choice([config["start"], config["horizon"], pick.uniform(config["start"], config["horizon"])])
        sort = {"quantity": "training_compute", "value": 10 ** pick.uniform(26.0, 28.0), "unit": "FLOP"}
        if pick.random() < 0.3:
            looked_at = config["thresholds"]["looked_at"]
            sort = {key: looked_at[key] for key in ("quantity", "value", "unit")}
        found["seen"] = {**sort, "date": date, "sd": pick.uniform(0.4, 2.0)}
    return found


def mixed_set(number: int) -> dict[str, Any]:
    """Composed assumption set number `number` with two to four hypotheses, and with evidence in most."""
    config, pick = assumption_set(number), Random(f"hypotheses of {number}")
    cuts = sorted(pick.randint(0, 100) for _ in range(pick.randint(1, 3)))
    shares = [(b - a) / 100 for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
    stated: dict[str, Row] = {}
    first: dict[str, Row] = {}  # a row has one unit under all hypotheses
    for k, share in enumerate(shares):
        changes: Row = {}
        for change in pick.sample([other_rows, other_law, other_ceilings, other_thresholds], pick.randint(0, 3)):
            for key, value in change(pick, config).items():
                changes[key] = value if key == "inactive" else {**changes.get(key, {}), **value}
        if pick.random() < 0.2:
            changes["sharpness"] = 7
        for name, row in changes.get("inputs", {}).items():
            same = "unit" not in row or first.setdefault(name, row)["unit"] == row["unit"]
            changes["inputs"][name] = row if same else first[name]
        stated[f"variant_{k}"] = {"weight": share, **changes}
    found = {**config, "hypotheses": stated, "evidence": evidence(pick, config)}
    nowhere = [set(unread(of_hypothesis(found, changes), found["evidence"])) for changes in stated.values()]
    for name in set.intersection(*nowhere):
        for changes in stated.values():
            changes.setdefault("inputs", {})[name] = None
    return found
