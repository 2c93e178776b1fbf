"""What each hypothesis says, read from a result: weights, probabilities with their errors, and all as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulate import contents
from simulate.intervals import standard_error
from simulate.products import product

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def names(dataset: xr.Dataset) -> list[str]:
    """Return the names of the hypotheses, in the order of the set."""
    return [str(name) for name in dataset["hypothesis"].values]


def weights(dataset: xr.Dataset) -> tuple[Array, Array, Array]:
    """Return prior weights, weights after evidence, and the Monte Carlo errors of the latter, all (hypothesis,)."""
    prior, posterior = dataset["hypothesis_weight"].values, dataset["hypothesis_posterior"].values
    if "pair_mass" not in dataset:
        return prior, posterior, np.zeros_like(prior)
    pairs = dataset["pair_mass"].values
    weighed = product(pairs, prior)
    mass = product(prior, weighed)
    square = prior**2 * np.diag(pairs) - 2.0 * posterior * prior * weighed + posterior**2 * mass
    return prior, posterior, np.sqrt(np.maximum(square, 0.0)) / product(prior, dataset["evidence_mass"].values)


def draws(dataset: xr.Dataset) -> Array:
    """Return how many draws the result of each hypothesis is worth (hypothesis,)."""
    count = dataset.sizes["hypothesis"]
    pools = _pools(dataset)
    alone = [pool.sample_size for pool in pools] if pools else [float(dataset["effective_sample_size"])] * count
    return np.maximum(alone, 1.0)


def probability_error(dataset: xr.Dataset) -> Array:
    """Return the Monte Carlo errors of `probability_by_hypothesis` (hypothesis, threshold, year)."""
    p = dataset["probability_by_hypothesis"].transpose("hypothesis", "threshold", "year").values
    pools = _pools(dataset)
    if not pools:
        return standard_error(p, draws(dataset)[:, None, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([pool.error(mine) for pool, mine in zip(pools, p, strict=True)])


def _pools(dataset: xr.Dataset) -> list[Any]:
    """Each hypothesis as if it had all the weight (`pooling.Pool`); none where one is all there is."""
    from simulate.reweighting import pool_of  # compiled code: seconds

    pool = pool_of(dataset, dataset["hypothesis_weight"].values)
    return [pool.of_one(which) for which in range(dataset.sizes["hypothesis"])] if pool else []


def table(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Return one row for each number: P(crossed) by threshold and instant, and the quantiles of compute.

    Without compute the quantiles are those of every quantity; they are in the unit in which it is stored.
    """
    prior, posterior, _ = weights(dataset)
    rows: list[dict[str, Any]] = []
    for which, hypothesis in enumerate(names(dataset)):
        about = {"hypothesis": hypothesis, "weight": float(prior[which]), "posterior": float(posterior[which])}
        if contents.has(dataset, "probability"):
            p = dataset["probability_by_hypothesis"].transpose("hypothesis", "threshold", "year").values[which].tolist()
            for i, name in enumerate(dataset["threshold"].values):
                told = about | {"of": "probability", "name": str(name), "units": "1", "quantile": None}
                rows += [told | {"year": y, "value": p[i][j]} for j, y in enumerate(dataset["year"].values.tolist())]
        for name in contents.headlines(dataset):
            values = dataset[f"{name}_by_hypothesis"].transpose("hypothesis", "quantile", "year").values[which].tolist()
            told = about | {"of": "quantity", "name": name, "units": contents.units(dataset, name)}
            for k, level in enumerate(dataset["quantile"].values.tolist()):
                there = told | {"quantile": level}
                rows += [
                    there | {"year": y, "value": values[k][j]} for j, y in enumerate(dataset["year"].values.tolist())
                ]
    return rows
