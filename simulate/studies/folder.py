"""The run folder of a study over many runs: one Dataset, tables, figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate import netcdf, results, store
from simulate.store import Target

if TYPE_CHECKING:
    import xarray as xr

Figures = Mapping[str, Callable[[Any], Any]]


def save(dataset: xr.Dataset, target: Target, tables: Mapping[str, results.Rows], figures: Figures) -> Path:
    """Write `result.nc`, a CSV for each table and a PNG and SVG for each figure; returns the folder.

    Raises as `store.save_files` does.
    """
    from simulate.plots import style

    files = {"result.nc": _netcdf(dataset)}
    files |= {f"{name}.csv": results.csv_text(rows).encode() for name, rows in tables.items()}
    for name, figure in figures.items():
        ax = figure(dataset)
        files |= {f"{name}.{kind}": style.render(ax, kind) for kind in ("png", "svg")}
    keys = ("name", "draws", "seed", "config_hash", "source_hash", "versions")
    return store.save_files(files, target, {key: dataset.attrs[key] for key in keys})


def _netcdf(dataset: xr.Dataset) -> bytes:
    with tempfile.TemporaryDirectory(prefix="simulate-") as folder:
        path = Path(folder) / "result.nc"
        netcdf.write(dataset, path, store.FORMAT)
        return path.read_bytes()
