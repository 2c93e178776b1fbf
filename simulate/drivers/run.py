"""Run: how long the largest run lasts and how much of the hardware's peak it uses; chips, power and latency share both.

Runs may grow longer, but never beyond the length at which waiting for better hardware would have been cheaper (Sevilla
and others 2022, "The longest training run").
"""

import math

from simulate.compiled import jit
from simulate.drivers.declare import Input, Path
from simulate.laws import grow

PATHS = (Path("run_length", "log10 s", "run_length", "duration of the largest run"),)
INPUTS = (
    Input("utilisation", "log10 1", "share of peak FLOP/s that training reaches", highest=0.0),
    Input("largest_run_start", "log10 FLOP", "training compute of the largest run before the start", -math.inf),
)


@jit
def advance(x, rules, t):
    """Run length by its law."""
    grow(x, x.run_length, rules.run_length, t)
