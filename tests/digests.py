"""Fingerprints of results, and a program that prints them: the same work in another process, under other conditions.

`python digests.py SET DRAWS HORIZON ...` runs each named set (`baseline_2026`, or the number of a random set) and prints
one line for each: its name and the SHA-256 of every array of the result.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import numpy as np
import xarray as xr
from random_sets import assumption_set

from simulate import compose, forecast
from simulate.assumptions import build


def of_arrays(arrays: dict[str, Any]) -> str:
    """SHA-256 of named arrays: names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.asarray(arrays[name])
        digest.update(f"{name} {values.dtype} {values.shape} ".encode())
        digest.update("\0".join(map(str, values.ravel())).encode() if values.dtype.kind in "OU" else values.tobytes())
    return digest.hexdigest()


def of_dataset(dataset: xr.Dataset) -> str:
    """SHA-256 of every coordinate and variable."""
    return of_arrays({str(name): dataset[name].values for name in dataset.variables})


def settings_for(name: str, horizon: float) -> dict[str, Any]:
    """A set by its name or number, up to a horizon."""
    if not name.isdecimal():
        return compose.settings(name, [f"horizon={horizon:g}"])[0]
    config = assumption_set(int(name))
    return {**config, "horizon": config["start"] + min(horizon - 2026, config["horizon"] - config["start"])}


def main(horizon: float, draws: int, names: list[str]) -> None:
    """Print the fingerprint of each set."""
    for name in names:
        print(name, of_dataset(forecast.run(build(settings_for(name, horizon)), draws, seed=20261122, keep="draws")))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
