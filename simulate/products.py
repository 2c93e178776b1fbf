"""Products of arrays with the same bits everywhere: a library's adds up in an order that the processor chooses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def product(a: ArrayLike, b: ArrayLike) -> Any:
    """Sums over the last index of a and the first of b, each in the order of that index: `np.tensordot(a, b, 1)`."""
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    found = np.zeros(left.shape[:-1] + right.shape[1:])
    for k in range(left.shape[-1]):
        found += np.multiply.outer(left[..., k], right[k])
    return found[()]
