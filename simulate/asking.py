"""What a study may ask of a set: some of its thresholds, one of its instants, so many draws."""

from __future__ import annotations

from typing import Any

from simulate import instants
from simulate.assumptions import Assumptions
from simulate.checking import Where
from simulate.errors import Mistake, did_you_mean, shown

YEAR = 2030.0
"""The year that is meant where none is said, or the instant nearest to it."""
LEAST_DRAWS, MOST_DRAWS = 100, 2**20


def thresholds(assumptions: Assumptions, asked: Any, where: Where, mistakes: list[Mistake]) -> list[str]:
    """The thresholds that are asked for, by name or as a list of names; all of them where none is."""
    known = list(assumptions.thresholds)
    if asked is None:
        return known
    names = asked if isinstance(asked, list | tuple) else [asked]
    for name in (name for name in names if name not in known):
        what = f"threshold = {shown(name)}: the set has no such threshold{did_you_mean(str(name), known)}"
        mistakes.append(Mistake(where("threshold"), what, f"one of: {', '.join(known) or 'none'}"))
    return [name for name in dict.fromkeys(names) if name in known]


def instant(assumptions: Assumptions, asked: Any, where: Where, mistakes: list[Mistake]) -> float:
    """The year that is asked for, an instant of the set; where none is, the one nearest to 2030."""
    years = assumptions.years
    if asked is not None and instants.place(years, asked) is None:
        what = f"year = {asked:g}: the set has no such instant"
        mistakes.append(Mistake(where("year"), what, f"it has {instants.span(years)}"))
    return float(years[instants.nearest(years, YEAR if asked is None else asked)])


def draws(asked: int, why: str, where: Where, mistakes: list[Mistake]) -> None:
    """Draws that are neither too few for an answer nor too many for the memory; `why` says what they are for."""
    if not LEAST_DRAWS <= asked <= MOST_DRAWS:
        allowed = f"allowed: {LEAST_DRAWS} to {MOST_DRAWS}"
        mistakes.append(Mistake(where("draws"), f"draws = {asked}: {why}", allowed))
