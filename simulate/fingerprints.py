"""Fingerprints of results: two results with the same one are the same to the last bit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def of_arrays(arrays: Mapping[str, Any]) -> str:
    """SHA-256 of named arrays: names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update("\0".join(map(str, array.ravel())).encode() if array.dtype.kind in "OU" else array.tobytes())
    return digest.hexdigest()


def of_dataset(dataset: xr.Dataset) -> str:
    """SHA-256 of every coordinate and variable."""
    return of_arrays({str(name): dataset[name].values for name in dataset.variables})
