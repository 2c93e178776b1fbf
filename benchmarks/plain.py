"""The model as a plain numba loop: one draw after the other, one year after the other, `np.log10` and `10.0 **`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from scipy.special import ndtri

from benchmarks.counted import Counted
from benchmarks.numpy_inputs import DATE_BINS, Marginal, Table, logged, only_known
from benchmarks.tuned_histogram import BINS, Histogram
from simulate.units import Operation

NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)
NORMAL, LOGNORMAL, UNIFORM, LOGUNIFORM, TRIANGULAR, METALOG = range(6)
FAMILIES = ("normal", "lognormal", "uniform", "loguniform", "triangular", "metalog")
SCALE, SHIFT, LOG, PERCENT_GROWTH, INVERSE = (
    int(Operation[name]) for name in ("SCALE", "SHIFT", "LOG", "PERCENT_GROWTH", "INVERSE")
)
ROW = np.dtype([
    ("family", "i8"), ("p", "f8", 5), ("low", "f8"), ("high", "f8"), ("operation", "i8"), ("factor", "f8"),
    ("logged", "i8"),
])  # fmt: skip
PLACE = np.dtype([("origin", "f8"), ("width", "f8")])


@numba.njit
def draw(row, z):
    """A value as written; z is its normal score, where it has one."""
    p = row.p
    if row.family == NORMAL or row.family == LOGNORMAL:
        while not row.low <= z <= row.high:
            z = np.random.standard_normal()
        value = p[0] + p[1] * z
        return np.exp(value) if row.family == LOGNORMAL else value
    u = np.random.random()
    if row.family == UNIFORM:
        return p[0] + p[1] * u
    if row.family == LOGUNIFORM:
        return np.exp(p[0] + p[1] * u)
    if row.family == TRIANGULAR:
        if u < (p[1] - p[0]) / (p[2] - p[0]):
            return p[0] + np.sqrt(u * (p[2] - p[0]) * (p[1] - p[0]))
        return p[2] - np.sqrt((1.0 - u) * (p[2] - p[0]) * (p[2] - p[1]))
    y = p[0] + np.log(u / (1.0 - u)) * (p[1] + p[2] * (u - 0.5))
    if np.isinf(p[3]) and np.isinf(p[4]):
        return y
    if np.isinf(p[4]):
        return p[3] + np.exp(y)
    if np.isinf(p[3]):
        return p[4] - np.exp(-y)
    return (p[3] + p[4] * np.exp(y)) / (1.0 + np.exp(y))


@numba.njit
def convert(row, written):
    """A written value in the kernel's unit."""
    if row.operation == SCALE:
        return row.factor * written
    if row.operation == SHIFT:
        return row.factor + written
    if row.operation == LOG:
        return np.log10(written) + row.factor
    if row.operation == PERCENT_GROWTH:
        return np.log10(1.0 + written / 100.0)
    return row.factor / written


@numba.njit
def logistic(level, limit):
    """A level below a limit that it approaches."""
    return level - np.log10(1.0 + 10.0 ** (level - limit))


@numba.njit
def decaying(start, growth, half_life, elapsed):
    """A level whose growth halves every half-life."""
    return start + growth * half_life / np.log(2.0) * (1.0 - 2.0 ** (-elapsed / half_life))


@numba.njit
def add(value, place, cells, moments):
    """Count a value in a histogram, whose first and last cell are for what lies outside."""
    position = (value - place.origin) / place.width
    cells[int(min(max(position + 1.0, 0.0), BINS + 1.0))] += 1
    moments[0] += value
    moments[1] += value * value


