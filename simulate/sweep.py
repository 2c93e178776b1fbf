"""Several runs from one command line: Hydra's multirun, with every job checked before the first one starts.

Hydra composes and launches the jobs; around it stand the count (a range of a billion is refused, not expanded), the
check of all jobs at once, a record of what failed (Hydra itself reports only the first failure), and one result of all
jobs in the end. Each forecast goes to its number in the folder of the sweep: `resume=true` runs what is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate import command, compose, page, words
from simulate.errors import IntegrityError, LockedError, Mistake, Mistakes, StorageError, shown
from simulate.library import Library

if TYPE_CHECKING:
    from simulate.collected import Job

SOME_FAILED = 3


def run(overrides: Sequence[str], config_dir: str | None) -> int:
    """Check every job, then run them all; exit code 0, or 3 if some failed."""
    mistakes: list[Mistake] = []
    library = Library(config_dir, mistakes)
    overrides = parameters(overrides, library, mistakes)
    groups = {group: library.names(group) for group in ("assumptions", "thresholds", "study")}
    sweeps = words.read(overrides, mistakes, sweeping=True, groups=groups)
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
    swept = [sweep.key for sweep in sweeps if sweep.points > 1]
    home = _home(told, resume=any(s.key == "resume" and s.single.value is True for s in sweeps))
    folder = Path(tempfile.mkdtemp(prefix="simulate-sweep-"))
    try:
        done, failed = _launch(told, library, folder, home, swept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if any(job.dataset is not None for job in done):
        page.say(str(_collect(done, home)))
    for job_words, reason in failed:
        command.say(f"failed: {job_words}: {reason}")
    if failed:
        command.say(f"{len(failed)} of {count} jobs failed")
    return SOME_FAILED if failed else 0


def parameters(overrides: Sequence[str], library: Library, mistakes: list[Mistake]) -> list[str]:
    """Replace `sweep=NAME` by the parameters that `sweep/NAME.yaml` lists, shipped or of the user's folder."""
    result = []
    for number, override in enumerate(overrides, start=1):
        key, _, name = override.partition("=")
        if key != "sweep":
            result.append(override)
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
    return result


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


def _home(told: Sequence[str], resume: bool) -> Path:
    """The folder of a sweep: `sweep-<hash of its words>-<number>`, with resume the last one of these words."""
    from simulate import store

    which = sorted(word for word in told if not word.startswith(("resume=", "threads=")))
    stem = f"sweep-{hashlib.sha256(json.dumps(which).encode()).hexdigest()[:8]}-"
    there = store.ROOT.iterdir() if store.ROOT.is_dir() else ()
    numbers = [
        int(path.name.removeprefix(stem)) for path in there if re.fullmatch(re.escape(stem) + "[0-9]+", path.name)
    ]
    last = max(numbers, default=0)
    return store.ROOT / f"{stem}{max(last, 1) if resume else last + 1}"


def _collect(done: Sequence[Job], home: Path) -> Path:
    """Write what all jobs gave, as one result and one table, into the folder of the sweep."""
    from simulate import collected, durable, netcdf, results, store

    with durable.storing(home):
        with tempfile.TemporaryDirectory(dir=home) as folder:
            path = Path(folder) / "result.nc"
            netcdf.write(collected.gather(done), path, store.FORMAT)
            durable.replace(home / "result.nc", path.read_bytes())
        durable.replace(home / "jobs.csv", results.csv_text(collected.rows(done)).encode())
    return home


def _launch(
    told: Sequence[str], library: Library, folder: Path, home: Path, swept: Sequence[str]
) -> tuple[list[Job], list[tuple[str, str]]]:
    """Run every job; gives what each left behind, and the words and error of each that failed."""
    import hydra

    from simulate.collected import Job

    failed: list[tuple[str, str]] = []
    done: list[Job] = []

    def job(cfg: Any) -> None:
        from hydra.core.hydra_config import HydraConfig

        task_words = [word.removeprefix("++") for word in HydraConfig.get().overrides.task]
        before = len(failed)
        mine = run_one(task_words, home / f"{len(done):04}")
        said = dict(word.partition("=")[::2] for word in task_words)
        differs = {key: said[key] for key in said if key in swept}
        dataset = _left_behind(mine) if len(failed) == before else None
        problem = failed[-1][1] if len(failed) > before else ""
        done.append(Job(differs, dataset, str(mine) if dataset is not None else "", problem))

    def run_one(task_words: list[str], mine: Path) -> Path:
        """Run a job, whose result goes to `mine` or the folder that its words name; gives the folder."""
        try:
            mistakes: list[Mistake] = []
            sweeps = words.read(task_words, mistakes)
            composed = compose.compose(library, [sweep.single for sweep in sweeps], mistakes, by_hydra=False)
            if mistakes:
                raise Mistakes(mistakes)
            if composed.settings["output"] or composed.settings["folder"]:
                mine = Path("outputs", composed.settings["output"] or composed.settings["folder"])
            elif composed.settings["study"] == "forecast":
                composed.settings["folder"] = str(mine)
            if code := command.study(str(composed.settings["study"]), composed.settings, composed.where):
                failed.append((" ".join(task_words), f"exit code {code}"))
        except (Mistakes, StorageError, IntegrityError, LockedError, MemoryError) as error:
            failed.append((" ".join(task_words), str(error)))
        except (Exception, SystemExit):
            failed.append((" ".join(task_words), f"a defect of the program; details are in {command.log(task_words)}"))
        return mine

    main = hydra.main(version_base="1.3", config_path=None, config_name="config")
    for group in ("assumptions", "thresholds"):  # Hydra composes the defaults too, though every job may replace them
        library.sources(group, compose.DEFAULTS[group])
    with library.registered(), _as_command([*told, f"hydra.sweep.dir={words.quoted(str(folder))}"]):
        main(job)()
    return done, failed


def _left_behind(folder: Path) -> Any:
    """The result of a job, if its study left one."""
    from simulate import collected, store

    return collected.brief(store.load(folder)) if (folder / "result.nc").is_file() else None


@contextmanager
def _as_command(told: Sequence[str]) -> Iterator[None]:
    """Hydra's main reads the words of the process, and lets an exception out only where this variable asks for it."""
    argv, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [argv[0], "--multirun", *told]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full
