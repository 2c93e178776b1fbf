"""Drawing the rows of a set: uniforms by name become values of their distributions, some of them correlated, and
shocks of volatile paths.

The uniforms are random numbers (`philox`) or, where a run asks for them, scrambled Sobol points (`quasi`), of which
each name has a dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from simulate.blocks import DRAWS, copy
from simulate.compiled import entry, jit
from simulate.fastmath import exp10, fma, normal_probability
from simulate.philox import FIRST_YEAR, SMALLEST, uniforms
from simulate.quasi import RANDOM, Points, evenly
from simulate.scores import normal_scores
from simulate.shapes import Kind, Shape
from simulate.tables import SIZE, look_up

STACK = 5  # scratch rows that drawing needs


@jit
def _fill(points, seed, name_tag, dimension, year, block, out):
    """Fill `out`, shape (draw,), with the uniforms of a block: random ones, or Sobol points; `year` is -1 for what is
    drawn once.
    """
    if points.replicate == 0:
        uniforms(seed, name_tag + np.uint64(FIRST_YEAR + year), block, out)
    else:
        evenly(points, dimension + max(year, 0) * points.each_year, block, out)


#: A drawn row: where its written value goes, its tag and dimension, whether it is drawn anew every year, and its parts.
DRAWN = np.dtype([("row", "i8"), ("tag", "u8"), ("dimension", "i8"), ("yearly", "i8"), ("first", "i8"), ("end", "i8")])
#: A part of a quantile function (see `distributions.Part`); `table` is the place of its table in `tables`.
PART = np.dtype(
    [("kind", "i8"), ("a", "f8"), ("b", "f8"), ("upto", "f8"), ("scale", "f8"), ("shift", "f8"), ("table", "i8")]
)


class Draws(NamedTuple):
    """Everything that is drawn, as arrays, and how some of it moves together."""

    drawn: np.ndarray  # (drawn,) DRAWN
    parts: np.ndarray  # (part,) PART
    tables: np.ndarray
    correlated: np.ndarray  # (correlated,) rows of the matrix
    mixing: np.ndarray  # (correlated, correlated) lower triangular
    points: Points


@jit
def _of_scores(part, out):
    """Turn normal scores in `out`, shape (draw,), into values of a normal or lognormal part."""
    a, b = part.a, part.b
    if part.kind == Kind.NORMAL:
        for i in range(DRAWS):
            out[i] = fma(b, out[i], a)
    else:
        for i in range(DRAWS):
            out[i] = exp10(fma(b, out[i], a))


@jit
def _value(part, tables, v, out, outer, place):
    """The quantiles of v by one part, all of shape (draw,); `outer` and `place` are scratch."""
    kind, a, b = part.kind, part.a, part.b
    if kind == Kind.POINT:
        for i in range(DRAWS):
            out[i] = a
    elif kind == Kind.NORMAL or kind == Kind.LOGNORMAL:
        normal_scores(v, out, outer, place)
        _of_scores(part, out)
    elif kind == Kind.UNIFORM:
        for i in range(DRAWS):
            out[i] = fma(b, v[i], a)
    elif kind == Kind.LOGUNIFORM:
        for i in range(DRAWS):
            out[i] = exp10(fma(b, v[i], a))
    elif kind == Kind.ROOT:
        for i in range(DRAWS):
            out[i] = fma(b, np.sqrt(v[i]), a)
    elif kind == Kind.FAR_ROOT:
        for i in range(DRAWS):
            out[i] = fma(-b, np.sqrt(1.0 - v[i]), a)
    else:
        for i in range(DRAWS):
            out[i] = look_up(v[i], tables, part.table)


@jit
def _quantiles(drawn, parts, tables, scored, stack, out):
    """Turn the uniforms in `out`, or if they are `scored` the normal scores, into values of a drawn row."""
    first = parts[drawn.first]
    whole = drawn.end - drawn.first == 1 and first.scale == 1.0 and first.shift == 0.0
    if scored:
        if whole and (first.kind == Kind.NORMAL or first.kind == Kind.LOGNORMAL):
            _of_scores(first, out)
            return
        for i in range(DRAWS):
            out[i] = min(max(normal_probability(out[i]), SMALLEST), 1.0 - SMALLEST)
    if whole:
        copy(out, stack[0])
        _value(first, tables, stack[0], out, stack[3], stack[4])
        return
    u, v, value = stack[0], stack[1], stack[2]
    copy(out, u)
    low = 0.0
    for k in range(drawn.first, drawn.end):
        part = parts[k]
        for i in range(DRAWS):
            v[i] = min(max(fma(part.scale, u[i], part.shift), SMALLEST), 1.0 - SMALLEST)
        _value(part, tables, v, value, stack[3], stack[4])
        for i in range(DRAWS):
            out[i] = value[i] if u[i] >= low else out[i]
        low = part.upto


@entry
def _one_row(draws, stack, out):
    _quantiles(draws.drawn[0], draws.parts, draws.tables, False, stack, out)


def pack(shapes: Sequence[Shape]) -> Draws:
    """The parts of many distributions as arrays, one row each; where they go and how they move together is left
    open.
    """
    parts = [part for shape in shapes for part in shape.parts]
    tables = [part.table for part in parts if part.table is not None]
    starts = iter(np.arange(len(tables)) * SIZE)
    drawn = np.zeros(len(shapes), DRAWN)
    drawn["end"] = np.cumsum([len(shape.parts) for shape in shapes])
    drawn["first"][1:] = drawn["end"][:-1]
    packed = np.zeros(len(parts), PART)
    for name in ("kind", "a", "b", "upto", "scale", "shift"):
        packed[name] = [getattr(part, name) for part in parts]
    packed["table"] = [0 if part.table is None else next(starts) for part in parts]
    every_table = np.concatenate(tables) if tables else np.zeros(1)
    return Draws(drawn, packed, every_table, np.zeros(0, np.int64), np.zeros((0, 0)), RANDOM)


def maker(shape: Shape) -> Callable[[np.ndarray], np.ndarray]:
    """What the kernel makes of uniforms strictly between 0 and 1, of any shape: values in the written unit.

    They rise with the uniform but for a mixture, which takes one part after the other: see `quantiles`.
    """
    draws, stack, out = pack([shape]), np.full((STACK, DRAWS), 0.5), np.empty(DRAWS)

    def values(uniforms: np.ndarray) -> np.ndarray:
        flat = uniforms.ravel()
        found = np.empty_like(flat)
        for start in range(0, len(flat), DRAWS):
            piece = flat[start : start + DRAWS]
            out[: len(piece)], out[len(piece) :] = (
                piece,
                0.5,
            )  # what was there are values, of which a table knows nothing
            _one_row(draws, stack, out)
            found[start : start + DRAWS] = out[: len(piece)]
        return found.reshape(uniforms.shape)

    return values


def values_at(shape: Shape, u: Sequence[float]) -> list[float]:
    """What the kernel makes of some uniforms."""
    found: list[float] = maker(shape)(np.asarray(u, np.float64)).tolist()
    return found


@jit
def _correlate(correlated, mixing, rows, stack):
    """Turn the uniforms of the correlated rows into normal scores that move together."""
    count = len(correlated)
    for k in range(count):
        z = rows[correlated[k]]
        copy(z, stack[2])
        normal_scores(stack[2], z, stack[0], stack[1])
    for k in range(count - 1, -1, -1):
        z = rows[correlated[k]]
        own = mixing[k, k]
        for i in range(DRAWS):
            z[i] = own * z[i]
        for j in range(k):
            weight, other = mixing[k, j], rows[correlated[j]]
            if weight != 0.0:
                for i in range(DRAWS):
                    z[i] = fma(weight, other[i], z[i])


@jit
def _is_among(row, correlated):
    """Whether a row is correlated with others."""
    found = False
    for k in range(len(correlated)):
        found |= correlated[k] == row
    return found


@jit
def draw(draws, seed, block, rows, stack):
    """Draw every row that is drawn once, in its written unit."""
    for k in range(len(draws.drawn)):
        one = draws.drawn[k]
        if not one.yearly:
            _fill(draws.points, seed, one.tag, one.dimension, -1, block, rows[one.row])
    _correlate(draws.correlated, draws.mixing, rows, stack)
    for k in range(len(draws.drawn)):
        one = draws.drawn[k]
        if not one.yearly:
            scored = _is_among(one.row, draws.correlated)
            _quantiles(one, draws.parts, draws.tables, scored, stack, rows[one.row])


@jit
def draw_yearly(draws, seed, block, year, rows, stack):
    """Draw the rows of `each: year` for year number `year` since the start."""
    for k in range(len(draws.drawn)):
        one = draws.drawn[k]
        if one.yearly:
            _fill(draws.points, seed, one.tag, one.dimension, year, block, rows[one.row])
            _quantiles(one, draws.parts, draws.tables, False, stack, rows[one.row])


#: A path with volatility: its tag and dimension, and its rows of volatility, whole years' shocks, present shock, noise.
SHOCK = np.dtype(
    [("tag", "u8"), ("dimension", "i8"), ("volatility", "i8"), ("whole_shocks", "i8"), ("shock", "i8"), ("noise", "i8")]
)


@jit
def shake(points, shocks, seed, block, before, elapsed, first, rows, stack):
    """Bring each volatile path's noise to `elapsed` years since the start: whole years' shocks, and a part of the
    present one.

    `before` is the time of the instant before; the shock of the year between them is drawn when the year begins.
    """
    year = int(np.floor(before + 1e-9))
    for k in range(len(shocks)):
        whole, shock, noise = rows[shocks[k].whole_shocks], rows[shocks[k].shock], rows[shocks[k].noise]
        if first:
            for i in range(DRAWS):
                whole[i] = shock[i] = noise[i] = 0.0
        else:
            if before - year < 1e-9:
                _fill(points, seed, shocks[k].tag, shocks[k].dimension, year, block, stack[0])
                normal_scores(stack[0], stack[1], stack[2], stack[3])
                volatility = rows[shocks[k].volatility]
                for i in range(DRAWS):
                    whole[i] += shock[i]
                    shock[i] = volatility[i] * stack[1, i]
            for i in range(DRAWS):
                noise[i] = whole[i] + (elapsed - year) * shock[i]
