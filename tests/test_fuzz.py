"""Thousands of broken sets and words: each is accepted or refused with a reason, soon, and nothing is written."""

from __future__ import annotations

import copy
import signal
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import fuzzed
import numpy as np
import pytest
from command_line import simulate, write
from conftest import Verified
from random_sets import assumption_set

from simulate import assumptions, compose, dataset, forecast
from simulate import words as command_words
from simulate.errors import Mistake, Mistakes
from simulate.library import Library

FILES, WORDS = 200, 1800  # in the ordinary run
MANY = 50_000  # of each in the long one,
PARTS = 4  # which can be shared among workers
SLOWEST = 5.0  # seconds of the processor
SET = "three_eras_2022"


@pytest.fixture
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path / "cwd"


@contextmanager
def in_time() -> Iterator[None]:
    """Fail whatever takes longer than `SLOWEST`; time in which others have the processor does not count."""

    def late(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"takes longer than {SLOWEST} s")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SLOWEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def checked(library: Library, words: list[str]) -> None:
    """What `compose.settings` and a study do before they run, with files that are read once for all cases, and without
    Hydra's second look, which takes most of the time.
    """
    mistakes: list[Mistake] = []
    job = [sweep.single for sweep in command_words.read(words, mistakes)]
    composed = compose.compose(library, job, mistakes, by_hydra=False)
    if mistakes:
        raise Mistakes([*mistakes, *compose.rows_mistakes(composed, mistakes)])
    if composed.settings["study"] not in ("compare", "attribution", "replicate"):
        assumptions.build(composed.settings, composed.where)


def judged(library: Library, words: list[str]) -> str:
    """ "accepted" or "refused", which needs mistakes that say where they stand and what they are."""
    try:
        with in_time():
            checked(library, words)
    except Mistakes as found:
        return "refused" if found.items and all(item.where and item.what for item in found.items) else "without a word"
    return "accepted"


class Broken:
    """Cases that ended in an error, one for each place in the code, so that a long run tells all that it found."""

    def __init__(self) -> None:
        self.by_place: dict[str, str] = {}

    def add(self, case: str, error: Exception) -> None:
        *_, last = traceback.walk_tb(error.__traceback__)
        place = f"{last[0].f_code.co_filename}:{last[1]}: {error!r}"
        self.by_place.setdefault(place, case)

    def check(self) -> None:
        assert not self.by_place, "\n\n".join(f"{place}\n{case}" for place, case in self.by_place.items())


def fuzz_files(numbers: range, folder: Path) -> Counter[str]:
    shared, found, broken = Library(), Counter[str](), Broken()
    checked(shared, [])
    for number in numbers:
        file = write(folder, "mine.yaml", fuzzed.file_text(number).encode("utf-8"))
        try:
            mistakes: list[Mistake] = []
            with in_time():
                library = Library(folder, mistakes)
            library.read.update(shared.read)
            library.run_defaults = shared.run_defaults
            if mistakes:
                assert all(item.where and item.what for item in mistakes)
                found["refused"] += 1
            else:
                found[judged(library, ["assumptions=mine"])] += 1
            shared.read.update({place: source for place, source in library.read.items() if place not in library.own})
        except Exception as error:
            broken.add(f"file {number}:\n{file.read_text('utf-8')}", error)
    broken.check()
    return found


def fuzz_words(numbers: range) -> Counter[str]:
    library, found, broken = Library(), Counter[str](), Broken()
    for number in numbers:
        words = fuzzed.words(number)
        try:
            found[judged(library, [f"assumptions={SET}", *words])] += 1
        except Exception as error:
            broken.add(f"words {number}: {words}", error)
    broken.check()
    return found


def test_files_are_accepted_or_refused(cwd: Path, tmp_path: Path, verified: Verified) -> None:
    found = fuzz_files(range(FILES), tmp_path / "own")
    verified("I2", "fuzzed files that are neither accepted nor refused", f"0 of {FILES:,}", 0)
    assert list(cwd.iterdir()) == []
    assert found["accepted"] + found["refused"] == FILES
    assert min(found.values()) > FILES / 20, found


