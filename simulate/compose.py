"""From the words of the command line to plain settings, and to the line where each of them stands.

Hydra composes: it chooses the groups, reads the command line, holds the result against the schema. Around it stand
the scan of foreign files, the check of every key with the nearest known name, and the inheritance of rows, which
Hydra cannot express (a row that changes its family must not keep leftovers of its parent). Every mistake is
collected; one exception carries them all.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simulate import given, grammar, inheritance, keys, run_keys, scan, variants, words
from simulate.changes import differences
from simulate.errors import Mistake, Mistakes, or_rather, shown
from simulate.library import Library

DEFAULTS = {"assumptions": "baseline_2026", "thresholds": "standard", "study": "forecast", "engine": "local"}
Where = Callable[[str], str]


def settings(
    name: str | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
    inputs: Mapping[str, Mapping[str, Any] | None] | None = None,
    data: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], Where]:
    """Compose one set with overrides such as "inputs.chip_growth.low=1.2"; gives the settings and `where(dotted_key)`.

    `name` is a shipped set or one in `config_dir/assumptions`; `inputs` are fields of rows as plain data, `data` values
    of other keys, as {"sets": [...]}.

    Raises
    ------
    Mistakes
        Everything that is wrong with the files, the overrides and, where they can be read, the rows.
    """
    words_given = list(overrides) if name is None else [*overrides, f"assumptions={name}"]
    mistakes: list[Mistake] = []
    library = Library(config_dir, mistakes)
    job = [sweep.single for sweep in words.read(words_given, mistakes)]
    more = [*given.words(inputs or {}, mistakes), *given.plain_words(data or {}, mistakes)]
    job += words.without_repeats(job, more, mistakes)
    composed = compose(library, job, mistakes)
    if mistakes:
        raise Mistakes([*mistakes, *rows_mistakes(composed, mistakes)])
    return composed.settings, composed.where


def rows_mistakes(composed: Composed, known: Sequence[Mistake] = ()) -> list[Mistake]:
    """What is wrong with the rows themselves, but for rows of which `known` already speaks."""
    from simulate import assumptions, published

    if not composed.sure:
        return []
    try:
        if composed.settings["study"] == "replicate":
            published.checked(composed.settings["sets"])
        else:
            assumptions.build(composed.settings, composed.where)
    except Mistakes as found:
        spoken_of = {composed.row_at(item.where) for item in known} - {None}
        return [item for item in found.items if composed.row_at(item.where) not in spoken_of]
    except Exception:
        if not known:
            raise
        # What is left of a set with mistakes may be unlike any set; the mistakes are what the user needs to hear of.
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


def compose(library: Library, job: Sequence[words.Word], mistakes: list[Mistake], by_hydra: bool = True) -> Composed:
    """Settings of one job; words that do not fit go into `mistakes`, and the rest is composed without them.

    `by_hydra=False` leaves out Hydra's own look at the words, for the many jobs of a sweep.
    """
    studies = (str(word.value) for word in job if word.key == "study")
    compared = next((study for study in studies if study in variants.FEWEST_AND_MOST), None)
    if compared:
        job = variants.led_by_first(job, library.names("assumptions"))
    choice, kept, sure = _choose(library, job, mistakes)
    # Words on rows speak of the sets that a comparison is of, and those are composed each by itself.
    speaks = sure and choice["study"] != "replicate"
    sources = library.in_order(choice)
    layers = inheritance.Layers()
    for source in sources:
        layers.apply_file(source, mistakes)
    fitting = []
    for word in kept:
        of_the_set = word.key.split(".")[0] in (*grammar.ROW_SECTIONS, "drivers", "hypotheses")
        wrong = keys.check(word, layers.settings, choice["study"]) if speaks or not of_the_set else None
        if wrong:
            mistakes.append(wrong)
        elif speaks or not of_the_set:
            fitting.append(word)
    if by_hydra or not library.run_defaults:
        groups = [word for word in job if word.key in choice and choice[word.key] in (word.value, [word.value])]
        cfg = _by_hydra(library, [*groups, *fitting], mistakes)
        library.run_defaults = library.run_defaults or {key: cfg[key] for key in grammar.RUN_KEYS}
    engine = {**library.run_defaults["engine"], "name": choice["engine"]}
    layers.settings.update(library.run_defaults, engine=engine, folder=None)
    layers.origins.update(dict.fromkeys(grammar.RUN_KEYS, "conf/config.yaml"))
    layers.origins.update((word.key, word.where) for word in job if word.key == "engine")
    as_stated = copy.deepcopy(layers.settings)
    _apply(layers, fitting)
    old, new = ({key: given.get(key) for key in grammar.SET_KEYS} for given in (as_stated, layers.settings))
    layers.settings["changes"] = list(differences(old, new))
    layers.settings["name"] = layers.settings["assumptions"] = choice["assumptions"]
    layers.settings["study"] = choice["study"]
    if choice["study"] == "replicate":
        layers.settings["sets"] = _sets(library, job, layers.settings.get("sets"), mistakes)
    if compared:

        def one(said: Sequence[words.Word], wrong: list[Mistake]) -> Composed:
            return compose(library, said, wrong, by_hydra=False)

        layers.settings["sets"] = variants.compose(compared, job, library.names("assumptions"), one, mistakes)
    if choice["study"] == "list":
        layers.settings["show"] = {group: library.titles(group) for group in grammar.GROUPS}
    mistakes.extend(run_keys.check_run(layers.settings, layers.where))
    keys.make_numbers(layers.settings)
    return Composed(layers.settings, layers.where, sources, sure)


def _sets(library: Library, job: Sequence[words.Word], asked: Any, mistakes: list[Mistake]) -> list[Composed]:
    """Every set that `sets=[a,b]` or else `assumptions=a` names, or every one with published numbers, composed with
    the other words.
    """
    known = library.names("assumptions")
    place = next((word.where for word in job if word.key == "sets"), "sets")
    for word in job:
        if word.key == "resume" and word.value is True:
            mistakes.append(Mistake(word.where, "a comparison cannot be resumed", "leave it out"))
    one = next((word for word in job if word.key == "assumptions"), None)
    if asked is None and one is not None:
        if one.value not in known:
            return []  # said already
        asked = [one.value]
    asked = None if asked == "all" else asked
    names = asked if isinstance(asked, list) else known if asked is None else [asked]
    if not names:
        way_out = "write sets=[a,b], or leave it out: every set with published numbers"
        mistakes.append(Mistake(place, "sets is empty", way_out))
        return []
    if one is not None and one.value in known and one.value not in names:
        what = f"assumptions = {shown(one.value)} is not among the sets that are compared"
        mistakes.append(Mistake(one.where, what, "name the sets in `sets` alone"))
    for name in (name for name in names if name not in known):
        near = keys.closest(str(name), known)
        what = f"sets: no set is called {shown(name)}" + or_rather(near)
        mistakes.append(Mistake(place, what, f"all, or one or more of: {', '.join(known)}"))
    others = [word for word in job if word.key not in ("study", "sets", "assumptions")]
    found = []
    for name in dict.fromkeys(name for name in names if name in known):
        chosen = words.Word("sets", "assumptions", name, f"assumptions={name}")
        wrong: list[Mistake] = []
        composed = compose(library, [*others, chosen], wrong, by_hydra=False)
        if composed.settings.get("published"):
            found.append(composed)
            mistakes.extend(wrong)
        elif asked is not None:
            way_out = "leave it out, or give the set a section `published`"
            mistakes.append(Mistake(place, f"{name} has no published numbers", way_out))
    if not found and asked is None:
        mistakes.append(Mistake("study=replicate", "no set has published numbers", "write some in a section published"))
    return found


def _apply(layers: inheritance.Layers, job: Sequence[words.Word]) -> None:
    """Lay the words over what the files say: the wider key first, the fields of a row together, in whatever order
    they were written.
    """
    fields: dict[str, list[words.Word]] = {}
    for word in sorted(job, key=lambda word: 0 if word.key.startswith("grid.") else word.key.count(".")):
        section, *rest = word.key.split(".")
        if word.key == "hydra.run.dir":
            layers.settings["folder"] = word.value
            layers.origins[word.key] = word.where
        elif section == "grid":
            layers.settings["grid"] = {**(layers.settings["grid"] or {}), ".".join(rest): word.value}
            layers.origins[word.key] = word.where
        elif section in grammar.ROW_SECTIONS and len(rest) == 2:
            fields.setdefault(f"{section}.{rest[0]}", []).append(word)
        elif not word.key.startswith("hydra"):
            layers.apply_word(word.key, copy.deepcopy(word.value), word.where)
    for row, stated in fields.items():
        values, origins = {}, {}
        for word in stated:
            field = word.key.rpartition(".")[2]
            values[field], origins[field] = copy.deepcopy(word.value), word.where
        layers.apply_fields(row, values, origins)


def _choose(
    library: Library, job: Sequence[words.Word], mistakes: list[Mistake]
) -> tuple[dict[str, Any], list[words.Word], bool]:
    """The set, the thresholds and the study that a job names, its other words, and whether the set is to be trusted."""
    choice: dict[str, Any] = {**DEFAULTS, "thresholds": [DEFAULTS["thresholds"]]}
    kept, sure = [], True
    for word in job:
        if word.key not in grammar.GROUPS:
            kept.append(word)
            continue
        names = word.value if isinstance(word.value, list) and word.key == "thresholds" else [word.value]
        known = library.names(word.key)
        unknown = [name for name in names if not isinstance(name, str) or name not in known]
        for name in unknown:
            near = keys.closest(str(name), known)
            what = f"{word.key} = {shown(name)}: there is no such name" + or_rather(near)
            mistakes.append(Mistake(word.where, what, f"one of: {', '.join(known)}"))
        if not names:
            mistakes.append(Mistake(word.where, f"{word.key} is empty", f"one or more of: {', '.join(known)}"))
        if names and not unknown:
            choice[word.key] = names if word.key == "thresholds" else names[0]
        elif word.key not in ("study", "engine"):
            sure = False
    group_names = [("assumptions", choice["assumptions"]), *(("thresholds", n) for n in choice["thresholds"])]
    return choice, kept, sure and not library.unusable.intersection(group_names)


def _by_hydra(library: Library, job: Sequence[words.Word], mistakes: list[Mistake]) -> Mapping[str, Any]:
    """What Hydra makes of the words, held against the schema; its complaints become mistakes."""
    import hydra
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    # Rows are open mappings to Hydra, so it could find nothing wrong with them, and their words are already checked.
    own = ("hydra", "hypotheses", "grid.", *grammar.ROW_SECTIONS)
    texts = [word.text for word in job if word.key in grammar.GROUPS or not word.key.startswith(own)]
    around = GlobalHydra.instance().hydra  # a program that itself runs under Hydra
    GlobalHydra.instance().clear()
    try:
        with library.registered(), hydra.initialize(config_path=None, version_base="1.3"):
            try:
                cfg = hydra.compose("config", overrides=texts)
            except (HydraException, OmegaConfBaseException) as error:
                reason = shown(str(error.__cause__ or error).splitlines()[0])[1:-1]
                mistakes.append(Mistake("composition", reason, "see `simulate --help`"))
                cfg = hydra.compose("config")
    finally:
        GlobalHydra.instance().hydra = around
    plain = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}
