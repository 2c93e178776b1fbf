"""The stack machine that runs formulas: every step is a pass over a block of draws, with the same mathematics as the
drivers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from simulate.blocks import DRAWS, copy
from simulate.compiled import jit
from simulate.fastmath import exp, exp10, log, log10, power, round_even
from simulate.formulas import Formula, Op

#: One step as the stack machine reads it: what it does, and a place in the constants or a row (and another, see
#: PREVIOUS).
STEP = np.dtype([("op", "i8"), ("operand", "i8"), ("also", "i8")])
#: A formula: its steps, the row of its result, the conversion of the result, and the time (or stage) at which it runs.
FORMULA = np.dtype(
    [("first", "i8"), ("end", "i8"), ("row", "i8"), ("operation", "i8"), ("factor", "f8"), ("when", "i8")]
)


class Program(NamedTuple):
    """The steps of all formulas of a set, one after another, and their constants."""

    steps: np.ndarray  # (step,) STEP
    constants: np.ndarray  # (constant,)


class Assembler:
    """Translates formulas into one program; names become rows of the block's memory."""

    def __init__(self, row_of: Mapping[str, int], earlier_row_of: Mapping[str, int]) -> None:
        self.row_of, self.earlier_row_of = row_of, earlier_row_of
        self.steps: list[tuple[int, int, int]] = []
        self.constants: list[float] = [0.0]

    def add(self, formula: Formula) -> tuple[int, int]:
        """Append a formula; returns where its steps begin and end."""
        first = len(self.steps)
        for op, argument in formula.steps:
            operand = also = 0
            if op is Op.CONSTANT:
                operand = len(self.constants)
                self.constants.append(float(argument))
            elif op is Op.ROW:
                operand = self.row_of[str(argument)]
            elif op is Op.PREVIOUS:
                operand, also = self.earlier_row_of[str(argument)], self.row_of[str(argument)]
            elif op is Op.PREVIOUS_OR:
                operand = self.earlier_row_of[str(argument)]
            self.steps.append((int(op), operand, also))
        return first, len(self.steps)

    def program(self) -> Program:
        """Everything that was added."""
        return Program(np.array(self.steps, dtype=STEP), np.array(self.constants))


@jit
def _push(op, operand, also, constants, rows, out, year, first):
    if op == Op.CONSTANT:
        for i in range(DRAWS):
            out[i] = constants[operand]
    elif op == Op.YEAR:
        for i in range(DRAWS):
            out[i] = year
    else:
        source = rows[also] if op == Op.PREVIOUS and first else rows[operand]
        for i in range(DRAWS):
            out[i] = source[i]


@jit
def _one(op, a):
    """Functions of one argument, in place."""
    if op == Op.TEN_TO:
        for i in range(DRAWS):
            a[i] = exp10(a[i])
    elif op == Op.NEGATE:
        for i in range(DRAWS):
            a[i] = -a[i]
    elif op == Op.NOT:
        for i in range(DRAWS):
            a[i] = 1.0 if a[i] == 0.0 else 0.0
    elif op == Op.ROUND:
        for i in range(DRAWS):
            a[i] = round_even(a[i])
    elif op == Op.FLOOR:
        for i in range(DRAWS):
            a[i] = np.floor(a[i])
    elif op == Op.ABS:
        for i in range(DRAWS):
            a[i] = abs(a[i])
    elif op == Op.SQRT:
        for i in range(DRAWS):
            a[i] = np.sqrt(a[i])
    elif op == Op.LOG:
        for i in range(DRAWS):
            a[i] = log(a[i])
    elif op == Op.LOG10:
        for i in range(DRAWS):
            a[i] = log10(a[i])
    elif op == Op.EXP:
        for i in range(DRAWS):
            a[i] = exp(a[i])


@jit
def _two(op, a, b):
    """Functions of two arguments, into the first."""
    if op == Op.ADD:
        for i in range(DRAWS):
            a[i] = a[i] + b[i]
    elif op == Op.SUBTRACT:
        for i in range(DRAWS):
            a[i] = a[i] - b[i]
    elif op == Op.MULTIPLY:
        for i in range(DRAWS):
            a[i] = a[i] * b[i]
    elif op == Op.DIVIDE:
        for i in range(DRAWS):
            a[i] = a[i] / b[i]
    elif op == Op.POWER:
        for i in range(DRAWS):
            a[i] = power(a[i], b[i])
    elif op == Op.LESS:
        for i in range(DRAWS):
            a[i] = 1.0 if a[i] < b[i] else 0.0
    elif op == Op.LESS_EQUAL:
        for i in range(DRAWS):
            a[i] = 1.0 if a[i] <= b[i] else 0.0
    elif op == Op.EQUAL:
        for i in range(DRAWS):
            a[i] = 1.0 if a[i] == b[i] else 0.0
    elif op == Op.NOT_EQUAL:
        for i in range(DRAWS):
            a[i] = 1.0 if a[i] != b[i] else 0.0
    elif op == Op.AND:
        for i in range(DRAWS):
            a[i] = 1.0 if a[i] != 0.0 and b[i] != 0.0 else 0.0
    elif op == Op.OR:
        for i in range(DRAWS):
            a[i] = 1.0 if a[i] != 0.0 or b[i] != 0.0 else 0.0
    elif op == Op.MIN:
        for i in range(DRAWS):
            a[i] = b[i] if b[i] < a[i] or b[i] != b[i] else a[i]
    elif op == Op.MAX:
        for i in range(DRAWS):
            a[i] = b[i] if b[i] > a[i] or b[i] != b[i] else a[i]


@jit
def _three(op, a, b, c):
    """clip(a, b, c) and where(a, b, c), into the first."""
    if op == Op.CLIP:
        for i in range(DRAWS):
            a[i] = min(max(a[i], b[i]), c[i]) if a[i] == a[i] else a[i]
    else:
        for i in range(DRAWS):
            a[i] = b[i] if a[i] != 0.0 else c[i]


@jit
def evaluate(steps, constants, begin, end, rows, stack, year, first):
    """Run the steps from `begin` to `end`; the result is left in stack[0], shape (draw,). `first` is true at the
    first instant.
    """
    top = 0
    for k in range(begin, end):
        op, operand, also = steps[k].op, steps[k].operand, steps[k].also
        if op == Op.PREVIOUS_OR:
            if not first:
                copy(rows[operand], stack[top - 1])
        elif op <= Op.PREVIOUS:
            _push(op, operand, also, constants, rows, stack[top], year, first)
            top += 1
        elif op == Op.CLIP or op == Op.WHERE:
            _three(op, stack[top - 3], stack[top - 2], stack[top - 1])
            top -= 2
        elif Op.ADD <= op <= Op.POWER or Op.LESS <= op <= Op.OR or op == Op.MIN or op == Op.MAX:
            _two(op, stack[top - 2], stack[top - 1])
            top -= 1
        else:
            _one(op, stack[top - 1])
