"""Published numbers: what may be written, and whether a set gives them."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import HEADER, assert_clean_refusal, simulate, write

from simulate import assumptions, compose, page, published, replication, replication_tables, wording
from simulate.checking import Check
from simulate.errors import Mistakes
from simulate.library import Library
from simulate.studies import replicate as studies_replicate

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
    with (written / "tables" / "published.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["what"]: row for row in csv.DictReader(file)}
    counted = outcome.out.splitlines()[-2]
    assert counted + "." == (written / "tables" / "published.md").read_text("utf-8").splitlines()[-1]
    assert sum(int(number) for number in re.findall(r"\d+", counted)) == len(rows)
    return outcome.code, rows, outcome.out


def test_known_numbers_are_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own(tmp_path / "sets", GOOD)
    code, rows, out = replicate(tmp_path / "sets", "sets=own")
    verdicts = {name: row["verdict"] for name, row in rows.items()}
    assert verdicts.pop("told") == "information"
    assert verdicts.pop("known") == "differs"
    assert rows["known"]["reason"] == "rounded"
    assert "known: rounded" in out
    assert set(verdicts.values()) == {"yes"}, verdicts
    assert code == 0
    assert "12 met, 1 differ as said, 1 for information, 0 missed" in out
    # The error of a median of a normal with sd 1 is sqrt(pi/2/n); of a share p, sqrt(p(1-p)/n).
    assert float(rows["high"]["error"]) == pytest.approx(math.sqrt(0.1335 / 20_000) / 0.24197, rel=0.2)
    assert float(rows["chance"]["error"]) == pytest.approx(100 * math.sqrt(0.1335 / 20_000), rel=0.05)
    assert float(rows["length"]["ours"]) == pytest.approx(73 / 365.25)
    assert float(rows["length"]["error"]) == 0.0
    assert float(rows["late"]["ours"]) == math.inf
    assert " ± " in out


@pytest.mark.parametrize(
    ("row", "verdict", "reason"),
    [
        (
            "{quantity: trend, year: 2028, quantile: 0.5, value: 27, unit: log10 FLOP, tolerance: 0.9}",
            "no",
            r"off by (1|1\.0\d|0\.99\d?), allowed 0\.9",
        ),
        (
            "{quantity: trend, year: 2028, quantile: 0.5, value: 28, unit: log10 FLOP, tolerance: 0.3, differs: why}",
            "stale",
            "agrees within 0.3, though `differs` says: why",
        ),
        (
            "{threshold: level, quantile: 0.5, value: .inf, unit: year, tolerance: 1}",
            "no",
            "one of the two dates is beyond the horizon",
        ),
        (
            "{quantity: trend, year: 2028, quantile: 0.5, value: 1e29, unit: FLOP, tolerance: x5}",
            "no",
            r"off by x(9\.[5-9]\d?|10(\.\d)?), allowed x5",
        ),
        ("{input: days, value: 70, unit: day, tolerance: 3 %}", "no", "off by 4.29 %, allowed 3 %"),
        ("{input: days, value: 70, unit: day, tolerance: 1e0}", "no", "off by 3, allowed 1"),
        (
            "{quantity: trend, year: 2028, quantile: 0.5, value: 28.03, unit: log10 FLOP, tolerance: 1e-2}",
            "no",
            r"off by 0\.0\d+, allowed 0\.01(; that is within two Monte Carlo errors: give more draws)?",
        ),
    ],
)
def test_what_is_not_met_gives_code_3(
    row: str, verdict: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own(tmp_path / "sets", f"\n  it: {row}\n")
    code, rows, out = replicate(tmp_path / "sets", "sets=[own]")
    assert (code, rows["it"]["verdict"]) == (3, verdict)
    assert re.fullmatch(reason, rows["it"]["reason"]), rows["it"]["reason"]
    assert f"own: it: {rows['it']['reason']}"[:7] in out.split("\nmissed\n")[1]


def test_the_hint_at_more_draws_is_given_where_they_may_help() -> None:
    def reason(ours: float, error: float, tolerance: str = "0.05") -> str:
        row = published.Published(
            "it", "quantity", "trend", (2028.0,), None, 0.5, None, 17.0, "log10 FLOP", "log10 FLOP", "", tolerance,
            "", "", "",
        )  # fmt: skip
        return replication.reason(row, ours, error)

    assert reason(17.07, 0.011).endswith("give more draws")
    assert reason(17.07, 0.009) == "off by 0.07, allowed 0.05"
    assert reason(16.93, 0.011).endswith("give more draws")
    assert reason(17.04, 0.1) == ""
    assert reason(17.07, 0.0, "50000000000000.0") == ""


@pytest.mark.parametrize(
    ("value", "error", "unit", "told"),
    [
        (4.11e14, 9e12, "token", "4.11x10¹⁴ ± 2 %"),
        (1.0126e29, 1e27, "FLOP", "1.01x10²⁹ ± 1 %"),
        (1e28, 0.0, "FLOP", "10²⁸"),
        (30.13, 0.5, "%", "30.1 ± 0.5"),
        (2029.8123, 0.0213, "year", "2029.81 ± 0.02"),
        (2029.8123, 0.0003, "year", "2029.81 ± 0.01"),
        (2029.58, 0.0, "year", "2029.6"),
        (3.5491, 0.0, "year", "3.549"),
        (0.008724, 0.0004, "1", "0.0087 ± 0.0004"),
        (math.inf, math.nan, "year", "beyond"),
        (-math.inf, math.nan, "year", "already"),
        (0.0, 0.0, "%", "0"),
    ],
)
def test_how_a_number_of_ours_is_told(value: float, error: float, unit: str, told: str) -> None:
    assert replication_tables.own(value, error, unit) == told.replace("x", wording.TIMES)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(5e12, "token", "5x10¹²"), (5.1e14, "token", "5.1x10¹⁴"), (1e29, "FLOP", "10²⁹"), (3.55, "year", "3.55"),
     (2030.62, "year", "2030.62"), (165.0, "1", "165"), (math.inf, "year", "beyond")],
)  # fmt: skip
def test_a_published_number_has_the_digits_of_its_source(value: float, unit: str, told: str) -> None:
    assert replication_tables.printed(value, unit) == told.replace("x", wording.TIMES)


def test_a_reason_is_given_once_and_the_page_knows_its_signs() -> None:
    line = {
        "set": "own", "what": "a", "unit": "FLOP", "published": 1e28, "ours": 2.02e28, "error": 1e26,
        "tolerance": "x1.5", "verdict": "differs", "reason": "rounded | here", "source": "", "note": "",
    }  # fmt: skip
    lines = [line, {**line, "what": "b"}, {**line, "set": "other", "what": "c", "reason": "[red]no markup[/red]"}]
    text = replication_tables.markdown(lines)
    assert text.count("rounded | here") == 1
    assert "- `a`, `b`: rounded | here" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## own", "## other"]
    unicode, ascii_ = io.StringIO(), io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    for file in (unicode, ascii_):
        page.write(lambda width: replication_tables.terminal(lines, width), file, 80, colour=False)
    assert "a, b: rounded | here" in unicode.getvalue()
    assert "c: [red]no markup[/red]" in unicode.getvalue()
    assert f"2.020{wording.TIMES}10²⁸ ± 0.5 %" in unicode.getvalue()
    assert unicode.getvalue().endswith("\n0 met, 3 differ as said, 0 for information, 0 missed\n")
    assert all(len(shown) <= 80 for shown in unicode.getvalue().splitlines())
    for width in (60, 72):
        narrow = io.StringIO()
        page.write(lambda width: replication_tables.terminal(lines, width), narrow, width, colour=False)
        assert f"2.020{wording.TIMES}10²⁸ ± 0.5 %" in narrow.getvalue()
        assert all(len(shown) <= width for shown in narrow.getvalue().splitlines())
    ascii_.seek(0)
    assert "2.020x10^28 +- 0.5 %" in ascii_.read()


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


def test_published_numbers_are_of_one_set_alone_and_do_not_change_the_hash(tmp_path: Path) -> None:
    """A child changes the model, so what its parent's source printed is nothing that it could be held against."""
    from simulate.provenance import config_hash

    own(tmp_path, "\n  a: {input: days, value: 73, unit: day}\n  b: {input: days, value: 74, unit: day}\n")
    own(tmp_path, "\n  a: {input: days, value: 80, unit: day}\n", "child", "defaults: [own]\n")
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
    assert "no set is called 'oen' (did you mean 'own'?)" in str(raised.value)
    assert "plain has no published numbers" in str(raised.value)


