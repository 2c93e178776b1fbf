"""Does each set give what its source printed? A table for every set that holds published numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def run(settings: dict[str, Any], where: Callable[[str], str]) -> int:
    """Run every set, compare, and write `tables/published.csv` and `.md` into a run folder.

    Gives 3 where a number is not met, or where one that is said to differ is met after all; else 0. Raises Mistakes
    before anything is run.
    """
    from simulate import published

    checked = published.checked(settings["sets"])
    from simulate import page, provenance, replication, replication_tables, results, store, streams
    from simulate.studies import folder

    draws, seed, sets = settings["draws"], settings["seed"], [built for built, _ in checked]
    printed = {one.name: one.settings["published"] for one in sets}
    asked = provenance.question_hash("replicate", provenance.config_hashes(sets), printed)
    with folder.reserved(settings, "replicate", asked) as target:
        lines = compared(checked, draws, seed, settings["threads"])
        text = replication_tables.markdown(lines)
        files = {"tables/published.csv": results.csv_text(lines).encode(), "tables/published.md": text.encode()}
        about = provenance.of_sets("replicate", "published numbers beside those of the sets", sets, draws, seed)
        saved = store.save_files(target, files.items(), about)
    with streams.kept(saved):
        page.write(lambda width: replication_tables.terminal(lines, width))
        page.say(str(saved))
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
