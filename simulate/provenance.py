"""Where a result comes from: what was assumed, how it was drawn, and which program computed it, as attributes.

Every result carries them, of one set or of several; a study adds what it alone was asked. Attributes of several lines
are JSON, since a netCDF file knows no lists.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from simulate import instants
from simulate.config import Run
from simulate.sources import source_hash

if TYPE_CHECKING:
    from simulate.assumptions import Assumptions

STATEMENT = "A projection conditional on these assumptions"
#: Keys that say what to do with the numbers or what to hold them against, not what they are.
RUN_KEYS = (*(field.name for field in fields(Run)), "folder", "changes", "published")
#: Those of them that decide how the numbers are drawn.
DRAWING = ("draws", "seed", "sampling", "target_error")


def of_set(
    study: str, one: Assumptions, draws: int, seed: int, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Attributes of a result of one set; `settings` are those it was asked for, where it was built from others."""
    stated = one.settings if settings is None else settings
    return {
        "study": study,
        "name": one.name,
        "title": one.title,
        "assumptions": canonical(stated),
        "config_hash": config_hash(stated),
        "start": one.start,
        "horizon": float(one.years[-1]),
        "step": instants.step(one.years),
        "changes": json.dumps(stated.get("changes", [])),
        "pinned": json.dumps(one.pinned),
        "notes": json.dumps([*one.notes, *_unread(one.unused)]),
        **_of_program(draws, seed),
    }


def of_sets(study: str, title: str, sets: Sequence[Assumptions], draws: int, seed: int) -> dict[str, Any]:
    """Attributes of a result of several sets."""
    return {
        "study": study,
        "name": study,
        "title": title,
        "sets": json.dumps([one.name for one in sets]),
        "assumptions": json.dumps({one.name: canonical(one.settings) for one in sets}),
        "config_hashes": json.dumps(config_hashes(sets)),
        "start": min(one.start for one in sets),
        "horizon": max(float(one.years[-1]) for one in sets),
        **_of_program(draws, seed),
    }


def _of_program(draws: int, seed: int) -> dict[str, Any]:
    return {
        "statement": STATEMENT,
        "draws": int(draws),
        "seed": str(seed),
        "versions": json.dumps(versions()),
        "source_hash": source_hash(),
    }


def _unread(names: tuple[str, ...]) -> list[str]:
    return [f"not read by the chosen laws and limits: {', '.join(names)}"] if names else []


def canonical(settings: Mapping[str, Any]) -> str:
    """The settings of the set, its texts included, as JSON in one fixed order."""
    return _in_order({key: value for key, value in settings.items() if key not in RUN_KEYS})


def config_hash(settings: Mapping[str, Any]) -> str:
    """Hash of all settings of the set, draws and seed aside: a result carries the texts of its set too, so another note
    is another result.
    """
    return hashlib.sha256(canonical(settings).encode()).hexdigest()


def config_hashes(sets: Sequence[Assumptions]) -> dict[str, str]:
    """That hash for each of several sets."""
    return {one.name: config_hash(one.settings) for one in sets}


def question_hash(*asked: Any) -> str:
    """Hash of everything that a study is asked, draws and seed aside: two questions are never taken for one."""
    return hashlib.sha256(_in_order(asked).encode()).hexdigest()


def _in_order(data: Any) -> str:
    return json.dumps(data, sort_keys=True, default=str)


def versions() -> dict[str, str]:
    """Versions of what the result was computed with."""
    from importlib.metadata import version

    found = {
        name: version(name) for name in ("numpy", "numba", "xarray", "scipy", "hydra-core", "netCDF4", "matplotlib")
    }
    return {"python": platform.python_version(), **found}
