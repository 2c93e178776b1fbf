"""Where compiled code is kept: only where nobody else can write. That a change misses it is for `test_sources`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulate import compiled


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this program in a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = compiled._cache_folder("simulate.kernel")
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
    assert compiled._cache_folder("simulate.kernel") is None


def test_without_a_cache_the_program_compiles_anew(cache: Path) -> None:
    cache.parent.chmod(0o777)

    def twice(x: float) -> float:
        return 2.0 * x

    assert compiled.entry(twice)(21.0) == 42.0
    assert list(cache.iterdir()) == []
