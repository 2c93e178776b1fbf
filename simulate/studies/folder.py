"""The run folder of a study, one way for all: where it goes, what it holds, and nothing where the run is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate import plots, results, store
from simulate.store import Target

if TYPE_CHECKING:
    import xarray as xr

Tables = Mapping[str, Callable[[Any], Any]]
Figures = Mapping[str, Callable[[Any], Any]]


def place(settings: Mapping[str, Any]) -> tuple[Path, str | None]:
    """The folder of all runs and the name of this one's, which `hydra.run.dir` gives as one path."""
    if settings["folder"] is None:
        return store.ROOT, settings["output"]
    path = Path(settings["folder"])
    return path.parent, path.name


@contextmanager
def reserved(settings: Mapping[str, Any], name: str, question_hash: str) -> Iterator[Target]:
    """Check before a run that its folder can be written, and give the target for it.

    `question_hash` is that of all that the study is asked (`provenance.question_hash`). If the run within is refused,
    no folder made for it stays behind. Raises Mistakes for a bad or taken name, StorageError for an unusable place.
    """
    root, output = place(settings)
    target = store.prepare(name, question_hash, output, root=root, overwrite=settings["overwrite"])
    with store.given_up(target):
        yield target


def save(target: Target, dataset: xr.Dataset, tables: Tables, figures: Figures) -> Path:
    """Write `result.nc`, `tables/NAME.csv`, `figures/NAME.png` and `.svg`, and the manifest; returns the folder.

    Tables and figures are functions of the dataset; a table without rows is left out, a figure that cannot be drawn is
    a problem in the manifest. Raises as `store.save_files` does.
    """
    problems: list[str] = []
    rows = {name: list(table(dataset)) for name, table in tables.items()}
    drawn = plots.drawn({name: partial(figure, dataset) for name, figure in figures.items()}, problems=problems)
    files = chain(
        ((f"tables/{name}", content) for name, content in results.csv_files(rows)),
        ((f"figures/{name}", content) for name, content in drawn),
    )
    return store.save_files(target, files, dataset.attrs, dataset, problems)
