"""Ctrl-C and SIGTERM where they can do no harm.

Python raises what a signal asks for between any two steps of the main thread: also while that holds a lock for which
other threads wait, or ends them, or writes down what they have counted. So whoever works with threads or processes
holds signals back and says where they may come.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any

PATIENCE = 0.1  # seconds between two looks for a signal
_HELD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Let no signal raise anything within, but where the function that this yields is called, and at the end.

    What comes after the first that was raised is lost: it asks for what is on its way already. Nothing changes for a
    signal that Python does not handle, and outside the main thread, where none is raised.
    """
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], Any]] = {}
    waiting: list[tuple[signal.Signals, FrameType | None]] = []
    raised = False

    def note(number: int, frame: FrameType | None) -> None:
        waiting.append((signal.Signals(number), frame))

    def let_come() -> None:
        nonlocal raised
        if waiting and not raised:
            raised = True
            number, frame = waiting[0]
            handlers[number](number, frame)

    try:
        if threading.current_thread() is threading.main_thread():
            for number in _HELD:
                handler = signal.getsignal(number)
                if callable(handler):
                    handlers[number] = handler
                    signal.signal(number, note)
        yield let_come
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    let_come()


def result(future: Future[Any], let_come: Callable[[], None]) -> Any:
    """Wait for what a thread makes of it; signals that are held back may come meanwhile."""
    while not future.done():
        let_come()
        wait([future], PATIENCE)
    return future.result()


@contextmanager
def blocked() -> Iterator[None]:
    """Make the threads and processes that are started within deaf to Ctrl-C: it reaches all processes of a terminal,
    but workers are ended by the one that started them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
