"""One row of the table at a glance: what the stated numbers imply, before any run, and under each hypothesis.

The name of a hypothesis shows its weight and what it changes.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from simulate.errors import Mistake, Mistakes, or_rather

if TYPE_CHECKING:
    from simulate.checking import Check

LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
POINTS = 4096
BARS, WIDEST_BAR = 16, 40


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Print density, mean, quantiles, source and note of the rows and hypotheses named by `inputs=[...]`.

    Raises Mistakes for a name that the set does not have and for a row that is wrong in itself.
    """
    from simulate import keys, page
    from simulate.checking import Check

    names, check = settings["show"], Check(settings, where)
    hypotheses = check.section("hypotheses")
    sections = _sections(settings, hypotheses)
    if not names:
        check.mistakes.append(Mistake("study=show", "needs the name of a row", "write study=show inputs=chip_growth"))
    told: list[list[str]] = []
    for name in map(str, names or ()):
        if name in sections:
            told.append(list(_row(check, sections[name], name, hypotheses)))
        if name in hypotheses:
            told.append(list(_hypothesis(check, name, hypotheses[name])))
        if name not in sections and name not in hypotheses:
            known = [*sections, *hypotheses]
            near = keys.closest(name, known)
            way_out = "" if near else f"the set has: {', '.join(sorted(known))}"
            check.wrong("show", f"no row is called '{name}'{or_rather(near)}", way_out)
    if check.mistakes:
        raise Mistakes(list(dict.fromkeys(check.mistakes)))
    for lines in told:
        page.say("\n".join(lines) + "\n")


def _sections(settings: dict[str, Any], hypotheses: dict[str, Any]) -> dict[str, str]:
    """The section of every row, by its name: of the set, and of those that a hypothesis adds."""
    from simulate import grammar

    return {
        name: section
        for stated in (*hypotheses.values(), settings)
        for section in reversed(grammar.MODEL_SECTIONS)
        for name in stated.get(section) or {}
    }


def _row(check: Check, section: str, name: str, hypotheses: dict[str, Any]) -> Iterator[str]:
    """Yield what there is to say of a row: of the set, then under each hypothesis that changes it."""
    from simulate import inheritance, wording
    from simulate.hypotheses import by_whole_keys

    key = f"{section}.{name}"
    given = check.section(section).get(name)
    if given is None:
        yield f"{name}: not in the set itself"
    else:
        yield from _lines(check, section, name, given, check.where)
        yield from _by_words(key, given, check.where)
    for hypothesis, changes in hypotheses.items():
        rows = changes.get(section) or {}
        if name not in rows:
            continue
        yield f"  under hypothesis {wording.clean(hypothesis)}, weight {_weight(changes)}:"
        if rows[name] is None:
            yield "    left out"
            continue
        under = _under(check, hypothesis)
        laid = inheritance.laid(section, given or {}, rows[name])
        # The whole of a row that only hypotheses have; else in brief what they make of the set's own.
        lines = _lines(under, section, name, laid, under.where, brief=given is not None)
        yield from (f"    {line}" for line in lines)
        check.mistakes += by_whole_keys(under.mistakes, hypothesis, changes)


def _under(check: Check, hypothesis: str) -> Check:
    """The check of rows that a hypothesis states."""
    return type(check)(check.settings, lambda key: check.where(f"hypotheses.{hypothesis}.{key}"))


def _lines(
    check: Check, section: str, name: str, given: dict[str, Any], where: Callable[[str], str], brief: bool = False
) -> Iterator[str]:
    """Yield the lines on a row as it is stated; what is wrong with it goes into `check`."""
    from simulate import rows

    row = rows.read(section, name, given, None, where, check.mistakes)
    if row is not None and brief:
        yield _briefly(row)
        yield from _texts(row, "")
    elif row is not None:
        kept = None
        if row.pinned:  # the distribution that the value wins over must be one, to be shown
            kept = rows.read(section, name, {**given, "value": None}, None, where, check.mistakes)
        yield from describe(row, kept)


def _hypothesis(check: Check, name: str, changes: dict[str, Any]) -> Iterator[str]:
    """Yield weight, texts and changes of a hypothesis, a line a row."""
    from simulate import grammar, inheritance, rows, wording
    from simulate.hypotheses import by_whole_keys

    yield f"{wording.clean(name)}: hypothesis of weight {_weight(changes)}"
    for label in ("source", "note"):
        if changes.get(label):
            yield f"  {label}: {wording.clean(changes[label], 2000)}"
    yield f"  stated in: {wording.clean(check.where(f'hypotheses.{name}'))}"
    inside = _under(check, name)
    for section in grammar.MODEL_SECTIONS:
        for row, fields in (changes.get(section) or {}).items():
            key = f"{section}.{row}"
            if fields is None:
                yield f"  {key}: left out"
                continue
            under = check.section(section).get(row)
            laid = inheritance.laid(section, under or {}, fields)
            read = rows.read(section, row, laid, None, inside.where, inside.mistakes)
            if read is not None:
                yield f"  {key}{'' if under else ', a new row'}: {_briefly(read)}"
    check.mistakes += by_whole_keys(inside.mistakes, name, changes)
    for key in ("drivers", "inactive", "correlations", "sharpness"):
        if key in changes:
            yield f"  {key}: {wording.clean(changes[key], 2000)}"


def _weight(changes: dict[str, Any]) -> str:
    from simulate import wording

    return wording.clean(changes.get("weight"), 40)


def _briefly(row: Any) -> str:
    """Return what a row says in half a line: its formula, its value, or its 10, 50 and 90 % quantiles."""
    from simulate import quantiles, wording

    unit = wording.clean(row.unit)
    if row.certain is not None:
        return f"{wording.written(row.certain, row.unit)} {unit}"
    if row.shape is None:
        return f"{wording.clean(row.formula.text, 2000)}, in {unit}"
    ends = " / ".join(wording.written(value, row.unit) for value in quantiles.at(row.shape, (0.1, 0.5, 0.9)))
    return f"{row.family}, 10 / 50 / 90 %: {ends} {unit}"


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
        yield f"  pinned to {wording.written(row.certain, row.unit)}; kept as documentation: {kept.family}"
        yield from _distribution(kept)
    elif row.shape is None:
        yield f"  derived: {wording.clean(row.formula.text, 2000)}"
    else:
        yield from _distribution(row)
    yield from _texts(row)


def _texts(row: Any, indent: str = "  ") -> Iterator[str]:
    """Source, note and place of a row."""
    from simulate import wording

    for label, text in (("source", row.source), ("note", row.note), ("stated in", row.where)):
        if text:
            yield f"{indent}{label}: {wording.clean(text, 2000)}"


def _distribution(row: Any) -> Iterator[str]:
    """Mean, quantiles and density of a row, or the value of one that is certain."""
    from simulate import quantiles, wording

    if row.certain is not None:
        yield f"  value {wording.written(row.certain, row.unit)}"
    else:
        values = quantiles.equally_likely(row.shape, POINTS)
        yield f"  mean {wording.written(math.fsum(values) / POINTS, row.unit)}"
        for level, value in zip(LEVELS, quantiles.at(row.shape, LEVELS), strict=True):
            yield f"  {100 * level:4g} %  {wording.written(value, row.unit)}"
        yield from _density(values, row.unit)
        if row.shape.truncated:
            yield f"  min and max cut off {100 * row.shape.truncated:.2g} % of the distribution"


def _density(values: list[float], unit: str) -> Iterator[str]:
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
        yield f"  {wording.written(edge, unit):>10} {'#' * round(WIDEST_BAR * share / max(shares))}".rstrip()
