"""Where a run keeps its checkpoint, so that the same words with `resume=true` go on with it.

It is a hidden folder beside the place of the run folder: `.NAME.progress`, or `.STEM.<random>.progress` for a run that
takes the next number. The folder is locked as long as its process lives; the system drops the lock when the process
ends, however it ends. A run that ends well removes it. Work that is kept under a name is like a result of that name:
it is gone on with, or given up by `overwrite=true`, and never in silence. With both words the work is gone on with, and
its result replaces an older one.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulate import checkpoint, durable, progress, provenance
from simulate.changes import differences
from simulate.checkpoint import CheckpointFile, Saved
from simulate.errors import IntegrityError, LockedError, Mistake, Mistakes, shown
from simulate.store import DRAWS
from simulate.target import Target

FILE, OWNER = "counts", "owner"
PLACE = re.compile(r"\.[A-Za-z0-9._-]+\.progress")
MOST_SHOWN, LONGEST_OWNER = 10, 200
PATIENCE = 1.0  # seconds: whoever looks for leftovers holds a lock for an instant


@contextmanager
def claim(target: Target, asked: Mapping[str, Any], resume: bool) -> Iterator[CheckpointFile]:
    """Own the place of a run's checkpoint until the run ends; with `resume` what is kept there is gone on with.

    `asked` is everything that decides the numbers. An exception that ends the run gets a note of what is kept. Raises
    Mistakes where other work is kept, LockedError where a living process owns the place, IntegrityError where what is
    kept is damaged, StorageError where the place cannot be made.
    """
    about = _about(asked)
    with durable.storing(target.root):
        _remove_empty(target.root)
        place, held, saved = (_named if target.name else _numbered)(target, about, resume)
    current = CheckpointFile(place / FILE, about, saved)
    try:
        if saved:
            progress.note(f"going on with the run that {place} keeps, {saved.share} of it done")
        yield current
    except BaseException as error:
        made_again = isinstance(error, Mistakes) and not (target.name and (target.root / target.name).exists())
        if current.path.exists() and not made_again:
            error.add_note(f"{current.share} of the work is kept in {place}")
        else:
            shutil.rmtree(place, ignore_errors=True)
        raise
    else:
        shutil.rmtree(place, ignore_errors=True)
        _forget(target, about)
    finally:
        os.close(held)


def forget(target: Target, asked: Mapping[str, Any]) -> None:
    """Remove what is kept of a run that is finished: its process died after the one and before the other."""
    with durable.storing(target.root):
        _forget(target, _about(asked))


def _about(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint must agree with: what is asked, and the program that counts."""
    said = {**asked, "program": provenance.source_hash()[:16], "versions": provenance.versions()}
    return dict(json.loads(json.dumps(said, default=str)))


def _named(target: Target, about: dict[str, Any], resume: bool) -> tuple[Path, int, Saved | None]:
    """The place of a run with a name of its own, locked, and what is kept there."""
    place = target.root / f".{target.name}.progress"
    where = f"output {target.root / str(target.name)}"
    held = _own(place)
    try:
        if target.overwrite and not resume:
            (place / FILE).unlink(missing_ok=True)
        saved = checkpoint.read(place / FILE)
        if saved and not resume:
            what = f"a run of this name is unfinished, {saved.share} of it done"
            way_out = "resume=true goes on with it, overwrite=true starts anew; or choose another name"
            raise Mistakes([Mistake(where, what, way_out)])
        if saved and saved.about != about:
            way_out = "ask for the same, choose another name, or give overwrite=true in place of resume=true"
            raise Mistakes(
                [
                    Mistake(
                        where, f"the unfinished run of this name was asked something else {_how(saved, about)}", way_out
                    )
                ]
            )
    except IntegrityError as error:
        os.close(held)
        raise IntegrityError(f"{error}; overwrite=true starts anew") from error
    except BaseException:
        os.close(held)
        raise
    return place, held, saved


