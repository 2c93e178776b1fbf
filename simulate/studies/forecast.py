"""The forecast of one set: check, simulate, keep the result in a folder of its own, and say the answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulate.errors import IntegrityError

OF_THE_COMMAND = ("config_dir", "folder", "keep", "output", "overwrite", "resume", "show", "study", "threads")
"""Settings that say what to do with a result and change nothing in it."""


def run(settings: dict[str, Any], where: Callable[[str], str]) -> None:
    """Simulate and write the run folder; its path is the last line of standard output.

    Raises Mistakes before anything is written, StorageError where the result cannot be kept, and IntegrityError where
    `resume=true` names a folder that holds the result of other settings.
    """
    from simulate import assumptions

    table = assumptions.build(settings, where)  # before the imports of a run: bad input is answered at once
    from simulate import forecast, report, store

    root, name = _place(settings)
    if settings["resume"] and name is not None and (root / name).exists():
        report.show(_finished(root / name, table.config_hash, settings))
        sys.stdout.write(f"{root / name}\n")
        return
    target = store.prepare(settings["name"], table.config_hash, name, root=root, overwrite=settings["overwrite"])
    with report.progress(settings["name"], settings["draws"]) as advance:
        dataset = forecast.run(
            table,
            draws=settings["draws"],
            seed=settings["seed"],
            threads=settings["threads"],
            keep=settings["keep"],
            progress=advance,
        )
    folder = store.save(dataset, target, config={k: v for k, v in settings.items() if k not in OF_THE_COMMAND})
    report.show(dataset)
    sys.stdout.write(f"{folder}\n")


def _place(settings: dict[str, Any]) -> tuple[Path, str | None]:
    """The folder of all runs and the name of this one's, which `hydra.run.dir` gives as one path."""
    from simulate import store

    if settings["folder"] is None:
        return store.ROOT, settings["output"]
    path = Path(settings["folder"])
    return path.parent, path.name


def _finished(folder: Path, config_hash: str, settings: dict[str, Any]) -> Any:
    """The result that a finished run left in `folder`, if it is the one that these settings ask for."""
    from simulate import store

    dataset = store.load(folder)
    asked = {"config_hash": config_hash, "draws": settings["draws"], "seed": settings["seed"]}
    differing = [
        f"{key} {dataset.attrs.get(key)} -> {value}"
        for key, value in asked.items()
        if str(dataset.attrs.get(key)) != str(value)
    ]
    if differing:
        way_out = "choose another name, or give overwrite=true"
        raise IntegrityError(f"{folder} holds the result of other settings ({'; '.join(differing)}); {way_out}")
    return dataset
