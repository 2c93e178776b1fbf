"""Check a set and everything said on the command line, and run nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulate.errors import Mistakes

LONGEST = 1000
"""Characters of a note: some name many rows."""


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Print 'valid', or raise every mistake at once."""
    from simulate import assumptions, page, published, wording
    from simulate.checking import Check

    built = assumptions.build(settings, where)
    check = Check(settings, where)
    numbers = published.read(settings, built, check)
    if check.mistakes:
        raise Mistakes(check.mistakes)
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
