"""The safety scan: what a YAML file from somebody else must be before anything composes it.

A configuration can be an attack: a bomb of aliases, a tag that builds an object, a key that makes Hydra call a
function, a resolver that copies an environment variable into a figure. So a file is read here first, with strict
eyes: plain mappings, lists and scalars of bounded size, known keys, exact header. What passes is handed on as plain
data together with the line of every key; nothing reads the file a second time, so it cannot change in between.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from simulate import grammar
from simulate.errors import Mistake, did_you_mean, shown
from simulate.nodes import Loader, Refused, Tree, check_events, yaml_mistake

LARGEST_FILE = 1 << 20
MOST_FILES = 1000
HEADER = "# @package _global_"
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


class Source(NamedTuple):
    """One scanned file: its plain data, the line of every dotted key, and the names of the sets that it inherits."""

    group: str
    name: str
    shown: str
    data: dict[str, Any]
    lines: dict[str, int]
    parents: tuple[str, ...] = ()
    broken: bool = False
    """The file cannot be composed as it stands."""

    def where(self, key: str) -> str:
        """`file:line` of a dotted key or, if it is not stated here, of the nearest key above it."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return f"{self.shown}:{self.lines[key]}" if key else self.shown


def read(path: Path, group: str, shown_as: str, mistakes: list[Mistake], root: Path | None = None) -> Source | None:
    """Scan one file; what is wrong with it goes into `mistakes`, and None comes back if nothing of it can be used."""
    name = path.stem
    try:
        text = _text(path, shown_as, root)
        check_events(text, shown_as)
        node = yaml.compose(text, Loader=Loader)
    except Refused as refused:
        mistakes.append(refused.mistake)
        return None
    except yaml.YAMLError as error:
        mistakes.append(yaml_mistake(error, shown_as))
        return None
    if node is None:
        mistakes.append(Mistake(shown_as, "the file is empty", f"write the header '{HEADER}' and the keys of a set"))
        return None
    if not isinstance(node, yaml.MappingNode):
        mistakes.append(Mistake(shown_as, "a mapping is needed at top level", "write 'key: value' lines"))
        return None
    if group != "sweep":
        _check_header(text, shown_as, mistakes)
    tree = Tree(shown_as, group, mistakes)
    data = tree.mapping(node, "")
    parents = tree.parents(data.pop("defaults", []))
    if "name" in data and data["name"] != name:
        way_out = f"write 'name: {name}', or leave it out"
        where = f"{shown_as}:{tree.lines['name']}"
        mistakes.append(Mistake(where, f"name {shown(data['name'])} is not the name of the file", way_out))
    return Source(group, name, shown_as, data, tree.lines, parents)


def folder(config_dir: Path, shipped: dict[str, list[str]], mistakes: list[Mistake]) -> dict[tuple[str, str], Source]:
    """Scan every YAML file of a user's folder; (group, name) -> Source.

    `shipped` names the sets of each group that come with the program, which a user's set may inherit but not replace.
    """
    found: dict[tuple[str, str], Source] = {}
    if not config_dir.is_dir():
        mistakes.append(Mistake(f"--config-dir {shown(str(config_dir))}", "is not a folder"))
        return found
    for count, (group, path) in enumerate(_files(config_dir, mistakes)):
        where = _printable(path)
        if count >= MOST_FILES:
            mistakes.append(Mistake(_printable(config_dir), f"more than {MOST_FILES} files"))
            break
        if not grammar.SET_NAME.fullmatch(path.stem) or grammar.NOT_A_NAME.fullmatch(path.stem):
            way_out = "name it with letters, digits, '_' and '-', at most 64, and not a word that YAML reads otherwise"
            mistakes.append(Mistake(where, f"{shown(path.stem)} cannot be the name of a set", way_out))
        elif path.stem in shipped.get(group, ()):
            mistakes.append(Mistake(where, f"'{path.stem}' is a shipped set", "give yours another name"))
        elif (group, path.stem) in found:
            mistakes.append(Mistake(where, f"'{path.stem}' is there twice (.yaml and .yml)", "remove one"))
        else:
            source = read(path, group, where, mistakes, root=config_dir)
            found[group, path.stem] = source or Source(group, path.stem, where, {}, {}, broken=True)
    for place, source in found.items():
        siblings = [n for g, n in found if g == source.group] + shipped.get(source.group, [])
        unknown = [parent for parent in source.parents if parent not in siblings]
        for parent in unknown:
            near = did_you_mean(parent, siblings)
            mistakes.append(Mistake(source.where("defaults"), f"no set is called {shown(parent)}{near}"))
        if unknown:
            known = tuple(parent for parent in source.parents if parent not in unknown)
            found[place] = source._replace(parents=known, broken=True)
    return found


def _files(root: Path, mistakes: list[Mistake]) -> Iterator[tuple[str, Path]]:
    for entry in sorted(root.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and entry.name not in grammar.USER_GROUPS:
            near = did_you_mean(entry.name, grammar.USER_GROUPS)
            way_out = f"only the folders {', '.join(grammar.USER_GROUPS)} may stand in --config-dir{near}"
            mistakes.append(Mistake(_printable(entry), "unknown folder", way_out))
        elif entry.suffix in (".yaml", ".yml"):
            way_out = f"put it into one of the folders {', '.join(grammar.USER_GROUPS)}"
            mistakes.append(Mistake(_printable(entry), "a file cannot stand here", way_out))
        elif entry.is_dir():
            for path in sorted(entry.iterdir()):
                if path.suffix in (".yaml", ".yml"):
                    yield entry.name, path
                elif path.is_dir() and not path.name.startswith("."):
                    mistakes.append(Mistake(_printable(path), "a folder cannot stand here", "sets are plain files"))


def _text(path: Path, where: str, root: Path | None) -> str:
    """The text of a regular UTF-8 file of at most 1 MiB; never waits for a pipe, never follows a link out of `root`."""

    def refuse(what: str, way_out: str = "") -> Refused:
        return Refused(Mistake(where, what, way_out))

    try:
        if root is not None and not path.resolve().is_relative_to(root.resolve()):
            raise refuse("is a link that leads out of the folder", "copy the file")
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise refuse("is not a regular file")
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_FILE:
        raise refuse(f"is larger than {LARGEST_FILE >> 20} MiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        way_out = "save the file as UTF-8"
        raise Refused(Mistake(f"{where}:{line}", f"byte 0x{raw[error.start]:02x} is not UTF-8", way_out)) from None
    if bad := CONTROL.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise Refused(Mistake(f"{where}:{line}", f"control character {shown(bad.group())}", "remove it"))
    return text


def _check_header(text: str, where: str, mistakes: list[Mistake]) -> None:
    """Hydra loads a set without this header somewhere else, and obeys any other one."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != HEADER:
        mistakes.append(Mistake(f"{where}:1", f"the first line must be '{HEADER}'", "without it the set has no effect"))
    for number, line in enumerate(lines[1:], start=2):
        if re.match(r"\s*#\s*@", line):
            mistakes.append(Mistake(f"{where}:{number}", f"header {shown(line.strip())} is not allowed", "remove it"))


def _printable(path: Path) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path))
