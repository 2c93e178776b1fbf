"""A result weighed anew: the same hypotheses with other prior weights, without another run.

Probabilities, binding shares and their errors come out as a run with those weights would give them; of Sobol points the
errors are those of as many random draws, which are larger. Quantiles come from the 200 equally likely values of each
hypothesis that a result keeps, so their level may be off by 0.0075 at most. Single draws that were picked by the old
weights, and what was judged of the old mixture, are left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulate import intervals, mixture
from simulate.crossings import spread_at
from simulate.errors import Mistake, Mistakes, did_you_mean, shown
from simulate.evidence import collapse
from simulate.hypotheses import SLACK
from simulate.pooling import Pool
from simulate.rows import is_number
from simulate.run_keys import SOBOL

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
OF_EACH = "_by_hypothesis"
LARGER = "weighed anew: errors are those of as many random draws, larger than those of Sobol points"
SHARES_OF_DRAWS = ("probability", "never", "already", "crossing_density", "binding", "reached_pole")


def reweight(dataset: xr.Dataset, weights: Mapping[str, float]) -> xr.Dataset:
    """Return the result under other prior weights; `weights` gives every hypothesis a probability.

    Raises
    ------
    simulate.errors.Mistakes
        If the result has no hypotheses, the weights do not fit them, or the evidence refutes those that have weight.
    """
    prior = _prior(dataset, weights)
    pool = pool_of(dataset, prior)
    if pool is None:  # one hypothesis, so its weight is 1
        return dataset.copy()
    mistakes = collapse(pool.sample_size, float(dataset.attrs["draws"]))
    if mistakes:
        raise Mistakes(mistakes)
    some = pool.posterior > 0.0  # of others there may be no draws at all
    found = _of_any_weights(dataset)

    def put(name: str, values: Array) -> None:
        found[name] = (dataset[name].dims, values, dataset[name].attrs)

    put("hypothesis_weight", prior)
    put("hypothesis_posterior", pool.posterior)
    put("effective_sample_size", np.asarray(pool.sample_size))
    for name in (str(key).removesuffix(OF_EACH) for key in dataset.data_vars if str(key).endswith(OF_EACH)):
        of_each = dataset[f"{name}{OF_EACH}"]
        if name in SHARES_OF_DRAWS:
            put(name, mixture.mixed_shares(pool.posterior[some], list(of_each.values[some])))
        elif f"{name}_shares" in dataset:
            put(name, _quantiles(dataset, name, pool.posterior))
        elif name.endswith("_mean"):
            quantity = name.removesuffix("_mean")
            sds = dataset[f"{quantity}_sd{OF_EACH}"].values
            mean, sd = mixture.mixed_moments(pool.posterior, list(zip(of_each.values, sds, strict=True)))
            put(name, mean)
            put(f"{quantity}_sd", sd)
    if "probability" in dataset:
        p = np.clip(found["probability"].values, 0.0, 1.0)
        low, high = intervals.binomial(p * pool.worth(p), pool.worth(p))
        for name, values in (("error", pool.error(p)), ("low", low), ("high", high)):
            put(f"probability_{name}", values)
        put("crossing", _dates(found))
        put("crossing_error", _errors_of_dates(found, pool.worth(p), pool.posterior))
    return found


def _of_any_weights(dataset: xr.Dataset) -> xr.Dataset:
    """The result without what holds for its own weights only, and cannot be made for others."""
    stale = [name for name, of in dataset.data_vars.items() if "draw" in of.dims and "hypothesis" not in of.dims]
    if "reached_pole" in dataset and f"reached_pole{OF_EACH}" not in dataset:  # a result of an earlier version
        stale.append("reached_pole")
    found = dataset.drop_vars(stale)
    found.attrs.pop("convergence", None)
    if dataset.attrs.get("sampling") == SOBOL:
        notes = [note for note in json.loads(dataset.attrs["notes"]) if note != LARGER]
        found.attrs["notes"] = json.dumps([*notes, LARGER])
    return found


def pool_of(dataset: xr.Dataset, prior: Array) -> Pool | None:
    """The pool of a result for prior weights (hypothesis,); None for a result that has no sums over pairs."""
    if "pair_mass" not in dataset:
        return None
    none = np.zeros((len(prior), len(prior), 0, dataset.sizes["year"]))
    both, one = (dataset[name].values if name in dataset else none for name in ("pair_both", "pair_one"))
    return Pool(prior, dataset["evidence_mass"].values, both, one, dataset["pair_mass"].values)


def _prior(dataset: xr.Dataset, weights: Mapping[str, float]) -> Array:
    """The weights in the order of the result, or everything that is wrong with them."""
    if "hypothesis" not in dataset.dims:
        raise Mistakes([Mistake("weights", "the result has no hypotheses", "run a set that has some")])
    names = [str(name) for name in dataset["hypothesis"].values]
    listed = f"the hypotheses are: {', '.join(names)}"
    mistakes = [
        Mistake(f"weights.{name}", f"no hypothesis is called {shown(name)}{did_you_mean(str(name), names)}", listed)
        for name in weights
        if name not in names
    ]
    mistakes += [Mistake("weights", f"no weight for {name}", listed) for name in names if name not in weights]
    mistakes += [
        Mistake(f"weights.{name}", f"weight {shown(weight)}", "a probability: from 0 to 1, summing to 1")
        for name, weight in weights.items()
        if not is_number(weight) or not 0.0 <= weight <= 1.0
    ]
    total = math.fsum(weights.values()) if not mistakes else 1.0
    if abs(total - 1.0) > SLACK:
        mistakes.append(Mistake("weights", f"the weights sum to {total:.12g}", "make them sum to 1"))
    if mistakes:
        raise Mistakes(mistakes)
    return np.array([weights[name] for name in names]) / total


def _quantiles(dataset: xr.Dataset, name: str, posterior: Array) -> Array:
    """Quantiles of the mixture in the dimensions of the pooled variable."""
    shares, there = dataset[f"{name}_shares"], dataset[name].dims
    level = "crossing_quantile" if "crossing_quantile" in there else "quantile"
    rest = [dimension for dimension in shares.dims if dimension not in ("hypothesis", "share")]
    values = shares.transpose("hypothesis", "share", *rest).values
    pooled = mixture.of_shares(values, posterior, dataset[level].values)
    return np.moveaxis(pooled, 0, there.index(level))


def _dates(found: xr.Dataset) -> Array:
    """Quantiles of the dates; shares that had crossed before, or never do, say which of them lie beyond the grid."""
    levels, years = found["crossing_quantile"].values, found["year"].values
    already, never = found["already"].values[:, None], found["never"].values[:, None]
    dates = np.clip(found["crossing"].values, years[0], years[-1])
    return np.where(levels <= already, -np.inf, np.where(levels > 1.0 - never, np.inf, dates))


def _errors_of_dates(found: xr.Dataset, worth: Array, posterior: Array) -> Array:
    """Half the distance between the dates one standard error of the share below and above each level."""
    dates, levels, years = found["crossing"].values, found["crossing_quantile"].values, found["year"].values
    values = found["crossing_shares"].transpose("hypothesis", "share", "threshold").values
    errors = np.full_like(dates, np.nan)
    for which, date in np.ndindex(dates.shape):
        if np.isfinite(dates[which, date]):
            level = levels[date]
            spread = spread_at(dates[which, date], level, years, worth[which])
            ends = np.clip([level - spread, level + spread], 0.0, 1.0)
            low, high = mixture.of_shares(values[:, :, which : which + 1], posterior, ends)[:, 0]
            errors[which, date] = 0.5 * (high - low) if np.isfinite([low, high]).all() else np.inf
    return errors
