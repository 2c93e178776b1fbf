"""The house: modules and their order as CONTRIBUTING says, layers that stay apart, help that costs nothing."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulate import sources

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "simulate"
HEAVY = ("xarray", "hydra", "omegaconf", "matplotlib", "netCDF4", "rich", "pandas")
NUMERIC = (
    "fastmath",
    "tables",
    "distributions",
    "formulas",
    "programs",
    "sampling",
    "laws",
    "drivers",
    "layout",
    "summary",
    "kernel",
)


def listed() -> list[str]:
    """The modules in the order of CONTRIBUTING."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    block = text.split("<!-- modules -->")[1].split("<!-- end of modules -->")[0]
    return re.findall(r"^([a-z_.0-9]+)  ", block, flags=re.MULTILINE)


def modules() -> dict[str, Path]:
    """Every module with something in it, by its name below the package; the package itself apart."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        name = name.removesuffix(".__init__")
        if name != "__init__" and path.read_text("utf-8").strip():
            found[name] = path
    return found


def imported(path: Path, known: set[str]) -> set[str]:
    """The modules of the package that a module imports when it is imported itself."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "simulate":
            base = str(node.module).removeprefix("simulate").lstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                found.add(inner if inner in known else base)
    return found - {""}


def test_every_module_is_listed_once() -> None:
    names = listed()
    assert len(names) == len(set(names))
    assert set(names) == set(modules()), "bring the list of CONTRIBUTING.md up to date"


def test_modules_import_what_stands_above_them() -> None:
    order = {name: place for place, name in enumerate(listed())}
    wrong = [
        f"{name} imports {other}"
        for name, path in modules().items()
        for other in imported(path, set(order))
        if order[other] >= order[name]
    ]
    assert wrong == []


def test_what_contributing_names_exists() -> None:
    """`laws.LIMITS` and the like in the table "to add X, edit Y"."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## To add X")[1].split("## Conventions")[0]
    for module, name in re.findall(r"`([a-z_]+)\.([A-Z][A-Za-z]+)`", text):
        path = PACKAGE / f"{module}.py"
        source = (path if path.exists() else PACKAGE / module / "__init__.py").read_text("utf-8")
        assert re.search(rf"^(class )?{name}\b", source, flags=re.MULTILINE), f"{module}.{name}"
    for name in re.findall(r"`([a-z_/]+\.(?:py|toml))`", text):
        assert (PACKAGE / name).exists() or (ROOT / name).exists(), name


def loaded(code: str) -> set[str]:
    """The top-level packages that a new interpreter has loaded after `code`."""
    code += "\nimport json, sys\nsys.stderr.write(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_numeric_layer_stands_alone() -> None:
    found = loaded("; ".join(f"import simulate.{name}" for name in NUMERIC))
    assert "numba" in found
    assert found.isdisjoint(HEAVY), found.intersection(HEAVY)


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_imports_nothing_that_costs(word: str) -> None:
    found = loaded(f"from simulate.__main__ import main; assert main(['{word}']) == 0")
    assert found.isdisjoint({*HEAVY, "numba", "numpy", "scipy", "yaml"}), found


def test_importing_the_package_costs_nothing() -> None:
    assert loaded("import simulate").isdisjoint({*HEAVY, "numba", "numpy", "scipy", "yaml"})


def test_nothing_prints_and_nothing_is_compiled_behind_the_back() -> None:
    """No `print` in the library, and numba's decorators only through `simulate.compiled`."""
    for name, path in modules().items():
        tree = ast.parse(path.read_text("utf-8"))
        calls = [
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "print" not in calls, name
        if name not in ("compiled", "fragments", "code_cache", "fastmath"):
            assert not re.search(r"^(import numba|from numba)", path.read_text("utf-8"), flags=re.MULTILINE), name


FUNCTIONS = r"exp\w*|log\w*|pow\w*|sin\w*|cos\w*|tan\w*"
LIBRARIES = rf"\bnp\.(linalg|polynomial|{FUNCTIONS})\b|\bmath\.({FUNCTIONS})\("


def test_draws_hang_on_no_mathematics_of_a_library() -> None:
    """Its last bits change with the version and the processor; those of `fastmath` do not."""
    for path in sources.made_of("simulate.kernel"):
        found = {match[0] for match in re.finditer(LIBRARIES, path.read_text("utf-8"))}
        guess = {"math.cos("} if path.stem == "quadrature" else set()  # which Newton's steps make the same
        assert found == guess, path.stem


def test_every_module_and_public_function_says_what_it_is_for() -> None:
    for name, path in modules().items():
        tree = ast.parse(path.read_text("utf-8"))
        assert ast.get_docstring(tree), name
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{name}.{node.name}"
