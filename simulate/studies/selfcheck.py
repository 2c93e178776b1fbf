"""The self-check: does this machine give the published bits? Exit code 5 where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulate.errors import IntegrityError


def run(settings: dict[str, Any], where: Callable[[str], str]) -> int:
    """Print what is identical and what differs."""
    from simulate import page, progress, selfcheck

    published, wrong = selfcheck.golden(), selfcheck.generator_differs()
    page.say(f"random generator: {len(selfcheck.KNOWN) - len(wrong)} of {len(selfcheck.KNOWN)} known answers")
    same = 0
    with progress.shown("selfcheck", len(published)) as advance:
        for found in selfcheck.fingerprints_here():
            advance(1)
            expected = published.get((found.set, found.sampling))
            if found == expected:
                same += 1
                continue
            place = f"{found.set}, sampling={found.sampling}"
            if expected is None:
                wrong.append(f"{place}: no fingerprint was published")
            else:
                part = "what is counted" if found.counts != expected.counts else "tables made of the counts"
                wrong.append(f"{place}: {part}")
    page.say(f"shipped sets: {same} of {len(published)} results identical to the last bit")
    for line in wrong:
        page.say(f"  differs: {line}")
    page.say("differs" if wrong else "identical")
    return IntegrityError.exit_code if wrong else 0
