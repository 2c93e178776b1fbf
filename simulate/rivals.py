"""Growth laws as rival hypotheses about one driver: each by itself, all pooled, and what the starting level is worth.

Which law is right is a question that no interval of a parameter covers. So the set is run under each law on the same
draws, as hypotheses are; and once more with the start ten times higher. Where that changes nothing, the forecast does
not depend on where it starts, and its start is no argument for it.
"""

from __future__ import annotations

import copy
import importlib.resources
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import conversion, forecast, intervals, layout, provenance, scan
from simulate.assumptions import Assumptions
from simulate.checkpoint import CheckpointFile
from simulate.drivers import DRIVERS
from simulate.errors import Mistake, Mistakes, did_you_mean, shown
from simulate.laws import LAWS
from simulate.outcome import QUANTILES, Outcome
from simulate.plan import Prepared, prepare
from simulate.rows import is_number
from simulate.steps import Steps
from simulate.units import Operation

if TYPE_CHECKING:
    import xarray as xr

RIVALS = ("exponential", "decaying", "lead-time", "superexponential", "reversion")
FELT = 0.01
"""A change of probability below this, or below two standard errors, is none."""


def hypotheses(
    settings: Mapping[str, Any], law_of: Any, laws: Any, weights: Any, mistakes: list[Mistake]
) -> tuple[dict[str, Any], str]:
    """Settings in which each law is a hypothesis, and the path that they are of; mistakes are collected.

    `law_of` names a driver or path of the set, `laws` the laws, `weights` their weights in the same order.
    """
    if settings.get("hypotheses"):
        what = "the set has hypotheses of its own, and laws would be a second layer of them"
        mistakes.append(Mistake("study=structures", what, "choose a set without hypotheses"))
    paths = _paths(settings)
    chosen = law_of if law_of is not None else next((name for name in ("trend", *paths) if name in paths), None)
    if chosen not in paths:
        near = did_you_mean(str(chosen), paths)
        what = f"law_of = {shown(chosen)}: no driver of the set with a growth law is called so{near}"
        mistakes.append(Mistake("law_of", what, f"one of: {', '.join(paths) or 'none'}"))
    named = list(RIVALS) if laws is None else laws
    named = named if isinstance(named, list) else [named]
    named = [law.replace("_", "-") if isinstance(law, str) else law for law in named]  # as results name them
    for law in named:
        if law not in LAWS:
            near = did_you_mean(str(law), LAWS)
            mistakes.append(
                Mistake("laws", f"no law is called {shown(law)}{near}", f"one or more of: {', '.join(LAWS)}")
            )
    if not named or len(set(map(str, named))) < len(named):
        mistakes.append(Mistake("laws", f"laws = {shown(named)}: each law once, and at least one"))
    shares = _weights(weights, named, mistakes)
    if mistakes:
        return dict(settings), ""
    driver, path = paths[str(chosen)]
    prefix = path.name
    defaults = _defaults()
    stated = settings.get("inputs") or {}
    found = {}
    for law, share in zip(named, shares, strict=True):
        rows = {f"{prefix}_{need}": defaults[need] for need in LAWS[law].needs if need in defaults}
        rows = {row: copy.deepcopy(fields) for row, fields in rows.items() if stated.get(row) is None}
        first = path is layout.paths(DRIVERS[driver])[0]
        options = {driver: {"law": law} if first else {path.name: {"law": law}}}
        found[law.replace("-", "_")] = {"weight": share, "drivers": options, "inputs": rows}
    return {**settings, "hypotheses": found}, prefix


