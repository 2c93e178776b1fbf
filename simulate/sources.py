"""The source files of the program: all of them, or those that a module is made of.

What decides whether compiled code is still right is every file that its module imports, directly or not, whether for a
function or for a number. Imports inside functions are for what costs seconds to load and never for compiled code, so
only those at the left margin count. A package's own modules belong to it: some are imported by name at run time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
IMPORT = re.compile(r"^from (simulate[\w.]*) import (?:\(([^)]*)\)|(.*))|^import (simulate[\w.]*)", re.MULTILINE)


@cache
def source_hash() -> str:
    """Hash of all Python files of the package: what decides whether two results are of the same program."""
    return _hash(PACKAGE.rglob("*.py"))


def made_of(module: str) -> set[Path]:
    """The files of a module and of everything that it imports from this package; of a module from elsewhere, which may
    import anything, all of them.
    """
    if module.split(".")[0] != PACKAGE.name:
        return set(PACKAGE.rglob("*.py"))
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for file in _files(name) - found:
            found.add(file)
            for source, many, one, whole in IMPORT.findall(file.read_text(encoding="utf-8")):
                waiting += [source or whole, *(f"{source}.{word}" for word in re.findall(r"\w+", many or one))]
    return found


@cache
def hash_of(module: str) -> str:
    """Hash of the files that a module is made of."""
    return _hash(made_of(module))


def _files(name: str) -> set[Path]:
    """The file of a module, and all files of the packages around it but of the outermost; nothing where `name` is
    neither.
    """
    found = {PACKAGE / "__init__.py"}
    place = PACKAGE
    for part in name.split(".")[1:]:
        place /= part
        found |= set(place.rglob("*.py")) or {file for file in (place.with_suffix(".py"),) if file.is_file()}
    return found


def _hash(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(PACKAGE)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
