"""What is shipped: one version everywhere, every file of conf/ in the wheel, pins that fit what is asked for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import simulate

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]


def folder_of(package: str) -> Path:
    """The folder that `package-dir` gives a package."""
    mapped = SETUPTOOLS["package-dir"]
    longest = max((name for name in mapped if f"{package}.".startswith(f"{name}.")), key=len)
    return ROOT / mapped[longest] / package.removeprefix(longest).lstrip(".").replace(".", "/")


def shipped() -> set[Path]:
    """The files that the wheel will have: modules of each listed package, and what `package-data` adds."""
    found = set()
    for package in SETUPTOOLS["packages"]:
        found |= set(folder_of(package).glob("*.py"))
        for pattern in SETUPTOOLS["package-data"].get(package, []):
            found |= set(folder_of(package).glob(pattern))
    return found


def test_one_version_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert simulate.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\n## {version} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_entry_of_the_changelog_says_whether_results_change() -> None:
    for entry in (ROOT / "CHANGELOG.md").read_text("utf-8").split("\n## ")[1:]:
        assert re.search(r"\*Results: .+\*", entry), entry[:40]


def test_every_file_is_in_a_listed_package() -> None:
    wanted = {
        path
        for folder in (ROOT / "simulate", ROOT / "conf")
        for path in folder.rglob("*")
        if path.is_file()
        and not {"__pycache__", "conf"} & set(path.relative_to(folder).parts)
        and path.suffix != ".pyc"
    }
    assert wanted - shipped() == set()


def test_packages_exist() -> None:
    assert all(folder_of(package).is_dir() for package in SETUPTOOLS["packages"])


@pytest.mark.long
def test_the_wheel_has_all_of_conf(tmp_path: Path) -> None:
    """Builds it, which needs the network; `.ci/run` installs and runs it as well."""
    source = tmp_path / "source"
    for name in ("conf", "simulate"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "conf"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {f"simulate/{path.relative_to(ROOT)}" for path in (ROOT / "conf").rglob("*.yaml")}
    assert {name for name in inside if name.endswith(".yaml")} == expected
    assert {f"simulate/{path.relative_to(ROOT)}" for path in (ROOT / "conf" / "history").glob("*")} <= inside
    assert any(name.endswith("licenses/LICENSE") for name in inside)


def pins() -> dict[str, Version]:
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", line), (
            f"{line}: a plain pin has neither address nor hash"
        )
    found = {str(canonicalize_name(line.split("==")[0])): Version(line.split("==")[1]) for line in lines}
    assert len(found) == len(lines)
    return found


def test_tested_versions_fit_what_the_package_asks_for() -> None:
    tested = pins()
    project = PROJECT["project"]
    extras = [text for group in project["optional-dependencies"].values() for text in group]
    asked = [Requirement(text) for text in [*project["dependencies"], *extras, *PROJECT["build-system"]["requires"]]]
    for requirement in asked:
        assert tested[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_this_python_is_supported() -> None:
    supported = SpecifierSet(PROJECT["project"]["requires-python"])
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in supported
    for minor in (11, 12, 13):
        assert f"3.{minor}" in supported
        assert f"Programming Language :: Python :: 3.{minor}" in PROJECT["project"]["classifiers"]


def test_the_check_is_executable_and_stops_at_the_first_failure() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in script.read_text("utf-8")
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_nothing_that_runs_leave_behind_is_kept() -> None:
    kept = (ROOT / ".gitignore").read_text("utf-8").split()
    assert {"outputs/*", "!outputs/README.md", "__pycache__/", "*.egg-info/"} <= set(kept)
