"""Models: how many are trained above 1e25, 1e26, 1e27 and 1e28 FLOP each year, from all the compute that AI uses.

A share of the year's usage trains models, and the largest model takes a share of that. The models up to a size m use
(m / largest)^gradient of the training compute, as the models of 2017 to 2023 did with a gradient near 1 (Kumar and
Manning 2025, "Trends in Frontier AI Model Count", arXiv 2504.16138). Nineteen classes of size, of equal width in log10,
reach from the smallest model to the largest; a class trains models of even spread until its compute C is used up.

No models are drawn: what counts is how many are to be expected, and that is known. Sizes of mean m are added until
they pass C, which takes C / m + (1 + v^2) / 2 models on average, v their standard deviation over m (Cox 1962, Renewal
Theory; the better the larger C / m). So the spread of a result is that of the inputs. A year belongs to the instant at
its end; at the first instant everything before it is known and comes from the table.
"""

import math

import numpy as np

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Ceiling, Input, Path, Quantity
from simulate.fastmath import exp10, log10
from simulate.laws import grow

SIZES = (25, 26, 27, 28)  # log10 FLOP above which models are counted: those of laws, and what comes after them
CLASSES = 19  # of size; the source spaces 20 edges
LARGEST_LEVEL = 290.0  # log10 FLOP that a number can hold, with room for the sum over classes (beyond a pole)

PATHS = (Path("usage", "log10 FLOP/yr", "ai_usage", "compute that all AI uses in a year, training and inference"),)
INPUTS = (
    Input("training_share", "log10 1", "share of that usage that trains models", highest=0.0),
    Input("training_share_change", "year", "calendar year in which that share changes", math.inf),
    Input("training_share_factor", "log10 1", "share afterwards over the share before", 0.0),
    Input("largest_model_share", "log10 1", "share of a year's training compute in its largest model", highest=0.0),
    Input("allocation_gradient", "1", "exponent with which compute accumulates over sizes of models", lowest=0.0),
    Input("smallest_model", "log10 1", "smallest model counted, over the largest", highest=-1.0),
    Input("largest_model_start", "log10 FLOP", "largest model of the year before the start"),
    *(Input(f"models_above_1e{k}_start", "1", f"models above 1e{k} FLOP before the start", 0.0) for k in SIZES),
)
QUANTITIES = (
    Quantity("training_usage", "log10 FLOP/yr", "compute that trains models in a year"),
    Quantity("largest_model", "log10 FLOP", "training compute of the largest model of the last year"),
    *(
        Quantity(f"models_above_1e{k}", "1", f"models above 1e{k} FLOP in the last year; at first all so far")
        for k in SIZES
    ),
    *(Quantity(f"all_models_above_1e{k}", "1", f"models above 1e{k} FLOP so far") for k in SIZES),
)
SCRATCH = ("class_low", "class_high", "compute_below", "class_models")
CEILING = Ceiling("models", "the largest model's share of all training compute")


@jit
def advance(x, rules, t):
    """Usage by its law; once a year has ended, its largest model and its counts."""
    grow(x, x.usage, rules.usage, t)
    for i in range(DRAWS):
        before = min(max(x.training_share_change[i] - t.year + 1.0, 0.0), 1.0)  # part of the year before the change
        share = before + (1.0 - before) * exp10(x.training_share_factor[i])
        x.training_usage[i] = x.usage.value[i] + x.training_share[i] + log10(share)
    elapsed = t.year - rules.start
    if t.first:
        _begin(x)
    elif abs(elapsed - np.rint(elapsed)) < 1e-6:
        _count_year(x)


@jit
def _begin(x):
    """What was known at the start."""
    for i in range(DRAWS):
        x.largest_model[i] = x.largest_model_start[i]
        x.models_above_1e25[i] = x.all_models_above_1e25[i] = x.models_above_1e25_start[i]
        x.models_above_1e26[i] = x.all_models_above_1e26[i] = x.models_above_1e26_start[i]
        x.models_above_1e27[i] = x.all_models_above_1e27[i] = x.models_above_1e27_start[i]
        x.models_above_1e28[i] = x.all_models_above_1e28[i] = x.models_above_1e28_start[i]


@jit
def _count_year(x):
    """Largest model and counts of the year that ends, class by class from the smallest models up."""
    for i in range(DRAWS):
        x.largest_model[i] = x.training_usage[i] + x.largest_model_share[i]
        x.models_above_1e25[i] = x.models_above_1e26[i] = x.models_above_1e27[i] = x.models_above_1e28[i] = 0.0
    _to_edge(x, 0)
    for edge in range(1, CLASSES + 1):
        _next_class(x, edge)
        _add_above(x, 1e25, x.models_above_1e25)
        _add_above(x, 1e26, x.models_above_1e26)
        _add_above(x, 1e27, x.models_above_1e27)
        _add_above(x, 1e28, x.models_above_1e28)
    for i in range(DRAWS):
        x.all_models_above_1e25[i] += x.models_above_1e25[i]
        x.all_models_above_1e26[i] += x.models_above_1e26[i]
        x.all_models_above_1e27[i] += x.models_above_1e27[i]
        x.all_models_above_1e28[i] += x.models_above_1e28[i]


@jit
def _to_edge(x, edge):
    """Size at an edge between classes, and the compute of all models up to it, in FLOP."""
    for i in range(DRAWS):
        depth = x.smallest_model[i] * (CLASSES - edge) / CLASSES
        largest = min(x.largest_model[i], LARGEST_LEVEL)
        x.class_high[i] = exp10(largest + depth)
        x.compute_below[i] = exp10(largest - x.largest_model_share[i] + x.allocation_gradient[i] * depth)


@jit
def _next_class(x, edge):
    """The models to be expected in the class that ends at an edge."""
    for i in range(DRAWS):
        x.class_low[i] = x.class_high[i]
        x.class_models[i] = x.compute_below[i]
    _to_edge(x, edge)
    for i in range(DRAWS):
        mean = 0.5 * (x.class_low[i] + x.class_high[i])
        width = (x.class_high[i] - x.class_low[i]) / mean
        compute = x.compute_below[i] - x.class_models[i]
        x.class_models[i] = compute / mean + 0.5 * (1.0 + width * width / 12.0)


@jit
def _add_above(x, size, models):
    """Add the part of the class above a size."""
    for i in range(DRAWS):
        part = (x.class_high[i] - size) / (x.class_high[i] - x.class_low[i])
        models[i] += x.class_models[i] * min(max(part, 0.0), 1.0)


@jit
def ceiling(x, rules, t):
    """The largest model itself."""
    for i in range(DRAWS):
        x.models_compute[i] = x.largest_model[i]