@numba.njit
def advance(x, q, year, before, start, tokens_since, stock):
    """All quantities of a draw in a year; the stock of chips."""
    e = year - start
    q.gwp = x.gwp_start + x.gwp_growth * e
    rate = x.spend_growth
    if rate > 0.0:
        rate = rate / (1.0 + rate * x.spend_delay)
    q.spend = logistic(x.spend_start + rate * e, x.spend_limit_share + q.gwp)
    q.price_performance = logistic(
        x.price_performance_start + x.price_performance_growth * e, x.price_performance_limit
    )
    q.run_length = min(x.run_length_start + x.run_length_growth * e, x.run_length_limit)
    if year == start:
        stock = 10.0**x.chip_stock_start
    else:
        width = year - before
        stock *= np.exp(-x.chip_retirement * width)
        for node, weight in zip(NODES, WEIGHTS):  # noqa: B905, compiled
            at = before + 0.5 * width * (1.0 + node)
            output = logistic(decaying(x.chip_start, x.chip_growth, x.chip_half_life, at - start), x.chip_limit)
            stock += 0.5 * width * weight * 10.0**output * np.exp(-x.chip_retirement * (year - at))
    q.chip_output = logistic(decaying(x.chip_start, x.chip_growth, x.chip_half_life, e), x.chip_limit)
    q.chips = np.log10(stock)
    q.power = logistic(decaying(x.power_start, x.power_growth, x.power_half_life, e), x.power_limit)
    q.efficiency = logistic(x.efficiency_start + x.efficiency_growth * e, x.efficiency_limit)
    q.token_stock = x.token_start + x.token_growth * (year - tokens_since)
    natural = q.token_stock + x.token_quality + x.token_epochs + x.token_modalities
    q.tokens = np.log10(10.0**natural + 10.0**x.synthetic_tokens * e)
    extra = x.layer_scaling - x.batch_scaling
    fits = q.run_length + x.batch_reference - x.latency_per_layer - x.layers_reference - x.tokens_per_parameter
    q.parameters_by_latency = (fits + extra * x.parameters_reference) / (1.0 + extra)
    early, late = min(year, x.trend_slowdown), max(year, x.trend_slowdown)
    early, late = early - min(start, x.trend_slowdown), late - max(start, x.trend_slowdown)
    q.trend = x.trend_start + x.trend_growth * early + x.trend_growth_after * late
    used = x.utilisation + q.run_length
    q.ceiling_money = q.spend + q.price_performance
    q.ceiling_chips = q.chips + x.chip_share + x.chip_flops + used
    q.ceiling_power = q.power + q.efficiency + used
    q.ceiling_data = np.log10(6.0) + 2.0 * q.tokens - x.tokens_per_parameter
    q.ceiling_latency = np.log10(6.0) + x.tokens_per_parameter + 2.0 * q.parameters_by_latency
    return stock


@numba.njit
def run(draws, seed, rows, correlated, factor, x, q, inputs, values, years, tokens_since, active, levels, quantities,
        of_inputs, of_results, binding, crossed, cells):  # fmt: skip
    """Take draws through the years and count; `inputs` and `values` are x and q as arrays."""
    np.random.seed(seed)
    start = years[0]
    scores, independent = np.empty(len(rows)), np.empty(len(correlated))
    margin = np.empty(len(levels))
    for _ in range(draws):
        for k in range(len(rows)):
            scores[k] = np.random.standard_normal() if rows[k].family <= LOGNORMAL else 0.0
        for k in range(len(correlated)):
            independent[k] = scores[correlated[k]]
        for k in range(len(correlated)):
            scores[correlated[k]] = 0.0
            for j in range(k + 1):
                scores[correlated[k]] += factor[k, j] * independent[j]
        for k in range(len(rows)):
            written = draw(rows[k], scores[k])
            inputs[k] = convert(rows[k], written)
            watched = np.log10(written) if rows[k].logged else written
            add(watched, of_inputs.place[0, k], of_inputs.cells[0, k], of_inputs.moments[0, k])
        stock = first = 0.0
        for k in range(len(years)):
            year, before = years[k], years[max(k - 1, 0)]
            stock = advance(x, q, year, before, start, tokens_since, stock)
            lowest = 0
            for n in range(1, len(active)):
                if values[active[n]] < values[active[lowest]]:
                    lowest = n
            binding[lowest, k] += 1
            q.training_compute = values[active[lowest]]
            if k == 0:
                first = q.training_compute
                q.largest_run, q.largest_effective = x.largest_run_start, -np.inf
            share = x.algorithm_compute_share
            compute_years = (q.training_compute - first) / x.algorithm_reference_growth
            gain = x.algorithm_start + x.algorithm_growth * ((1.0 - share) * (year - start) + share * compute_years)
            q.algorithm_gain = max(logistic(gain, x.algorithm_limit), 0.0)
            q.effective_compute = q.training_compute + q.algorithm_gain
            q.largest_run = max(q.largest_run, q.training_compute)
            q.largest_effective = max(q.largest_effective, q.effective_compute)
            for n in range(len(levels)):
                now = values[quantities[n]] - inputs[levels[n]]
                if now >= 0.0 and (k == 0 or margin[n] < 0.0):
                    crossed[n, k] += 1
                    if k > 0:
                        date = before + (year - before) * -margin[n] / (now - margin[n])
                        cells[n, min(int((date - start) * DATE_BINS), cells.shape[1] - 1)] += 1
                margin[n] = now
            for row in range(len(values)):
                add(values[row], of_results.place[k, row], of_results.cells[k, row], of_results.moments[k, row])


