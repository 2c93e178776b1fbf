"""Growth laws for the tuned model, in natural logarithms: states that a pass a year carries on, limits in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.numpy_inputs import Table, Unknown

LN_2 = float(np.log(2.0))


class Pool:
    """Arrays (draw,) that are handed out anew for every chunk, and four for scratch."""

    def __init__(self, chunk: int) -> None:
        self.chunk, self.taken = chunk, 0
        self.arrays: list[np.ndarray] = []
        self.scratch = np.empty((4, chunk))

    def start(self) -> None:
        """Take all back."""
        self.taken = 0

    def new(self, values: Any = None) -> np.ndarray:
        """The next array, filled where `values` are given."""
        if self.taken == len(self.arrays):
            self.arrays.append(np.empty(self.chunk))
        self.taken += 1
        if values is not None:
            self.last[:] = values
        return self.last

    @property
    def last(self) -> np.ndarray:
        """The array that was handed out last."""
        return self.arrays[self.taken - 1]


def limit_by(shape: str, value: np.ndarray, limit: Any, scratch: np.ndarray) -> None:
    """Limit `value` in place."""
    if shape == "hard":
        np.minimum(value, limit, out=value)
    elif shape == "logistic":
        np.subtract(value, limit, out=scratch)
        np.exp(scratch, out=scratch)
        np.log1p(scratch, out=scratch)
        value -= scratch
    elif shape != "none":
        raise Unknown(f"limit {shape}")


class Linear:
    """Exponential growth and lead times: a constant sum a year."""

    def __init__(self, table: Table, name: str, row: dict[str, Any], step: float, pool: Pool) -> None:
        law, self.shape, at = table.laws[name]
        self.pool, self.limit = pool, row.get("limit")
        rate = pool.new(row["growth"])
        if law == "lead-time":
            slower = np.multiply(rate, row["delay"], out=pool.new())
            np.maximum(slower, 0.0, out=slower)
            slower += 1.0
            rate /= slower
        self.state = np.multiply(rate, table.start - at, out=pool.new())
        self.state += row["start"]
        self.rate, self.step, self.between = rate, step, list[np.ndarray]()
        self.a_step = rate if step == 1.0 else np.multiply(rate, step, out=pool.new())

    def advance(self, elapsed: float) -> None:
        """Carry the state on to `elapsed` years after the start of the set."""
        self.state += self.a_step

    def level(self, out: np.ndarray, limit: Any = None, scratch: Any = None) -> None:
        """Write the level."""
        if self.shape == "logistic":
            np.subtract(self.state, limit, out=out)
            np.exp(out, out=out)
            np.log1p(out, out=out)
            np.subtract(self.state, out, out=out)
        elif self.shape == "hard":
            np.minimum(self.state, limit, out=out)
        else:
            np.copyto(out, self.state)
            limit_by(self.shape, out, limit, scratch)

    def prepare_between(self, offset: float) -> None:
        """A point within every step, so long after its start."""
        self.between.append(np.multiply(self.rate, offset, out=self.pool.new()))

    def minus_between(self, k: int, out: np.ndarray) -> None:
        """Minus the unlimited level at that point of the step that begins at the state."""
        np.add(self.state, self.between[k], out=out)
        np.negative(out, out=out)


class Decaying(Linear):
    """Growth that halves: final level less a difference that shrinks by one factor a year."""

    def __init__(self, table: Table, name: str, row: dict[str, Any], step: float, pool: Pool) -> None:
        _, self.shape, at = table.laws[name]
        self.pool, self.limit, self.between = pool, row.get("limit"), []
        self.decay = np.divide(-LN_2, row["half_life"], out=pool.new())
        self.state = np.divide(row["growth"], self.decay, out=pool.new())  # minus the difference at `at`
        self.final = np.subtract(row["start"], self.state, out=pool.new())
        np.negative(self.state, out=self.state)
        self.factor = np.multiply(self.decay, step, out=pool.new())
        np.exp(self.factor, out=self.factor)
        if table.start != at:
            self.state *= np.exp(self.decay * (table.start - at))

    def advance(self, elapsed: float) -> None:
        """Shrink the difference."""
        self.state *= self.factor

    def level(self, out: np.ndarray, limit: Any = None, scratch: Any = None) -> None:
        """Write the level."""
        np.subtract(self.final, self.state, out=out)
        limit_by(self.shape, out, limit, scratch)

    def prepare_between(self, offset: float) -> None:
        """A point within every step, so long after its start."""
        between = np.multiply(self.decay, offset, out=self.pool.new())
        self.between.append(np.exp(between, out=between))

    def minus_between(self, k: int, out: np.ndarray) -> None:
        """Minus the unlimited level at that point of the step that begins at the state."""
        np.multiply(self.state, self.between[k], out=out)
        out -= self.final


class TwoRegime(Linear):
    """Two rates: most years have only one of them, for all draws of a chunk."""

    def __init__(self, table: Table, name: str, row: dict[str, Any], step: float, pool: Pool) -> None:
        super().__init__(table, name, row, step, pool)
        at, change = table.laws[name][2], row["slowdown"]
        if at != table.start:
            raise Unknown("two regimes with a start of their own")
        self.change = np.subtract(change, at, out=pool.new())
        self.earliest, self.latest = float(self.change.min()), float(self.change.max())
        self.after = np.multiply(row["growth_after"], step, out=pool.new())
        self.more = np.subtract(row["growth"], row["growth_after"], out=pool.new())

    def advance(self, elapsed: float) -> None:
        """Add the growth of a step, partly at the one rate and partly at the other."""
        before = elapsed - self.step
        if elapsed <= self.earliest:
            self.state += self.a_step
            return
        self.state += self.after
        if before < self.latest:
            early = np.subtract(self.change, before, out=self.pool.scratch[0])
            np.maximum(early, 0.0, out=early)
            np.minimum(early, self.step, out=early)
            early *= self.more
            self.state += early

    def prepare_between(self, offset: float) -> None:
        raise Unknown("an integral over two regimes")


LAWS = {"exponential": Linear, "lead-time": Linear, "decaying": Decaying, "two-regime": TwoRegime}


def path_of(name: str, table: Table, x: dict[str, Any], step: float, pool: Pool) -> Linear:
    """The path at the start of the set."""
    row = {key.removeprefix(f"{name}_"): value for key, value in x.items() if key.startswith(f"{name}_")}
    return LAWS[table.laws[name][0]](table, name, row, step, pool)
