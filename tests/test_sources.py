"""The files of which compiled code is made: a file too few would give answers of before an edit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulate import sources

ENTRIES = sorted(file.stem for file in sources.PACKAGE.rglob("*.py") if "\n@entry\n" in file.read_text("utf-8"))


@pytest.mark.parametrize("name", ENTRIES)
def test_a_module_is_made_of_all_that_it_loads(name: str) -> None:
    """What an interpreter has loaded once it has imported the module, by the interpreter's own account."""
    code = f"""
import json, sys
import simulate.{name}
print(json.dumps([module.__file__ for key, module in sys.modules.items() if key.split(".")[0] == "simulate"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sources.made_of(f"simulate.{name}") == {Path(file) for file in json.loads(done.stdout)}


def test_modules_with_an_entry_are_found() -> None:
    assert {"kernel", "sampling", "sobol"} <= set(ENTRIES)


def test_the_kernel_is_made_of_the_drivers_and_of_no_report() -> None:
    names = {str(file.relative_to(sources.PACKAGE)) for file in sources.made_of("simulate.kernel")}
    assert {"drivers/chips.py", "laws.py", "fastmath.py", "compiled.py", "__init__.py"} <= names
    assert not {"report.py", "forecast.py", "results.py"} & names


def test_a_module_from_elsewhere_is_made_of_everything() -> None:
    assert sources.made_of("test_numerics") == set(sources.PACKAGE.rglob("*.py"))


def test_many_ways_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "simulate"
    monkeypatch.setattr(sources, "PACKAGE", package)
    files = {
        "__init__.py": "",
        "a.py": "from simulate import b, c as other\nfrom simulate.d import (\n    ONE,  # a number\n    e,\n)\n",
        "b.py": "def late():\n    from simulate import unheard\n",
        "c.py": "import simulate.many.f\n",
        "d.py": "from simulate import a\n",
        "unheard.py": "",
        "many/__init__.py": "",
        "many/f.py": "",
        "many/by_name.py": "from simulate import g\n",
        "g.py": "",
    }
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    found = {str(file.relative_to(package)) for file in sources.made_of("simulate.a")}
    assert found == set(files) - {"unheard.py"}
