"""Variants of a run in which some inputs are drawn anew, or pinned, while all others keep their numbers.

Random numbers are keyed by the name of the input, so an input is drawn anew by changing its tag in a copy of the plan;
it is pinned by a distribution of one point. Neither compiles anything. What moves together is drawn anew together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulate import each_draw, elementwise, layout, no_number, philox, quantiles, sampling, tables
from simulate.assumptions import Assumptions
from simulate.correlation import cholesky
from simulate.drivers import DRIVERS
from simulate.errors import Mistake, Mistakes
from simulate.philox import SMALLEST
from simulate.plan import Prepared
from simulate.products import product
from simulate.rows import Row
from simulate.shapes import Kind

Array = NDArray[np.float64]
Change = Callable[[Prepared, Assumptions], Prepared]

LEVEL, SHOCKS, HYPOTHESIS = "threshold:", "shocks:", "hypothesis"


class Factor(NamedTuple):
    """What varies as one: an input, inputs that are correlated, the shocks of a path, or the hypothesis; `streams` are
    the names of its random numbers.
    """

    name: str
    streams: tuple[str, ...]


def rows(one: Assumptions) -> dict[str, Row]:
    """Every row that is drawn, inputs by name and levels as "threshold:NAME"."""
    levels = {LEVEL + name: threshold.row for name, threshold in one.thresholds.items()}
    return {name: row for name, row in {**one.rows, **levels}.items() if row.drawn}


def factors(assumptions: Assumptions, thresholds: Iterable[str]) -> list[Factor]:
    """Everything that varies and can have to do with these thresholds or with compute."""
    sets = [member.set for member in assumptions.members]
    wanted = {LEVEL + name for name in thresholds}
    drawn = dict.fromkeys(name for one in sets for name in rows(one))
    together = _together(sets)
    found = dict.fromkeys(
        together.get(name, (name,))
        for name in drawn
        if not name.startswith(LEVEL) or wanted.intersection(together.get(name, (name,)))
    )
    shocks = dict.fromkeys(SHOCKS + path for one in sets for path in one.paths if f"{path}_volatility" in one.rows)
    streams = [*found, *((name,) for name in shocks)]
    if assumptions.hypotheses:
        streams.append((HYPOTHESIS,))
    return [Factor(" + ".join(names), names) for names in streams]


def _together(sets: Iterable[Assumptions]) -> dict[str, tuple[str, ...]]:
    """All names of the group in which an input is correlated, under any hypothesis, by each of its names."""
    found: dict[str, tuple[str, ...]] = {}
    for one in sets:
        names = [name if name in one.rows else LEVEL + name for name in one.correlations.names]
        matrix = product(one.correlations.factor, one.correlations.factor.T)
        for i, j in zip(*np.nonzero(np.abs(np.triu(matrix, 1)) > 1e-12), strict=True):
            a, b = found.get(names[i], (names[i],)), found.get(names[j], (names[j],))
            group = tuple(dict.fromkeys((*a, *b)))
            found |= dict.fromkeys(group, group)
    return found


def by_driver(assumptions: Assumptions, known: Sequence[Factor]) -> dict[str, tuple[str, ...]]:
    """The factors in groups, by the driver that reads them; drivers whose inputs are correlated stay together."""
    readers: dict[str, str] = {}
    for name, driver in DRIVERS.items():
        for path in layout.paths(driver):
            readers |= {row.name: name for row in layout.path_rows(path)} | {SHOCKS + path.name: name}
        readers |= {item.name: name for item in layout.inputs(driver)}

    def reader(stream: str) -> str:
        return "thresholds" if stream.startswith(LEVEL) else readers.get(stream, "own formulas")

    joined: dict[str, tuple[str, ...]] = {}
    for factor in known:
        if factor.streams != (HYPOTHESIS,):
            several = dict.fromkeys(part for s in factor.streams for part in joined.get(reader(s), (reader(s),)))
            joined |= dict.fromkeys(several, tuple(several))
    found: dict[str, tuple[str, ...]] = {}
    for factor in known:
        if factor.streams != (HYPOTHESIS,):
            group = " + ".join(joined[reader(factor.streams[0])])
            found[group] = (*found.get(group, ()), *factor.streams)
    return found


def _anew(name: str) -> str:
    return f"{name} anew"  # a blank: no input can have this name


def anew(streams: Iterable[str]) -> Change:
    """A change that draws these anew, the same numbers whenever they are."""
    changed = list(streams)

    def change(prepared: Prepared, one: Assumptions) -> Prepared:
        drawn, shocks = prepared.plan.draws.drawn.copy(), prepared.plan.shocks.copy()
        for name in changed:
            path = name.removeprefix(SHOCKS)
            array, old = (shocks, f"{path}_volatility") if name.startswith(SHOCKS) else (drawn, name)
            array["tag"][array["tag"] == philox.tag(old)] = philox.tag(_anew(name))
        plan = prepared.plan._replace(draws=prepared.plan.draws._replace(drawn=drawn), shocks=shocks)
        return prepared._replace(plan=plan)

    return change


def pinned(name: str, level: float) -> Change:
    """A change that pins an input at a quantile; what is correlated with it is drawn given that value."""

    def change(prepared: Prepared, one: Assumptions) -> Prepared:
        known = rows(one)
        if name not in known:  # a hypothesis may do without it
            return prepared
        draws = prepared.plan.draws
        shape = known[name].shape
        assert shape is not None
        point = np.zeros(1, sampling.PART)
        point["a"], point["upto"], point["scale"] = quantiles.at(shape, [level])[0], 1.0, 1.0
        point["kind"] = int(Kind.POINT)
        where = _place(draws.drawn, name)
        conditional = _given(draws, known, where, level)
        return prepared._replace(plan=prepared.plan._replace(draws=_with_part(conditional, where, point)))

    return change


def _place(drawn: np.ndarray, name: str) -> int:
    return int(np.flatnonzero(drawn["tag"] == philox.tag(name))[0])


def _with_part(draws: sampling.Draws, which: int, part: np.ndarray) -> sampling.Draws:
    """The same draws, one row of them with another distribution of a single part."""
    drawn = draws.drawn.copy()
    drawn[which]["first"], drawn[which]["end"] = len(draws.parts), len(draws.parts) + 1
    return draws._replace(drawn=drawn, parts=np.concatenate([draws.parts, part]))


def _given(draws: sampling.Draws, known: Mapping[str, Row], where: int, level: float) -> sampling.Draws:
    """What is left to draw once a correlated row is known.

    Normal scores given one of them, z, are normal again: of mean r z and variance 1 - r^2, with the partial
    correlations between them. So each of the others gets the distribution Q(Phi(r z + s z')) as a table, and all of
    them the matrix of the partial correlations.
    """
    place = draws.drawn[where]["row"]
    if place not in draws.correlated:
        return draws
    left = draws.correlated != place
    matrix = product(draws.mixing, draws.mixing.T)
    r = matrix[left][:, ~left][:, 0]
    spread = np.sqrt(1.0 - r**2)
    partial = (matrix[left][:, left] - np.outer(r, r)) / np.outer(spread, spread)
    factor = cholesky(partial)
    assert factor is not None
    score = float(elementwise.normal_quantile(np.array([level]))[0])
    tags = {philox.tag(name): row for name, row in known.items()}
    result = draws._replace(correlated=draws.correlated[left].copy(), mixing=np.ascontiguousarray(factor))
    for row, mean, sd in zip(result.correlated.tolist(), (r * score).tolist(), spread.tolist(), strict=True):
        if mean == 0.0 and sd == 1.0:
            continue
        which = int(np.flatnonzero(draws.drawn["row"] == row)[0])
        part = np.zeros(1, sampling.PART)
        part["kind"], part["upto"], part["scale"], part["table"] = int(Kind.TABLE), 1.0, 1.0, len(result.tables)
        table = _moved(tags[int(draws.drawn[which]["tag"])], mean, sd)
        result = _with_part(result._replace(tables=np.concatenate([result.tables, table])), which, part)
    return result


def _moved(row: Row, mean: float, sd: float) -> Array:
    """The table of Q(Phi(mean + sd z)), Q being the quantile function of the row."""
    shape = row.shape
    assert shape is not None

    def quantile(u: Array, rest: Array) -> Array:
        near = np.clip(np.minimum(u, rest), 1e-300, 0.5)
        z = elementwise.normal_quantile(near.ravel())
        z = np.where((u > rest).ravel(), -z, z)
        v = np.clip(elementwise.normal_probability(mean + sd * z), SMALLEST, 1.0 - SMALLEST)
        return np.array(sampling.values_at(shape, v.tolist())).reshape(u.shape)

    return tables.build(quantile)


class Traced(NamedTuple):
    """What a design gives, draw by draw."""

    trajectories: np.ndarray  # (kept, year, draw)
    crossings: np.ndarray  # (threshold, draw)


def trace(prepared: Prepared, draws: int, seed: int, threads: int | None = None) -> Traced:
    """Run a design and keep every draw of what the plan keeps; nothing is counted.

    Raises Mistakes where a formula gives no finite number in some draw.
    """
    (member,), (sums,) = each_draw.run([prepared], draws, seed, threads)
    broken = [*no_number.failing(prepared, sums)]
    if broken:
        what = f"{', '.join(broken)}: no finite number in some draw"
        raise Mistakes([Mistake(broken[0], what, "guard the formula with max(), clip() or where()")])
    return Traced(member.trajectories, member.crossings)


def picks(weights: Array, draws: int, seed: int, again: bool = False) -> NDArray[np.int64]:
    """The hypothesis of each draw, by weight; the same for a seed, others where it is drawn `again`."""
    stream = philox.tag(_anew(HYPOTHESIS) if again else HYPOTHESIS)
    numbers = np.random.Generator(np.random.Philox(key=np.array([seed, stream], np.uint64))).random(draws)
    return np.minimum(np.searchsorted(np.cumsum(weights), numbers, side="right"), len(weights) - 1)


def picked(values: Sequence[Array], pick: NDArray[np.int64]) -> Array:
    """Of the values of each hypothesis, shapes (..., draw), those of the one that each draw has."""
    if len(values) == 1:
        return values[0]
    found: Array = np.moveaxis(np.stack(values)[pick, ..., np.arange(len(pick))], 0, -1)
    return found


def members(assumptions: Assumptions, all_prepared: Sequence[Prepared]) -> Iterator[tuple[Prepared, Assumptions]]:
    """The plan and the set of each hypothesis."""
    return zip(all_prepared, (member.set for member in assumptions.members), strict=True)