@pytest.mark.parametrize(
    ("words", "sets"),
    [
        (["sets=own"], ["own"]),
        (["assumptions=own"], ["own"]),
        (["assumptions=own", "sets=[own,longest_run_2022]"], ["own", "longest_run_2022"]),
        (["sets=[own,own]"], ["own"]),
    ],
)
def test_which_sets_are_compared(words: list[str], sets: list[str], tmp_path: Path) -> None:
    own(tmp_path, "\n  a: {input: days, value: 73, unit: day}\n")
    settings, _ = compose.settings(None, ["study=replicate", *words], tmp_path)
    assert [one.settings["name"] for one in settings["sets"]] == sets


def test_a_word_on_a_row_speaks_of_the_sets_that_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(tmp_path / "sets", "\n  a: {input: days, value: 80, unit: day, tolerance: 1}\n")
    monkeypatch.chdir(tmp_path)
    assert replicate(tmp_path / "sets", "sets=own", "inputs.days.value=80.5")[0] == 0
    outcome = simulate(
        "study=replicate", "sets=[own,longest_run_2022]", f"--config-dir={tmp_path / 'sets'}", "inputs.days.value=80.5"
    )
    assert outcome.code == 2  # the other has no such row


def test_all_sets_are_those_with_published_numbers(tmp_path: Path) -> None:
    own(tmp_path, "\n  a: {input: days, value: 73, unit: day}\n")
    write(tmp_path, "plain.yaml", HEADER + SET)
    every = {}
    for word in ("sets=all", "sets=null"):
        settings, _ = compose.settings(None, ["study=replicate", word], tmp_path)
        every[word] = {one.settings["name"] for one in settings["sets"]}
    assert every["sets=all"] == every["sets=null"]
    assert {"own", "cotra_2020", "epoch_2030"} <= every["sets=all"]
    assert not {"plain", "baseline_2026"} & every["sets=all"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sets=[]"], "override 2: sets is empty; write sets=[a,b]"),
        (["sets=oen"], "override 2: sets: no set is called 'oen' (did you mean 'own'?)"),
        (["sets=baseline_2026"], "override 2: baseline_2026 has no published numbers"),
        (["assumptions=baseline_2026"], "baseline_2026 has no published numbers"),
        (["assumptions=own", "sets=longest_run_2022"], "assumptions = 'own' is not among the sets"),
        (["assumptions=oen"], "did you mean 'own'?"),
        (["sets=own", "resume=true"], "a comparison cannot be resumed"),
        (["sets=own", "inputs.dayz.value=3"], "did you mean 'inputs.days.value'"),
        (["sets=own", "drws=3"], "did you mean 'draws'"),
    ],
)
@pytest.mark.parametrize("sweep", [[], ["-m"]])
def test_sets_that_cannot_be_compared(
    words: list[str], message: str, sweep: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own(tmp_path / "mine", "\n  a: {input: days, value: 73, unit: day}\n")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    outcome = simulate(*sweep, "study=replicate", *words, f"--config-dir={tmp_path / 'mine'}")
    assert_clean_refusal(outcome, tmp_path / "here")
    assert message in outcome.err


def test_a_sweep_of_comparisons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each job is a comparison of its own; what is missed counts as failed; mistakes are found before the first job."""
    own(tmp_path / "mine", "\n  a: {input: days, value: 73, unit: day, tolerance: 1}\n")
    monkeypatch.chdir(tmp_path)
    words = ["-m", "study=replicate", "sets=own", "draws=1000", f"--config-dir={tmp_path / 'mine'}"]
    outcome = simulate(*words, "inputs.days.value=73,80")
    assert outcome.code == 3
    assert "failed: study=replicate sets=own draws=1000 inputs.days.value=80" in outcome.err
    assert "1 of 2 jobs failed" in outcome.err
    assert "own: a: 80, published 73: off by 7, allowed 1" in outcome.out
    assert len(list((tmp_path / "outputs").iterdir())) == 2
    own(tmp_path / "mine", "\n  a: {input: dayz, value: 73, unit: day, tolerance: 1}\n")
    outcome = simulate(*words, "seed=1,2", "output=null")
    assert outcome.code == 2
    assert "no input is called 'dayz'" in outcome.err
    assert len(list((tmp_path / "outputs").iterdir())) == 2


# The shipped sets

COUNTS = "186 met, 29 differ as said, 201 for information, 0 missed"
INFORMATION_ONLY = {"davidson_best", "davidson_aggressive", "davidson_conservative"}
"""Sets that claim none of the numbers that stand beside theirs."""


@pytest.fixture(scope="module")
def shipped() -> list[dict[str, Any]]:
    """Every published number beside that of its set. Of fewer draws than 1e5, some medians that are printed to a tenth
    would be off by a Monte Carlo error.
    """
    settings, _ = compose.settings(None, ["study=replicate"])
    return studies_replicate.compared(published.checked(settings["sets"]), draws=100_000)


def test_every_shipped_set_gives_what_its_source_printed(shipped: list[dict[str, Any]]) -> None:
    missed = [f"{line['set']}.{line['what']}: {line['reason']}" for line in shipped if replication.failed(line)]
    assert missed == []
    assert replication.counts(shipped) == COUNTS


def test_every_shipped_set_has_a_number_that_is_met(shipped: list[dict[str, Any]]) -> None:
    met = {line["set"] for line in shipped if line["verdict"] == replication.YES}
    with_numbers = {line["set"] for line in shipped}
    assert with_numbers == set(Library().names("assumptions")) - {"baseline_2026"}
    assert with_numbers - met == INFORMATION_ONLY


@pytest.mark.parametrize("verdict", ["differs", "information"])
def test_what_is_not_claimed_says_why(shipped: list[dict[str, Any]], verdict: str) -> None:
    """A number for information has a note, one that differs a reason, in words."""
    for line in shipped:
        if line["verdict"] == verdict:
            said = line["reason"] if verdict == "differs" else line["note"]
            assert len(said.split()) >= 3, (line["set"], line["what"])
