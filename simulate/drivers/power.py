"""Power: the electricity that one run can draw, and the FLOP that a joule buys."""

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Ceiling, Path
from simulate.laws import grow

PATHS = (
    Path("power", "log10 W", "power", "power of the largest run, all of the site"),
    Path("efficiency", "log10 FLOP/J", "efficiency", "peak FLOP per joule, all of the site's power counted"),
)
REQUIRES = ("run",)
CEILING = Ceiling("power", "what the power feeds, for the length of the run")


@jit
def advance(x, rules, t):
    """Power and energy efficiency by their laws."""
    grow(x, x.power, rules.power, t)
    grow(x, x.efficiency, rules.efficiency, t)


@jit
def ceiling(x, rules, t):
    """Power times FLOP per joule times the seconds in use."""
    for i in range(DRAWS):
        x.power_compute[i] = x.power.value[i] + x.efficiency.value[i] + x.utilisation[i] + x.run_length.value[i]
