"""The notebooks run from the first cell to the last, in an empty folder, and show something."""

from __future__ import annotations

from pathlib import Path

import percent_notebook
import pytest
from matplotlib.figure import Figure

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = percent_notebook.execute(path)
    assert any(isinstance(value, Figure) for value in values)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_reads_as_a_notebook(path: Path) -> None:
    found = percent_notebook.cells(path)
    assert found[0].kind == "markdown"
    assert found[0].text.startswith("# # ")
    assert all(line.startswith("#") for cell in found if cell.kind == "markdown" for line in cell.text.splitlines())
    assert all(cell.text for cell in found)
