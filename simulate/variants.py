"""The sets that a study holds against each other: `sets=[a, b, {base: a, inputs: {chip_growth: {value: 1.2}}}]`.

A name is a set of the library; a mapping is a variant of one, written inline: `base`, a `name` if the made-up one will
not do, and whatever a set may state, laid over the base like words of the command line. `sets=all` is every set. The
other words of the command line apply to each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from simulate import grammar, keys, run_keys
from simulate.errors import Mistake, or_rather, shown
from simulate.words import Word

if TYPE_CHECKING:
    from simulate.compose import Composed

ALL = "all"
EXAMPLE = "write 'sets=[baseline_2026,cotra_2020]'"
NOT_STATED = ("name", "title", "description", "source", "published")  # what a variant has of its base, or not at all
STATED = ("base", "name", *(key for key in grammar.SET_KEYS if key not in NOT_STATED))
LONGEST_NAME = 60
FEWEST_AND_MOST = {"compare": (2, 64), "attribution": (2, 2)}
"""How many sets the studies take that hold sets against each other."""


class Chosen(NamedTuple):
    """A set to compose: its base, what it is called, and what it says over its base."""

    base: str
    name: str
    words: tuple[Word, ...]


def led_by_first(job: Sequence[Word], known: Sequence[str]) -> Sequence[Word]:
    """The words of a job, with the first of its sets in the place of the default one."""
    asked = next((word.value for word in job if word.key == "sets"), None)
    first = asked[0] if isinstance(asked, list) and asked else asked
    base = first.get("base") if isinstance(first, dict) else first
    if base not in known or any(word.key == "assumptions" for word in job):
        return job
    return [*job, Word("sets", "assumptions", base, f"assumptions={base}")]


def compose(
    study: str,
    job: Sequence[Word],
    known: Sequence[str],
    one: Callable[[Sequence[Word], list[Mistake]], Composed],
    mistakes: list[Mistake],
) -> list[Composed]:
    """Every set that a job asks for, composed by `one` with the other words of the job."""
    asked = next((word.value for word in job if word.key == "sets"), None)
    if any(word.key == "assumptions" and word.where != "sets" for word in job):
        mistakes.append(Mistake("assumptions", f"study={study} takes its sets from `sets`", EXAMPLE))
    chosen = read(study, asked, known, mistakes)
    of_the_study = ("study", "sets", "assumptions", *run_keys.READ_BY)
    others = [word for word in job if word.key not in of_the_study]
    said = {word.key: word.where for word in others}
    found = []
    for variant in chosen:
        for word in variant.words:
            if word.key in said:
                what = f"'{word.key}' is given twice (also in {said[word.key]})"
                mistakes.append(Mistake(word.where, what, "remove one of them"))
        base = Word("sets", "assumptions", variant.base, f"assumptions={variant.base}")
        composed = one([*others, *(word for word in variant.words if word.key not in said), base], mistakes)
        composed.settings["name"] = variant.name
        found.append(composed)
    return found


def read(study: str, asked: Any, known: Sequence[str], mistakes: list[Mistake]) -> list[Chosen]:
    """The sets that `sets=` names; what cannot be one goes into `mistakes`."""
    fewest, most = FEWEST_AND_MOST[study]
    items = list(known) if asked == ALL else asked if isinstance(asked, list) else [] if asked is None else [asked]
    found = [chosen for place, item in enumerate(items) if (chosen := _one(place, item, known, mistakes))]
    if not fewest <= len(items) <= most:
        allowed = str(fewest) if fewest == most else f"{fewest} to {most}"
        what = f"study={study} needs {allowed} sets, {len(items)} are given"
        mistakes.append(Mistake("sets", what, EXAMPLE))
    names = [chosen.name for chosen in found]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        way_out = "name it once, or give a variant a `name` of its own"
        mistakes.append(Mistake("sets", f"two of the sets are called {shown(name)}", way_out))
    return found


def _one(place: int, item: Any, known: Sequence[str], mistakes: list[Mistake]) -> Chosen | None:
    where = f"sets[{place}]"
    if not isinstance(item, dict):
        return Chosen(item, item, ()) if _is_set(item, known, where, mistakes) else None
    before = len(mistakes)
    for key in item:
        if key not in STATED:
            near = keys.closest(str(key), STATED)
            what = f"unknown key {shown(key)} in a variant" + or_rather(near)
            mistakes.append(Mistake(where, what, f"keys: {', '.join(STATED)}"))
    if "base" not in item:
        mistakes.append(Mistake(where, "a variant needs `base`, the set that it varies", "write {base: NAME, ...}"))
    elif not _is_set(item["base"], known, f"{where}.base", mistakes):
        return None
    said = {key: item[key] for key in item if key in STATED and key not in ("base", "name")}
    words = tuple(Word(f"{where}.{key}", key, value, f"{key}={value!r}") for key, value in _flat(said, ""))
    name = item.get("name")
    if name is not None and not (isinstance(name, str) and grammar.SET_NAME.fullmatch(name)):
        mistakes.append(Mistake(where, f"name = {shown(name)}", "letters, digits, '_' and '-', at most 64"))
    if len(mistakes) > before:
        return None
    return Chosen(item["base"], name or _called(item["base"], words), words)


def _is_set(name: Any, known: Sequence[str], where: str, mistakes: list[Mistake]) -> bool:
    if isinstance(name, str) and name in known:
        return True
    near = keys.closest(str(name), known)
    what = f"no set is called {shown(name)}" + or_rather(near)
    mistakes.append(Mistake(where, what, f"one of: {', '.join(known)}"))
    return False


def _flat(value: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested mappings."""
    for key, inner in value.items():
        dotted = f"{above}.{key}" if above else str(key)
        if isinstance(inner, dict) and inner:
            yield from _flat(inner, dotted)
        else:
            yield dotted, inner


def _called(base: str, words: Sequence[Word]) -> str:
    """The name of a variant that has none: its base and what is said over it, without the words that go without
    saying.
    """
    told = []
    for word in words:
        parts = [part for part in word.key.split(".") if part not in ("inputs", "value", "drivers")]
        told.append(f"{'.'.join(parts)}={_text(word.value)}")
    text = " ".join([base, *told])
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
