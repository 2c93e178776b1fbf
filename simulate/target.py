"""Where a run will be kept: names that are only names, places that can be written, nothing that is already taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from simulate import durable, run_keys, stored_json
from simulate.errors import IntegrityError, Mistake, Mistakes, StorageError, shown

ROOT = Path("outputs")
FIGURES_AND_TABLES = 4_000_000
"""Bytes of a run folder without kept draws, measured on sets of 10 to 60 inputs: 2 to 4 MB."""


class Target(NamedTuple):
    """Where a run will be kept: in `root`, as `name`, or as `stem`-1, -2, ... where no name is given."""

    root: Path
    name: str | None
    stem: str
    overwrite: bool
    question_hash: str
    made: tuple[Path, ...] = ()  # folders that did not exist before, the innermost first


def of(
    name: str, question_hash: str, output: str | None = None, *, root: str | Path = ROOT, overwrite: bool = False
) -> Target:
    """The target of a run, unchecked. `question_hash` tells what is asked from what else could be."""
    root = Path(root)
    with durable.storing(root):
        made = tuple(folder for folder in (root, *root.parents) if not folder.exists())
    short = re.sub("[^0-9a-z]", "", question_hash.lower())[:8] or "0"
    return Target(root, output, f"{_stem(name)}-{short}", overwrite, question_hash, made)


def prepare(
    name: str,
    question_hash: str,
    output: str | None = None,
    *,
    root: str | Path = ROOT,
    overwrite: bool = False,
    needed: int = FIGURES_AND_TABLES,
) -> Target:
    """The target of a run, checked. Raises as `check` does."""
    target = of(name, question_hash, output, root=root, overwrite=overwrite)
    check(target, needed)
    return target


def check(target: Target, needed: int = FIGURES_AND_TABLES) -> None:
    """Check before a run that its result can be stored, and sweep what dead runs left. Makes the root.

    `needed` is the expected size in bytes. Raises Mistakes for a bad or taken name, StorageError for an unusable place;
    nothing that was made then stays behind.
    """
    root = target.root
    if root.is_symlink():
        resolved = shown(str(root.resolve()))
        raise Mistakes(
            [Mistake(f"output folder {root}", f"is a symbolic link to {resolved}", "name that folder itself")]
        )
    if target.name is not None:
        _check_name(target.name)
        check_free(target)
    with given_up(target), durable.storing(root, needed):
        with durable.temporary_folder(root):
            durable.sweep(root)
        check_space(root, needed)


@contextmanager
def given_up(target: Target) -> Iterator[None]:
    """Whatever is raised within, the folders that were made for the target are gone again, but for those in use."""
    try:
        yield
    except BaseException:
        for folder in target.made:
            with suppress(OSError):  # not empty
                folder.rmdir()
        raise


def _check_name(name: str) -> None:
    try:
        run_keys.folder_name(name)
    except run_keys.Refusal as refusal:
        raise Mistakes([Mistake("output", f"{shown(name)} {refusal.what}", refusal.way_out)]) from None


def check_free(target: Target) -> None:
    """Refuse a name that is taken; with overwrite, one that is taken by anything but a run folder."""
    place = target.root / str(target.name)
    if place.is_symlink():
        raise Mistakes([Mistake(f"output {place}", "is a symbolic link", "remove it or choose another name")])
    if not place.exists():
        return
    if not target.overwrite:
        raise Mistakes([taken(place)])
    if not (place / "manifest.json").is_file():
        raise Mistakes(
            [Mistake(f"output {place}", "is not a run folder, and is not overwritten", "choose another name")]
        )


def taken(place: Path) -> Mistake:
    """Return the mistake of naming a place that exists, with the time its run was finished."""
    try:
        manifest = place / "manifest.json"
        finished = f" (finished {str(stored_json.parse(manifest.read_bytes(), manifest)['finished'])[:25]})"
    except (OSError, IntegrityError, KeyError, TypeError):
        finished = ""
    return Mistake(f"output {place}", f"exists{finished}", "choose another name, or give overwrite=true")


def numbers(target: Target) -> list[int]:
    """The numbers that runs without a name of their own have taken, the last one first."""
    pattern = re.compile(re.escape(target.stem) + r"-(\d{1,9})")
    there = target.root.iterdir() if target.root.is_dir() else ()
    return sorted((int(found[1]) for p in there if (found := pattern.fullmatch(p.name))), reverse=True)


def check_space(root: Path, needed: int) -> None:
    """Raise StorageError where the disk has no room for the needed bytes."""
    room = durable.free(root)
    if room < needed:
        raise StorageError(f"{root}: not enough space; needs about {needed:,} bytes, {room:,} bytes are free")


def _stem(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:50].strip(".-") or "run"