class Cells(NamedTuple):
    """Histograms, (instant, row, cell); 2,050 cells lie better in the cache than 2,048, and spare two branches."""

    place: np.ndarray
    cells: np.ndarray
    moments: np.ndarray

    @classmethod
    def like(cls, histogram: Histogram) -> Cells:
        """Nothing counted."""
        place = np.zeros(histogram.sum.shape, PLACE)
        place["origin"], place["width"] = histogram.origin.T, histogram.width.T
        return cls(place, np.zeros((*place.shape, BINS + 2), np.int32), np.zeros((*place.shape, 2)))

    def give(self, histogram: Histogram) -> None:
        """Hand over what is counted."""
        histogram.bins[:] = self.cells[:, :, 1:-1]
        histogram.outside[0], histogram.outside[1] = self.cells[:, :, 0], self.cells[:, :, -1]
        histogram.sum[:], histogram.squares[:] = self.moments[:, :, 0], self.moments[:, :, 1]


class Plain:
    """A run of the plain loop, and its counts."""

    def __init__(self, table: Table, seed: int = 1) -> None:
        only_known(table)
        self.counted, self.seed = Counted(table), seed
        names = [*table.marginals, *(name for name in table.certain if name not in table.marginals)]
        results = [name.replace(":", "_") for name in self.counted.names]
        self.x = np.zeros(1, [(name.replace(":", "_"), "f8") for name in names])
        self.q = np.zeros(1, [(name, "f8") for name in results])
        inputs, values = self.x.view("f8"), self.q.view("f8")
        for name, value in table.certain.items():
            inputs[names.index(name)] = value
        rows = np.array([_row(one) for one in table.marginals.values()], ROW)
        correlated = np.array([names.index(name) for name in table.correlated])
        active = [self.counted.names.index("trend" if name == "trend" else f"ceiling:{name}") for name in table.active]
        levels = [names.index(f"threshold:{name}") for name in table.thresholds]
        quantities = [results.index(quantity) for quantity in table.thresholds.values()]
        counted = self.counted
        self.of_inputs, self.of_results = Cells.like(counted.inputs), Cells.like(counted.results)
        self.arguments: tuple[Any, ...] = (
            rows, correlated, table.factor, self.x[0], self.q[0], inputs, values, table.years,
            table.laws["token"][2], np.array(active), np.array(levels), np.array(quantities),
            self.of_inputs, self.of_results, counted.binding, counted.crossed, counted.cells,
        )  # fmt: skip

    def count(self, draws: int) -> None:
        """Take draws through the years."""
        run(draws, self.seed, *self.arguments)
        self.counted.draws += draws
        self.seed += 1

    def run(self, draws: int) -> dict[str, Any]:
        """Count and give the tables."""
        self.count(draws)
        self.of_inputs.give(self.counted.inputs)
        self.of_results.give(self.counted.results)
        return self.counted.outputs()


def _row(one: Marginal) -> tuple[Any, ...]:
    low, high = ndtri(one.kept) if one.kept else (-np.inf, np.inf)
    p = np.pad(one.p, (0, 5 - len(one.p)))
    return FAMILIES.index(one.family), p, low, high, one.operation, one.factor, logged(one)
