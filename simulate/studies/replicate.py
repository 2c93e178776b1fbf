"""Does each set give what its source printed? A table for every set that holds published numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any


def run(settings: dict[str, Any], where: Callable[[str], str]) -> int:
    """Run every set, compare, and write `published.csv` and `published.md` into a run folder.

    Gives 3 where a number is not met, or where one that is said to differ is met after all; else 0. Raises Mistakes
    before anything is run.
    """
    from simulate import published

    checked = published.checked(settings["sets"])
    from simulate import page, replication, replication_tables, results, store
    from simulate.provenance import config_hash
    from simulate.studies.forecast import place

    root, name = place(settings)
    every = {built.name: config_hash(built.settings) for built, _ in checked}
    target = store.prepare("replicate", _hash(every), name, root=root, overwrite=settings["overwrite"])
    lines = compared(checked, settings["draws"], settings["seed"], settings["threads"])
    text = replication_tables.markdown(lines)
    files = {"published.csv": results.csv_text(lines).encode(), "published.md": text.encode()}
    about = {"draws": settings["draws"], "seed": str(settings["seed"]), "config_hashes": every}
    folder = store.save_files(files, target, about)
    page.write(lambda width: replication_tables.terminal(lines, width))
    page.say(str(folder))
    return 3 if any(replication.failed(line) for line in lines) else 0


def compared(checked: Sequence[Any], draws: int, seed: int = 1, threads: int | None = None) -> list[dict[str, Any]]:
    """Run every set of `published.checked` and give the line of each of its numbers; progress goes set by set."""
    from simulate import forecast, progress, published, replication

    lines = []
    for number, (built, rows) in enumerate(checked, start=1):
        with progress.shown(f"{built.name} ({number} of {len(checked)})", draws) as advance:
            levels = published.levels(rows, draws)
            dataset = forecast.run(built, draws, seed, threads, progress=advance, levels=levels)
        lines += [replication.compare(dataset, row) for row in rows]
    return lines


def _hash(hashes: dict[str, str]) -> str:
    import hashlib

    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
