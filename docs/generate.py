"""Write what docs and README take from the program itself: tables of inputs, the figure, the excerpt of output.

    python docs/generate.py                tables of inputs, figure, excerpt (half a minute)
    python docs/generate.py inputs         the tables of inputs alone (at once)
    python docs/generate.py replication    the comparison with published numbers (ten minutes)

`tests/test_docs.py` checks that the pages are up to date.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import simulate
from simulate import assumptions, compose, layout, published, quantiles, replication_tables, report, wording
from simulate.drivers import DRIVERS
from simulate.library import Library
from simulate.rows import Row
from simulate.studies import replicate

HERE = Path(__file__).parent
DEFAULT = "baseline_2026"
SETS = tuple(Library().names("assumptions"))
REPLICATION_DRAWS = 1_000_000
LEVELS = (0.1, 0.5, 0.9)
SHOWN = ("flop_1e27", "h100_year", "flop_1e30", "agi_log_uniform", "median_anchor")
"""Thresholds of which the README shows the output."""


def inputs_page(name: str) -> str:
    """The rows of a shipped set as Markdown: meaning, what is believed, unit, source, note."""
    settings, where = compose.settings(name)
    table = assumptions.build(settings, where)
    return "\n".join([
        *_head(table),
        *_drivers(table, settings),
        *_formulas(settings),
        *_correlations(settings),
        *_evidence(settings),
        *_hypotheses(table, settings),
        *_thresholds(table, settings),
        *_published(settings),
    ])  # fmt: skip


def _head(table: Any) -> Iterator[str]:
    yield f"# Inputs of {table.name}\n"
    yield f"Written by `python docs/generate.py` from `conf/assumptions/{table.name}.yaml`; edit that file instead.\n"
    yield f"{wording.clean(table.settings['description'], 2000)}\n"
    yield "`stated` is the row as it stands: family, level and ends of the central interval (`100 %`: the ends of the"
    yield "distribution), `min` and `max` where it is cut. `10 / 50 / 90 %` are the quantiles that this implies,"
    yield "alike for all rows. `simulate study=show inputs=NAME` draws the density of one row.\n"


def _drivers(table: Any, settings: dict[str, Any]) -> Iterator[str]:
    for driver in table.drivers:
        known = {row.name: row.meaning for path in layout.paths(DRIVERS[driver]) for row in layout.path_rows(path)}
        known |= {item.name: item.meaning for item in layout.inputs(DRIVERS[driver])}
        names = [name for name in table.rows if name in known and name in settings["inputs"]]
        yield f"## {driver}\n"
        for path in layout.paths(DRIVERS[driver]):
            choice = table.paths.get(path.name)
            if choice:
                limit = "" if choice.limit == "none" else f", limit `{choice.limit}`"
                yield f"`{path.quantity}`, {path.meaning}: law `{choice.law}`{limit}.\n"
        ceiling = layout.ceiling(DRIVERS[driver])
        if ceiling and ceiling.name in table.inactive:
            yield "Its ceiling is computed but not part of the minimum (`inactive`).\n"
        yield from _rows([(name, known[name], table.rows[name], settings["inputs"][name]) for name in names])
    everywhere = [name for name in table.rows if name in settings.get("inputs", {})]
    others = [name for name in everywhere if not any(name in _names(driver) for driver in table.drivers)]
    if others:
        yield "## Other rows\n"
        yield from _rows([(name, "", table.rows[name], settings["inputs"][name]) for name in others])


def _names(driver: str) -> set[str]:
    rows = {row.name for path in layout.paths(DRIVERS[driver]) for row in layout.path_rows(path)}
    return rows | {item.name for item in layout.inputs(DRIVERS[driver])}


def _rows(rows: Sequence[tuple[str, str, Row, dict[str, Any]]]) -> Iterator[str]:
    yield "| input | meaning | stated | unit | 10 / 50 / 90 % | source | note |"
    yield "|---|---|---|---|---|---|---|"
    for name, meaning, row, given in rows:
        cells = [
            f"`{name}`",
            meaning,
            stated(given),
            f"`{row.unit}`" + (f" at {row.at:g}" if row.at else ""),
            _implied(row),
            sources(row.source),
            row.note,
        ]
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    yield ""


def stated(given: dict[str, Any]) -> str:
    """The distribution of a row in words: `lognormal, 80 %: 2 to 3.2`."""
    if given.get("value") is not None:
        return f"{_number(given['value'])}"
    if given.get("formula") is not None:
        return f"`{given['formula']}`"
    family = given.get("dist", "quantiles")
    if family == "quantiles":
        return f"quantiles: `{given['quantiles']}`"
    if family == "mixture":
        return "mixture: " + "; ".join(f"{100 * part['weight']:g} % {stated(part)}" for part in given["parts"])
    cuts = "".join(f", {key} {_number(given[key])}" for key in ("min", "max") if given.get(key) is not None)
    for centre, spread in (("mean", "sd"), ("median", "sd_ln")):
        if given.get(centre) is not None:
            return f"{family}, {centre} {_number(given[centre])}, {spread} {_number(given[spread])}{cuts}"
    middle = [given[key] for key in ("mid", "mode") if given.get(key) is not None]
    numbers = [_number(value) for value in (given["low"], *middle, given["high"])]
    level = 100 * given.get("interval", 0.8)
    ends = " / ".join(numbers) if middle else " to ".join(numbers)
    return f"{family}, {level:g} %: {ends}{cuts}"


def _implied(row: Row) -> str:
    if row.shape is None or row.certain is not None:
        return ""
    values = quantiles.at(row.shape, LEVELS)
    if row.unit == "year" and values[0] > 1000:
        return " / ".join(f"{value:.1f}" for value in values)
    return " / ".join(wording.number(value) for value in values)


def sources(text: str) -> str:
    """`Ho (2024), https://...; Cotra (2020), https://...` as links."""
    parts = re.split(r";\s+", text.strip())
    return "; ".join(re.sub(r"^(.*?),?\s*(https?://\S+)$", _link, part) for part in parts)


def _link(found: re.Match[str]) -> str:
    return f"[{found[1] or found[2]}]({found[2]})"


def _number(value: float) -> str:
    text = f"{value:.6g}"
    return re.sub(r"e([+-])0*", lambda sign: "e" + sign[1].strip("+"), text)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _correlations(settings: dict[str, Any]) -> Iterator[str]:
    if settings.get("correlations"):
        yield "## Correlations\n"
        yield "Spearman rank correlations; all other rows are drawn independently.\n"
        yield "| input | with | correlation |\n|---|---|---|"
        for a, b, r in settings["correlations"]:
            yield f"| `{a}` | `{b}` | {r:g} |"
        yield ""


def _formulas(settings: dict[str, Any]) -> Iterator[str]:
    """Quantities and ceilings that the set states itself."""
    for section in ("quantities", "ceilings"):
        rows = settings.get(section) or {}
        if rows:
            yield f"## Own {section}\n"
            yield from _stated(rows)


def _stated(rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Rows as they stand, without the quantiles that they imply."""
    yield "| name | stated | unit | source | note |\n|---|---|---|---|---|"
    for name, given in rows.items():
        told = stated(given) if _defined(given) else "changed: " + ", ".join(f"{k} {v}" for k, v in given.items())
        yield _line(
            f"`{name}`", told, f"`{given.get('unit', '')}`", sources(given.get("source", "")), given.get("note")
        )
    yield ""


