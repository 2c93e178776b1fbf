"""What the tests measure, written down for the page of verification: `pytest --verification=FILE`.

A test says what it has measured by the fixture `verified`; that each test was run or left out, and how it ended, is
written without a word of its own. The file holds a JSON object a line; `verification.py` makes a page of it. Lines are
added, so several runs (ordinary and long) make one page.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest

# The same examples on every machine, however slow it is: no test times, and none passes by luck.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("project")


class Verified(Protocol):
    """`verified(row, what, number, limit, z, met)` notes what a test has measured for a row of the table."""

    def __call__(
        self, row: str, what: str, number: object, limit: object = "", z: float | None = None, met: bool = True
    ) -> None:
        """Note it, where that was asked for; `met` says whether the number that the table asks for is reached, where
        the test holds less.
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--verification", metavar="FILE", help="add what the tests measure to FILE, a JSON object a line")


def pytest_configure() -> None:
    """Hear Ctrl-C also where the tests were started in the background of a shell, which has children ignore it: tests
    of interruptions would wait for ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _note(config: pytest.Config, line: dict[str, Any]) -> None:
    path = config.getoption("--verification")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")


@pytest.fixture
def verified(request: pytest.FixtureRequest) -> Verified:
    """Note a measured number."""

    def note(row: str, what: str, number: object, limit: object = "", z: float | None = None, met: bool = True) -> None:
        line = {"row": row, "what": what, "number": number, "limit": limit, "z": z, "met": bool(met)}
        _note(request.config, {"measured": line, "test": _name(request.node)})

    return note


def _name(item: pytest.Item) -> str:
    return f"{item.path.name}::{item.name}"


def pytest_deselected(items: Iterable[pytest.Item]) -> None:
    """Note the tests that were left out, so that nobody takes them for passed."""
    for item in items:
        _note(item.config, {"ended": "left out", "test": _name(item)})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note how a test ended."""
    report = yield
    if report.when == "call" or report.outcome != "passed":  # type: ignore[attr-defined]
        _note(item.config, {"ended": report.outcome, "test": _name(item), "seconds": round(report.duration, 2)})  # type: ignore[attr-defined]
    return report
