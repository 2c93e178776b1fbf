"""Errors as part of the product: where, what, and the way out, all at once.

`Mistakes` carries everything that is wrong with what the user gave; the command prints one line each and exits 2. The
other exceptions carry the exit code that the command ends with.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, NamedTuple

LONGEST_SHOWN = 80


class Mistake(NamedTuple):
    """One mistake of the user: `where` it stands, `what` is wrong, and the `way_out`."""

    where: str
    what: str
    way_out: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"; {self.way_out}" if self.way_out else "")


class Mistakes(Exception):
    """Everything that is wrong with the input, at once."""

    exit_code = 2

    def __init__(self, items: Iterable[Mistake]) -> None:
        self.items = list(dict.fromkeys(items))
        super().__init__(self.items)

    def __str__(self) -> str:
        return "\n".join(f"error: {item}" for item in self.items)


class StorageError(Exception):
    """Something could not be read or written: the disk is full, a folder is not writable."""

    exit_code = 4


class IntegrityError(Exception):
    """What is stored is not what was written: a hash differs, the format is newer."""

    exit_code = 5


class LockedError(Exception):
    """Another living process owns the folder."""

    exit_code = 6


class ClusterError(Exception):
    """A cluster cannot do the work: nobody answers, its workers die, or one of them has another program."""

    exit_code = 7


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The known name closest to `name` by spelling, or None if nothing is close."""
    found = difflib.get_close_matches(str(name), list(names), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A clause to append to an error: the nearest known name, or nothing."""
    return or_rather(nearest(name, names))


def or_rather(best: str | None) -> str:
    """A clause to append to an error: what was meant, or nothing where that is not known.

    In parentheses, so that a question can stand before the way out of a `Mistake` as well as at its end.
    """
    return f" (did you mean '{best}'?)" if best else ""


def shown(value: Any) -> str:
    """`value` as it may be printed: control characters escaped, cut to 80 characters."""
    text = repr(value)
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
