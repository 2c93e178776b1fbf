"""The page of verification names tests that exist, and says of each promise what was seen and no more."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import verification
from verification import ROOT, ROWS, Ended, Row

HERE = Path(__file__).parent


def test_every_test_that_is_named_exists() -> None:
    there = {
        f"{path.name}::{node.name}"
        for path in HERE.glob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    for row in ROWS:
        for named in row.tests:
            assert verification.of(Row("", "", (named,)), there), f"{row.id}: {named}"


def test_every_row_is_there_once_and_in_its_group() -> None:
    last = {"A": 7, "B": 12, "S": 14, "U": 4, "C": 16, "I": 9, "X": 12}
    assert [row.id for row in ROWS] == [f"{letter}{k + 1}" for letter, many in last.items() for k in range(many)]
    assert [{row.id[0] for row in rows} for rows in verification.GROUPS.values()] == [{letter} for letter in last]


ONE, TWO = "test_sampling.py::test_one[a]", "test_sampling.py::test_two"


def seen(row: Row, met: bool = True, **outcomes: str) -> str:
    ended = {{"one": ONE, "two": TWO}[name]: state for name, state in outcomes.items()}
    measured = {ONE: [{"row": "A1", "what": "a", "number": 1, "limit": 1, "z": None, "met": met}]}
    return verification.verdict(row, Ended(ended, measured))


def test_a_verdict_says_no_more_than_was_seen() -> None:
    both = Row("A1", "", ("sampling::one", "sampling::two"))
    assert seen(Row("A1", "")) == "no test"
    assert seen(both) == "not run"
    assert seen(both, one="passed") == "passed in part"
    assert seen(both, one="passed", two="passed") == "passed"
    assert seen(both, one="passed", two="skipped") == "passed in part"
    assert seen(both, one="passed", two="left out") == "passed in part"
    assert seen(both, one="left out", two="left out") == "not run"
    assert seen(both, one="passed", two="failed") == "missed"
    assert seen(both, False, one="passed", two="passed") == "missed"
    assert seen(both._replace(open="half of it"), one="passed", two="passed") == "passed in part"
    assert seen(Row("A1", "", ("sampling",)), two="failed") == "missed"


def test_what_tests_measure_is_written_down_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((HERE / "conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "test_sampling.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('z', [1.5, 3.25])\n"
        "def test_known_answers_in_compiled_code(z, verified):\n"
        "    verified('A1', 'farthest of | them', '', 6.47, z)\n"
        "def test_wrong():\n    assert False\n"
        "def test_longer():\n    pass\n",
        "utf-8",
    )
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--verification",
        "told",
        str(tmp_path),
        "-k",
        "not longer",
    ]
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    ended = verification.read([tmp_path / "told"] * 2)  # later words of a test take the place of its earlier ones
    assert sorted(ended.outcomes.values()) == ["failed", "left out", "passed", "passed"]
    (number,) = verification.numbers(ROWS[0], ended)
    assert (number["times"], number["z"]) == (2, 3.25)
    text = verification.page(ended)
    assert "| A1 | farthest of / them (2 times) |  | 3.25 | 6.47 |  |" in text
    assert "2 of 2 passed" in text


def test_the_page_has_every_row() -> None:
    text = (ROOT / "docs" / "verification.md").read_text("utf-8")
    for row in ROWS:
        assert f"| {row.id} | {row.what} | " in text, "run `python tests/verification.py FILE`"
