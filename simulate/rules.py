"""What the kernel is told of the laws that a set has chosen: which, since when, and where a pole may lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulate import layout
from simulate.assumptions import Assumptions
from simulate.counting import POLE
from simulate.drivers import DRIVERS
from simulate.laws import LAWS, LIMITS


def of_set(one: Assumptions) -> Any:
    """The record of rules: law and limit of every path that is on, dates of rows, start and sharpness."""
    rules = np.zeros(1, layout.RULES).view(np.recarray)[0]
    for driver in DRIVERS.values():
        for path in layout.paths(driver):
            choice = one.paths.get(path.name)
            if choice:
                laws = list(LAWS).index(choice.law), list(LIMITS).index(choice.limit)
                rules[path.name] = (*laws, _path_since(one, path.name), 1, f"{path.name}_volatility" in one.rows)
        for item in layout.inputs(driver):
            if item.dated:
                rules[f"{item.name}_at"] = _since(one, item.name)
    rules["start"] = one.start
    rules["sharpness"] = one.sharpness or 0.0
    return rules


def poles(one: Assumptions) -> np.ndarray:
    """Paths whose law has a pole."""
    rows = [
        (layout.row(name, "growth"), layout.row(name, "acceleration"), _path_since(one, name))
        for name in one.superexponential
    ]
    return np.array(rows, POLE)


def _path_since(one: Assumptions, path: str) -> float:
    return _since(one, f"{path}_start", f"{path}_growth")


def _since(one: Assumptions, *names: str) -> float:
    """The date at which a row held: the first `at` among these rows, else the start."""
    dates = [one.rows[name].at for name in names if name in one.rows]
    return next((date for date in dates if date is not None), one.start)
