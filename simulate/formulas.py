"""Derived inputs, quantities and levels: a small safe language.

A formula is one expression of + - * / **, comparisons, and/or/not and the functions of `FUNCTIONS`. There is no
attribute, no index and no name beyond the inputs and quantities of the set, `year` and `previous(quantity, first)`. It
is parsed by Python's parser and translated once to a postfix program, which `programs` runs.

To add a function: its name and arity in `FUNCTIONS`, its pass in `programs`.
"""

from __future__ import annotations

import ast
from enum import IntEnum, auto
from typing import NamedTuple

import numpy as np

from simulate.errors import did_you_mean

LONGEST, DEEPEST = 2000, 50


class Op(IntEnum):
    """Steps of a program; the first four push a row of the stack, the rest work on its top."""

    CONSTANT = auto()
    ROW = auto()
    YEAR = auto()
    PREVIOUS = auto()  # a row one step ago; at the first instant the row itself
    PREVIOUS_OR = auto()  # a row one step ago; at the first instant the top of the stack
    ADD = auto()
    SUBTRACT = auto()
    MULTIPLY = auto()
    DIVIDE = auto()
    POWER = auto()
    TEN_TO = auto()
    NEGATE = auto()
    LESS = auto()
    LESS_EQUAL = auto()
    EQUAL = auto()
    NOT_EQUAL = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    MIN = auto()
    MAX = auto()
    CLIP = auto()
    WHERE = auto()
    ROUND = auto()
    FLOOR = auto()
    ABS = auto()
    SQRT = auto()
    LOG = auto()
    LOG10 = auto()
    EXP = auto()


#: name -> (step, smallest and largest number of arguments)
FUNCTIONS: dict[str, tuple[Op, int, int]] = {
    "min": (Op.MIN, 2, 20),
    "max": (Op.MAX, 2, 20),
    "clip": (Op.CLIP, 3, 3),
    "where": (Op.WHERE, 3, 3),
    "round": (Op.ROUND, 1, 1),
    "floor": (Op.FLOOR, 1, 1),
    "abs": (Op.ABS, 1, 1),
    "sqrt": (Op.SQRT, 1, 1),
    "log": (Op.LOG, 1, 1),
    "log10": (Op.LOG10, 1, 1),
    "exp": (Op.EXP, 1, 1),
}
RESERVED = {"year", "previous", *FUNCTIONS, "and", "or", "not", "inf", "nan", "pi", "e"}
_BINARY = {
    ast.Add: Op.ADD,
    ast.Sub: Op.SUBTRACT,
    ast.Mult: Op.MULTIPLY,
    ast.Div: Op.DIVIDE,
    ast.Pow: Op.POWER,
}
_COMPARE: dict[type, tuple[Op, bool]] = {  # step, whether the operands change places
    ast.Lt: (Op.LESS, False),
    ast.LtE: (Op.LESS_EQUAL, False),
    ast.Gt: (Op.LESS, True),
    ast.GtE: (Op.LESS_EQUAL, True),
    ast.Eq: (Op.EQUAL, False),
    ast.NotEq: (Op.NOT_EQUAL, False),
}


class Step(NamedTuple):
    """One step of a program; `argument` is a number for CONSTANT and a name for the steps that read a row."""

    op: Op
    argument: float | str = 0.0


class Formula(NamedTuple):
    """A parsed formula: its text, its program, the names it needs now and those it needs of the step before."""

    text: str
    steps: tuple[Step, ...]
    names: frozenset[str]
    earlier: frozenset[str]
    depth: int

    @property
    def moves(self) -> bool:
        """Whether the result can change from year to year by itself."""
        return bool(self.earlier) or any(step.op is Op.YEAR for step in self.steps)


class BadFormula(Exception):
    """The text is no formula of this language; the message says what and the way out."""


