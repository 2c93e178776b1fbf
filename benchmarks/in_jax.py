"""The model in JAX on one core of the processor, in single or double precision; natural logarithms as in `tuned`.

A scan over the years carries the states of a chunk; histograms are scatter-adds, the quickest way in JAX on a processor
(sorting takes twenty times as long, counting by NumPy on the outside a little longer). Limited exponential paths are
carried on as amounts, as in C.
"""

from __future__ import annotations

import tempfile
from functools import partial
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

import benchmarks.one_thread  # noqa: F401
from benchmarks.counted import Counted
from benchmarks.numpy_inputs import DATE_BINS, LN_10, Marginal, Table, Unknown, logged, only_known, per_e_fold
from benchmarks.tuned_histogram import BINS
from simulate.units import Operation

try:
    import jax
    import jax.numpy as jnp

    COMPILED = tempfile.TemporaryDirectory()  # so that the same chunk is compiled once
    jax.config.update("jax_compilation_cache_dir", COMPILED.name)
    jax.config.update("jax_enable_x64", True)  # beside it single precision is what asks for it
except ImportError:  # the extra `bench`
    jax = None  # type: ignore[assignment,unused-ignore]

NODES, WEIGHTS = (side.tolist() for side in np.polynomial.legendre.leggauss(5))
LN_2, LN_6 = float(np.log(2.0)), float(np.log(6.0))
CELLS = BINS + 2  # the first and the last are for what lies outside


