"""The published fingerprints: this tree gives them, and whatever differs is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import simulate
from conftest import Verified

from simulate import selfcheck


def test_every_shipped_set_gives_its_published_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verified: Verified
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = simulate("study=selfcheck")
    assert outcome.code == 0, outcome.out
    assert outcome.out.splitlines()[-1] == "identical"
    assert "3 of 3 known answers" in outcome.out
    golden = selfcheck.golden()
    assert len(golden) >= 40
    verified("B5", "fingerprints of shipped sets that are the published ones", len(golden), len(golden))
    verified("A1", "known answers of the random generator", "3 of 3", "3 of 3")
    assert list(tmp_path.iterdir()) == []


def test_what_differs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = selfcheck.GOLDEN.read_text("utf-8").splitlines()
    wanted = [line for line in lines if line.startswith("longest_run_2022,")]
    name, sampling, counts, tables = wanted[0].split(",")
    changed = tmp_path / "golden.csv"
    changed.write_text("\n".join([lines[0], f"{name},{sampling},{counts},{'0' * 64}", ""]), "utf-8")
    monkeypatch.setattr(selfcheck, "GOLDEN", changed)
    here = selfcheck.fingerprints_here
    monkeypatch.setattr(selfcheck, "fingerprints_here", lambda: here(["longest_run_2022"]))
    monkeypatch.setattr(selfcheck, "KNOWN", ((*selfcheck.KNOWN[0][:2], (1, 2, 3, 4)),))
    outcome = simulate("study=selfcheck")
    assert outcome.code == 5
    assert "0 of 1 known answers" in outcome.out
    assert f"differs: {name}, sampling={sampling}: tables made of the counts" in outcome.out
    assert f"differs: {name}, sampling=sobol: no fingerprint was published" in outcome.out
    assert outcome.out.splitlines()[-1] == "differs"
    changed.write_text("\n".join([lines[0], f"{name},{sampling},{'0' * 64},{tables}", ""]), "utf-8")
    assert f"{name}, sampling={sampling}: what is counted" in simulate("study=selfcheck").out
