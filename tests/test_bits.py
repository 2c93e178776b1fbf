"""The same bits: whatever the threads, the size of tasks, the order of rows, the machine's features, the surroundings.

Results are compared by SHA-256 over every array, so nothing is "close enough". What must not matter is varied one thing
at a time; what may matter (the seed, a number of the set) must change the fingerprint, or it would prove nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from conftest import Verified
from digests import SEED, settings_for
from kernel_values import blind, settings_of, values
from random_sets import assumption_set

from simulate import compose, forecast, mixture, pages
from simulate.assumptions import build
from simulate.engines import local
from simulate.engines.work import Memory
from simulate.errors import Mistakes
from simulate.fingerprints import of_arrays, of_dataset
from simulate.plan import prepare
from simulate.tally import Sums, blank, noted_crossings

HERE = Path(__file__).parent
UNEVEN = 5 * 512 * 8 + 77  # draws: no multiple of a block


def baseline(*words: str) -> dict[str, Any]:
    return compose.settings("baseline_2026", ["horizon=2032", *words])[0]


def run(settings: dict[str, Any], draws: int = UNEVEN, seed: int = 1, **more: Any) -> xr.Dataset:
    return forecast.run(build(settings), draws, seed, **more)


@pytest.fixture(scope="module")
def usual() -> str:
    return of_dataset(run(baseline(), threads=1))


def test_what_may_matter_does(usual: str, verified: Verified) -> None:
    verified("B1", f"digest of the default set, {UNEVEN:,} draws, for any number of threads", usual[:16])
    seen = {usual, of_dataset(run(baseline(), seed=2)), of_dataset(run(baseline(), draws=UNEVEN + 1))}
    seen.add(of_dataset(run(baseline("inputs.chip_growth.high=2.3000001"))))
    assert len(seen) == 4


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("blocks_per_task", [1, 3, 8, 32, 1000])
def test_threads_and_tasks_do_not_matter(
    threads: int, blocks_per_task: int, usual: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "run", partial(local.run, blocks_per_task=blocks_per_task))
    assert of_dataset(run(baseline(), threads=threads)) == usual


@pytest.mark.parametrize("draws", [1, 2, 511, 512, 513, 1023, 5000])
def test_any_number_of_draws(draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = of_dataset(run(baseline(), draws=draws, threads=1))
    monkeypatch.setattr(local, "run", partial(local.run, blocks_per_task=2))
    assert of_dataset(run(baseline(), draws=draws, threads=3)) == expected


def test_all_draws_are_counted_once() -> None:
    """The counts of a run are those of its draws, one by one: the last, partial block too."""
    settings = baseline("thresholds=[standard,anchors]")
    found = values(settings, UNEVEN)
    ds = run(settings)
    for name, level in found.results.items():
        if not name.startswith("ceiling:"):
            mean, sd = level[:, :UNEVEN].mean(axis=1), level[:, :UNEVEN].std(axis=1)
            np.testing.assert_allclose(ds[f"{name}_mean"], mean, rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(ds[f"{name}_sd"], sd, rtol=1e-4, atol=2e-5)
            exact = np.quantile(level[:, :UNEVEN], ds["quantile"], axis=1)
            width = 16 * (level[:, :512].max(axis=1) - level[:, :512].min(axis=1)) / 2048  # of a bin, at most
            assert np.all(np.abs(ds[name].values - exact) <= width + 1e-9), name
    for name, dates in found.crossing.items():
        by = [np.count_nonzero(dates[:UNEVEN] <= year) / UNEVEN for year in ds["year"].values]
        np.testing.assert_array_equal(ds["probability"].sel(threshold=name), by)


def sums(settings: dict[str, Any], first: int, last: int, draws: int) -> Sums:
    """The counts of some blocks of a run, placed as the run places them."""
    built = build(settings)
    prepared = prepare(built)
    (watched,) = forecast._place([prepared], [forecast.first_block(prepared, 1, built)], [built])
    tally = blank(prepared, watched, np.zeros((0, 0, 0), np.float32))
    Memory(prepared, watched, tally, noted_crossings(0, 0)).run(1, first, last, draws)
    return Sums(tally, take=True)


def counted(total: Sums) -> dict[str, np.ndarray]:
    found = dict(total.others)
    for kind in ("inputs", "results"):
        for name, value in vars(getattr(total, kind)).items():
            found[f"{kind} {name}"] = value
    return found


def test_counts_of_two_halves_add_up() -> None:
    settings, draws = baseline(), 20 * 512 - 100
    whole = sums(settings, 0, 20, draws)
    first, second = sums(settings, 0, 7, draws), sums(settings, 7, 20, draws)
    first.add(second)
    assert of_arrays(counted(first)) == of_arrays(counted(whole))


def test_more_draws_keep_the_first_ones() -> None:
    settings = baseline()
    few, many = run(settings, draws=700, keep="draws"), run(settings, draws=1400, keep="draws")
    kept = [name for name in few.data_vars if str(name).endswith("_draw")]
    assert len(kept) >= 10
    for name in kept:
        assert np.array_equal(many[name][:700], few[name])


def test_more_years_and_thresholds_leave_the_old_ones_alone() -> None:
    short = run(baseline())
    long = run({**baseline(), "horizon": 2036})
    for name, array in short.data_vars.items():
        if "year" in array.dims:
            assert np.array_equal(long[name].sel(year=array.year), array, equal_nan=True), name
    for level, wide in zip(short["crossing"].values.T, long["crossing"].values.T, strict=True):
        known = level < 2032
        assert np.array_equal(level[known], wide[known])
    more = {"extra": {"dist": "loguniform", "low": 1e27, "high": 1e29, "unit": "FLOP"}}
    with_more = run({**baseline(), "thresholds": {**more, **baseline()["thresholds"]}})
    old = with_more.sel(threshold=short["threshold"])
    assert of_dataset(old) == of_dataset(short)


STRANGER = {"dist": "metalog", "low": 1, "mid": 2, "high": 4, "unit": "1"}


@pytest.mark.parametrize("names", [("aaa", "zzz"), ("zzz", "aaa"), ("chip_growth_of_others", "spend")])
def test_rows_that_have_nothing_to_do_with_it_do_not_matter(names: tuple[str, str]) -> None:
    """Adding, renaming and reordering other rows leaves every number of the rest alone, correlated rows too."""
    settings = baseline()
    plain = values(settings)
    first, second = (f"other_{name}" for name in names)
    rows = {first: STRANGER, **dict(reversed(settings["inputs"].items())), second: STRANGER}
    own = {"aside": {"formula": f"{first}*{second} + year", "unit": "OOM"}}
    pairs = [[first, second, 0.5], *settings["correlations"]]
    found = values({**settings, "inputs": rows, "quantities": own, "correlations": pairs})
    for table in ("inputs", "results", "crossing"):
        for key, array in getattr(plain, table).items():
            np.testing.assert_array_equal(getattr(found, table)[key], array, err_msg=key)


def test_taking_rows_and_a_driver_away_leaves_the_others_alone() -> None:
    settings = baseline()
    plain = values(settings)
    fewer = {key: row for key, row in settings["inputs"].items() if not key.startswith("trend")}
    pairs = [pair for pair in settings["correlations"] if not any(str(n).startswith("trend") for n in pair)]
    drivers = {key: value for key, value in settings["drivers"].items() if key != "trend"}
    found = values({**settings, "inputs": fewer, "correlations": pairs, "drivers": drivers})
    for key in ("chips", "tokens", "efficiency", "gwp", "ceiling:data", "ceiling:chips"):
        np.testing.assert_array_equal(found.results[key], plain.results[key], err_msg=key)


def test_the_order_of_thresholds_drivers_and_keys_does_not_matter() -> None:
    settings = baseline()
    turned = {
        key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in settings.items()
    }
    turned = dict(reversed(turned.items()))
    a, b = values(settings), values(turned)
    for table in ("inputs", "results", "crossing"):
        assert of_arrays(getattr(a, table)) == of_arrays(getattr(b, table))


def test_no_state_is_left_behind(usual: str) -> None:
    """Again after another set, and after a run that failed in the middle."""
    run(settings_for("4", 2030), draws=3000)
    bad = {"x": {"dist": "normal", "mean": 0, "sd": 1, "unit": "1"}, "y": {"formula": "log(x)", "unit": "1"}}
    with pytest.raises(Mistakes):
        forecast.run(build(settings_of(bad, drivers={})), 3000)
    assert of_dataset(run(baseline(), threads=2)) == usual
    prepared = prepare(build(baseline()))
    tally = blank(prepared, blind(prepared), np.zeros((0, 0, 0), np.float32))
    worker = Memory(prepared, blind(prepared), tally, noted_crossings(0, 0))
    again = worker.rows.copy()
    worker.run(1, 0, 3, 3 * 512)  # a worker that has done other blocks gives the same for the next
    assert not np.array_equal(worker.rows, again)


def test_memory_in_large_pages_is_like_any_other() -> None:
    for shape in [(3, 5), (40, 70_000)]:
        room = pages.zeros(shape, np.float64)
        assert room.shape == shape
        assert room.flags.c_contiguous
        assert room.ctypes.data % pages.PAGE == 0
        assert not room.any()
        room[:] = 1.0
        assert room.sum() == room.size


def digests(*words: str, flags: tuple[str, ...] = (), **environment: str) -> str:
    """What `digests.py` prints in a process of its own."""
    command = [sys.executable, *flags, str(HERE / "digests.py"), *words]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path]), **environment}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


WORDS = ("forecast", "2000", "2034", "baseline_2026", "cotra_2022", "epoch_2030", "villalobos_2024", "4", "5", "7")


@pytest.fixture(scope="module")
def printed() -> str:
    return digests(*WORDS)


#: The C library, NumPy and its linear algebra as on an older processor; what NumPy would not heed is an error.
OLDER = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX",
    "NPY_DISABLE_CPU_FEATURES": " ".join(np.show_config(mode="dicts")["SIMD Extensions"]["found"]),
    "OPENBLAS_CORETYPE": "Prescott",
}
HEEDED = ("-W", "error:During parsing environment variable:ImportWarning")
SURROUNDINGS = {"PYTHONHASHSEED": "4711", "LANG": "tr_TR.UTF-8", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "COLUMNS": "20"}


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        (HEEDED, OLDER),
        (("-O",), SURROUNDINGS),
        ((), {"NUMBA_DISABLE_INTEL_SVML": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}),
    ],
    ids=["libraries", "surroundings", "threads"],
)
def test_the_machine_around_does_not_matter(flags: tuple[str, ...], environment: dict[str, str], printed: str) -> None:
    assert len(printed.splitlines()) == len(WORDS) - 3
    assert digests(*WORDS, flags=flags, **environment) == printed


@pytest.mark.long
def test_the_processor_does_not_matter(printed: str) -> None:
    """Compiled for the plainest processor, whose fused multiply-add is a subroutine."""
    assert digests(*WORDS, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="") == printed


def test_compiled_and_uncompiled_are_the_same() -> None:
    """The program as Python runs it, number for number; every law and limit is in some of the sets."""
    words = ("values", "512", "2028", "4002", "4009", "4012")
    assert digests(*words, NUMBA_DISABLE_JIT="1") == digests(*words)


@pytest.mark.long
def test_compiled_and_uncompiled_are_the_same_in_more_sets() -> None:
    words = ("values", "512", "2029", *map(str, range(4000, 4012)))
    assert digests(*words, NUMBA_DISABLE_JIT="1") == digests(*words)


@pytest.mark.long
@pytest.mark.parametrize("number", range(5000, 5100))
def test_threads_and_tasks_do_not_matter_to_random_sets(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = assumption_set(number)
    draws = 600 + 37 * (number % 100)
    expected = of_dataset(run(settings, draws, SEED, threads=1))
    monkeypatch.setattr(local, "run", partial(local.run, blocks_per_task=1 + number % 3))
    assert of_dataset(run(settings, draws, SEED, threads=1 + number % 7)) == expected


def test_no_subnormal_number_decides_a_quantile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library linked by gcc with -ffast-math has the whole process take such numbers for 0 once it is loaded; so the
    value that the bisection of a mixture starts from, less than a certain 0, must be an ordinary number.
    """
    shares = mixture.Histograms.shares
    starts: dict[mixture.Histograms, float] = {}  # of each row, the first value that is looked at

    def noted(self: mixture.Histograms, value: np.ndarray) -> np.ndarray:
        starts.setdefault(self, float(value.min()))
        return shares(self, value)

    monkeypatch.setattr(mixture.Histograms, "shares", noted)
    laws = {"same": {"weight": 0.5}, "fast": {"weight": 0.5, "inputs": {"trend_start": {"value": 27.0}}}}
    rows = {"trend_start": (26.0, "log10 FLOP"), "trend_growth": (0.0, "OOM/yr")}
    built = build(settings_of(rows, drivers={"trend": {}}, hypotheses=laws))
    found = forecast.run(built, 1024, 1, 1)["inputs"].sel(input="trend_growth")
    assert (found == 0.0).all()
    below = [start for start in starts.values() if -1.0 < start < 0.0]
    assert below
    assert max(below) < -np.finfo(np.float64).tiny
