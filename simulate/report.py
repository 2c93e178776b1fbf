"""The answer in the terminal: when thresholds are crossed, how much compute there is, and what limits it.

Every number has only the digits that the draws support. Tables are cut into pieces that fit the width at hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from rich.table import Table
from rich.text import Text

from simulate import contents, convergence_card, page, report_hypotheses, report_tables, results, wording

if TYPE_CHECKING:
    import xarray as xr

TABLES = report_tables.TABLES | {"hypotheses": report_hypotheses.hypotheses}
"""Every table by the part of a result that it shows, in the order of the answer."""


def show(
    dataset: xr.Dataset, *, file: TextIO | None = None, width: int | None = None, colour: bool | None = None
) -> None:
    """Print the answer of one forecast to `file` (standard output by default).

    `width` is in columns (the terminal's by default, 100 without one); `colour` None means: only on a terminal.
    """
    page.write(lambda columns: answer(dataset, columns), file, width, colour)


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
    for line in convergence_card.lines(dataset):
        yield Text(f"\n{line}", style="yellow")


def _head(dataset: xr.Dataset) -> Text:
    attrs = dataset.attrs
    even = " (Sobol points in 16 scrambles)" if attrs.get("sampling") == "sobol" else ""
    facts = [f"set {wording.clean(attrs['name'], 80)}", f"{float(attrs['draws']):,.0f} draws{even}"]
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