def _defined(given: dict[str, Any]) -> bool:
    return any(given.get(field) is not None for field in ("value", "formula", "dist", "quantiles"))


def _line(*cells: Any) -> str:
    return f"| {' | '.join(_cell(str(cell or '')) for cell in cells)} |"


def _evidence(settings: dict[str, Any]) -> Iterator[str]:
    rows = settings.get("evidence") or {}
    if rows:
        yield "## Evidence\n"
        yield "Draws are weighed by it: by a log-likelihood, or by how near a quantity comes to what was seen.\n"
        yield "| name | evidence | source | note |\n|---|---|---|---|"
        for name, row in rows.items():
            seen = f"`loglik: {row['loglik']}`" if row.get("loglik") else ", ".join(
                f"{key} {row[key]}" for key in ("quantity", "date", "value", "unit", "sd")
            )  # fmt: skip
            yield _line(f"`{name}`", seen, sources(row.get("source", "")), row.get("note"))
        yield ""


def _hypotheses(table: Any, settings: dict[str, Any]) -> Iterator[str]:
    """Each hypothesis with its weight and with what it changes."""
    if table.hypotheses:
        yield "## Hypotheses\n"
        yield "Variants of the set that exclude one another; the result is their mixture.\n"
    for member in table.hypotheses:
        given = settings["hypotheses"][member.name]
        yield f"### {member.name}, weight {100 * member.weight:.4g} %\n"
        about = [text for text in (given.get("note"), sources(given.get("source") or "")) if text]
        if about:
            yield "\n".join(about) + "\n"
        if given.get("drivers"):
            yield f"Drivers: `{given['drivers']}`.\n"
        inputs = given.get("inputs") or {}
        whole = [name for name, row in inputs.items() if row and _defined(row) and name in member.set.rows]
        if whole:
            yield from _rows([(name, "", member.set.rows[name], inputs[name]) for name in whole])
        for section in ("inputs", "quantities", "ceilings", "thresholds"):
            rows = {name: row or {} for name, row in (given.get(section) or {}).items()}
            rest = {name: row for name, row in rows.items() if not (section == "inputs" and name in whole)}
            if rest:
                yield from _stated(rest)


