"""How long the studies take: `python -m benchmarks.studies [compare] [attribution] [sensitivity] [forecast]`.

Wall-clock and CPU seconds beside one forecast of the default set; targets: compare of 5 sets at 1e6 draws within 5
times one forecast, attribution over 8 groups at 1e5 draws under 30 s, sensitivity of 30 inputs at 2^14 base points
under 30 s, all on two cores.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import simulate

#: One row of each driver moved, so that eight groups differ.
CHANGES = {
    "gwp_growth": 2.0,
    "spend_growth": 4.0,
    "price_performance_growth": 1.4,
    "chip_growth": 2.5,
    "power_growth": 2.2,
    "token_growth": 4.0,
    "trend_growth": 5.0,
    "algorithm_growth": 3.0,
}


def forecast() -> None:
    """The default set, a million draws."""
    simulate.run(draws=1_000_000)


def compare() -> None:
    """Five sets, a million draws each."""
    growth = [{"base": "baseline_2026", "inputs": {"chip_growth": {"value": g}}} for g in (2.0, 2.5, 3.0, 3.5)]
    simulate.compare(["baseline_2026", *growth], draws=1_000_000)


def attribution() -> None:
    """Eight groups, a hundred thousand draws for each of the 256 combinations."""
    rows = simulate.run(draws=512)["input"].values
    inputs = {name: {"value": value} for name, value in CHANGES.items() if name in rows}
    found = simulate.attribute("baseline_2026", {"base": "baseline_2026", "inputs": inputs}, draws=100_000)
    print(f"  {found.sizes['group']} groups: {', '.join(found['group'].values)}")


def sensitivity() -> None:
    """The default set, 2^14 base points, each input by itself and one at a time."""
    simulate.sensitivity("baseline_2026", draws=2**14, year=2030)


STUDIES: dict[str, Callable[[], None]] = {
    "forecast": forecast, "compare": compare, "attribution": attribution, "sensitivity": sensitivity,
}  # fmt: skip


def main(names: list[str]) -> None:
    """Time the studies of these names, or all."""
    simulate.run(draws=1000)
    for name in names or STUDIES:
        wall, cpu = time.perf_counter(), time.process_time()
        STUDIES[name]()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{name:12} {wall:6.1f} s wall clock, {cpu:6.1f} s CPU", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
