"""The forecast of one set: check, simulate, keep the result in a folder of its own, and say the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulate.assumptions import Assumptions
    from simulate.checkpoint import CheckpointFile
    from simulate.every_draw import Store
    from simulate.target import Target


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Simulate and write the run folder; its path is the last line of standard output.

    With `resume=true` the answer of a finished run of the same is told again, and an unfinished one is gone on with.
    Raises Mistakes before anything is written, StorageError where the result cannot be kept, and IntegrityError where
    the folder that is named holds the result of other settings.
    """
    from simulate import assumptions

    table = assumptions.build(settings, where)  # before the imports of a run: bad input is answered at once
    from simulate import forecast, page, progress, report, store, streams
    from simulate.provenance import config_hash
    from simulate.studies import folder

    kept = _kept(settings, table)
    hashed, asked = config_hash(settings), of_the_result(settings) | {"study": "forecast"} | kept
    if there := folder.finished(settings, settings["name"], hashed, asked):
        saved, dataset = there
    else:
        with (
            folder.resumable(settings, settings["name"], hashed, asked) as (target, checkpoint),
            _store(kept, settings, table, target, checkpoint) as draws,
        ):
            with progress.shown(settings["name"], settings["draws"]) as advance:
                dataset = forecast.run(
                    table,
                    draws=settings["draws"],
                    seed=settings["seed"],
                    threads=settings["threads"],
                    sampling=settings["sampling"],
                    target_error=settings["target_error"],
                    progress=advance,
                    checkpoint=checkpoint,
                    into=draws,
                )
            if draws:
                draws.finish(dataset.attrs)
            path = draws.path if draws else None
            saved = store.save(dataset, target, config=of_the_result(settings), log=_log(dataset), draws=path)
    with streams.kept(saved):
        report.show(dataset)
        page.say(str(saved))


def _kept(settings: dict[str, Any], one: Assumptions) -> dict[str, Any]:
    """With `keep=draws` that every draw of some quantities is asked for, and of which."""
    if settings["keep"] != "draws":
        return {}
    from simulate import every_draw

    names = every_draw.names(one, settings["kept"])
    every_draw.check_installed()
    return every_draw.asked(names)


@contextmanager
def _store(
    kept: dict[str, Any], settings: dict[str, Any], one: Assumptions, aim: Target, checkpoint: CheckpointFile
) -> Iterator[Store | None]:
    """A store for every draw that is kept, which lies with the checkpoint as long as the run is unfinished."""
    if not kept:
        yield None
        return
    from simulate import durable, every_draw, store, target

    saved, place = checkpoint.saved, checkpoint.path.parent / store.DRAWS
    needed = every_draw.bytes_needed(one, kept["kept"], settings["draws"])
    missing = needed * (saved.of - saved.done) // saved.of if saved else needed
    with durable.storing(aim.root, missing):
        target.check_space(aim.root, missing)
        checkpoint.first = durable.flush
        yield every_draw.Store(place, one, kept["kept"], settings["draws"], settings["sampling"], anew=not saved)


def of_the_result(settings: dict[str, Any]) -> dict[str, Any]:
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
