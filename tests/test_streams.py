"""Streams that fail: no traceback and no defect, the documented exit code, and the place of a result that was kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulate import streams
from simulate.progress import shown


def shell(words: str, where: Path) -> tuple[int, str]:
    """Run `simulate WORDS`, with redirections; gives the exit code and what stood on standard error."""
    line = f'"{sys.executable}" -m simulate {words}'
    environment = os.environ | {"PYTHONPATH": str(Path(streams.__file__).parents[1])}
    done = subprocess.run(["bash", "-c", line], cwd=where, text=True, stderr=subprocess.PIPE, env=environment)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--help >/dev/full", 4, "error: standard output: No space left on device\n"),
        ("--version >&-", 4, "error: standard output: is closed\n"),
        ("--help >/dev/full 2>/dev/full", 4, ""),
        ("study=list >/dev/full", 4, "error: standard output: No space left on device\n"),
        ("study=list >&-", 4, "error: standard output: is closed\n"),
        ("draws=abc 2>/dev/full", 2, ""),
        ("draws=abc >&- 2>&- <&-", 2, ""),
    ],
)
def test_a_stream_that_fails_is_no_defect(words: str, code: int, said: str, tmp_path: Path) -> None:
    assert shell(words, tmp_path) == (code, said)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_gone_is_no_mistake(tmp_path: Path) -> None:
    assert shell("--help | true; exit ${PIPESTATUS[0]}", tmp_path) == (141, "")


@pytest.mark.parametrize(("to", "reason"), [(">/dev/full", "No space left on device"), (">&-", "is closed")])
def test_a_result_that_cannot_be_told_is_kept(to: str, reason: str, tmp_path: Path) -> None:
    words = "assumptions=sevilla_2024 thresholds=anchors draws=1000 output=mine"
    said = f"error: standard output: {reason}; the result is kept in outputs/mine\n"
    assert shell(f"{words} {to}", tmp_path) == (4, said)
    assert (tmp_path / "outputs/mine/manifest.json").is_file()


def test_jobs_of_a_sweep_that_cannot_tell_their_answer_are_no_defects(tmp_path: Path) -> None:
    code, said = shell("-m assumptions=sevilla_2024 draws=1000 seed=1,2 >/dev/full", tmp_path)
    last = said.splitlines()[-1]
    assert (code, "defect" in said, "Traceback" in said) == (4, False, False), said
    assert last.startswith("error: standard output: No space left on device; the result is kept in outputs/sweep-")


def test_a_run_goes_on_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with shown("set", 1.0) as advance:
        advance(1.0)
    streams.complain("nobody hears it")
