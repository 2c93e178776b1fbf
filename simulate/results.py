"""The answer as plain tables, and as one small dictionary for summary.json.

A table is a list of rows, a row a dict with the same keys in the same order; `csv_text` writes it,
`pandas.DataFrame(rows)` reads it. Numbers keep all their digits here (a machine may need them) and stand beside their
Monte Carlo errors. A date that is no date is empty, and the column `state` says whether it is `already` or `beyond`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import contents, hypothesis_results, instants, wording

if TYPE_CHECKING:
    import xarray as xr

Rows = list[dict[str, Any]]

ANSWER_YEARS = (2027.0, 2028.0, 2030.0, 2035.0, 2040.0, 2050.0)
"""The instants by which the probabilities are told, where they lie on the grid of the run."""

ANSWER_LEVELS = (0.1, 0.5, 0.9)


def quantile(variable: xr.DataArray, level: float) -> np.ndarray:
    """Return a variable at one level of its quantile (or crossing_quantile) dimension, other dimensions kept.

    Raises KeyError where that level is not stored.
    """
    dimension = "quantile" if "quantile" in variable.dims else "crossing_quantile"
    levels = variable[dimension].values
    index = int(np.argmin(np.abs(levels - level)))
    if abs(levels[index] - level) > 1e-9:
        raise KeyError(f"{variable.name} has no quantile {level:g}; it has {', '.join(f'{q:g}' for q in levels)}")
    return np.asarray(variable.isel({dimension: index}).values)


def effective_draws(dataset: xr.Dataset) -> float:
    """Return the number of draws that the result is worth: fewer than were drawn where they carry weights."""
    size = float(dataset["effective_sample_size"]) if "effective_sample_size" in dataset else math.nan
    return size if math.isfinite(size) and size > 0 else float(dataset.attrs["draws"])


def answer_years(dataset: xr.Dataset) -> list[int]:
    """Return the indices of the years of the answer: those of ANSWER_YEARS on the grid, else a few even ones."""
    return indices_of_answer(dataset["year"].values)


def indices_of_answer(year: np.ndarray) -> list[int]:
    """Return the indices of the years of the answer among instants (year,)."""
    found = [k for k in (instants.place(year, y) for y in ANSWER_YEARS) if k is not None]
    if len(found) >= 2:
        return found
    return sorted(set(np.linspace(0, year.size - 1, min(6, year.size)).round().astype(int).tolist()))


def probability(dataset: xr.Dataset) -> Rows:
    """Return P(crossed by the instant) with its Monte Carlo error and 95 % interval: one row a threshold and year."""
    kind = dataset["threshold_quantity"].values
    level = quantile(dataset["threshold_level"], 0.5)
    columns = ("probability", "probability_error", "probability_low", "probability_high")
    values = [dataset[c].transpose("threshold", "year").values for c in columns]
    return [
        {
            "threshold": str(t),
            "quantity": str(kind[i]),
            "median_level": float(level[i]),
            "unit": _unit(dataset, kind[i]),
        }
        | {"year": float(y)}
        | {c: float(v[i, j]) for c, v in zip(columns, values, strict=True)}
        for i, t in enumerate(dataset["threshold"].values)
        for j, y in enumerate(dataset["year"].values)
    ]


def crossing(dataset: xr.Dataset) -> Rows:
    """Return the quantiles of the crossing dates in decimal years: one row a threshold and level."""
    dates = dataset["crossing"].transpose("threshold", "crossing_quantile").values
    errors = dataset["crossing_error"].transpose("threshold", "crossing_quantile").values
    never, already = dataset["never"].values, dataset["already"].values
    rows: Rows = []
    for i, t in enumerate(dataset["threshold"].values):
        for j, level in enumerate(dataset["crossing_quantile"].values):
            state = wording.state(dates[i, j], level, never[i])
            told = state == "crossed"
            rows.append(
                {
                    "threshold": str(t),
                    "quantile": float(level),
                    "date": float(dates[i, j]) if told else None,
                    "error": float(errors[i, j]) if told and math.isfinite(errors[i, j]) else None,
                    "state": state,
                    "never": float(never[i]),
                    "already": float(already[i]),
                }
            )
    return rows


def quantities(dataset: xr.Dataset) -> Rows:
    """Return mean, standard deviation and quantiles of every quantity, as stored: one row a quantity and year."""
    levels = [f"q{q:g}" for q in dataset["quantile"].values]
    rows: Rows = []
    for name in contents.quantities(dataset):
        variable = dataset[name]
        values = variable.transpose("year", "quantile").values.tolist()
        mean, sd = (dataset[f"{name}_{moment}"].values.tolist() for moment in ("mean", "sd"))
        units = str(variable.attrs.get("units", ""))
        for j, y in enumerate(dataset["year"].values.tolist()):
            row = {"quantity": name, "units": units, "year": y, "mean": mean[j], "sd": sd[j]}
            rows.append(row | dict(zip(levels, values[j], strict=True)))
    return rows


def binding(dataset: xr.Dataset) -> Rows:
    """Return how often each ceiling is the lowest, and the log10 FLOP it allows: one row a ceiling and year."""
    levels = [f"allows_q{q:g}" for q in dataset["quantile"].values]
    share = dataset["binding"].transpose("ceiling", "year").values.tolist()
    allowed = dataset["ceiling_compute"].transpose("ceiling", "year", "quantile").values.tolist()
    active = dataset["active"].values.tolist()
    return [
        {"ceiling": str(c), "active": int(active[i]), "year": y, "share_lowest": share[i][j]}
        | dict(zip(levels, allowed[i][j], strict=True))
        for i, c in enumerate(dataset["ceiling"].values)
        for j, y in enumerate(dataset["year"].values.tolist())
    ]


def inputs(dataset: xr.Dataset) -> Rows:
    """Return the assumptions: quantiles in the written unit, family, mass cut off, source, note: one row an input."""
    values = dataset["inputs"].transpose("input", "quantile").values
    texts = {k: dataset[f"input_{k}"].values for k in ("unit", "dist", "source", "note")}
    return [
        {"input": str(name), "unit": str(texts["unit"][i]), "distribution": str(texts["dist"][i])}
        | {f"q{q:g}": float(values[i, k]) for k, q in enumerate(dataset["quantile"].values)}
        | {"truncated": float(dataset["truncated"].values[i])}
        | {"source": str(texts["source"][i]), "note": str(texts["note"][i])}
        for i, name in enumerate(dataset["input"].values)
    ]


TABLES: dict[str, Callable[[Any], Rows]] = {
    "probability": probability,
    "crossing": crossing,
    "quantities": quantities,
    "binding": binding,
    "inputs": inputs,
    "hypotheses": hypothesis_results.table,
}
"""Every table by the name of its file."""


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as CSV; text that a spreadsheet would run as a formula is quoted, numbers stay numbers."""
    out = io.StringIO()
    if rows:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(list(rows[0]))
        writer.writerows([_cell(v) for v in row.values()] for row in rows)
    return out.getvalue()


