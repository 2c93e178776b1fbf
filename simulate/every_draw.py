"""Every draw on disk: trajectories and crossing dates as a Zarr store, written task by task, so that memory stays small
however many draws there are.

`xarray.open_zarr("outputs/NAME/draws.zarr")` reads it lazily: each quantity (draw, year) and `crossing` (draw,
threshold), under hypotheses with that dimension in front, and with evidence the `log_likelihood` (draw,).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from simulate import quasi
from simulate.blocks import DRAWS
from simulate.engines.work import MOST_BLOCKS, Sink
from simulate.errors import IntegrityError, Mistake, Mistakes, did_you_mean, shown
from simulate.outcome import LIKELIHOOD
from simulate.run_keys import SOBOL

if TYPE_CHECKING:
    from simulate.assumptions import Assumptions

KEPT = "kept"
"""The attribute of a store that names its quantities, as the run does."""
ANEW = "overwrite=true, or a run without resume=true, starts anew"
EXTRA = "install its extra, where the program is: pip install -e '.[zarr]'"


def bytes_needed(one: Assumptions, names: Sequence[str], draws: int) -> int:
    """Bytes of the store before compression, which saves about a tenth."""
    values = len(names) * len(one.years) + 2 * len(one.thresholds) + bool(one.evidence)
    return 4 * draws * len(one.members) * values


def names(one: Assumptions, kept: Sequence[str] | None) -> list[str]:
    """The quantities that are kept: those of `kept`, or all.

    Raises
    ------
    Mistakes
        For names that the set has no quantity of.
    """
    unknown = [name for name in kept or () if name not in one.units]
    if unknown:
        known = list(one.units)
        what = [f"the set has no quantity {shown(name)}{did_you_mean(name, known)}" for name in unknown]
        raise Mistakes([Mistake("kept", said, f"one of: {', '.join(known)}") for said in what])
    return list(kept or one.units)


def check_installed() -> None:
    """Raises Mistakes where the optional package is missing."""
    try:
        import zarr  # noqa: F401
    except ImportError:
        raise Mistakes([Mistake("keep", "keep=draws writes a Zarr store, and zarr is not installed", EXTRA)]) from None


def _opened(path: Path, mode: Literal["r", "r+"], names: Sequence[str] = ()) -> tuple[Any, dict[str, Any]]:
    """The store at a path, and these of its arrays. Raises IntegrityError where one of them is not there."""
    import zarr

    try:
        group = zarr.open_group(path, mode=mode, zarr_format=3)
        return group, {name: group[name] for name in names}
    except (OSError, ValueError, KeyError) as error:
        raise IntegrityError(f"{path}: the draws that belong here are missing or damaged; {ANEW}") from error


def asked(names: Sequence[str]) -> dict[str, Any]:
    """What a run is asked that keeps every draw of these quantities, beside all else."""
    return {"keep": "draws", KEPT: list(names)}


def told(path: Path) -> dict[str, Any]:
    """What the store of a finished run was asked; nothing where there is none."""
    return asked(_opened(path, "r")[0].attrs.get(KEPT, ())) if path.is_dir() else {}


class Store:
    """The store of one run while it is written; chunks are those of a task, so that no two threads meet in one. Where
    it is not made `anew`, an earlier process has begun it.
    """

    def __init__(
        self, path: Path, one: Assumptions, names: Sequence[str], draws: int, sampling: str, anew: bool = True
    ) -> None:
        import zarr

        draws = quasi.draws_for(draws) if sampling == SOBOL else draws
        self.path, self.set, self.names, self.draws = path, one, tuple(names), draws
        blocks = min(MOST_BLOCKS, draws // quasi.LEAST_DRAWS) if sampling == SOBOL else MOST_BLOCKS
        self.chunk = blocks * DRAWS
        if anew:
            self.group = zarr.open_group(path, mode="w", zarr_format=3, attributes={KEPT: list(names)})
            self.arrays = self._made()
        else:
            crossing, likelihood = ["crossing"] * bool(one.thresholds), [LIKELIHOOD] * bool(one.evidence)
            self.group, self.arrays = _opened(path, "r+", [*names, *crossing, *likelihood])

    def _made(self) -> dict[str, Any]:
        """The arrays of a new store, and the labels of their dimensions."""
        one, found = self.set, {}
        years, levels = ("year", len(one.years)), ("threshold", len(one.thresholds))
        for name in self.names:
            about = {"units": one.units[name], "long_name": f"{one.meanings[name]}, draw by draw"}
            found[name] = self._array(name, "f4", about, years)
        if one.thresholds:
            about = {"units": "decimal year", "long_name": "date of crossing; inf: never; -inf: before the start"}
            found["crossing"] = self._array("crossing", "f8", about, levels)
        if one.evidence:
            about = {"units": "nat", "long_name": "log-likelihood of the evidence, draw by draw"}
            found[LIKELIHOOD] = self._array(LIKELIHOOD, "f4", about)
        self._label("year", one.years)
        self._label("threshold", list(one.thresholds))
        self._label("hypothesis", [member.name for member in one.hypotheses])
        return found

    def _array(self, name: str, kind: str, about: dict[str, Any], *inner: tuple[str, int]) -> Any:
        outer = [("hypothesis", len(self.set.hypotheses), 1)] if self.set.hypotheses else []
        sizes = [*outer, ("draw", self.draws, min(self.chunk, self.draws)), *((n, size, size) for n, size in inner)]
        names, shape, chunks = zip(*sizes, strict=True)
        return self.group.create_array(
            name, shape=shape, chunks=chunks, dtype=kind, fill_value=np.nan, dimension_names=names, attributes=about
        )

    def _label(self, name: str, values: Sequence[Any] | np.ndarray) -> None:
        if len(values):
            kind = "str" if isinstance(values[0], str) else "f8"
            array = self.group.create_array(name, shape=(len(values),), dtype=kind, dimension_names=(name,))
            array[:] = np.array(values, dtype=object if kind == "str" else kind)

    def sink(self, which: int) -> Sink:
        """What takes the draws of a member."""

        def take(first: int, trajectories: np.ndarray, crossings: np.ndarray) -> None:
            place: tuple[Any, ...] = (slice(first, first + trajectories.shape[2]),)
            place = (which, *place) if self.set.hypotheses else place
            for k, name in enumerate(self.names):
                self.arrays[name][place] = trajectories[k].T
            if "crossing" in self.arrays:
                self.arrays["crossing"][place] = crossings.T
            if LIKELIHOOD in self.arrays:
                self.arrays[LIKELIHOOD][place] = trajectories[-1, 0]

        return take

    def finish(self, attributes: Mapping[Any, Any]) -> None:
        """Say that it is whole, and where it comes from; all that it says of itself in one file, as xarray likes it."""
        import zarr

        plain = {key: value for key, value in attributes.items() if isinstance(value, str | int | float)}
        self.group.attrs.update({**plain, "complete": True})
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)  # not yet a part of the format
            zarr.consolidate_metadata(self.path)
