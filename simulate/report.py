"""The answer in the terminal: when thresholds are crossed, how much compute there is, and what limits it.

The answer goes to standard output, progress to standard error, so that `simulate > answer.txt` keeps the answer alone.
Every number has only the digits that the draws support. Tables are cut into pieces that fit the width at hand; without
a terminal there is no colour, and without Unicode the signs are spelled in ASCII.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulate import contents, report_hypotheses, report_tables, results, wording

if TYPE_CHECKING:
    import xarray as xr

NARROWEST = 60
"""Columns below which the tables would be unreadable; a narrower terminal wraps the lines itself."""

WIDTH_OF_A_FILE = 100
"""Columns where the answer goes to a file or a pipe."""

TABLES = report_tables.TABLES | {"hypotheses": report_hypotheses.hypotheses}
"""Every table by the part of a result that it shows, in the order of the answer."""

_ASCII = str.maketrans(
    {"±": "+-", wording.DASH: "-", "…": "...", wording.TIMES: "x", "·": "-", "─": "-"}
    | {c: d for c, d in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True)}
)


def show(
    dataset: xr.Dataset, *, file: TextIO | None = None, width: int | None = None, colour: bool | None = None
) -> None:
    """Print the answer of one forecast to `file` (standard output by default).

    `width` is in columns (the terminal's by default, 100 without one); `colour` None means: only on a terminal.
    """
    put(lambda columns: answer(dataset, columns), file=file, width=width, colour=colour)


def put(
    parts: Callable[[int], Iterable[Table | Text]],
    *,
    file: TextIO | None = None,
    width: int | None = None,
    colour: bool | None = None,
) -> None:
    """Print the parts of an answer, made for a page of so many columns, as `show` does."""
    out = sys.stdout if file is None else file
    terminal = bool(getattr(out, "isatty", lambda: False)())
    if width is None:
        width = shutil.get_terminal_size((WIDTH_OF_A_FILE, 24)).columns
    coloured = terminal if colour is None else colour
    page = Console(
        file=io.StringIO(),
        width=max(width, NARROWEST),
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


def say(text: str, file: TextIO | None = None) -> None:
    """Print lines to `file` (standard output by default), in ASCII where it knows no more."""
    out = sys.stdout if file is None else file
    text += "\n"
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = _in_ascii(text).encode(encoding, "replace").decode(encoding)
    out.write(text)
    out.flush()


def answer(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield the parts of the answer for a page of `width` columns: head, what there is, a line on what there is not."""
    yield _head(dataset)
    for part, table in TABLES.items():
        if contents.has(dataset, part):
            yield from table(dataset, width)
    if not contents.has(dataset, "training_compute"):
        if contents.has(dataset, "quantities"):
            yield from report_tables.quantities(dataset, width)
        elif contents.has(dataset, "inputs"):
            yield from report_tables.inputs(dataset, width)
    absence = contents.absence(dataset)
    if absence:
        yield Text(f"\n{absence}")


@contextmanager
def progress(what: str, total: float) -> Iterator[Callable[[float], None]]:
    """Show progress on standard error while the block runs, if that is a terminal; yields `advance(amount)`."""
    if not sys.stderr.isatty():
        yield lambda amount: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(wording.clean(what, 60), total=total)
        yield lambda amount: bar.advance(task, amount)


def _head(dataset: xr.Dataset) -> Text:
    attrs = dataset.attrs
    facts = [f"set {wording.clean(attrs['name'], 80)}", f"{float(attrs['draws']):,.0f} draws"]
    facts += [f"seed {attrs['seed']}", f"{attrs['start']:g} to {attrs['horizon']:g}"]
    head = Text()
    head.append(wording.clean(attrs["title"]) + "\n", style="bold")
    head.append("A projection conditional on these assumptions, not a prediction.\n", style="italic")
    head.append(" · ".join(facts))
    seen = contents.evidence(dataset)
    if seen:
        worth = results.effective_draws(dataset)
        left = wording.number(100 * worth / float(attrs["draws"]), 2)
        head.append(f"\nevidence leaves {left} % of the draws (effective sample size {worth:,.0f}): {', '.join(seen)}")
    said = {"changes": "changed", "pinned": "pinned", "notes": "note"}
    for label, word in said.items():
        for line in json.loads(attrs.get(label, "[]")):
            head.append(f"\n{word}: {wording.clean(line)}")
    return head


def _in_ascii(text: str) -> str:
    exponents = re.sub("10(?=[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])", "10^", text)
    return exponents.translate(_ASCII)
