"""Rows that Python code gives, as words of the command line: plain data, of the same bounds as in a file or a word.

The values never become text, so nothing depends on how Hydra writes lists, mappings or quotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulate import grammar
from simulate.errors import Mistake, Mistakes, shown
from simulate.words import DEEPEST, Word

_EXAMPLE = '"horizon=2050"'
FOLDERS = "functions give the result itself and write no folder; keep it with simulate.store.save, or run the command"
#: Words that a function of `simulate` would lose without a sound, and who takes them.
OF_THE_COMMAND = {
    "study": "call the function of that study, as simulate.compare or simulate.sensitivity",
    **dict.fromkeys(("output", "overwrite", "resume", "hydra.run.dir"), FOLDERS),
    "kept": "select quantities of the result, as ds[['chips']]",
    "sets": "give them to simulate.compare",
    "show": "run the command",
    "sweep": "call the function once for each value",
}
OF_RUN = ("keep", "sampling", "target_error")


def check_overrides(overrides: Any, runs: bool) -> None:
    """Refuse what is no list of words, and words that mean nothing here; `runs`: whether `simulate.run` asks.

    Raises
    ------
    Mistakes
        With every such word.
    """
    if isinstance(overrides, str) or not isinstance(overrides, Sequence):
        raise Mistakes(
            [Mistake("overrides", f"overrides = {shown(overrides)}", "a list is needed: [" + _EXAMPLE + "]")]
        )
    mistakes = []
    for number, word in enumerate(overrides, start=1):
        where = f"override {number}"
        if not isinstance(word, str):
            mistakes.append(Mistake(where, f"{shown(word)} is no word", f"write a text: {_EXAMPLE}"))
            continue
        key = word.partition("=")[0]
        way_out = OF_THE_COMMAND.get(key) or ("only simulate.run takes it" if key in OF_RUN and not runs else "")
        if way_out:
            mistakes.append(Mistake(where, f"'{key}' means nothing to this function", way_out))
    if mistakes:
        raise Mistakes(mistakes)


def words(inputs: Any, mistakes: list[Mistake]) -> list[Word]:
    """The words of {"chip_growth": {"low": 1.2}}; null takes a row or a field out.

    What is no plain data goes into `mistakes`.
    """
    if not isinstance(inputs, Mapping):
        what = f"inputs = {shown(inputs)}"
        mistakes.append(Mistake("inputs", what, 'a mapping is needed, as {"chip_growth": {"value": 1.5}}'))
        return []
    return plain_words(dict(_keys(inputs)), mistakes)


def plain_words(values: Mapping[str, Any], mistakes: list[Mistake]) -> list[Word]:
    """The words of values by their dotted keys; what is no plain data goes into `mistakes`."""
    found = []
    for key, value in values.items():
        try:
            plain = _plain(value, key, DEEPEST)
        except _Unfit as unfit:
            mistakes.append(Mistake(key, *unfit.args))
        else:
            nested = key in grammar.RUN_KEYS and isinstance(plain, list | dict)  # known to be right; not for Hydra
            found.append(Word(key, key, plain, f"{key}={'null' if nested else repr(plain)}"))
    return found


def _keys(inputs: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Fields of rows by their dotted keys; whatever is no mapping of fields by the key of its row."""
    for row, fields in inputs.items():
        if isinstance(fields, Mapping):
            yield from ((f"inputs.{row}.{field}", value) for field, value in fields.items())
        else:
            yield f"inputs.{row}", fields


class _Unfit(Exception):
    """A value that no file could hold: what is wrong, and the way out."""


def _plain(value: Any, key: str, deepest: int) -> Any:
    if deepest < 0:
        raise _Unfit(f"nested deeper than {DEEPEST}", "write plain lists and mappings")
    if hasattr(value, "tolist"):  # NumPy's numbers and arrays
        value = value.tolist()
    if isinstance(value, str):
        return _text(value, key)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        wrong = next((name for name in value if not isinstance(name, str)), None)
        if wrong is not None:
            raise _Unfit(f"{shown(wrong)} cannot be a name in a mapping", "names are texts")
        return {name: _plain(inner, key, deepest - 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, key, deepest - 1) for inner in value]
    raise _Unfit(f"{shown(value)} is no plain value", "numbers, texts, lists and mappings can be given")


def _text(text: str, key: str) -> str:
    longest = grammar.longest_text(key)
    if len(text) > longest:
        raise _Unfit(f"the text has {len(text)} characters", f"at most {longest}")
    if "${" in text:
        raise _Unfit("interpolations (${...}) are not allowed", "write the value out")
    return text
