"""What the sensitivity study is asked: outputs that vary, and the inputs and groups that may drive them.

The outputs are, for each threshold, whether it is crossed by a year and the rank of its date, and log10 of training and
effective compute in that year. Inputs that are correlated are one input here, since their shares cannot be told apart;
the shocks of a volatile path are one, and so is the choice among hypotheses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulate import asking, designs
from simulate.assumptions import Assumptions
from simulate.checking import Where
from simulate.designs import HYPOTHESIS, SHOCKS, Factor
from simulate.errors import Mistake, Mistakes, did_you_mean, shown
from simulate.sensitivity_tables import CROSSED, DATE
from simulate.variables import COMPUTE


class Output(NamedTuple):
    """A number of each draw whose variance is explained: `kind` is crossed, date, or the quantity itself."""

    name: str
    kind: str
    of: str  # threshold or quantity
    unit: str


class Question(NamedTuple):
    """What is asked, checked."""

    set: Assumptions
    year: float
    outputs: tuple[Output, ...]
    factors: tuple[Factor, ...]
    groups: dict[str, tuple[str, ...]]  # random numbers of each group of inputs
    draws: int
    named: bool  # whether thresholds were named

    @property
    def inputs(self) -> list[str]:
        """What can be pinned: neither shocks nor hypotheses."""
        streams = [name for factor in self.factors for name in factor.streams]
        return [name for name in streams if name != HYPOTHESIS and not name.startswith(SHOCKS)]


def ask(
    assumptions: Assumptions,
    draws: int,
    threshold: Any = None,
    year: Any = None,
    groups: Any = None,
    where: Where = str,
) -> Question:
    """Check what is asked of a set: all thresholds, 2030 and groups by driver where nothing else is said.

    Raises
    ------
    Mistakes
        Everything that does not fit, at once.
    """
    mistakes: list[Mistake] = []
    if assumptions.evidence:
        what = "the set has evidence: given it, the inputs are not independent, so that shares of variance mean nothing"
        mistakes.append(Mistake(where("evidence"), what, "ask a set without the evidence"))
    asking.draws(draws, "every input takes three runs of so many draws", where, mistakes)
    chosen = asking.thresholds(assumptions, threshold, where, mistakes)
    at = asking.instant(assumptions, year, where, mistakes)
    outputs = [
        Output(f"{name} {kind}", kind, name, unit) for name in chosen for kind, unit in ((CROSSED, "1"), (DATE, "year"))
    ]
    outputs += [Output(name, name, name, assumptions.units[name]) for name in COMPUTE if name in assumptions.units]
    known = designs.factors(assumptions, chosen)
    if not outputs and not mistakes:
        way_out = "choose a set with ceilings, or add a threshold on one of its quantities"
        mistakes.append(Mistake("study=sensitivity", "the set has neither thresholds nor training compute", way_out))
    if not known:
        mistakes.append(
            Mistake("study=sensitivity", "every input of the set is certain", "nothing can drive the answer")
        )
    asked = _groups(known, groups, where, mistakes) if groups is not None else designs.by_driver(assumptions, known)
    if mistakes:
        raise Mistakes(mistakes)
    return Question(assumptions, at, tuple(outputs), tuple(known), asked, draws, threshold is not None)


def _groups(known: Sequence[Factor], asked: Any, where: Where, mistakes: list[Mistake]) -> dict[str, tuple[str, ...]]:
    """The groups that the user states, {name: [inputs]}; what is correlated must stay together."""
    streams = {name: factor for factor in known for name in factor.streams}
    place = where("groups")
    if not isinstance(asked, Mapping) or not asked:
        way_out = "write groups={money: [spend_start, spend_growth], chips: [chip_growth]}"
        mistakes.append(Mistake(place, f"groups = {shown(asked)}", way_out))
        return {}
    found: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for group, given in asked.items():
        names = [str(name) for name in given] if isinstance(given, list | tuple) else [str(given)]
        for name in names:
            if name not in streams:
                what = f"groups.{group}: {shown(name)} is no uncertain input{did_you_mean(name, streams)}"
                mistakes.append(Mistake(place, what, f"there are: {', '.join(streams)}"))
            elif owner.setdefault(name, str(group)) != group:
                what = f"groups: {name} is in {owner[name]} and in {group}"
                mistakes.append(Mistake(place, what, "groups cannot overlap"))
        found[str(group)] = tuple(dict.fromkeys(name for name in names if name in streams))
    for group, kept in found.items():
        for name in kept:
            apart = [other for other in streams[name].streams if other not in kept]
            if apart:
                what = f"groups.{group}: {name} is correlated with {', '.join(apart)}"
                mistakes.append(Mistake(place, what, "what is correlated must be in one group"))
                break
    return {group: names for group, names in found.items() if names}
