"""The same model in other ways: NumPy as a textbook has it and tuned, plain numba, JAX, C. What is missing says so.

All read the composed set, so they follow when a row changes, and give quantiles, moments, binding, crossing and inputs
under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import benchmarks.one_thread  # noqa: F401
from benchmarks import in_c, in_jax, plain, textbook, tuned
from benchmarks.numpy_inputs import Table

TUNED, TEXTBOOK, PLAIN, DOUBLE, SINGLE, C = (
    "tuned NumPy", "textbook NumPy", "plain numba loop", "JAX float64", "JAX float32", "C",
)  # fmt: skip
TUNED_CHUNKS, JAX_CHUNKS = (8192, 16384, 32768), (4096, 16384)
TEXTBOOK_DRAWS = 16384


class Competitor(NamedTuple):
    """One way to write the model, with one size of chunks."""

    kind: str
    name: str
    draws: int  # of a timing
    make: Callable[[Table, int], Any]  # of the set and a seed; has count(draws) and run(draws)

    def timed(self, table: Table) -> Callable[[], object]:
        """What is timed."""
        model = self.make(table, 1)
        return lambda: model.count(self.draws)


class _Textbook:
    """The textbook's model, whose final quantiles stand for the histograms of the others."""

    def __init__(self, table: Table, seed: int) -> None:
        self.table, self.seed = table, seed

    def run(self, draws: int) -> dict[str, Any]:
        """All draws at once."""
        return textbook.run(self.table, draws, self.seed)

    count = run


def all_of_them(extra: bool = True) -> Iterator[Competitor]:
    """Those that can run here; without `extra` only those that need nothing beyond the package and a C compiler."""
    for chunk in TUNED_CHUNKS:
        name = f"{TUNED}, chunks of {chunk:,}"
        yield Competitor(TUNED, name, 65536, lambda table, seed, chunk=chunk: tuned.Tuned(table, chunk, seed))  # type: ignore[misc]
    yield Competitor(TEXTBOOK, f"{TEXTBOOK}, {TEXTBOOK_DRAWS:,} draws", TEXTBOOK_DRAWS, _Textbook)
    yield Competitor(PLAIN, PLAIN, 4096, plain.Plain)
    for compiler in in_c.compilers():
        name = f"C, {compiler}"
        yield Competitor(C, name, 65536, lambda table, seed, by=compiler: in_c.InC(table, by, seed))  # type: ignore[misc]
    if extra and in_jax.jax:
        for kind, precision in ((DOUBLE, "float64"), (SINGLE, "float32")):
            for chunk in JAX_CHUNKS:
                yield Competitor(
                    kind, f"{kind}, chunks of {chunk:,}", 32768,
                    lambda table, seed, precision=precision, chunk=chunk: in_jax.InJax(table, precision, chunk, seed),  # type: ignore[misc]
                )  # fmt: skip


def missing() -> list[str]:
    """What is not here, and what would bring it."""
    lines = [f"C, {name}: no {name} on this machine" for name in ("gcc", "clang") if name not in in_c.compilers()]
    return lines + ([] if in_jax.jax else ['JAX: not installed (`pip install -e ".[bench]"`)'])
