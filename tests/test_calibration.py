"""Evidence as it should be: a truth drawn from the prior, seen with an error, lies anywhere in the posterior alike.

Simulation-based calibration (Talts and others 2018): where the weights of draws are right, the share of the posterior
below the truth is uniform over truths.
"""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Verified
from kernel_values import settings_of
from scipy import stats

from simulate import forecast
from simulate.assumptions import build

DRAWS = 4096
LIMIT = 4.9  # standard errors, once in a million


def share_below(truth: float, seen: float, error: float, seed: int) -> float:
    """Of the posterior of a quantity that is normal around 1 with deviation 2, and was seen."""
    row = {"unit": "OOM", "dist": "normal", "mean": 1, "sd": 2}
    own = {"x": {"formula": "a", "unit": "OOM"}}
    level = {"level": {"value": truth, "unit": "OOM", "quantity": "x"}}
    stated = settings_of({"a": row}, drivers={}, quantities=own, thresholds=level, horizon=2027)
    stated["evidence"] = {"seen": {"quantity": "x", "date": 2026, "value": seen, "sd": error, "unit": "OOM"}}
    return 1.0 - float(forecast.simulate(build(stated), DRAWS, seed, threads=1).probability[0, 0])


def ranks(many: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    truths, errors = rng.normal(1, 2, many), rng.uniform(1.3, 1.7, many)
    return np.array(
        [share_below(t, t + e * rng.normal(), e, k) for k, (t, e) in enumerate(zip(truths, errors, strict=True))]
    )


def check(found: np.ndarray, verified: Verified) -> None:
    """Inside the band that uniform ranks leave once in a million; and as normal scores neither off nor too wide or
    narrow, which a posterior of the wrong width makes them.
    """
    many = len(found)
    distance, band = stats.kstest(found, "uniform").statistic, stats.kstwo.isf(1e-6, many)
    scores = stats.norm.ppf(found.clip(1e-4, 1 - 1e-4))
    off, wide = scores.sum() / np.sqrt(many), ((scores**2).sum() - many) / np.sqrt(2 * many)
    verified("S13", f"largest distance of {many:,} ranks from uniform", round(float(distance), 4), round(band, 4))
    verified("S13", f"mean of the normal scores of {many:,} ranks", "", LIMIT, abs(float(off)))
    verified("S13", f"spread of the normal scores of {many:,} ranks", "", LIMIT, abs(float(wide)))
    assert distance < band
    assert abs(off) < LIMIT
    assert abs(wide) < LIMIT


def test_truths_lie_anywhere_in_the_posterior(verified: Verified) -> None:
    check(ranks(100), verified)


@pytest.mark.long
def test_many_truths_lie_anywhere_in_the_posterior(verified: Verified) -> None:
    check(ranks(1500), verified)
