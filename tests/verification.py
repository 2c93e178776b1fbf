"""The page of verification: what is promised, what the tests measured of it, and which tests hold it.

    pytest --verification measured.jsonl             any part of the suite, ordinary or long, as often as wanted
    python tests/verification.py measured.jsonl      writes docs/verification.md

`promises.yaml` says what is promised and where it is tested. A row without tests says so.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
LEFT_OUT = "left out"
PAGE = ROOT / "docs" / "verification.md"


class Row(NamedTuple):
    """A promise: what holds, the tests of it, and what they leave open."""

    id: str
    what: str
    tests: tuple[str, ...] = ()
    open: str = ""


def promises() -> dict[str, list[Row]]:
    """The rows of every group."""
    groups = yaml.safe_load((Path(__file__).with_name("promises.yaml")).read_text("utf-8"))
    return {
        title: [Row(id, row["what"], tuple(row.get("tests", ())), row.get("open", "")) for id, row in rows.items()]
        for title, rows in groups.items()
    }


GROUPS = promises()
ROWS = [row for rows in GROUPS.values() for row in rows]


class Ended(NamedTuple):
    """The last outcome of every test, and what it measured then."""

    outcomes: dict[str, str]
    measured: dict[str, list[dict[str, Any]]]


def read(paths: Iterable[Path]) -> Ended:
    """The lines of all files, the later ones in place of earlier ones of the same test."""
    outcomes: dict[str, str] = {}
    measured: dict[str, list[dict[str, Any]]] = {}
    waiting: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            told = json.loads(line)
            if "measured" in told:
                waiting.setdefault(told["test"], []).append(told["measured"])
            elif told["ended"] == LEFT_OUT:
                outcomes.setdefault(told["test"], LEFT_OUT)
            else:
                outcomes[told["test"]] = told["ended"]
                measured[told["test"]] = waiting.pop(told["test"], [])
    return Ended(outcomes, measured)


def of(row: Row, tests: Iterable[str]) -> list[str]:
    """Those of the tests (`test_file.py::test_name[id]`) that hold a row."""
    return [test for test in tests if any(_held(test, named) for named in row.tests)]


def _held(test: str, named: str) -> bool:
    file, _, name = test.partition("::")
    wanted_file, _, wanted = named.partition("::")
    return file == f"test_{wanted_file}.py" and (not wanted or name.partition("[")[0] == f"test_{wanted}")


def verdict(row: Row, ended: Ended) -> str:
    """Whether what is promised was seen: "no test", "not run", "missed", "passed", or "passed in part"."""
    if not row.tests:
        return "no test"
    here = of(row, ended.outcomes)
    states = [ended.outcomes[test] for test in here]
    if "failed" in states or any(not one["met"] for one in numbers(row, ended)):
        return "missed"
    if "passed" not in states:
        return "not run"
    every = set(states) == {"passed"} and all(any(_held(test, named) for test in here) for named in row.tests)
    return "passed" if every and not row.open else "passed in part"


def numbers(row: Row, ended: Ended) -> list[dict[str, Any]]:
    """What was measured for a row, with equal names as one line: how many, and the farthest."""
    found: dict[str, dict[str, Any]] = {}
    for lines in ended.measured.values():
        for one in lines:
            if one["row"] == row.id:
                before = found.get(one["what"])
                found[one["what"]] = one | {"times": 1} if before is None else _together(before, one)
    return list(found.values())


def _together(before: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    farther = one if (one["z"] or 0) > (before["z"] or 0) else before
    told = dict(farther)
    if one["z"] is None and one["number"] != before["number"]:
        told["number"] = f"{before['number']}; {one['number']}"
    return told | {"times": before["times"] + 1, "met": before["met"] and one["met"]}


def page(ended: Ended) -> str:
    """The page."""
    return "\n".join([*_head(), *_tables(ended), *_all_numbers(ended)]) + "\n"


def _head() -> Iterator[str]:
    yield "# Verification\n"
    yield "Written by `python tests/verification.py FILE` from what `pytest --verification=FILE` has measured. What is"
    yield "promised, and which tests hold it, stands in `tests/promises.yaml`.\n"
    yield "`passed`: every test named ran and passed. `in part`: the tests hold less than what is promised, as the note"
    yield "says, or some of them were not run. `missed`: a test failed, or a number is not reached. Statistical limits"
    yield "are such that a right program exceeds them in one run of a million; z is a distance in standard errors.\n"
    yield from (f"- {line}" for line in surroundings())
    yield ""


def surroundings() -> Iterator[str]:
    """Date, machine and versions."""
    from simulate import __version__
    from simulate.sources import source_hash

    yield f"{datetime.date.today():%d %B %Y}, version {__version__}, sources {source_hash()[:16]}"
    system = f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}"
    yield f"{_processor()}, {os.cpu_count()} cores, {system}"
    packages = ("numpy", "numba", "scipy", "xarray", "hydra-core", "netCDF4", "matplotlib")
    told = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    yield f"Python {platform.python_version()}, {told}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def _tables(ended: Ended) -> Iterator[str]:
    for title, rows in GROUPS.items():
        yield f"## {title}\n"
        yield "| | what is promised | result | checks | held by |"
        yield "|---|---|---|---|---|"
        for row in rows:
            here = [ended.outcomes[test] for test in of(row, ended.outcomes)]
            checks = f"{here.count('passed')} of {len(here)} passed" if here else ""
            told = verdict(row, ended) + (f": {row.open}" if row.open else "")
            yield f"| {row.id} | {row.what} | {told} | {checks} | {', '.join(_named(row.tests))} |"
        yield ""


def _named(tests: Sequence[str]) -> list[str]:
    """Names of tests as they are found: `file`, or `file`: names."""
    files: dict[str, list[str]] = {}
    for named in tests:
        file, _, name = named.partition("::")
        files.setdefault(file, []).append(name.replace("_", " "))
    told = [(f"`test_{file}.py`", "; ".join(filter(None, names))) for file, names in files.items()]
    return [f"{file} ({names})" if names else file for file, names in told]


def _all_numbers(ended: Ended) -> Iterator[str]:
    yield "## Numbers\n"
    yield "| | what was measured | number | z | limit | |"
    yield "|---|---|---|---|---|---|"
    for row in ROWS:
        for one in numbers(row, ended):
            times = f" ({one['times']} times)" if one["times"] > 1 else ""
            z = "" if one["z"] is None else f"{one['z']:.2f}"
            limit = f"{one['limit']:.2f}" if isinstance(one["limit"], float) and one["z"] is not None else one["limit"]
            met = "" if one["met"] else "missed"
            cells = (row.id, f"{one['what']}{times}", one["number"], z, limit, met)
            yield f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(read(map(Path, sys.argv[1:]))), encoding="utf-8")
