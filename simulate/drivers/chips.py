"""Chips: the world's stock of AI chips, the integral of what is made less what is retired, and the share that one run
gets.

Output and stock are in H100-equivalents (H100e), so the growth of output holds both more chips and better ones. Between
two instants the stock is integrated with five Gauss-Legendre points on panels of at most a year: exact to 1e-9 for
smooth output that grows up to threefold a year, to 1e-7 where its growth turns or its limit is met within half a year.
A corner of the output (a hard limit, a slowdown within the year) costs up to 2e-3 orders of magnitude; a shorter step
makes it smaller.
"""

import numpy as np

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Ceiling, Input, Path, Quantity, Scratch
from simulate.fastmath import LOG10_2, exp10, log2
from simulate.laws import amount_at, grow
from simulate.quadrature import gauss_legendre
from simulate.units import LOG10_E

PATHS = (Path("chip", "log10 H100e/yr", "chip_output", "AI chips made in a year"),)
INPUTS = (
    Input("chip_stock_start", "log10 H100e", "stock of AI chips at the start", dated=True),
    Input("chip_retirement", "1/yr", "share of the stock that is retired in a year, continuously", 0.0, lowest=0.0),
    Input("chip_share", "log10 1", "share of the stock that the largest run uses", highest=0.0),
    Input("chip_flops", "log10 FLOP/s", "peak FLOP/s of one H100e in training"),
)
QUANTITIES = (Quantity("chips", "log10 H100e", "stock of AI chips"),)
REQUIRES = ("run",)
CEILING = Ceiling("chips", "the share of all chips that one run gets, for its length")

_NODES, _WEIGHTS = (tuple(0.5 * v for v in side) for side in gauss_legendre(5))
NONE_YET = 0.0  # no panel is as short
SCRATCH = ("chip_stock", "chip_made", "chip_inverse_limit", "chip_panel", Scratch("chip_survival", len(_NODES) + 1))


@jit
def _survive(x, length):
    """What is left at the end of a panel of the chips made at each node, and of those there before: the same as in the
    panel before, if there was one with these inputs and it was as long.
    """
    if x.chip_panel[0] != length:
        x.chip_panel[0] = length
        for k in range(len(_NODES)):
            left = LOG10_E * length * (0.5 - _NODES[k])
            for i in range(DRAWS):
                x.chip_survival[k, i] = exp10(-x.chip_retirement[i] * left)
        for i in range(DRAWS):
            x.chip_survival[len(_NODES), i] = exp10(-x.chip_retirement[i] * (LOG10_E * length))


@jit
def _add_output(x, rules, t, start, end):
    """Carry the stock from `start` to `end`, at most a year later: dS/dt = output - retirement * S."""
    length = end - start
    _survive(x, length)
    for i in range(DRAWS):
        x.chip_stock[i] *= x.chip_survival[len(_NODES), i]
    for k in range(len(_NODES)):
        amount_at(x.chip, rules.chip, t, start + length * (0.5 + _NODES[k]), x.chip_inverse_limit, x.chip_made)
        weight = length * _WEIGHTS[k]
        for i in range(DRAWS):
            x.chip_stock[i] += weight * x.chip_survival[k, i] * x.chip_made[i]


@jit
def advance(x, rules, t):
    """Output by its law; the stock by integration since the instant before, or since `at` of its start."""
    since = t.before
    if t.first:
        since = rules.chip_stock_start_at
        for i in range(DRAWS):
            x.chip_stock[i] = exp10(x.chip_stock_start[i])
    if t.fresh:
        x.chip_panel[0] = NONE_YET
        for i in range(DRAWS):
            x.chip_inverse_limit[i] = exp10(-x.chip.limit[i])
    panels = int(np.ceil(t.year - since))
    for k in range(panels):
        _add_output(x, rules, t, since + (t.year - since) * k / panels, since + (t.year - since) * (k + 1) / panels)
    grow(x, x.chip, rules.chip, t)
    for i in range(DRAWS):
        x.chips[i] = LOG10_2 * log2(x.chip_stock[i])


@jit
def ceiling(x, rules, t):
    """Chips of the run times what each does in the time."""
    for i in range(DRAWS):
        run_chips = x.chips[i] + x.chip_share[i]
        x.chips_compute[i] = run_chips + x.chip_flops[i] + x.utilisation[i] + x.run_length.value[i]
