"""Check a set and everything said on the command line; of a set with formulas, also what they give in 512 draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulate.errors import Mistakes

if TYPE_CHECKING:
    from simulate.assumptions import Assumptions

LONGEST = 1000
"""Characters of a note: some name many rows."""


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Print 'valid', or raise every mistake at once."""
    from simulate import assumptions, forecast, page, published, wording
    from simulate.checking import Check
    from simulate.plan import prepare

    built = assumptions.build(settings, where)
    check = Check(settings, where)
    numbers = published.read(settings, built, check)
    if check.mistakes:
        raise Mistakes(check.mistakes)
    for one in (member.set for member in built.members if _has_formulas(member.set)):
        forecast.first_block(prepare(one), settings["seed"], one)
    page.say(f"valid: {wording.clean(settings['name'])}")
    counts = {
        ("hypothesis", "hypotheses"): built.hypotheses,
        ("row of evidence", "rows of evidence"): check.section("evidence"),
        ("published number", "published numbers"): numbers,
    }
    counted = [f"{len(rows)} {one if len(rows) == 1 else many}" for (one, many), rows in counts.items() if rows]
    if counted:
        page.say(f"with {', '.join(counted)}")
    for note in built.notes:
        page.say(f"note: {wording.clean(note, LONGEST)}")
    for name in built.unused:
        page.say(f"note: inputs.{name} is not read by the chosen laws and limits")


def _has_formulas(one: Assumptions) -> bool:
    stated = [*one.rows.values(), *(level.row for level in one.thresholds.values())]
    own = [*one.quantities.values(), *(ceiling for ceiling in one.ceilings.values() if ceiling)]
    return bool(own or one.evidence.likelihoods or any(row.formula for row in stated))
