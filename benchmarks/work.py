"""What the kernel does for a draw, counted: `NUMBA_DISABLE_JIT=1 python -m benchmarks.work` prints it as JSON.

The kernel runs uncompiled on a block of few draws. Its mathematics, random numbers and histograms report each call.
Every innermost loop over draws is told, as it is imported, how many arithmetic operations its body holds that differ
from draw to draw, and reports them each time round. Nothing is counted within what has reported already.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import inspect
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from types import CodeType, ModuleType
from typing import Any

import numpy as np

FEW = 8  # draws of a block
ARITHMETIC, DIVISION, UNIFORM, COUNT = "arithmetic", "division or root", "uniform", "count in a histogram"
TABLE, SCORE = "table look-up", "normal score"
HELPERS = ("fma", "to_bits", "from_bits")  # single instructions: fma is arithmetic, the others move bits
found: Counter[str] = Counter()
inside = 0


def note(name: str, times: int = 1) -> None:
    """Count, unless what calls has been counted as a whole."""
    if not inside:
        found[name] += times


def _noted_loop(arithmetic: int, divisions: int) -> None:
    note(ARITHMETIC, arithmetic)
    note(DIVISION, divisions)


class _Loops(ast.NodeTransformer):
    """Innermost loops over a range report the arithmetic of their body."""

    def visit_For(self, node: ast.For) -> Any:
        if any(isinstance(inner, ast.For) for statement in node.body for inner in ast.walk(statement)):
            return self.generic_visit(node)
        if isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name) and node.iter.func.id == "range":
            changing = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            counts = [_operations(statement, changing) for statement in node.body]
            arithmetic, divisions = (sum(side) for side in zip(*counts, strict=True))
            if arithmetic or divisions:
                report = ast.parse(f"__import__('benchmarks.work').work._noted_loop({arithmetic}, {divisions})").body
                node.body = report + node.body
        return node


def _operations(node: ast.AST, changing: set[str]) -> tuple[int, int]:
    """Operations (arithmetic; divisions and roots) on what changes in the loop; indices are addresses, not numbers."""
    arithmetic = divisions = 0
    varies = any(isinstance(n, ast.Name) and n.id in changing for n in ast.walk(node))
    if varies and isinstance(node, ast.BinOp | ast.AugAssign):
        divides = isinstance(node.op, ast.Div)
        arithmetic, divisions = int(not divides), int(divides)
    elif varies and isinstance(node, ast.Compare | ast.IfExp | ast.UnaryOp):
        arithmetic = 1
    elif varies and isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        arithmetic, divisions = int(name in ("min", "max", "abs", "floor", "fma")), int(name == "sqrt")
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Subscript) and child is node.slice:
            continue
        more = _operations(child, changing)
        arithmetic, divisions = arithmetic + more[0], divisions + more[1]
    return arithmetic, divisions


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return compile(ast.fix_missing_locations(_Loops().visit(ast.parse(self.get_data(path)))), path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Modules of the package, with loops that report."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if not name.startswith("simulate."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(name, spec.loader.path)
        return spec


def mathematics() -> dict[str, Callable[..., Any]]:
    """The compiled functions of one or two numbers."""
    from simulate import fastmath

    return {
        name: function
        for name, function in vars(fastmath).items()
        if getattr(function, "__module__", "") == fastmath.__name__ and name[0] != "_" and name not in HELPERS
    }


def _reporting(name: str, function: Callable[..., Any], many: Callable[..., int]) -> Callable[..., Any]:
    def reports(*arguments: Any) -> Any:
        global inside
        note(name, many(*arguments))
        if name == COUNT:  # its records have fields that Python takes for methods
            return None
        inside += 1
        try:
            return function(*arguments)
        finally:
            inside -= 1

    return reports


def _watch() -> None:
    """Put a reporting function in the place of each one that is counted as a whole."""
    from simulate import binning, philox, scores, summary, tables

    summary.Sum.take = lambda *_: 0  # type: ignore[method-assign, assignment]  # nothing is in the histograms
    places = list(inspect.signature(binning.count).parameters).index("many")
    wanted = {function: (name, lambda *_: 1) for name, function in mathematics().items()}
    wanted[tables.look_up] = (TABLE, lambda *_: 1)
    wanted[philox.uniforms] = (UNIFORM, lambda *_: FEW)
    wanted[scores.normal_scores] = (SCORE, lambda *_: FEW)
    wanted[binning.count] = (COUNT, lambda *arguments: arguments[places])
    changed = {function: _reporting(name, function, many) for function, (name, many) in wanted.items()}
    for name, module in list(sys.modules.items()):
        if name.startswith("simulate."):
            for key, value in list(vars(module).items()):
                if inspect.isfunction(value) and value in changed:
                    setattr(module, key, changed[value])


def _by_attribute() -> None:
    """Let uncompiled code read fields of records as compiled code does."""
    for name, module in list(sys.modules.items()):
        if name.startswith("simulate."):
            for key, kind in list(vars(module).items()):
                if isinstance(kind, np.dtype) and kind.names and kind.type is np.void:
                    setattr(module, key, np.dtype((np.record, kind)))


def count() -> dict[str, float]:
    """Counts for a draw of the default set, by name."""
    sys.meta_path.insert(0, _Finder())
    from simulate import blocks

    blocks.DRAWS = FEW
    from benchmarks.kernel_run import KernelRun

    _by_attribute()
    _watch()
    kernel = KernelRun()
    found.clear()
    kernel.worker.run(1, 0, 1, FEW)  # one block, without the adding of tasks
    return {name: times / FEW for name, times in found.most_common()}


if __name__ == "__main__":
    from benchmarks import work  # the module that loops report to is not this one, which is called __main__

    print(json.dumps(work.count()))
