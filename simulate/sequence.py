"""Compiled functions one after another, or one of many: how a list of drivers or laws becomes one function.

Numba cannot call the members of a list, but a function may call another that it knows by closure. So a list is halved again and
again into a tree of such functions; the compiler sees through it, and a list in one place stays the only list. (A tree, since every
level is optimised once more with all that is below it.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from simulate.compiled import jit

Compiled = Callable[..., Any]
TURN = np.dtype([("on", "i8"), ("stage", "i8")])


def one_of(functions: Sequence[Compiled], first: int = 0) -> Compiled:
    """A function (choice, a, b, c) that calls `functions[choice](a, b, c)`."""
    if len(functions) == 1:
        only = functions[0]

        @jit
        def leaf(choice, a, b, c):
            only(a, b, c)

        return leaf
    half = len(functions) // 2
    middle = first + half
    lower, upper = one_of(functions[:half], first), one_of(functions[half:], middle)

    @jit
    def either(choice, a, b, c):
        if choice < middle:
            lower(choice, a, b, c)
        else:
            upper(choice, a, b, c)

    return either


def in_turn(functions: Sequence[Compiled], after: Compiled, first: int = 0) -> Compiled:
    """A function (turns, x, rules, t, more) that calls each `function(x, rules, t)` that is on, then `after(stage, t, more)`.

    `turns` says of each function whether it is `on`, and its `stage`.
    """
    if len(functions) == 1:
        only = functions[0]

        @jit
        def leaf(turns, x, rules, t, more):
            if turns[first].on:
                only(x, rules, t)
            after(turns[first].stage, t, more)

        return leaf
    half = len(functions) // 2
    earlier, later = in_turn(functions[:half], after, first), in_turn(functions[half:], after, first + half)

    @jit
    def both(turns, x, rules, t, more):
        earlier(turns, x, rules, t, more)
        later(turns, x, rules, t, more)

    return both
