"""Data: how many tokens a run can use, and the compute that trains on them at a given ratio of tokens to parameters.

C = 6 N D with N = D / ratio parameters (Hoffmann and others 2022): 4e14 tokens at 20 tokens per parameter are 4.8e28
FLOP.
"""

import math

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Ceiling, Input, Path, Quantity
from simulate.fastmath import LOG10_2, exp10, log2
from simulate.laws import grow

PATHS = (Path("token", "log10 token", "token_stock", "tokens that exist"),)
INPUTS = (
    Input("token_quality", "log10 1", "share of the stock worth training on", 0.0, highest=0.0),
    Input("token_epochs", "log10 1", "times that a token can be repeated with profit", 0.0),
    Input("token_modalities", "log10 1", "images, video and audio: all tokens over those of text", 0.0),
    Input("synthetic_tokens", "log10 token/yr", "useful synthetic tokens added in a year", -math.inf),
    Input("tokens_per_parameter", "log10 token/parameter", "tokens that each parameter is trained on"),
)
QUANTITIES = (Quantity("tokens", "log10 token", "tokens that one run can use, repeats counted"),)
SCRATCH = ("synthetic_amount",)
CEILING = Ceiling("data", "what the tokens are worth at the given ratio")
LOG10_6 = 0.7781512503836436
NO_AMOUNT = 300.0  # log10 tokens from which they are only a level, as beyond a pole


@jit
def advance(x, rules, t):
    """The stock by its law; its good part, repeated, and what has been synthesised since the start."""
    grow(x, x.token, rules.token, t)
    if t.fresh:
        for i in range(DRAWS):
            x.synthetic_amount[i] = exp10(x.synthetic_tokens[i]) if x.synthetic_tokens[i] > -300.0 else 0.0
    elapsed = t.year - rules.start
    for i in range(DRAWS):
        x.tokens[i] = x.token.value[i] + x.token_quality[i] + x.token_epochs[i] + x.token_modalities[i]
        x.scratch[i] = exp10(x.tokens[i]) + x.synthetic_amount[i] * elapsed
    for i in range(DRAWS):
        x.tokens[i] = LOG10_2 * log2(x.scratch[i]) if x.tokens[i] < NO_AMOUNT else x.tokens[i]


@jit
def ceiling(x, rules, t):
    """6 N D, with as many parameters N as the tokens D can train."""
    for i in range(DRAWS):
        x.data_compute[i] = LOG10_6 + 2.0 * x.tokens[i] - x.tokens_per_parameter[i]
