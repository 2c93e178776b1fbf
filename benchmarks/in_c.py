"""The model in C (`c/model.c`), compiled when it is run and called through ctypes."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.counted import Counted
from benchmarks.numpy_inputs import DATE_BINS, LN_10, Marginal, Table, Unknown, logged, only_known, per_e_fold
from benchmarks.tuned_histogram import BINS, Histogram
from simulate.units import Operation

SOURCE = Path(__file__).parent / "c"
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-fPIC")
WIDE = "-mprefer-vector-width=512"
LN_2 = math.log(2.0)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)
FAMILIES = {"normal": 0, "lognormal": 0, "uniform": 1, "loguniform": 1, "triangular": 2, "metalog": 3}
LINEAR, EXPONENTIAL, PERCENT, LOGARITHM = range(4)
BINARY, CUT = 1, 2
HISTOGRAMS, INPUTS, CROSSINGS, YEARS = 1, 2, 4, 8
ALL = HISTOGRAMS | INPUTS | CROSSINGS | YEARS
ROW = np.dtype(
    [("family", "i8"), ("convert", "i8"), ("flags", "i8"), ("p", "f8", 5), ("kept", "f8", 2), ("factor", "f8"),
     ("shift", "f8"), ("rate", "f8")]
)  # fmt: skip
PLACE = np.dtype([("scale", "f8"), ("shift", "f8")])
MOMENTS = np.dtype([("sum", "f8"), ("squares", "f8")])


def compilers() -> list[str]:
    """The compilers that are here, of gcc and clang."""
    return [name for name in ("gcc", "clang") if shutil.which(name)]


def compiled(file: str, compiler: str, header: str = "", *more: str) -> ctypes.CDLL:
    """A C file as a library, with what `set.h` shall say."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "set.h").write_text(header)
        code, library = (str(Path(folder) / name) for name in ("model.o", "model.so"))
        # Linked by itself: told of -ffast-math, a linker has the library take small numbers from the whole process.
        for words in (
            [str(SOURCE / file), "-I", folder, "-c", "-o", code, *FLAGS, *_wide(compiler), *more],
            ["-shared", "-o", library, code, "-lm"],
        ):
            done = subprocess.run([compiler, *words], capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{compiler} does not compile {file}:\n{done.stderr}")
        return ctypes.CDLL(library)


def _wide(compiler: str) -> tuple[str, ...]:
    """The option for 512-bit vectors, where the compiler knows it for this processor."""
    known = subprocess.run([compiler, WIDE, "-E", "-x", "c", "/dev/null"], capture_output=True)
    return () if known.returncode else (WIDE,)


class InC:
    """A run of the model in C, and its counts."""

    def __init__(self, table: Table, compiler: str = "gcc", seed: int = 1, block: int = 128, *more: str) -> None:
        only_known(table)
        self.counted, self.seed, self.block = Counted(table), seed, block
        self.library = compiled("model.c", compiler, _header(table, self.counted), f"-DDRAWS={block}", *more)
        rows, results, instants = len(table.marginals), len(self.counted.names), len(table.years)
        thresholds, cells = self.counted.cells.shape
        self.set = np.zeros(1, [
            ("row", ROW, rows), ("mixing", "f8", table.factor.shape), ("inputs", PLACE, rows),
            ("results", PLACE, (instants, results)), ("level_row", "i8", thresholds), ("effective", "i8", thresholds),
            ("level", "f8", thresholds),
        ])  # fmt: skip
        self.counts = np.zeros(1, [
            ("inputs", "u4", (rows, BINS + 2)), ("results", "u4", (instants, results, BINS + 2)),
            ("input_moments", MOMENTS, rows), ("result_moments", MOMENTS, (instants, results)),
            ("binding", "i8", (instants, len(table.active))), ("crossed", "i8", (thresholds, instants)),
            ("dates", "i8", (thresholds, cells)),
        ])  # fmt: skip
        self._fill(table)

    def _fill(self, table: Table) -> None:
        one = self.set[0]
        one["row"] = [_row(marginal) for marginal in table.marginals.values()]
        one["mixing"] = table.factor
        for histogram, places in ((self.counted.inputs, one["inputs"]), (self.counted.results, one["results"])):
            in_log2 = LN_2 / LN_10 if histogram is self.counted.results else _of_inputs(table)
            scale = (1.0 / histogram.width).T
            places["scale"] = (scale * in_log2).reshape(places.shape)
            places["shift"] = (1.0 - histogram.origin.T * scale).reshape(places.shape)
        names = list(table.marginals)
        for n, (name, quantity) in enumerate(table.thresholds.items()):
            row = f"threshold:{name}"
            one["level_row"][n] = names.index(row) if row in names else -1
            one["level"][n] = table.certain.get(row, 0.0) * LN_10 / LN_2
            one["effective"][n] = quantity == "largest_effective"

    def count(self, draws: int, parts: int = ALL) -> None:
        """Take draws, a multiple of the block, through the years."""
        pointers = (ctypes.c_void_p(array.ctypes.data) for array in (self.set, self.counts))
        self.library.run(
            *pointers, ctypes.c_uint64(self.seed), ctypes.c_int64(draws // self.block), ctypes.c_int64(parts)
        )
        self.counted.draws += draws
        self.seed += 1

    def run(self, draws: int) -> dict[str, Any]:
        """Count and give the tables."""
        self.count(draws)
        counted, one = self.counted, self.counts[0]
        _read(counted.results, one["results"], one["result_moments"], counted.draws)
        _read(counted.inputs, one["inputs"][None], one["input_moments"][None], counted.draws)
        counted.binding[:], counted.crossed[:], counted.cells[:] = one["binding"].T, one["crossed"], one["dates"]
        return counted.outputs()


def _header(table: Table, counted: Counted) -> str:
    """Names of rows and results, and what is certain."""

    def names(kind: str, each: Any) -> str:
        words = ", ".join(f"{kind}_{name.replace(':', '_')}" for name in each)
        return f"enum {{ {words} }};"

    def array(kind: str, name: str, values: Any) -> str:
        return f"static const {kind} {name}[] = {{{', '.join(map(repr, values))}}};"

    rows = list(table.marginals)
    numbers: Mapping[str, float] = {
        "ROWS": len(rows), "RESULTS": len(counted.names), "ACTIVE": len(table.active), "INSTANTS": len(table.years),
        "THRESHOLDS": len(table.thresholds), "CORRELATED": len(table.correlated), "BINS": BINS, "CELLS": DATE_BINS,
        "NODES": len(NODES), "START": float(table.start), "STEP": float(table.years[1] - table.years[0]),
        "TOKENS_SINCE": float(table.laws["token"][2]), "LN_2": LN_2, "LOG2_E": 1.0 / LN_2, "LOG2_6": math.log2(6.0),
        **{name.upper(): table.certain[name] * _binary(table.units[name])
           for name in ("layers_reference", "parameters_reference", "algorithm_reference_growth")},
    }  # fmt: skip
    return "\n".join([
        names("ROW", rows), names("RESULT", counted.names), names("ACTIVE", table.active),
        *(f"#define {name} {value!r}" for name, value in numbers.items()),
        array("int", "correlated", [rows.index(name) for name in table.correlated]),
        array("int", "is_correlated", [int(name in table.correlated) for name in rows]),
        array("double", "node_at", (0.5 * (1.0 + NODES)).tolist()),
        array("double", "node_weight", (0.5 * WEIGHTS).tolist()),
    ])  # fmt: skip


def _binary(unit: str) -> float:
    """What turns a kernel value into binary logarithms."""
    natural = per_e_fold(unit)
    return natural / LN_2 if natural > 1.0 else natural * LN_2 if natural < 1.0 else 1.0


def _row(one: Marginal) -> tuple[Any, ...]:
    """What C is told of a row: its distribution, in log2 where that is what is watched, and the way to its value."""
    p, in_log2 = one.p, one.family in ("lognormal", "loguniform")
    if in_log2:
        p = tuple(value / LN_2 for value in p)
    to_log2, scale = one.operation is Operation.LOG and not in_log2, _binary(one.unit)
    parameters = np.nan_to_num(np.pad(p, (0, 5 - len(p))), posinf=1e301, neginf=-1e301)
    flags, factor, shift, rate, convert = BINARY * logged(one) | CUT * (one.kept is not None), scale, 0.0, 1.0, LINEAR
    if one.operation is Operation.LOG:
        factor, shift, convert = 1.0, scale * one.factor, LOGARITHM if to_log2 else LINEAR
    elif one.operation is Operation.SHIFT:
        shift, convert = scale * one.factor, EXPONENTIAL if in_log2 else LINEAR
    elif one.operation is Operation.SCALE:
        factor, convert = scale * one.factor, EXPONENTIAL if in_log2 else LINEAR
    elif one.operation is Operation.INVERSE and in_log2:
        factor, rate, convert = scale * one.factor, -1.0, EXPONENTIAL
    elif one.operation is Operation.PERCENT_GROWTH and not in_log2:
        factor, convert = 0.01, PERCENT
    else:
        raise Unknown(f"{one.operation} of {one.family}")
    return FAMILIES[one.family], convert, flags, parameters, one.kept or (0.0, 1.0), factor, shift, rate


def _of_inputs(table: Table) -> np.ndarray:
    return np.array([LN_2 / LN_10 if logged(one) else 1.0 for one in table.marginals.values()])


def _read(histogram: Histogram, cells: np.ndarray, moments: np.ndarray, draws: int) -> None:
    """Take the counts of C, (instant, row, cell), whose moments are in places of cells."""
    histogram.bins[:] = cells[:, :, 1:-1]
    histogram.outside[0], histogram.outside[1] = cells[:, :, 0], cells[:, :, -1]
    origin, width = histogram.origin.T, histogram.width.T
    first = moments["sum"] - draws
    second = moments["squares"] - 2.0 * moments["sum"] + draws
    histogram.sum[:] = draws * origin + width * first
    histogram.squares[:] = draws * origin**2 + 2.0 * origin * width * first + width**2 * second
