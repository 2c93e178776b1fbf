"""What a notebook needs: run a set with changes, ask what drives it, explain a draw, load a saved run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate.engines import choice
from simulate.errors import Mistake, Mistakes
from simulate.reweighting import reweight as reweight

if TYPE_CHECKING:
    import xarray as xr

    from simulate.checking import Where


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
    optional row out, as {"chip_limit": None}; `overrides` are words of the command line, as "horizon=2050", but for
    those that choose a study or a folder of results; `config_dir` is a folder with sets of one's own. `keep="draws"`
    keeps every trajectory.
    Scrambled Sobol points and a wanted precision are words: `overrides=["sampling=sobol", "target_error=0.001"]`; so is
    a cluster, here and in the other functions: `["engine=dask", "engine.scheduler=tcp://HOST:PORT"]`.

    Raises
    ------
    simulate.errors.Mistakes
        With everything that is wrong, at once.
    """
    from simulate import assumptions, forecast

    said = {"draws": draws, "seed": seed, "threads": threads, "keep": keep}
    settings, where = _composed(name, said, overrides, config_dir, inputs)
    built = assumptions.build(settings, where)
    drawing = {key: settings[key] for key in ("draws", "seed", "threads", "keep", "sampling", "target_error")}
    with choice.chosen(settings):
        return forecast.run(built, **drawing)


def compare(
    sets: Sequence[str | Mapping[str, Any]] | str,
    draws: int = 1_000_000,
    seed: int = 1,
    threads: int | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
) -> xr.Dataset:
    """Run several sets on shared random numbers and return them side by side, along the dimension `set`.

    `sets` are names, or variants as {"base": "baseline_2026", "inputs": {"chip_growth": {"value": 1.2}}}, or "all";
    `overrides` are words of the command line that apply to each. `<name>_difference` is how far a set is from the
    first one, `<name>_difference_error` its Monte Carlo standard error.

    Raises
    ------
    simulate.errors.Mistakes
        With everything that is wrong, at once.
    """
    from simulate import comparison
    from simulate.studies import compare as study

    data = {"sets": sets if isinstance(sets, str) else list(sets)}
    said = {"study": "compare", "draws": draws, "seed": seed, "threads": threads}
    settings, _ = _composed(None, said, overrides, config_dir, data=data)
    built = study.built(settings)
    with choice.chosen(settings):
        return comparison.run(built, settings["draws"], settings["seed"], settings["threads"])


def attribute(
    first: str | Mapping[str, Any],
    other: str | Mapping[str, Any],
    draws: int = 100_000,
    seed: int = 1,
    threads: int | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    at: Sequence[float] | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
) -> xr.Dataset:
    """Share the difference between two sets out among the groups of rows that make it, by exact Shapley values.

    Sets are names or variants as in `compare`; `groups` are rows to take together, as {"supply": ["chip_growth",
    "power_growth"]}, by default those of the drivers; `at` are the years that are asked for. `<name>_change`
    (group, ...) are the shares, `<name>_change_error` their Monte Carlo standard errors, `<name>_total` their sum.

    Raises
    ------
    simulate.errors.Mistakes
        With everything that is wrong, at once.
    """
    from simulate import attribution
    from simulate.studies import attribution as study

    data: dict[str, Any] = {"sets": [first, other]}
    data |= {} if groups is None else {"groups": {name: list(rows) for name, rows in groups.items()}}
    data |= {} if at is None else {"at": list(at)}
    said = {"study": "attribution", "draws": draws, "seed": seed, "threads": threads}
    settings, _ = _composed(None, said, overrides, config_dir, data=data)
    (one, two), between, wanted = study.planned(settings)
    with choice.chosen(settings):
        return attribution.run(one, two, between, wanted, settings["draws"], settings["seed"], settings["threads"])


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
    from simulate import gridded, swept

    said = {"study": "grid", "draws": draws, "seed": seed, "grid_by": by, "threads": threads}
    said |= {f"grid.{key}": _in_words(values) for key, values in (over or {}).items()}
    settings, where = _composed(name, said, overrides, config_dir, inputs)
    mistakes: list[Mistake] = []
    axes = swept.axes(settings["grid"] or {}, by, mistakes)
    if not axes:
        mistakes.append(Mistake("over", "no input is swept", 'write {"chip_growth": [1.2, 1.5, 2]}'))
    if mistakes:
        raise Mistakes(mistakes)
    with choice.chosen(settings):
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
    from simulate import assumptions, rivals

    said = {"study": "structures", "draws": draws, "seed": seed, "threads": threads}
    settings, where = _composed(name, said, overrides, config_dir, inputs)
    mistakes: list[Mistake] = []
    listed = tuple(None if given is None else list(given) for given in (laws, weights))
    varied, prefix = rivals.hypotheses(settings, law_of, listed[0], listed[1], mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    built = assumptions.build(varied, where)
    with choice.chosen(settings):
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


def sensitivity(
    name: str = "baseline_2026",
    threshold: str | Sequence[str] | None = None,
    year: float | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    draws: int = 16_384,
    seed: int = 1,
    threads: int | None = None,
    inputs: Mapping[str, Mapping[str, Any] | None] | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
) -> xr.Dataset:
    """Sobol' indices of every input and group, and the answer with each input at its 10th and 90th percentile.

    `threshold` is one name or several (None: all of the set), `year` an instant of the set (None: that nearest to
    2030), `groups` {name: [inputs]} (None: by driver); the rest is as for `run`. Indices are shares of the variance
    with 95 % intervals, (input, output) and (group, output); conditional answers, (pinned, level, output), are
    probabilities, decimal years and log10 units.

    Raises
    ------
    simulate.errors.Mistakes
        With everything that does not fit, at once.
    """
    from simulate import assumptions, indices, sensitivity_question

    said = {"draws": draws, "seed": seed, "threads": threads}
    settings, where = _composed(name, said, overrides, config_dir, inputs)
    built = assumptions.build(settings, where)
    names = threshold if threshold is None or isinstance(threshold, str) else list(threshold)
    question = sensitivity_question.ask(built, draws, names, year, groups)
    with choice.chosen(settings):
        return indices.run(question, seed, settings["threads"])


def explain(
    name: str = "baseline_2026",
    draw: int | None = None,
    threshold: str | None = None,
    year: float | None = None,
    draws: int = 20_000,
    seed: int = 1,
    inputs: Mapping[str, Mapping[str, Any] | None] | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
) -> xr.Dataset:
    """One draw with all its numbers: that of number `draw`, or the most typical of those that cross `threshold` in
    `year`, sought among `draws` draws.

    Gives inputs in their written units, quantities and ceilings (…, year) in log10 units, the ceiling that binds each
    year, and the crossing dates; all of the draw of that number in a forecast with the same seed.

    Raises
    ------
    simulate.errors.Mistakes
        With everything that does not fit, at once.
    """
    from simulate import assumptions, story, typical

    built = assumptions.build(*_composed(name, {"draws": draws, "seed": seed}, overrides, config_dir, inputs))
    return story.run(typical.ask(built, draws, draw, threshold, year), seed)


def _composed(
    name: str | None,
    said: Mapping[str, Any],
    overrides: Sequence[str],
    config_dir: str | Path | None,
    inputs: Mapping[str, Mapping[str, Any] | None] | None = None,
    data: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], Where]:
    """The settings of a run and where each stands; what is `said` of it (None: nothing) comes after `overrides`."""
    from simulate import compose, given

    given.check_overrides(overrides, runs="keep" in said)
    words = [f"{key}={value}" for key, value in said.items() if value is not None]
    return compose.settings(name, [*overrides, *words], config_dir, inputs, data)
