"""The run folder: written in one piece, never over an older result, and read back only if it is what was written.

    result.nc      everything (xarray.Dataset, netCDF4)     summary.json   the answer in brief
    config.yaml    the resolved settings                    run.log        what the run said
    manifest.json  versions, seed, hashes of all files      tables/*.csv   figures/*.png, *.svg

The folder is built under a temporary name beside its place and renamed when it is complete and on the disk. By default
it is `outputs/<set>-<hash8>-<k>`; the rename is what takes the number k, so any number of processes may finish at once.
"""

from __future__ import annotations

import datetime
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate import contents, convergence_card, durable, netcdf, results, stored_json
from simulate.errors import IntegrityError, Mistake, Mistakes, did_you_mean
from simulate.target import FIGURES_AND_TABLES, ROOT, Target, check_free, check_space, given_up, numbers, prepare, taken

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FORMAT", "ROOT", "Target", "given_up", "load", "prepare", "save", "save_files"]

DRAWS = "draws.zarr"
"""The store of every draw, where a run was asked to keep them."""
FORMAT = 1
"""Version of the layout of a run folder; a program reads all up to its own."""
IN_MANIFEST = (
    "study", "name", "title", "draws", "seed", "start", "horizon", "step", "versions", "source_hash", "config_hash",
    "config_hashes", "changes", "pinned", "truncated_share", "truncated_draws", "timings", "sampling", "asked",
)  # fmt: skip
"""Attributes of a result that its manifest repeats, where there are such."""
STORED_AS_JSON = ("versions", "config_hashes", "changes", "pinned", "timings", "asked")
"""Attributes that hold JSON as text, since a netCDF file knows no lists."""


def save(
    dataset: xr.Dataset,
    target: Target | str | Path | None = None,
    *,
    config: str | Mapping[str, Any] = "",
    log: str = "",
    figures: tuple[str, ...] = ("png", "svg"),
    draws: Path | None = None,
) -> Path:
    """Write the complete run folder and return its path.

    `target` comes from `prepare`; a path means exactly that folder, None the next number in `outputs`. `config` are the
    resolved settings (YAML text or a mapping), `log` the text of run.log, `figures` the kinds of figure files (none:
    ()), `draws` a finished store of all draws on the same disk, which is moved there. A figure that cannot be drawn is
    noted in the manifest and does not cost the result. Raises Mistakes where the name is taken, StorageError where
    writing fails; an older result stays as it was in either case.
    """
    if not isinstance(target, Target):
        attrs, path = dataset.attrs, None if target is None else Path(target)
        place = ROOT if path is None else path.parent
        name = None if path is None else path.name
        target = prepare(str(attrs["name"]), str(attrs["config_hash"]), name, root=place, needed=_needed(dataset))
    problems: list[str] = []
    files = _files(dataset, config, log, figures, problems)
    return save_files(target, files, dataset.attrs | _cut(dataset), dataset, problems, draws)


def save_files(
    target: Target,
    files: Iterable[tuple[str, bytes]],
    about: Mapping[str, Any],
    dataset: xr.Dataset | None = None,
    problems: Sequence[str] = (),
    draws: Path | None = None,
) -> Path:
    """Write a run folder of files (`tables/x.csv` into a folder within it) and return its path.

    Of `about`, the attributes of a result, the manifest repeats what says where it comes from. A `dataset`, if the
    study has one, becomes `result.nc`, which `load` reads. `problems` may grow as long as files come. Raises as `save`
    does.
    """
    needed = _needed(dataset)
    with given_up(target), durable.storing(target.root, needed):
        check_space(target.root, needed)
        with durable.temporary_folder(target.root) as folder:
            hashes: dict[str, str] = {}
            if dataset is not None:
                hashes["result.nc"] = netcdf.write(dataset, folder / "result.nc", FORMAT)
            for name, content in files:
                (folder / name).parent.mkdir(exist_ok=True)
                hashes[name] = durable.write(folder / name, content)
            for inner in {(folder / name).parent for name in hashes} - {folder}:
                durable.sync(inner)
            if draws is not None:
                durable.move(draws, folder / DRAWS)
            for problem in problems:
                logging.getLogger(__name__).warning("%s", problem)
            manifest = _manifest(target, about) | {"problems": list(problems), "files": hashes}
            durable.write(folder / "manifest.json", json.dumps(manifest, indent=1, allow_nan=False).encode("utf-8"))
            durable.sync(folder)
            return _publish(folder, target)


