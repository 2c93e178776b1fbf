"""Monte Carlo scenarios of AI training compute.

    import simulate

    ds = simulate.run("baseline_2026", draws=100_000, seed=1, inputs={"chip_growth": {"value": 1.5}})
    simulate.plots.fan(ds)

`run` gives an `xarray.Dataset`, `load` reads a saved one, `plots` draws either. Results are projections conditional on
the assumptions of the set. `reweight` gives the hypotheses of a result other weights, `compare` lays sets side by
side, `attribute` says which rows make the difference.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulate import plots as plots
    from simulate.api import attribute as attribute
    from simulate.api import compare as compare
    from simulate.api import explain as explain
    from simulate.api import grid as grid
    from simulate.api import load as load
    from simulate.api import reweight as reweight
    from simulate.api import run as run
    from simulate.api import sensitivity as sensitivity
    from simulate.api import structures as structures

__version__ = "0.1.0"
__all__ = ["attribute", "compare", "explain", "grid", "load", "plots", "reweight", "run", "sensitivity", "structures"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the command's help needs none of it."""
    if name == "plots":
        return importlib.import_module("simulate.plots")
    if name in ("run", "load", "reweight", "compare", "attribute", "sensitivity", "explain", "grid", "structures"):
        return getattr(importlib.import_module("simulate.api"), name)
    raise AttributeError(f"module 'simulate' has no attribute {name!r}")
