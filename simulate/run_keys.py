"""The keys of a run: what each may hold, and what is said of a value that it cannot.

To add a key: a field of `config.Run`, its default in `conf/config.yaml`, its check here, and, where only some studies
read it, these studies in `READ_BY`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from simulate.engines import choice
from simulate.errors import Mistake, did_you_mean, shown

MOST_DRAWS = 10**12
LARGEST_SEED = 2**64 - 1
MOST_THREADS = 256
EXACT_FLOAT = 2**53
OUTPUT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}")
# Names that Windows keeps for devices: a folder of results must be able to move between machines.
DEVICE_NAME = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")

RANDOM, SOBOL = "random", "sobol"

#: Words that only these studies read; to any other they would be lost without a sound.
READ_BY: Mapping[str, tuple[str, ...]] = {
    "sampling": ("forecast", "validate"),
    "target_error": ("forecast", "validate"),
    "keep": ("forecast", "validate"),
    "kept": ("forecast", "validate"),
    "threshold": ("sensitivity", "explain"),
    "year": ("sensitivity", "explain"),
    "groups": ("sensitivity", "attribution"),
    "at": ("attribution",),
    "draw": ("explain",),
    "grid": ("grid",),
    "grid_by": ("grid",),
    "grid_year": ("grid",),
    "grid_threshold": ("grid",),
    "resume": ("forecast", "grid", "compare", "attribution", "sensitivity", "structures", "validate"),
    "law_of": ("structures",),
    "laws": ("structures",),
    "law_weights": ("structures",),
}


class Refusal(Exception):
    """A value that a key cannot have: what is wrong, and the way out."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(what)
        self.what, self.way_out = what, way_out


def check_run(settings: dict[str, Any], where: Callable[[str], str]) -> list[Mistake]:
    """Check the run keys in `settings`, writing the checked values (1e6 draws as 1000000) back into it."""
    mistakes = []
    for key, check in CHECKS.items():
        try:
            settings[key] = check(settings.get(key))
        except Refusal as refusal:
            mistakes.append(Mistake(where(key), f"{key} = {shown(settings.get(key))}: {refusal.what}", refusal.way_out))
    folder = settings.get("folder")
    if folder is not None and not (folder.strip() and folder.isprintable()):
        mistakes.append(Mistake(where("hydra.run.dir"), f"{shown(folder)} is no folder", "write hydra.run.dir=FOLDER"))
    if folder is not None and settings["output"] is not None:
        mistakes.append(
            Mistake(where("hydra.run.dir"), "output and hydra.run.dir both name the folder", "give one of them")
        )
    mistakes.extend(choice.check(settings["engine"], settings["threads"], where))
    if settings["keep"] == "draws" and settings["target_error"] is not None:
        what = "draws that are kept cannot be taken again with more of them"
        mistakes.append(Mistake(where("target_error"), what, "give their number, draws=1e7"))
    if settings["kept"] is not None and settings["keep"] is None:
        mistakes.append(Mistake(where("kept"), "'kept' names what keep=draws keeps", "add keep=draws"))
    return mistakes


def whole(value: Any, low: int, high: int, advice: str = "") -> int:
    """`value` as an int within [low, high]; 1e6, 1.0 and 1_000_000 are whole numbers, True and 1.5 are not."""
    allowed = f"allowed: {low} to {high}" + advice
    if isinstance(value, str):
        value = _number_in(value, allowed)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal("a whole number is needed", allowed)
    if isinstance(value, float):
        if not value.is_integer():  # inf and nan are no integers either
            raise Refusal("a whole number is needed", allowed)
        if abs(value) > EXACT_FLOAT and value <= high:
            raise Refusal("is too large to be exact in this spelling", "write out all digits")
        value = int(value)
    if not low <= value <= high:
        raise Refusal(f"must be {low} or more" if value < low else f"must be at most {high}", allowed)
    return int(value)


def _number_in(text: str, allowed: str) -> int | float:
    if re.fullmatch(r"0[xXoObB][0-9a-fA-F]{1,16}", text):
        try:
            raise Refusal("a decimal number is needed", f"write {int(text, 0)}")
        except ValueError:
            raise Refusal("a whole number is needed", allowed) from None
    if re.fullmatch(r"0[0-9_]+", text):
        raise Refusal("a leading zero is ambiguous", f"write {text.replace('_', '').lstrip('0') or 0}")
    if re.fullmatch(r"[0-9_.]+([eE][-+]?[0-9]{1,3})?", text):
        try:
            return float(text) if re.search("[.eE]", text) else int(text)
        except ValueError:
            pass
    raise Refusal("a whole number is needed", allowed)


