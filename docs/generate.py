"""Write what docs and README take from the program itself: tables of inputs, the figure, the excerpt of output.

    python docs/generate.py            all of it (half a minute)
    python docs/generate.py inputs     the tables of inputs alone (at once)

`tests/test_docs.py` checks that the pages are up to date.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from simulate import assumptions, compose, layout, report, sampling, wording
from simulate.drivers import DRIVERS
from simulate.rows import Row

HERE = Path(__file__).parent
SETS = ("baseline_2026", "kumar_manning_2025")
LEVELS = (0.1, 0.5, 0.9)
SHOWN = ("flop_1e27", "h100_year", "flop_1e30", "agi_log_uniform", "median_anchor")
"""Thresholds of which the README shows the output."""


def inputs_page(name: str) -> str:
    """The rows of a shipped set as Markdown: meaning, what is believed, unit, source, note."""
    settings, where = compose.settings(name)
    table = assumptions.build(settings, where)
    return "\n".join(
        [*_head(table), *_drivers(table, settings), *_correlations(settings), *_thresholds(table, settings)]
    )


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
        names = [name for name in table.rows if name in known]
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
    others = [name for name in table.rows if not any(name in _names(driver) for driver in table.drivers)]
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
    if family in ("quantiles", "mixture"):
        points = given.get("quantiles") or given.get("parts")
        return f"{family}: `{points}`"
    if given.get("mean") is not None:
        return f"{family}, mean {_number(given['mean'])}, sd {_number(given['sd'])}"
    middle = [given[key] for key in ("mid", "mode") if given.get(key) is not None]
    numbers = [_number(value) for value in (given["low"], *middle, given["high"])]
    level = 100 * given.get("interval", 0.8)
    cuts = [f"{key} {_number(given[key])}" for key in ("min", "max") if given.get(key) is not None]
    ends = " / ".join(numbers) if middle else " to ".join(numbers)
    return f"{family}, {level:g} %: {ends}" + (f", {', '.join(cuts)}" if cuts else "")


def _implied(row: Row) -> str:
    if row.shape is None or row.certain is not None:
        return ""
    values = sampling.quantile_of(row.shape, LEVELS)
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


def _thresholds(table: Any, settings: dict[str, Any]) -> Iterator[str]:
    yield "## Thresholds\n"
    yield "From `conf/thresholds/standard.yaml`, the default; levels of `largest_run` are of training compute, those of"
    yield "`largest_effective` of effective compute.\n"
    yield "| threshold | level | unit | crossed by | source | note |\n|---|---|---|---|---|---|"
    for name, threshold in table.thresholds.items():
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
    import simulate

    dataset = simulate.run(SETS[0], draws=draws)
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
    for name in SETS:
        (HERE / f"inputs_{name}.md").write_text(inputs_page(name), encoding="utf-8")
    if "inputs" in wanted:
        return
    text, dataset = answer()
    readme = HERE.parent / "README.md"
    shown = f"```text\n{excerpt(text)}\n```\n"
    readme.write_text(replaced(readme.read_text("utf-8"), "output", shown), encoding="utf-8")
    (HERE / "figures").mkdir(exist_ok=True)
    (HERE / "figures" / f"{SETS[0]}.png").write_bytes(figure(dataset))


if __name__ == "__main__":
    main(sys.argv[1:])
