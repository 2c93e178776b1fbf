"""Does each set give what its source printed? One table for all sets that hold published numbers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from simulate.errors import Mistake, Mistakes

COLUMNS = ("set", "what", "unit", "published", "ours", "tolerance", "verdict")


def run(settings: dict[str, Any], where: Callable[[str], str]) -> int:
    """Run every set, compare, and write `published.csv` and `published.md` into a run folder.

    Gives 3 where a number is not met, or where one that is said to differ is met after all; else 0. Raises Mistakes
    before anything is run.
    """
    from simulate import assumptions, published
    from simulate.checking import Check

    mistakes: list[Mistake] = []
    checked = []
    for one in settings["sets"]:
        check = Check(one.settings, one.where)
        try:
            built = assumptions.build(one.settings, one.where)
        except Mistakes as found:
            mistakes.extend(found.items)
            continue
        checked.append((built, published.read(one.settings, built, check)))
        mistakes.extend(check.mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    from simulate import forecast, replication, report, results, store
    from simulate.dataset import config_hash
    from simulate.studies.forecast import place

    root, name = place(settings)
    every = {built.name: config_hash(built.settings) for built, _ in checked}
    target = store.prepare("replicate", _hash(every), name, root=root, overwrite=settings["overwrite"])
    lines: list[dict[str, Any]] = []
    with report.progress("replicate", settings["draws"] * len(checked)) as advance:
        for built, rows in checked:
            dataset = forecast.run(
                built, settings["draws"], settings["seed"], settings["threads"], progress=advance,
                levels=published.levels(rows, settings["draws"]),
            )  # fmt: skip
            lines += [replication.compare(dataset, row) for row in rows]
    text = markdown(lines)
    files = {"published.csv": results.csv_text(lines).encode(), "published.md": text.encode()}
    about = {"draws": settings["draws"], "seed": str(settings["seed"]), "config_hashes": every}
    folder = store.save_files(files, target, about)
    sys.stdout.write(f"{text}\n{folder}\n")
    return 3 if any(replication.failed(line) for line in lines) else 0


def markdown(lines: Sequence[dict[str, Any]]) -> str:
    """The table as Markdown, which a reader of the terminal can read as well."""
    head = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    return "\n".join([*head, *("| " + " | ".join(_cells(line)) + " |" for line in lines)]) + "\n"


def _cells(line: dict[str, Any]) -> list[str]:
    from simulate import wording

    said = {**line, "published": _number(line["published"]), "ours": _number(line["ours"])}
    if line["error"] > 0.0:
        said["ours"] += f" ± {wording.number(line['error'], 1)}"
    return [wording.clean(said[column]).replace("|", "\\|") for column in COLUMNS]


def _number(value: float) -> str:
    """Four digits: published tolerances are rarely finer; dates and other plain numbers without a power of ten."""
    from simulate import wording

    return f"{value:.1f}" if 1900.0 <= value < 3000.0 else wording.number(value, 4)


def _hash(hashes: dict[str, str]) -> str:
    import hashlib

    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
