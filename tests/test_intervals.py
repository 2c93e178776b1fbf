"""The Monte Carlo interval of a probability: against SciPy, its exact coverage, and its ends."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from simulate import intervals


@pytest.mark.parametrize("n", [1, 2, 29, 59, 60, 1000, 10**6])
def test_few_hits_give_the_clopper_pearson_interval(n):
    k = np.unique(np.r_[np.arange(min(60, n + 1)), n - np.arange(min(60, n + 1))])
    low, high = intervals.binomial(k, n)
    expected_low = np.where(k == 0, 0.0, beta.ppf(0.025, np.maximum(k, 1), n - k + 1))
    expected_high = np.where(k == n, 1.0, beta.ppf(0.975, k + 1, np.maximum(n - k, 1)))
    few = np.minimum(k, n - k) < intervals.FEW
    np.testing.assert_allclose(low[few], expected_low[few], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(high[few], expected_high[few], rtol=1e-9, atol=1e-15)


def test_many_hits_give_the_wilson_interval():
    # By hand, z2 = 3.841459: centre 0.3019207 / 1.0038415, half width 1.959964 sqrt(2.1e-4 + 9.6036e-7) / 1.0038415.
    low, high = intervals.binomial(300, 1000)
    assert low == pytest.approx(0.272407, abs=1e-6)
    assert high == pytest.approx(0.329124, abs=1e-6)


def test_coverage_of_rare_events_is_what_it_says(verified):
    """Exactly, by the binomial law, where 1 to 30 hits are expected."""
    n, k = 10**6, np.arange(200)
    low, high = intervals.binomial(k, n)
    expected = np.linspace(1, 30, 600)
    p = expected[:, None] / n
    covered = np.where((low <= p) & (p <= high), binom.pmf(k, n, p), 0.0).sum(axis=1)
    verified("U2", "least coverage where 1 to 30 hits are expected, 600 points", round(covered.min(), 4), 0.95)
    assert covered.min() >= 0.95


def test_never_a_width_of_zero_and_never_outside():
    n = 1000
    low, high = intervals.binomial(np.arange(n + 1), n)
    assert np.all(high > low)
    assert np.all((low >= 0) & (high <= 1))
    assert low[0] == 0
    assert high[-1] == 1
    np.testing.assert_allclose(low + high[::-1], 1.0, atol=1e-12)


def test_the_error_of_a_share():
    assert intervals.standard_error([0.3, 0.0, 1.0], 100).tolist() == pytest.approx([0.21**0.5 / 10, 0.0, 0.0])


def test_no_hit_is_below_three_over_n():
    assert intervals.at_most(1e6) == pytest.approx(3.0e-6, rel=0.002)
    assert intervals.at_most(1) == pytest.approx(0.95)


def test_counts_broadcast_and_impossible_ones_are_refused():
    low, _ = intervals.binomial(np.zeros((2, 3)), 10)
    assert low.shape == (2, 3)
    assert intervals.binomial(3, 10)[0].shape == ()
    for k, n in ((11, 10), (-1, 10), (0, 0), (np.nan, 10)):
        with pytest.raises(ValueError, match="count of hits"):
            intervals.binomial(k, n)
    with pytest.raises(ValueError, match="level"):
        intervals.binomial(1, 10, level=1.0)
