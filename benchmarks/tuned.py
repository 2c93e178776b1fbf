"""The model as well as NumPy can do it: chunks that fit the cache, recycled arrays, in place, streaming histograms.

Everything is in natural logarithms, so that `np.exp` and `np.log` need no scaling passes; whatever does not change from
year to year is worked out once for a chunk, and linear and decaying paths are carried on by one addition or
multiplication a year.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import counted
from benchmarks.counted import PILOT
from benchmarks.numpy_inputs import DATE_BINS, LN_10, Table, Unknown
from benchmarks.tuned_histogram import Histogram
from benchmarks.tuned_path import Pool, limit_by, path_of
from benchmarks.tuned_sampling import Sampler

NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)
LN_6 = float(np.log(6.0))


class Tuned:
    """The memory of a run in chunks of `chunk` draws, and its counts."""

    def __init__(self, table: Table, chunk: int, seed: int = 1) -> None:
        if "machine" in table.laws or table.stock_at != table.start or table.laws["algorithm"][0] != "exponential":
            raise Unknown("a fastest machine, an older chip stock, another law of algorithms")
        self.table, self.chunk = table, chunk
        self.years = table.years - table.start
        self.step = float(self.years[1])
        self.sampler = Sampler(table, chunk, seed)
        self.names, self.input_names = counted.result_names(table), self.sampler.names
        self.matrix = np.empty((len(self.names), chunk))
        self.w = dict(zip(self.names, self.matrix, strict=True))
        self.w["ceiling:trend"] = self.w["trend"]
        self.pool = Pool(chunk)
        self.mask, self.new = np.empty(chunk, bool), np.empty(chunk, bool)
        self.crossed_mask = np.empty((len(table.thresholds), chunk), bool)
        instants, thresholds = len(self.years), len(table.thresholds)
        self.binding = np.zeros((len(table.active), instants), np.int64)
        self.crossed = np.zeros((thresholds, instants), np.int64)
        self.cells = np.zeros((thresholds, round(self.years[-1] * DATE_BINS)), np.int64)
        self.draws = 0
        self._place()

    def _place(self) -> None:
        """Lay out the histograms by the first draws of a chunk that is not counted."""
        ends = np.empty((2, len(self.names), len(self.years)))

        def look(year: int) -> None:
            first = self.matrix[:, :PILOT]
            ends[:, :, year] = first.min(axis=1), first.max(axis=1)

        self.results = self.inputs = None
        self._chunk(look)
        first = self.sampler.watched[:, :PILOT]
        self.inputs = Histogram(first.min(axis=1)[:, None], first.max(axis=1)[:, None], self.chunk)
        self.results = Histogram(ends[0], ends[1], self.chunk)
        for counts in (self.binding, self.crossed, self.cells):
            counts[:] = 0

    def run(self, draws: int) -> dict[str, Any]:
        """Take `draws` draws, a multiple of the chunk, through the years; the same outputs as the textbook's."""
        self.count(draws)
        return self.outputs()

    def count(self, draws: int) -> None:
        """Draw, run and count, without the final tables (as the kernel is timed)."""
        for _ in range(draws // self.chunk):
            self.sampler.draw()
            self._take_inputs()
            self._chunk(self._count)
            self.draws += self.chunk

    def _take_inputs(self) -> None:
        assert self.inputs is not None
        self.inputs.add(0, self.sampler.watched)

    def _count(self, year: int) -> None:
        assert self.results is not None
        self.results.add(year, self.matrix)

    def _prepare(self) -> None:
        """What stays the same through the years of a chunk."""
        x, pool = self.sampler.values, self.pool
        pool.start()
        self.path = {name: path_of(name, self.table, x, self.step, pool) for name in self.table.laws}
        self.natural = pool.new(x["token_quality"])
        self.natural += x["token_epochs"]
        self.natural += x["token_modalities"]
        self.synthetic = np.exp(x["synthetic_tokens"], out=pool.new()) if np.any(x["synthetic_tokens"] > -700) else None
        self.made_tokens = pool.new(0.0)
        extra = np.subtract(x["layer_scaling"], x["batch_scaling"], out=pool.new())
        self.fits = np.multiply(extra, x["parameters_reference"], out=pool.new())
        for sign, name in ((1, "batch_reference"), (-1, "latency_per_layer"), (-1, "layers_reference")):
            self.fits += x[name] if sign > 0 else -x[name]
        self.fits -= x["tokens_per_parameter"]
        extra += 1.0
        self.per_fit = np.reciprocal(extra, out=extra)
        self.chips_of_run = np.add(x["chip_share"], x["chip_flops"], out=pool.new())
        self.data_constant = np.subtract(LN_6, x["tokens_per_parameter"], out=pool.new())
        self.latency_constant = np.add(LN_6, x["tokens_per_parameter"], out=pool.new())
        self._prepare_stock(x)
        share, growth = x["algorithm_compute_share"], x["algorithm_growth"]
        self.gain_by_compute = np.multiply(share, growth, out=pool.new())
        self.gain_by_compute /= x["algorithm_reference_growth"]
        self.gain_a_year = np.subtract(1.0, share, out=pool.new())
        self.gain_a_year *= growth
        self.gain = np.multiply(self.gain_a_year, self.table.start - self.table.laws["algorithm"][2], out=pool.new())
        self.gain += x["algorithm_start"]
        self.gain_a_year *= self.step

    def _prepare_stock(self, x: dict[str, Any]) -> None:
        """Survival to the end of a step from its start and, with its weight, from each node."""
        pool, half = self.pool, 0.5 * self.step
        self.stock = np.exp(x["chip_stock_start"], out=pool.new())
        self.survival = np.multiply(x["chip_retirement"], -self.step, out=pool.new())
        np.exp(self.survival, out=self.survival)
        self.node_weight = []
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            left = np.multiply(x["chip_retirement"], -half * (1.0 - node), out=pool.new())
            np.exp(left, out=left)
            left *= half * weight
            self.node_weight.append(left)
            self.path["chip"].prepare_between(half * (1.0 + node))
        self.inverse_limit: Any = None
        if self.table.laws["chip"][1] != "none":
            self.inverse_limit = np.exp(np.negative(x["chip_limit"], out=pool.new()), out=pool.last)

    def _make_chips(self) -> None:
        """Carry the stock over the step that ends now; an amount under a logistic limit is 1 / (1/amount + 1/limit)."""
        made = self.pool.scratch[0]
        self.stock *= self.survival
        limited = self.table.laws["chip"][1]
        for k, weight in enumerate(self.node_weight):
            self.path["chip"].minus_between(k, made)
            np.exp(made, out=made)
            if limited == "logistic":
                made += self.inverse_limit
            elif limited == "hard":
                np.maximum(made, self.inverse_limit, out=made)
            np.divide(weight, made, out=made)
            self.stock += made

    def _chunk(self, look: Any) -> None:
        self._prepare()
        for k, elapsed in enumerate(self.years.tolist()):
            if k:
                self._make_chips()
                for path in self.path.values():
                    path.advance(elapsed)
            self._advance(k)
            self._ceilings(k)
            self._effective(k)
            look(k)

    def _advance(self, k: int) -> None:
        """The levels of all paths, stock and tokens."""
        w, x, a = self.w, self.sampler.values, self.pool.scratch[0]
        path = self.path
        path["gwp"].level(w["gwp"])
        bound = x.get("spend_limit")
        if self.table.spend_shared:
            shared = np.add(x["spend_limit_share"], w["gwp"], out=self.pool.scratch[1])
            bound = shared if bound is None else np.minimum(bound, shared, out=shared)
        path["spend"].level(w["spend"], bound, a)
        for name, quantity in (
            ("price_performance", "price_performance"), ("run_length", "run_length"), ("chip", "chip_output"),
            ("power", "power"), ("efficiency", "efficiency"), ("token", "token_stock"), ("trend", "trend"),
        ):  # fmt: skip
            path[name].level(w[quantity], path[name].limit, a)
        np.log(self.stock, out=w["chips"])
        np.add(w["token_stock"], self.natural, out=w["tokens"])
        if self.synthetic is not None and k:
            self.made_tokens += self.synthetic if self.step == 1.0 else self.synthetic * self.step
            np.exp(w["tokens"], out=w["tokens"])
            w["tokens"] += self.made_tokens
            np.log(w["tokens"], out=w["tokens"])
        np.add(w["run_length"], self.fits, out=w["parameters_by_latency"])
        w["parameters_by_latency"] *= self.per_fit

    def _ceilings(self, k: int) -> None:
        """Every ceiling, the lowest, and which it is."""
        w, low, used = self.w, self.w["training_compute"], self.pool.scratch[0]
        np.add(w["run_length"], self.sampler.values["utilisation"], out=used)
        np.add(w["spend"], w["price_performance"], out=w["ceiling:money"])
        np.add(w["chips"], self.chips_of_run, out=w["ceiling:chips"])
        w["ceiling:chips"] += used
        np.add(w["power"], w["efficiency"], out=w["ceiling:power"])
        w["ceiling:power"] += used
        np.multiply(w["tokens"], 2.0, out=w["ceiling:data"])
        w["ceiling:data"] += self.data_constant
        np.multiply(w["parameters_by_latency"], 2.0, out=w["ceiling:latency"])
        w["ceiling:latency"] += self.latency_constant
        stated = [w[f"ceiling:{name}"] for name in self.table.active]
        np.minimum(stated[0], stated[1], out=low)
        for ceiling in stated[2:]:
            np.minimum(low, ceiling, out=low)
        rest = self.chunk
        for number, ceiling in enumerate(stated[:-1]):
            here = int(np.count_nonzero(np.equal(ceiling, low, out=self.mask)))
            self.binding[number, k] += here
            rest -= here
        self.binding[-1, k] += rest

    def _effective(self, k: int) -> None:
        """The largest runs so far, the gain, and the thresholds."""
        w, x, gain, compute = self.w, self.sampler.values, self.w["algorithm_gain"], self.w["training_compute"]
        before = {"largest_run": self.pool.scratch[2], "largest_effective": self.pool.scratch[3]}
        np.multiply(compute, self.gain_by_compute, out=gain)
        if k == 0:
            self.gain -= gain
            w["largest_run"][:] = x["largest_run_start"]
            w["largest_effective"].fill(-np.inf)
        else:
            self.gain += self.gain_a_year
        for name, array in before.items():
            np.copyto(array, w[name])
        gain += self.gain
        limit_by(self.table.laws["algorithm"][1], gain, x.get("algorithm_limit"), self.pool.scratch[0])
        np.maximum(gain, 0.0, out=gain)
        np.maximum(w["largest_run"], compute, out=w["largest_run"])
        np.add(compute, gain, out=w["effective_compute"])
        np.maximum(w["largest_effective"], w["effective_compute"], out=w["largest_effective"])
        if k == 0:
            self.waiting = [self.chunk] * len(self.table.thresholds)
        for number, (name, quantity) in enumerate(self.table.thresholds.items()):
            if self.waiting[number]:
                self._cross(number, k, x[f"threshold:{name}"], w[quantity], before[quantity])

    def _cross(self, number: int, k: int, level: Any, now: np.ndarray, before: np.ndarray) -> None:
        """Count and date the draws whose running maximum reaches the level at this instant."""
        old = self.crossed_mask[number]
        np.greater_equal(now, level, out=self.mask)
        if k == 0:
            crossing = int(np.count_nonzero(self.mask))
        else:
            crossing = int(np.count_nonzero(np.greater(self.mask, old, out=self.new)))
            if crossing:
                at = np.flatnonzero(self.new)
                level = level[at] if np.ndim(level) else level
                start, end = before[at], now[at]
                share = (level - start) / (end - start)
                cells = self.cells[number]
                cell = ((self.years[k - 1] + (self.years[k] - self.years[k - 1]) * share) * DATE_BINS).astype(np.int64)
                np.minimum(cell, len(cells) - 1, out=cell)
                first = int(self.years[k - 1] * DATE_BINS)
                counts = np.bincount(cell - first)
                cells[first : first + len(counts)] += counts
        if crossing:
            np.copyto(old, self.mask)
            self.waiting[number] -= crossing
            self.crossed[number, k] += crossing
        elif k == 0:
            old.fill(False)

    def outputs(self) -> dict[str, Any]:
        """The same tables as the textbook's."""
        return counted.outputs(self, LN_10)
