"""Memory in large pages, for what the kernel reads and writes all over: with small ones it waits an eighth of its time
for where they lie.

NumPy asks the system for large pages where an array has at least 4 MiB, so each array here is a part of one that has.
Where the system has none to give, nothing is lost: memory that is not touched is not taken.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

ENOUGH = 4 << 20  # bytes from which NumPy asks
PAGE = 2 << 20  # bytes, and where one can begin


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """An array of zeros at the beginning of a large page."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(max(size, ENOUGH) + PAGE, np.uint8)
    start = -room.ctypes.data % PAGE
    return room[start : start + size].view(dtype).reshape(shape)
