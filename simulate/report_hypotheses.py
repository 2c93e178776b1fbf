"""The tables of the answer that tell what each hypothesis says: of the set's own thresholds, and of compute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table
from rich.text import Text

from simulate import contents, hypothesis_results, report_tables, results, wording

if TYPE_CHECKING:
    import xarray as xr

MOST_THRESHOLDS = 3
MIXTURE = "all, by their weights"


def hypotheses(dataset: xr.Dataset, width: int) -> Iterator[Table | Text]:
    """Yield a table of probabilities for each threshold that the set states, then of compute, a row a hypothesis."""
    labels = _labels(dataset)
    years = results.answer_years(dataset)
    if contents.has(dataset, "probability"):
        own = contents.own_thresholds(dataset)
        for i in own[:MOST_THRESHOLDS]:
            name = wording.clean(dataset["threshold"].values[i])
            yield report_tables.title(f"Each hypothesis: probability (%) that {name} has been crossed by 1 January of")
            cells = _probabilities(dataset, i, years)
            yield from report_tables.by_year("hypothesis", list(zip(labels, cells, strict=True)), dataset, width)
        if len(own) > MOST_THRESHOLDS:
            yield report_tables.note(f"{len(own) - MOST_THRESHOLDS} more thresholds are in hypotheses.csv.")
    few = years[::-2][::-1]
    for name in contents.headlines(dataset)[-1:]:
        what = report_tables.KINDS.get(name, wording.clean(name, 60))
        unit = wording.unit(contents.units(dataset, name))
        yield report_tables.title(
            f"Each hypothesis: {what}{f', {unit}' if unit else ''}: median and central 80 %, on 1 January of"
        )
        variables = [dataset[f"{name}_by_hypothesis"].isel(hypothesis=k) for k in range(len(labels) - 1)]
        worth = [*hypothesis_results.draws(dataset), results.effective_draws(dataset)]
        cells = [
            [report_tables.middle_and_range(variable, j, n) for j in few]
            for variable, n in zip([*variables, dataset[name]], worth, strict=True)
        ]
        yield from report_tables.by_year("hypothesis", list(zip(labels, cells, strict=True)), dataset, width, few)


def _labels(dataset: xr.Dataset) -> list[Text]:
    """Return the first column: each hypothesis with its weight below it, and what they say together."""
    prior, posterior, error = hypothesis_results.weights(dataset)
    seen, worth = contents.evidence(dataset), results.effective_draws(dataset)
    found = []
    for k, name in enumerate(hypothesis_results.names(dataset)):
        weight = f"weight {100 * prior[k]:.3g} %"
        if seen:
            weight += f", now {wording.percent(posterior[k], worth, error[k])[0]} %"
        found.append(Text(wording.clean(name, 64)) + Text(f"\n{weight}", style="dim"))
    return [*found, Text(MIXTURE, style="italic")]


def _probabilities(dataset: xr.Dataset, threshold: int, years: list[int]) -> list[list[Text]]:
    """Return the cells of one threshold: a list for each hypothesis, and that of the mixture."""
    order = ("hypothesis", "threshold", "year")
    of_each = dataset["probability_by_hypothesis"].transpose(*order).values[:, threshold]
    errors = hypothesis_results.probability_error(dataset)[:, threshold]
    mixture, its_error = (
        dataset[name].transpose("threshold", "year").values[threshold] for name in ("probability", "probability_error")
    )
    worth = np.append(hypothesis_results.draws(dataset), results.effective_draws(dataset))
    return [
        [report_tables.cell(p[j], n, error[j]) for j in years]
        for p, error, n in zip([*of_each, mixture], [*errors, its_error], worth, strict=True)
    ]
