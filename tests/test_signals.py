"""Signals: held back where they would do harm, and raised where they may come."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import simulate
from test_resume import WORDS, digest, here, whole

from simulate import checkpoint, progress, signals
from simulate.engines import local

__all__ = ["here"]
GRID = ["study=grid", "grid.trend_growth=[0.5,0.6,0.7,0.8,0.9,1.0]"]


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):  # Python hears of it between two of these
        pass


def test_a_signal_waits_until_it_may_come_and_those_after_it_are_lost() -> None:
    before = signal.getsignal(signal.SIGINT)
    with signals.held_back() as let_come:
        let_come()
        ctrl_c()
        ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            let_come()
        ctrl_c()
        let_come()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_comes_at_the_end_at_the_latest() -> None:
    steps = []

    def interrupted() -> None:
        with signals.held_back():
            ctrl_c()
            steps.append("within")
        steps.append("after")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert steps == ["within"]


def test_another_error_is_not_hidden_by_a_signal() -> None:
    def failing() -> None:
        with signals.held_back():
            ctrl_c()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        failing()


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals.held_back() as let_come:
            ctrl_c()
            let_come()
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_hold_nothing_back() -> None:
    def within() -> Any:
        with signals.held_back():
            return signal.getsignal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(within).result() is before


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ctrl-C once 30,000 draws are done."""
    done, sent = [0], list[bool]()

    @contextmanager
    def shown(what: str, total: float) -> Iterator[Callable[[float], None]]:
        def advance(draws: float) -> None:
            done[0] += int(draws)
            if done[0] >= 30_000 and not sent:
                sent.append(True)
                ctrl_c()

        yield advance

    monkeypatch.setattr(signals, "PATIENCE", 0.001)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "shown", shown)
        yield
    assert sent


def test_a_second_signal_leaves_the_counts_whole(here: Path, first: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while threads end their tasks: nothing may be written down before they have."""
    words = [WORDS[0], "draws=400000", "assumptions=both", "output=mine", "threads=2"]
    again, at_work = [], []

    class Pool(ThreadPoolExecutor):
        def shutdown(self, *how: Any, **more: Any) -> None:
            again.append(True)
            ctrl_c()
            super().shutdown(*how, **more)

    def save(run: local.Run, to: Any, save: Any = local.Run.save) -> None:
        at_work.append(run.busy)
        save(run, to)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "EVERY", 1e9)  # so that threads are always at work
        patch.setattr(checkpoint.CheckpointFile, "worthwhile", lambda own: True)
        patch.setattr(local, "ThreadPoolExecutor", Pool)
        patch.setattr(local.Run, "save", save)
        outcome = simulate(*words)
    assert again
    assert not any(at_work)
    assert outcome.code == 130
    assert re.search(r"interrupted; [\d.]+ % of the work is kept in ", outcome.err), outcome.err
    assert digest(simulate(*words, "resume=true")) == whole("both", draws=400_000)


@pytest.mark.parametrize("study", [[], GRID])
def test_no_signal_is_raised_in_the_middle_of_taking_a_lock(
    study: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock would stay taken, and whoever waits for it would wait for ever."""
    hearing, sent, raised = threading.get_ident(), list[bool](), list[bool]()

    def enter(lock: threading.Condition, enter: Any = threading.Condition.__enter__) -> Any:
        found = enter(lock)
        if threading.get_ident() == hearing and not sent:
            sent.append(True)
            try:
                ctrl_c()
            except BaseException:
                raised.append(True)
                lock.__exit__(None, None, None)
                raise
        return found

    words = [*WORDS, "assumptions=plain", "output=mine", *study]
    with monkeypatch.context() as patch:
        patch.setattr(threading.Condition, "__enter__", enter)
        assert simulate(*words).code == 130
    assert sent
    assert not raised
    outcome = simulate(*words, "resume=true")
    assert outcome.code == 0
    assert study or digest(outcome) == whole("plain")
