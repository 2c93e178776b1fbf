"""How this project compiles: three decorators, and the one place where compiled code is kept on disk.

`inline` is for small functions of one number, `jit` for passes over a block of draws, `entry` for the few functions
that Python calls; only those are stored. Numba's own cache looks at one file only and would return a stale answer after
an edit elsewhere, so it lives in a folder named by a hash of every source file that the function's module is made of
(`sources`) and of the versions of numba and numpy: any change misses it. Neither fast-math nor division checks: the
first changes answers, the second stops vectorisation.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import numpy as np

from simulate import sources

config: Any = numba.config


def _use_wide_vectors() -> None:
    """Let the compiler use 512-bit vectors where the processor has them: it shuns them by default, at a third of the
    speed.

    The bits of a result do not depend on it. Whoever chose a target for numba keeps it.
    """
    if config.CPU_NAME is None and config.CPU_FEATURES is None:
        features = llvmlite.binding.get_host_cpu_features()
        if features.get("avx512f") and features.get("avx512dq") and features.get("avx512vl"):
            config.CPU_NAME = llvmlite.binding.get_host_cpu_name()
            config.CPU_FEATURES = features.flatten() + ",-prefer-256-bit"


_use_wide_vectors()

#: No function makes arrays, so none needs to count references to them (a tenth of the time, and a third of the
#: compilation).
OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
inline = numba.njit(**OPTIONS, forceinline=True)
jit = numba.njit(**OPTIONS, nogil=True)


def _cache_folder(module: str) -> Path | None:
    """A folder for the code of a module that only this user can write, or None: then every process compiles anew."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    versions = f"{sources.hash_of(module)}-{numba.__version__}-{np.__version__}-{sys.version}"
    folder = base / "simulate" / hashlib.sha256(versions.encode()).hexdigest()[:16]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for owned in (folder, folder.parent):
            status = owned.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
                return None
        (folder / f".writable-{os.getpid()}").touch()
        (folder / f".writable-{os.getpid()}").unlink()
    except OSError:
        return None
    return folder


def entry(function):
    """Compile a function that Python calls, and keep the machine code for the next process."""
    folder = _cache_folder(function.__module__)
    if folder is None:
        return jit(function)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        # Safe, though numba checks the file of `function` alone: the folder is named by a hash of every file that its
        # module is made of (see `_cache_folder`), so that what is found there was compiled from these very sources.
        return numba.njit(**OPTIONS, nogil=True, cache=True)(function)
    finally:
        config.CACHE_DIR = before
