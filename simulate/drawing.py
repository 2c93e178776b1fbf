"""What is drawn: the rows of a set and the shocks of its paths, each with the tag of its random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate import layout, philox, sampling
from simulate.assumptions import Assumptions
from simulate.correlation import Correlations
from simulate.errors import Mistake, Mistakes
from simulate.rows import Row


class Placed(NamedTuple):
    """A row of the table: the name that its random numbers are tagged with, and where its written value goes."""

    name: str
    row: Row
    place: int


def draws(table: Sequence[Placed], correlations: Correlations) -> sampling.Draws:
    """The distributions of all rows that are drawn.

    Raises
    ------
    Mistakes
        If two names have the same random numbers.
    """
    _check_tags(table)
    drawn = [one for one in table if one.row.drawn]
    packed = sampling.pack([one.row.shape for one in drawn if one.row.shape])
    packed.drawn["row"] = [one.place for one in drawn]
    packed.drawn["tag"] = [philox.tag(one.name) for one in drawn]
    packed.drawn["yearly"] = [one.row.yearly for one in drawn]
    places = {one.name: one.place for one in drawn}
    correlated = [places[name if name in places else f"threshold:{name}"] for name in correlations.names]
    return packed._replace(correlated=np.array(correlated, np.int64), mixing=np.ascontiguousarray(correlations.factor))


def shocks(one: Assumptions) -> np.ndarray:
    """The shocks of every volatile path."""
    names = [path for path in one.paths if f"{path}_volatility" in one.rows]
    found = np.zeros(len(names), sampling.SHOCK)
    found["tag"] = [philox.tag(f"{name}_volatility") for name in names]
    for part in ("volatility", "whole_shocks", "shock", "noise"):
        found[part] = [layout.row(name, part) for name in names]
    return found


def _check_tags(table: Sequence[Placed]) -> None:
    """Two names with one tag would share every draw; by chance that happens once in 1e11 sets of fifty rows."""
    seen: dict[int, str] = {}
    for name, row, _ in table:
        other = seen.setdefault(philox.tag(name), name)
        if other != name:
            what = f"'{name}' and '{other}' have the same random numbers (their hashes meet)"
            raise Mistakes([Mistake(row.where, what, "rename one of them")])
