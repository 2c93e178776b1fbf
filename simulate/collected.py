"""All jobs of a sweep as one Dataset and one table, those that failed with their errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulate import results, wording
from simulate.variables import COMPUTE

if TYPE_CHECKING:
    import xarray as xr

VARIABLES = (
    "probability", "probability_error", "crossing", "never", "already", *COMPUTE,
)  # fmt: skip


class Job(NamedTuple):
    """One job: the words that it differs by, and its result or what went wrong."""

    words: Mapping[str, str]
    dataset: xr.Dataset | None
    folder: str
    problem: str


def gather(jobs: Sequence[Job]) -> xr.Dataset:
    """One Dataset with a dimension `job`; what a job has not (it failed, its horizon is nearer, its set has no such
    threshold) is not a number there.

    Each swept key is a variable (job,) of texts; `problem` is empty where the job is done.
    """
    import xarray as xr

    done = [(k, job.dataset) for k, job in enumerate(jobs) if job.dataset is not None]
    parts = [part.drop_attrs().expand_dims(job=[k]) for k, part in done]
    joined = xr.concat(parts, "job", join="outer", coords="minimal", compat="override")
    joined = joined.reindex(job=np.arange(len(jobs)))
    for name, variable in joined.variables.items():
        known = [part[name].attrs for _, part in done if name in part]
        variable.attrs = dict(known[0]) if known else {}
    keys = dict.fromkeys(key for job in jobs for key in job.words)
    told = {"problem": [job.problem for job in jobs], "folder": [job.folder for job in jobs]}
    told |= {f"word:{key}": [job.words.get(key, "") for job in jobs] for key in keys}
    joined = joined.assign({name: ("job", np.array(texts, dtype=str)) for name, texts in told.items()})
    joined.attrs = {"statement": "Projections conditional on the assumptions of each job", "keys": json.dumps([*keys])}
    return joined


def brief(dataset: xr.Dataset) -> xr.Dataset:
    """What is kept of the result of a job."""
    return dataset[[name for name in VARIABLES if name in dataset]]


def rows(jobs: Sequence[Job]) -> results.Rows:
    """A row a job and threshold; one row a job that failed or has no thresholds."""
    years = [f"P by {year:g}" for year in results.ANSWER_YEARS]
    keys = list(dict.fromkeys(key for job in jobs for key in job.words))
    found = []
    for number, job in enumerate(jobs):
        head: dict[str, Any] = {"job": number, **{key: job.words.get(key, "") for key in keys}}
        blank = {"threshold": "", "median_date": "", "never": None, **dict.fromkeys(years), "problem": job.problem}
        lines = [] if job.dataset is None else _by_threshold(job.dataset)
        found += [{**head, **blank, **line, "folder": job.folder} for line in lines or [{}]]
    return found


def _by_threshold(dataset: xr.Dataset) -> list[dict[str, Any]]:
    if "probability" not in dataset:
        return []
    there, horizon = dataset["year"].values, float(dataset.attrs["horizon"])
    found = []
    for name in dataset["threshold"].values.tolist():
        one = dataset.sel(threshold=name)
        median, never = float(one["crossing"].sel(crossing_quantile=0.5)), float(one["never"])
        state = wording.state(median, 0.5, never)
        date: Any = median if state == "crossed" else "already" if state == "already" else f">{horizon:g}"
        shares = {
            f"P by {year:g}": float(one["probability"].sel(year=year, method="nearest"))
            for year in results.ANSWER_YEARS
            if np.any(np.abs(there - year) < 1e-6)
        }
        found.append({"threshold": name, "median_date": date, "never": never, **shares})
    return found
