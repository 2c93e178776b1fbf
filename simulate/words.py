"""The words of the command line, checked for their form before Hydra sees them.

Hydra's own grammar is rich and its answers are for programmers; here a word is `key=value` and nothing else. `+`,
`++` and `~` are refused because they would add keys that nothing reads, resolvers because they could copy a secret
into a result, and `hydra.*` because it can call code. Every word keeps its number, so that a mistake can say where it
stands.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from simulate import grammar, launchers
from simulate.errors import Mistake, shown
from simulate.nodes import unusable

LONGEST_WORD = 20_000
DEEPEST = 16
MOST_JOBS = 100_000
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([./][A-Za-z0-9_-]+)*")


class Word(NamedTuple):
    """One override: where it stands ("override 2"), its dotted key, its value, and how Hydra is told."""

    where: str
    key: str
    value: Any
    text: str


class Sweep(NamedTuple):
    """An override with one or several values: how many, and what makes the words that it stands for."""

    key: str
    points: int
    make: Callable[[], Iterable[Word]]

    @property
    def single(self) -> Word:
        """The word of an override that is not swept."""
        return next(iter(self.make()))


def read(
    overrides: Sequence[str],
    mistakes: list[Mistake],
    sweeping: bool = False,
    groups: Mapping[str, list[str]] | None = None,
    places: Sequence[str] | None = None,
) -> list[Sweep]:
    """Read the overrides; those that cannot be read go into `mistakes`. `groups` names what a glob may choose from,
    `places` where each stands (by default "override 2").
    """
    places = places or [f"override {number}" for number in range(1, len(overrides) + 1)]
    found: list[Sweep] = []
    first: dict[str, str] = {}
    for where, override in zip(places, overrides, strict=True):
        try:
            key, text = _split(override)
            if key in first:
                both = f"{first[key]} and {where}"
                if both.count("override ") == 2:
                    both = "overrides " + both.replace("override ", "")
                raise _Wrong(f"'{key}' is given twice ({both})", "remove one of them")
            first[key] = where
            found.append(_sweep(where, key, text, sweeping, groups or {}))
        except _Wrong as wrong:
            mistakes.append(Mistake(where, wrong.what, wrong.way_out))
    one = [sweep.single for sweep in found if sweep.points == 1]
    launchers.check([(word.where, word.key, word.value) for word in one], sweeping, mistakes)
    shows = any(sweep.key == "study" and sweep.points == 1 and sweep.single.value == "show" for sweep in found)
    return [_rename_show(sweep) if shows and sweep.key == "inputs" else sweep for sweep in found]


def without_repeats(said: Sequence[Word], more: Sequence[Word], mistakes: list[Mistake]) -> list[Word]:
    """The words of `more` whose keys `said` does not hold; the others are mistakes."""
    first = {word.key: word.where for word in said}
    mistakes.extend(
        Mistake(word.where, f"'{word.key}' is given twice (also in {first[word.key]})", "remove one of them")
        for word in more
        if word.key in first
    )
    return [word for word in more if word.key not in first]


def jobs(sweeps: Sequence[Sweep], mistakes: list[Mistake]) -> Iterator[tuple[Word, ...]]:
    """Every combination of the values; nothing, and a mistake, if there are more than `MOST_JOBS`."""
    count = 1
    for sweep in sweeps:
        count *= sweep.points
    if count > MOST_JOBS:
        mistakes.append(Mistake("sweep", f"{count} configurations", f"at most {MOST_JOBS} in one sweep"))
        return iter(())
    return itertools.product(*(sweep.make() for sweep in sweeps))


class _Wrong(Exception):
    def __init__(self, what: str, way_out: str = "") -> None:
        self.what, self.way_out = what, way_out


def _split(word: str) -> tuple[str, str]:
    """Key and value text of `key=value`, or what is wrong with the form."""
    key, equals, text = word.partition("=")
    if len(word) > LONGEST_WORD:
        raise _Wrong(f"{shown(word[:40])}... has {len(word)} characters", f"at most {LONGEST_WORD}")
    if "${" in word:
        name = word.split("${", 1)[1].split("}")[0].split(":")[0]
        raise _Wrong(f"interpolation {shown(name)} is not allowed", "write the value out")
    if "_target_" in word:
        raise _Wrong("`_target_` is not allowed here", "settings are data; they name no code")
    if key.startswith("~"):
        raise _Wrong(f"{shown(word)}: keys cannot be deleted", "leave the key out to have what the set says")
    if key.startswith("+"):
        bare = key.lstrip("+")
        raise _Wrong(f"{shown(word)}: '+' cannot add keys here", f"write {shown(bare)[1:-1]}=... or a set of your own")
    if not key:
        raise _Wrong(f"{shown(word)} has no key", "write key=value")
    if not equals:
        way_out = f"write {shown(word)[1:-1]}=VALUE; a study is chosen by study=NAME, help is asked for by --help"
        raise _Wrong(f"{shown(word)} has no value", way_out)
    if text.startswith("="):
        raise _Wrong(f"{shown(word)} has two equal signs", f"write {shown(key + text)[1:-1]}")
    if not KEY.fullmatch(key):
        raise _Wrong(f"{shown(key)} is not a key", "write key=value, without blanks or signs in the key")
    if key.split(".")[0].split("/")[0] == "hydra":
        _check_hydra(key)
    return key, text


def _check_hydra(key: str) -> None:
    """The few settings of Hydra that the command line may change; none of them can name code."""
    of_launcher = key == launchers.KEY or re.fullmatch(re.escape(launchers.OPTIONS) + "[a-z_]+", key)
    if not (key == "hydra.run.dir" or of_launcher):
        allowed = "hydra.run.dir, hydra/launcher and the plain options of hydra.launcher"
        raise _Wrong(f"'{key}': the settings of Hydra are closed", f"allowed: {allowed}")


def _sweep(where: str, key: str, text: str, sweeping: bool, groups: Mapping[str, list[str]]) -> Sweep:
    if grammar.is_free_text(key) or key == "hydra.run.dir":
        value = _unquoted(text)
        if len(value) > grammar.longest_text(key):
            raise _Wrong(f"{key} has {len(value)} characters", f"at most {grammar.longest_text(key)}")
        return _one(Word(where, key, value, _told(key, quoted(value))))
    parsed = _parse(key, text)
    if not parsed.is_sweep_override():
        value = parsed.value()
        if isinstance(value, float) and (problem := unusable(value, text)):
            raise _Wrong(f"{key} = {shown(text)[1:-1]}: {problem}", "a finite number is needed")
        if value == "???":
            raise _Wrong(f"{key} needs a value", "write key=value")
        return _one(Word(where, key, value, _told(key, parsed.get_value_element_as_str())))
    if not sweeping:
        comma = re.fullmatch(r"([0-9]+),([0-9]+)", text)
        hint = f" (did you mean {comma[1]}.{comma[2]}?)" if comma else ""
        raise _Wrong(f"{key} = {shown(text)} is a list of values{hint}", "a sweep needs -m before the overrides")
    return _several(where, key, parsed, groups)


def _one(word: Word) -> Sweep:
    return Sweep(word.key, 1, lambda: [word])


def _several(where: str, key: str, parsed: Any, groups: Mapping[str, list[str]]) -> Sweep:
    """A sweep that knows its length; its words are made only once the whole number of jobs is known to be bearable."""
    from hydra.core.override_parser.types import ChoiceSweep, Glob, Override

    value = parsed._value
    if key.startswith("hydra"):
        raise _Wrong(f"'{key}' cannot be swept", "give it one value")
    if not parsed.is_discrete_sweep() or getattr(value, "shuffle", False):
        raise _Wrong(f"{key}: interval and shuffle cannot be swept", "write the values, range(...) or glob(...)")
    values: Iterable[Any]
    if isinstance(value, Glob):
        known = groups.get(key, [])
        values = value.filter(known)
        count = len(values)
        if not count:
            raise _Wrong(f"{key}: no name fits this pattern", f"there are: {', '.join(known) or 'none'}")
    elif isinstance(value, ChoiceSweep):
        values, count = value.list, len(value.list)
    else:
        if not value.step or not all(math.isfinite(end) for end in (value.start, value.stop, value.step)):
            raise _Wrong(f"{key}: a range needs finite ends and a step other than 0", "write range(start,stop,step)")
        steps = (value.stop - value.start) / value.step
        if not math.isfinite(steps):
            raise _Wrong(f"{key}: more configurations than can be counted", f"at most {MOST_JOBS} in one sweep")
        values, count = value.range(), max(0, math.ceil(steps))
    if count == 0:
        raise _Wrong(f"{key}: this sweep is empty", "write at least one value")

    def make() -> Iterable[Word]:
        for index, element in enumerate(values, start=1):
            text = Override._get_value_element_as_str(element)
            yield Word(f"{where}, value {index}", key, Override._convert_value(element), _told(key, text))

    return Sweep(key, count, make)


def _told(key: str, text: str) -> str:
    """How Hydra is told: rows and drivers are open mappings to it, whose keys have been checked here."""
    open_to_hydra = key.split(".")[0] in (*grammar.ROW_SECTIONS, "drivers", "hypotheses", "grid") and "." in key
    return f"{'++' if open_to_hydra else ''}{key}={text}"


def _parse(key: str, text: str) -> Any:
    """Hydra's reading of `key=text`."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    depth = deepest = 0
    for character in text:
        depth += (character in "[{(") - (character in "]})")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise _Wrong(f"{key}: nested deeper than {DEEPEST}")
    try:
        parsed = OverridesParser.create().parse_override(f"{key}={text}")
        _check_names(parsed.value())
        return parsed
    except _Wrong:
        raise
    except Exception:  # the parser raises its own errors, ANTLR's, AssertionError, ValueError ...
        way_out = f"quote it: \"{key}='...'\"" + (", with a closing quote" if text[:1] in "'\"" else "")
        if re.search(r"[{,]\s*formula\s*:\s*[^'\"\s]", text):
            way_out = f"quote the formula: \"{key}={{formula: '...', unit: ...}}\""
        raise _Wrong(f"{key} = {shown(text)} cannot be read", way_out) from None


def _check_names(value: Any) -> None:
    """Keys within a value must be text: `{on: 1}` would have a boolean for a name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise _Wrong(f"{shown(key)} cannot be a name in a mapping", "quote it")
            _check_names(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_names(inner)


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("\\" + text[0], text[0])
    return text


def quoted(text: str) -> str:
    """`text` in quotes that Hydra takes off again."""
    from hydra.core.override_parser.types import Quote, QuotedString

    return QuotedString(text=text, quote=Quote.single).with_quotes()


def _rename_show(sweep: Sweep) -> Sweep:
    """`study=show inputs=chip_growth` names rows; everywhere else `inputs` is the mapping of all of them."""
    if sweep.points != 1:
        return sweep
    word = sweep.single
    names = word.value if isinstance(word.value, list) else [word.value]
    return _one(word._replace(key="show", value=names, text="show=" + word.text.partition("=")[2]))