def test_words_are_accepted_or_refused(cwd: Path, verified: Verified) -> None:
    found = fuzz_words(range(WORDS))
    verified("I2", "fuzzed command lines that are neither accepted nor refused", f"0 of {WORDS:,}", 0)
    assert list(cwd.iterdir()) == []
    assert found["accepted"] + found["refused"] == WORDS
    assert min(found.values()) > WORDS / 20, found


def part_of_many(first: int, part: int) -> range:
    """The numbers from `first` up to `MANY`, every `PARTS`-th."""
    return range(first + part, MANY, PARTS)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_many_files(part: int, cwd: Path, tmp_path: Path, verified: Verified) -> None:
    numbers = part_of_many(FILES, part)
    assert set(fuzz_files(numbers, tmp_path / "own")) == {"accepted", "refused"}
    verified("I2", "fuzzed files that are neither accepted nor refused", f"0 of {len(numbers):,}", 0)
    assert list(cwd.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_many_words(part: int, cwd: Path, verified: Verified) -> None:
    numbers = part_of_many(WORDS, part)
    assert set(fuzz_words(numbers)) == {"accepted", "refused"}
    verified("I2", "fuzzed command lines that are neither accepted nor refused", f"0 of {len(numbers):,}", 0)
    assert list(cwd.iterdir()) == []


def test_the_command_itself(cwd: Path, tmp_path: Path) -> None:
    """Some of them through the command: exit code 0 or 2, no traceback, nothing that steers a terminal."""
    for number in range(20):
        write(tmp_path / "own", "mine.yaml", fuzzed.file_text(number).encode("utf-8"))
        kept = [word for word in fuzzed.words(number) if not word.startswith(("study", "assumptions"))]
        for words in ([f"assumptions={SET}", *kept], ["assumptions=mine", f"--config-dir={tmp_path / 'own'}"]):
            with in_time():
                outcome = simulate(*words, "study=validate")
            assert outcome.code in (0, 2), (number, words, outcome)
            assert outcome.err.startswith("error: ") == (outcome.code == 2), outcome
            assert all(c.isprintable() or c == "\n" for c in outcome.err + outcome.out), (words, ascii(outcome.err))
    assert list(cwd.iterdir()) == []


@pytest.mark.filterwarnings("error::RuntimeWarning")  # what is infinite is a value, and nothing to warn of
def test_extreme_numbers_give_sensible_results_or_a_reason() -> None:
    """Probabilities are shares, dates lie within the run or are said to be beyond it, and no number is missing."""
    forecast.simulate(assumptions.build(assumption_set(0)), 512, 1, threads=1)  # to compile is not to hang
    ran = number = 0
    while ran < 25:
        settings = copy.deepcopy(fuzzed.extreme(number))
        number += 1
        try:
            with in_time():
                one = assumptions.build(settings)
        except Mistakes:
            continue
        ran += 1
        try:
            with in_time():
                outcome = forecast.simulate(one, 512, 1, threads=1)
        except Mistakes:
            continue
        sensible(dataset.dataset(outcome), number - 1)
    assert number < 2000


def sensible(ds: Any, number: int) -> None:
    shares = ds["probability"].values
    assert np.all((shares >= 0) & (shares <= 1)), number
    assert np.all(np.diff(shares, axis=ds["probability"].dims.index("year")) >= 0), number
    dates = ds["crossing"].values
    within = np.isfinite(dates)
    assert not np.isnan(dates).any(), number
    first, last = float(ds["year"][0]), float(ds["year"][-1])
    assert np.all((dates[within] >= first) & (dates[within] <= last)), number
    for name in ds.data_vars:
        if "quantile" in ds[name].dims and "year" in ds[name].dims:
            values = np.moveaxis(ds[name].values, ds[name].dims.index("quantile"), 0)
            assert not np.isnan(values).any(), (number, name)
            with np.errstate(invalid="ignore"):
                assert not np.any(values[1:] < values[:-1]), (number, name)
