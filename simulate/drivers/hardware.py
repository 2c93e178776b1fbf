"""Hardware: how many FLOP a dollar buys, up to a physical limit."""

from simulate.compiled import jit
from simulate.drivers.declare import Path
from simulate.laws import grow

PATHS = (Path("price_performance", "log10 FLOP/USD2023", "price_performance", "training FLOP per dollar"),)


@jit
def advance(x, rules, t):
    """Price-performance by its law."""
    grow(x, x.price_performance, rules.price_performance, t)
