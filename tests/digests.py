"""A program that prints fingerprints of results: the same work in another process, under other conditions.

`python digests.py forecast DRAWS HORIZON SET ...` runs each set (`baseline_2026`, or the number of a random set) and
prints a line for each: its name and the SHA-256 of every array of the result. `python digests.py values ...` does the
same with the 64-bit numbers of the kernel itself, of random sets in which every distribution is uniform: that is quick
enough for the uncompiled program too.
"""

from __future__ import annotations

import sys
from typing import Any

import numba
import numpy as np
from kernel_values import values
from random_sets import Row, assumption_set

from simulate import compose, forecast
from simulate.assumptions import build
from simulate.errors import Mistakes
from simulate.fingerprints import of_arrays, of_dataset

SEED = 20261122


def settings_for(name: str, horizon: float) -> dict[str, Any]:
    """A set by its name or number, up to a horizon."""
    if not name.isdecimal():
        return compose.settings(name, [f"horizon={horizon:g}"])[0]
    config = assumption_set(int(name))
    return {**config, "horizon": config["start"] + min(int(horizon) - 2026, config["horizon"] - config["start"])}


def evenly(row: Row) -> Row:
    """The same row, uniform between its ends."""
    if "value" in row or "formula" in row:
        return row
    stated = row["parts"][1] if "parts" in row else row
    low, high = stated.get("low"), stated.get("high")
    if "quantiles" in row:
        low, high = row["quantiles"][0][1], row["quantiles"][-1][1]
    elif "mean" in row:
        low, high = row["mean"] - row["sd"] / 2, row["mean"] + row["sd"] / 2
    elif "median" in row:
        low, high = 0.95 * row["median"], 1.05 * row["median"]
    rest: Row = {key: row[key] for key in ("unit", "at", "each", "kind", "quantity") if key in row}
    return {"dist": "uniform", "low": low, "high": high, "interval": 1, **rest}


def of_forecast(name: str, horizon: float, draws: int) -> str:
    """The fingerprint of a set's result, or what it is refused with."""
    try:
        return of_dataset(forecast.run(build(settings_for(name, horizon)), draws, SEED, keep="draws"))
    except Mistakes as refusal:
        return str(refusal)


def of_values(name: str, horizon: float, draws: int) -> str:
    """The fingerprint of every number that the kernel computes for a random set."""
    config = settings_for(name, horizon)
    for table in ("inputs", "thresholds"):
        config[table] = {key: evenly(row) for key, row in config[table].items()}
    config["inputs"] |= {
        key: assumption_set(int(name))["inputs"][key] for key in ("lift", "ratio") if key in config["inputs"]
    }
    found = values(config, draws, SEED)
    arrays = {"binding": found.binding, "broken": found.broken}
    for kind in ("inputs", "results", "crossing"):
        arrays |= {f"{kind} {key}": array for key, array in getattr(found, kind).items()}
    return of_arrays(arrays)


def name_the_fields() -> None:
    """Let the uncompiled program read records as the compiler does: by attribute."""
    for module in [module for name, module in sys.modules.items() if name.startswith("simulate")]:
        for name, kind in list(vars(module).items()):
            if isinstance(kind, np.dtype) and kind.names and kind.type is np.void:
                setattr(module, name, np.dtype((np.record, kind)))


def main(what: str, draws: int, horizon: float, names: list[str]) -> None:
    """Print the fingerprint of each set."""
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        name_the_fields()
    for name in names:
        print(name, (of_values if what == "values" else of_forecast)(name, horizon, draws), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
