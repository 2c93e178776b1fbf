"""Do the 95 % intervals of the answer cover the truth in 95 % of runs? Counted over 2,000 seeds of known sets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from command_line import HEADER, NORMAL, write
from conftest import Verified
from scipy.optimize import brentq
from scipy.stats import binom, norm

from simulate import assumptions, comparison, compose, forecast, intervals
from simulate.outcome import RESULTS, Outcome
from simulate.pairing import FirstDraws
from simulate.published import neighbours

REPEATS, DRAWS = 2_000, 10_000
YEARS, MEAN, SD = 4, 26 + 0.4 * 4, float(np.hypot(1, 0.1 * 4))  # of log10 compute in 2030
SHARES = (0.5, 0.1, 0.01, 0.001)
LINE = f"{NORMAL}\nhorizon: 2030\nthresholds:\n"


@pytest.mark.long
def test_intervals_of_probabilities_cover_as_often_as_they_say(tmp_path: Path, verified: Verified) -> None:
    """Limits are exact: beyond them a right program comes once in a million runs. Intervals from few hits cover more
    than they say, by how much the binomial law tells.
    """
    levels = [f"  level_{k}: {{value: {MEAN + SD * norm.isf(p)}, unit: log10 FLOP}}\n" for k, p in enumerate(SHARES)]
    write(tmp_path, "line.yaml", HEADER + LINE + "".join(levels))
    one = assumptions.build(*compose.settings("line", ["thresholds=[regulatory]"], tmp_path))
    rows = [list(one.thresholds).index(f"level_{k}") for k in range(len(SHARES))]
    inside = np.zeros(len(SHARES), np.int64)
    for seed in range(REPEATS):
        low, high = forecast.simulate(one, DRAWS, seed, threads=1).probability_interval()
        inside += (low[rows, YEARS] <= SHARES) & (high[rows, YEARS] >= SHARES)
    low, high = intervals.binomial(np.arange(DRAWS + 1), DRAWS)
    for p, count in zip(SHARES, inside.tolist(), strict=True):
        covered = float(binom.pmf(np.arange(DRAWS + 1), DRAWS, p)[(low <= p) & (p <= high)].sum())
        assert covered > 0.945
        fewest, most = binom.ppf([5e-7, 1 - 5e-7], REPEATS, covered)
        verified("U1", f"interval of P = {p:g} covers", count, f"{fewest:.0f} to {most:.0f} of {REPEATS:,}")
        assert fewest <= count <= most, (p, count, covered)


FEWEST, MOST = 1849, 1944  # of 2,000, if 95 % is true: beyond them once in a million
WIDE = 1.959964
#: Two sets on the same random numbers: growth of compute in OOM a year, mean and standard deviation.
GROWTHS = {"plain": (0.4, 0.1), "quick": (0.5, 0.15)}
HIGH, HIGHER = 28.0, 29.0
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def moments(name: str, t: float) -> tuple[float, float]:
    """Mean and standard deviation of log10 compute after t years."""
    mean, sd = GROWTHS[name]
    return 26 + mean * t, math.hypot(1, sd * t)


def chance(name: str, level: float, t: float) -> float:
    """Of having crossed a level by then; paths that fall (1 in 2,000) hardly ever cross before."""
    mean, sd = moments(name, t)
    return float(norm.sf(level, mean, sd))


def date(name: str, level: float, share: float) -> float:
    """By which that share has crossed."""
    return 2026 + float(brentq(lambda t: chance(name, level, t) - share, 0, 60))


def quantile(name: str, t: float, share: float) -> float:
    return float(norm.ppf(share, *moments(name, t)))


Told = Iterator[tuple[str, float, float, float]]  # what, the value that was told, its error, the truth


def told_of_one(outcome: Outcome) -> Told:
    """Every number of a run whose truth is known."""
    of = list(outcome.set.thresholds)
    for which, level in (("high", HIGH), ("higher", HIGHER)):
        dates, errors = outcome.crossings().quantiles(np.array(LEVELS))
        for share, value, error in zip(LEVELS, dates[of.index(which)], errors[of.index(which)], strict=True):
            yield f"date by which {share:g} cross {which}", value, error, date("plain", level, share)
    for t in (2, 4):
        for share in (0.05, 0.5, 0.95):
            levels = np.array(neighbours(share, DRAWS))
            low, middle, high = outcome.quantiles(RESULTS, "training_compute", levels)[:, t]
            yield f"{share:g} quantile after {t} years", middle, 0.5 * (high - low), quantile("plain", t, share)
        mean, sd = outcome.moments("training_compute")
        yield f"mean after {t} years", mean[t], sd[t] / math.sqrt(DRAWS), moments("plain", t)[0]


def table(outcome: Outcome) -> xr.Dataset:
    """What a comparison reads of a result."""
    levels = np.array(LEVELS)
    return xr.Dataset(
        {
            "probability": (("threshold", "year"), outcome.probability),
            "crossing": (("threshold", "crossing_quantile"), outcome.crossings().quantiles(levels)[0]),
            "training_compute": (
                ("quantile", "year"),
                outcome.quantiles(RESULTS, "training_compute", levels),
                {"units": "log10 FLOP"},
            ),
        },
        {"year": outcome.set.years, "quantile": levels, "crossing_quantile": levels},
    )


def told_of_two(first: Outcome, other: Outcome) -> Told:
    """Every difference between two runs whose truth is known."""
    found = comparison._Apart(FirstDraws(first), table(first), FirstDraws(other), table(other)).variables()
    for t in (2, 4, 8):
        at = {"threshold": "high", "year": 2026 + t}
        value, error = (float(found[f"probability_difference{end}"].sel(at)) for end in ("", "_error"))
        yield f"difference of P after {t} years", value, error, chance("quick", HIGH, t) - chance("plain", HIGH, t)
        value, error = (float(found[f"training_compute_difference{end}"].sel(year=2026 + t)) for end in ("", "_error"))
        apart = quantile("quick", t, 0.5) - quantile("plain", t, 0.5)
        yield f"difference of medians after {t} years", value, error, apart
    for share in (0.1, 0.5, 0.9):
        at = {"threshold": "high", "crossing_quantile": share}
        value, error = (float(found[f"crossing_difference{end}"].sel(at)) for end in ("", "_error"))
        later = date("quick", HIGH, share) - date("plain", HIGH, share)
        yield f"difference of dates by which {share:g} cross", value, error, later


@pytest.mark.long
def test_errors_of_dates_quantiles_means_and_differences_cover_as_often_as_they_say(
    tmp_path: Path, verified: Verified
) -> None:
    """Value and 1.96 times its standard error, of 31 numbers of one set and of its differences from another."""
    thresholds = (
        f"thresholds: {{high: {{value: {HIGH}, unit: log10 FLOP}}, higher: {{value: {HIGHER}, unit: log10 FLOP}}}}"
    )
    sets = []
    for name, (mean, sd) in GROWTHS.items():
        text = NORMAL.replace("mean: 0.4, sd: 0.1", f"mean: {mean}, sd: {sd}")
        write(tmp_path, f"{name}.yaml", f"{HEADER}{text}\nhorizon: 2045\n{thresholds}")
        sets.append(assumptions.build(*compose.settings(name, ["thresholds=[regulatory]"], tmp_path)))
    inside: Counter[str] = Counter()
    for seed in range(REPEATS):
        first, other = (forecast.simulate(one, DRAWS, seed, threads=1, sample=DRAWS) for one in sets)
        for what, value, error, truth in (*told_of_one(first), *told_of_two(first, other)):
            inside[what] += bool(abs(value - truth) <= WIDE * error)
    for what, count in inside.items():
        verified("U1", f"{what}: covers", count, f"{FEWEST:,} to {MOST:,} of {REPEATS:,}")
    assert len(inside) >= 30
    assert {what: count for what, count in inside.items() if not FEWEST <= count <= MOST} == {}
