"""Trend: the historical growth of training compute, extrapolated; what laboratories would like to do."""

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Ceiling, Path
from simulate.laws import grow

PATHS = (Path("trend", "log10 FLOP", "trend", "training compute by the historical trend"),)
CEILING = Ceiling("trend", "the historical trend, carried on")


@jit
def advance(x, rules, t):
    """The trend by its law."""
    grow(x, x.trend, rules.trend, t)


@jit
def ceiling(x, rules, t):
    """The trend itself."""
    for i in range(DRAWS):
        x.trend_compute[i] = x.trend.value[i]
