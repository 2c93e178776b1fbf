"""The forecast of one set: check, simulate, keep the result in a folder of its own, and say the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulate.changes import differences
from simulate.errors import IntegrityError, Mistake, Mistakes


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Simulate and write the run folder; its path is the last line of standard output.

    Raises Mistakes before anything is written, StorageError where the result cannot be kept, and IntegrityError where
    `resume=true` names a folder that holds the result of other settings.
    """
    from simulate import assumptions

    table = assumptions.build(settings, where)  # before the imports of a run: bad input is answered at once
    from simulate import forecast, page, progress, report, store
    from simulate.studies import folder

    if settings["resume"]:
        root, name = folder.place(settings)
        if name is None:
            way_out = "write output=NAME resume=true"
            raise Mistakes([Mistake(where("resume"), "resume needs the name of the folder to go on with", way_out)])
        if (root / name).exists():
            report.show(finished(root / name, settings))
            page.say(str(root / name))
            return
    from simulate.provenance import config_hash

    with folder.reserved(settings, settings["name"], config_hash(settings)) as target:
        with progress.shown(settings["name"], settings["draws"]) as advance:
            dataset = forecast.run(
                table,
                draws=settings["draws"],
                seed=settings["seed"],
                threads=settings["threads"],
                keep=settings["keep"],
                sampling=settings["sampling"],
                target_error=settings["target_error"],
                progress=advance,
            )
        saved = store.save(dataset, target, config=_of_the_result(settings), log=_log(dataset))
    report.show(dataset)
    page.say(str(saved))


def finished(folder: Path, settings: dict[str, Any]) -> Any:
    """The result that a finished run left in `folder`, if it is the one that these settings ask for."""
    from simulate import store

    dataset = store.load(folder)
    stored = json.loads(dataset.attrs["assumptions"])
    stored |= json.loads(dataset.attrs["asked"])
    asked = json.loads(json.dumps(_of_the_result(settings), default=str))
    changes = list(differences(stored, asked))
    if changes:
        more = f" and {len(changes) - 10} more" if len(changes) > 10 else ""
        way_out = "choose another name, or give overwrite=true"
        raise IntegrityError(
            f"{folder} holds the result of other settings ({'; '.join(changes[:10])}{more}); {way_out}"
        )
    return dataset


def _of_the_result(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that decide the numbers; the others say what to do with them."""
    from simulate.provenance import DRAWING, RUN_KEYS

    return {key: value for key, value in settings.items() if key not in RUN_KEYS or key in DRAWING}


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
