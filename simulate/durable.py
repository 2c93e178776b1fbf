"""Files and folders that are there complete, or not at all.

A file system may lose or tear whatever is not yet on the disk, so the order is always: write under a temporary name in
the same parent, fsync the content, rename, fsync the parent. A reader then meets the old state or the new one, never a
third.

A temporary folder is locked (flock on the folder itself) as long as its maker lives; the system drops the lock when the
process ends, however it ends. So a sweeper can tell leftovers of the dead from the work of the living.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simulate.errors import StorageError, shown

_TEMPORARY = re.compile(r"\.tmp-[0-9a-f]{16}")
_SET_ASIDE = re.compile(r"\.old-[0-9a-f]{16}-(?P<name>[A-Za-z0-9._-]{1,80})")
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_HERE = -100  # AT_FDCWD
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR)
"""What a rename of a folder answers where something already has the name (an empty folder apart)."""


@contextmanager
def storing(path: Path, needed: int = 0) -> Iterator[None]:
    """Turn what the system says into a StorageError that names path, reason, needed and free bytes."""
    try:
        yield
    except OSError as error:
        where = shown(str(error.filename or path)).strip("'")
        room = f"; needs about {needed:,} bytes, {free(path):,} bytes are free" if needed else ""
        raise StorageError(f"{where}: {error.strerror or error}{room}") from error


def free(path: Path) -> int:
    """Return the free bytes of the disk that holds `path`, or its nearest parent that exists."""
    for place in (path, *path.parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return 0


def write(path: Path, content: bytes) -> str:
    """Write a new file to the disk and return the SHA-256 of its content. Raises OSError, also where it exists."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    return hashlib.sha256(content).hexdigest()


def sync(path: Path) -> None:
    """Bring a file that somebody else wrote, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, content: bytes) -> Path:
    """Write a file under its name at once, in place of an older one; makes its folder. Raises StorageError."""
    with storing(path, len(content)):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".tmp-{secrets.token_hex(8)}"
        try:
            write(temporary, content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync(path.parent)
    return path


@contextmanager
def temporary_folder(parent: Path, mode: int = 0o777) -> Iterator[Path]:
    """Yield a new locked folder in `parent`; what has its name at the end (nothing, if renamed) is removed.

    Makes `parent` in the same breath: another run may just have given it up, empty.
    """
    while True:
        folder = parent / f".tmp-{secrets.token_hex(8)}"
        folder.mkdir(mode=mode, parents=True)
        held = lock(folder)
        if held is not None:  # else a sweeper took it for a leftover before the lock stood: once more
            break
    try:
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def move(folder: Path, target: Path) -> None:
    """Put a folder of very many files, all of them on the disk, where `target` says. Raises OSError."""
    flush()
    folder.rename(target)


def flush() -> None:
    """Put on the disk all that was written: one for all, since a sync of each of very many files would take minutes."""
    os.sync()


def publish(folder: Path, target: Path) -> bool:
    """Give a finished folder its name, for good; False where another has that name. Raises OSError."""
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise
    sync(target.parent)
    return True


def exchange(folder: Path, target: Path) -> None:
    """Let the finished `folder` and the older `target` change names in one step, so that one of them is always there.

    Where the system has no such step, the older one is set aside first, and `sweep` brings it back if this process dies
    in between. Raises OSError; the older folder then has its name still, or again.
    """
    try:
        _swap(folder, target)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise
        _set_aside(folder, target)
    sync(target.parent)


def sweep(parent: Path) -> int:
    """Remove what dead processes left in `parent`, bring back what they had set aside; return how many were found."""
    found = 0
    for path in sorted(parent.iterdir()):
        aside = _SET_ASIDE.fullmatch(path.name)
        if not (aside or _TEMPORARY.fullmatch(path.name)) or path.is_symlink() or not path.is_dir():
            continue
        held = lock(path)
        if held is None:
            continue
        try:
            if aside and publish(path, parent / aside["name"]):
                continue
            shutil.rmtree(path, ignore_errors=True)
            found += 1
        finally:
            os.close(held)
    return found


def lock(folder: Path) -> int | None:
    """Return a handle that holds the lock of a folder, or None where another has it or the folder is gone."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_ino == folder.stat().st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _swap(folder: Path, target: Path) -> None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError) as error:
        raise OSError(errno.ENOSYS, "no renameat2") from error
    if call(_HERE, os.fsencode(folder), _HERE, os.fsencode(target), _EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def _set_aside(folder: Path, target: Path) -> None:
    aside = target.parent / f".old-{secrets.token_hex(8)}-{target.name}"
    held = lock(target)
    try:
        target.rename(aside)
        try:
            folder.rename(target)
        except OSError:
            aside.rename(target)
            raise
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        if held is not None:
            os.close(held)
