"""Notebooks in jupytext's percent format, read and executed without Jupyter: each is a script in cells."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, NamedTuple


class Cell(NamedTuple):
    kind: str  # "code" or "markdown"
    text: str
    line: int


def cells(path: Path) -> list[Cell]:
    """The cells of a notebook; what stands before the first `# %%` is its head."""
    found: list[Cell] = []
    lines: list[str] = []
    kind, start = "", 1
    for number, line in enumerate([*path.read_text("utf-8").splitlines(), "# %%"], start=1):
        if line.startswith("# %%"):
            if kind:
                found.append(Cell(kind, "\n".join(lines).strip(), start))
            kind, lines, start = ("markdown" if "[markdown]" in line else "code"), [], number + 1
        else:
            lines.append(line)
    return found


def execute(path: Path) -> list[Any]:
    """Run the code cells one after another, as Jupyter does; gives the value of each cell's last expression."""
    names: dict[str, Any] = {"__name__": "__main__"}
    values = []
    for cell in cells(path):
        if cell.kind == "code":
            tree = ast.parse("\n" * (cell.line - 1) + cell.text, filename=str(path))
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, str(path), "exec"), names)
            shown = compile(ast.Expression(last.value), str(path), "eval") if isinstance(last, ast.Expr) else None
            values.append(eval(shown, names) if shown else None)
    return values