def csv_files(tables: Mapping[str, Rows]) -> Iterator[tuple[str, bytes]]:
    """Yield every table that has rows, as (file name, content)."""
    for name, rows in tables.items():
        if rows:
            yield f"{name}.csv", csv_text(rows).encode("utf-8")


def files(dataset: xr.Dataset) -> Iterator[tuple[str, bytes]]:
    """Yield every table of a forecast that the result has rows for, as (file name, content)."""
    absent = contents.absent(dataset)
    return csv_files({name: table(dataset) for name, table in TABLES.items() if name not in absent})


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value)
    text = wording.clean(value, longest=2000)
    return "'" + text if text.lstrip().startswith(("=", "+", "-", "@")) else text


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Return the answer in brief, fit for JSON: infinite dates are null, with `beyond: true` or `already: true` beside.

    Compute is in log10 FLOP, dates in decimal years, probabilities are those of a crossing at or before the instant.
    Without compute, `quantities` has what there is, without any, `inputs`; `absent` says what is not there, and why.
    """
    year = dataset["year"].values
    years = {f"{year[j]:g}": j for j in answer_years(dataset)}
    keys = ("name", "title", "statement", "draws", "seed", "start", "horizon", "step", "source_hash", "config_hash")
    result: dict[str, Any] = {k: _plain(dataset.attrs[k]) for k in keys if k in dataset.attrs}
    result["effective_sample_size"] = effective_draws(dataset)
    result["absent"] = contents.absence(dataset) or None
    result["thresholds"] = _thresholds(dataset, years) if contents.has(dataset, "crossing") else {}
    told = {name: _by_year(dataset, name, years) for name in contents.headlines(dataset)}
    if contents.has(dataset, "training_compute"):
        result |= told
    elif told:
        result["quantities"] = {name: {"units": contents.units(dataset, name)} | told[name] for name in told}
    elif contents.has(dataset, "inputs"):
        result["inputs"] = _inputs(dataset)
    result["binding"] = _binding(dataset, years) if contents.has(dataset, "binding") else {}
    seen = contents.evidence(dataset)
    if seen:
        result["evidence"] = {"names": seen, "share_left": effective_draws(dataset) / float(dataset.attrs["draws"])}
    if contents.has(dataset, "hypotheses"):
        result["hypotheses"] = _hypotheses(dataset, years)
    return result


def _hypotheses(dataset: xr.Dataset, years: dict[str, int]) -> dict[str, Any]:
    """Weights of each hypothesis, its P(crossed) for the thresholds that the set states, and its compute."""
    prior, posterior, error = hypothesis_results.weights(dataset)
    result: dict[str, Any] = {}
    for k, name in enumerate(hypothesis_results.names(dataset)):
        told: dict[str, Any] = {"weight": _plain(prior[k]), "posterior": _plain(posterior[k])}
        told["posterior_error"] = _plain(error[k])
        told["probability"] = {}
        for i in contents.own_thresholds(dataset):
            p = dataset["probability_by_hypothesis"].isel(hypothesis=k, threshold=i).values
            told["probability"][str(dataset["threshold"].values[i])] = {y: _plain(p[j]) for y, j in years.items()}
        for quantity in contents.headlines(dataset):
            values = dataset[f"{quantity}_by_hypothesis"].isel(hypothesis=k).transpose("year", "quantile").values
            told[quantity] = {y: _by_level(dataset, values[j]) for y, j in years.items()}
        result[name] = told
    return result


def _by_year(dataset: xr.Dataset, name: str, years: dict[str, int]) -> dict[str, Any]:
    values = dataset[name].transpose("year", "quantile").values
    return {y: _by_level(dataset, values[j]) for y, j in years.items()}


def _inputs(dataset: xr.Dataset) -> dict[str, Any]:
    values = dataset["inputs"].transpose("input", "quantile").values
    return {
        str(name): {"unit": str(dataset["input_unit"].values[i])} | _by_level(dataset, values[i])
        for i, name in enumerate(dataset["input"].values)
    }


def _binding(dataset: xr.Dataset, years: dict[str, int]) -> dict[str, Any]:
    share = dataset["binding"].transpose("ceiling", "year").values
    active = [(i, str(c)) for i, c in enumerate(dataset["ceiling"].values) if dataset["active"].values[i]]
    return {y: {c: float(share[i, j]) for i, c in active} for y, j in years.items()}


def _thresholds(dataset: xr.Dataset, years: dict[str, int]) -> dict[str, Any]:
    level = dataset["threshold_level"].transpose("threshold", "quantile").values
    parts = {"value": "", "error": "_error", "low": "_low", "high": "_high"}
    chance = {key: dataset[f"probability{end}"].transpose("threshold", "year").values for key, end in parts.items()}
    result: dict[str, Any] = {}
    for i, name in enumerate(dataset["threshold"].values):
        result[str(name)] = {
            "quantity": str(dataset["threshold_quantity"].values[i]),
            "level": {"unit": _unit(dataset, dataset["threshold_quantity"].values[i])} | _by_level(dataset, level[i]),
            "already": float(dataset["already"].values[i]),
            "never": float(dataset["never"].values[i]),
            "probability": {y: {k: _plain(v[i, j]) for k, v in chance.items()} for y, j in years.items()},
            "crossing": {},
        }
    for row in crossing(dataset):
        told = row["state"] == "crossed"
        entry = {"year": row["date"], "error": row["error"]} if told else {"year": None, row["state"]: True}
        result[row["threshold"]]["crossing"][f"{row['quantile']:g}"] = entry
    return result


def _unit(dataset: xr.Dataset, quantity: str) -> str:
    """The unit of a quantity and of levels on it: log10 of an amount but for plain numbers and rates."""
    return str(dataset[str(quantity)].attrs["units"])


def _by_level(dataset: xr.Dataset, values: np.ndarray) -> dict[str, Any]:
    return {f"{q:g}": _plain(v) for q, v in zip(dataset["quantile"].values, values, strict=True)}


def _plain(value: Any) -> Any:
    """Return a scalar as JSON can hold it: no NumPy type, null for what is not finite."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
