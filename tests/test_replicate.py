"""Published numbers: what may be written, and whether a set gives them."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from command_line import HEADER, simulate, write

from simulate import assumptions, compose, published
from simulate.checking import Check
from simulate.errors import Mistakes

# A trend of one OOM a year from an uncertain start: normal around 26 at 2026 with sd 1, so all numbers are known.
SET = """
start: 2026
horizon: 2036
drivers: {trend: {law: exponential}}
inputs:
  trend_start: {dist: normal, mean: 26, sd: 1, unit: log10 FLOP}
  trend_growth: {value: 1, unit: OOM/yr}
  days: {value: 73, unit: day}
quantities: {length: {formula: days, unit: day}}
thresholds: {level: {value: 30, unit: log10 FLOP}, far: {value: 50, unit: log10 FLOP}}
"""
GOOD = """
  chance: {threshold: level, year: 2031, value: 84.13, unit: "%", tolerance: 3}
  share: {threshold: level, year: 2029, value: 0.1587, unit: "1", tolerance: "20 %"}
  median: {threshold: level, quantile: 0.5, value: 2030, unit: year, tolerance: 0.2}
  late: {threshold: far, quantile: 0.5, value: .inf, unit: year, tolerance: 1}
  amount: {quantity: trend, year: 2028, quantile: 0.5, value: 1e28, unit: FLOP, tolerance: x1.3}
  high: {quantity: trend, year: 2028, quantile: 0.841345, value: 29, unit: log10 FLOP, tolerance: 0.1}
  rise: {quantity: trend, year: 2030, since: 2026, quantile: 0.5, value: 4, unit: OOM, tolerance: 0.01}
  wall: {ceiling: trend, year: 2026, quantile: 0.5, value: 26, unit: log10 FLOP, tolerance: 0.1}
  start: {input: trend_start, quantile: 0.1587, value: 1e25, unit: FLOP, tolerance: x1.3}
  length: {input: days, value: 0.2, unit: year, tolerance: "1 %"}
  sum: {quantity: length, years: [2026, 2027, 2028], quantile: 0.5, value: 219, unit: day, tolerance: 0.5}
  binds: {binding: trend, year: 2030, value: 100, unit: "%", tolerance: 1}
  told: {quantity: trend, year: 2028, quantile: 0.5, value: 27, unit: log10 FLOP}
  known: {quantity: trend, year: 2028, quantile: 0.5, value: 27, unit: log10 FLOP, tolerance: 0.3, differs: rounded}
