"""The file of an unfinished run: what was written, or refused; the one before or the one after, never a third."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulate import checkpoint
from simulate.checkpoint import CheckpointFile, Saved
from simulate.errors import IntegrityError, StorageError

ABOUT = {"draws": 1000, "seed": 1, "inputs": {"text": "ü"}}
LARGE = [0, 1, -1, 2**63, -(2**63) - 1, 2**450, -(2**450), 12345]


def arrays(seed: int = 1) -> list[np.ndarray]:
    """Counts as a run has them: many zeros, small and large numbers, nothing at all."""
    rng = np.random.default_rng(seed)
    bins = np.zeros((3, 2, 2048), np.int64)
    bins[:, :, 1000:1040] = rng.integers(0, 2**40, (3, 2, 40))
    values = [rng.normal(size=(2, 3, 4)).astype(np.float32), np.array([[np.inf, -np.inf], [np.nan, 0.5]])]
    large = np.array(LARGE, object).reshape(2, 4) + seed
    return [bins, large, np.zeros((0, 5), np.int64), np.zeros(0, object), *values]


def blank() -> list[np.ndarray]:
    return [np.zeros_like(array) for array in arrays()]


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """Whether arrays are the same to the bit, and whole numbers of any size are Python's."""

    def bits(array: np.ndarray) -> object:
        return array.tolist() if array.dtype == object else array.tobytes()

    return [bits(array) for array in one] == [bits(array) for array in other]


def saved(path: Path, seed: int = 1, done: int = 500, frame: str = "here") -> Path:
    CheckpointFile(path, ABOUT).save(done, 1000, arrays(seed), frame)
    return path


def small(path: Path, seed: int = 1) -> Path:
    """A file of which every byte can be tried."""
    CheckpointFile(path, ABOUT).save(500, 1000, arrays(seed)[1:2])
    assert 200 < path.stat().st_size < 600
    return path


def test_what_is_restored_is_what_was_saved(tmp_path: Path) -> None:
    path = saved(tmp_path / "counts")
    found = checkpoint.read(path)
    assert found is not None
    assert (found.about, found.done, found.of, found.share) == (ABOUT, 500, 1000, "50 %")
    restored = blank()
    assert CheckpointFile(path, ABOUT, found).restore(1000, restored, "here") == 500
    assert same(restored, arrays())
    assert all(type(value) is int for value in restored[1].flat)
    assert [p.name for p in tmp_path.iterdir()] == ["counts"]
    assert path.stat().st_size < 3000 < sum(array.nbytes for array in arrays()) / 30


def test_what_was_saved_of_a_larger_whole_waits_for_it(tmp_path: Path) -> None:
    """A run with a target error repeats itself with more and more draws."""
    path = saved(tmp_path / "counts")
    current, untouched = CheckpointFile(path, ABOUT, checkpoint.read(path)), blank()
    assert current.restore(100, untouched, "here") == 0
    assert same(untouched, blank())
    current.save(50, 100, arrays(2), "here")
    assert checkpoint.read(path) == current.saved
    current.save(600, 1000, arrays(2), "here")
    found = checkpoint.read(path)
    assert found is not None
    assert found.done == 600


def test_nothing_saved_is_nothing_done(tmp_path: Path) -> None:
    assert checkpoint.read(tmp_path / "counts") is None
    untouched = blank()
    assert CheckpointFile(tmp_path / "counts", ABOUT).restore(1000, untouched) == 0
    assert same(untouched, blank())


def test_a_number_too_large_for_its_place_is_not_cut(tmp_path: Path) -> None:
    with pytest.raises(OverflowError):
        CheckpointFile(tmp_path / "counts", ABOUT).save(1, 2, [np.array([2**511], object)])


def test_counts_in_another_frame_or_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "counts")
    found = checkpoint.read(path)
    larger = [*blank(), np.zeros(1)]
    for into, frame in ((blank(), "elsewhere"), (blank()[1:], "here"), (larger, "here")):
        with pytest.raises(IntegrityError, match="do not fit"):
            CheckpointFile(path, ABOUT, found).restore(1000, into, frame)


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    path = small(tmp_path / "counts")
    content = path.read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="damaged"):
            checkpoint.read(path)


def test_every_shorter_and_longer_file_is_found(tmp_path: Path) -> None:
    path = small(tmp_path / "counts")
    content = path.read_bytes()
    other = small(tmp_path / "other", seed=2).read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(IntegrityError, match="damaged"):
            checkpoint.read(path)
    for damaged in (content + b"\0", content + content, content[:-32] + other[-32:], other[:-32] + content[-32:]):
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="damaged"):
            checkpoint.read(path)


