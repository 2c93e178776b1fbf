"""Has this been asked before? The result of a finished run that was asked the same, so that it need not run again."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulate import store, stored_json
from simulate.changes import differences
from simulate.errors import IntegrityError, Mistakes
from simulate.run_keys import RANDOM
from simulate.target import Target, numbers


def earlier(aim: Target, asked: dict[str, Any]) -> tuple[Path, Any] | None:
    """The folder and result of a finished run that was asked the same, if there is one.

    Raises IntegrityError where the name that was given holds something else.
    """
    if aim.name is not None:
        folder = aim.root / aim.name
        return (folder, _same(folder, asked)) if folder.exists() else None
    for number in numbers(aim):
        folder = aim.root / f"{aim.stem}-{number}"
        with suppress(IntegrityError, Mistakes):
            return folder, _same(folder, asked)
    return None


def _same(folder: Path, asked: dict[str, Any]) -> Any:
    """The result in a folder, if it answers what is asked."""
    dataset = store.load(folder)
    try:
        stored = _asked(dataset.attrs, folder, "question" in asked)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise stored_json.damaged(folder, error) from error
    if "keep" in asked:  # a result with draws answers one who does not ask for them too
        from simulate import every_draw

        stored |= every_draw.told(folder / store.DRAWS)
    wanted = json.loads(json.dumps(asked, default=str))
    changes = list(differences(stored, wanted))
    if changes:
        more = f" and {len(changes) - 10} more" if len(changes) > 10 else ""
        way_out = "choose another name, or give overwrite=true"
        raise IntegrityError(
            f"{folder} holds the result of other settings ({'; '.join(changes[:10])}{more}); {way_out}"
        )
    return dataset


def _asked(attrs: dict[str, Any], folder: Path, by_question: bool) -> dict[str, Any]:
    """What a result was asked: the hash of its question, or all that the result of one set was asked."""
    found = {"draws": int(attrs["draws"]), "seed": int(attrs["seed"]), "study": attrs.get("study", "forecast")}
    if by_question:
        manifest = folder / "manifest.json"
        return found | {"question": stored_json.parse(manifest.read_bytes(), manifest).get("question_hash")}
    found |= stored_json.parse(attrs.get("assumptions", "{}"), folder)
    said = attrs.get("asked", f'{{"sampling": "{RANDOM}"}}')  # a result that does not say knew no other
    found |= stored_json.parse(said, folder)
    if "grid" in attrs:
        found |= {"grid": stored_json.parse(attrs["grid"], folder), "grid_by": attrs["grid_by"]}
    return found
