"""Every driver keeps the contract, and a new one is one file: proved by adding one.

The first part is a harness that any driver passes or names what is missing, so whoever writes one finds out at once.
The second part copies the package, adds a driver of a dozen lines and an assumption set that names it, and sees its
ceiling bind; nothing else is touched.
"""

from __future__ import annotations

import importlib.resources
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from kernel_values import settings_of, values

import simulate
from simulate import compose, layout, units
from simulate.drivers import DRIVERS, ORDER
from simulate.drivers.declare import Ceiling, Input, Quantity
from simulate.drivers.declare import Path as PathDeclared

STEPS = ("advance", "ceiling", "follow")
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
every_driver = pytest.mark.parametrize("driver", DRIVERS.values(), ids=list(DRIVERS))


def function_of(step: object) -> object:
    """The Python function below a compiled one."""
    return getattr(step, "py_func", step)


@every_driver
def test_declarations(driver: ModuleType) -> None:
    """Names that a row can have, units that the tables know, meanings that people can read."""
    for path in layout.paths(driver):
        assert isinstance(path, PathDeclared)
        assert NAME.fullmatch(path.name)
        assert NAME.fullmatch(path.quantity)
        for row in layout.path_rows(path):
            assert units.accepted(row.unit), row.name
            assert row.meaning
    for item in layout.inputs(driver):
        assert isinstance(item, Input)
        assert NAME.fullmatch(item.name)
        assert units.accepted(item.unit), item.name
        assert item.meaning
        assert item.lowest < item.highest
    for quantity in layout.quantities(driver):
        assert isinstance(quantity, Quantity)
        assert NAME.fullmatch(quantity.name)
        assert quantity.unit.startswith("log10 ") or quantity.unit == "1", "results are levels, or counts"
        assert units.accepted(quantity.unit)
        assert quantity.meaning
    for other in getattr(driver, "REQUIRES", ()):
        assert ORDER.index(other) < ORDER.index(driver.__name__.rsplit(".", 1)[1]), "what is needed advances before"


@every_driver
def test_functions(driver: ModuleType) -> None:
    """At least one step; a ceiling is declared and stated, or neither; all take block, rules and instant."""
    steps = [getattr(driver, step) for step in STEPS if hasattr(driver, step)]
    assert steps
    assert hasattr(driver, "ceiling") == (layout.ceiling(driver) is not None)
    for step in steps:
        code = function_of(step).__code__  # type: ignore[attr-defined]
        assert code.co_varnames[: code.co_argcount] == ("x", "rules", "t")


@every_driver
def test_documentation(driver: ModuleType) -> None:
    """The module teaches its idea, and every step says in a sentence what it does."""
    assert driver.__doc__
    assert driver.__doc__.strip().endswith((".", ")"))
    for step in STEPS:
        if hasattr(driver, step):
            assert (function_of(getattr(driver, step)).__doc__ or "").endswith(".")
    stated = layout.ceiling(driver)
    if stated:
        assert isinstance(stated, Ceiling)
        assert stated.meaning


def test_names_are_unique() -> None:
    """Rows, results, fields of the block and ceilings: no name stands for two things of one kind."""
    rows, results, fields, ceilings = [], [], [], []
    for driver in DRIVERS.values():
        rows += [row.name for path in layout.paths(driver) for row in layout.path_rows(path)]
        rows += [item.name for item in layout.inputs(driver)]
        results += [quantity.name for quantity in layout.quantities(driver)]
        fields += [path.name for path in layout.paths(driver)]
        fields += [item if isinstance(item, str) else item.name for item in getattr(driver, "SCRATCH", ())]
        fields += [item.name for item in (*layout.inputs(driver), *getattr(driver, "QUANTITIES", ()))]
        stated = layout.ceiling(driver)
        ceilings += [stated.name] if stated else []
    results += [quantity.name for quantity in layout.TRAINING]
    for names in (rows, results, fields, ceilings):
        assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_the_list_is_the_only_list() -> None:
    folder = Path(simulate.__file__).parent / "drivers"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "declare"}
    assert files == set(ORDER)
    assert list(DRIVERS) == list(ORDER)
    assert len(ORDER) <= 16
    for path in (folder.parent).rglob("*.py"):
        if path.parent != folder and path.stem not in ("layout",):
            for name in ORDER:
                assert f"simulate.drivers.{name}" not in path.read_text("utf-8"), (path.name, name)


def least(driver: str) -> dict:
    """A set in which this driver runs with what it needs, every row certain."""
    needed = [driver, *getattr(DRIVERS[driver], "REQUIRES", ())]
    needed += ["trend"] if driver in ("economy", "hardware", "run", "algorithms", "investment") else []
    rows = {}
    for name in needed:
        for path in layout.paths(DRIVERS[name]):
            if not path.optional:
                for row in layout.path_rows(path):
                    if row.parameter in ("start", "growth"):
                        rows[row.name] = {"value": 0.25, "unit": row.unit.replace("log10 1", "OOM")}
        for item in layout.inputs(DRIVERS[name]):
            if item.default is None:
                value = min(0.25, item.highest - 0.25)
                rows[item.name] = {"value": value, "unit": item.unit.replace("log10 1", "OOM")}
    return settings_of(rows, drivers={name: {} for name in needed})


