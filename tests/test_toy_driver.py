"""Adding a driver is one file, its name in one list and its rows: done here to a copy of the package, and run. An edit
of it is seen by the next run, though compiled code is kept on disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

TOY = '''"""Toy: a ceiling that falls a little every year."""

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Ceiling, Input, Quantity

INPUTS = (Input("toy_start", "log10 FLOP", "the ceiling at the start"), Input("toy_fall", "OOM/yr", "its fall"))
QUANTITIES = (Quantity("toy_level", "log10 FLOP", "the ceiling"),)
CEILING = Ceiling("toy", "what the toy allows")


@jit
def advance(x, rules, t):
    """A straight line."""
    for i in range(DRAWS):
        x.toy_level[i] = x.toy_start[i] - x.toy_fall[i] * (t.year - rules.start)


@jit
def ceiling(x, rules, t):
    """Its level."""
    for i in range(DRAWS):
        x.toy_compute[i] = x.toy_level[i]
'''

SET = """# @package _global_
defaults: [baseline_2026]
drivers: {toy: {}}
inputs:
  toy_start: {value: 1e25, unit: FLOP}
  toy_fall: {value: 0.125, unit: OOM/yr}
"""

RUN = """
import sys
import simulate
result = simulate.run("mine", draws=1000, config_dir="own", overrides=["horizon=2030"])
assert (result.binding.sel(ceiling="toy") == 1.0).all()
assert (abs(result.training_compute.sel(year=2030) - float(sys.argv[1])) < 1e-12).all()
print(simulate.__file__)
"""


def run(folder: Path, level: float) -> set[Path]:
    """Run the copy, whose training compute is to come out at `level` in 2030; the folders of compiled code then."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    environment["NUMBA_OPT"] = "0"  # a short run of a program that is compiled for it alone
    command = [sys.executable, "-c", RUN, str(level)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(folder))
    return set((folder / "cache" / "simulate").iterdir())


def test_a_driver_is_one_file_one_name_and_its_rows_and_an_edit_of_it_counts(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "simulate", tmp_path / "simulate", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "conf", tmp_path / "simulate" / "conf", ignore=shutil.ignore_patterns("__pycache__"))
    drivers = tmp_path / "simulate" / "drivers"
    (drivers / "toy.py").write_text(TOY)
    order = (drivers / "__init__.py").read_text()
    assert order.count('"trend",') == 1
    (drivers / "__init__.py").write_text(order.replace('"trend",', '"trend", "toy",'))
    (tmp_path / "own" / "assumptions").mkdir(parents=True)
    (tmp_path / "own" / "assumptions" / "mine.yaml").write_text(SET)
    compiled = run(tmp_path, 24.5)

    report = tmp_path / "simulate" / "report.py"
    report.write_text(report.read_text() + "\n# of no account for the kernel\n")
    assert run(tmp_path, 24.5) == compiled, "an edit that cannot reach the kernel is no reason to compile it anew"

    (drivers / "toy.py").write_text(TOY.replace("x.toy_fall[i] *", "2.0 * x.toy_fall[i] *"))
    assert run(tmp_path, 24.0) > compiled, "compiled code of before the edit was used"
