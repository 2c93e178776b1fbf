"""Sampling for the tuned model: all normals in one call, correlated by one matrix product; SFC64 is NumPy's fastest."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from benchmarks.numpy_inputs import LN_10, Marginal, Table, Unknown, per_e_fold
from simulate.units import Operation


class Sampler:
    """The inputs of a chunk: `values` in natural kernel units, and `watched`, as written or its logarithm."""

    def __init__(self, table: Table, chunk: int, seed: int) -> None:
        self.rng = np.random.Generator(np.random.SFC64(seed))
        smooth = [k for k, one in table.marginals.items() if one.family in ("normal", "lognormal") and one.kept is None]
        if set(table.correlated) - set(smooth):
            raise Unknown("correlated rows that are not normal or lognormal")
        smooth = [*table.correlated, *(name for name in smooth if name not in table.correlated)]
        self.names = [*smooth, *(name for name in table.marginals if name not in smooth)]
        self.marginals = [table.marginals[name] for name in self.names]
        self.watched, self.converted = np.empty((2, len(self.names), chunk))
        self.score, self.split, self.factor = np.empty((len(smooth), chunk)), len(smooth), table.factor
        self.middle, self.sd = (np.array([one.p[k] for one in self.marginals[: self.split]])[:, None] for k in (0, 1))
        self.scratch = np.empty((2, chunk))
        self.values: dict[str, Any] = dict(zip(self.names, self.converted, strict=True))
        self.values |= {name: value * per_e_fold(table.units[name]) for name, value in table.certain.items()}
        self.draw()

    def draw(self) -> None:
        """Draw a chunk."""
        n, w = len(self.factor), self.watched
        self.rng.standard_normal(out=self.score)
        np.matmul(self.factor, self.score[:n], out=w[:n])
        np.multiply(w[:n], self.sd[:n], out=w[:n])
        np.multiply(self.score[n:], self.sd[n:], out=w[n : self.split])
        w[: self.split] += self.middle
        self.rng.random(out=w[self.split :])
        for one, row in zip(self.marginals[self.split :], w[self.split :], strict=True):
            self._by_uniform(one, row)
        for one, row, out in zip(self.marginals, w, self.converted, strict=True):
            self._convert(one, row, out)

    def _by_uniform(self, one: Marginal, u: np.ndarray) -> None:
        """Turn uniforms into values in place; of a lognormal and a loguniform into their logarithm."""
        p, (a, b) = one.p, self.scratch
        if one.kept:
            u *= one.kept[1] - one.kept[0]
            u += one.kept[0]
            ndtri(u, out=u)
        if one.family in ("normal", "lognormal", "uniform", "loguniform"):
            u *= p[1]
            u += p[0]
        elif one.family == "triangular":
            low, mode, high = p
            np.sqrt(u, out=a)
            a *= ((high - low) * (mode - low)) ** 0.5
            a += low
            np.subtract(1.0, u, out=b)
            np.sqrt(b, out=b)
            b *= -(((high - low) * (high - mode)) ** 0.5)
            b += high
            np.copyto(b, a, where=u < (mode - low) / (high - low))
            np.copyto(u, b)
        else:
            self._metalog(p, u, a)

    @staticmethod
    def _metalog(p: tuple[float, ...], u: np.ndarray, a: np.ndarray) -> None:
        middle, slope, skew, floor, roof = p
        np.subtract(1.0, u, out=a)
        np.divide(u, a, out=a)
        np.log(a, out=a)
        u *= skew
        u += slope - 0.5 * skew
        u *= a
        u += middle
        if np.isinf(floor) and np.isinf(roof):
            return
        if np.isinf(floor):
            np.exp(np.negative(u, out=u), out=u)
            np.subtract(roof, u, out=u)
            return
        np.exp(u, out=u)
        if np.isfinite(roof):
            np.add(u, 1.0, out=a)
            u *= roof
            u += floor
            u /= a
        else:
            u += floor

    @staticmethod
    def _convert(one: Marginal, watched: np.ndarray, out: np.ndarray) -> None:
        """To the kernel's unit, in natural logarithms."""
        scale, logged = per_e_fold(one.unit), one.family in ("lognormal", "loguniform")
        if one.operation is Operation.LOG:
            if not logged:
                np.log(watched, out=watched)
            np.add(watched, one.factor * LN_10, out=out)
            return
        written = np.exp(watched, out=out) if logged else watched
        if one.operation is Operation.SCALE:
            np.multiply(written, scale * one.factor, out=out)
        elif one.operation is Operation.INVERSE:
            np.divide(scale * one.factor, written, out=out)
        elif one.operation is Operation.SHIFT:
            np.add(written, one.factor, out=out)
            out *= scale
        elif one.operation is Operation.PERCENT_GROWTH:
            np.multiply(written, 0.01, out=out)
            np.log1p(out, out=out)
        else:
            raise Unknown(str(one.operation))
