"""One draw told as a story: a draw by its number, or the most typical of those that cross a threshold in a year."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Find the draw, tell it, and write `result.nc`, tables and the figure into a run folder.

    Raises Mistakes before anything is run, and where no draw crosses in that year.
    """
    from simulate import assumptions, typical

    built = assumptions.build(settings, where)
    question = typical.ask(built, settings["draws"], settings["draw"], settings["threshold"], settings["year"], where)
    from simulate import page, plots, provenance, story, story_tables, story_text, streams
    from simulate.studies import folder

    hashed = provenance.config_hash(settings)
    asked = provenance.question_hash("explain", hashed, question.draw, question.threshold, question.year)
    with folder.reserved(settings, f"{settings['name']}-explain", asked) as target:
        dataset = story.run(question, settings["seed"])
        figures = {"story": plots.story} if "training_compute" in dataset else {}
        saved = folder.save(target, dataset, story_tables.TABLES, figures)
    with streams.kept(saved):
        page.say("\n".join(story_text.lines(dataset)))
        page.say(str(saved))
