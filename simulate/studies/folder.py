"""The run folder of a study, one way for all: where it goes, what it holds, and nothing where the run is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simulate import answered, plots, progress, results, store, target, unfinished
from simulate.checkpoint import CheckpointFile
from simulate.errors import IntegrityError
from simulate.target import Target

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
    aim = target.prepare(name, question_hash, output, root=root, overwrite=settings["overwrite"])
    with target.given_up(aim):
        yield aim


@contextmanager
def resumable(
    settings: Mapping[str, Any], name: str, question_hash: str, asked: Mapping[str, Any]
) -> Iterator[tuple[Target, CheckpointFile]]:
    """The same for a run that can be resumed, with its checkpoint; `asked` is everything that decides the numbers.

    Raises as `reserved` and `unfinished.claim` do.
    """
    with (
        reserved(settings, name, question_hash) as aim,
        unfinished.claim(aim, asked, settings["resume"]) as checkpoint,
    ):
        yield aim, checkpoint


def finished(
    settings: Mapping[str, Any], name: str, question_hash: str, asked: dict[str, Any]
) -> tuple[Path, xr.Dataset] | None:
    """With `resume=true` the folder and result of a finished run that was asked the same, if there is one.

    Raises IntegrityError where the folder that is named holds something else, and may not be replaced.
    """
    if not settings["resume"]:
        return None
    root, output = place(settings)
    aim = target.of(name, question_hash, output, root=root)
    found = None
    with suppress(IntegrityError) if settings["overwrite"] else nullcontext():
        found = answered.earlier(aim, asked)
    if found:
        unfinished.forget(aim, asked)
    return found


class Question(NamedTuple):
    """What a study is asked: the name of its folders, the hash of the question, and the draws that it will take."""

    name: str
    hash: str
    draws: int


def answer(
    settings: Mapping[str, Any],
    question: Question,
    run: Callable[[Callable[[float], None], CheckpointFile], Any],
    tables: Tables,
    figures: Callable[[xr.Dataset], Figures],
) -> tuple[Path, xr.Dataset]:
    """The folder and result of a study that `run` computes, given where to tell its progress and to keep it.

    With `resume=true` a finished run of the same question is not run again, and an unfinished one is gone on with.
    Raises as `resumable`, `finished` and `save` do.
    """
    asked = {key: settings[key] for key in ("study", "draws", "seed")} | {"question": question.hash}
    if there := finished(settings, question.name, question.hash, asked):
        return there
    with resumable(settings, question.name, question.hash, asked) as (aim, kept):
        with progress.shown(question.name, question.draws) as advance:
            dataset = run(advance, kept)
        return save(aim, dataset, tables, figures(dataset)), dataset


def save(aim: Target, dataset: xr.Dataset, tables: Tables, figures: Figures) -> Path:
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
    return store.save_files(aim, files, dataset.attrs, dataset, problems)
