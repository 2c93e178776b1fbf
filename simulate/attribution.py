"""How much of the difference between two sets each group of their rows makes: exact Shapley values.

With g groups there are 2^g sets between the two, and all are run on the same random numbers. What a group does to a
median date, a probability or a median compute depends on what the other groups are; `shapley` takes the mean over all
orders in which the groups could change, so that the shares sum to the whole difference. A share is a sum of statistics
of runs on the same draws, so its Monte Carlo error follows from the influence of each draw on that sum (see `pairing`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulate import causes, coalitions, differing, instants, provenance, shapley
from simulate.assumptions import Assumptions
from simulate.checkpoint import Checkpoint
from simulate.coalitions import Coalitions, Side
from simulate.combination import DATE, PROBABILITY, SAMPLE, Drawn, Statistic
from simulate.errors import Mistake, Mistakes
from simulate.results import ANSWER_YEARS
from simulate.variables import COMPUTE

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
ROUNDING = 1e-12
"""Of sums that are 0 but for the order in which they were added."""


def plan(
    first: Assumptions,
    other: Assumptions,
    wheres: Sequence[Callable[[str], str]],
    asked: Mapping[str, Any] | None,
    at: Sequence[float] | None,
) -> tuple[Coalitions, list[Statistic]]:
    """What will be run, and what will be asked of it.

    Raises
    ------
    Mistakes
        With everything that does not fit: years, groups, sets with nothing in common.
    """
    mistakes: list[Mistake] = []
    common = {name for name in first.thresholds if name in other.thresholds and _alike(first, other, name)}
    compute = [name for name in COMPUTE if name in first.units and name in other.units]
    years = _years(first, other, at, mistakes)
    if not common and not compute:
        what = f"{first.name} and {other.name} have no threshold and no compute in common"
        mistakes.append(Mistake("sets", what, "name thresholds with thresholds=[...]"))
    groups = causes.groups(first.settings, other.settings, asked, common, mistakes)
    if not groups and not mistakes:
        mistakes.append(Mistake("sets", f"{first.name} and {other.name} do not differ", "name two sets that do"))
    if mistakes:
        raise Mistakes(mistakes)
    sides = [Side(one.settings, where) for one, where in zip((first, other), wheres, strict=True)]
    built = coalitions.build(sides[0], sides[1], groups, common)
    names = [name for name in first.thresholds if name in common]
    wanted = [Statistic(PROBABILITY, name, year) for name in names for year in years]
    wanted += [Statistic(DATE, name, None) for name in names]
    wanted += [Statistic(name, name, year) for name in compute for year in years]
    return built, wanted


def run(
    first: Assumptions,
    other: Assumptions,
    between: Coalitions,
    wanted: Sequence[Statistic],
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> xr.Dataset:
    """Run every combination and share out the difference of every statistic among the groups. Combinations that a
    `checkpoint` holds are not run again.

    Raises
    ------
    Mistakes
        If a formula gives no finite number in some draw of some combination.
    """
    tables = _Tables(between, wanted, draws)
    if checkpoint:
        tables.done = checkpoint.restore(len(between.sets), tables.arrays())
        if progress:
            progress(tables.done * draws)
    try:
        for one in between.sets[tables.done :]:
            tables.add(Drawn(one, wanted, draws, seed, threads))
            if checkpoint and checkpoint.due():
                checkpoint.save(tables.done, len(between.sets), tables.arrays())
            if progress:
                progress(draws)
    except BaseException:
        if checkpoint and checkpoint.worthwhile() and not tables.adding:
            checkpoint.save(tables.done, len(between.sets), tables.arrays())
        raise
    values, push, whole = tables.arrays()
    shares = np.full((len(between.groups), len(wanted)), np.nan)
    for k in range(len(wanted)):
        if np.isfinite(values[:, k]).all():
            shares[:, k] = [float(share) for share in shapley.shares(values[:, k].tolist())]
    spread, error = (influence.std(axis=-1) / math.sqrt(draws) for influence in (push, whole))
    spread[spread < ROUNDING] = error[error < ROUNDING] = shares[np.abs(shares) < ROUNDING] = 0.0
    errors = np.where(np.isfinite(shares), spread, np.nan)
    return _labelled(first, other, between, wanted, values, shares, errors, error, draws, seed)


class _Tables:
    """What is known of the combinations that are done: their statistics (combination, statistic), and the influence of
    each draw on the shares (group, statistic, draw) and on the whole difference (statistic, draw).
    """

    def __init__(self, between: Coalitions, wanted: Sequence[Statistic], draws: int) -> None:
        self.wanted, self.last = wanted, len(between.sets) - 1
        self.weights = shapley.coefficients(len(between.groups))
        self.values = np.zeros((len(between.sets), len(wanted)))
        self.push = np.zeros((len(between.groups), len(wanted), min(SAMPLE, draws)))
        self.whole = np.zeros(self.push.shape[1:])
        self.done, self.adding = 0, False

    def arrays(self) -> tuple[Array, Array, Array]:
        """All that is known, to be written down or filled in."""
        return self.values, self.push, self.whole

    def add(self, drawn: Drawn) -> None:
        """Add the next combination."""
        self.adding = True
        side = {0: -1.0, self.last: 1.0}.get(self.done, 0.0)
        for k, statistic in enumerate(self.wanted):
            self.values[self.done, k], influence = drawn.value(statistic)
            for j, row in enumerate(self.weights):
                self.push[j, k] += float(row[self.done]) * influence
            self.whole[k] += side * influence
        self.done += 1
        self.adding = False


def _alike(first: Assumptions, other: Assumptions, name: str) -> bool:
    return first.thresholds[name].quantity == other.thresholds[name].quantity


def _years(first: Assumptions, other: Assumptions, at: Sequence[float] | None, mistakes: list[Mistake]) -> list[float]:
    """The instants that were asked for, or those of an answer, on both grids."""
    both = instants.shared(first.years, other.years)
    if at is None:
        found = [year for year in ANSWER_YEARS if instants.place(both, year) is not None][-4:]
        return found or both[-1:].tolist()
    wrong = [year for year in at if instants.place(both, year) is None]
    span = f"{both[0]:g} to {both[-1]:g}" if both.size else "none"
    mistakes += [Mistake("at", f"{year:g} is no instant of both sets", f"they share: {span}") for year in wrong]
    return [float(year) for year in at]


def _labelled(
    first: Assumptions,
    other: Assumptions,
    between: Coalitions,
    wanted: Sequence[Statistic],
    values: Array,
    shares: Array,
    errors: Array,
    whole: Array,
    draws: int,
    seed: int,
) -> xr.Dataset:
    import xarray as xr

    with np.errstate(invalid="ignore"):  # both beyond the horizon: no number
        total = values[-1] - values[0]
    units = {PROBABILITY: "1", DATE: "decimal year"}
    variables: dict[str, Any] = {}
    for kind in dict.fromkeys(statistic.kind for statistic in wanted):
        places = [k for k, statistic in enumerate(wanted) if statistic.kind == kind]
        ofs, years = ([*dict.fromkeys(getattr(wanted[k], part) for k in places)] for part in ("of", "year"))
        shape, dimensions, coordinates = (
            [len(ofs), len(years)],
            ["threshold", "year"],
            {"threshold": ofs, "year": years},
        )
        if kind == DATE:
            shape, dimensions, coordinates = [len(ofs)], ["threshold"], {"threshold": ofs}
        elif kind != PROBABILITY:
            shape, dimensions, coordinates = [len(years)], ["year"], {"year": years}
        unit = units.get(kind, first.units.get(kind, ""))
        change = {"1": "1", "decimal year": "year"}.get(unit, "OOM")
        median = "" if kind == PROBABILITY else "median "
        for name, table, of, meaning in (
            (f"{kind}_first", values[0], unit, f"{median}{kind} of the first set"),
            (f"{kind}_other", values[-1], unit, f"{median}{kind} of the other set"),
            (
                f"{kind}_total",
                total,
                change,
                f"{median}{kind} of the other set less that of the first",
            ),
            (f"{kind}_total_error", whole, change, "Monte Carlo standard error of the total"),
            (f"{kind}_change", shares, change, f"share of the group in the change of the {median}{kind}"),
            (f"{kind}_change_error", errors, change, "Monte Carlo standard error of the change"),
        ):
            by_group = table.ndim == 2
            laid = table[..., places].reshape(([len(between.groups)] if by_group else []) + shape)
            axes = (["group"] if by_group else []) + dimensions
            variables[name] = xr.DataArray(laid, coordinates, axes, attrs={"units": of, "long_name": meaning})
        beyond = [int((~np.isfinite(values[:, k])).sum()) for k in places]
        if any(beyond):
            about = {"units": "1", "long_name": f"combinations in which the {median}{kind} is not finite"}
            variables[f"{kind}_unknown"] = xr.DataArray(np.reshape(beyond, shape), coordinates, dimensions, attrs=about)
    rows = [
        {"group": group} | line
        for group, keys in between.groups.items()
        for line in differing.rows(first.settings, other.settings)
        if line["row"] in keys
    ]
    dataset = xr.Dataset(variables).assign_coords(group=list(between.groups))
    title = f"from {first.name} to {other.name}"
    found = {
        "rows": json.dumps(rows, default=str),
        "merged": json.dumps(between.merged),
        "runs": len(between.sets),
        "horizon": float(min(first.years[-1], other.years[-1])),
    }
    dataset.attrs = provenance.of_sets("attribution", title, (first, other), draws, seed) | found
    return dataset
