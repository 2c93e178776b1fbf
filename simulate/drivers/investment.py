"""Investment: the money for the largest run, which may not pass a share of gross world product."""

import math

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Ceiling, Input, Path
from simulate.laws import grow_below

PATHS = (Path("spend", "log10 USD2023", "spend", "money for the largest run", limits=("spend_limit_share",)),)
INPUTS = (
    Input(
        "spend_limit_share",
        "log10 1",
        "largest share of gross world product that one run may cost",
        math.inf,
        needs=("gwp",),
    ),
)
SCRATCH = ("spend_bound",)
CEILING = Ceiling("money", "what the money buys: spend times price-performance", needs=("price_performance",))


@jit
def advance(x, rules, t):
    """Spend by its law, below `spend_limit` and below `spend_limit_share` of gross world product."""
    for i in range(DRAWS):
        x.spend_bound[i] = min(x.spend.limit[i], x.spend_limit_share[i] + x.gwp.value[i])
    grow_below(x, x.spend, rules.spend, x.spend_bound, t)


@jit
def ceiling(x, rules, t):
    """Spend times price-performance."""
    for i in range(DRAWS):
        x.money_compute[i] = x.spend.value[i] + x.price_performance.value[i]
