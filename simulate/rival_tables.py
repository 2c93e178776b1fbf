"""Rival laws as a table, a row a law, threshold and year, and as the answer in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulate import columns, page, results, rivals, wording

if TYPE_CHECKING:
    import xarray as xr

POOLED = "pooled"


def rows(dataset: xr.Dataset) -> results.Rows:
    """A row a law (and the pool), threshold and year of the answer: probability as stated and with the higher start."""
    found = []
    years = dataset["year"].values[results.answer_years(dataset)]
    for law in [*dataset["law"].values.tolist(), POOLED]:
        for threshold in dataset["threshold"].values.tolist():
            for year in years:
                there = {"threshold": threshold, "year": year}
                line: dict[str, Any] = {"law": law, **there, "year": float(year)}
                for name in ("probability", "probability_error"):
                    line[name] = float(_of(dataset, name, law).sel(there))
                line["start_tenfold"] = float(_of(dataset, "probability_shifted", law).sel(there))
                for name in ("crossing", "crossing_shifted"):
                    middle = _of(dataset, name, law).sel(threshold=threshold, crossing_quantile=0.5)
                    line[f"median_{name}"] = _date(float(middle), float(dataset.attrs["horizon"]))
                pole = None if law == POOLED else float(dataset["reached_pole"].sel(law=law, year=year))
                found.append({**line, "reached_pole": pole})
    return found


def _of(dataset: xr.Dataset, name: str, law: str) -> xr.DataArray:
    return dataset[name] if law == POOLED else dataset[f"{name}_by_law"].sel(law=law)


def _date(date: float, horizon: float) -> float | str:
    return date if np.isfinite(date) else f">{horizon:g}" if date > 0 else "already"


def answer(dataset: xr.Dataset, width: int = page.WIDTH_OF_A_FILE) -> str:
    """What the terminal says: each law and the pool for one threshold, the poles, and what the start is worth.

    It has `width` columns.
    """
    attrs, threshold = dataset.attrs, rivals.told(dataset)
    felt = rivals.felt(dataset)
    years = dataset["year"].values[results.answer_years(dataset)]
    horizon = float(attrs["horizon"])
    lines = [
        wording.clean(attrs["title"]),
        f"{attrs['statement']}: growth laws of {attrs['path']} as hypotheses.",
        f"set {attrs['name']} · {attrs['draws']:,} draws a law, the same in all · seed {attrs['seed']}",
        "",
        f"P({threshold} crossed), % by year; the median date, and with the start ten times higher; share at a pole",
    ]
    table = [["law", "weight", *(f"{year:g}" for year in years), "median", "start x10", f"pole by {horizon:g}"]]
    for law in [*dataset["law"].values.tolist(), POOLED]:
        chance, error = (
            _of(dataset, name, law).sel(threshold=threshold) for name in ("probability", "probability_error")
        )
        worth = float(_of(dataset, "effective_sample_size", law))
        shares = [
            " ".join(wording.percent(float(chance.sel(year=year)), worth, float(error.sel(year=year)))).rstrip()
            for year in years
        ]
        dates = [
            _date(float(_of(dataset, name, law).sel(threshold=threshold, crossing_quantile=0.5)), horizon)
            for name in ("crossing", "crossing_shifted")
        ]
        weight = "" if law == POOLED else f"{float(dataset['law_weight'].sel(law=law)):.3g}"
        pole = "" if law == POOLED else f"{100 * float(dataset['reached_pole'].sel(law=law)[-1]):.3g} %"
        table.append([law, weight, *shares, *(d if isinstance(d, str) else f"{d:.1f}" for d in dates), pole])
    lines += [*columns.lines(table, width), ""]
    for name in dataset["threshold"].values.tolist():
        moved = 100.0 * float(felt["pooled"].sel(threshold=name))
        if bool(felt["cares"].sel(threshold=name)):
            lines.append(f"A start ten times higher moves P({name}) by up to {moved:+.1f} percentage points.")
        else:
            lines.append(
                f"P({name}) hardly depends on where {attrs['path']} starts: ten times higher moves it by {moved:+.1f} "
                "percentage points."
            )
    return "\n".join(part for line in lines for part in columns.wrapped(line, width))
