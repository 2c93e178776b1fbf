"""Where compiled code is kept: only where nobody else can write, and whole. That a change misses it is for
`test_sources`.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from simulate import code_cache, compiled, durable


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this program in a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = code_cache.folder("simulate.kernel")
    assert folder is not None
    assert folder.parent == tmp_path / "simulate"
    return folder


def worse(folder: Path, how: str) -> None:
    """What somebody else might have done to it."""
    match how:
        case "written by all":
            folder.chmod(0o777)
        case "written by the group":
            folder.chmod(0o770)
        case "its parent written by all":
            folder.parent.chmod(0o777)
        case "a link":
            folder.rename(folder.with_name("elsewhere"))
            folder.symlink_to(folder.with_name("elsewhere"))
        case "a file":
            folder.rmdir()
            folder.write_text("")
        case "of another user":
            if os.getuid() != 0:
                pytest.skip("only root can give a folder away")
            os.chown(folder, 4711, -1)


@pytest.mark.parametrize(
    "how",
    ["written by all", "written by the group", "its parent written by all", "a link", "a file", "of another user"],
)
def test_a_cache_that_others_can_write_is_not_used(how: str, cache: Path) -> None:
    worse(cache, how)
    assert code_cache.folder("simulate.kernel") is None


def test_without_a_cache_the_program_compiles_anew(cache: Path) -> None:
    cache.parent.chmod(0o777)

    def twice(x: float) -> float:
        return 2.0 * x

    assert compiled.entry(twice)(21.0) == 42.0
    assert list(cache.iterdir()) == []


def thrice(x: float) -> float:
    return 3.0 * x


def damaged(content: bytes, how: str) -> bytes:
    """What a power failure, or a disk, may leave of a file."""
    middle = len(content) // 2
    match how:
        case "empty":
            return b""
        case "cut short":
            return content[:middle]
        case "zeros at its end":
            return content[:middle] + bytes(len(content) - middle)
        case _:
            return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("how", ["empty", "cut short", "zeros at its end", "one bit"])
def test_damaged_code_is_compiled_anew(how: str, kind: str, cache: Path) -> None:
    first = compiled.entry(thrice)
    assert (first(2.0), sum(first.stats.cache_misses.values())) == (6.0, 1)
    again = compiled.entry(thrice)
    assert (again(2.0), sum(again.stats.cache_hits.values())) == (6.0, 1)
    (file,) = cache.parent.rglob(kind)
    file.write_bytes(damaged(file.read_bytes(), how))
    anew = compiled.entry(thrice)
    assert (anew(2.0), sum(anew.stats.cache_misses.values())) == (6.0, 1)
    last = compiled.entry(thrice)
    assert (last(2.0), sum(last.stats.cache_hits.values())) == (6.0, 1)


def test_a_full_disk_costs_the_code_and_not_the_run(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(durable, "write", full)
    assert compiled.entry(thrice)(2.0) == 6.0
    assert "compiled code could not be kept, the run goes on" in caplog.text
    assert not list(cache.parent.rglob("*.nb*"))
