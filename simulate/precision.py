"""As many draws as a wanted precision needs: a run is repeated with more of them until every reported probability has
the standard error that was asked for, or as many draws as are allowed have been taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from simulate.outcome import Outcome

FIRST = 2**16  # draws from which the need of more is seen
MORE = 1.1  # times the need that was seen, since that is itself uncertain


class Reached(NamedTuple):
    """The last run, and what to say of its precision."""

    outcome: Outcome
    note: str


def reach(run: Callable[[int], Outcome], most: int, target: float) -> Reached:
    """Repeat `run(draws)`, with at most `most` draws, until the largest standard error of a probability is `target`."""
    draws = min(FIRST, most)
    while True:
        outcome = run(draws)
        error = float(outcome.probability_error.max(initial=0.0))
        need = MORE * outcome.draws * (error / target) ** 2
        told = f"largest standard error of a probability {error:.2g}, target_error {target:g}"
        if error <= target:
            return Reached(outcome, f"{told}: reached with {outcome.draws:,} draws")
        if outcome.draws >= most:
            digits = 10.0 ** (math.floor(math.log10(need)) - 1)
            need = math.ceil(need / digits) * digits
            return Reached(outcome, f"{told}: not reached with {outcome.draws:,} draws; about {need:,.0f} would do")
        draws = min(most, max(2 * draws, math.ceil(need)))
