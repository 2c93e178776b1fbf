"""Compiled functions one after another, or one of many: how a list of drivers or laws becomes one function.

Numba cannot call the members of a list, but a function may call another that it knows by closure. So a list is folded into a
chain of pairs, each calling its own member and then the rest; the compiler unrolls the chain, and a list in one place stays the
only list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from simulate.compiled import jit

Compiled = Callable[..., Any]


def one_of(functions: Sequence[Compiled]) -> Compiled:
    """A function (choice, a, b, c) that calls `functions[choice](a, b, c)`."""

    @jit
    def none(choice, a, b, c):
        pass

    def pair(number: int, function: Compiled, rest: Compiled) -> Compiled:
        @jit
        def either(choice, a, b, c):
            if choice == number:
                function(a, b, c)
            else:
                rest(choice, a, b, c)

        return either

    chain = none
    for number, function in reversed(list(enumerate(functions))):
        chain = pair(number, function, chain)
    return chain


def in_turn(functions: Sequence[Compiled], after: Compiled) -> Compiled:
    """A function (on, x, rules, t, more) that calls each `function(x, rules, t)` that is on, then `after(number, t, more)`."""

    @jit
    def nothing(on, x, rules, t, more):
        pass

    def pair(number: int, function: Compiled, rest: Compiled) -> Compiled:
        @jit
        def both(on, x, rules, t, more):
            if on[number]:
                function(x, rules, t)
            after(number, t, more)
            rest(on, x, rules, t, more)

        return both

    chain = nothing
    for number, function in reversed(list(enumerate(functions))):
        chain = pair(number, function, chain)
    return chain
