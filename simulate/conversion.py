"""From the written unit to the kernel's, on a whole block: the one place where a unit becomes arithmetic."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from simulate.blocks import DRAWS
from simulate.compiled import entry, jit
from simulate.fastmath import exp10, log10
from simulate.units import Conversion, Operation

ONCE, EACH_BLOCK, EACH_YEAR = np.int64(0), np.int64(1), np.int64(2)  # when a row takes a new value


#: A written row, the kernel row that it fills, how, and when.
CONVERSION = np.dtype([("source", "i8"), ("target", "i8"), ("operation", "i8"), ("factor", "f8"), ("when", "i8")])


@jit
def convert(operation, factor, written, out):
    """Convert a block of written values, shape (draw,); `written` and `out` may be the same."""
    if operation == Operation.SCALE:
        for i in range(DRAWS):
            out[i] = factor * written[i]
    elif operation == Operation.SHIFT:
        for i in range(DRAWS):
            out[i] = written[i] + factor
    elif operation == Operation.LOG:
        for i in range(DRAWS):
            out[i] = log10(written[i]) + factor
    elif operation == Operation.PERCENT_GROWTH:
        for i in range(DRAWS):
            out[i] = log10(1.0 + written[i] / 100.0)
    elif operation == Operation.INVERSE:
        for i in range(DRAWS):
            out[i] = factor / written[i]
    else:
        for i in range(DRAWS):
            out[i] = factor * exp10(written[i])


@jit
def convert_rows(conversions, when, rows):
    """Convert every row that takes a new value at this time."""
    for k in range(len(conversions)):
        one = conversions[k]
        if one.when == when:
            convert(one.operation, one.factor, rows[one.source], rows[one.target])


@entry
def _convert_once(conversions, rows):
    convert_rows(conversions, ONCE, rows)


@entry
def _convert_block(operation, factor, written, out):
    convert(operation, factor, written, out)


def fill_certain(conversions: np.ndarray, rows: np.ndarray) -> None:
    """Fill the kernel rows of all inputs that are certain; a logarithm is rounded correctly, so 1e25 is exactly 25.

    The kernel's own logarithm may be one unit in the last place off, which is nothing in a draw but shows in a level.
    """
    logs = conversions[(conversions["when"] == ONCE) & (conversions["operation"] == Operation.LOG)]
    exact = [float(Decimal(float(rows[one["source"], 0])).log10()) + one["factor"] for one in logs]
    _convert_once(conversions, rows)
    for one, value in zip(logs, exact, strict=True):
        rows[one["target"]] = value


def in_kernel_unit(conversion: Conversion, written: float) -> float:
    """The kernel's value of one written value."""
    block = np.full(DRAWS, float(written))
    _convert_block(int(conversion.operation), conversion.factor, block, block)
    return float(block[0])