def _numbered(target: Target, about: dict[str, Any], resume: bool) -> tuple[Path, int, Saved | None]:
    """A new place for a run that takes the next number, or with `resume` that of the one like it that got furthest."""
    found, damaged = _kept(target)
    like_it = sorted((place for place in found if found[place].about == about), key=lambda place: -found[place].done)
    for place in like_it if resume else ():
        held = durable.lock(place)
        if held is not None:
            _settle(place, held)
            try:
                return place, held, checkpoint.read(place / FILE)  # it may have got further since it was looked for
            except BaseException:
                os.close(held)
                raise
    if resume and like_it:
        raise LockedError(_occupied(like_it[0]))
    dead = [place for place in found if _dead(place)]
    if resume and dead:
        what = f"the unfinished run here was asked something else {_how(found[dead[0]], about)}"
        way_out = f"ask for the same, or leave resume=true out to start anew; {dead[0]} keeps the other"
        raise Mistakes([Mistake("resume", what, way_out)])
    if resume and damaged:
        raise IntegrityError(f"{damaged[0]}; without resume=true a new run starts")
    for place in like_it:
        if place in dead:
            progress.note(
                f"a run like this is unfinished, {found[place].share} of it done; resume=true goes on with it"
            )
            break
    place = target.root / f".{target.stem}.{secrets.token_hex(8)}.progress"
    return place, _own(place), None


def _how(saved: Saved, about: dict[str, Any]) -> str:
    changes = list(differences(saved.about, about))
    more = f" and {len(changes) - MOST_SHOWN} more" if len(changes) > MOST_SHOWN else ""
    return f"({'; '.join(changes[:MOST_SHOWN])}{more})"


def _kept(target: Target) -> tuple[dict[Path, Saved], list[IntegrityError]]:
    """What runs of this target have kept, and what is damaged of it."""
    found: dict[Path, Saved] = {}
    damaged: list[IntegrityError] = []
    for place in _places(target):
        try:
            saved = checkpoint.read(place / FILE)
        except IntegrityError as error:
            damaged.append(error)
        else:
            if saved:
                found[place] = saved
    return found, damaged


def _places(target: Target) -> list[Path]:
    inner = re.escape(target.name) if target.name else re.escape(target.stem) + r"\.[0-9a-f]{16}"
    return _named_like(target.root, re.compile(rf"\.{inner}\.progress"))


def _named_like(root: Path, pattern: re.Pattern[str]) -> list[Path]:
    return sorted(path for path in root.iterdir() if pattern.fullmatch(path.name) and not path.is_symlink())


def _forget(target: Target, about: dict[str, Any]) -> None:
    for place, saved in _kept(target)[0].items():
        if saved.about == about:
            _remove(place)


def _remove_empty(root: Path) -> None:
    """Remove the places of processes that died before their first checkpoint."""
    for place in _named_like(root, PLACE):
        if place.is_dir() and not (place / FILE).exists():
            _remove(place, only_empty=True)


def _remove(place: Path, only_empty: bool = False) -> None:
    """Remove a place, unless a living process owns it."""
    held = durable.lock(place)
    if held is not None:
        try:
            if not (only_empty and (place / FILE).exists()):
                shutil.rmtree(place, ignore_errors=True)
        finally:
            os.close(held)


def _dead(place: Path) -> bool:
    """Whether no living process owns a place."""
    held = durable.lock(place)
    if held is not None:
        os.close(held)
    return held is not None


def _own(place: Path) -> int:
    """Make a place, if it is not there, and lock it. Raises LockedError where a living process owns it."""
    until = time.monotonic() + PATIENCE
    while True:
        place.mkdir(exist_ok=True)
        held = durable.lock(place)
        if held is not None:
            _settle(place, held)
            return held
        if time.monotonic() > until:
            raise LockedError(_occupied(place))
        time.sleep(0.02)


def _settle(place: Path, held: int) -> None:
    """Remove what a dead process was just writing into a place, and say who owns it now."""
    try:
        for path in place.iterdir():
            if path.name not in (FILE, DRAWS):  # draws that the counts do not know of yet are written again
                path.unlink()
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        handle = os.open(place / OWNER, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"process {os.getpid()} on {socket.gethostname()}, since {now}")
    except BaseException:
        os.close(held)
        raise


def _occupied(place: Path) -> str:
    """What is said of a place that a living process owns."""
    try:
        owner = shown((place / OWNER).read_text("utf-8")[:LONGEST_OWNER]).strip("'")
    except (OSError, UnicodeDecodeError):
        owner = "another process"
    return f"{place}: {owner}, is at work on this run; wait for it, or choose another name"
