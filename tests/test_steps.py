"""Several runs, or rows of numbers, in one checkpoint: wherever it ends, the same ones go on, and whatever does not fit
is refused.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from simulate import checkpoint
from simulate.checkpoint import CheckpointFile
from simulate.errors import IntegrityError
from simulate.journal import Journal
from simulate.steps import Steps

SIZES = (1000, 1000, 500)
WHOLE = sum(SIZES)


def step_arrays(number: int) -> list[np.ndarray]:
    """What a step has in the end: arrays of another size for each step, one of none, one of Python's integers."""
    counts = np.arange(10_000 * (number + 1), dtype=np.int64) * (number + 2)
    return [counts, np.zeros((0, 3)), np.array([2**90 + number, -1], object)]


def blank(number: int) -> list[np.ndarray]:
    return [np.zeros_like(array) for array in step_arrays(number)]


def run(path: Path, stop: tuple[int, int] | None = None, frames: str = "abc", whole: int = WHOLE) -> list[int]:
    """Do the steps, each at once, and give what was done of each before; `stop` (step, draws) saves there and ends."""
    steps = Steps(CheckpointFile(path, {}, checkpoint.read(path)), whole)
    before = []
    for number, of in enumerate(SIZES):
        step, arrays = steps.next(), blank(number)
        before.append(step.restore(of, arrays, frames[number]))
        if before[-1]:
            assert [array.tolist() for array in arrays] == [array.tolist() for array in step_arrays(number)]
        for array, value in zip(arrays, step_arrays(number), strict=True):
            array[...] = value
        if stop and stop[0] == number:
            step.save(stop[1], of, arrays, frames[number])
            break
    return before


@pytest.mark.parametrize("stop", [(0, 300), (0, 1000), (1, 1), (2, 499)])
def test_what_was_done_of_each_step_is_filled_in(stop: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "counts"
    assert run(path, stop) == [0] * (stop[0] + 1)
    expected = [*SIZES[: stop[0]], stop[1], 0, 0][:3]
    assert run(path) == expected
    assert run(path, (2, 500))[:2] == expected[:2]
    assert run(path) == list(SIZES)


def test_counts_of_another_whole_are_left_alone(tmp_path: Path) -> None:
    run(tmp_path / "counts", (1, 500))
    assert run(tmp_path / "counts", whole=WHOLE + 1) == [0, 0, 0]


@pytest.mark.parametrize("frames", ["xbc", "axc"])
def test_another_frame_is_refused(frames: str, tmp_path: Path) -> None:
    run(tmp_path / "counts", (1, 500))
    with pytest.raises(IntegrityError, match="do not fit this run"):
        run(tmp_path / "counts", frames=frames)


@pytest.mark.parametrize("change", ["fewer", "more"])
def test_arrays_of_another_size_are_refused(change: str, tmp_path: Path) -> None:
    """A step too few or too many bytes would shift all that follow."""
    path = tmp_path / "counts"
    run(path, (1, 500))
    steps = Steps(CheckpointFile(path, {}, checkpoint.read(path)), WHOLE)
    first = [*blank(0), np.zeros(9)] if change == "more" else blank(0)[:2]
    steps.next().restore(SIZES[0], first, "a")
    with pytest.raises(IntegrityError, match="do not fit this run"):
        steps.next().restore(SIZES[1], blank(1), "b")


def test_a_journal_goes_on_behind_the_rows_that_it_has(tmp_path: Path) -> None:
    path, worked_out = tmp_path / "counts", list[int]()

    def journal(frame: str = "a") -> Journal:
        kept = CheckpointFile(path, {}, checkpoint.read(path))
        kept.started -= checkpoint.EVERY  # a long time ago
        return Journal(kept, 3, 4, frame)

    def row(number: int) -> np.ndarray:
        worked_out.append(number)
        return np.arange(2 + number % 2) + 10.0 * number

    first = journal()
    found = [first.next(partial(row, number)).copy() for number in range(2)]
    first.save()
    again = journal()
    assert [again.knows_next(), worked_out] == [True, [0, 1]]
    rows = [again.next(partial(row, number)) for number in range(3)]
    assert worked_out == [0, 1, 2]
    np.testing.assert_array_equal(rows[:2], found)
    np.testing.assert_array_equal(rows[2], [20.0, 21.0, np.nan, np.nan])
    with pytest.raises(IntegrityError, match="do not fit this run"):
        journal("b")
