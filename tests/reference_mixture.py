"""Hypotheses and evidence a second time, plainly: the set of each hypothesis, the weight of each draw, and the mixture.

`variants` lays every hypothesis over the set, runs each with `reference_model.reference` (so all share the random
numbers, which belong to names and draws), and weighs the draws by what the evidence says of them: one whole number
for each hypothesis and draw, 2**32 where nothing speaks against it. `Pool` is Bayes on the joint: a draw of a
hypothesis has the mass prior weight times its number, and every result is a share, a quantile or a mean under these
masses. Other prior weights give another `Pool` of the same `Variants`, and weight 1 on one hypothesis gives that
hypothesis alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from reference_model import Reference, Row, clean, evaluate, level, no_previous, parse, reference, rows_of

CERTAIN = 2**32  # the weight of a draw that the evidence fits best
TABLES = ("inputs", "quantities", "ceilings", "thresholds")
OF_A_HYPOTHESIS = ("weight", "source", "note", "title", "description")
REPLACING = ("dist", "formula", "quantiles", "parts")
SORTS = ("low", "mid", "mode", "high", "interval"), ("mean", "sd"), ("median", "sd_ln")
FOLLOWS = ("training_compute", "largest_run", "effective_compute", "largest_effective")

# --------------------------------------------------------------------------------------------------------------------
# The set of a hypothesis.


def laid_over(under: Row, row: Row) -> Row:
    """Lay a row over another: a new distribution or formula replaces it whole, a value pins it, else fields change.

    Null takes a field out, and other numbers of one sort (low and high) take those of another (mean and sd) out.
    """
    stated = clean(row)
    if any(field in stated for field in REPLACING):
        return stated
    gone = {"formula"} if "value" in stated else set()
    for sort in SORTS:
        if any(field in stated for field in sort):
            gone |= {field for other in SORTS if other != sort for field in other}
    return {key: value for key, value in under.items() if key not in gone and key not in row} | stated


def nested(under: Any, over: Any) -> Any:
    """Lay the options of a driver over others, sub-mappings too."""
    if not (isinstance(under, Mapping) and isinstance(over, Mapping)):
        return over
    return {**under, **{key: nested(under.get(key), value) for key, value in over.items()}}


def of_hypothesis(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Give the set in which a hypothesis is true, as a plain set; null takes a row or a driver out."""
    found = {key: value for key, value in settings.items() if key not in ("hypotheses", "evidence")}
    for key, value in changes.items():
        if key in OF_A_HYPOTHESIS or value is None:
            continue
        if key in TABLES:
            table = rows_of(settings, key)
            for name, row in value.items():
                if row is None:
                    del table[name]
                else:
                    table[name] = laid_over(table.get(name, {}), row)
            found[key] = table
        elif key == "drivers":
            found[key] = nested(settings.get(key) or {}, value)
        else:
            found[key] = value
    return found


def sets_of(settings: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, dict[str, Any]]]:
    """Give the prior weight and the plain set of every hypothesis; a set without hypotheses is its only one, `all`."""
    stated = {k: v for k, v in (settings.get("hypotheses") or {}).items() if v is not None} or {"all": {"weight": 1}}
    prior = {name: float(changes["weight"]) for name, changes in stated.items()}
    if min(prior.values()) < 0 or abs(sum(prior.values()) - 1) > 1e-9:
        raise ValueError(f"no weights of hypotheses: {prior}")
    return prior, {name: of_hypothesis(settings, changes) for name, changes in stated.items()}


# --------------------------------------------------------------------------------------------------------------------
# What the evidence says of a draw.


def level_of(run: Reference, name: str) -> np.ndarray:
    """Give a quantity (year, draw), or a ceiling, in log10."""
    if name in FOLLOWS:
        return getattr(run, name)
    return run.quantity[name] if name in run.quantity else run.ceiling[name]


def at_date(year: np.ndarray, levels: np.ndarray, date: float) -> np.ndarray:
    """Give levels (draw,) at a date, on the straight line between its neighbouring instants."""
    if not year[0] <= date <= year[-1]:
        raise ValueError(f"an observation of {date} lies outside {year[0]} to {year[-1]}")
    before = int(np.flatnonzero(year <= date)[-1])
    part = date - year[before]
    if part == 0:
        return levels[before]
    part /= year[before + 1] - year[before]
    return (1 - part) * levels[before] + part * levels[before + 1]


def log_likelihood(run: Reference, row: Row, draws: int, dollars: Mapping[int, float]) -> np.ndarray:
    """Give the natural log-likelihood (draw,) of one row of evidence, at most 0."""
    if "loglik" in row:
        value = evaluate(parse(row["loglik"]), lambda name: run.written[name], no_previous)
        found = np.broadcast_to(np.asarray(value, float), (draws,))
    else:
        seen = level(float(row["value"]), str(row["unit"]), dollars)
        off = (at_date(run.year, level_of(run, row["quantity"]), float(row["date"])) - seen) / float(row["sd"])
        found = -0.5 * off**2
    if np.any(found > 0):
        raise ValueError(f"a log-likelihood of {found.max()} is above 0")
    return found


def weights(run: Reference, evidence: Sequence[Row], draws: int, dollars: Mapping[int, float]) -> np.ndarray:
    """Give the whole number (draw,) that each draw weighs: 2**32 times its likelihood, halves to even."""
    total = sum((log_likelihood(run, row, draws, dollars) for row in evidence), np.zeros(draws))
    return np.rint(CERTAIN * np.exp(total)).astype(np.int64)


