"""One command line from its words to its exit code; the only place where exceptions end.

A mistake of the user is printed line by line, a defect of the program goes to a log file, and in both cases nothing
has been written: everything is composed and checked before a study starts.
"""

from __future__ import annotations

import importlib
import shlex
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from simulate import config, streams
from simulate.engines import choice
from simulate.errors import (
    ClusterError,
    IntegrityError,
    LockedError,
    Mistake,
    Mistakes,
    StorageError,
    did_you_mean,
    shown,
)

STUDIES = {
    "forecast": "simulate.studies.forecast",
    "validate": "simulate.studies.validate",
    "replicate": "simulate.studies.replicate",
    "compare": "simulate.studies.compare",
    "attribution": "simulate.studies.attribution",
    "sensitivity": "simulate.studies.sensitivity",
    "explain": "simulate.studies.explain",
    "grid": "simulate.studies.grid",
    "structures": "simulate.studies.structures",
    "list": "simulate.studies.list",
    "show": "simulate.studies.show",
    "selfcheck": "simulate.studies.selfcheck",
}
OPTIONS = ("-m", "--multirun", "--config-dir", "-h", "--help", "--version")
MOST_SHOWN = 20
DEFECT = 70
INTERRUPTED, TERMINATED = 130, 143


class Asked(NamedTuple):
    """What the words ask for."""

    overrides: list[str]
    config_dir: str | None
    multirun: bool


def run(argv: Sequence[str]) -> int:
    """Do what the words ask for; gives the exit code, and never raises."""
    try:
        with terminable():
            return _dispatch(argv)
    except Mistakes as mistakes:
        say(_few(mistakes))
        return mistakes.exit_code
    except streams.Unwritable as error:
        streams.silence(sys.stdout)
        say(f"error: {error}")
        return error.exit_code
    except (StorageError, IntegrityError, LockedError, ClusterError) as error:
        say(f"error: {error}{_way_on(error, argv)}")
        return error.exit_code
    except KeyboardInterrupt as error:
        say("interrupted" + (_way_on(error, argv) or "; nothing half-written is left"))
        return INTERRUPTED
    except Terminated as error:
        say("terminated" + (_way_on(error, argv) or "; nothing half-written is left"))
        return TERMINATED
    except BrokenPipeError:
        # The reader of our output has gone; give the interpreter nothing to flush into the closed pipe.
        streams.silence(sys.stdout)
        return streams.PIPE_CLOSED
    except BaseException:
        say(f"error: this is a defect of the program, not of your input; details are in {log(argv)}")
        return DEFECT


def study(name: str, settings: dict[str, Any], where: Callable[[str], str]) -> int:
    """Run the study of that name, one of the closed table; gives the exit code, 0 where the study has no other."""
    with choice.chosen(settings):
        return importlib.import_module(STUDIES[name]).run(settings, where) or 0


def read_options(argv: Sequence[str]) -> Asked:
    """Take the options out of the words.

    Raises
    ------
    Mistakes
        For every option that is not known.
    """
    overrides: list[str] = []
    mistakes: list[Mistake] = []
    config_dir: str | None = None
    multirun = False
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word in ("-m", "--multirun"):
            multirun = True
        elif name == "--config-dir":
            given = value if equals else next(words, None)
            if not given:
                mistakes.append(Mistake(name, "needs a folder", "write --config-dir DIR"))
            elif config_dir is not None:
                mistakes.append(Mistake(name, "is given twice", "one folder of your own"))
            else:
                config_dir = given
        elif word.startswith("-"):
            near = did_you_mean(name, OPTIONS)
            way_out = f"write {shown(word.lstrip('-'))[1:-1]}" if equals else f"options: {', '.join(OPTIONS)}"
            mistakes.append(Mistake("command line", f"unknown option {shown(word)}{near}", way_out))
        else:
            overrides.append(word)
    if mistakes:
        raise Mistakes(mistakes)
    return Asked(overrides, config_dir, multirun)


class Terminated(BaseException):
    """SIGTERM: the process is asked to end; not an Exception, so that no study takes it for a failure of its own."""


def _dispatch(argv: Sequence[str]) -> int:
    asked = read_options(argv)
    config.clear_resolvers()
    if asked.multirun:
        from simulate import sweep

        return sweep.run(asked.overrides, asked.config_dir)
    from simulate import compose

    settings, where = compose.settings(None, asked.overrides, asked.config_dir)
    return study(str(settings["study"]), settings, where)


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception while the command runs, where signals can be handled at all."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _way_on(error: BaseException, argv: Sequence[str]) -> str:
    """What the run noted of work that is kept, and the words that go on with it."""
    kept = "; ".join(getattr(error, "__notes__", ()))
    words = [word for word in argv if not word.startswith("resume=")]
    return f"; {kept}\ngo on with: simulate {shlex.join([*words, 'resume=true'])}" if kept else ""


def _few(mistakes: Mistakes) -> str:
    lines = [f"error: {item}" for item in mistakes.items[:MOST_SHOWN]]
    more = len(mistakes.items) - MOST_SHOWN
    return "\n".join([*lines, *([f"... and {more} more"] if more > 0 else [])])


def say(text: str) -> None:
    """Print to standard error, where that takes it; nothing of the input can steer the terminal."""
    safe = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    streams.complain(safe)


def log(argv: Sequence[str]) -> str:
    """Write the traceback to a new file in the temporary folder, readable by its owner alone; gives its path."""
    text = f"words: {[shown(word) for word in argv]}\n\n{traceback.format_exc()}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="simulate-", suffix=".log", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError as error:
        return f"no file ({error.strerror or error}), but here:\n{text}"
    return str(Path(file.name))
