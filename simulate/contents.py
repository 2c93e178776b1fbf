"""What a result holds, and why it lacks what it lacks.

A set may state no ceiling, no threshold, no driver at all: then a result has no training compute, no date of crossing,
or nothing but its inputs. Printed answer, tables and figures ask here what there is to show. Parts are found by the
name of their variable, quantities by their dimensions, whatever else a result holds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulate import wording
from simulate.errors import Mistake, Mistakes, did_you_mean
from simulate.variables import COMPUTE

if TYPE_CHECKING:
    import xarray as xr


class Part(NamedTuple):
    """Something that a result may have: in words, its dimension, what a set without it lacks, what it is made of."""

    words: str
    dimension: str
    without: str
    needs: str = ""
    variable: str = ""  # that holds it, where it has another name
    usual: bool = True  # so that its absence is worth a word


_NO_LEVEL = "no threshold on a quantity that it has"
PARTS = {
    "quantities": Part("quantities", "year", "neither drivers nor quantities of its own"),
    "training_compute": Part("training compute", "year", "no ceiling", "quantities"),
    "effective_compute": Part("effective compute", "year", "no driver algorithms", "training_compute"),
    "binding": Part("binding ceilings", "ceiling", "no ceiling", "training_compute"),
    "probability": Part("probabilities of crossing", "threshold", _NO_LEVEL, "quantities"),
    "crossing": Part("dates of crossing", "threshold", _NO_LEVEL, "quantities"),
    "inputs": Part("inputs", "input", "no inputs"),
    "hypotheses": Part("hypotheses", "hypothesis", "no hypotheses", variable="hypothesis_weight", usual=False),
}
"""What a result may lack, by the name of its table or figure, which is that of its variable unless that is named."""


def has(dataset: xr.Dataset, name: str) -> bool:
    """Whether the result has that part, one of PARTS: its variable, with its dimension, and something in it."""
    if name == "quantities":
        return bool(quantities(dataset))
    part = PARTS[name]
    variable = dataset.variables.get(part.variable or name)
    return variable is not None and variable.size > 0 and part.dimension in variable.dims


def quantities(dataset: xr.Dataset) -> list[str]:
    """Return the names of all quantities: what has the dimensions (quantile, year) and no other."""
    return [str(name) for name, v in dataset.data_vars.items() if set(v.dims) == {"quantile", "year"} and v.size]


def headlines(dataset: xr.Dataset) -> list[str]:
    """Return the quantities that the result is about: training and effective compute, without them all there are."""
    found = quantities(dataset)
    return [name for name in COMPUTE if name in found] or found


def units(dataset: xr.Dataset, quantity: str) -> str:
    """Return the unit in which a quantity is stored, as "log10 FLOP"; empty if it has none."""
    attrs = dataset[quantity].attrs if quantity in dataset.variables else {}
    return wording.clean(attrs.get("units", ""), 40)


def evidence(dataset: xr.Dataset) -> list[str]:
    """Return the names of the rows of evidence by which the draws are weighed."""
    stated = json.loads(dataset.attrs.get("assumptions", "{}")).get("evidence") or {}
    return [wording.clean(name, 64) for name, row in stated.items() if row is not None]


def own_thresholds(dataset: xr.Dataset) -> list[int]:
    """Return the indices of the thresholds that the set itself states, not a set of thresholds."""
    return np.flatnonzero(dataset["threshold_own"].values).tolist() if "threshold_own" in dataset else []


def absent(dataset: xr.Dataset) -> list[str]:
    """Return the names of the parts that the result lacks."""
    return [name for name in PARTS if not has(dataset, name)]


def absence(dataset: xr.Dataset) -> str:
    """Return one line that says what is absent and why; empty where nothing is."""
    groups: dict[str, list[str]] = {}
    for name in (name for name in absent(dataset) if PARTS[name].usual):
        groups.setdefault(_why(dataset, name), []).append(PARTS[name].words)
    told = "; ".join(f"{', '.join(parts)} ({why})" for why, parts in groups.items())
    return f"Not in this result: {told}." if told else ""


def _why(dataset: xr.Dataset, name: str) -> str:
    """Return why a part is absent: where what it is made of is absent too, the reason of that."""
    part = PARTS[name]
    if part.needs and not has(dataset, part.needs):
        return _why(dataset, part.needs)
    return f"the set states {part.without}"


def require(dataset: xr.Dataset, name: str) -> None:
    """Make sure that the result has that part; raises Mistakes that says why it has not."""
    if not has(dataset, name):
        raise Mistakes([Mistake(name, f"this result has no {PARTS[name].words}", _why(dataset, name))])


def require_quantity(dataset: xr.Dataset, name: str) -> None:
    """Make sure that the result has that quantity; raises Mistakes that says why it has not, or which there are."""
    known = quantities(dataset)
    if name in COMPUTE:
        require(dataset, name)
    elif name not in known:
        there = f"the result has: {', '.join(known) or 'none'}{did_you_mean(name, known)}"
        raise Mistakes([Mistake(name, "no such quantity", there)])
