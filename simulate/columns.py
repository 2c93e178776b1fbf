"""Tables in blocks of columns that fit the page: each block repeats the first column, no number is cut or wrapped.

A table that is too wide for the terminal would lose its right edge or the ends of its numbers, which then read as other
numbers. So its columns are shared out among as few blocks as the width allows, one below the other. Only a column of
text (the first, a head) is folded.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

Row = tuple[Text, Sequence[Text]]

WIDEST_HEAD = 24
"""Characters beyond which the head of a column of numbers is folded."""

_BETWEEN, _EDGES = 3, 2  # columns of the page between two columns of a table, and left and right of it


def table() -> Table:
    """Return an empty table in the manner of all tables of the program."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")


def blocks(first: str, heads: Sequence[str], rows: Sequence[Row], width: int) -> Iterator[Table]:
    """Yield one table with the columns `first` and `heads`, or several side parts of it where they do not fit."""
    label = max([len(first), *(widest(text) for text, _ in rows)])
    label = min(label, max(width // 3, 12))
    room = width - label - _EDGES - _BETWEEN
    needed = [
        min(max([min(len(head), WIDEST_HEAD), *(widest(cells[j]) for _, cells in rows)]), room)
        for j, head in enumerate(heads)
    ]
    for part in _parts(needed, width - label - _EDGES, _BETWEEN):
        block = table()
        block.add_column(first, width=label, overflow="fold")
        for j in part:
            block.add_column(heads[j], width=needed[j], justify="right", overflow="fold")
        for text, cells in rows:
            block.add_row(text, *(cells[j] for j in part))
        yield block


def lines(rows: Sequence[Sequence[str]], width: int, label: int | None = None) -> Iterator[str]:
    """Yield the same as plain lines, a blank line between two blocks; the first row holds the heads.

    The first column is aligned to the right; with `label` to the left, and folded at so many characters.
    """
    firsts = [textwrap.wrap(row[0], label, break_on_hyphens=False) or [""] if label else [row[0]] for row in rows]
    first = max(len(line) for folded in firsts for line in folded)
    needed = [max(map(len, column)) for column in zip(*(row[1:] for row in rows), strict=True)]
    for k, part in enumerate(_parts(needed, width - first - 2, 2)):
        if k:
            yield ""
        for folded, row in zip(firsts, rows, strict=True):
            named = folded[0].ljust(first) if label else folded[0].rjust(first)
            yield "  ".join(["", named, *(row[1 + j].rjust(needed[j]) for j in part)])
            yield from (f"  {more}" for more in folded[1:])


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield a sentence as lines of at most `width` characters; a line that fits stays as it is."""
    if len(text) <= width:
        yield text
    else:
        yield from textwrap.wrap(text, width, break_on_hyphens=False)


def widest(text: Text) -> int:
    """Return how wide a cell is, by its longest line."""
    return max((cell_len(line) for line in str(text).splitlines()), default=0)


def _parts(needed: Sequence[int], room: int, between: int) -> list[list[int]]:
    """Share out columns among as few parts as fit `room` with `between` before each, about as many in each part."""
    columns = np.asarray(needed, dtype=np.int64) + between
    parts = 1
    while parts < columns.size and max(part.sum() for part in np.array_split(columns, parts)) > room:
        parts += 1
    return [part.tolist() for part in np.array_split(np.arange(columns.size), parts)]
