"""Where the formulas of a set give no number that can be used: a mistake, told with the share of the draws."""

from __future__ import annotations

import numpy as np

from simulate.assumptions import Assumptions
from simulate.errors import Mistake, Mistakes
from simulate.plan import Prepared
from simulate.tally import Sums


def failing(prepared: Prepared, sums: Sums) -> dict[str, int]:
    """Draws in which a derived input or level is not finite, or a level no number in some year; those that have any."""
    found = dict(zip(prepared.derived, sums.others["broken"].tolist(), strict=True))
    for name, lost in zip(prepared.thresholds, sums.others["lost"].max(axis=1, initial=0).tolist(), strict=True):
        found[name] = max(found.get(name, 0), lost)
    return {name: count for name, count in found.items() if count}


def check(assumptions: Assumptions, prepared: Prepared, sums: Sums, draws: int) -> None:
    """Raise Mistakes where an input or level fails in some draw, or a log-likelihood is above 0."""
    mistakes = []
    likelihoods = assumptions.evidence.likelihoods
    for likelihood, count in zip(likelihoods, sums.others["improper"].tolist(), strict=True):
        if count:
            what = f"evidence.{likelihood.name}.loglik is above 0 or no number in {_share(count, draws)}"
            way_out = "state it relative to its maximum: a log-likelihood of 0 is the best that a draw can do"
            mistakes.append(Mistake(likelihood.where, what, way_out))
    tables = {"inputs": assumptions.rows, "thresholds": {k: t.row for k, t in assumptions.thresholds.items()}}
    for name, count in failing(prepared, sums).items():
        section, row = name.split(".", 1)
        what = "not a finite number" if section == "inputs" else "below 0 or no finite number"
        way_out = "guard the formula with max(), clip() or where(), or truncate its inputs"
        mistakes.append(Mistake(tables[section][row].where, f"{name} is {what} in {_share(count, draws)}", way_out))
    if mistakes:
        raise Mistakes(mistakes)


def check_results(assumptions: Assumptions, prepared: Prepared, lost: np.ndarray, draws: int) -> None:
    """Raise Mistakes where a result is no number in some draw and year: a mistake of what it is made of. `lost`
    (result, year) are such draws.
    """
    for name, count in zip(prepared.results, lost.max(axis=1).tolist(), strict=True):
        if count:
            own = assumptions.quantities.get(name) or assumptions.ceilings.get(name.removeprefix("ceiling:"))
            where = own.where if own else "inputs"
            what = f"{name.replace(':', ' ')} is not a number in {_share(count, draws)}"
            way_out = "look for the logarithm of a negative number, 0/0 or infinity less infinity"
            raise Mistakes([Mistake(where, what, way_out)])


def _share(count: int, draws: int) -> str:
    return f"{100.0 * count / draws:.3g} % of the draws"
