"""Normal scores of a whole block, each of the two fits of the quantile only for the draws that need it.

Six draws of seven lie in the middle. The others are put side by side, so that vector instructions do them too, and put
back. The bits are those of `fastmath.normal_quantile`.
"""

from __future__ import annotations

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.fastmath import CENTRAL, normal_quantile_central, normal_quantile_outer

LANES = 8  # doubles in the widest vector: the last one is filled with what was there


@jit
def normal_scores(u, out, outer, place):
    """The normal quantiles of `u`; all of shape (draw,) and none the same. `outer` and `place` are scratch."""
    many = 0
    for i in range(DRAWS):
        outer[many] = u[i]
        place[many] = i
        many += abs(u[i] - 0.5) > CENTRAL
    for i in range(DRAWS):
        out[i] = normal_quantile_central(u[i] - 0.5)
    for j in range((many + LANES - 1) // LANES * LANES):
        outer[j] = normal_quantile_outer(outer[j])
    for j in range(many):
        out[int(place[j])] = outer[j]
