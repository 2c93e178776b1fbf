"""What a driver declares, so that nothing else in the program needs to know it by name.

A driver is a module that may have PATHS, INPUTS, QUANTITIES, REQUIRES (other drivers), SCRATCH (arrays of its own that
are no result) and, where it limits a run, CEILING; and compiled functions of a block `x`, the set's choices `rules` and
the instant `t`: `advance`, `ceiling` (with CEILING), `follow` (for what is known only once the training compute of the
instant is).
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Path(NamedTuple):
    """A growing level: rows `<name>_start`, `<name>_growth` ... (see `laws.PARAMETERS`); in the kernel
    `x.<name>.value`.
    """

    name: str
    unit: str  # kernel unit of its level
    quantity: str  # the name of its level in results and formulas
    meaning: str
    start: float | None = None  # level where no row gives it; None: the row is required
    optional: bool = False  # whether a set may leave the path out; its level is then infinite: no bound
    limits: tuple[str, ...] = ()  # inputs that limit it beside its own `<name>_limit`


class Input(NamedTuple):
    """A row that the driver reads beside its paths; in the kernel `x.<name>`."""

    name: str
    unit: str
    meaning: str
    default: float | None = None  # in the kernel unit; None: the row is required
    dated: bool = False  # whether the row may say `at`; then `rules.<name>_at`
    needs: tuple[str, ...] = ()  # quantities without which the row means nothing
    lowest: float = -math.inf  # of the kernel value, where a drawn one outside would have no meaning
    highest: float = math.inf


class Quantity(NamedTuple):
    """A result of the driver beside its paths' levels; in the kernel `x.<name>`."""

    name: str
    unit: str
    meaning: str


class Scratch(NamedTuple):
    """Several rows for a driver's own use, in the kernel `x.<name>[k]`; a single one is declared by its name alone."""

    name: str
    rows: int


class Ceiling(NamedTuple):
    """The largest run that the driver allows; in the kernel `x.<name>_compute`."""

    name: str
    meaning: str
    needs: tuple[str, ...] = ()  # quantities of other drivers: without them the ceiling is not stated