"""


def own(folder: Path, rows: str, name: str = "own", head: str = SET) -> str:
    write(folder, f"{name}.yaml", f"{HEADER}{head}published:{rows}")
    return f"--config-dir={folder}"


def replicate(folder: Path, *words: str) -> tuple[int, dict[str, dict[str, str]], str]:
    outcome = simulate("study=replicate", "draws=20000", "thresholds=standard", f"--config-dir={folder}", *words)
    assert outcome.code in (0, 3), outcome.err
    written = Path(outcome.out.splitlines()[-1])
    with (written / "published.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["what"]: row for row in csv.DictReader(file)}
    assert (written / "published.md").read_text("utf-8") in outcome.out
    return outcome.code, rows, outcome.out


def test_known_numbers_are_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own(tmp_path / "sets", GOOD)
    code, rows, out = replicate(tmp_path / "sets", "sets=own")
    verdicts = {name: row["verdict"] for name, row in rows.items()}
    assert verdicts.pop("told") == "information"
    assert verdicts.pop("known") == "differs, as said: rounded"
    assert set(verdicts.values()) == {"yes"}, verdicts
    assert code == 0
    # The error of a median of a normal with sd 1 is sqrt(pi/2/n); of a share p, sqrt(p(1-p)/n).
    assert float(rows["high"]["error"]) == pytest.approx(math.sqrt(0.1335 / 20_000) / 0.24197, rel=0.2)
    assert float(rows["chance"]["error"]) == pytest.approx(100 * math.sqrt(0.1335 / 20_000), rel=0.05)
    assert float(rows["length"]["ours"]) == pytest.approx(73 / 365.25)
    assert float(rows["length"]["error"]) == 0.0
    assert float(rows["late"]["ours"]) == math.inf
    assert " ± " in out


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ("{quantity: trend, year: 2028, quantile: 0.5, value: 27, unit: log10 FLOP, tolerance: 0.9}", "no"),
        (
            "{quantity: trend, year: 2028, quantile: 0.5, value: 28, unit: log10 FLOP, tolerance: 0.3, differs: why}",
            "no: `differs` is stale, it agrees",
        ),
        ("{threshold: level, quantile: 0.5, value: .inf, unit: year, tolerance: 1}", "no"),
        ("{quantity: trend, year: 2028, quantile: 0.5, value: 1e29, unit: FLOP, tolerance: x5}", "no"),
    ],
)
def test_what_is_not_met_gives_code_3(row: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own(tmp_path / "sets", f"\n  it: {row}\n")
    code, rows, _ = replicate(tmp_path / "sets", "sets=[own]")
    assert (code, rows["it"]["verdict"]) == (3, verdict)


def test_every_mistake_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {
        "a: {threshold: levl, year: 2030, value: 1, unit: '%'}": "did you mean 'level'",
        "b: {threshold: level, quantity: trend, year: 2030, value: 1, unit: '%'}": "names threshold and quantity",
        "c: {value: 1, unit: '%'}": "names nothing",
        "d: {threshold: level, year: 2050, value: 1, unit: '%'}": "2026 to 2036",
        "e: {threshold: level, year: 2030, value: 1, unit: FLOP}": "unit 'FLOP' does not fit",
        "f: {quantity: trend, year: 2030, quantile: 0.5, value: 1, unit: W}": "unit 'W' does not fit",
        "g: {input: days, value: 1, unit: day, tolerance: about 3}": "is no tolerance",
        "h: {quantity: trend, year: 2030, quantile: 50, value: 1, unit: FLOP}": "quantile = 50",
        "i: {input: days, unit: day}": "i.value = None",
        "j: {quantity: trend, year: 2030, value: 1, unit: FLOP}": "a quantity with year",
        "k: {input: days, value: 1, unit: day, differs: why}": "needs a tolerance",
        "l: {input: days, value: 1, unit: day, hypothesis: long}": "no hypothesis is called 'long'",
        "m: {quantity: trend, year: 2030, since: 2020, quantile: 0.5, value: 1, unit: OOM}": "m.since = 2020",
        "n: {input: days, value: 1, unit: day, tolerance: x0.5}": "is no tolerance",
    }
    text = "\n" + "".join(f"  {row}\n" for row in rows)
    folder = own(tmp_path / "sets", text)
    for study in ("study=validate", "study=replicate"):
        outcome = simulate(study, folder, "assumptions=own", *(["sets=own"] if "replicate" in study else []))
        assert outcome.code == 2
        for message in rows.values():
            assert message in outcome.err, (message, outcome.err)
    assert [path.name for path in tmp_path.iterdir()] == ["sets"]


def test_rows_inherit_and_do_not_change_the_hash(tmp_path: Path) -> None:
    from simulate.dataset import config_hash

    own(tmp_path, "\n  a: {input: days, value: 73, unit: day}\n  b: {input: days, value: 74, unit: day}\n")
    own(tmp_path, "\n  a: {value: 80}\n  b: null\n", "child", "defaults: [own]\n")
    settings, where = compose.settings("child", config_dir=tmp_path)
    assert settings["published"] == {"a": {"input": "days", "value": 80, "unit": "day"}}
    check = Check(settings, where)
    (row,) = published.read(settings, assumptions.build(settings, where), check)
    assert (row.value, check.mistakes) == (80.0, [])
    assert config_hash(settings) == config_hash({**settings, "published": {}})


def test_unknown_sets_and_sets_without_numbers(tmp_path: Path) -> None:
    own(tmp_path, "\n  a: {input: days, value: 73, unit: day}\n")
    with pytest.raises(Mistakes) as raised:
        compose.settings(
            None, ["study=replicate", "sets=[own,oen,plain]"], write(tmp_path, "plain.yaml", HEADER + SET).parents[1]
        )
    assert "no set is called 'oen'; did you mean 'own'?" in str(raised.value)
    assert "plain has no published numbers" in str(raised.value)