class InJax:
    """A run in JAX, and its counts."""

    def __init__(self, table: Table, precision: str = "float64", chunk: int = 16384, seed: int = 1) -> None:
        only_known(table)
        self.table, self.precision, self.chunk = table, np.dtype(precision), chunk
        self.counted, self.key = Counted(table), jax.random.key(seed)
        self.names = list(table.marginals)
        self.certain = {k: v * per_e_fold(table.units[k]) for k, v in table.certain.items()}
        self.results_scale, self.results_shift = self._places(self.counted.results, 1.0 / LN_10)
        of_inputs = np.array([1.0 / LN_10 if logged(one) else 1.0 for one in table.marginals.values()])
        self.inputs_scale, self.inputs_shift = self._places(self.counted.inputs, of_inputs)
        self.step = jax.jit(self._chunk, donate_argnums=1)
        self.counts = self._empty()

    def _places(self, histogram: Any, per_oom: Any) -> tuple[np.ndarray, np.ndarray]:
        """What makes values places, around the middle: small numbers keep their digits."""
        scale = (1.0 / histogram.width).T
        shift = -histogram.origin.T * scale - BINS // 2
        return (scale * per_oom).astype(self.precision), shift.astype(self.precision)

    def _empty(self) -> dict[str, Any]:
        results, instants, rows = len(self.counted.names), len(self.table.years), len(self.names)
        thresholds, cells = self.counted.cells.shape
        shapes = {
            "inputs": (rows * CELLS,), "results": (instants, results * CELLS),
            "binding": (instants, len(self.table.active)),
            "crossed": (instants, thresholds), "cells": (thresholds * (cells + 1),),
        }  # fmt: skip
        sums = {"input_moments": (2, rows), "moments": (instants, 2, results)}
        return {k: jnp.zeros(v, jnp.int32) for k, v in shapes.items()} | {k: jnp.zeros(v) for k, v in sums.items()}

    def count(self, draws: int) -> None:
        """Take draws, a multiple of the chunk, through the years."""
        for _ in range(draws // self.chunk):
            self.key, self.counts = self.step(self.key, self.counts)
        jax.block_until_ready(self.counts)
        self.counted.draws += draws

    def run(self, draws: int) -> dict[str, Any]:
        """Count and give the tables."""
        self.count(draws)
        counted, found = self.counted, {name: np.asarray(value) for name, value in self.counts.items()}
        for histogram, cells, moments in (
            (counted.results, found["results"], found["moments"]),
            (counted.inputs, found["inputs"], found["input_moments"][None]),
        ):
            cells = cells.reshape(*histogram.sum.shape, CELLS)
            histogram.bins[:] = cells[:, :, 1:-1]
            histogram.outside[0], histogram.outside[1] = cells[:, :, 0], cells[:, :, -1]
            middle, width = (histogram.origin + histogram.width * (BINS // 2)).T, histogram.width.T
            first, second = moments[:, 0], moments[:, 1]
            histogram.sum[:] = counted.draws * middle + width * first
            histogram.squares[:] = counted.draws * middle**2 + 2.0 * middle * width * first + width**2 * second
        counted.binding[:], counted.crossed[:] = found["binding"].T, found["crossed"].T
        counted.cells[:] = found["cells"].reshape(len(counted.cells), -1)[:, :-1]
        return counted.outputs()

    def _chunk(self, key: Any, counts: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        key, own = jax.random.split(key)
        watched, x = self._draw(own)
        x = {name: jnp.asarray(value, self.precision) for name, value in (self.certain | x).items()}
        inputs, input_moments = _count(watched, self.inputs_scale[0], self.inputs_shift[0], counts["inputs"])
        x = jax.lax.optimization_barrier(x)
        prepared, states = jax.lax.optimization_barrier(self._prepare(x))
        instants = (jnp.arange(len(self.table.years)), counts["results"], self.results_scale, self.results_shift)
        states, counted = jax.lax.scan(partial(self._instant, x, prepared), states, instants)
        results, moments, binding, crossed = counted
        cells = self.counted.cells.shape[1]
        places = jnp.clip(states["date"] * DATE_BINS, 0, cells).astype(jnp.int32)  # never and already in the last
        flat = (places + jnp.arange(len(places), dtype=jnp.int32)[:, None] * (cells + 1)).ravel()
        return key, {
            "inputs": inputs, "results": results, "binding": counts["binding"] + binding,
            "crossed": counts["crossed"] + crossed, "cells": counts["cells"].at[flat].add(1, mode="promise_in_bounds"),
            "input_moments": counts["input_moments"] + input_moments, "moments": counts["moments"] + moments,
        }  # fmt: skip

    def _draw(self, key: Any) -> tuple[Any, dict[str, Any]]:
        """Rows as watched, (row, draw), and in natural kernel units by name."""
        table, shape = self.table, (self.chunk,)
        normal = [k for k, one in table.marginals.items() if one.family in ("normal", "lognormal") and one.kept is None]
        normal = [*table.correlated, *(k for k in normal if k not in table.correlated)]
        others = [k for k in self.names if k not in normal]
        one, two = jax.random.split(key)
        scores = jax.random.normal(one, (len(normal), *shape), self.precision)
        uniforms = jax.random.uniform(two, (len(others), *shape), self.precision)
        z = dict(zip(normal, scores, strict=True))
        mixed = [
            sum(w * z[table.correlated[j]] for j, w in enumerate(row) if w)
            for row in table.factor.astype(self.precision)
        ]
        z |= dict(zip(table.correlated, mixed, strict=True))
        u = dict(zip(others, uniforms, strict=True))
        least = np.finfo(self.precision).tiny
        watched, values = [], {}
        for name, marginal in table.marginals.items():
            w = _quantile(marginal, z[name]) if name in z else _by_uniform(marginal, jnp.maximum(u[name], least))
            w, values[name] = _converted(marginal, w)
            watched.append(w)
        return watched, values

    def _prepare(self, x: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What stays the same through the years, and the states at the start."""
        table, step, exp = self.table, float(self.table.years[1] - self.table.years[0]), jnp.exp
        chip_rate, power_rate = -LN_2 / x["chip_half_life"], -LN_2 / x["power_half_life"]
        chip_left, power_left = -x["chip_growth"] / chip_rate, -x["power_growth"] / power_rate
        lead = x["spend_growth"] / (1.0 + jnp.maximum(x["spend_growth"] * x["spend_delay"], 0.0))
        extra, ratio = x["layer_scaling"] - x["batch_scaling"], x["tokens_per_parameter"]
        token_stock = x["token_start"] + x["token_growth"] * (table.start - table.laws["token"][2])
        growth, share = x["algorithm_growth"], x["algorithm_compute_share"]
        p = {
            "survival": exp(-x["chip_retirement"] * step), "chip_shrink": exp(chip_rate * step),
            "power_shrink": exp(power_rate * step), "chip_final": x["chip_start"] + chip_left,
            "power_final": x["power_start"] + power_left, "chip_roof": exp(-x["chip_limit"]),
            "power_roof": exp(-x["power_limit"]), "spend_shrink": exp(-lead * step),
            "bound_shrink": exp(-x["gwp_growth"] * step), "price_shrink": exp(-x["price_performance_growth"] * step),
            "price_roof": exp(-x["price_performance_limit"]), "efficiency_shrink": exp(-x["efficiency_growth"] * step),
            "efficiency_roof": exp(-x["efficiency_limit"]), "token_grow": exp(x["token_growth"] * step),
            "synthetic": exp(x["synthetic_tokens"] - LN_10 * 13), "token_stock": token_stock,
            "per_fit": 1.0 / (1.0 + extra), "by_data": LN_6 - ratio, "by_latency": LN_6 + ratio,
            "fits": extra * x["parameters_reference"] + x["batch_reference"] - x["latency_per_layer"]
            - x["layers_reference"] - ratio,
            "chips_of_run": x["chip_share"] + x["chip_flops"],
            "by_compute": share * growth / x["algorithm_reference_growth"], "gain_a_year": (1.0 - share) * growth,
        }  # fmt: skip
        for n, (node, weight) in enumerate(zip(NODES, WEIGHTS, strict=True)):
            p[f"node{n}"] = exp(chip_rate * (0.5 * step * (1.0 + node)))
            p[f"weight{n}"] = 0.5 * step * weight * exp(-x["chip_retirement"] * (0.5 * step * (1.0 - node)))
        natural = token_stock + x["token_quality"] + x["token_epochs"] + x["token_modalities"]
        nothing = jnp.full(self.chunk, -jnp.inf, self.precision)
        states = {
            "stock": exp(x["chip_stock_start"]), "chip_left": chip_left, "power_left": power_left,
            "spend": exp(-x["spend_start"]), "bound": exp(-x["spend_limit_share"] - x["gwp_start"]),
            "price": exp(-x["price_performance_start"]), "efficiency": exp(-x["efficiency_start"]),
            "tokens": exp(natural - LN_10 * 13), "first": jnp.zeros(self.chunk, self.precision),
            "largest_run": x["largest_run_start"], "largest_effective": nothing,
            "date": jnp.full((len(table.thresholds), self.chunk), jnp.inf, self.precision),
        }  # fmt: skip
        return p, states

    def _instant(self, x: dict[str, Any], p: dict[str, Any], s: dict[str, Any], at: Any) -> tuple[Any, Any]:
        """Everything at one instant."""
        k, histogram, scale, shift = at
        step, log, exp = float(self.table.years[1] - self.table.years[0]), jnp.log, jnp.exp
        started, held = (
            k > 0,
            jax.lax.optimization_barrier,
        )  # what is held is not worked out again by each that reads it
        e = (k * step).astype(self.precision)
        amounts = [exp(s["chip_left"] * p[f"node{n}"] - p["chip_final"]) + p["chip_roof"] for n in range(len(NODES))]
        made = sum(p[f"weight{n}"] / amount for n, amount in enumerate(amounts))
        s = s | {"stock": jnp.where(started, s["stock"] * p["survival"] + made, s["stock"])}
        for state, factor in (
            ("chip_left", "chip_shrink"), ("power_left", "power_shrink"), ("spend", "spend_shrink"),
            ("bound", "bound_shrink"), ("price", "price_shrink"), ("efficiency", "efficiency_shrink"),
            ("tokens", "token_grow"),
        ):  # fmt: skip
            s[state] = jnp.where(started, s[state] * p[factor], s[state])
        w = {
            "gwp": x["gwp_start"] + x["gwp_growth"] * e, "spend": -log(s["spend"] + s["bound"]),
            "price_performance": -log(s["price"] + p["price_roof"]),
            "run_length": jnp.minimum(x["run_length_start"] + x["run_length_growth"] * e, x["run_length_limit"]),
            "chip_output": -log(exp(s["chip_left"] - p["chip_final"]) + p["chip_roof"]), "chips": log(s["stock"]),
            "power": -log(exp(s["power_left"] - p["power_final"]) + p["power_roof"]),
            "efficiency": -log(s["efficiency"] + p["efficiency_roof"]),
            "token_stock": p["token_stock"] + x["token_growth"] * e,
            "tokens": log(s["tokens"] + p["synthetic"] * e) + LN_10 * 13,
        }  # fmt: skip
        s, w = held((s, w))
        w["parameters_by_latency"] = (w["run_length"] + p["fits"]) * p["per_fit"]
        since = x["trend_slowdown"] - self.table.start
        w["trend"] = (
            x["trend_start"] + x["trend_growth"] * (jnp.minimum(e, since) - jnp.minimum(0.0, since))
            + x["trend_growth_after"] * (jnp.maximum(e, since) - jnp.maximum(0.0, since))
        )  # fmt: skip
        used = w["run_length"] + x["utilisation"]
        w["ceiling:money"] = w["spend"] + w["price_performance"]
        w["ceiling:chips"] = w["chips"] + p["chips_of_run"] + used
        w["ceiling:power"] = w["power"] + w["efficiency"] + used
        w["ceiling:data"] = 2.0 * w["tokens"] + p["by_data"]
        w["ceiling:latency"] = 2.0 * w["parameters_by_latency"] + p["by_latency"]
        stated = [w["trend" if name == "trend" else f"ceiling:{name}"] for name in self.table.active]
        compute = w["training_compute"] = jnp.stack(stated).min(axis=0)
        binding = jnp.stack([(one == compute).sum(dtype=jnp.int32) for one in stated])
        s["first"] = jnp.where(started, s["first"], compute)
        gain = p["by_compute"] * (compute - s["first"]) + p["gain_a_year"] * e
        limit = x["algorithm_limit"]  # as far as 1e70, whose inverse single precision does not hold
        gain = jnp.minimum(gain, limit) - log(1.0 + exp(-jnp.abs(gain - limit)))
        w["algorithm_gain"] = jnp.maximum(gain, 0.0)
        w["effective_compute"] = compute + w["algorithm_gain"]
        before = {name: s[name] for name in ("largest_run", "largest_effective")}
        s["largest_run"] = w["largest_run"] = jnp.maximum(s["largest_run"], compute)
        s["largest_effective"] = w["largest_effective"] = jnp.maximum(s["largest_effective"], w["effective_compute"])
        s, w = held((s, w))
        dates, crossed = [], []
        for n, (name, quantity) in enumerate(self.table.thresholds.items()):
            level, now = x[f"threshold:{name}"], w[quantity]
            here = (now >= level) & (~started | (before[quantity] < level))
            share = (level - before[quantity]) / (now - before[quantity])
            date = jnp.where(started, e - step + step * share, jnp.inf)
            dates.append(jnp.where(here, date, s["date"][n]))
            crossed.append(here.sum(dtype=jnp.int32))
        s["date"] = jnp.stack(dates)
        histogram, moments = _count([w[name] for name in self.counted.names], scale, shift, histogram)
        return s, (histogram, moments, binding, jnp.stack(crossed))


def _count(values: list[Any], scale: Any, shift: Any, cells: Any) -> tuple[Any, Any]:
    """Add values to histograms, and sums of their places and squares."""
    place = jnp.stack(values) * jnp.asarray(scale)[:, None] + jnp.asarray(shift)[:, None]
    index = jnp.clip(place + (BINS // 2 + 1), 0, BINS + 1).astype(jnp.int32)
    index = index + jnp.arange(len(values), dtype=jnp.int32)[:, None] * CELLS
    moments = jnp.stack([place.sum(axis=1), (place * place).sum(axis=1)])
    return cells.at[index.ravel()].add(1, mode="promise_in_bounds"), moments.astype(jnp.float64)


def _quantile(one: Marginal, z: Any) -> Any:
    return one.p[0] + one.p[1] * z


def _by_uniform(one: Marginal, u: Any) -> Any:
    """Of a lognormal and a loguniform the logarithm."""
    p = one.p
    if one.kept:
        low, high = ndtri(one.kept).tolist()
        mirrored = low + high > 0.0  # the side on which probabilities keep their digits
        a, b = (float(ndtr(-high)), float(ndtr(-low))) if mirrored else one.kept
        z = jax.scipy.special.ndtri(a + u * (b - a))
        return _quantile(one, -z if mirrored else z)
    if one.family in ("uniform", "loguniform"):
        return p[0] + p[1] * u
    if one.family == "triangular":
        low, mode, high = p
        left, right = (high - low) * (mode - low), (high - low) * (high - mode)
        below = u < (mode - low) / (high - low)
        return jnp.where(below, low + jnp.sqrt(u * left), high - jnp.sqrt((1.0 - u) * right))
    middle, slope, skew, floor, roof = p
    y = middle + jnp.log(u / (1.0 - u)) * (slope + skew * (u - 0.5))
    if np.isinf(floor) and np.isinf(roof):
        return y
    if np.isinf(roof):
        return floor + jnp.exp(y)
    return roof - jnp.exp(-y) if np.isinf(floor) else (floor + roof * jnp.exp(y)) / (1.0 + jnp.exp(y))


def _converted(one: Marginal, w: Any) -> tuple[Any, Any]:
    """A row as it is watched, its logarithm where `logged`, and in natural kernel units."""
    scale, in_logs = per_e_fold(one.unit), one.family in ("lognormal", "loguniform")
    if one.operation is Operation.LOG:
        w = w if in_logs else jnp.log(w)
        return w, w + one.factor * LN_10
    written = jnp.exp(w) if in_logs else w
    if one.operation is Operation.SCALE:
        return w, written * (scale * one.factor)
    if one.operation is Operation.SHIFT:
        return w, (written + one.factor) * scale
    if one.operation is Operation.INVERSE:
        return w, scale * one.factor / written
    if one.operation is Operation.PERCENT_GROWTH:
        return w, jnp.log1p(0.01 * written)
    raise Unknown(str(one.operation))
