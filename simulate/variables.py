"""Names that a result uses itself, so that no quantity of a set can have them.

A quantity is a variable of the Dataset under its own name; `dataset` and `by_hypothesis` put these others beside it.
"""

from __future__ import annotations

COMPUTE = ("training_compute", "effective_compute")
"""The quantities that a forecast is about, where a set has them."""
COORDINATES = (
    "year", "quantile", "input", "correlated", "correlated_with", "ceiling", "active", "threshold", "crossing_quantile",
    "crossing_bin", "draw", "path", "hypothesis", "other", "share",
)  # fmt: skip
VARIABLES = (
    "inputs", "input_unit", "input_dist", "input_source", "input_note", "truncated", "correlation",
    "ceiling_compute", "binding",
    "probability", "probability_error", "probability_low", "probability_high",
    "crossing", "crossing_error", "crossing_density", "never", "already",
    "threshold_level", "threshold_quantity", "threshold_source", "threshold_note", "threshold_own",
    "reached_pole", "effective_sample_size", "log_likelihood",
    "hypothesis_weight", "hypothesis_posterior", "hypothesis_note",
    "pair_both", "pair_one", "pair_mass", "evidence_mass",
)  # fmt: skip
#: What is derived from a quantity or variable is called after it, with one of these endings, or two.
ENDINGS = ("_mean", "_sd", "_draw", "_by_hypothesis", "_shares")


def why_taken(name: str) -> str | None:
    """Why no quantity of a set may be called so, in words that follow the name; None if one may."""
    if name in COORDINATES or name in VARIABLES:
        return "is what a result calls something else"
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), None)
    return f"ends in {ending}, as what a result derives from a quantity does" if ending else None
