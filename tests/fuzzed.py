"""Broken and extreme sets and words: what a user, a bad copy or an attacker may give, by number.

`file_text(17)` and `words(17)` are the same in every run and on every machine. Both start from something right and
make one to three changes of the kinds that happen: a typing error of one letter, a line lost, doubled, moved or
indented otherwise, a value of another type or size, a name of another section, foreign signs, deep nesting.
"""

from __future__ import annotations

import importlib.resources
import math
import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml
from random_sets import assumption_set, mixed_set

from simulate import grammar, units
from simulate.distributions import FAMILIES
from simulate.laws import LAWS, LIMITS

HEADER = "# @package _global_\n"
LONGEST = 5000
"""Characters of a random set: reading takes most of the time of a case."""
#: Values that stand where another one is expected.
VALUES = (
    "", "0", "-0.0", "1", "-1", "2", "0.5", "50", "1e308", "-1e308", "1e309", "1e-308", "5e-324", "1e-400", ".nan",
    "nan", ".inf", "-.inf", "inf", "1e15", "1e16", "9007199254740993", "18446744073709551616", "1_000", "1,5", "0x10",
    "010", "1:30", "1e400", "null", "~", "true", "NO", "'1'", "'x'", '"', "[]", "{}", "[1, 2]", "[[0.1, 1], [0.9, 2]]",
    "[[0.1, 1], [0.1, 2]]", "[[[]]]", "{a: 1}", "{value: 1}", "{1: 2}", "{null: 1}", "2026", "2026.5", "1900", "99999",
    "-2026", "10 %", "30%", "x2", "é", "日本語", "🚀", "\u202e", "\u00a0", "\ufeff", "???", "*a", "&a 1", "!x y",
    "!!python/object/apply:os.mkdir [canary]", "{_target_: os.mkdir, path: canary}", "${oc.env:HOME}", "${title}",
    "<<", "@", "`", "%", "|", ">", "#", "[" * 40 + "]" * 40, "{a: " * 40 + "1" + "}" * 40, "a" * 300, "- 1", "a: b: c",
)  # fmt: skip
FORMULAS = (
    "1/0", "0/0", "log(0)", "log(-1)", "sqrt(-1)", "exp(1e308)", "10**400", "(-8)**(1/3)", "1e308*10", "year", "x",
    "previous(x, 1)", "previous(year, 1e308)", "((((((((1))))))))", "(" * 200 + "1" + ")" * 200, "1 +", "1 2", ")",
    "max()", "max(1)", "a.b", "__import__('os')", "1 if 2 else 3", "lambda: 1", "[1]", "1; 2", "é", "1e", "()",
    "-" * 300 + "1", "1<2<3", "not 1", "1 and 2", "10**10**10**10", "log10(training_compute)", "1_0", "0x1",
)  # fmt: skip
SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789_.:-+*/ %'\"[]{},#&!|>@`$~=\\é日\t\x00\x1b\u2028"


@cache
def unit_names() -> tuple[str, ...]:
    """Spellings of units that some rows may have."""
    kernel = ("log10 FLOP", "OOM/yr", "year", "1", "log10 USD2023", "log10 W", "1/yr")
    return tuple(dict.fromkeys(unit for name in kernel for unit in units.accepted(name)))


@cache
def shipped() -> tuple[str, ...]:
    """The texts of those shipped sets that are read quickly, without their own names."""
    folder = Path(str(importlib.resources.files("simulate.conf"))) / "assumptions"
    texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))]
    return tuple(re.sub(r"^name: .*\n", "", text, flags=re.MULTILINE) for text in texts if text.count("\n") < 130)


