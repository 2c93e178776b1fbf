"""The comparison with published numbers as a reader sees it: a table a set, reasons below it, counts at the end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from simulate import columns, replication, wording

COLUMNS = ("what", "unit", "published", "ours", "tolerance", "verdict")
NUMBERS = ("published", "ours", "tolerance")
STYLES = {replication.YES: "green", replication.NO: "bold red", replication.STALE: "bold red"}
LEAST_WORDS = 20
"""Characters of a line that the columns of words share at least."""
LONGEST = 600
"""Characters of a reason: some need two sentences."""


def terminal(lines: Sequence[dict[str, Any]], width: int) -> Iterator[Table | Text]:
    """Yield the tables of all sets, and what is missed once more at the end, where a long output stops."""
    for name, members in by_set(lines):
        yield Text(f"\n{wording.clean(name, 80)}", style="bold")
        yield from _tables(members, width)
        for said, rows in reasons(members):
            yield Text(f"{', '.join(rows)}: {said}", style="dim")
    missed = [line for line in lines if replication.failed(line)]
    if missed:
        yield Text("\nmissed", style="bold red")
    for line in missed:
        ours, printed = (cells(line)[COLUMNS.index(column)] for column in ("ours", "published"))
        where = f"{line['set']}: {line['what']}"
        yield Text(wording.clean(f"{where}: {ours}, published {printed}: {line['reason']}", LONGEST))
    yield Text(f"\n{replication.counts(lines)}", style="bold")


def _tables(members: Sequence[dict[str, Any]], width: int) -> Iterator[Table]:
    """One table whose numbers stay whole, or blocks of columns where little would be left for the words."""
    rows = [[Text(cell, style=STYLES.get(line["verdict"], "")) for cell in cells(line)] for line in members]
    needed = [max(len(head), *(columns.widest(row[j]) for row in rows)) for j, head in enumerate(COLUMNS)]
    numbers = sum(n for n, head in zip(needed, COLUMNS, strict=True) if head in NUMBERS)
    if numbers + 3 * len(COLUMNS) + LEAST_WORDS > width:
        yield from columns.blocks(COLUMNS[0], COLUMNS[1:], [(row[0], row[1:]) for row in rows], width)
        return
    table = columns.table()
    for head, n in zip(COLUMNS, needed, strict=True):
        right = head in NUMBERS
        table.add_column(head, justify="right" if right else "left", overflow="fold", width=n if right else None)
    for row in rows:
        table.add_row(*row)
    yield table


def markdown(lines: Sequence[dict[str, Any]]) -> str:
    """The same as Markdown."""
    parts = []
    for name, members in by_set(lines):
        rows = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells(line))} |" for line in members]
        rule = "|".join("---:" if column in NUMBERS else "---" for column in COLUMNS)
        table = "\n".join([f"| {' | '.join(COLUMNS)} |", f"|{rule}|", *rows])
        parts.append(f"## {wording.clean(name, 80)}\n\n{table}\n")
        notes = [f"- {', '.join(f'`{row}`' for row in rows)}: {said}" for said, rows in reasons(members)]
        parts += ["\n".join(notes) + "\n"] if notes else []
    return "\n".join([*parts, f"{replication.counts(lines)}.\n"])


def by_set(lines: Iterable[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield every set with its lines."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault(line["set"], []).append(line)
    yield from found.items()


def reasons(lines: Iterable[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Yield every reason once, with the rows that it is given for."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line["reason"]:
            found.setdefault(wording.clean(line["reason"], LONGEST), []).append(line["what"])
    yield from found.items()


def cells(line: dict[str, Any]) -> list[str]:
    """The cells of one line, as text that does no harm."""
    tolerance = str(line["tolerance"])
    factor = tolerance.removeprefix("x")
    told = {
        **line,
        "published": printed(line["published"], line["unit"]),
        "ours": own(line["ours"], line["error"], line["unit"]),
        "tolerance": f"{wording.TIMES}{factor}" if factor != tolerance else _amount(tolerance),
    }
    return [wording.clean(told[column]) for column in COLUMNS]


def printed(value: float, unit: str) -> str:
    """A number as its source printed it: the digits that it has and no more."""
    if not math.isfinite(value):
        return "beyond"
    if unit == "year" and abs(value) >= 1000:
        return f"{value:.6g}"
    return _short(value)


def own(value: float, error: float, unit: str) -> str:
    """A number of ours with the digits that its Monte Carlo error supports; beside a power of ten the error is in %."""
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else "beyond" if value > 0.0 else "already"
    most = 2 if unit == "year" and abs(value) >= 1000 else 8
    if not (math.isfinite(error) and error > 0.0):
        return wording.fixed(value, 1) if most == 2 else _short(float(f"{value:.4g}"))
    if value and not 1e-3 <= abs(value) < 1e5:
        relative = error / abs(value)
        digits = min(max(1 + wording.places(relative), 1), 5)
        return f"{wording.number(value, digits)} ± {100.0 * relative:.1g} %"
    decimals = max(min(wording.places(error), most), 0)
    return f"{wording.fixed(value, decimals)} ± {wording.fixed(max(error, 10.0**-decimals), decimals)}"


def _amount(tolerance: str) -> str:
    try:
        return _short(float(tolerance))
    except ValueError:
        return tolerance


def _short(value: float) -> str:
    """Up to six digits, none of them an idle zero, with a power of ten where it is large or small."""
    if value == 0.0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}"
    mantissa, exponent = f"{value:.5e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = f"10{wording.superscript(int(exponent))}"
    return power if mantissa == "1" else f"{mantissa}{wording.TIMES}{power}"
