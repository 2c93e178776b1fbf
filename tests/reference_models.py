"""The driver `models` a second time, for `reference_model.py`: all size classes of a year at once, year by year.

A class of sizes a to b holds compute C. Adding models of even spread until C is passed takes C/m + E[X^2]/(2 m^2) of
them on average, with m = (a + b)/2 and E[X^2] = (a^2 + a b + b^2)/3 (the renewal theorem's second term).
"""

from typing import Any

import numpy as np

SIZES = {"1e25": 1e25, "1e26": 1e26, "1e27": 1e27, "1e28": 1e28}
CLASSES = 19


def training_usage(model: Any, i: int) -> Any:
    """Give the log10 of the compute (draw,) that trains models in the year before instant i."""
    share = model.part("training_share", i)
    if "training_share_change" in model.inputs and "training_share_factor" in model.inputs:
        change = model.written["training_share_change"]
        later = np.minimum(np.maximum(model.year[i] - change, 0), 1)  # the part of the year after the change
        share = share + np.log10(1 + later * (10.0 ** model.part("training_share_factor", i) - 1))
    return model.quantity("ai_usage", i) + share


def largest(model: Any, i: int) -> Any:
    """Give the log10 of the largest model (draw,) of the last whole year before instant i."""
    i = last_whole_year(model, i)
    if i == 0:
        return model.part("largest_model_start", 0)
    return model.quantity("training_usage", i) + model.part("largest_model_share", i)


def last_whole_year(model: Any, i: int) -> int:
    """Give the latest instant up to i that lies whole years after the start."""
    elapsed = model.year[: i + 1] - model.start
    return int(np.flatnonzero(np.abs(elapsed - np.round(elapsed)) < 1e-9)[-1])


def above(model: Any, name: str, i: int) -> Any:
    """Give how many models (draw,) above a size are to be expected in the last whole year before instant i."""
    i = last_whole_year(model, i)
    if i == 0:
        stated = f"models_above_{name}_start" in model.inputs
        return model.written[f"models_above_{name}_start"] if stated else np.zeros(model.draws)
    share, gradient = 10.0 ** model.part("largest_model_share", i), model.written["allocation_gradient"]
    gradient = gradient[i] if np.ndim(gradient) == 2 else gradient
    size = 10.0 ** (model.part("smallest_model", i) * np.linspace(1, 0, CLASSES + 1)[:, None])  # over the largest
    compute = np.diff(size**gradient, axis=0) / share
    a, b = size[:-1], size[1:]
    number = compute / ((a + b) / 2) + (a * a + a * b + b * b) / 3 / ((a + b) ** 2 / 2)
    bound = SIZES[name] / 10.0 ** largest(model, i)
    return np.sum(number * np.clip((b - bound) / (b - a), 0, 1), axis=0)


def add_models(model: Any) -> None:
    """Add the quantities and the ceiling of the driver."""
    model.add_path("models", "usage", "ai_usage")
    model.quantities["training_usage"] = lambda i: training_usage(model, i)
    model.quantities["largest_model"] = lambda i: largest(model, i)
    for name in SIZES:
        model.quantities[f"models_above_{name}"] = lambda i, name=name: above(model, name, i)
        model.quantities[f"all_models_above_{name}"] = lambda i, name=name: sum(
            above(model, name, j) for j in range(i + 1) if last_whole_year(model, j) == j
        )
    model.ceilings["models"] = lambda i: model.quantity("largest_model", i)
