"""When a set's own formulas can run: as soon as the names that they use exist.

An instant is a sequence of *stages*: before the drivers, after them, after the ceilings, and at the end, when training
compute and the algorithmic gain are known. A formula belongs to the first stage at which all its names have their value
of that instant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from simulate import layout
from simulate.drivers import DRIVERS
from simulate.formulas import Formula

BEFORE, AFTER, CEILINGS, END = np.arange(4)  # as int64, numba compiles one version for all


class Due(NamedTuple):
    """A formula of the set and the stage at which it runs."""

    name: str
    stage: np.int64


def _availability(drivers: Collection[str]) -> dict[str, np.int64]:
    """Stage after which each result of the drivers exists."""
    found: dict[str, np.int64] = {}
    for name in drivers:
        driver = DRIVERS[name]
        stage = AFTER if hasattr(driver, "advance") else END
        found |= {quantity.name: stage for quantity in layout.quantities(driver)}
        ceiling = layout.ceiling(driver)
        if ceiling:
            found.setdefault(ceiling.name, CEILINGS)
    return found | {quantity.name: END for quantity in layout.TRAINING}


def schedule(drivers: Collection[str], inputs: Collection[str], own: Mapping[str, Formula]) -> list[Due]:
    """Stages of own formulas (quantities and ceilings), in an order in which each finds its names.

    `own` must be free of circles and of unknown names.
    """
    stage = _availability(drivers)
    order: list[Due] = []
    done: dict[str, Any] = {}

    def place(name: str) -> Any:
        if name not in done:
            own_names: Iterable[str] = sorted(own[name].names - set(inputs))
            done[name] = max((place(other) if other in own else stage[other] for other in own_names), default=BEFORE)
            order.append(Due(name, done[name]))
        return done[name]

    for name in own:
        place(name)
    return order


def too_late(
    drivers: Collection[str],
    inputs: Collection[str],
    quantities: Mapping[str, Formula],
    ceilings: Mapping[str, Formula],
) -> list[tuple[str, str]]:
    """Formulas that run after they are needed: (name, why)."""
    due = {item.name: item.stage for item in schedule(drivers, inputs, {**quantities, **ceilings})}
    found = [(name, "uses training compute, of which it is a ceiling") for name in ceilings if due[name] > CEILINGS]
    for driver in drivers:
        ceiling = layout.ceiling(DRIVERS[driver])
        read = [(item.needs, BEFORE) for item in layout.inputs(DRIVERS[driver]) if item.name in inputs]
        for needs, latest in [*read, (ceiling.needs if ceiling else (), AFTER)]:
            late = [need for need in needs if need in quantities and due[need] > latest]
            if late:
                found.append((late[0], f"is read by {driver} before the results that it depends on exist"))
    return found
