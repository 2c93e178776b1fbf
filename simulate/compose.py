"""From the words of the command line to plain settings, and to the line where each of them stands.

Hydra composes: it chooses the groups, reads the command line, holds the result against the schema. Around it stand the scan
of foreign files, the check of every key with the nearest known name, and the inheritance of rows, which Hydra cannot
express (a row that changes its family must not keep leftovers of its parent). Every mistake is collected; one exception
carries them all.
"""

from __future__ import annotations

import copy
import importlib.resources
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from simulate import config, grammar, inheritance, keys, scan, words
from simulate.errors import Mistake, Mistakes, shown

DEFAULTS = {"assumptions": "baseline_2026", "thresholds": "standard", "study": "forecast"}
Where = Callable[[str], str]


def settings(
    name: str | None = None, overrides: Sequence[str] = (), config_dir: str | Path | None = None
) -> tuple[dict[str, Any], Where]:
    """Compose one set with overrides such as "inputs.chip_growth.low=1.2"; gives the settings and `where(dotted_key)`.

    `name` is a shipped set or one in `config_dir/assumptions`.

    Raises
    ------
    Mistakes
        Everything that is wrong with the files, the overrides and, where they can be read, the rows.
    """
    words_given = list(overrides) if name is None else [*overrides, f"assumptions={name}"]
    mistakes: list[Mistake] = []
    library = Library(config_dir, mistakes)
    sweeps = words.read(words_given, mistakes)
    composed = library.compose([sweep.single for sweep in sweeps], mistakes)
    if mistakes:
        raise Mistakes([*mistakes, *rows_mistakes(composed, mistakes)])
    return composed.settings, composed.where


def rows_mistakes(composed: Composed, known: Sequence[Mistake] = ()) -> list[Mistake]:
    """What is wrong with the rows themselves, but for rows of which `known` already speaks."""
    from simulate import assumptions

    if not composed.sure:
        return []
    try:
        assumptions.build(composed.settings, composed.where)
    except Mistakes as found:
        spoken_of = {composed.row_at(item.where) for item in known} - {None}
        return [item for item in found.items if composed.row_at(item.where) not in spoken_of]
    return []


class Composed(NamedTuple):
    """The settings of one run, the origin of every key, and the files that they came from."""

    settings: dict[str, Any]
    where: Where
    sources: tuple[scan.Source, ...]
    sure: bool
    """Whether the set that was asked for is the one that was composed."""

    def row_at(self, place: str) -> tuple[str, str] | None:
        """The file and row in which a `file:line` lies."""
        file, _, line = place.rpartition(":")
        for source in self.sources:
            if source.shown == file and line.isdecimal():
                above = [(at, key) for key, at in source.lines.items() if key.count(".") <= 1 and at <= int(line)]
                return (file, max(above)[1]) if above else None
        return None


