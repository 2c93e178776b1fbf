"""Do the models that are timed compute the same thing? `python -m benchmarks.agreement` holds each against the kernel.

Quantiles of all quantities by year, means, shares of ceilings, probabilities and dates of crossings, and quantiles of
inputs have to agree within Monte Carlo error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

import benchmarks.one_thread  # noqa: F401
from benchmarks import competitors, numpy_inputs
from benchmarks.competitors import PLAIN, TEXTBOOK, Competitor
from benchmarks.numpy_inputs import QUANTILES, Table
from simulate import assumptions, compose, forecast

FEWER = (PLAIN, TEXTBOOK)  # slow ones
FAMILY_WISE = 1e-6  # chance that a sound model is called wrong


def compare(found: dict[str, Any], truth: Any, table: Table, draws: int, of_truth: int) -> tuple[float, str]:
    """The largest difference of a share, in standard errors, and where.

    A quantile is compared as a share: by how much its level would have to be wrong, by the density that the kernel's
    quantiles show.
    """
    worst, where = 0.0, ""
    noise = np.sqrt(1.0 / draws + 1.0 / of_truth)

    def note(z: np.ndarray, name: str) -> None:
        nonlocal worst, where
        largest = float(np.max(z, initial=0.0))
        if not largest <= worst:
            worst, where = largest, name

    def shares(own: np.ndarray, others: np.ndarray, name: str) -> None:
        pooled = np.clip((own * draws + others * of_truth) / (draws + of_truth), 1e-9, 1.0)
        note(np.abs(own - others) / (noise * np.sqrt(pooled * (1.0 - pooled) + 1.0 / draws)), name)

    for name in table.results:
        ceiling = name.removeprefix("ceiling:")
        own = found["quantiles"][name]
        others = truth[name] if ceiling == name else truth["ceiling_compute"].sel(ceiling=ceiling)
        note(_quantile_errors(own, np.asarray(others)) / noise, name)
        if ceiling == name:
            sd = np.maximum(truth[f"{name}_sd"].values, 1e-6)
            note(np.abs(found["mean"][name] - truth[f"{name}_mean"].values) / (sd * noise), f"mean of {name}")
    for number, name in enumerate(table.active):
        shares(found["binding"][number], truth["binding"].sel(ceiling=name).values, f"binding of {name}")
    for name in table.thresholds:
        shares(found["crossed"][name], truth["probability"].sel(threshold=name).values, f"crossing of {name}")
        own, others = found["dates"][name], truth["crossing"].sel(threshold=name).values
        both = np.isfinite(own) & np.isfinite(others)
        error = truth["crossing_error"].sel(threshold=name).values
        # The error is of the kernel's quantile, and too small where a date falls on the edge of a cell.
        allowed = np.maximum(error, 1.0 / 128)[both] * noise * np.sqrt(of_truth)
        note(np.abs(own[both] - others[both]) / allowed, f"date of {name}")
    inputs = truth["inputs"]
    for name in table.inputs:
        if not name.startswith("threshold:"):
            own, others = found["inputs"][name][:, None], inputs.sel(input=name).values[:, None]
            if others.min() > 0.0:
                own, others = np.log(own), np.log(others)
            note(_quantile_errors(own, others) / noise, f"input {name}")
    return worst, where


def _quantile_errors(own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Errors of quantiles (level, year) as errors of a share, over its own standard deviation."""
    z = norm.ppf(QUANTILES)[:, None]
    width = np.maximum(np.abs(others).max(axis=0), 1.0) * 1e-9
    slope = np.maximum(np.gradient(others, z[:, 0], axis=0), width)  # of the value with the normal score
    density = norm.pdf(z)
    return np.abs(own - others) / slope * density / np.sqrt(QUANTILES * (1.0 - QUANTILES))[:, None]


def one_of_each(extra: bool = True) -> list[Competitor]:
    """The first of each kind and compiler: chunks of another size run the same code."""
    found: dict[str, Competitor] = {}
    for one in competitors.all_of_them(extra):
        found.setdefault(one.name.partition(", chunks")[0], one)
    return list(found.values())


def kernel(draws: int) -> Any:
    """The default set by the kernel."""
    return forecast.run(assumptions.build(*compose.settings("baseline_2026")), draws, seed=11, threads=1)


def limit(table: Table) -> float:
    """Standard errors that the largest of so many differences passes only once in `1 / FAMILY_WISE` sound models."""
    numbers = len(table.results) * len(table.years) * 9 + 700
    return float(norm.isf(FAMILY_WISE / (2 * numbers)))


def check(models: list[Competitor], draws: int = 1_048_576, fewer: int = 131_072) -> list[str]:
    """Run the kernel and other models and say how far they are apart; raises AssertionError beyond chance."""
    table, truth = numpy_inputs.read(), kernel(draws)
    most, lines = limit(table), []
    for one in models:
        n = fewer if one.kind in FEWER else draws
        worst, where = compare(one.make(table, 5).run(n), truth, table, n, draws)
        name = one.name.partition(", chunks")[0]
        lines.append(f"{name}, {n:,} draws: at most z = {worst:.2f} from the kernel ({where}), of {most:.1f}")
        assert worst < most, lines[-1]
    return lines


if __name__ == "__main__":
    print("\n".join(check(one_of_each())))