def _published(settings: dict[str, Any]) -> Iterator[str]:
    rows = settings.get("published") or {}
    if rows:
        yield "## Published numbers\n"
        yield "What the sources printed; [replication](replication.md) has the numbers of the set beside them.\n"
        yield "| name | of | published | unit | tolerance | source | note |\n|---|---|---|---|---|---|---|"
    for name, row in rows.items():
        of = ", ".join(f"{key} {row[key]}" for key in OF if row.get(key) is not None)
        note = " ".join(text for text in (row.get("note"), row.get("differs") and f"Differs: {row['differs']}") if text)
        value = replication_tables.printed(float(row["value"]), str(row["unit"]))
        tolerance = row.get("tolerance", "")
        allowed = f"{tolerance:g}" if isinstance(tolerance, int | float) else str(tolerance)
        yield _line(f"`{name}`", of, value, f"`{row['unit']}`", allowed, sources(row.get("source", "")), note)


OF = ("threshold", "quantity", "ceiling", "input", "binding", "hypothesis", "year", "years", "since", "quantile")
"""What a published number is of."""


def replication_page(lines: Sequence[dict[str, Any]], draws: int) -> str:
    """The comparison of every set with what its source printed."""
    return f"""# Published numbers and those of the sets

Written by `python docs/generate.py replication` with version {simulate.__version__}, draws={draws}, seed=1.
`simulate study=replicate` makes the same comparison, of some sets with `'sets=[cotra_2020,epoch_2030]'`.

`ours` is the number of the set with its Monte Carlo error, in per cent beside a power of ten. `yes`: the two agree
within the tolerance. `differs`: they do not, for the reason below the table. `information`: the source speaks of
something else than the set, or judges; nothing is claimed. `beyond`: later than the horizon of the set. The table of
inputs of each set says what its numbers are of, and [published sets](published_sets.md) what agreement proves.

{replication_tables.markdown(lines)}"""


