"""Where compiled code is kept between processes, and what is believed of it.

Numba's own cache looks at one file of sources only and would return a stale answer after an edit elsewhere, so it lives
in a folder named by a hash of every source file that a module is made of (`sources`) and of the versions of numba and
numpy: any change misses it. Nor would numba notice code that a power failure has cut short: each file ends with the
SHA-256 of what comes before, and one that is not whole is compiled anew.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.caching import FunctionCache, IndexDataCacheFile

from simulate import durable, sources
from simulate.errors import StorageError

HASH = hashlib.sha256().digest_size
config: Any = numba.config


def folder(module: str) -> Path | None:
    """A folder for the code of a module that only this user can write, or None: then every process compiles anew."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    versions = f"{sources.hash_of(module)}-{numba.__version__}-{np.__version__}-{sys.version}"
    place = base / "simulate" / hashlib.sha256(versions.encode()).hexdigest()[:16]
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for owned in (place, place.parent):
            status = owned.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
                return None
        (place / f".writable-{os.getpid()}").touch()
        (place / f".writable-{os.getpid()}").unlink()
    except OSError:
        return None
    return place


def is_kept(module: str) -> bool:
    """Whether code of a module is there already, so that a process need not compile it."""
    place = folder(module)
    return place is not None and any(place.glob("*.nbi"))


def keep(dispatcher: Any, place: Path) -> None:
    """Have numba keep the machine code of a function in a folder: what it does itself, but in files of our own.

    It has no public way to say which folder and files these are.
    """
    before = config.CACHE_DIR
    config.CACHE_DIR = str(place)
    try:
        dispatcher._cache = _Cache(dispatcher.py_func)
    finally:
        config.CACHE_DIR = before


class _Cache(FunctionCache):
    """The code of one function."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _WholeFiles(self._cache_path, self._impl.filename_base, stamp)


class _WholeFiles(IndexDataCacheFile):
    """Numba's two kinds of files, each with a hash at its end, which numba does not read."""

    def save(self, key: Any, data: Any) -> None:
        """Keep the code of a function; where that fails, the next process compiles it again."""
        try:
            super().save(key, data)
        except (OSError, StorageError) as error:
            logging.getLogger(__name__).warning("compiled code could not be kept, the run goes on: %s", error)

    def _load_index(self) -> dict[Any, str]:
        return super()._load_index() if _whole(self._index_path) else {}

    def _load_data(self, name: str) -> Any:
        if not _whole(self._data_path(name)):
            raise FileNotFoundError(name)  # as good as none, which numba is prepared for
        return super()._load_data(name)

    @contextmanager
    def _open_for_write(self, path: str) -> Iterator[io.BytesIO]:
        file = io.BytesIO()
        yield file
        content = file.getvalue()
        durable.replace(Path(path), content + hashlib.sha256(content).digest())


def _whole(path: str) -> bool:
    """Whether a file is there and ends with the hash of its content."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content[:-HASH]).digest() == content[-HASH:]
