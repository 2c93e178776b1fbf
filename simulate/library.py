"""The sets that can be named: those shipped with the program and those of the user's folder.

Every file is scanned once and from then on is plain data. Hydra gets that data too, instead of the files: so it opens
nothing that has not been scanned, and nothing can change in between.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulate import config, grammar, inheritance, scan
from simulate.errors import Mistake, Mistakes


class Library:
    """The sets that can be named: those shipped with the program and those of the user's folder."""

    def __init__(self, config_dir: str | Path | None = None, mistakes: list[Mistake] | None = None) -> None:
        found: list[Mistake] = [] if mistakes is None else mistakes
        self.root = Path(str(importlib.resources.files("simulate.conf")))
        groups = (*grammar.GROUPS, "sweep")
        self.shipped = {group: sorted(path.stem for path in (self.root / group).glob("*.yaml")) for group in groups}
        self.own = scan.folder(Path(config_dir), self.shipped, found) if config_dir is not None else {}
        self.read: dict[tuple[str, str], scan.Source] = dict(self.own)
        self.run_defaults: dict[str, Any] = {}
        self.unusable = {place for place, source in self.own.items() if source.broken}
        for (group, name), source in list(self.own.items()):
            try:
                line = inheritance.ancestry(name, self.sources(group, name))
            except inheritance.Circle as circle:
                found.append(Mistake(source.where("defaults"), str(circle), "let one of them stand alone"))
                self.unusable.add((group, name))
                self.own[group, name] = self.read[group, name] = source._replace(parents=())
            else:
                if any(one.broken for one in line):
                    self.unusable.add((group, name))

    def names(self, group: str) -> list[str]:
        """Every name that `group=` may take."""
        return sorted([*self.shipped.get(group, []), *(name for g, name in self.own if g == group)])

    def titles(self, group: str) -> dict[str, str]:
        """The names of a group, each with the title that its file states."""
        if group in ("study", "engine"):
            return dict.fromkeys(self.names(group), "")
        return {name: str(self.sources(group, name)[name].data.get("title", "")) for name in self.names(group)}

    def sources(self, group: str, name: str) -> dict[str, scan.Source]:
        """The files that `name` is made of, those of the shipped ancestors read when they are first needed."""
        found: dict[str, scan.Source] = {}
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current in found:
                continue
            source = self.read.get((group, current))
            if source is None and current in self.shipped.get(group, ()):
                mistakes: list[Mistake] = []
                source = scan.read(
                    self.root / group / f"{current}.yaml", group, f"conf/{group}/{current}.yaml", mistakes
                )
                if mistakes or source is None:
                    raise Mistakes(mistakes)
                self.read[group, current] = source
            if source is not None:
                found[current] = source
                waiting.extend(source.parents)
        return found

    def in_order(self, choice: Mapping[str, Any]) -> tuple[scan.Source, ...]:
        """The files that a choice is made of: thresholds, then the set; ancestors before their children, each once."""
        found: dict[tuple[str, str], scan.Source] = {}
        for group, names in (("thresholds", choice["thresholds"]), ("assumptions", [choice["assumptions"]])):
            for name in names:
                for source in inheritance.ancestry(name, self.sources(group, name)):
                    found.setdefault((group, source.name), source)
        return tuple(found.values())

    @contextmanager
    def registered(self) -> Iterator[None]:
        """Make the schema and the sets known to Hydra: as scanned data, so that it opens no file and none can change.

        Rows are left out: `inheritance` lays them over one another, and Hydra would copy them five times, 0.2 s a run.
        """
        from hydra.core.config_store import ConfigStore
        from omegaconf import OmegaConf

        store = ConfigStore.instance()
        nodes: dict[tuple[str | None, str], Any] = {
            (None, "schema"): config.Settings,
            (None, "config"): OmegaConf.load(self.root / "config.yaml"),
            **{
                (group, name): OmegaConf.load(self.root / group / f"{name}.yaml")
                for group in ("study", "engine")
                for name in self.shipped[group]
            },
        }
        for (group, name), source in self.read.items():
            if group != "sweep":
                plain = {
                    key: value for key, value in source.data.items() if key not in (*grammar.ROW_SECTIONS, "hypotheses")
                }
                nodes[group, name] = OmegaConf.create({"defaults": list(source.parents), **plain})
        added: list[tuple[str | None, str]] = [
            place for place in nodes if f"{place[1]}.yaml" not in _in(store, place[0])
        ]
        for folder, name in added:
            store.store(group=folder, name=name, node=nodes[folder, name], package="_global_" if folder else None)
        try:
            yield
        finally:
            for folder, name in added:
                _in(store, folder).pop(f"{name}.yaml", None)


def _in(store: Any, group: str | None) -> dict[str, Any]:
    folder: dict[str, Any] = store.repo.setdefault(group, {}) if group else store.repo
    return folder