# --------------------------------------------------------------------------------------------------------------------
# All hypotheses, and their mixture.


@dataclass(frozen=True)
class Variants:
    """The raw numbers of every hypothesis, and what the evidence leaves of each draw."""

    prior: dict[str, float]
    runs: dict[str, Reference]
    weight: np.ndarray  # (hypothesis, draw) whole numbers, 0 to 2**32

    def one(self) -> Reference:
        """Give some run, for what all have in common."""
        return next(iter(self.runs.values()))


def variants(
    settings: Mapping[str, Any], draws: int, seed: int, dollars: Mapping[int, float] | None = None
) -> Variants:
    """Run every hypothesis of a set for draws 0 to draws - 1 and weigh the draws by the evidence."""
    prior, sets = sets_of(settings)
    runs = {name: reference(plain, draws, seed, dollars) for name, plain in sets.items()}
    evidence = list(rows_of(settings, "evidence").values())
    return Variants(prior, runs, np.stack([weights(run, evidence, draws, dollars or {}) for run in runs.values()]))


def weighted_quantiles(value: np.ndarray, mass: np.ndarray, levels: Sequence[float] | np.ndarray) -> np.ndarray:
    """Invert the weighted distribution function: the least value up to which lies a share `level` of the mass."""
    order = np.argsort(value, axis=None, kind="stable")
    upto = np.cumsum(mass.ravel()[order])
    return value.ravel()[order][np.searchsorted(upto, np.asarray(levels) * upto[-1])]


class Pool:
    """The mixture of all hypotheses, with the weights of the set or with others."""

    def __init__(self, of: Variants, prior: Mapping[str, float] | None = None) -> None:
        self.of = of
        share = np.array([(of.prior if prior is None else prior)[name] for name in of.runs], float)
        self.mass = share[:, None] * of.weight  # (hypothesis, draw)
        self.total = self.mass.sum()

    def gather(self, part: Callable[[Reference], np.ndarray]) -> np.ndarray:
        """Give something of every run with the hypothesis before the draw: (..., hypothesis, draw)."""
        return np.stack([part(run) for run in self.of.runs.values()], axis=-2)

    def posterior(self) -> dict[str, float]:
        """Give what each hypothesis weighs once the evidence is heard."""
        return dict(zip(self.of.runs, (self.mass.sum(axis=1) / self.total).tolist(), strict=True))

    def effective_sample_size(self) -> float:
        """Give the number of equal draws that would say as much (Kish); hypotheses of one draw count together."""
        return float(self.total**2 / np.sum(self.mass.sum(axis=0) ** 2))

    def crossed(self, threshold: str) -> np.ndarray:
        """Tell (year, hypothesis, draw) whether a threshold is crossed at or before each instant."""
        dates = self.gather(lambda run: run.crossing[threshold])
        return dates <= self.of.one().year[:, None, None]

    def probability(self, threshold: str) -> np.ndarray:
        """Give the probability (year,) that the threshold has been crossed."""
        return np.sum(self.mass * self.crossed(threshold), axis=(1, 2)) / self.total

    def probability_error(self, threshold: str) -> np.ndarray:
        """Give the Monte Carlo standard error (year,) of the probability, a ratio of two sums over draws."""
        off = self.crossed(threshold) - self.probability(threshold)[:, None, None]
        return np.sqrt(np.sum(np.sum(self.mass * off, axis=1) ** 2, axis=1)) / self.total

    def crossing(self, threshold: str, levels: Sequence[float] | np.ndarray) -> np.ndarray:
        """Give quantiles (level,) of the date of crossing, with never as infinity."""
        return weighted_quantiles(self.gather(lambda run: run.crossing[threshold]), self.mass, levels)

    def quantiles(self, name: str, levels: Sequence[float] | np.ndarray) -> np.ndarray:
        """Give quantiles (level, year) of a quantity or ceiling."""
        found = self.gather(lambda run: level_of(run, name))
        return np.stack([weighted_quantiles(yearly, self.mass, levels) for yearly in found], axis=1)

    def moments(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Give mean and standard deviation (year,) of a quantity."""
        found = self.gather(lambda run: level_of(run, name))
        mean = np.sum(self.mass * found, axis=(1, 2)) / self.total
        return mean, np.sqrt(np.sum(self.mass * (found - mean[:, None, None]) ** 2, axis=(1, 2)) / self.total)

    def binding(self, ceiling: str) -> np.ndarray:
        """Give the share (year,) in which a ceiling is the lowest; where it is inactive it never is."""
        return np.sum(self.mass * self.gather(lambda run: run.binding_name() == ceiling), axis=(1, 2)) / self.total

    def inputs(self, name: str, levels: Sequence[float] | np.ndarray) -> np.ndarray:
        """Give quantiles (level,) of an input as written, among the hypotheses that have it; none: not a number."""
        having = [name in run.written for run in self.of.runs.values()]
        mass = self.mass[having]
        if not mass.sum() > 0:
            return np.full(len(levels), math.nan)
        rows = [run.written[name] for run in self.of.runs.values() if name in run.written]
        first = np.stack([row[0] if row.ndim == 2 else row for row in rows])
        return weighted_quantiles(first, mass, levels)
