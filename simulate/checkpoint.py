"""What an unfinished run has counted so far, in one file.

The file says in JSON what is counted and how far it is, holds the arrays without their names, and ends with the SHA-256
of all that. It is replaced as a whole (`durable`), so whatever ends the process leaves the last one or the one before.
Which arrays these are, and in which order, is a matter of the program; a file of another program is refused by what it
says, before its arrays are looked at.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from simulate import durable
from simulate.errors import IntegrityError, StorageError

MAGIC = b"simulate checkpoint 2\n"
EVERY = 5.0
"""Seconds of work between two checkpoints; work that takes less is done again rather than kept."""
SHARE = 0.02
"""Of the time at most this much goes into checkpoints, however long one takes."""
WHOLE = 64
"""Bytes of a Python integer in the file. Weights times squares of draws far outside a histogram sum up to 2^450."""
LONGEST_TEXT = 1 << 24
HASH = hashlib.sha256().digest_size


class Saved(NamedTuple):
    """What a file holds: what is counted, how much of it is done, in how many seconds, in which frame, the arrays."""

    about: dict[str, Any]
    done: int
    of: int
    seconds: float
    frame: str
    packed: bytes

    @property
    def share(self) -> str:
        """How much is done, as a person would say it."""
        return f"{100.0 * self.done / self.of:.3g} %"


class Checkpoint(Protocol):
    """Where an engine leaves what it has counted: a file, or one of several steps in it (`steps`)."""

    seconds: float

    def restore(self, of: int, arrays: Sequence[np.ndarray], frame: str = "") -> int:
        """Fill in what was saved; gives how much of the whole was done."""

    def due(self) -> bool:
        """Whether it is time to save."""

    def worthwhile(self) -> bool:
        """Whether what is done should outlive the process."""

    def save(self, done: int, of: int, arrays: Sequence[np.ndarray], frame: str = "") -> None:
        """Write down what is counted."""


class CheckpointFile:
    """The file of one run, which this process alone writes; `saved` is what an earlier process left there."""

    def __init__(self, path: Path, about: Mapping[str, Any], saved: Saved | None = None) -> None:
        self.path, self.about, self.saved = path, dict(about), saved
        self.seconds = saved.seconds if saved else 0.0  # of work in earlier processes
        self.share = saved.share if saved else ""  # of the work that the file holds
        self.first: Callable[[], None] = lambda: None  # what must be done before the file may say how far the run is
        self.started = time.monotonic()
        self.next = self.started + EVERY

    def restore(self, of: int, arrays: Sequence[np.ndarray], frame: str = "") -> int:
        """Put what was saved into `arrays`; gives how much of the whole was done then.

        That is 0 where nothing was saved, or where a run of another number of draws was: a run may repeat itself with
        more of them.
        `frame` says what the counts mean beyond the settings: where histograms lie. Raises IntegrityError for another.
        """
        if self.saved is None or self.saved.of != of:
            return 0
        needed = sum(map(size, arrays))
        raw = expanded(self.saved.packed, needed + 1, self.path)
        if frame != self.saved.frame or len(raw) != needed:
            raise IntegrityError(unfit(self.path))
        fill(arrays, raw)
        return self.saved.done

    def due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() >= self.next

    def worthwhile(self) -> bool:
        """Whether what is done should outlive the process."""
        return self.path.exists() or time.monotonic() - self.started >= EVERY

    def save(self, done: int, of: int, arrays: Sequence[np.ndarray], frame: str = "") -> None:
        """Replace the file; where that fails the older one stays, a warning is logged, and the run may go on.

        What an earlier process has saved of a larger whole is worth more, and stays too.
        """
        if self.saved and of < self.saved.of:
            return
        before = time.monotonic()
        seconds = self.seconds + before - self.started
        try:
            self.first()
            packed = zlib.compress(b"".join(map(_pack, arrays)), 1)
            saved = Saved(self.about, done, of, seconds, frame, packed)
            write(self.path, saved)
            self.share = saved.share
        except StorageError as error:
            logging.getLogger(__name__).warning("progress could not be kept, the run goes on: %s", error)
        now = time.monotonic()
        self.next = now + max(EVERY, (now - before) / SHARE)


def write(path: Path, saved: Saved) -> None:
    """Write the file in place of an older one. Raises StorageError."""
    text = zlib.compress(json.dumps(saved._asdict() | {"packed": len(saved.packed)}).encode(), 6)
    content = b"".join([MAGIC, len(text).to_bytes(8, "little"), text, saved.packed])
    durable.replace(path, content + hashlib.sha256(content).digest())


def read(path: Path) -> Saved | None:
    """What a file holds, None where there is none. Raises IntegrityError where it is not what was written."""
    content = _content(path)
    if content is None:
        return None
    body = content[:-HASH]
    if hashlib.sha256(body).digest() != content[-HASH:]:
        raise IntegrityError(f"{path}: damaged since it was written; the run cannot go on from it")
    start = len(MAGIC) + 8
    try:
        if not body.startswith(MAGIC):
            raise ValueError("another format")
        end = start + int.from_bytes(body[len(MAGIC) : start], "little")
        said = json.loads(expanded(body[start:end], LONGEST_TEXT, path))
        found = Saved(**said | {"packed": body[end:]})
        if said["packed"] != len(found.packed):
            raise ValueError("another length")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise IntegrityError(f"{path}: no checkpoint that this version of the program can read ({error})") from error
    return found


def _content(path: Path) -> bytes | None:
    """The bytes of a regular file; follows no link and waits for no pipe."""
    with durable.storing(path):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise IntegrityError(f"{path}: is not a regular file")
            return file.read()


def size(array: np.ndarray) -> int:
    """Bytes of an array in the file."""
    return WHOLE * array.size if array.dtype == object else array.nbytes


def _pack(array: np.ndarray) -> bytes:
    if array.dtype == object:
        return b"".join(int(value).to_bytes(WHOLE, "little", signed=True) for value in array.flat)
    return array.tobytes()


def fill(arrays: Sequence[np.ndarray], raw: bytes) -> None:
    """Put the bytes of some arrays, one after the other, into them."""
    start = 0
    for array in arrays:
        _unpack(raw[start : start + size(array)], array)
        start += size(array)


def _unpack(raw: bytes, array: np.ndarray) -> None:
    if array.dtype == object:
        values = [int.from_bytes(raw[i : i + WHOLE], "little", signed=True) for i in range(0, len(raw), WHOLE)]
        array[...] = np.array(values, dtype=object).reshape(array.shape)
    else:
        array[...] = np.frombuffer(raw, array.dtype).reshape(array.shape)


def expanded(packed: bytes, most: int, path: Path, expander: Any = None) -> bytes:
    """At most so many of the bytes before compression, so that no file can fill the memory; with an `expander` of an
    earlier call those that follow.
    """
    try:
        return bytes((expander or zlib.decompressobj()).decompress(packed, most)) if most else b""
    except zlib.error as error:
        raise IntegrityError(f"{path}: cannot be expanded ({error})") from error


def unfit(path: Path) -> str:
    """What is wrong with counts that are another run's."""
    return f"{path}: these counts do not fit this run; a machine that computes other numbers began it"
