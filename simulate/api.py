"""What a notebook needs: run a set with changes, load a saved run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate.errors import Mistake, Mistakes
from simulate.reweighting import reweight as reweight

if TYPE_CHECKING:
    import xarray as xr


def run(
    name: str = "baseline_2026",
    draws: int = 1_000_000,
    seed: int = 1,
    threads: int | None = None,
    keep: str | None = None,
    inputs: Mapping[str, Mapping[str, Any] | None] | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
) -> xr.Dataset:
    """Run an assumption set and return its Dataset.

    `inputs` changes fields of rows, as {"chip_growth": {"value": 1.5}} or {"chip_growth": {"low": 1.2}}, or takes an
    optional row out, as {"chip_limit": None}; `overrides` are words of the command line, as "horizon=2050";
    `config_dir` is a folder with sets of one's own. `keep="draws"` keeps every trajectory.

    Raises
    ------
    simulate.errors.Mistakes
        With everything that is wrong, at once.
    """
    from simulate import assumptions, compose, forecast

    run_words = [
        f"draws={draws}",
        f"seed={seed}",
        *([f"threads={threads}"] if threads else []),
        *([f"keep={keep}"] if keep else []),
    ]
    settings, where = compose.settings(name, [*overrides, *run_words], config_dir, inputs or {})
    built = assumptions.build(settings, where)
    return forecast.run(built, settings["draws"], settings["seed"], settings["threads"], settings["keep"])


def grid(
    name: str = "baseline_2026",
    over: Mapping[str, Any] | None = None,
    by: str = "product",
    draws: int = 10_000,
    seed: int = 1,
    threads: int | None = None,
    inputs: Mapping[str, Mapping[str, Any] | None] | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
) -> xr.Dataset:
    """Run a set at many points, as `grid("baseline_2026", {"spend_growth": [2.5, 3], "chip_growth.high": [2, 3]})`.

    `over` has a list of values, or a range {"from": 2, "to": 4, "steps": 9}, for each swept row (its value) or field;
    `by` is "product" or "zip". Returns the Dataset that `docs/studies/grid.md` describes: one dimension a swept input,
    all points on the same random numbers; a point that fails is NaN, with its error in `problem`.

    Raises
    ------
    simulate.errors.Mistakes
        With everything that is wrong, at once; for points, only where all of them fail.
    """
    from simulate import compose, gridded, swept

    run_words = ["study=grid", f"draws={draws}", f"seed={seed}", f"grid_by={by}"]
    run_words += [f"threads={threads}"] if threads else []
    run_words += [f"grid.{key}={_in_words(values)}" for key, values in (over or {}).items()]
    settings, where = compose.settings(name, [*overrides, *run_words], config_dir, inputs or {})
    mistakes: list[Mistake] = []
    axes = swept.axes(settings["grid"] or {}, by, mistakes)
    if not axes:
        mistakes.append(Mistake("over", "no input is swept", 'write {"chip_growth": [1.2, 1.5, 2]}'))
    if mistakes:
        raise Mistakes(mistakes)
    return gridded.run(settings, where, axes, by)


def structures(
    name: str = "baseline_2026",
    law_of: str | None = None,
    laws: Sequence[str] | None = None,
    weights: Sequence[float] | None = None,
    draws: int = 100_000,
    seed: int = 1,
    threads: int | None = None,
    inputs: Mapping[str, Mapping[str, Any] | None] | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
) -> xr.Dataset:
    """Run a set under rival growth laws of one driver, and with its start ten times higher.

    `law_of` names the driver (the trend by default), `laws` the laws, `weights` theirs in the same order (equal by
    default). Returns the Dataset that `docs/studies/structures.md` describes.

    Raises
    ------
    simulate.errors.Mistakes
        With everything that is wrong, at once.
    """
    from simulate import assumptions, compose, rivals

    run_words = ["study=structures", f"draws={draws}", f"seed={seed}", *([f"threads={threads}"] if threads else [])]
    settings, where = compose.settings(name, [*overrides, *run_words], config_dir, inputs or {})
    mistakes: list[Mistake] = []
    listed = tuple(None if given is None else list(given) for given in (laws, weights))
    varied, prefix = rivals.hypotheses(settings, law_of, listed[0], listed[1], mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    built = assumptions.build(varied, where)
    return rivals.run(built, prefix, settings["draws"], settings["seed"], settings["threads"])


def _in_words(values: Any) -> str:
    """A list or range as the command line writes it."""
    if isinstance(values, Mapping):
        return "{" + ",".join(f"{key}:{value}" for key, value in values.items()) + "}"
    plain = values.tolist() if hasattr(values, "tolist") else values
    return "[" + ",".join(map(repr, plain)) + "]" if isinstance(plain, list | tuple) else repr(plain)


def load(folder: str | Path) -> xr.Dataset:
    """Load the Dataset of a run folder (or of its `result.nc`).

    Raises
    ------
    simulate.errors.IntegrityError
        If the file is not what was written.
    """
    from simulate import store

    return store.load(folder)
