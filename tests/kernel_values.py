"""The compiled model's own numbers, in full: a forecast keeps counts, the tests want every draw in 64 bits.

`values` runs whole blocks of 512 draws as the pilot of a forecast does, and gives what each row was in each draw and
instant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from simulate import assumptions, histograms
from simulate.blocks import DRAWS
from simulate.counting import Watched
from simulate.engines.work import Memory
from simulate.plan import Prepared, prepare
from simulate.tally import Sums, blank, noted


class Values(NamedTuple):
    """What the kernel computed: levels in log10, inputs as written, dates in decimal years."""

    year: np.ndarray  # (year,)
    inputs: dict[str, np.ndarray]  # (draw,) at the first instant; levels of thresholds as "threshold:name", in log10
    results: dict[str, np.ndarray]  # (year, draw); ceilings as "ceiling:name"
    crossing: dict[str, np.ndarray]  # (draw,)
    binding: np.ndarray  # (active ceiling, year): number of draws
    broken: int  # derived inputs that were not finite, in all draws


def settings_of(inputs: Mapping[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """A small set: 2026 to 2030 unless said otherwise; an input may be given as (value, unit)."""
    rows = {
        name: row if isinstance(row, Mapping) else {"value": row[0], "unit": row[1]}
        for name, row in (inputs or {}).items()
    }
    return {"name": "small", "start": 2026, "horizon": 2030, "inputs": rows, **settings}


def blind(prepared: Prepared) -> Watched:
    """What a run watches, before any histogram has its place."""
    return Watched(
        histograms.unplaced(prepared.input_rows, 1),
        np.zeros(len(prepared.input_rows), np.int64),
        histograms.unplaced(prepared.result_rows, len(prepared.plan.years)),
        np.zeros(len(prepared.plan.levels)),
    )


def values(settings: Mapping[str, Any], draws: int = DRAWS, seed: int = 1) -> Values:
    """Run a composed set for whole blocks of draws and give every number; of a set with hypotheses the first.

    The last block is filled up.
    """
    built = assumptions.build(settings)
    prepared = prepare(built)
    watched = blind(prepared)
    inputs, results, dates = [], [], []
    sums = None
    for block in range(-(-draws // DRAWS)):
        room = noted(prepared)
        tally = blank(prepared, watched, np.zeros((0, 0, 0), np.float32))
        Memory(prepared, watched, tally, room).run(seed, block, block + 1, (block + 1) * DRAWS)
        inputs.append(room.inputs[:, 0])
        results.append(room.results)
        dates.append(room.dates)
        if sums is None:
            sums = Sums(tally)
        sums.take(tally)
    assert sums is not None
    return Values(
        built.years,
        dict(zip(prepared.inputs, np.concatenate(inputs, axis=1), strict=True)),
        dict(zip(prepared.results, np.concatenate(results, axis=2), strict=True)),
        dict(zip(built.thresholds, np.concatenate(dates, axis=1), strict=True)),
        sums.others["binding"],
        int(sums.others["broken"].sum()),
    )
