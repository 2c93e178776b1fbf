"""Evidence as weights: how likely what was seen since is, in the light of each draw.

The log-likelihoods of a draw add up; its weight is 2^32 times the likelihood, as a whole number, so that weighted
counts add up to the same bits in any order. A set without evidence gives every draw the weight 1.
"""

from __future__ import annotations

import math

import numpy as np

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.fastmath import exp, round_even
from simulate.programs import evaluate

CERTAIN = float(2**32)
"""The weight of a draw that explains the evidence perfectly."""

MOST_WEIGHTED_DRAWS = 2**30  # so many weights add up in 64 bits

#: An observation: rows of the quantity and of its value one step ago, when it was seen, what was seen, and its error.
OBSERVATION = np.dtype([("row", "i8"), ("earlier", "i8"), ("date", "f8"), ("value", "f8"), ("sd", "f8")])


@jit
def by_formulas(program, formulas, rows, stack, many, likelihood, improper):
    """Start the log-likelihood of a block, shape (draw,), with the formulas over inputs; count the draws in which one
    is above 0 or no number.
    """
    for i in range(DRAWS):
        likelihood[i] = 0.0
    for k in range(len(formulas)):
        evaluate(program.steps, program.constants, formulas[k].first, formulas[k].end, rows, stack, 0.0, False)
        bad = 0
        for i in range(many):
            bad += not stack[0, i] <= 0.0
        improper[k] += bad
        for i in range(DRAWS):
            likelihood[i] += stack[0, i]


@jit
def by_observations(observed, t, rows, likelihood):
    """Add the normal log-likelihood, relative to its maximum, of what was seen between the instant before and this."""
    for k in range(len(observed)):
        one = observed[k]
        if (t.first and one.date <= t.year) or t.before < one.date <= t.year:
            now, before = rows[one.row], rows[one.earlier]
            share = 1.0 if t.first else (one.date - t.before) / (t.year - t.before)
            for i in range(DRAWS):
                level = now[i] if share == 1.0 else before[i] + share * (now[i] - before[i])
                off = (level - one.value) / one.sd
                likelihood[i] -= 0.5 * off * off


@jit
def to_weights(weighted, likelihood, weights):
    """Whole-number weights, shape (draw,); a draw that has no likelihood weighs nothing."""
    if weighted:
        for i in range(DRAWS):
            some = likelihood[i] > -math.inf
            weights[i] = np.int64(round_even(CERTAIN * exp(min(likelihood[i], 0.0)))) if some else np.int64(0)
    else:
        for i in range(DRAWS):
            weights[i] = np.int64(1)
