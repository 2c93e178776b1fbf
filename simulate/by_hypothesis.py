"""What each hypothesis says by itself, beside the mixture: the same tables with a leading dimension `hypothesis`.

`<quantity>_shares`, `inputs_shares` and `crossing_shares` give 200 equally likely values of each distribution, `pair_*`
the sums over draws for each pair of hypotheses (see `pooling`): enough to weigh the hypotheses anew, see `reweighting`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.outcome import RESULTS, Outcome

Array = NDArray[np.float64]
Table = Callable[[int], Array]  # of the hypothesis of that number
Add = Callable[[str, Table], None]
AddShares = Callable[[str, tuple[str, ...], Table], None]
SHARES = (np.arange(200) + 0.5) / 200


def variables(of: Outcome, mixture: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Variables by hypothesis and their coordinates; units and other dimensions are those of the `mixture`."""
    hypotheses = of.set.hypotheses
    names = np.array([hypothesis.name for hypothesis in hypotheses], dtype=str)
    coordinates = {
        "hypothesis": ("hypothesis", names),
        "other": ("other", names, {"long_name": "the second hypothesis of a pair"}),
        "share": ("share", SHARES, {"long_name": "share of the draws that lie below"}),
    }
    notes = np.array([hypothesis.note for hypothesis in hypotheses], dtype=str)
    found: dict[str, Any] = {
        "hypothesis_weight": (("hypothesis",), of.prior, {"units": "1", "long_name": "prior weight"}),
        "hypothesis_posterior": (("hypothesis",), of.posterior, {"units": "1", "long_name": "weight after evidence"}),
        "hypothesis_note": (("hypothesis",), notes),
    }

    def add(name: str, table: Table) -> None:
        dimensions, _, *about = mixture[name]
        found[f"{name}_by_hypothesis"] = (("hypothesis", *dimensions), _of_each(of, table), *about)

    def add_shares(name: str, dimensions: tuple[str, ...], table: Table) -> None:
        found[f"{name}_shares"] = (("hypothesis", *dimensions), _of_each(of, table), *mixture[name][2:])

    for name in of.set.units:
        _quantity(of, name, add, add_shares)
    if "inputs" in mixture:
        add("inputs", lambda which: _inputs(of, which, of.levels))
        add_shares("inputs", ("input", "share"), lambda which: _inputs(of, which, SHARES))
    if of.set.ceilings:
        add("ceiling_compute", lambda which: _ceilings(of, which, of.levels))
        add_shares("ceiling_compute", ("ceiling", "share", "year"), lambda which: _ceilings(of, which, SHARES))
        add("binding", lambda which: of.members[which].binding(of.ceilings))
    if of.set.thresholds:
        _thresholds(of, add, add_shares)
    if of.with_pole:
        add("reached_pole", of.poles_of)
    _pairs(of, found)
    return found, coordinates


def _of_each(of: Outcome, table: Table) -> Array:
    """A table of every hypothesis (hypothesis, ...); not a number where the evidence leaves it no draw at all."""
    tables = {which: table(which) for which, counts in enumerate(of.members) if counts.mass}
    none = np.full_like(next(iter(tables.values())), np.nan)
    return np.array([tables.get(which, none) for which in range(len(of.members))])


def _quantity(of: Outcome, name: str, add: Add, add_shares: AddShares) -> None:
    add(name, lambda which: of.quantiles_of(which, RESULTS, name, of.levels))
    add(f"{name}_mean", lambda which: of.moments_of(which, name)[0])
    add(f"{name}_sd", lambda which: of.moments_of(which, name)[1])
    add_shares(name, ("share", "year"), lambda which: of.quantiles_of(which, RESULTS, name, SHARES))


def _inputs(of: Outcome, which: int, levels: Array) -> Array:
    """Quantiles (input, level) of every input of the set; not a number where the hypothesis has no such row."""
    own = of.members[which].set.rows
    none = np.full(len(levels), np.nan)
    return np.array([of.written(name, levels, which) if name in own else none for name in of.rows])


def _ceilings(of: Outcome, which: int, levels: Array) -> Array:
    return np.array([of.quantiles_of(which, RESULTS, f"ceiling:{name}", levels) for name in of.ceilings])


def _thresholds(of: Outcome, add: Add, add_shares: AddShares) -> None:
    """Probabilities, dates and levels."""
    add("probability", lambda which: of.members[which].crossed)
    add("never", lambda which: 1.0 - of.members[which].crossed[:, -1])
    add("already", lambda which: of.members[which].crossed[:, 0])
    add("crossing", lambda which: of.crossings(which).dates(of.levels))
    add("crossing_density", lambda which: of.crossings(which).histogram()[-1])
    add_shares("crossing", ("threshold", "share"), lambda which: of.crossings(which).dates(SHARES))
    names = [f"threshold:{name}" for name in of.set.thresholds]
    add("threshold_level", lambda which: np.array([of.written(name, of.levels, which) for name in names]))
    shares = ("threshold", "share")
    add_shares("threshold_level", shares, lambda which: np.array([of.written(name, SHARES, which) for name in names]))


def _pairs(of: Outcome, found: dict[str, Any]) -> None:
    """What weights and errors are made of, for any prior weights."""
    pool = of.pool
    if pool is None:
        return
    of_draws = "summed over draws, W being weights by the evidence"
    if of.set.thresholds:
        pair = ("hypothesis", "other", "threshold", "year")
        found["pair_both"] = (pair, pool.both, {"long_name": f"W W' where both have crossed, {of_draws}"})
        found["pair_one"] = (pair, pool.one, {"long_name": f"W W' where the first has crossed, {of_draws}"})
    found["pair_mass"] = (("hypothesis", "other"), pool.pair_mass, {"long_name": f"W W', {of_draws}"})
    found["evidence_mass"] = (("hypothesis",), pool.masses, {"long_name": f"W, {of_draws}"})