def _thresholds(table: Any, settings: dict[str, Any]) -> Iterator[str]:
    standard = Library().sources("thresholds", "standard")["standard"].data["thresholds"]
    shown = {n: t for n, t in table.thresholds.items() if table.name == DEFAULT or n not in standard}
    if not table.thresholds:
        return
    yield "## Thresholds\n"
    if table.name == DEFAULT:
        yield "From `conf/thresholds/standard.yaml`, the default; levels of `largest_run` are of training compute, "
        yield "those of `largest_effective` of effective compute.\n"
    else:
        yield f"Beside those of `conf/thresholds/standard.yaml`, see [{DEFAULT}](inputs_{DEFAULT}.md#thresholds).\n"
    if not shown:
        return
    yield "| threshold | level | unit | crossed by | source | note |\n|---|---|---|---|---|---|"
    for name, threshold in shown.items():
        row = threshold.row
        cells = [
            f"`{name}`",
            stated(settings["thresholds"][name]),
            f"`{row.unit}`",
            f"`{threshold.quantity}`",
            sources(row.source),
            row.note,
        ]
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    yield ""


def excerpt(text: str) -> str:
    """The answer of a run, with few thresholds and years of the first table; dots stand for what is left out."""
    parts = re.split(r"\n\n+", text.strip())
    first = next(i for i, part in enumerate(parts) if part.startswith(" threshold"))
    dates = next(i for i, part in enumerate(parts) if part.startswith("Date by"))
    kept = [*parts[: first + 1], *parts[dates:]]
    return "\n\n".join(_few_rows(part) if part.startswith(" threshold") else part for part in kept)


def _few_rows(table: str) -> str:
    """A table of thresholds (two lines each) with the rows that are shown."""
    kept: list[str] = []
    wanted = True
    for line in table.splitlines():
        name = re.match(r" ([a-z][a-z0-9_]+)  ", line)
        if name:
            wanted = name[1] in ("threshold", *SHOWN)
        elif line.startswith((" on ", " ──")):
            wanted = True
        if wanted:
            kept.append(line)
        elif kept[-1] != " ...":
            kept.append(" ...")
    return "\n".join(kept)


def answer(draws: int = 1_000_000) -> tuple[str, Any]:
    """What `simulate` prints, and the result."""
    dataset = simulate.run(DEFAULT, draws=draws)
    page = io.StringIO()
    report.show(dataset, file=page, width=100, colour=False)
    return page.getvalue(), dataset


def figure(dataset: Any) -> bytes:
    """The fan chart as a small PNG."""
    from PIL import Image

    from simulate.plots import fan, style

    picture = Image.open(io.BytesIO(style.render(fan(dataset), "png", dpi=110))).convert("RGB")
    out = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()


def replaced(text: str, mark: str, content: str) -> str:
    """`text` with what stands between the marks `<!-- mark -->` and `<!-- end of mark -->` replaced."""
    pattern = rf"(<!-- {mark} -->\n)(.*?)(<!-- end of {mark} -->)"
    return re.sub(pattern, lambda found: found[1] + content + found[3], text, flags=re.DOTALL)


def main(wanted: Sequence[str]) -> None:
    """Write the pages."""
    if "replication" in wanted:
        settings, _ = compose.settings(None, ["study=replicate"])
        lines = replicate.compared(published.checked(settings["sets"]), REPLICATION_DRAWS)
        (HERE / "replication.md").write_text(replication_page(lines, REPLICATION_DRAWS), encoding="utf-8")
        return
    for name in SETS:
        (HERE / f"inputs_{name}.md").write_text(inputs_page(name), encoding="utf-8")
    if "inputs" in wanted:
        return
    text, dataset = answer()
    readme = HERE.parent / "README.md"
    shown = f"```text\n{excerpt(text)}\n```\n"
    readme.write_text(replaced(readme.read_text("utf-8"), "output", shown), encoding="utf-8")
    (HERE / "figures").mkdir(exist_ok=True)
    (HERE / "figures" / f"{DEFAULT}.png").write_bytes(figure(dataset))


if __name__ == "__main__":
    main(sys.argv[1:])
