"""Which inputs drive the answer: Sobol' indices and swings of one set, as files, a figure and a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Run all designs and write `result.nc`, tables and a tornado for each threshold that is told into a run folder.

    Raises Mistakes before anything is run.
    """
    from simulate import assumptions, sensitivity_question

    built = assumptions.build(settings, where)
    asked = settings["threshold"], settings["year"], settings["groups"]
    question = sensitivity_question.ask(built, settings["draws"], *asked, where)
    from simulate import indices, page, provenance, sensitivity_tables, sensitivity_text, streams
    from simulate.studies import folder

    stem, hashed = f"{settings['name']}-sensitivity", provenance.config_hash(settings)
    whole = provenance.question_hash("sensitivity", hashed, question.year, question.outputs, question.groups)
    asks = folder.Question(stem, whole, indices.draws_needed(question))
    run_designs = partial(indices.run, question, settings["seed"], settings["threads"])
    saved, dataset = folder.answer(settings, asks, run_designs, sensitivity_tables.TABLES, _figures)
    with streams.kept(saved):
        page.say("\n".join(sensitivity_text.lines(dataset, page.wide())))
        page.say(str(saved))


def _figures(dataset: xr.Dataset) -> dict[str, Callable[[Any], Any]]:
    """A tornado for each threshold that is told, and for compute; none where no input can be pinned."""
    from simulate import plots
    from simulate.sensitivity_tables import CROSSED
    from simulate.variables import COMPUTE

    if "pinned" not in dataset:
        return {}
    known = dataset["output"].values.tolist()
    outputs = {threshold: f"{threshold} {CROSSED}" for threshold in json.loads(dataset.attrs["shown"])}
    outputs |= {name: name for name in COMPUTE[:1] if name in known}
    return {f"tornado_{name}": partial(plots.tornado, output=output) for name, output in outputs.items()}
