"""The command, run in this process: exit code, what it said, and which files it left behind."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import NamedTuple

from simulate.__main__ import main

HEADER = "# @package _global_\n"
#: A trend of an uncertain start and growth: P(above 30 by t) = Phi(26 + growth * (t - 2026) - 30).
LINE = """
start: 2026
horizon: 2032
drivers: {trend: {law: exponential}}
inputs:
  trend_start: {dist: normal, mean: 26, sd: 1, unit: log10 FLOP}
  trend_growth: {dist: uniform, low: 0.5, high: 1, interval: 1, unit: OOM/yr}
  patience: {value: 2, unit: year}
quantities: {log_of_wait: {formula: log10(patience), unit: OOM}}
thresholds: {level: {value: 30, unit: log10 FLOP}}
"""
#: A trend that is normal at any time, without horizon and thresholds: mean 26 + 0.4 t, variance 1 + (0.1 t)^2.
NORMAL = """
start: 2026
drivers: {trend: {law: exponential}}
inputs:
  trend_start: {dist: normal, mean: 26, sd: 1, unit: log10 FLOP}
  trend_growth: {dist: normal, mean: 0.4, sd: 0.1, unit: OOM/yr}
"""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def simulate(*words: str) -> Outcome:
    """Run `simulate WORDS`."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    return Outcome(code, out.getvalue(), err.getvalue())


def write(folder: Path, name: str, text: str | bytes, group: str = "assumptions") -> Path:
    """Write a set into a user's folder, with the header that every set needs if `text` is without one."""
    path = folder / group / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text, encoding="utf-8", newline="")
    return path


def files(folder: Path) -> set[str]:
    """Every file of a folder, `tables/x.csv` for one further down."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def assert_clean_refusal(outcome: Outcome, cwd: Path) -> None:
    """Bad input: exit code 2, no traceback, nothing that could steer a terminal, nothing written."""
    assert outcome.code == 2, outcome
    assert outcome.err.startswith("error: "), outcome.err
    assert "Traceback" not in outcome.err
    assert "HYDRA_FULL_ERROR" not in outcome.err
    assert all(c.isprintable() or c == "\n" for c in outcome.err + outcome.out), ascii(outcome.err)
    assert list(cwd.iterdir()) == []