def _draws(value: Any) -> int:
    return whole(value, 1, MOST_DRAWS, " (10000 or more for quantiles worth reading)")


def _seed(value: Any) -> int:
    return whole(value, 0, LARGEST_SEED)


def _threads(value: Any) -> int | None:
    return (
        None if value is None else whole(value, 1, MOST_THREADS, ", or null for all cores; results do not depend on it")
    )


def _keep(value: Any) -> str | None:
    if value not in (None, "draws"):
        raise Refusal("unknown choice" + did_you_mean(str(value), ["draws"]), "allowed: null, draws")
    return value


def _kept(value: Any) -> list[str] | None:
    if value is not None and not (isinstance(value, list) and value and all(isinstance(name, str) for name in value)):
        raise Refusal("a list of quantities is needed", "write kept=[training_compute,chips]")
    return value


def _sampling(value: Any) -> str:
    if value not in (RANDOM, SOBOL):
        raise Refusal("unknown choice" + did_you_mean(str(value), [RANDOM, SOBOL]), f"allowed: {RANDOM}, {SOBOL}")
    return str(value)


def _target_error(value: Any) -> float | None:
    fits = isinstance(value, float) and 0.0 < value < 0.5
    if value is not None and not fits:
        raise Refusal("a standard error of a probability is needed", "between 0 and 0.5, as target_error=0.001")
    return value


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refusal("true or false is needed", "write true or false")
    return value


def _output(value: Any) -> str | None:
    return None if value is None else folder_name(value)


def folder_name(value: Any) -> str:
    """The name of a folder of results.

    Raises
    ------
    Refusal
        Where it could lead elsewhere, or would be none on another machine.
    """
    text = str(value)
    fits = OUTPUT_NAME.fullmatch(text) and not text.endswith(".") and not DEVICE_NAME.fullmatch(text)
    if isinstance(value, bool) or not fits:
        way_out = "use letters, digits, '.', '_' and '-', at most 80, no '.' or '-' first; free text belongs in title="
        raise Refusal("cannot be the name of a folder", way_out)
    return text


def _groups(value: Any) -> dict[str, list[str]] | None:
    if value is None:
        return None
    way_out = "write groups={supply: [chip_growth, power_growth]}"
    if not isinstance(value, dict) or not value:
        raise Refusal("a mapping of lists of rows is needed", way_out)
    for name, rows in value.items():
        if not (isinstance(rows, list) and rows and all(isinstance(row, str) for row in rows)):
            raise Refusal(f"group {shown(name)} is no list of rows", way_out)
    return {str(name): rows for name, rows in value.items()}


def _at(value: Any) -> list[float] | None:
    if value is None:
        return None
    years = value if isinstance(value, list) else [value]
    if not years or any(isinstance(year, bool) or not isinstance(year, int | float) for year in years):
        raise Refusal("years are needed", "write at=[2030,2040]")
    return sorted({float(year) for year in years})


def _threshold(value: Any) -> Any:
    names = value if isinstance(value, list) else [value]
    if value is not None and not (names and all(isinstance(name, str) for name in names)):
        raise Refusal("the name of a threshold is needed", "write threshold=NAME or threshold=[NAME,NAME]")
    return value


def _year(value: Any) -> float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Refusal("a year is needed", "write year=2030")
    return None if value is None else float(value)


def _draw(value: Any) -> int | None:
    return None if value is None else whole(value, 0, MOST_DRAWS, "; the first draw is 0")


def _grid_by(value: Any) -> str:
    if value not in ("product", "zip"):
        raise Refusal("unknown choice" + did_you_mean(str(value), ["product", "zip"]), "allowed: product, zip")
    return str(value)


CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "draws": _draws,
    "seed": _seed,
    "threads": _threads,
    "sampling": _sampling,
    "target_error": _target_error,
    "keep": _keep,
    "kept": _kept,
    "output": _output,
    "resume": _yes_or_no,
    "overwrite": _yes_or_no,
    "groups": _groups,
    "at": _at,
    "threshold": _threshold,
    "year": _year,
    "draw": _draw,
    "grid_by": _grid_by,
}


def check_reader(where: str, key: str, study: str) -> Mistake | None:
    """What is wrong with a word that was meant for another study."""
    readers = READ_BY.get(key.split(".")[0], (study,))
    if study in readers:
        return None
    others = [name for name in (*CHECKS, "thresholds") if name != key and study in READ_BY.get(name, (study,))]
    what = f"'{key}' means nothing to study={study}{did_you_mean(key, others)}"
    return Mistake(where, what, f"study={' or study='.join(readers)} reads it; add that, or leave the word out")