def parse(text: object) -> Formula:
    """Translate a formula; raises `BadFormula`."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        text = repr(text)
    if not isinstance(text, str) or not text.strip():
        raise BadFormula('a formula is a text such as "25 + 5/7*(x - 25)"')
    if len(text) > LONGEST:
        raise BadFormula(f"longer than {LONGEST} characters; split it into rows of their own")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadFormula(f"not an expression ({type(error).__name__}); write it as in `a*(b - 1)**2`") from None
    translator = _Translator()
    translator.visit(tree.body, 0)
    return Formula(
        text.strip(),
        tuple(translator.steps),
        frozenset(translator.names),
        frozenset(translator.earlier),
        translator.depth,
    )


class _Translator:
    """Walks the syntax tree, emits steps, and follows how deep the stack becomes."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.names: set[str] = set()
        self.earlier: set[str] = set()
        self.height = 0
        self.depth = 0

    def emit(self, op: Op, argument: float | str = 0.0, change: int = 0) -> None:
        self.steps.append(Step(op, argument))
        self.height += change
        self.depth = max(self.depth, self.height)

    def visit(self, node: ast.expr, level: int) -> None:
        if level > DEEPEST:
            raise BadFormula(f"nested deeper than {DEEPEST}; split it into rows of their own")
        if isinstance(node, ast.Constant):
            if isinstance(node.value, bool) or not isinstance(node.value, int | float):
                raise BadFormula(f"{ast.unparse(node)[:40]} is no number")
            value = float(node.value) if abs(node.value) < 1e308 else np.inf
            if not np.isfinite(value):
                raise BadFormula("a number is too large")
            self.emit(Op.CONSTANT, value, +1)
        elif isinstance(node, ast.Name):
            if node.id == "year":
                self.emit(Op.YEAR, 0.0, +1)
            elif node.id in FUNCTIONS or node.id == "previous":
                raise BadFormula(f"{node.id} is a function: write {node.id}(...)")
            else:
                self.names.add(node.id)
                self.emit(Op.ROW, node.id, +1)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
            self.visit(node.operand, level + 1)
            if not isinstance(node.op, ast.UAdd):
                self.emit(Op.NEGATE if isinstance(node.op, ast.USub) else Op.NOT)
        elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            if isinstance(node.op, ast.Pow) and isinstance(node.left, ast.Constant) and node.left.value == 10:
                self.visit(node.right, level + 1)
                self.emit(Op.TEN_TO)
            else:
                self.visit(node.left, level + 1)
                self.visit(node.right, level + 1)
                self.emit(_BINARY[type(node.op)], 0.0, -1)
        elif isinstance(node, ast.BoolOp):
            self._fold(node.values, Op.AND if isinstance(node.op, ast.And) else Op.OR, level)
        elif isinstance(node, ast.Compare):
            self._compare(node, level)
        elif isinstance(node, ast.Call):
            self._call(node, level)
        else:
            allowed = "+ - * / **, comparisons, and or not, " + " ".join([*FUNCTIONS, "previous", "year"])
            raise BadFormula(f"`{ast.unparse(node)[:40]}` is not in the language, which has {allowed}")

    def _fold(self, nodes: list[ast.expr], op: Op, level: int) -> None:
        self.visit(nodes[0], level + 1)
        for node in nodes[1:]:
            self.visit(node, level + 1)
            self.emit(op, 0.0, -1)

    def _compare(self, node: ast.Compare, level: int) -> None:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
            raise BadFormula("write one comparison at a time: `(a < b) and (b < c)`")
        op, swapped = _COMPARE[type(node.ops[0])]
        sides = [node.left, node.comparators[0]]
        for side in reversed(sides) if swapped else sides:
            self.visit(side, level + 1)
        self.emit(op, 0.0, -1)

    def _call(self, node: ast.Call, level: int) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise BadFormula("functions take plain arguments")
        if name == "previous":
            self._previous(node, level)
            return
        if name not in FUNCTIONS:
            shown = ast.unparse(node.func)[:40]
            raise BadFormula(f"`{shown}` is no function here{did_you_mean(shown, [*FUNCTIONS, 'previous'])}")
        op, fewest, most = FUNCTIONS[name]
        if not fewest <= len(node.args) <= most:
            raise BadFormula(f"{name} takes {fewest if fewest == most else f'{fewest} or more'} arguments")
        if op in (Op.MIN, Op.MAX):
            self._fold(node.args, op, level)
            return
        for argument in node.args:
            self.visit(argument, level + 1)
        self.emit(op, 0.0, 1 - len(node.args))

    def _previous(self, node: ast.Call, level: int) -> None:
        if len(node.args) not in (1, 2) or not isinstance(node.args[0], ast.Name):
            raise BadFormula("write previous(quantity) or previous(quantity, first)")
        name = node.args[0].id
        self.earlier.add(name)
        if len(node.args) == 2:
            self.visit(node.args[1], level + 1)
            self.emit(Op.PREVIOUS_OR, name)
        else:
            self.names.add(name)
            self.emit(Op.PREVIOUS, name, +1)
