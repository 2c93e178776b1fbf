"""What scrambled Sobol points gain, quantity by quantity: `python -m benchmarks.quasi` writes docs/sampling.md's table.

The variance of an answer over many seeds, with random draws and with Sobol points, at the same number of draws.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simulate import assumptions, compose, forecast
from simulate.outcome import RESULTS, Outcome

SEEDS = 40
YEAR = 2030
FEW, MANY = 2**15, 2**20  # draws: a quick look, and as many as the command takes by default
RUNS = (("baseline_2026", FEW), ("baseline_2026", MANY), ("epoch_trend_2024", FEW), ("direct_approach_2024_10", FEW))
LEVELS = np.array([0.01, 0.1, 0.5, 0.9, 0.99])
PAGE = Path(__file__).parents[1] / "docs" / "sampling.md"
MARKS = "<!-- gains -->\n", "<!-- end -->\n"


def answers(outcome: Outcome) -> Iterator[tuple[str, float]]:
    """Numbers of a run that a reader asks for, by name."""
    one = outcome.set
    name = next(name for name in ("training_compute", "effective_compute", *one.units) if name in one.units)
    at = int(np.argmin(np.abs(one.years - YEAR)))
    yield f"mean of {name} in {YEAR}", float(outcome.moments(name)[0][at])
    for level, value in zip(LEVELS, outcome.quantiles(RESULTS, name, LEVELS)[:, at], strict=True):
        yield f"{level:.0%} quantile of {name} in {YEAR}", float(value)
    if one.thresholds:
        p = outcome.probability[:, at]
        which = int(np.argmin(np.abs(p - 0.5)))
        label = list(one.thresholds)[which]
        yield f"P({label} crossed by {YEAR})", float(p[which])
        yield f"median date of {label}", float(outcome.crossings().dates(np.array([0.5]))[which, 0])


def gains(name: str, draws: int) -> Iterator[str]:
    """Rows of the table for one set: how many times the variance of random draws is that of Sobol points."""
    one = assumptions.build(*compose.settings(name))
    found: dict[str, dict[str, list[float]]] = {}
    for seed in range(SEEDS):
        for sampling in ("random", "sobol"):
            for label, value in answers(forecast.simulate(one, draws, seed, sampling=sampling)):
                found.setdefault(label, {}).setdefault(sampling, []).append(value)
    for label, values in found.items():
        if not all(np.isfinite(values[sampling]).all() for sampling in values):  # a date beyond the horizon
            continue
        random, sobol = (float(np.std(values[sampling], ddof=1)) for sampling in ("random", "sobol"))
        if random > 0.0:
            yield f"| {name} | {draws:,} | {label} | {random:.2g} | {sobol:.2g} | {(random / sobol) ** 2:.1f} |"


def main() -> None:
    """Measure and write."""
    rows = [row for name, draws in RUNS for row in gains(name, draws)]
    head = [
        "| set | draws | answer | error, random | error, Sobol | variance gained |",
        "|---|---:|---|---:|---:|---:|",
    ]
    said = f"Standard deviations over {SEEDS} seeds; a gain is uncertain by about a third.\n\n"
    first, last = MARKS
    table = first + said + "\n".join([*head, *rows]) + "\n" + last
    PAGE.write_text(re.sub(f"{first}.*{last}", lambda _: table, PAGE.read_text("utf-8"), flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
