"""Growth laws as hypotheses: what the choice of a law does to the answer, and what the starting level does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from simulate.errors import Mistake, Mistakes


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Run every law and the pool, and write the folder; raises Mistakes before anything is written."""
    from simulate import assumptions, rivals

    mistakes: list[Mistake] = []
    varied, prefix = rivals.hypotheses(
        settings, settings["law_of"], settings["laws"], settings["law_weights"], mistakes
    )
    if mistakes:
        raise Mistakes(mistakes)
    built = assumptions.build(varied, where)
    from simulate import page, plots, provenance, rival_tables, streams
    from simulate.studies import folder

    asked = provenance.question_hash("structures", provenance.config_hash(varied), prefix)
    question = folder.Question(f"structures-{settings['name']}", asked, 2 * settings["draws"])
    run_both = partial(rivals.run, built, prefix, settings["draws"], settings["seed"], settings["threads"])
    tables, figures = {"laws": rival_tables.rows}, {"structures": plots.structures}
    saved, dataset = folder.answer(settings, question, run_both, tables, lambda dataset: figures)
    with streams.kept(saved):
        page.say(rival_tables.answer(dataset, page.wide()))
        page.say(str(saved))