def _paths(settings: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Every driver of the set that has a path, and every path by its name, as (driver, path)."""
    found: dict[str, tuple[str, Any]] = {}
    for driver in settings.get("drivers") or {}:
        for path in layout.paths(DRIVERS[driver]) if driver in DRIVERS else ():
            if any(row.name in (settings.get("inputs") or {}) for row in layout.path_rows(path)):
                found.setdefault(driver, (driver, path))
                found.setdefault(path.name, (driver, path))
    return found


def _weights(weights: Any, laws: Sequence[Any], mistakes: list[Mistake]) -> list[float]:
    if weights is None:
        return [1.0 / max(len(laws), 1)] * len(laws)
    good = isinstance(weights, list) and all(is_number(weight) and weight >= 0.0 for weight in weights)
    if not good or len(weights) != len(laws) or not math.fsum(weights) > 0.0:
        way_out = f"{len(laws)} numbers of 0 or more, in the order of laws: {', '.join(map(str, laws))}"
        mistakes.append(Mistake("law_weights", f"law_weights = {shown(weights)}", way_out))
        return [0.0] * len(laws)
    return [weight / math.fsum(weights) for weight in weights]


def _defaults() -> dict[str, Any]:
    """The documented rows of `conf/laws.yaml`, scanned like every file."""
    mistakes: list[Mistake] = []
    path = Path(str(importlib.resources.files("simulate.conf"))) / "laws.yaml"
    source = scan.read(path, "assumptions", "conf/laws.yaml", mistakes)
    if source is None or mistakes:
        raise Mistakes(mistakes)
    return dict(source.data["inputs"])


def run(
    built: Assumptions, prefix: str, draws: int, seed: int, threads: int | None = None,
    progress: Callable[[int], None] | None = None, checkpoint: CheckpointFile | None = None,
) -> xr.Dataset:  # fmt: skip
    """Run a set whose hypotheses are laws of the path `prefix`, as it is and with the start ten times higher.

    Returns probability (threshold, year) with its error and crossing (threshold, crossing_quantile) of the pool, all
    also `_by_law` (law, ...), the same `_shifted` with the higher start, `reached_pole` (law, year) and `law_weight`. A
    `checkpoint` is gone on with, and kept up to date.

    Raises
    ------
    Mistakes
        As `forecast.run` does; if no threshold can be crossed; and if the start of the path cannot be moved.
    """
    if not built.thresholds:
        what = "there is none that this set could cross"
        raise Mistakes([Mistake("thresholds", what, "choose some on its quantities, or a set that has compute")])
    members = [member.set for member in built.members]
    prepared = [prepare(one) for one in members]
    higher = [_tenfold(own, one, prefix) for own, one in zip(prepared, members, strict=True)]
    steps = Steps(checkpoint, 2 * draws) if checkpoint else None

    def count(plans: list[Prepared]) -> Outcome:
        kept = steps.next() if steps else None
        return forecast.count(built, plans, draws, seed, threads, progress, checkpoint=kept)

    as_stated = count(prepared)
    try:
        shifted = count(higher)
    except Mistakes as mistakes:
        higher_start = "with the start ten times higher"
        raise Mistakes(one._replace(what=f"{higher_start} {one.what}") for one in mistakes.items) from None
    return _labelled(as_stated, shifted, prefix)


def _tenfold(prepared: Prepared, one: Assumptions, prefix: str) -> Prepared:
    """The plan with the path's start one order of magnitude up: its conversion to log10 has one more."""
    place = prepared.row_of.get(f"written:{prefix}_start")
    template, conversions = prepared.template.copy(), prepared.plan.conversions.copy()
    mine = conversions["source"] == (-1 if place is None else place)
    if place is None or not set(conversions["operation"][mine]) <= {Operation.LOG, Operation.SHIFT} or not mine.any():
        what = f"{prefix}_start is no level in the set {one.name} that could be ten times higher"
        raise Mistakes([Mistake("law_of", what, "choose a driver whose start is an amount")])
    conversions["factor"][mine] += 1.0
    conversion.fill_certain(conversions[mine], template)
    return prepared._replace(template=template, plan=prepared.plan._replace(conversions=conversions))


def _labelled(as_stated: Outcome, shifted: Outcome, prefix: str) -> xr.Dataset:
    import xarray as xr

    one, laws = as_stated.set, [member.name for member in as_stated.set.members]
    share, date = {"units": "1"}, {"units": "decimal year"}
    variables: dict[str, Any] = {
        "law_weight": (("law",), as_stated.posterior, {**share, "long_name": "weight of the law in the pool"}),
        "effective_sample_size": ((), float(as_stated.sample_size), {"long_name": "draws that the result is worth"}),
    }
    higher = "with the start ten times higher"
    for of, end, what in ((as_stated, "", "as stated"), (shifted, "_shifted", higher)):
        each = range(len(laws))
        by_law = np.array([counts.crossed for counts in of.members])
        chance = {**share, "long_name": f"probability of having crossed by that instant, {what}"}
        dates = {**date, "long_name": f"date of crossing, {what}; inf: not within the horizon; -inf: before the start"}
        variables[f"probability{end}"] = (("threshold", "year"), of.probability, chance)
        variables[f"probability{end}_by_law"] = (("law", "threshold", "year"), by_law, chance)
        variables[f"crossing{end}"] = (("threshold", "crossing_quantile"), of.crossings().dates(QUANTILES), dates)
        dated = np.array([of.crossings(which).dates(QUANTILES) for which in each])
        variables[f"crossing{end}_by_law"] = (("law", "threshold", "crossing_quantile"), dated, dates)
        poles = {**share, "long_name": f"share of draws in which the path has reached its pole, {what}"}
        variables[f"reached_pole{end}"] = (("law", "year"), _poles(of, prefix), poles)
    about = {**share, "long_name": "Monte Carlo standard error of the pool"}
    variables["probability_error"] = (("threshold", "year"), as_stated.probability_error, about)
    worth, errors = zip(*(_alone(as_stated, which) for which in range(len(laws))), strict=True)
    about = {"long_name": "draws that the result of the law is worth"}
    variables["effective_sample_size_by_law"] = (("law",), np.array(worth), about)
    about = {**share, "long_name": "Monte Carlo standard error of the law by itself"}
    variables["probability_error_by_law"] = (("law", "threshold", "year"), np.array(errors), about)
    coordinates = {
        "law": ("law", np.array(laws, dtype=str)),
        "threshold": ("threshold", np.array(list(one.thresholds), dtype=str)),
        "year": ("year", one.years, {"units": "decimal year", "long_name": "instant"}),
        "crossing_quantile": ("crossing_quantile", QUANTILES),
    }
    attributes = provenance.of_set("structures", one, as_stated.draws, as_stated.seed) | {"path": prefix}
    return xr.Dataset(variables, coordinates, attributes)


def _alone(of: Outcome, which: int) -> tuple[float, np.ndarray]:
    """Draws that one law by itself is worth, and the standard error of its probability (threshold, year)."""
    p = of.members[which].crossed
    if of.pool is None:
        return float(of.draws), intervals.standard_error(p, of.draws)
    pool = of.pool.of_one(which)
    return pool.sample_size, pool.error(p)


def _poles(of: Outcome, prefix: str) -> np.ndarray:
    """Share of the draws of each law that have reached the pole of this path (law, year)."""
    found = np.zeros((len(of.members), len(of.set.years)))
    for which, counts in enumerate(of.members):
        for name, reached in zip(counts.set.superexponential, counts.sums.others["poles"], strict=True):
            if name == prefix:
                found[which] = reached / counts.mass
    return found


def felt(dataset: xr.Dataset) -> xr.Dataset:
    """How much the tenfold start changes: `change` (law, threshold), the probability of that year at which it changes
    most, `pooled` likewise (threshold,), and `cares` (threshold,), whether that can be felt in the pool at all.
    """
    change = dataset["probability_shifted_by_law"] - dataset["probability_by_law"]
    pooled = dataset["probability_shifted"] - dataset["probability"]
    largest = change.isel(year=abs(change).argmax("year"))
    most = abs(pooled).argmax("year")
    error = dataset["probability_error"].isel(year=most)
    moved = pooled.isel(year=most)
    found = {"change": largest.drop_vars("year"), "pooled": moved.drop_vars("year")}
    cares = abs(moved) > np.maximum(FELT, 2.0 * error)
    return dataset[[]].assign({**found, "cares": cares.drop_vars("year")})


def told(dataset: xr.Dataset) -> str:
    """The threshold about which the laws differ most: that of table and figure."""
    by_law = dataset["probability_by_law"]
    spread = (by_law.max("law") - by_law.min("law")).max("year")
    return str(dataset["threshold"].values[int(spread.argmax("threshold"))])
