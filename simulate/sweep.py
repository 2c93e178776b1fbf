"""Several runs from one command line: Hydra's multirun, with every job checked before the first one starts.

Hydra composes and launches the jobs (`launching`); around it stand the count (a range of a billion is refused, not
expanded), the check of all jobs at once, what each of those that failed says of itself (Hydra reports only the first),
and one result of all jobs in the end. Each forecast goes to its number in the folder of the sweep: `resume=true` runs
what is missing.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate import command, compose, grammar, launchers, launching, page, run_keys, streams, words
from simulate.engines.choice import held
from simulate.errors import IntegrityError, Mistake, Mistakes, StorageError, shown
from simulate.jobs import Record
from simulate.library import Library

if TYPE_CHECKING:
    from simulate.collected import Job

SOME_FAILED = 3


def run(overrides: Sequence[str], config_dir: str | None) -> int:
    """Check every job, then run them all; exit code 0, or 3 if some failed."""
    mistakes: list[Mistake] = []
    library = Library(config_dir, mistakes)
    overrides, places = parameters(overrides, library, mistakes)
    groups = {group: library.names(group) for group in grammar.GROUPS}
    sweeps = words.read(overrides, mistakes, sweeping=True, groups=groups, places=places)
    _check_names(sweeps, mistakes)
    count = 0
    for job in words.jobs(sweeps, mistakes):
        composed = compose.compose(library, job, mistakes, by_hydra=count == 0)
        mistakes.extend(compose.rows_mistakes(composed, mistakes))
        count += 1
        if len(set(mistakes)) > command.MOST_SHOWN:
            break
    if mistakes:
        raise Mistakes(mistakes)
    told = [_told(sweep) for sweep in sweeps]
    said = {sweep.key: sweep.single.value for sweep in sweeps if sweep.points == 1}
    threads = run_keys.CHECKS["threads"](said.get("threads"))
    with _home(told, count, resume=said.get("resume") is True) as home:
        with held():
            records = launching.run(library, told, launchers.chosen(said), home, count, threads)
        swept = [sweep.key for sweep in sweeps if sweep.points > 1]
        texts = [[word.text.removeprefix("++").partition("=") for word in job] for job in words.jobs(sweeps, [])]
        done = [
            _left({key: text for key, _, text in job if key in swept}, record)
            for job, record in zip(texts, records, strict=True)
        ]
        if any(job.dataset is not None for job in done):
            collected = _collect(done, home)
            with streams.kept(collected):
                page.say(str(collected))
    failed = [(job, one.problem) for job, one in zip(texts, done, strict=True) if one.problem]
    for text, problem in failed:
        its_words = " ".join("".join(word) for word in text if not word[0].startswith("hydra"))
        command.say(f"failed: {its_words}: {problem}")
    if failed:
        command.say(f"{len(failed)} of {count} jobs failed")
    return SOME_FAILED if failed else 0


def parameters(overrides: Sequence[str], library: Library, mistakes: list[Mistake]) -> tuple[list[str], list[str]]:
    """Replace `sweep=NAME` by the parameters that `sweep/NAME.yaml` lists, shipped or of the user's folder; gives all
    overrides, and where each stands.
    """
    result, places = [], []
    for number, override in enumerate(overrides, start=1):
        key, _, name = override.partition("=")
        if key != "sweep":
            result.append(override)
            places.append(f"override {number}")
            continue
        source = library.sources("sweep", name).get(name)
        if source is None:
            names = ", ".join(library.names("sweep")) or "none"
            mistakes.append(Mistake(f"override {number}", f"no sweep is called {shown(name)}", f"there are: {names}"))
            continue
        for parameter, values in source.data.items():
            choices = values if isinstance(values, list) else [values]
            if any(isinstance(choice, dict | list) for choice in choices):
                what = f"{parameter}: a list of plain values is needed"
                mistakes.append(Mistake(source.where(parameter), what, f"write {parameter}: [1.2, 1.4]"))
            else:
                texts = (choice if isinstance(choice, str) else _hydra_text(choice) for choice in choices)
                result.append(f"{parameter}={','.join(texts)}")
                places.append(source.where(parameter))
    return result, places


def _hydra_text(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _check_names(sweeps: Sequence[words.Sweep], mistakes: list[Mistake]) -> None:
    """Jobs must not share one folder."""
    several = any(sweep.points > 1 for sweep in sweeps)
    for sweep in sweeps:
        word = sweep.single
        if several and sweep.points == 1 and word.key in ("output", "hydra.run.dir") and word.value is not None:
            way_out = "leave it out: every job gets a folder of its own"
            mistakes.append(Mistake(word.where, f"all jobs would write to {word.key}={shown(word.value)}", way_out))


def _told(sweep: words.Sweep) -> str:
    """The override as Hydra expands it itself."""
    texts = [word.text.partition("=") for word in sweep.make()]
    return f"{texts[0][0]}={','.join(text[2] for text in texts)}"


@contextmanager
def _home(told: Sequence[str], count: int, resume: bool) -> Iterator[Path]:
    """The folder of a sweep as long as it runs. An exception that ends it gets a note of the jobs that are kept there;
    if there is nothing at all, it is removed.
    """
    from simulate import store

    made = not store.ROOT.exists()
    home = _folder(told, resume)
    try:
        yield home
    except BaseException as error:
        kept = len(list(home.glob("*/manifest.json")))
        if kept:
            error.add_note(f"{kept} of {count} jobs are kept in {home}")
        raise
    finally:
        for folder in (home, *([store.ROOT] if made else [])):
            with suppress(OSError):
                folder.rmdir()


def _folder(told: Sequence[str], resume: bool) -> Path:
    """`sweep-<hash of its words>-<number>`: with resume the last one of these words, else the next number, which is
    taken by making the folder, so that no other sweep has it.
    """
    from simulate import durable, store

    how = ("resume=", "overwrite=", "threads=", "engine=", "engine.", launchers.KEY, launchers.OPTIONS)
    which = [word for word in told if not word.startswith(how)]  # in their order, which numbers the jobs
    stem = f"sweep-{hashlib.sha256(json.dumps(which).encode()).hexdigest()[:8]}-"
    there = store.ROOT.iterdir() if store.ROOT.is_dir() else ()
    numbers = [
        int(path.name.removeprefix(stem)) for path in there if re.fullmatch(re.escape(stem) + "[0-9]+", path.name)
    ]
    last = max(numbers, default=0)
    if resume:
        return store.ROOT / f"{stem}{max(last, 1)}"
    with durable.storing(store.ROOT):
        return next(folder for number in itertools.count(last + 1) if _made(folder := store.ROOT / f"{stem}{number}"))


def _made(folder: Path) -> bool:
    """Make a folder; False where it is there already."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    return True


def _collect(done: Sequence[Job], home: Path) -> Path:
    """Write what all jobs gave, as one result and one table, into the folder of the sweep."""
    from simulate import collected, durable, netcdf, results, store

    with durable.storing(home):
        home.mkdir(parents=True, exist_ok=True)  # jobs may all have folders elsewhere
        durable.sweep(home)
        with durable.temporary_folder(home) as folder:
            netcdf.write(collected.gather(done), folder / "result.nc", store.FORMAT)
            durable.write(folder / "jobs.csv", results.csv_text(collected.rows(done)).encode())
            for name in ("result.nc", "jobs.csv"):
                (folder / name).replace(home / name)
        durable.sync(home)
    return home


def _left(said: Mapping[str, str], record: Record) -> Job:
    """What a job left, with its result if its study keeps one where a sweep looks for it."""
    from simulate import collected, store

    folder, dataset, problem = Path(record.folder), None, record.problem
    if not problem and (folder / "result.nc").is_file():
        try:
            dataset = collected.brief(store.load(folder))
        except (Mistakes, StorageError, IntegrityError) as error:
            problem = str(error)
    return collected.Job(said, dataset, record.folder if dataset is not None else "", problem)
