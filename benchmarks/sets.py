"""What each shipped set costs beside the default: `python -m benchmarks.sets [--rounds 3] [--only NAME ...]`.

All sets in turn on one thread, so that they see the same disturbances; the ratios mean more than the times.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import benchmarks.one_thread  # noqa: F401
from benchmarks.timing import Case, Time, interleaved, wall
from simulate import assumptions, compose, forecast
from simulate.blocks import DRAWS
from simulate.engines import local
from simulate.engines.work import MOST_BLOCKS, Member
from simulate.library import Library

ROUNDS, DRAWS_A_ROUND = 3, 2**13
DEFAULT, SMALL, SMALL_DRAWS = "baseline_2026", "direct_approach_2023_08", 20_000


class Prepared(NamedTuple):
    """A set made ready for the kernel: its members (the hypotheses, or itself alone) and its instants."""

    set: assumptions.Assumptions
    members: list[Member]

    @property
    def steps(self) -> int:
        """Instants that one draw goes through, in all hypotheses."""
        return len(self.set.years) * len(self.members)

    def run(self, draws: int) -> None:
        """Take draws through the years, on this thread, as a thread of a run does."""
        work = local.Run(self.members, draws, 1, MOST_BLOCKS)
        work.work(work.memories())


def prepare(name: str) -> Prepared:
    """Compose, check and lay out a set as a run does."""
    built = assumptions.build(*compose.settings(name))
    outcome = forecast.simulate(built, 2 * DRAWS, 1, 1)
    return Prepared(built, [member.member for member in outcome.members])


def table(sets: dict[str, Prepared], times: dict[str, Time]) -> str:
    """Markdown: nanoseconds for a draw, and for a draw, instant and hypothesis beside the default."""
    step = {name: times[name].least / one.steps for name, one in sets.items()}
    rows = [
        f"| {name} | {len(one.set.years)} | {len(one.members)} | {times[name].least:,.0f} | {times[name].median:,.0f} "
        f"| {step[name]:.0f} | {step[name] / step[DEFAULT]:.2f} |"
        for name, one in sets.items()
    ]
    head = "| set | instants | hypotheses | ns per draw, least | median | ns per draw, instant and hypothesis | ratio |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|---:|", *rows])


def report(rounds: int = ROUNDS, draws: int = DRAWS_A_ROUND, names: Sequence[str] = ()) -> str:
    """Measure the sets of those names (all by default), and one small forecast once the program has started."""
    others = [name for name in names or Library().names("assumptions") if name != DEFAULT]
    sets = {name: prepare(name) for name in [DEFAULT, *others]}
    cases = {name: Case(lambda one=one: one.run(draws), draws) for name, one in sets.items()}  # type: ignore[misc]
    found = table(sets, interleaved(cases, rounds))
    small = prepare(SMALL).set
    forecast.run(small, SMALL_DRAWS, 1)  # imports what makes the result
    seconds = wall(lambda: forecast.run(small, SMALL_DRAWS, 1), rounds)
    return f"{found}\n\n{SMALL} with {SMALL_DRAWS:,} draws, after start-up: {seconds:.2f} s, wall clock."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of the interleaved timing")
    parser.add_argument("--draws", type=int, default=DRAWS_A_ROUND, help="draws of each set a round")
    parser.add_argument("--only", nargs="*", default=(), help="sets beside the default; all of them if none is named")
    arguments = parser.parse_args()
    print(report(arguments.rounds, arguments.draws, arguments.only))


if __name__ == "__main__":
    main()
