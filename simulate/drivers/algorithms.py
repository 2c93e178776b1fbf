"""Algorithms: how much more a FLOP achieves than at the start, which turns training compute into effective compute.

Part of what is measured as algorithmic progress shows only at scale (Gundlach and others 2025): the share
`algorithm_compute_share` of the growth is earned by the growth of training compute, relative to
`algorithm_reference_growth`.
"""

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Input, Path
from simulate.laws import approach, unlimited

PATHS = (Path("algorithm", "log10 1", "algorithm_gain", "effective compute over training compute", start=0.0),)
INPUTS = (
    Input(
        "algorithm_compute_share",
        "1",
        "share of the growth that itself needs compute growth",
        0.0,
        lowest=0.0,
        highest=1.0,
    ),
    Input("algorithm_reference_growth", "OOM/yr", "growth of training compute at which that share was measured", 1.0),
)
SCRATCH = ("first_compute",)


@jit
def follow(x, rules, t):
    """The gain by its law; a share of it moves with training compute instead; never below none."""
    if t.first:
        for i in range(DRAWS):
            x.first_compute[i] = x.training_compute[i]
    unlimited(x.algorithm, rules.algorithm, t, t.year)
    gain = x.algorithm.value
    for i in range(DRAWS):
        by_time = gain[i] + x.algorithm.noise[i] - x.algorithm.start[i]
        share = x.algorithm_compute_share[i]
        compute_years = (x.training_compute[i] - x.first_compute[i]) / x.algorithm_reference_growth[i]
        by_compute = x.algorithm.growth[i] * compute_years
        left = (1.0 - share) * by_time if share < 1.0 else 0.0  # no share of what is infinite is nothing
        earned = share * by_compute if share > 0.0 else 0.0
        gain[i] = x.algorithm.start[i] + (left + earned)
    approach(rules.algorithm.limit, gain, x.algorithm.limit, x.scratch)
    for i in range(DRAWS):
        gain[i] = max(gain[i], 0.0)
