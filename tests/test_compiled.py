"""Where compiled code is kept: only where nobody else can write, and never found by another program."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulate import compiled


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this program in a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = compiled._cache_folder()
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
    assert compiled._cache_folder() is None


def test_without_a_cache_the_program_compiles_anew(cache: Path) -> None:
    cache.chmod(0o777)

    def twice(x: float) -> float:
        return 2.0 * x

    assert compiled.entry(twice)(21.0) == 42.0
    assert list(cache.iterdir()) == []


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the sources, which are hashed anew."""
    package = tmp_path / "package"
    shutil.copytree(compiled.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "conf"))
    monkeypatch.setattr(compiled, "PACKAGE", package)
    compiled.source_hash.cache_clear()
    yield package
    compiled.source_hash.cache_clear()


def test_a_change_anywhere_misses_the_cache(copy: Path) -> None:
    """A constant in a module that the compiled function only reads, a file more, a file less."""
    seen = {compiled.source_hash()}
    for number, change in enumerate(("edited", "added", "removed"), 2):
        file = copy / "drivers" / "data.py" if change == "edited" else copy / "added.py"
        if change == "removed":
            (copy / "naming.py").unlink()
        else:
            file.write_text((file.read_text("utf-8") if file.exists() else "") + "\nMORE = 1\n", "utf-8")
        compiled.source_hash.cache_clear()
        seen.add(compiled.source_hash())
        assert len(seen) == number
