"""How long a grid takes: points a second with ten thousand draws a point, and what of it is not the kernel.

python -m benchmarks.grid [points a side]
"""

from __future__ import annotations

import sys
import time

from simulate import compose, forecast, gridded, points, swept

DRAWS = 10_000


def main(side: int = 20) -> None:
    """Time a grid of side x side points of the default set, then its parts for one point."""
    for field in ("value", "high"):
        axes = [
            swept.Axis(row, field, swept.values({"from": low, "to": high, "steps": side}))
            for row, low, high in (("spend_growth", 3.0, 6.0), ("chip_growth", 2.2, 4.0))
        ]
        settings, where = compose.settings(None, ["study=grid", f"draws={DRAWS}"])
        gridded.run(settings, where, [swept.Axis("spend_growth", field, (4.0,))])  # compiled, read from disk
        for threads in (1, 2):
            settings["threads"] = threads
            wall, cpu = time.perf_counter(), time.process_time()
            gridded.run(settings, where, axes)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            each = 1e3 / side**2
            print(
                f"{field:6} {side**2} points, {threads} threads: {wall:.1f} s, {wall * each:.1f} ms a point "
                f"({cpu * each:.1f} ms CPU); 10,000 points: {wall * 1e4 / side**2:.0f} s",
                flush=True,
            )
        sheet = points.Points(settings, where, axes)
        sheet.build([4.0, 3.0])
        started = time.process_time()
        for _ in range(20):
            point = sheet.at([3.5, 2.5])
        moved = time.process_time()
        for _ in range(20):
            outcome = forecast.count(point.set, gridded.narrow(point), DRAWS, 1, threads=1)
        counted = time.process_time()
        tables = gridded.Tables(point.set, 1)
        for _ in range(20):
            tables.fill(0, outcome)
        filled = time.process_time()
        parts = (moved - started, counted - moved, filled - counted)
        print("       moving the plan, drawing and counting, tables: " + ", ".join(f"{p * 50:.1f} ms" for p in parts))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
