"""The schema that Hydra composes into: the top-level keys of a set and of a run.

Hydra refuses top-level keys that are not named here, and `simulate.grammar` has them from here. Values are untyped on
purpose: a row is checked as a whole by `simulate.assumptions`, a key of a run by `simulate.run_keys`, where the mistake
can be explained in its own terms. (Rows as dataclasses within Hydra would cost 0.2 s a composition, and Hydra's `+`
would add unknown ones all the same.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class AssumptionSet:
    """What an assumption set may state."""

    name: Any = None
    title: Any = None
    description: Any = None
    source: Any = None
    start: Any = None
    horizon: Any = None
    step: Any = None
    drivers: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    quantities: dict[str, Any] = field(default_factory=dict)
    ceilings: dict[str, Any] = field(default_factory=dict)
    inactive: Any = None
    sharpness: Any = None
    correlations: Any = None
    thresholds: dict[str, Any] = field(default_factory=dict)
    hypotheses: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)


@dataclass
class Run:
    """What belongs to one run and never to a set."""

    study: Any = None
    draws: Any = None
    seed: Any = None
    threads: Any = None
    engine: Any = None
    sampling: Any = None
    target_error: Any = None
    keep: Any = None
    kept: Any = None
    output: Any = None
    resume: Any = None
    overwrite: Any = None
    show: Any = None
    sets: Any = None
    groups: Any = None
    at: Any = None
    threshold: Any = None
    year: Any = None
    draw: Any = None
    grid: Any = None
    grid_by: Any = None
    grid_year: Any = None
    grid_threshold: Any = None
    law_of: Any = None
    laws: Any = None
    law_weights: Any = None


@dataclass
class Settings(Run, AssumptionSet):
    """Everything that is composed for one run."""


def clear_resolvers() -> None:
    """Leave OmegaConf no function that a `${...}` could call: not the environment, not a decoder."""
    from omegaconf import OmegaConf

    OmegaConf.clear_resolvers()
    for name in ("oc.env", "oc.decode", "oc.create", "oc.deprecated", "oc.dict.keys", "oc.dict.values", "oc.select"):
        OmegaConf.clear_resolver(name)
