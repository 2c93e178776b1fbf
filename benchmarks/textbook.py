"""The model as a textbook writes it in NumPy: whole (draw, year) arrays, scipy, `np.quantile` at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from benchmarks.numpy_inputs import DATE_BINS, QUANTILES, Marginal, Table, Unknown, to_kernel

NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)


def sample(table: Table, draws: int, rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every input, as written and in kernel units, each (draw,); certain ones are numbers."""
    written: dict[str, Any] = {}
    scores = rng.standard_normal((draws, len(table.correlated))) @ table.factor.T
    together = dict(zip(table.correlated, stats.norm.cdf(scores).T, strict=True))
    for name, one in table.marginals.items():
        u = together.get(name)
        written[name] = _draw(one, draws, rng) if u is None else _distribution(one).ppf(u)
    values = {name: to_kernel(one, written[name]) for name, one in table.marginals.items()}
    return written | table.written, table.certain | values


def _distribution(one: Marginal) -> Any:
    if one.family == "normal":
        return stats.norm(*one.p)
    if one.family == "lognormal":
        return stats.lognorm(one.p[1], scale=np.exp(one.p[0]))
    if one.family == "uniform":
        return stats.uniform(*one.p)
    raise Unknown(f"correlated {one.family}")


def _draw(one: Marginal, draws: int, rng: np.random.Generator) -> np.ndarray:
    p = one.p
    if one.kept:
        a, b = stats.norm.ppf(one.kept)
        value = stats.truncnorm.rvs(a, b, loc=p[0], scale=p[1], size=draws, random_state=rng)
        return np.exp(value) if one.family == "lognormal" else value
    if one.family == "normal":
        return rng.normal(p[0], p[1], draws)
    if one.family == "lognormal":
        return rng.lognormal(p[0], p[1], draws)
    if one.family == "uniform":
        return rng.uniform(p[0], p[0] + p[1], draws)
    if one.family == "loguniform":
        return np.exp(rng.uniform(p[0], p[0] + p[1], draws))
    if one.family == "triangular":
        return rng.triangular(p[0], p[1], p[2], draws)
    middle, slope, skew, floor, roof = p
    u = rng.uniform(size=draws)
    y = middle + np.log(u / (1.0 - u)) * (slope + skew * (u - 0.5))
    if np.isinf(floor) and np.isinf(roof):
        return y
    if np.isinf(roof):
        return floor + np.exp(y)
    return (floor + roof * np.exp(y)) / (1.0 + np.exp(y)) if np.isfinite(floor) else roof - np.exp(-y)


def _level(table: Table, x: dict[str, Any], path: str, year: Any, limit: Any = None) -> np.ndarray:
    """A path's level at the years, (draw, year)."""
    law, limited, at = table.laws[path]
    row = {k.removeprefix(f"{path}_"): v for k, v in x.items() if k.startswith(f"{path}_")}
    start, growth, e = row["start"], row["growth"], year - at
    if law == "exponential":
        level = start + growth * e
    elif law == "lead-time":
        level = start + e * np.where(growth > 0.0, growth / (1.0 + growth * row["delay"]), growth)
    elif law == "decaying":
        half_life = row["half_life"]
        level = start + growth * half_life / np.log(2.0) * (1.0 - 2.0 ** (-e / half_life))
    elif law == "two-regime":
        change = row["slowdown"]
        early = np.minimum(year, change) - np.minimum(at, change)
        late = np.maximum(year, change) - np.maximum(at, change)
        level = start + growth * early + row["growth_after"] * late
    else:
        raise Unknown(f"law {law}")
    return _limited(level, row.get("limit", np.inf) if limit is None else limit, limited)


def _limited(level: Any, limit: Any, shape: str) -> np.ndarray:
    if shape == "hard":
        return np.minimum(level, limit)
    if shape == "logistic":
        return level - np.log10(1.0 + 10.0 ** (level - limit))
    if shape != "none":
        raise Unknown(f"limit {shape}")
    return level


def _stock(table: Table, x: dict[str, Any], draws: int) -> np.ndarray:
    """The stock of chips at every instant, (draw, year), by five Gauss-Legendre points on panels of at most a year."""
    retirement, stock, since = x["chip_retirement"], 10.0 ** x["chip_stock_start"], table.stock_at
    found = np.empty((draws, len(table.years)))
    for k, year in enumerate(table.years):
        panels = int(np.ceil(year - since))
        for start, end in zip(*(np.linspace(since, year, panels + 1)[i : panels + i] for i in (0, 1)), strict=True):
            at = start + 0.5 * (end - start) * (1.0 + NODES)
            made = 10.0 ** _level(table, x, "chip", at) * np.exp(-retirement * (end - at))
            stock = stock * np.exp(-retirement * (end - start)) + 0.5 * (end - start) * made @ WEIGHTS[:, None]
        found[:, k : k + 1], since = stock, year
    return found


