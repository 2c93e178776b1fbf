"""Latency: a single run is a chain of steps, each as long as the model is deep; and a machine is only as large as it is
fast.

Training takes layers * latency per layer * number of steps, whatever the number of chips. With layers L0 (N/N0)^a,
tokens D = ratio * N and batches of B0 (N/N0)^b tokens, a run of length T trains at most N parameters: N^(1 + a - b) = T
B0 N0^(a - b) / (latency L0 ratio) (Sevilla and others 2024, "Can AI scaling continue through 2030?"). The fastest
single machine, where a set has one, binds too.
"""

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.data import LOG10_6
from simulate.drivers.declare import Ceiling, Input, Path, Quantity
from simulate.laws import grow

PATHS = (Path("machine", "log10 FLOP/s", "machine", "peak FLOP/s of the fastest single machine", optional=True),)
INPUTS = (
    Input("latency_per_layer", "log10 s", "time for one layer, forward and backward, of one step"),
    Input("layers_reference", "log10 1", "layers of the reference model"),
    Input("layer_scaling", "1", "exponent with which layers grow with parameters"),
    Input("batch_reference", "log10 token", "largest useful batch of the reference model"),
    Input("batch_scaling", "1", "exponent with which the batch grows with parameters"),
    Input("parameters_reference", "log10 parameter", "parameters of the reference model"),
)
QUANTITIES = (
    Quantity("parameters_by_latency", "log10 parameter", "parameters that can be trained in the run's length"),
)
REQUIRES = ("run", "data")
CEILING = Ceiling("latency", "what can be done in sequence within the run's length")


@jit
def advance(x, rules, t):
    """The fastest machine by its law; the largest model whose steps fit into the run."""
    if rules.machine.on:
        grow(x, x.machine, rules.machine, t)
    for i in range(DRAWS):
        extra = x.layer_scaling[i] - x.batch_scaling[i]
        tokens_per_second = x.batch_reference[i] - x.latency_per_layer[i] - x.layers_reference[i]
        fits = x.run_length.value[i] + tokens_per_second - x.tokens_per_parameter[i] + extra * x.parameters_reference[i]
        x.parameters_by_latency[i] = fits / (1.0 + extra)


@jit
def ceiling(x, rules, t):
    """6 N D of that model, and no more than the fastest machine computes in the time."""
    for i in range(DRAWS):
        wall = LOG10_6 + x.tokens_per_parameter[i] + 2.0 * x.parameters_by_latency[i]
        x.latency_compute[i] = min(wall, x.machine.value[i] + x.utilisation[i] + x.run_length.value[i])
