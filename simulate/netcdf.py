"""A result as a netCDF file and back, without loss: infinities, text of any kind, dictionaries among the attributes.

NetCDF attributes hold numbers and text only. Dictionaries, lists, truth values, None and integers beyond 64 bits are
written as JSON, and one attribute lists which ones, so that reading gives back what was saved.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import durable, stored_json
from simulate.errors import IntegrityError, StorageError

if TYPE_CHECKING:
    import xarray as xr

_JSON = "json_attributes"
_FORMAT = "simulate_format"


def write(dataset: xr.Dataset, path: Path, version: int) -> str:
    """Write the result as a new file, to the disk, and return its SHA-256. Raises OSError or StorageError."""
    stored = dataset.copy()
    stored.attrs = _encoded(dataset.attrs) | {_FORMAT: version}
    for name, variable in stored.variables.items():
        variable.attrs = _encoded(variable.attrs)
        if variable.dtype.kind in "OUT":
            text = np.array([_text(v) for v in variable.values.ravel()], dtype=object).reshape(variable.shape)
            stored[name] = (variable.dims, text, variable.attrs)
    floats = {str(name): {"_FillValue": None} for name, v in stored.variables.items() if v.dtype.kind == "f"}
    try:
        stored.to_netcdf(path, engine="netcdf4", format="NETCDF4", encoding=floats)
    except RuntimeError as error:  # HDF5 does not tell a full disk from other trouble
        raise StorageError(
            f"{path}: {error} (is the disk full?); "
            f"needs about {dataset.nbytes:,} bytes, {durable.free(path):,} bytes are free"
        ) from error
    durable.sync(path)
    return sha256(path)


def read(path: Path, version: int) -> xr.Dataset:
    """Return the whole result in memory, its file closed. Raises IntegrityError where it is none of ours, or newer."""
    import xarray as xr

    try:
        dataset = xr.load_dataset(path, engine="netcdf4", decode_times=False, decode_timedelta=False)
    except (RuntimeError, ValueError, OSError) as error:
        raise IntegrityError(f"{path}: is no readable netCDF file ({error})") from error
    try:
        written = int(dataset.attrs.pop(_FORMAT, 0))
    except (ValueError, TypeError, OverflowError) as error:
        raise stored_json.damaged(path, error) from error
    if not 1 <= written <= version:
        said = f"format {written}, this program reads up to {version}" if written else "was not written by this program"
        raise IntegrityError(f"{path}: {said}")
    dataset.encoding = {}
    _check_texts(dataset.attrs, path)
    dataset.attrs = plain_attributes(dataset.attrs, path)
    for variable in dataset.variables.values():
        variable.encoding = {}
        variable.attrs = plain_attributes(variable.attrs, path)
    return dataset


def plain_attributes(attrs: Mapping[Any, Any], where: object = "result") -> dict[str, Any]:
    """Return attributes as plain Python values, those that were stored as JSON decoded.

    Raises IntegrityError, which calls their file `where`, for what is no JSON.
    """
    decoded = str(attrs.get(_JSON, "")).split("\n")
    plain = {str(k): v.item() if isinstance(v, np.generic) else v for k, v in attrs.items() if k != _JSON}
    return {k: stored_json.parse(str(v), where) if k in decoded else v for k, v in plain.items()}


def _check_texts(attrs: Mapping[Any, Any], path: Path) -> None:
    """Texts that say to be JSON are read as such by whoever needs them: none may exhaust the stack then."""
    for value in attrs.values():
        if isinstance(value, str) and value.startswith(("[", "{")):
            try:
                json.loads(value)
            except RecursionError as error:
                raise stored_json.damaged(path, error) from error
            except ValueError:
                pass  # a title in brackets is a title


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _encoded(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    as_json: list[str] = []
    for key, value in attrs.items():
        value = value.item() if isinstance(value, np.generic) else value
        simple = isinstance(value, (str, float)) or (isinstance(value, int) and -(2**63) <= value < 2**63)
        if simple and not isinstance(value, bool):
            result[key] = _text(value) if isinstance(value, str) else value
        else:
            result[key] = json.dumps(value)
            as_json.append(key)
    return result | ({_JSON: "\n".join(as_json)} if as_json else {})


def _text(value: Any) -> str:
    """Return text that netCDF can hold: no unpaired surrogate, no NUL (which would end it)."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