def trajectories(table: Table, x: dict[str, Any], draws: int) -> dict[str, np.ndarray]:
    """Every quantity and ceiling, (draw, year); `x` has one number a draw, (draw, 1)."""
    year = table.years
    q: dict[str, Any] = {"gwp": _level(table, x, "gwp", year)}
    bound = np.minimum(x.get("spend_limit", np.inf), x["spend_limit_share"] + q["gwp"])
    q["spend"] = _level(table, x, "spend", year, bound)
    q["price_performance"] = _level(table, x, "price_performance", year)
    q["run_length"] = _level(table, x, "run_length", year)
    q["chip_output"] = _level(table, x, "chip", year)
    q["chips"] = np.log10(_stock(table, x, draws))
    q["power"] = _level(table, x, "power", year)
    q["efficiency"] = _level(table, x, "efficiency", year)
    q["token_stock"] = _level(table, x, "token", year)
    natural = q["token_stock"] + x["token_quality"] + x["token_epochs"] + x["token_modalities"]
    q["tokens"] = np.log10(10.0**natural + 10.0 ** x["synthetic_tokens"] * (year - table.start))
    extra = x["layer_scaling"] - x["batch_scaling"]
    rate = x["batch_reference"] - x["latency_per_layer"] - x["layers_reference"]
    fits = q["run_length"] + rate - x["tokens_per_parameter"] + extra * x["parameters_reference"]
    q["parameters_by_latency"] = fits / (1.0 + extra)
    q["trend"] = _level(table, x, "trend", year)
    used = x["utilisation"] + q["run_length"]
    q["ceiling:money"] = q["spend"] + q["price_performance"]
    q["ceiling:chips"] = q["chips"] + x["chip_share"] + x["chip_flops"] + used
    q["ceiling:power"] = q["power"] + q["efficiency"] + used
    q["ceiling:data"] = np.log10(6.0) + 2.0 * q["tokens"] - x["tokens_per_parameter"]
    q["ceiling:latency"] = np.log10(6.0) + x["tokens_per_parameter"] + 2.0 * q["parameters_by_latency"]
    if "machine" in table.laws:
        q["ceiling:latency"] = np.minimum(q["ceiling:latency"], _level(table, x, "machine", year) + used)
    q["ceiling:trend"] = q["trend"]
    stated = np.stack([q[f"ceiling:{name}"] for name in table.active])
    q["binding"], q["training_compute"] = stated.argmin(axis=0), stated.min(axis=0)
    q["largest_run"] = np.maximum(np.maximum.accumulate(q["training_compute"], axis=1), x["largest_run_start"])
    q["algorithm_gain"] = _gain(table, x, q["training_compute"])
    q["effective_compute"] = q["training_compute"] + q["algorithm_gain"]
    q["largest_effective"] = np.maximum.accumulate(q["effective_compute"], axis=1)
    return q


def _gain(table: Table, x: dict[str, Any], compute: np.ndarray) -> np.ndarray:
    law, limited, at = table.laws["algorithm"]
    if law != "exponential":
        raise Unknown(f"law {law} of algorithms")
    by_time, share = x["algorithm_growth"] * (table.years - at), x["algorithm_compute_share"]
    by_compute = x["algorithm_growth"] * (compute - compute[:, :1]) / x["algorithm_reference_growth"]
    gain = x["algorithm_start"] + by_time + share * (np.where(share > 0.0, by_compute, by_time) - by_time)
    return np.maximum(_limited(gain, x.get("algorithm_limit", np.inf), limited), 0.0)


def _dates(years: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """Dates (draw,) at which margin (draw, year) first reaches 0, linear between instants; never is infinity."""
    reached = margin >= 0.0
    k = reached.argmax(axis=1)[:, None]
    now, before = (np.take_along_axis(margin, np.maximum(k - back, 0), axis=1)[:, 0] for back in (0, 1))
    k = k[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        date = years[k - 1] + (years[k] - years[k - 1]) * (-before / (now - before))
    return np.where(reached.any(axis=1), np.where(k == 0, -np.inf, date), np.inf)


def run(table: Table, draws: int, seed: int = 1) -> dict[str, Any]:
    """The outputs of a run: quantiles, means and spreads of every quantity, binding, crossing, and inputs."""
    rng = np.random.default_rng(seed)
    written, x = sample(table, draws, rng)
    q = trajectories(table, {name: np.reshape(v, (-1, 1)) for name, v in x.items()}, draws)
    out: dict[str, Any] = {"quantiles": {}, "mean": {}, "sd": {}, "crossed": {}, "dates": {}, "cells": {}}
    for name in table.results:
        out["quantiles"][name] = np.quantile(q[name], QUANTILES, axis=0)
        out["mean"][name], out["sd"][name] = q[name].mean(axis=0), q[name].std(axis=0)
    out["binding"] = np.stack([(q["binding"] == k).mean(axis=0) for k in range(len(table.active))])
    cells = round((table.years[-1] - table.years[0]) * DATE_BINS)
    for name, quantity in table.thresholds.items():
        margin = np.maximum.accumulate(q[quantity], axis=1) - np.reshape(x[f"threshold:{name}"], (-1, 1))
        date = _dates(table.years, margin)
        out["crossed"][name] = (margin >= 0.0).mean(axis=0)
        out["dates"][name] = np.quantile(date, QUANTILES, method="inverted_cdf")
        out["cells"][name] = np.histogram(date, cells, (table.years[0], table.years[-1]))[0]
    out["inputs"] = {name: np.quantile(written[name], QUANTILES) for name in table.inputs}
    return out
