"""The fast mathematics on whole arrays, for the Python side: tables and checks use the same bits as the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate import fastmath
from simulate.compiled import entry

Array = NDArray[np.float64]
LOG, LOG10, EXP, EXP10, NORMAL_QUANTILE, NORMAL_PROBABILITY = range(6)


@entry
def _apply(function, x, out):
    if function == LOG:
        for i in range(x.size):
            out[i] = fastmath.log(x[i])
    elif function == LOG10:
        for i in range(x.size):
            out[i] = fastmath.log10(x[i])
    elif function == EXP:
        for i in range(x.size):
            out[i] = fastmath.exp(x[i])
    elif function == EXP10:
        for i in range(x.size):
            out[i] = fastmath.exp10(x[i])
    elif function == NORMAL_QUANTILE:
        for i in range(x.size):
            out[i] = fastmath.normal_quantile(x[i])
    else:
        for i in range(x.size):
            out[i] = fastmath.normal_probability(x[i])


def _call(function: int, x: ArrayLike) -> Any:
    given = np.asarray(x, dtype=np.float64)
    flat = np.ascontiguousarray(given).reshape(-1)
    out = np.empty_like(flat)
    _apply(function, flat, out)
    return float(out[0]) if given.ndim == 0 else out.reshape(given.shape)


def log(x: ArrayLike) -> Any:
    """Natural logarithm, elementwise; a float for a number."""
    return _call(LOG, x)


def log10(x: ArrayLike) -> Any:
    """Base-10 logarithm, elementwise."""
    return _call(LOG10, x)


def exp(x: ArrayLike) -> Any:
    """e**x, elementwise."""
    return _call(EXP, x)


def exp10(x: ArrayLike) -> Any:
    """10**x, elementwise."""
    return _call(EXP10, x)


def normal_quantile(u: ArrayLike) -> Any:
    """The normal quantile of u in (0, 1), elementwise."""
    return _call(NORMAL_QUANTILE, u)


def normal_probability(z: ArrayLike) -> Any:
    """P(Z <= z), elementwise."""
    return _call(NORMAL_PROBABILITY, z)
