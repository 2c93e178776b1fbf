"""The forecast of one set: check, simulate, keep the result in a folder of its own, and say the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Simulate and write the run folder; its path is the last line of standard output.

    With `resume=true` the answer of a finished run of the same is told again, and an unfinished one is gone on with.
    Raises Mistakes before anything is written, StorageError where the result cannot be kept, and IntegrityError where
    the folder that is named holds the result of other settings.
    """
    from simulate import assumptions

    table = assumptions.build(settings, where)  # before the imports of a run: bad input is answered at once
    from simulate import answered, forecast, page, progress, report, store, target, unfinished
    from simulate.provenance import config_hash

    root, name = place(settings)
    aim = target.of(settings["name"], config_hash(settings), name, root=root, overwrite=settings["overwrite"])
    asked = of_the_result(settings) | {"study": "forecast"}
    if settings["resume"] and (there := answered.earlier(aim, asked, settings["keep"])):
        folder, dataset = there
        unfinished.forget(aim, asked)
    else:
        target.check(aim)
        with unfinished.claim(aim, asked, settings["resume"]) as checkpoint:
            with progress.shown(settings["name"], settings["draws"]) as advance:
                dataset = forecast.run(
                    table,
                    draws=settings["draws"],
                    seed=settings["seed"],
                    threads=settings["threads"],
                    keep=settings["keep"],
                    progress=advance,
                    checkpoint=checkpoint,
                )
            folder = store.save(dataset, aim, config=of_the_result(settings), log=_log(dataset))
    report.show(dataset)
    page.say(str(folder))


def place(settings: dict[str, Any]) -> tuple[Path, str | None]:
    """The folder of all runs and the name of this one's, which `hydra.run.dir` gives as one path."""
    from simulate import store

    if settings["folder"] is None:
        return store.ROOT, settings["output"]
    path = Path(settings["folder"])
    return path.parent, path.name


def of_the_result(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that decide the numbers; the others say what to do with them."""
    from simulate.provenance import RUN_KEYS

    return {key: value for key, value in settings.items() if key not in RUN_KEYS or key in ("draws", "seed")}


def _log(dataset: Any) -> str:
    """What happened, a line each: the set, what was changed, what to know, how long it took."""
    attrs = dataset.attrs
    lines = [
        f"{attrs['name']}: {attrs['draws']} draws, seed {attrs['seed']}, {attrs['start']:g} to {attrs['horizon']:g}",
        *(f"changed: {change}" for change in json.loads(attrs["changes"])),
        *(f"pinned: {row}" for row in json.loads(attrs["pinned"])),
        *(f"note: {note}" for note in json.loads(attrs["notes"])),
        *(f"{what}: {seconds} s" for what, seconds in json.loads(attrs["timings"]).items()),
    ]
    return "\n".join(lines) + "\n"
