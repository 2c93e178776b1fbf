"""One draw told as a story: a draw by its number, or the most typical of those that cross a threshold in a year."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Find the draw, tell it, and write `result.nc`, `inputs.csv`, `years.csv`, `crossings.csv` and the figure.

    Raises Mistakes before anything is run, and where no draw crosses in that year.
    """
    from simulate import assumptions, story

    built = assumptions.build(settings, where)
    question = story.ask(built, settings["draws"], settings["draw"], settings["threshold"], settings["year"], where)
    from simulate import netcdf, page, plots, results, store, story_text
    from simulate.plots import style
    from simulate.provenance import config_hash
    from simulate.studies.forecast import place

    root, name = place(settings)
    stem = f"{settings['name']}-explain"
    target = store.prepare(stem, config_hash(settings), name, root=root, overwrite=settings["overwrite"])
    dataset = story.run(question, settings["seed"])
    tables = {"inputs": story.input_rows, "years": story.year_rows, "crossings": story.crossing_rows}
    files = {"result.nc": netcdf.content(dataset, store.FORMAT)}
    files |= {f"{name}.csv": results.csv_text(list(table(dataset))).encode() for name, table in tables.items()}
    if "training_compute" in dataset:
        ax = plots.story(dataset)
        files |= {f"story.{kind}": style.render(ax, kind) for kind in ("png", "svg")}
    keys = ("draw", "draws", "seed", "versions", "source_hash", "config_hash", "changes")
    about = {"study": "explain", "name": built.name, **{key: dataset.attrs[key] for key in keys}}
    folder = store.save_files(files, target, about)
    page.say("\n".join(story_text.lines(dataset)))
    page.say(str(folder))
