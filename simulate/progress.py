"""How far a run is: a bar and notes on standard error, so that `simulate > answer.txt` keeps the answer alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulate import code_cache, streams, wording


@contextmanager
def shown(what: str, total: float) -> Iterator[Callable[[float], None]]:
    """Show progress on standard error while the block runs, if that is a terminal; yields `advance(amount)`."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda amount: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    if not code_cache.is_kept("simulate.kernel"):
        note("compiling the kernel first, about half a minute")
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(wording.clean(what, 60), total=total)
        yield lambda amount: bar.advance(task, amount)


def note(text: str) -> None:
    """Say something about the run that is no part of the answer."""
    streams.complain(text)
