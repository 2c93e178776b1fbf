"""What drives the answer, in the terminal: total indices, swings of the chance, and inputs without effect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from simulate import columns, page, wording
from simulate.sensitivity_tables import CROSSED, DATE, NOWHERE, OTHERWISE

if TYPE_CHECKING:
    import xarray as xr

MOST = 12
WIDEST_NAME = 38


def lines(dataset: xr.Dataset, width: int = page.WIDTH_OF_A_FILE) -> Iterator[str]:
    """Yield the answer line by line, as wide as a terminal of `width` columns."""
    for line in _lines(dataset, width):
        yield from columns.wrapped(line, width)


def _lines(dataset: xr.Dataset, width: int) -> Iterator[str]:
    attrs = dataset.attrs
    yield wording.clean(attrs["title"])
    yield "A projection conditional on these assumptions, not a prediction."
    yield f"set {wording.clean(attrs['name'], 80)} · {attrs['draws']:,} draws a design · seed {attrs['seed']}"
    if np.isfinite(dataset["total"].values).any():
        yield "In brackets behind each index: its 95 % interval."
    shown = json.loads(attrs["shown"])
    kinds, of = dataset["output_kind"].values, dataset["output_of"].values
    for threshold in shown:
        yield from _about(dataset, [int(k) for k in np.flatnonzero(of == threshold)], f"threshold {threshold}", width)
    compute = [k for k, kind in enumerate(kinds) if kind not in (CROSSED, DATE)]
    if compute:
        yield from _about(dataset, compute, f"compute in {attrs['year']:g}", width)
    others = [str(name) for k, name in zip(kinds, of, strict=True) if k == CROSSED and name not in shown]
    if others:
        yield ""
        told = ", ".join(wording.clean(name, 40) for name in others)
        yield f"Also in tables/indices.csv and tables/swings.csv: {told}."
    yield from _without_effect(dataset)


def _about(dataset: xr.Dataset, outputs: list[int], what: str, width: int) -> Iterator[str]:
    """Total indices of some outputs, then the swings of the first of them that varies."""
    varying = [k for k in outputs if np.isfinite(dataset["total"].values[:, k]).any()]
    yield ""
    yield f"{wording.clean(what, 60)}: {'; '.join(_answer(dataset, k) for k in outputs)}"
    if not varying:
        yield "  the same in every draw: there is nothing to explain"
        return
    first = varying[0]
    names = [_heading(dataset, k) for k in varying]
    for kind, prefix in (("input", ""), ("group", "group_")):
        if not dataset.sizes.get(kind):
            continue
        yield ""
        rows = [[f"total Sobol' index by {kind}", *names]]
        total = dataset[f"{prefix}total"].values
        for i in np.argsort(-total[:, first], kind="stable")[:MOST]:
            cells = [
                _interval(*(dataset[f"{prefix}total{end}"].values[i, k] for end in ("", "_low", "_high")))
                for k in varying
            ]
            rows.append([wording.clean(dataset[kind].values[i], 400), *cells])
        yield from columns.lines(rows, width, WIDEST_NAME)
    yield from _swings(dataset, first, width)


def _swings(dataset: xr.Dataset, k: int, width: int) -> Iterator[str]:
    if "pinned" not in dataset:
        return
    yield ""
    rows = [["pinned at its 10th, 90th percentile", f"{_heading(dataset, k)} at 10th", "at 90th"]]
    for i in widest(dataset, k)[:MOST]:
        ends = zip(dataset["conditional"].values[i, :, k], dataset["conditional_error"].values[i, :, k], strict=True)
        name = wording.clean(f"{dataset['pinned'].values[i]} {pinned_at(dataset, i, ', ')}", 400)
        rows.append([name, *(told(dataset, k, *end) for end in ends)])
    yield from columns.lines(rows, width, WIDEST_NAME)


def pinned_at(dataset: xr.Dataset, i: int, between: str) -> str:
    """The two values at which an input is pinned, with their unit; or that they differ between hypotheses."""
    unit, values = str(dataset["pinned_unit"].values[i]), dataset["pinned_value"].values[i].tolist()
    if np.isnan(values).any():
        return "by hypothesis"
    return f"{between.join(wording.written(value, unit) for value in values)} {wording.clean(unit, 24)}"


def widest(dataset: xr.Dataset, k: int) -> list[int]:
    """The pinned inputs by how far they swing an output, the widest first; a swing to infinity is the widest of all."""
    ends = dataset["conditional"].values[:, :, k]
    with np.errstate(invalid="ignore"):
        swing = np.where(ends[:, 0] == ends[:, 1], 0.0, np.abs(ends[:, 1] - ends[:, 0]))
    return [int(i) for i in np.argsort(-swing, kind="stable")]


def told(dataset: xr.Dataset, k: int, value: float, error: float) -> str:
    """An answer with the digits that its error supports."""
    kind = str(dataset["output_kind"].values[k])
    if kind == CROSSED:
        return " ".join(part for part in wording.percent(value, float(dataset.attrs["draws"]), error) if part) + " %"
    if kind == DATE:
        never = 1.0 if value == np.inf else 0.0
        return wording.date(value, 0.5, never, float(dataset.attrs["horizon"]), error)
    return wording.level(value, str(dataset["output_units"].values[k]))


def _answer(dataset: xr.Dataset, k: int) -> str:
    value, error = float(dataset["answer"].values[k]), float(dataset["answer_error"].values[k])
    kind = str(dataset["output_kind"].values[k])
    if kind == CROSSED:
        return f"crossed by {dataset.attrs['year']:g} in {told(dataset, k, value, error)} of the draws"
    return f"median {'date' if kind == DATE else kind.replace('_', ' ')} {told(dataset, k, value, error)}"


def _heading(dataset: xr.Dataset, k: int) -> str:
    kind = str(dataset["output_kind"].values[k])
    said = {CROSSED: f"by {dataset.attrs['year']:g}", DATE: "date (rank)"}
    return said.get(kind, kind.replace("_compute", ""))


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.2f} ({low:.2f}{wording.DASH}{high:.2f})" if np.isfinite(value) else wording.DASH


def _without_effect(dataset: xr.Dataset) -> Iterator[str]:
    effect, names = dataset["effect"].values, dataset["input"].values
    said = {
        OTHERWISE: "No effect on these outputs, but on other quantities",
        NOWHERE: "No effect on anything (a row that nothing reads, or that never matters)",
    }
    for kind, sentence in said.items():
        found = [wording.clean(name, 80) for name in names[effect == kind]]
        if found:
            yield ""
            yield f"{sentence}: {', '.join(found)}."
    together = [
        wording.clean(name, 200)
        for name, all_ in zip(names, dataset["input_members"].values, strict=True)
        if ", " in all_
    ]
    if together:
        yield ""
        yield f"Correlated inputs are one input to the indices: {'; '.join(together)}."
        yield "Where one of them is pinned, the others are drawn given its value."