def test_a_file_that_was_made_up_cannot_fill_the_memory_or_lead_elsewhere(tmp_path: Path) -> None:
    path = saved(tmp_path / "counts")

    def made_up(body: bytes) -> None:
        path.write_bytes(body + hashlib.sha256(body).digest())

    text = b'{"about": {}, "done": 1, "of": 1, "seconds": 0, "frame": "", "packed": 0}'
    for body in (b"", b"hello", b"simulate checkpoint 2\n", checkpoint.MAGIC, checkpoint.MAGIC + b"\xff" * 8 + text):
        made_up(body)
        with pytest.raises(IntegrityError):
            checkpoint.read(path)
    import zlib

    bomb = zlib.compress(bytes(2**26), 9)
    checkpoint.write(path, Saved(ABOUT, 1, 2, 0.0, "", bomb))
    with pytest.raises(IntegrityError, match="do not fit"):
        CheckpointFile(path, ABOUT, checkpoint.read(path)).restore(2, [np.zeros(8)])
    checkpoint.write(path, Saved(ABOUT, 1, 2, 0.0, "", b"no zlib"))
    with pytest.raises(IntegrityError, match="cannot be expanded"):
        CheckpointFile(path, ABOUT, checkpoint.read(path)).restore(2, [np.zeros(8)])
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="symbolic link"):
        checkpoint.read(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(IntegrityError, match="not a regular file"):
        checkpoint.read(path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_failure_at_the_nth_operation_leaves_the_one_before_or_the_one_after(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = saved(tmp_path / "counts", seed=1, done=100)
    for n in range(1, 50):
        current = CheckpointFile(path, ABOUT, checkpoint.read(path))
        before = current.saved
        caplog.clear()
        with monkeypatch.context() as patch:
            calls = fail_at(patch, n, number)
            current.save(100 + n, 1000, arrays(n), "here")
        found = checkpoint.read(path)
        assert found is not None
        assert found == before or found.done == 100 + n
        restored = blank()
        CheckpointFile(path, ABOUT, found).restore(1000, restored, "here")
        assert same(restored, arrays(found.done - 100 if found.done > 100 else 1))
        if len(calls) < n:
            assert found.done == 100 + n
            assert not caplog.records
            break
        assert all(os.strerror(number) in record.message for record in caplog.records)
        assert caplog.records or found.done == 100 + n
        for left in tmp_path.glob(".tmp-*"):  # where its removal was what failed
            left.unlink()
    assert 5 < n < 20


def fail_at(patch: pytest.MonkeyPatch, n: int, number: int) -> list[Any]:
    """Make the n-th call of any of the system's writing functions fail; return the list of calls."""
    calls: list[Any] = []

    def failing(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            calls.append(function)
            if len(calls) == n:
                raise OSError(number, os.strerror(number))
            return function(*args, **options)

        return call

    for name in ("fsync", "rename", "open", "write", "mkdir", "replace", "unlink"):
        patch.setattr(os, name, failing(getattr(os, name)))
    return calls


def test_data_are_on_the_disk_before_they_have_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "counts")
    log: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(handle: int) -> None:
        log.append(("sync", str(Path(f"/proc/self/fd/{handle}").readlink())))
        fsync(handle)

    def watched_replace(source: Path, target: Path, **options: Any) -> None:
        log.append(("name", str(source)))
        replace(source, target, **options)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    saved(path, seed=2)
    (_, written), (_, named), (_, folder) = log
    assert [what for what, _ in log] == ["sync", "name", "sync"]
    assert (written, folder) == (named, str(tmp_path))


def test_short_runs_are_not_kept_and_long_ones_spend_little_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    current = CheckpointFile(tmp_path / "counts", ABOUT)
    now[0] += 4.9
    assert (current.due(), current.worthwhile()) == (False, False)
    now[0] += 0.2
    assert (current.due(), current.worthwhile()) == (True, True)
    write = checkpoint.write
    monkeypatch.setattr(checkpoint, "write", lambda *parts: (write(*parts), now.__setitem__(0, now[0] + 2.0)))
    current.save(1, 2, arrays())
    now[0] += 99.0  # 2 seconds of saving: a hundred of work
    assert (current.due(), current.worthwhile()) == (False, True)
    now[0] += 2.0
    assert current.due()
    found = checkpoint.read(tmp_path / "counts")
    assert found is not None
    assert found.seconds == pytest.approx(5.1)
    later = CheckpointFile(tmp_path / "counts", ABOUT, found)
    now[0] += 1.0
    later.save(2, 2, arrays())
    again = checkpoint.read(tmp_path / "counts")
    assert again is not None
    assert again.seconds == pytest.approx(6.1)  # of both processes
