"""A page of text for people: tables and lines as wide as the terminal, or as a file wants them.

Without a terminal there is no colour, and without Unicode the signs are spelled in ASCII.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from rich.console import Console, RenderableType

from simulate import streams, wording

NARROWEST = 60
"""Columns below which tables would be unreadable; a narrower terminal wraps the lines itself."""

WIDTH_OF_A_FILE = 100
"""Columns where the page goes to a file or a pipe."""

_ASCII = str.maketrans(
    {"±": "+-", wording.DASH: "-", "…": "...", wording.TIMES: "x", "·": "-", "─": "-"}
    | {c: d for c, d in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True)}
)


def write(
    parts: Callable[[int], Iterable[RenderableType]],
    file: TextIO | None = None,
    width: int | None = None,
    colour: bool | None = None,
) -> None:
    """Write the parts that a page of so many columns has to `file` (standard output by default).

    `width` is in columns (the terminal's by default, 100 without one); `colour` None means: only on a terminal.
    """
    out = sys.stdout if file is None else file
    terminal = bool(getattr(out, "isatty", lambda: False)())
    coloured = terminal if colour is None else colour
    page = Console(
        file=io.StringIO(),
        width=wide() if width is None else max(width, NARROWEST),
        force_terminal=coloured,
        no_color=None if coloured else True,
        color_system="auto" if coloured else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts(page.width):
        page.print(part)
    say("\n".join(line.rstrip() for line in page.file.getvalue().splitlines()), out)  # type: ignore[attr-defined]


def wide() -> int:
    """Return the columns that a page has: those of the terminal, 100 without one, never below `NARROWEST`."""
    return max(shutil.get_terminal_size((WIDTH_OF_A_FILE, 24)).columns, NARROWEST)


def say(text: str, file: TextIO | None = None) -> None:
    """Write lines to `file` (standard output by default), in ASCII where it knows no more.

    Raises as `streams.write` does.
    """
    out = sys.stdout if file is None else file
    encoding = getattr(out, "encoding", None) or "utf-8"
    text += "\n"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = _in_ascii(text).encode(encoding, "replace").decode(encoding)
    streams.write(text, out)


def _in_ascii(text: str) -> str:
    exponents = re.sub("10(?=[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])", "10^", text)
    return exponents.translate(_ASCII)
