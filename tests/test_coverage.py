"""Do the 95 % intervals of the answer cover the truth in 95 % of runs? Counted over 2,000 seeds of a known set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import HEADER, NORMAL, write
from scipy.stats import binom, norm

from simulate import assumptions, compose, forecast, intervals

REPEATS, DRAWS = 2000, 10_000
YEARS, MEAN, SD = 4, 26 + 0.4 * 4, float(np.hypot(1, 0.1 * 4))  # of log10 compute in 2030
SHARES = (0.5, 0.1, 0.01, 0.001)
LINE = f"{NORMAL}\nhorizon: 2030\nthresholds:\n"


@pytest.mark.long
def test_intervals_of_probabilities_cover_as_often_as_they_say(tmp_path: Path) -> None:
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
        assert fewest <= count <= most, (p, count, covered)
