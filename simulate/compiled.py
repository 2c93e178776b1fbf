"""How this project compiles: three decorators.

`inline` is for small functions of one number, `jit` for passes over a block of draws, both as `fragments` of what calls
them; `entry` is for the few functions that Python calls, and only those are stored (`code_cache`). Neither fast-math
nor division checks: the first changes answers, the second stops vectorisation.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numba

from simulate import code_cache
from simulate.fragments import fragment

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
inline = fragment(**OPTIONS, forceinline=True)
jit = fragment(**OPTIONS, nogil=True)


def entry(function):
    """Compile a function that Python calls, and keep the machine code for the next process."""
    compiled, folder = numba.njit(**OPTIONS, nogil=True)(function), code_cache.folder(function.__module__)
    if folder and not config.DISABLE_JIT:
        code_cache.keep(compiled, folder)
    return compiled
