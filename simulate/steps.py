"""Several runs, one after the other, in one checkpoint: what the finished ones have counted, and the present one.

A study that runs one set after the other is gone on with where it was: steps that are finished are filled in, the one
that was interrupted goes on. The order of the steps is a matter of the study, as is what each of them counts.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from simulate import checkpoint
from simulate.checkpoint import CheckpointFile
from simulate.errors import IntegrityError

BETWEEN = "\n"  # frames, which are hexadecimal


class Steps:
    """The steps of a study, `of` draws together, over the checkpoint that keeps them."""

    def __init__(self, kept: CheckpointFile, of: int) -> None:
        self.kept, self.of = kept, of
        saved = kept.saved if kept.saved and kept.saved.of == of else None
        self.left = saved.done if saved else 0  # of the draws that were saved, those of steps to come
        self.frames_left = saved.frame.split(BETWEEN) if saved else []
        self.packed, self.expander = (saved.packed if saved else b""), zlib.decompressobj()
        self.done, self.arrays, self.frames = 0, list[np.ndarray](), list[str]()

    def next(self) -> Step:
        """The next step; the one before it is finished."""
        return Step(self)

    def restore(self, arrays: Sequence[np.ndarray], of: int, frame: str) -> int:
        """Fill in what was saved of a step of `of` draws; gives how many of them were done."""
        if not self.frames_left:
            return 0
        sizes = [checkpoint.size(array) for array in arrays]
        raw = checkpoint.expanded(self.packed, sum(sizes), self.kept.path, self.expander)
        self.packed = self.expander.unconsumed_tail
        known = self.frames_left.pop(0)
        done = min(of, self.left)
        self.left -= done
        if known != frame or len(raw) != sum(sizes) or (not self.frames_left and (self.left or not self.at_end())):
            raise IntegrityError(checkpoint.unfit(self.kept.path))
        checkpoint.fill(arrays, raw)
        return done

    def at_end(self) -> bool:
        """Whether nothing more was saved."""
        return not self.expander.decompress(self.packed, 1) and self.expander.eof


class Step:
    """One of the runs; to the engine it is like a checkpoint of its own."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.seconds = steps.kept.seconds
        self.due, self.worthwhile = steps.kept.due, steps.kept.worthwhile

    def restore(self, of: int, arrays: Sequence[np.ndarray], frame: str = "") -> int:
        """Put what was saved of this step into `arrays`, which the caller must not use for anything else until all
        steps are finished; gives how much of it was done. Raises IntegrityError where it does not fit.
        """
        steps = self.steps
        self.before = steps.done, list(steps.arrays), list(steps.frames)
        steps.done += of
        steps.arrays += arrays
        steps.frames.append(frame)
        return steps.restore(arrays, of, frame)

    def save(self, done: int, of: int, arrays: Sequence[np.ndarray], frame: str = "") -> None:
        """Write down this step, and those before it; see `CheckpointFile.save`."""
        earlier, finished, frames = self.before
        self.steps.kept.save(earlier + done, self.steps.of, [*finished, *arrays], BETWEEN.join([*frames, frame]))
