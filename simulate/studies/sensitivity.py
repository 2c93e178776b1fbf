"""Which inputs drive the answer: Sobol' indices and swings of one set, as files, a figure and a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Run all designs and write `result.nc`, `indices.csv`, `swings.csv` and a tornado for each threshold that is told.

    Raises Mistakes before anything is run.
    """
    from simulate import assumptions, indices

    built = assumptions.build(settings, where)
    question = indices.ask(built, settings["draws"], settings["threshold"], settings["year"], settings["groups"], where)
    from simulate import netcdf, page, plots, progress, results, sensitivity_text, store
    from simulate.plots import style
    from simulate.provenance import config_hash
    from simulate.studies.forecast import place

    root, name = place(settings)
    hashed = config_hash(settings)
    stem = f"{settings['name']}-sensitivity"
    target = store.prepare(stem, hashed, name, root=root, overwrite=settings["overwrite"])
    with progress.shown(stem, indices.draws_needed(question)) as advance:
        dataset = indices.run(question, settings["seed"], settings["threads"], advance)
    files = {
        "result.nc": netcdf.content(dataset, store.FORMAT),
        "indices.csv": results.csv_text(list(indices.index_rows(dataset))).encode(),
        "swings.csv": results.csv_text(list(indices.swing_rows(dataset))).encode(),
    }
    if question.inputs:
        shown = json.loads(dataset.attrs["shown"])
        outputs = {f"tornado_{threshold}": f"{threshold} {indices.CROSSED}" for threshold in shown}
        outputs |= {f"tornado_{name}": name for name in indices.COMPUTE[:1] if name in built.units}
        for file, output in outputs.items():
            ax = plots.tornado(dataset, output=output)
            files |= {f"{file}.{kind}": style.render(ax, kind) for kind in ("png", "svg")}
    keys = ("draws", "seed", "versions", "source_hash", "config_hash", "changes", "year")
    about = {"study": "sensitivity", "name": built.name, **{key: dataset.attrs[key] for key in keys}}
    folder = store.save_files(files, target, about)
    page.say("\n".join(sensitivity_text.lines(dataset)))
    page.say(str(folder))