def load(path: str | Path) -> xr.Dataset:
    """Return the result of a run folder (or of a result.nc), as it was saved.

    Raises Mistakes where there is no result, IntegrityError where it is not what was written, is a link, or is of a
    newer format, StorageError where it cannot be read.
    """
    path = Path(path)
    with durable.storing(path):
        _refuse_links(path)
        if not path.exists():
            beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            raise Mistakes([Mistake(str(path), "no such file or folder" + did_you_mean(path.name, beside))])
        folder, file = (path, path / "result.nc") if path.is_dir() else (path.parent, path)
        manifest = folder / "manifest.json"
        if path.is_dir() and not manifest.exists():
            raise Mistakes([Mistake(str(path), "is not a run folder: it has no manifest.json")])
        if manifest.exists():
            _verify(file, manifest)
        _refuse_links(file)
        return netcdf.read(file, FORMAT)


def _files(
    dataset: xr.Dataset,
    config: str | Mapping[str, Any],
    log: str,
    figures: tuple[str, ...],
    problems: list[str],
) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a forecast but the result itself."""
    answer = results.summary(dataset) | {"convergence": convergence_card.summary(dataset)}
    brief = json.dumps(answer, indent=1, allow_nan=False)
    for name, text in {"summary.json": brief, "config.yaml": _yaml(config), "run.log": log}.items():
        yield name, text.encode("utf-8", "backslashreplace")
    yield from ((f"tables/{name}", content) for name, content in results.files(dataset))
    if figures:
        from simulate import plots

        yield from ((f"figures/{name}", content) for name, content in plots.files(dataset, figures, problems))


def _needed(dataset: xr.Dataset | None) -> int:
    """Bytes that the folder of a result may take."""
    return FIGURES_AND_TABLES + (int(1.1 * dataset.nbytes) if dataset is not None else 0)


def _cut(dataset: xr.Dataset) -> dict[str, Any]:
    """What `min` and `max` have cut off the inputs, as shares of their distributions and in draws."""
    rows = results.inputs(dataset) if contents.has(dataset, "inputs") else []
    cut = {row["input"]: row["truncated"] for row in rows if row["truncated"] > 0}
    draws = float(dataset.attrs["draws"])
    return {"truncated_share": cut, "truncated_draws": {name: round(share * draws) for name, share in cut.items()}}


def _manifest(target: Target, about: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest says beside files and problems."""
    plain = netcdf.plain_attributes(about)
    return {
        "program": "simulate",
        "format": FORMAT,
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "question_hash": target.question_hash,
        **{key: _opened(key, plain[key]) for key in IN_MANIFEST if key in plain},
    }


def _opened(key: str, value: Any) -> Any:
    """An attribute as JSON wants it."""
    return json.loads(value) if key in STORED_AS_JSON and isinstance(value, str) else value


def _publish(folder: Path, target: Target) -> Path:
    if target.name is None:
        number = max(numbers(target), default=0) + 1
        while not durable.publish(folder, target.root / f"{target.stem}-{number}"):
            number += 1
        return target.root / f"{target.stem}-{number}"
    place = target.root / target.name
    check_free(target)
    if target.overwrite and place.is_dir():
        durable.exchange(folder, place)
    elif not durable.publish(folder, place):
        raise Mistakes([taken(place)])
    return place


def _yaml(config: str | Mapping[str, Any]) -> str:
    if isinstance(config, str):
        return config
    import yaml

    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)


def _refuse_links(path: Path) -> None:
    if path.is_symlink():
        raise IntegrityError(f"{path}: is a symbolic link; name the file or folder itself")
    if path.exists() and not (path.is_dir() or path.is_file()):
        raise IntegrityError(f"{path}: is neither a file nor a folder")


def _verify(file: Path, manifest: Path) -> None:
    """Compare a result with its manifest; raises IntegrityError where they do not belong together."""
    _refuse_links(manifest)
    try:
        said = stored_json.parse(manifest.read_bytes(), manifest)
        written, expected = int(said["format"]), said["files"].get(file.name)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise stored_json.damaged(manifest, error) from error
    if written > FORMAT:
        raise IntegrityError(
            f"{manifest}: format {written}, this program reads up to {FORMAT}; use a newer version of it"
        )
    _refuse_links(file)
    if expected is None or not file.is_file():
        raise IntegrityError(f"{file}: missing, or not listed in {manifest.name}; the run folder is incomplete")
    found = netcdf.sha256(file)
    if found != expected:
        raise IntegrityError(
            f"{file}: changed since it was written (sha256 {found[:12]}…, {manifest.name} says {str(expected)[:12]}…)"
        )
