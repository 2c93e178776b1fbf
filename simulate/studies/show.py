"""One row of the table at a glance: what the stated numbers imply, before any run."""

from __future__ import annotations

import bisect
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from simulate.errors import Mistake, Mistakes

LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
POINTS = 4096
BARS, WIDEST_BAR = 16, 40


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Print density, mean, quantiles, source and note of the rows named by `inputs=[...]`.

    Raises Mistakes for a name that the set does not have and for a row that is wrong in itself.
    """
    from simulate import grammar, keys, rows

    names = settings["show"]
    sections = {name: section for section in reversed(grammar.MODEL_SECTIONS) for name in settings.get(section, {})}
    mistakes: list[Mistake] = []
    if not names:
        mistakes.append(Mistake("study=show", "needs the name of a row", "write study=show inputs=chip_growth"))
    found = []
    for name in names or ():
        if name not in sections:
            near = keys.closest(str(name), sections)
            way_out = f"did you mean '{near}'?" if near else f"the set has: {', '.join(sorted(sections))}"
            mistakes.append(Mistake(where("show"), f"no row is called '{name}'", way_out))
            continue
        section = sections[name]
        given = settings[section][name]
        row = rows.read(section, name, given, None, where, mistakes)
        kept = None
        if row is not None and row.pinned:  # the distribution that the value wins over must be one, to be shown
            kept = rows.read(section, name, {**given, "value": None}, None, where, mistakes)
        if row is not None:
            found.append((row, kept, _by_words(f"{section}.{name}", given, where)))
    if mistakes:
        raise Mistakes(mistakes)
    for row, kept, by_words in found:
        sys.stdout.write("\n".join([*describe(row, kept), *by_words]) + "\n\n")


def _by_words(key: str, fields: dict[str, Any], where: Callable[[str], str]) -> Iterator[str]:
    """Yield a line for each field of a row that the command line stated in place of the file."""
    from simulate import wording

    for field, value in fields.items():
        place = where(f"{key}.{field}")
        if place.startswith("override ") and place != where(key):
            yield f"  from the command line ({place}): {field} = {wording.clean(value)}"


def describe(row: Any, kept: Any = None) -> Iterator[str]:
    """Yield the lines that describe one row (`simulate.rows.Row`), and the distribution kept beside its value."""
    from simulate import wording

    yield f"{row.name}: {row.family}, in {wording.clean(row.unit)}" + (f", at {row.at:g}" if row.at else "")
    if kept is not None:
        yield f"  pinned to {wording.number(row.certain)}; kept as documentation: {kept.family}"
        yield from _distribution(kept)
    elif row.shape is None:
        yield f"  derived: {wording.clean(row.formula.text, 2000)}"
    else:
        yield from _distribution(row)
    for label, text in (("source", row.source), ("note", row.note), ("stated in", row.where)):
        if text:
            yield f"  {label}: {wording.clean(text, 2000)}"


def _distribution(row: Any) -> Iterator[str]:
    """Mean, quantiles and density of a row, or the value of one that is certain."""
    from simulate import sampling, wording

    if row.certain is not None:
        yield f"  value {wording.number(row.certain)}"
    else:
        values = sampling.quantile_of(row.shape, [(k + 0.5) / POINTS for k in range(POINTS)])
        yield f"  mean {wording.number(sum(values) / POINTS)}"
        for level, value in zip(LEVELS, sampling.quantile_of(row.shape, LEVELS), strict=True):
            yield f"  {100 * level:4g} %  {wording.number(value)}"
        yield from _density(values)
        if row.shape.truncated:
            yield f"  min and max cut off {100 * row.shape.truncated:.2g} % of the distribution"


def _density(values: list[float]) -> Iterator[str]:
    """Bars over the central 98 %, in log10 where the row spans more than a factor of 20."""
    from simulate import wording

    low, high = values[POINTS // 100], values[-POINTS // 100]
    if not low < high:
        return
    logarithmic = low > 0 and high / low > 20
    edges = [
        low * (high / low) ** (k / BARS) if logarithmic else low + (high - low) * k / BARS for k in range(BARS + 1)
    ]
    shares = [bisect.bisect_left(values, b) - bisect.bisect_left(values, a) for a, b in itertools.pairwise(edges)]
    yield "  density" + (" per equal factor" if logarithmic else "")
    for edge, share in zip(edges, shares, strict=False):
        yield f"  {wording.number(edge):>10} {'#' * round(WIDEST_BAR * share / max(shares))}".rstrip()
