"""The answer in words and tables: no false digits, no bare 0 %, nothing a hostile name could do."""

import contextlib
import csv
import io
import json
import math
import re
import sys

import make_dataset
import numpy as np
import pytest
from command_line import HEADER, LINE, write
from hypothesis import given
from hypothesis import strategies as st

from simulate import code_cache, progress, report, results, wording
from simulate.__main__ import main


def printed(dataset, **options):
    out = io.StringIO()
    report.show(dataset, file=out, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def dataset():
    return make_dataset.make()


# Numbers


@given(n=st.integers(2, 10**9), part=st.floats(0, 1))
def test_no_digit_below_the_error(n, part):
    share = round(part * n) / n
    value, uncertainty = wording.percent(share, n)
    if 0 < share < 1:
        error = 100 * math.sqrt(share * (1 - share) / n)
        last_place = 10.0 ** -len(value.partition(".")[2]) if error < 9.5 else 10.0
        assert last_place > 0.09 * error
        assert uncertainty
        assert 0 < float(value) < 100 or n < 40
        assert abs(float(value) - 100 * share) <= max(0.51 * last_place, error)
    else:
        assert value[0] in "<>"
        assert uncertainty == ""


def test_none_and_all_are_limits():
    assert wording.percent(0.0, 1e6) == ("<0.00030", "")
    assert wording.percent(1.0, 1e6) == (">99.99970", "")
    assert wording.percent(0.4531, 1e6) == ("45.31", "±0.05")
    assert wording.percent(1e-5, 1e6)[0] == "0.0010"
    assert "±" not in wording.percent(1e-5, 1e6)[1]


def test_a_share_that_no_draw_decides_has_no_error():
    assert wording.percent(0.5, 2000, error=0.0) == ("50", "±0")
    assert wording.percent(0.5, 2000, error=math.nan) == wording.percent(0.5, 2000) == ("50", "±1")


def test_less_than_the_weight_of_one_draw_is_a_limit():
    # The end of the exact interval of one hit, 5.572/n, whatever the share is.
    for share in (1e-12, 1e-9, 0.9 / 17_041):
        assert wording.percent(share, 17_041) == ("<0.033", "")
        assert wording.percent(share, 17_041, error=1e-7) == ("<0.033", "")
    assert wording.percent(1 - 1e-9, 17_041) == (">99.967", "")
    value, interval = wording.percent(1 / 17_041, 17_041)  # one whole draw is a count
    assert (value, interval[-6:]) == ("0.006", "\u20130.033")


def test_dates_say_beyond_and_already():
    assert wording.date(2031.44, 0.5, 0.2, 2060, error=0.01) == "2031.4"
    assert wording.date(2031.44, 0.5, 0.2, 2060, error=3.0) == "2031"
    assert wording.date(2031.44, 0.5, 0.2, 2060, error=0.0) == "2031.4"
    assert wording.date(2059.9, 0.5, 0.5, 2060, error=0.01) == ">2060"
    assert wording.date(math.inf, 0.9, 0.2, 2060) == ">2060"
    assert wording.date(-math.inf, 0.1, 0.0, 2060) == "already"


@pytest.mark.parametrize(
    ("log10", "digits", "expected"),
    [
        (27.0, 2, "10²⁷"),
        (27.3, 2, f"2.0{wording.TIMES}10²⁷"),
        (26.99999, 2, f"1.0{wording.TIMES}10²⁷"),
        (27.3, 0, "~10²⁷"),
        (-3.0, 2, "10⁻³"),
        (math.inf, 2, "unbounded"),
    ],
)
def test_powers_of_ten(log10, digits, expected):
    assert wording.power_of_ten(log10, digits) == expected


@pytest.mark.parametrize("text", make_dataset.HOSTILE)
def test_text_is_one_harmless_line(text):
    line = wording.clean(text)
    assert len(line) <= wording.LONGEST
    assert line.isprintable()
    line.encode("utf-8")


# The terminal


def test_every_threshold_and_what_becomes_of_it_is_told(dataset):
    text = printed(dataset, width=100)
    for name in make_dataset.THRESHOLDS:
        assert name in text
    assert "already" in text
    assert ">2060" in text
    assert "A projection conditional on these assumptions" in text
    assert not re.search(r"\b0 %|±0(?![.\d])|\b100(\.0+)?\b(?! %)|\bnan\b", text)


def test_the_error_of_never_is_that_of_the_probability_by_the_horizon(dataset):
    errors = dataset["probability_error"].copy()
    errors.loc[{"year": errors["year"][-1]}] = 0.123
    (line,) = (
        line
        for line in printed(dataset.assign(probability_error=errors), width=100).split("Date by which")[1].splitlines()
        if "flop_1e30" in line
    )
    there = printed(dataset.assign(probability_error=errors), width=100).split("Date by which")[1]
    assert "±10" in there.split(line)[1].splitlines()[1]


def test_without_a_terminal_there_is_no_colour(dataset):
    assert "\x1b" not in printed(dataset)
    assert "\x1b" in printed(dataset, colour=True)


@pytest.mark.parametrize("width", [60, 72, 80, 100, 132, 240])
def test_no_line_is_wider_than_the_page_and_no_number_is_cut(dataset, width):
    text = printed(dataset, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    wide = printed(dataset, width=400)
    numbers = set(re.findall(r"[<>±]?\d+\.\d+", wide))
    assert numbers == set(re.findall(r"[<>±]?\d+\.\d+", text))


@pytest.mark.parametrize("text", make_dataset.HOSTILE)
def test_hostile_text_is_shown_as_text(text):
    answer = printed(make_dataset.hostile(text), width=100)
    assert all(c.isprintable() or c == "\n" for c in answer)
    if text.startswith("[bold"):
        assert "[bold red]markup[/]" in answer


def test_a_page_without_unicode_gets_ascii(dataset):
    raw = io.BytesIO()
    page = io.TextIOWrapper(raw, encoding="ascii")
    report.show(dataset, file=page)
    text = raw.getvalue().decode("ascii")
    assert "10^28" in text
    assert "+-" in text
    assert "?" not in text


@pytest.mark.parametrize(
    "words",
    [
        "study=grid grid.trend_growth=[0.5,0.6]",
        "study=structures laws=[exponential,decaying]",
        "study=explain draw=3",
        "study=list",
        "study=show inputs=trend_growth",
    ],
)
def test_a_terminal_without_unicode_gets_every_answer(words, tmp_path, monkeypatch):
    text = LINE.replace("unit: OOM/yr", "unit: OOM/yr, note: 10²⁶ ± 1")
    write(tmp_path / "sets", "own.yaml", HEADER + text)
    monkeypatch.chdir(tmp_path)
    told = {}
    for encoding in ("ascii", "utf-8"):
        page = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        with contextlib.redirect_stdout(page), contextlib.redirect_stderr(io.StringIO()):
            assert main([*words.split(), "--config-dir=sets", "assumptions=own", "draws=500"]) == 0
        page.seek(0)
        told[encoding] = page.read()
    assert told["ascii"].strip()
    assert told["ascii"].count("?") == told["utf-8"].count("?")  # no sign that is only replaced


@pytest.mark.parametrize("kept", [True, False])
def test_a_terminal_is_told_why_the_first_run_waits(kept, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(code_cache, "is_kept", lambda module: kept and module == "simulate.kernel")
    with progress.shown("drawing", 10) as advance:
        advance(10)
    assert ("compiling the kernel" in capsys.readouterr().err) == (not kept)


def test_code_is_kept_once_a_function_was_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = code_cache.folder("simulate.kernel")
    (place / "something").touch()
    assert not code_cache.is_kept("simulate.kernel")
    (place / "some.nbi").touch()
    assert code_cache.is_kept("simulate.kernel")
    assert not code_cache.is_kept("simulate.elementwise")


def test_progress_is_silent_without_a_terminal(capsys):
    with progress.shown("drawing", 10) as advance:
        advance(5)
    assert capsys.readouterr() == ("", "")


def test_other_grids_and_no_thresholds():
    text = printed(make_dataset.make(draws=200, start=2026.5, horizon=2036.5, step=2.0, thresholds={}))
    assert "2026.5" in text
    assert "has been crossed" not in text
    assert "dates of crossing (the set states no threshold" in " ".join(text.split())


# Tables and the summary


def test_csv_reads_back_to_the_same_numbers(dataset):
    for rows in (results.probability(dataset), results.binding(dataset), results.quantities(dataset)):
        read = list(csv.DictReader(io.StringIO(results.csv_text(rows))))
        assert len(read) == len(rows)
        for before, after in zip(rows, read, strict=True):
            for key, value in before.items():
                assert after[key] == value if isinstance(value, str) else float(after[key]) == value


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "  =x", "\t=x", "\r@x"])
def test_csv_text_is_no_formula_and_numbers_stay_numbers(text):
    cells = results.csv_text([{"a": text, "b": -1.5, "c": None, "d": -3}]).splitlines()[1].split(",")
    assert cells[0].startswith(("'", "\\"))
    assert cells[1:] == ["-1.5", "", "-3"]


def test_summary_is_strict_json(dataset):
    brief = json.loads(json.dumps(results.summary(dataset), allow_nan=False))
    crossing = {name: row["crossing"]["0.5"] for name, row in brief["thresholds"].items()}
    assert crossing["us_order"] == {"year": None, "already": True}
    assert crossing["never"] == {"year": None, "beyond": True}
    assert 2030 < crossing["year_of_h100s"]["year"] < 2032
    assert brief["training_compute"]["2030"]["0.5"] < brief["effective_compute"]["2030"]["0.5"]
    assert sum(brief["binding"]["2040"].values()) == pytest.approx(1)


def test_the_same_result_gives_the_same_bytes(dataset):
    again = make_dataset.make()
    assert dict(results.files(dataset)) == dict(results.files(again))


def test_no_median_where_half_never_cross(dataset):
    for row in results.crossing(dataset):
        if row["never"] >= 1 - row["quantile"]:
            assert row["date"] is None
            assert row["state"] in ("beyond", "already")
        elif row["state"] == "crossed":
            assert np.isfinite(row["date"])
