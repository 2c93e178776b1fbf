"""Compiled functions one after another, or one of many: how a list of drivers or laws becomes one function.

Numba cannot call the members of a list, but a function may call others that it knows by closure. So a list becomes a
shallow tree of such functions, four to a node; the compiler sees through it, and a list in one place stays the only
list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from simulate.compiled import jit

Compiled = Callable[..., Any]
FAN = 4


@jit
def _nothing(a, b, c):
    """Stands where a node has fewer than four members."""


@jit
def _nothing_on(on, a, b, c):
    """The same one level up."""


def _filled(functions: Sequence[Compiled], blank: Compiled) -> list[Compiled]:
    return [*functions, *[blank] * (FAN - len(functions))]


def _split(functions: Sequence[Compiled]) -> list[Sequence[Compiled]]:
    assert len(functions) <= FAN * FAN, "more than 16 members need a third level"
    return [functions[start : start + FAN] for start in range(0, len(functions), FAN)]


def one_of(functions: Sequence[Compiled]) -> Compiled:
    """A function (choice, a, b, c) that calls `functions[choice](a, b, c)`."""

    def node(members: Sequence[Compiled]) -> Compiled:
        first, second, third, fourth = _filled(members, _nothing)

        @jit
        def chosen(choice, a, b, c):
            place = choice % FAN
            if place == 0:
                first(a, b, c)
            elif place == 1:
                second(a, b, c)
            elif place == 2:
                third(a, b, c)
            else:
                fourth(a, b, c)

        return chosen

    nodes = [node(members) for members in _split(functions)]
    if len(nodes) == 1:
        return nodes[0]
    first, second, third, fourth = _filled(nodes, _nothing_on)

    @jit
    def chosen_node(choice, a, b, c):
        place = choice // FAN
        if place == 0:
            first(choice, a, b, c)
        elif place == 1:
            second(choice, a, b, c)
        elif place == 2:
            third(choice, a, b, c)
        else:
            fourth(choice, a, b, c)

    return chosen_node


def in_turn(functions: Sequence[Compiled]) -> Compiled:
    """A function (on, a, b, c) that calls each `functions[k](a, b, c)` in order whose `on[k]` is set; `on` has room
    for 16.
    """

    def node(members: Sequence[Compiled], start: int) -> Compiled:
        first, second, third, fourth = _filled(members, _nothing)

        @jit
        def four(on, a, b, c):
            if on[start]:
                first(a, b, c)
            if on[start + 1]:
                second(a, b, c)
            if on[start + 2]:
                third(a, b, c)
            if on[start + 3]:
                fourth(a, b, c)

        return four

    nodes = [node(members, FAN * number) for number, members in enumerate(_split(functions))]
    first, second, third, fourth = _filled(nodes, _nothing_on)

    @jit
    def all_nodes(on, a, b, c):
        first(on, a, b, c)
        second(on, a, b, c)
        third(on, a, b, c)
        fourth(on, a, b, c)

    return nodes[0] if len(nodes) == 1 else all_nodes
