"""Growth laws as hypotheses: what the choice of a law does to the answer, and what the starting level does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulate.errors import Mistake, Mistakes


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Run every law and the pool, and write the folder; raises Mistakes before anything is written."""
    from simulate import assumptions, rivals

    mistakes: list[Mistake] = []
    varied, prefix = rivals.hypotheses(
        settings, settings["law_of"], settings["laws"], settings["law_weights"], mistakes
    )
    if not settings.get("thresholds"):
        mistakes.append(Mistake("thresholds", "there is none to be crossed", "choose some: thresholds=standard"))
    if mistakes:
        raise Mistakes(mistakes)
    built = assumptions.build(varied, where)
    from simulate import page, plots, progress, rival_tables, store
    from simulate.provenance import config_hash
    from simulate.studies import folder
    from simulate.studies.forecast import place

    root, name = place(settings)
    stem = f"structures-{settings['name']}"
    target = store.prepare(stem, config_hash(varied), name, root=root, overwrite=settings["overwrite"])
    with progress.shown("structures", 2 * settings["draws"]) as advance:
        dataset = rivals.run(built, prefix, settings["draws"], settings["seed"], settings["threads"], advance)
    saved = folder.save(dataset, target, {"laws": rival_tables.rows(dataset)}, {"structures": plots.structures})
    page.say(rival_tables.answer(dataset))
    page.say(str(saved))