def right_text(pick: Random) -> str:
    """The text of a set that is valid."""
    while True:
        if pick.random() < 0.3:
            return pick.choice(shipped())
        settings = mixed_set(pick.randrange(1000)) if pick.random() < 0.5 else assumption_set(pick.randrange(1000))
        plain = {key: value for key, value in settings.items() if key in grammar.SET_KEYS and key != "name"}
        dumped: str = yaml.dump(plain, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
        if len(dumped) < LONGEST:
            return HEADER + dumped


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes equal lists twice: a set may hold no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def value(pick: Random) -> str:
    """Any value."""
    kind = pick.randrange(6)
    if kind == 0:
        return f"{pick.choice((-1, 1)) * pick.random() * 10 ** pick.randint(-320, 307):.{pick.randint(1, 17)}g}"
    if kind == 1:
        return pick.choice((*FAMILIES, *LAWS, *LIMITS, *grammar.ROW_FIELDS, *grammar.SET_KEYS))
    if kind == 2:
        return pick.choice(unit_names())
    if kind == 3:
        return pick.choice(FORMULAS)
    return pick.choice(VALUES)


def mistyped(pick: Random, word: str) -> str:
    """One letter lost, doubled, exchanged with the next, or another one."""
    place = pick.randrange(max(1, len(word)))
    before, letter, after = word[:place], word[place : place + 1], word[place + 1 :]
    return pick.choice((before + after, before + letter * 2 + after, before + after[:1] + letter + after[1:],
                        before + pick.choice(SIGNS) + after, before + letter.swapcase() + after))  # fmt: skip


def changed(pick: Random, text: str) -> str:
    """The text of a file with one change."""
    lines = text.split("\n")
    if len(lines) < 2:  # an earlier change has cut it short
        return mistyped(pick, text)
    place, other = pick.randrange(1, len(lines)), pick.randrange(1, len(lines))
    key, colon, _ = lines[place].partition(":")
    kind = pick.randrange(11)
    if kind <= 3 and colon:
        lines[place] = f"{key}: {value(pick)}"
    elif kind == 4:
        lines[place] = mistyped(pick, lines[place])
    elif kind == 5:
        del lines[place]
    elif kind == 6:
        lines.insert(other, lines[place])
    elif kind == 7:
        lines[place], lines[other] = lines[other], lines[place]
    elif kind == 8:
        lines[place] = " " * pick.randrange(7) + lines[place].lstrip()
    elif kind == 9:
        indent = re.match(r" *", lines[place])
        name = pick.choice((*grammar.SET_KEYS, *grammar.ROW_FIELDS, *grammar.RUN_KEYS, "hydra", "defaults"))
        lines.insert(place, f"{indent[0] if indent else ''}{name}: {value(pick)}")
    else:
        return text[: pick.randrange(len(text))] if pick.random() < 0.3 else mistyped(pick, text)
    return "\n".join(lines)


def file_text(number: int) -> str:
    """The text of a file, with one to three changes."""
    pick = Random(f"file {number}")
    text = right_text(pick)
    for _ in range(pick.randint(1, 3)):
        text = changed(pick, text)
    return text


#: Words that are right for `three_eras_2022`, each by itself.
RIGHT = (
    "draws=1e4", "seed=3", "threads=2", "keep=draws", "sampling=sobol", "target_error=0.01", "output=mine",
    "resume=true", "start=1960", "horizon=2040", "step=0.5", "title=mine", "thresholds=[anchors]", "overwrite=false",
    "thresholds=standard", "inputs.trend_growth.low=16", "inputs.trend_growth.value=0.3", "sharpness=8",
    "inputs.trend_growth_after={dist: normal, mean: 0.3, sd: 0.1, unit: OOM/yr}", "drivers.trend.limit=none",
    "inputs.trend_start={quantiles: [[0.1, 4.4], [0.5, 4.5], [0.9, 4.6]], unit: log10 FLOP}",
    "inputs.trend_slowdown.value=9",
    "inputs.trend_start={dist: mixture, parts: [{weight: 0.5, value: 1}, {weight: 0.5, value: 2}], unit: FLOP}",
    "correlations=[[trend_growth,trend_growth_after,0.5]]", "thresholds.us_reporting.value=1e27",
    "thresholds.us_reporting={value: 26, unit: log10 FLOP}", "hydra.run.dir=here", "drivers.trend={law: exponential}",
)  # fmt: skip
#: Words that are right together.
STUDIES = (
    ("study=sensitivity", "year=2015", "draws=4000"), ("study=explain", "draw=3"), ("study=list",),
    ("study=grid", "grid.trend_growth=[18,19]"), ("study=structures", "law_of=trend", "laws=[exponential,two-regime]"),
    ("study=compare", "sets=[cotra_2022,epoch_trend_2024]"), ("study=show", "inputs=trend_growth"), ("study=validate",),
    ("study=attribution", "sets=[cotra_2022,epoch_trend_2024]"), ("study=replicate", "sets=[longest_run_2022]"),
)  # fmt: skip


def words(number: int) -> list[str]:
    """Some words of the command line, of which one or two are changed."""
    pick = Random(f"words {number}")
    found = [*pick.sample(RIGHT, pick.randint(1, 3)), *(pick.choice(STUDIES) if pick.random() < 0.2 else ())]
    for place in {pick.randrange(len(found)) for _ in range(pick.choice((1, 1, 1, 2)))}:
        key, _, said = found[place].partition("=")
        kind = pick.randrange(8)
        if kind <= 2:
            found[place] = f"{key}={value(pick)}"
        elif kind == 3:
            found[place] = mistyped(pick, found[place])
        elif kind == 4:
            found[place] = f"{mistyped(pick, key)}={said}"
        elif kind == 5:
            found[place] = f"{pick.choice((*grammar.SET_KEYS, *grammar.RUN_KEYS))}.{key.rpartition('.')[2]}={said}"
        elif kind == 6:
            found.append(found[place])
        else:
            found[place] = f"{key}.{pick.choice((*grammar.ROW_FIELDS, 'law', 'a', '0'))}={value(pick)}"
    return found


def extreme(number: int) -> dict[str, Any]:
    """A random set with some numbers far from any sane ones."""
    pick = Random(f"extreme {number}")
    settings: dict[str, Any] = assumption_set(number)
    rows = [row for section in ("inputs", "thresholds") for row in settings[section].values()]
    for row in pick.sample(rows, min(len(rows), pick.randint(1, 3))):
        if "value" in row or pick.random() < 0.3:
            for field in ("dist", "low", "mid", "mode", "high", "interval", "mean", "sd", "median", "sd_ln",
                          "quantiles", "parts", "min", "max", "formula"):  # fmt: skip
                row.pop(field, None)
            row["value"] = far(pick)
            row.pop("each", None)
        for field in ("low", "high", "mean", "sd", "median", "sd_ln", "min", "max"):
            if field in row and pick.random() < 0.4:
                row[field] = math.copysign(far(pick), row[field])
        if pick.random() < 0.5:
            row.pop("min", None)
            row.pop("max", None)
    return settings


def far(pick: Random) -> float:
    """A number of any size."""
    return pick.choice((0.0, 1.0, 5e-324, 1e308, 10 ** pick.uniform(-300, 300), 10 ** pick.uniform(-6, 6)))
