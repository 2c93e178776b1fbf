"""Check a set and everything said on the command line, and run nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console

from simulate.errors import Mistakes


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Print 'valid', or raise every mistake at once."""
    from simulate import assumptions, published
    from simulate.checking import Check

    built = assumptions.build(settings, where)
    check = Check(settings, where)
    numbers = published.read(settings, built, check)
    if check.mistakes:
        raise Mistakes(check.mistakes)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"valid: {settings['name']}")
    counts = {
        "hypotheses": built.hypotheses,
        "rows of evidence": check.section("evidence"),
        "published numbers": numbers,
    }
    counted = [f"{len(rows)} {what}" for what, rows in counts.items() if rows]
    if counted:
        console.print(f"with {', '.join(counted)}")
    for note in built.notes:
        console.print(f"note: {note}")
    for name in built.unused:
        console.print(f"note: inputs.{name} is not read by the chosen laws and limits")