@pytest.mark.parametrize("driver", ORDER)
def test_the_least_that_a_driver_needs_is_enough(driver: str) -> None:
    """With its required rows alone it runs, and all it declares is there and finite."""
    found = values(least(driver))
    absent = {path.quantity for path in layout.paths(DRIVERS[driver]) if path.optional}
    for quantity in layout.quantities(DRIVERS[driver]):
        if quantity.name not in absent:
            assert np.all(np.isfinite(found.results[quantity.name])), quantity.name
    stated = layout.ceiling(DRIVERS[driver])
    if stated and not stated.needs:
        assert np.all(np.isfinite(found.results[f"ceiling:{stated.name}"]))


TOY = '''"""Toy: runs last no longer than the patience of their owners, which grows."""

from simulate.blocks import DRAWS
from simulate.compiled import jit
from simulate.drivers.declare import Ceiling, Input, Path
from simulate.laws import grow

PATHS = (Path("patience", "log10 FLOP", "patience", "compute after which owners stop waiting"),)
INPUTS = (Input("patience_bonus", "log10 1", "how much longer a holiday makes them wait", 0.0),)
CEILING = Ceiling("patience", "what owners wait for")


@jit
def advance(x, rules, t):
    """Patience by its law."""
    grow(x, x.patience, rules.patience, t)


@jit
def ceiling(x, rules, t):
    """Patience, and its bonus."""
    for i in range(DRAWS):
        x.patience_compute[i] = x.patience.value[i] + x.patience_bonus[i]
'''
TOY_SET = """# @package _global_
defaults: [baseline_2026]
title: With a driver of its own
drivers: {toy: {law: decaying, limit: logistic}}
inputs:
  patience_start: {value: 1e25, unit: FLOP}
  patience_growth: {value: 3, unit: x/yr}
  patience_half_life: {value: 4, unit: year}
  patience_limit: {value: 1e27, unit: FLOP}
  patience_bonus: {value: 2, unit: "1"}
"""
TOY_RUN = """
import sys
import simulate
ds = simulate.run("with_toy", draws=1000, config_dir=sys.argv[1], overrides=["horizon=2030"])
assert (ds["binding"].sel(ceiling="patience") == 1.0).all()
level = ds["training_compute"].sel(quantile=0.5).values
assert abs(level - ds["patience"].sel(quantile=0.5).values - 0.3010299956639812).max() < 1e-12
assert abs(level[0] - 25.2967) < 1e-4  # 1e25 below a logistic limit of 1e27, twice that with the bonus
print("the toy binds", simulate.__file__)
"""


def copy_with_toy(folder: Path) -> Path:
    """The package with one more driver: a file, and its name in the list."""
    source = Path(simulate.__file__).parent
    package = folder / "simulate"
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__", "conf"))
    shutil.copytree(str(importlib.resources.files("simulate.conf")), package / "conf", dirs_exist_ok=True)
    (package / "drivers" / "toy.py").write_text(TOY, encoding="utf-8")
    the_list = package / "drivers" / "__init__.py"
    text = the_list.read_text("utf-8")
    assert text.count('"trend",') == 1
    the_list.write_text(text.replace('"trend",', '"trend", "toy",'), encoding="utf-8")
    own = folder / "own" / "assumptions"
    own.mkdir(parents=True)
    (own / "with_toy.yaml").write_text(TOY_SET, encoding="utf-8")
    return folder / "own"


def in_copy(folder: Path, code: str, *words: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=surroundings, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_a_new_driver_is_one_file(tmp_path: Path) -> None:
    own = copy_with_toy(tmp_path)
    done = in_copy(tmp_path, TOY_RUN, str(own))
    assert done.returncode == 0, done.stderr[-3000:]
    assert str(tmp_path) in done.stdout


def test_a_new_driver_is_known_everywhere_before_anything_is_compiled(tmp_path: Path) -> None:
    """The quick half of the proof: layout, table, plan and messages follow from what the new file declares."""
    own = copy_with_toy(tmp_path)
    code = """
import sys
from simulate import assumptions, compose, layout, plan
settings, where = compose.settings("with_toy", config_dir=sys.argv[1])
built = assumptions.build(settings, where)
assert built.drivers[-2:] == ("toy", "algorithms") and "patience" in built.active
assert built.paths["patience"].law == "decaying" and built.units["patience"] == "log10 FLOP"
prepared = plan.prepare(built)
assert prepared.rules.patience.on == 1 and layout.row("patience", "value") < layout.ROWS
assert "ceiling:patience" in prepared.results
assert prepared.plan.advancing.sum() == len(built.drivers) - 1
del settings["inputs"]["patience_half_life"]
try:
    assumptions.build(settings, where)
except Exception as refusal:
    print(refusal)
"""
    done = in_copy(tmp_path, code, str(own))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "patience_half_life" in done.stdout
    assert "decaying" in done.stdout


def test_the_shipped_sets_use_every_driver() -> None:
    baseline = set(compose.settings("baseline_2026")[0]["drivers"])
    counting = set(compose.settings("kumar_manning_2025")[0]["drivers"])
    assert baseline | counting == set(ORDER)