class Library:
    """The sets that can be named: those shipped with the program and those of the user's folder."""

    def __init__(self, config_dir: str | Path | None = None, mistakes: list[Mistake] | None = None) -> None:
        found: list[Mistake] = [] if mistakes is None else mistakes
        self.config_dir = None if config_dir is None else str(config_dir)
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
                source = scan.read(self.root / group / f"{current}.yaml", group, f"conf/{group}/{current}.yaml", mistakes)
                if mistakes or source is None:
                    raise Mistakes(mistakes)
                self.read[group, current] = source
            if source is not None:
                found[current] = source
                waiting.extend(source.parents)
        return found

    def compose(self, job: Sequence[words.Word], mistakes: list[Mistake], by_hydra: bool = True) -> Composed:
        """Settings of one job; words that do not fit go into `mistakes`, and the rest is composed without them.

        `by_hydra=False` leaves out Hydra's own look at the words, for the many jobs of a sweep.
        """
        choice, kept, sure = self._choose(job, mistakes)
        sources = self._in_order(choice)
        heard = inheritance.Composed()
        for source in sources:
            heard.hear(source, mistakes)
        fitting = []
        for word in kept:
            of_the_set = word.key.split(".")[0] in (*grammar.ROW_SECTIONS, "drivers")
            wrong = keys.check(word, heard.settings, choice["study"]) if sure or not of_the_set else None
            if wrong:
                mistakes.append(wrong)
            elif sure or not of_the_set:
                fitting.append(word)
        if by_hydra or not self.run_defaults:
            groups = [word for word in job if word.key in choice and choice[word.key] in (word.value, [word.value])]
            cfg = self._hydra([*groups, *fitting], mistakes)
            self.run_defaults = self.run_defaults or {key: cfg[key] for key in grammar.RUN_KEYS}
        heard.settings.update(self.run_defaults, folder=None, config_dir=self.config_dir)
        heard.origins.update(dict.fromkeys(grammar.RUN_KEYS, "conf/config.yaml"))
        for word in fitting:
            if word.key == "hydra.run.dir":
                heard.settings["folder"] = word.value
                heard.origins[word.key] = word.where
            elif not word.key.startswith("hydra"):
                heard.say(word.key, copy.deepcopy(word.value), word.where)
        heard.settings["name"] = heard.settings["assumptions"] = choice["assumptions"]
        heard.settings["study"] = choice["study"]
        mistakes.extend(config.check_run(heard.settings, heard.where))
        keys.make_numbers(heard.settings)
        return Composed(heard.settings, heard.where, sources, sure)

    def _in_order(self, choice: Mapping[str, Any]) -> tuple[scan.Source, ...]:
        """The files that the choice is made of: thresholds, then the set, ancestors before their children, each once."""
        found: dict[tuple[str, str], scan.Source] = {}
        for group, names in (("thresholds", choice["thresholds"]), ("assumptions", [choice["assumptions"]])):
            for name in names:
                for source in inheritance.ancestry(name, self.sources(group, name)):
                    found.setdefault((group, source.name), source)
        return tuple(found.values())

    def _choose(
        self, job: Sequence[words.Word], mistakes: list[Mistake]
    ) -> tuple[dict[str, Any], list[words.Word], bool]:
        """The set, the thresholds and the study that a job names, its other words, and whether the set is to be trusted."""
        choice: dict[str, Any] = {**DEFAULTS, "thresholds": [DEFAULTS["thresholds"]]}
        kept, sure = [], True
        for word in job:
            if word.key not in grammar.GROUPS:
                kept.append(word)
                continue
            names = word.value if isinstance(word.value, list) and word.key == "thresholds" else [word.value]
            known = self.names(word.key)
            unknown = [name for name in names if not isinstance(name, str) or name not in known]
            for name in unknown:
                near = keys.closest(str(name), known)
                what = f"{word.key} = {shown(name)}: there is no such name" + (f"; did you mean '{near}'?" if near else "")
                mistakes.append(Mistake(word.where, what, f"one of: {', '.join(known)}"))
            if not names:
                mistakes.append(Mistake(word.where, f"{word.key} is empty", f"one or more of: {', '.join(known)}"))
            if names and not unknown:
                choice[word.key] = names if word.key == "thresholds" else names[0]
            elif word.key != "study":
                sure = False
        group_names = [("assumptions", choice["assumptions"]), *(("thresholds", n) for n in choice["thresholds"])]
        return choice, kept, sure and not self.unusable.intersection(group_names)

    def _hydra(self, job: Sequence[words.Word], mistakes: list[Mistake]) -> Mapping[str, Any]:
        """What Hydra makes of the words, held against the schema; its complaints become mistakes."""
        from hydra import compose, initialize
        from hydra.core.global_hydra import GlobalHydra
        from hydra.errors import HydraException
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        texts = [word.text for word in job if not word.key.startswith("hydra")]
        around = GlobalHydra.instance().hydra  # a program that itself runs under Hydra
        GlobalHydra.instance().clear()
        try:
            with self.registered(), initialize(config_path=None, version_base="1.3"):
                try:
                    cfg = compose("config", overrides=texts)
                except (HydraException, OmegaConfBaseException) as error:
                    reason = shown(str(error.__cause__ or error).splitlines()[0])[1:-1]
                    mistakes.append(Mistake("composition", reason, "see `simulate --help`"))
                    cfg = compose("config")
        finally:
            GlobalHydra.instance().hydra = around
        plain = OmegaConf.to_container(cfg, resolve=False)
        assert isinstance(plain, dict)
        return {str(key): value for key, value in plain.items()}

    @contextmanager
    def registered(self) -> Iterator[None]:
        """Make the schema and the sets known to Hydra: as scanned data, so that it opens no file and none can change."""
        from hydra.core.config_store import ConfigStore
        from omegaconf import OmegaConf

        store = ConfigStore.instance()
        nodes: dict[tuple[str | None, str], Any] = {
            (None, "schema"): config.Settings,
            (None, "config"): OmegaConf.load(self.root / "config.yaml"),
            **{("study", study): {"study": study} for study in self.shipped["study"]},
        }
        for (group, name), source in self.read.items():
            if group != "sweep":
                nodes[group, name] = OmegaConf.create({"defaults": list(source.parents), **source.data})
        added = [place for place in nodes if f"{place[1]}.yaml" not in _in(store, place[0])]
        for group, name in added:
            store.store(group=group, name=name, node=nodes[group, name], package="_global_" if group else None)
        try:
            yield
        finally:
            for group, name in added:
                _in(store, group).pop(f"{name}.yaml", None)


def _in(store: Any, group: str | None) -> dict[str, Any]:
    folder: dict[str, Any] = store.repo.setdefault(group, {}) if group else store.repo
    return folder
