"""Standard output and standard error, either of which can be closed, full, or without a reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from simulate.errors import StorageError

PIPE_CLOSED = 141
"""Exit code where the reader of standard output has gone."""


class Unwritable(StorageError):
    """Standard output takes no more: its disk is full, or it was closed before the program began."""


def write(text: str, file: TextIO | None) -> None:
    """Write text to a stream at once; None is one that was closed.

    Raises Unwritable where it cannot, BrokenPipeError where its reader has gone.
    """
    if file is None:
        raise Unwritable("standard output: is closed")
    try:
        file.write(text)
        file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unwritable(f"standard output: {error.strerror or error}") from error


def complain(text: str) -> None:
    """Write a line to standard error, where that is possible; there is no third place to say that it is not."""
    file = sys.stderr
    if file is None:
        return
    encoding = file.encoding or "utf-8"
    try:
        file.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        file.flush()
    except OSError:
        silence(file)


def silence(file: TextIO | None) -> None:
    """Lead a stream that takes no more to nowhere, so that the end of the interpreter has nothing to fail at."""
    if file is None:
        return
    with suppress(OSError, ValueError):  # a stream in memory has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, file.fileno())
        finally:
            os.close(nowhere)


@contextmanager
def kept(folder: Path) -> Iterator[None]:
    """While the answer is told: where it cannot be, the error says that its result is there."""
    try:
        yield
    except Unwritable as error:
        raise Unwritable(f"{error}; the result is kept in {folder}") from error


def hold_places() -> None:
    """Fill the places of streams that were closed: else a file of a result could take their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
