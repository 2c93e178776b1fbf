"""Bad and hostile inputs, each with the answer of a good program: exit code 2, one line that helps, nothing written.

Numbers are those of the list of hostile inputs in the reliability requirements.
"""

# ruff: noqa: E501 (one case a line)
from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from command_line import HEADER, assert_clean_refusal, simulate, write

LONG = "a" * 300

WORDS: list[tuple[str, list[str], str]] = [
    ("1", ["sed=1"], r"override 1: unknown key 'sed' \(did you mean 'seed'\?\)"),
    ("2", ["+sed=1"], r"'\+sed=1': '\+' cannot add keys here"),
    ("3", ["++inputs.chip_grwth.low=2"], r"'\+' cannot add keys here"),
    ("3b", ["inputs.chip_grwth.low=2"], r"unknown key 'inputs.chip_grwth' \(did you mean 'inputs.chip_growth.low'\?\)"),
    ("4", ["inputs.chip_growth.lw=1"], r"'inputs.chip_growth.lw' \(did you mean 'inputs.chip_growth.low'\?\).*fields: dist"),
    ("5", ["~seed"], r"'~seed': keys cannot be deleted"),
    ("6", ["~inputs.chip_growth.low"], r"keys cannot be deleted"),
    ("7", ["=3"], r"override 1: '=3' has no key"),
    ("8", ["draws=5", "seed"], r"override 2: 'seed' has no value; write seed=VALUE"),
    ("8b", ["compare"], r"'compare' has no value; .*study=NAME.*--help"),
    ("8c", ["study=compare", "sets=[baseline_2026,epoch_2030]", "keep=draws"], r"override 3: 'keep' means nothing to study=compare"),
    ("9", ["seed==1"], r"two equal signs; write seed=1"),
    ("10", ["--seed=1"], r"unknown option '--seed=1'; write seed=1"),
    ("11", ["seed=1", "seed=2"], r"'seed' is given twice \(overrides 1 and 2\)"),
    ("13", ["inputs.chip_growth=3"], r"is a mapping \{dist, low.*not 3; write inputs.chip_growth.value=3"),
    ("13b", ["inputs=3"], r"'inputs' is a mapping of rows"),
    ("14", ["inputs.chip_growth=null"], r"chip_growth"),
    ("18", ["-c", "nosuch.yaml"], r"unknown option '-c'"),
    ("18b", ["assumptions=nosuch"], r"assumptions = 'nosuch': there is no such name; one of: .*baseline_2026"),
    ("18c", ["assumptions=basline_2026"], r"did you mean 'baseline_2026'\?"),
    ("18d", ["--config-dir", "/nonexistent/folder"], r"is not a folder"),
    ("18e", ["--config-dir"], r"needs a folder"),
    ("20", ["draws=???"], r"draws"),
    ("22", ["draws=1e6.5"], r"draws = '1e6.5': a whole number is needed; allowed: 1 to"),
    ("22b", ["draws=1.5"], r"draws = 1.5: a whole number is needed"),
    ("23", ["draws=0"], r"draws = 0: must be 1 or more; allowed: .*10000 or more"),
    ("24", ["draws=-5"], r"draws = -5: must be 1 or more"),
    ("25", ["draws=1e15"], r"draws = 1000000000000000.0: must be at most 1000000000000"),
    ("26", ["draws=9223372036854775808"], r"must be at most"),
    ("27", ["seed=-1"], r"seed = -1: must be 0 or more; allowed: 0 to 18446744073709551615"),
    ("28", ["seed=99999999999999999999999"], r"must be at most 18446744073709551615"),
    ("28b", ["seed=1e19"], r"too large to be exact.*write out all digits"),
    ("30", ["seed=true"], r"seed = True: a whole number is needed"),
    ("31", ["seed=0x10"], r"a decimal number is needed; write 16"),
    ("32", ["seed=010"], r"leading zero is ambiguous; write 10"),
    ("34", ["inputs.chip_growth.low=nan"], r"inputs.chip_growth.low = nan: is not finite"),
    ("35", ["inputs.chip_growth.low=inf"], r"inputs.chip_growth.low = inf: is not finite; a finite number is needed"),
    ("36", ["inputs.chip_growth.low=1e400"], r"= 1e400: is too large for a double"),
    ("37", ["inputs.chip_growth.low=1e-400"], r"= 1e-400: underflows to 0"),
    ("38", ["inputs.chip_growth.low=-.inf"], r"low"),
    ("39", ["inputs.chip_growth.low=1,5"], r"\(did you mean 1.5\?\); a sweep needs -m"),
    ("40", ["inputs.chip_growth.low='2 x/year'"], r"'2 x/year'"),
    ("40b", ["inputs.chip_growth.low='30%'"], r"'30%'"),
    ("41", ["inputs.chip_growth={dist: lognormal, low: 4, high: 1.5, unit: x/yr}"], r"low.*4.*high.*1\.5"),
    ("42", ["inputs.chip_growth={dist: lognormal, low: 2, high: 2, unit: x/yr}"], r"low"),
    ("43", ["inputs.chip_growth={dist: lognormal, low: 0, high: 2, unit: x/yr}"], r"low"),
    ("43b", ["inputs.chip_growth={dist: lognormal, low: -1, high: 2, unit: x/yr}"], r"low"),
    ("45", ["inputs.chip_growth={dist: uniform, low: 3, high: 3, unit: x/yr}"], r"low"),
    ("45b", ["inputs.chip_growth={dist: uniform, low: 4, high: 3, unit: x/yr}"], r"low"),
    ("46", ["inputs.chip_growth={dist: triangular, low: 2, mode: 5, high: 3, unit: x/yr}"], r"mode"),
    ("47", ["inputs.chip_growth={dist: normal, mean: 2, sd: -1, unit: x/yr}"], r"sd"),
    ("48", ["inputs.chip_growth={dist: normal, mean: 2, sd: 0.1, min: 6, unit: x/yr}"], r"min|keep|mass"),
    ("49", ["inputs.chip_growth={dist: mixture, parts: [{weight: 0.9, value: 2}], unit: x/yr}"], r"0\.9"),
    ("50", ["inputs.chip_growth.dist=gaussian"], r"gaussian.*did you mean 'normal'"),
    ("51", ["inputs.chip_growth.dist=Lognormal"], r"did you mean 'lognormal'"),
    ("52", ["inputs.chip_growth.dist=2"], r"dist = 2"),
    ("53", ["overwrite=2"], r"overwrite = 2: true or false is needed"),
    ("53b", ["resume=maybe"], r"resume = 'maybe': true or false is needed"),
    ("55", ["inputs.chip_growth={value: 30, unit: x/yr}"], r"30"),
    ("56", ["start=2024", "horizon=2020"], r"horizon"),
    ("56b", ["start=2070"], r"override 1: start \(2070\) is not before horizon \(2060\)"),
    ("56c", ["inputs.chip_growth={value: -1}"], r"override 1: inputs.chip_growth: x/yr must be above 0, but its value is -1; give"),
    ("56d", ["inputs.chip_growth={formula: where(b > 2, 10, 20), unit: x/yr}"], r"cannot be read; quote the formula: "),
    ("57", ["start=24"], r"start"),
    ("57b", ["horizon=20400"], r"horizon"),
    ("58", ["step=0"], r"step"),
    ("58b", ["step=-1"], r"step"),
    ("59", ["thresholds=[]"], r"thresholds is empty; one or more of: .*standard"),
    ("62", ["thresholds.us_reporting.value=nan"], r"thresholds.us_reporting.value = nan: is not finite"),
    ("63", ["thresholds.us_reporting={value: 1e30, unit: log10 FLOP}"], r"us_reporting"),
    ("66", ["thresholds=foo"], r"thresholds = 'foo': there is no such name"),
    ("66b", ["thresholds=[1,2]"], r"thresholds = 1: there is no such name"),
    ("66c", ["thresholds=[{nam: a}]"], r"there is no such name"),
    ("66d", ["thresholds.us_reporting.valu=3"], r"did you mean 'thresholds.us_reporting.value'"),
    ("68", ["correlations=[[chip_growth,power_growth,1.2]]"], r"1\.2"),
    ("69", ["correlations=[[chip_growth,power_growth,0.9],[power_growth,spend_growth,0.9],[chip_growth,spend_growth,-0.9]]"], r"correlation"),
    ("70", ["correlations=[[chip_grwth,power_growth,0.5]]"], r"chip_grwth.*chip_growth"),
    ("70b", ["correlations=[[chip_grwth,power_growth,0.5]]", "inputs.chip_growth.low=99"], r"'chip_grwth' \(did you mean 'chip_growth'"),
    ("71", ["inputs.chip_growth={formula: power_growth, unit: x/yr}", "inputs.power_growth={formula: chip_growth, unit: x/yr}"], r"chip_growth.*power_growth|power_growth.*chip_growth"),
    ("72", ["title=${title}"], r"interpolation 'title' is not allowed"),
    ("73", ["title=${nope}"], r"interpolation 'nope' is not allowed"),
    ("80", ["inputs.chip_growth={dist: normal, low: 1, high: 2, mean: 1.5, sd: 1, unit: x/yr}"], r"mean|sd"),
    ("81", ["output=../../etc/x"], r"output = '../../etc/x': cannot be the name of a folder.*title="),
    *(
        (f"82-{name!r}", [f"output={name}"], r"output = .*cannot be")
        for name in ("/abs", "~root", ".", "..", "", "-rf", "CON", "a/", "nul.txt", "a.", "a b", "é")
    ),
    ("83", ["output='a\nb'"], r"output = 'a\\nb': cannot be the name"),
    ("83b", ["output=a\0b"], r"output = 'a\\x00b' cannot be"),
    ("83c", ["output=\x1b[31m"], r"output = '\\x1b\[31m' cannot be"),
    ("83d", [f"output={LONG}"], r"cannot be the name of a folder.*at most 80"),
    ("83e", ["hydra.run.dir=a\nb"], r"is no folder"),
    ("95", ["threads=0"], r"threads = 0: must be 1 or more; allowed: 1 to 256"),
    ("95b", ["threads=-1"], r"must be 1 or more"),
    ("95c", ["threads=1e6"], r"must be at most 256"),
    ("96", ["block_size=0"], r"unknown key 'block_size'"),
    ("97", ["+x._target_=os.system"], r"`_target_` is not allowed"),
    ("98", ["inputs.chip_growth={_target_: numpy.load, file: evil.pkl}"], r"`_target_` is not allowed"),
    ("100", ["hydra.job_logging.handlers.e.filename=/any/file"], r"the settings of Hydra are closed; allowed: hydra.run.dir"),
    ("101", ["hydra.job.env_set.LD_PRELOAD=/x.so"], r"the settings of Hydra are closed"),
    ("101b", ["hydra/launcher=evil"], r"there is no launcher 'evil'"),
    ("101c", ["hydra.searchpath=[file:///tmp]"], r"the settings of Hydra are closed"),
    ("101d", ["hydra/job_logging=default"], r"the settings of Hydra are closed"),
    ("101e", ["hydra.launcher=[a]"], r"the settings of Hydra are closed"),
    ("101f", ["hydra={mode: MULTIRUN}"], r"the settings of Hydra are closed"),
    ("102", ["--experimental-rerun", "evil.pickle"], r"unknown option '--experimental-rerun'"),
    ("102b", ["--config-path", "/tmp"], r"unknown option '--config-path'"),
    ("102c", ["--config-name=x"], r"unknown option"),
    ("103", ["title=${oc.env:HOME}"], r"interpolation 'oc.env' is not allowed"),
    ("103b", ["seed=${oc.env:HOME}"], r"interpolation 'oc.env' is not allowed"),
    ("106", ["correlations=" + "[" * 3000 + "]" * 3000], r"nested deeper than 16"),
    ("106b", ["correlations=" + "[" * 100_000], r"100013 characters; at most 20000"),
    ("110", ["title=" + "a" * 201], r"title has 201 characters; at most 200"),
    ("110b", ["title=" + "a" * 1_000_000], r"1000006 characters"),
    ("111", ["-m", "seed=range(1000)", "draws=range(1,1001)", "threads=range(1,1001)"], r"1000000000 configurations; at most 100000"),
    ("111b", ["-m", "seed=range(0,1e300,1e-300)"], r"configurations|finite"),
    ("111c", ["-m", "seed=range(1,9,0)"], r"step other than 0"),
    ("112", ["-m", "seed=1,2,oops,4"], r"override 1, value 3: seed = 'oops'"),
    ("112b", ["-m", "seed=1,-2,3,-4,-5"], r"(?s)value 2: seed = -2.*value 4: seed = -4.*value 5: seed = -5"),
    ("112c", ["-m", "assumptions=glob(x*)"], r"no name fits this pattern; there are: .*baseline_2026"),
    ("112d", ["-m", "seed=shuffle(1,2)"], r"interval and shuffle cannot be swept"),
    ("112e", ["-m", "seed=1,2", "output=one"], r"all jobs would write to output='one'"),
    ("112f", ["-m", "seed=interval(1,2)"], r"interval and shuffle cannot be swept"),
    ("study", ["study=forcast"], r"study = 'forcast': there is no such name \(did you mean 'forecast'"),
    ("study2", ["study=[forecast]"], r"study = \['forecast'\]: there is no such name"),
    ("46b", ["inputs.chip_growth={dist: triangular, low: 2, mode: 5, high: 1e200, unit: x/yr}"], r"2 to 1e\+200 is too wide or too narrow to compute with"),
    ("show", ["study=show"], r"^error: study=show: needs the name of a row; write study=show inputs=chip_growth"),
    ("show2", ["study=show", "inputs=[chip_growt]"], r"override 2: no row is called 'chip_growt' \(did you mean 'chip_growth'"),
    ("draw", ["study=explain", "draw=-1"], r"must be 0 or more"),
    ("draw2", ["study=explain", "draw=3", "year=2030"], r"are both given"),
    ("draw3", ["draw=3"], r"means nothing to study=forecast \(did you mean .draws.\?\)"),
    ("threshold", ["study=explain", "threshold=flop_1e92"], r"did you mean 'flop_1e29'"),
    ("threshold2", ["study=sensitivity", "threshold=flop_1e92"], r"did you mean 'flop_1e29'"),
    ("threshold3", ["study=sensitivity", "treshold=flop_1e29"], r"did you mean 'threshold"),
    ("year", ["study=sensitivity", "year=soon"], r"a year is needed"),
    ("groups", ["study=sensitivity", "groups=[a]"], r"groups=\{supply"),
    ("groups2", ["study=forecast", "groups={a: [b]}"], r"means nothing to study=forecast"),
    ("draws", ["study=sensitivity", "draws=1e9"], r"allowed: 100 to"),
    ("name", ["name=x"], r"the name of a set is the name of its file"),
    ("driver", ["drivers.chps.law=decaying"], r"'drivers.chps' \(did you mean 'drivers.chips.law'"),
    ("option", ["drivers.chips.lw=decaying"], r"did you mean 'drivers.chips.law'"),
    ("driver2", ["drivers.chips=3"], r"'drivers.chips' is a mapping"),
    ("key", ["日本=3"], r"is not a key"),
    ("quote", ["correlations='[[a"], r"cannot be read; quote it: .*closing quote"),
]  # fmt: skip

FILES: list[tuple[str, str | bytes, str]] = [
    ("12", HEADER + "start: 2026\nstart: 2027\n", r"mine.yaml:3: duplicate key 'start' \(first at line 2\)"),
    ("12b", HEADER + "inputs:\n  a: {low: 1, low: 2}\n", r"mine.yaml:3: duplicate key 'low'"),
    ("15", "", r"mine.yaml: the file is empty"),
    ("15b", HEADER, r"mine.yaml: the file is empty"),
    ("16", "hello\n", r"a mapping is needed at top level"),
    ("17", "- 1\n- 2\n", r"a mapping is needed at top level"),
    ("20", HEADER + "start: ???\n", r"mine.yaml:2: 'start' needs a value"),
    ("32", HEADER + "start: 010\n", r"mine.yaml:2: '010' in 'start' is ambiguous \(octal"),
    ("33", HEADER + "start: 1:30\n", r"'1:30' in 'start' is ambiguous"),
    ("36", HEADER + "horizon: 1e400\n", r"'1e400' in 'horizon' is too large for a double"),
    ("54", HEADER + "title: NO\n", r"mine.yaml:2: 'NO' in 'title' would be read as a boolean; quote it"),
    ("54b", HEADER + "inputs: {on: {value: 1, unit: W}}\n", r"key 'on' is read as bool, not as a name; quote it"),
    ("54c", HEADER + "inputs: {2024: {value: 1, unit: W}}\n", r"key '2024' is read as int"),
    ("54d", HEADER + "inputs: {null: {value: 1, unit: W}}\n", r"key 'null' is read as null"),
    ("60", HEADER + "thresholds:\n  tai: {value: 1, unit: FLOP}\n  tai: {value: 2, unit: FLOP}\n", r"mine.yaml:4: duplicate key 'tai' \(first at line 3\)"),
    ("66", HEADER + "thresholds: [{nam: a}]\n", r"'thresholds' must be a mapping"),
    ("67", HEADER + "thresholds:\n" + "".join(f"  t{i}: {{}}\n" for i in range(1001)), r"more than 1000 rows in 'thresholds'"),
    ("78", "start: 2026\n".encode("utf-16"), r"byte 0xff is not UTF-8"),
    ("78b", HEADER.encode() + b"title: caf\xe9\n", r"mine.yaml:2: byte 0xe9 is not UTF-8"),
    ("78c", HEADER + "title: a\0b\n", r"mine.yaml:2: control character '\\x00'"),
    ("78d", HEADER + "title: a\x1b[31mb\n", r"control character '\\x1b'"),
    ("98", HEADER + "inputs: {a: {_target_: numpy.load, file: evil.pkl}}\n", r"mine.yaml:2: `_target_` is not allowed here"),
    ("99", HEADER + "hydra: {callbacks: {e: {_target_: joblib.load, filename: evil.pkl}}}\n", r"`hydra` settings are not allowed"),
    ("99b", "# @package hydra\ncallbacks: {e: {filename: evil.pkl}}\n", r"mine.yaml:1: the first line must be '# @package _global_'"),
    ("99c", HEADER + "#@package hydra\nstart: 2026\n", r"mine.yaml:2: header '#@package hydra' is not allowed"),
    ("99d", HEADER + "defaults: [/evil/x@hydra.callbacks]\n", r"mine.yaml:2: defaults .* is not allowed; write plain names"),
    ("99e", HEADER + "defaults: [{override /hydra/job_logging: evil}]\n", r"defaults .* is not allowed"),
    ("99f", HEADER + "defaults: [_self_]\n", r"defaults .* is not allowed"),
    ("99g", "start: 2026\n", r"the first line must be '# @package _global_'; without it the set has no effect"),
    ("103", HEADER + "title: ${oc.env:HOME}\n", r"mine.yaml:2: interpolation 'oc.env' is not allowed in 'title'"),
    ("104", HEADER + "title: !!python/object/apply:os.system [id]\n", r"mine.yaml:2: tag .*os.system' is not allowed"),
    ("104b", HEADER + "title: !x y\n", r"tag '!x' is not allowed"),
    ("105", HEADER + "a: &a [1]\nb: [*a, *a]\n", r"mine.yaml:2: anchors and aliases"),
    ("105b", HEADER + "inputs: {<<: {a: 1}}\n", r"merge keys"),
    ("106", HEADER + "correlations: " + "[" * 100_000, r"nested deeper than 32|exceeded maximum nesting depth"),
    ("107", HEADER + "#" * (1 << 20), r"mine.yaml: is larger than 1 MiB"),
    ("110", HEADER + f"title: {'a' * 201}\n", r"'title' has 201 characters; at most 200"),
    ("yaml", HEADER + "inputs: {a: [1, 2}\n", r"mine.yaml:2: not readable as YAML"),
    ("two", HEADER + "start: 2026\n---\nstart: 2027\n", r"a second document"),
    ("directive", "%YAML 1.1\n---\nstart: 2026\n", r"directives"),
    ("top", HEADER + "inpts: {}\n", r"mine.yaml:2: unknown key 'inpts' \(did you mean 'inputs'"),
    ("seed", HEADER + "seed: 3\n", r"'seed' belongs to the run, not to a set"),
    ("field", HEADER + "inputs: {a: {lwo: 1}}\n", r"mine.yaml:2: unknown field 'lwo' \(did you mean 'low'"),
    ("row", HEADER + "inputs: {chip_growth: 3}\n", r"'inputs.chip_growth' must be a mapping"),
    ("rowname", HEADER + "inputs: {Chip: {value: 1, unit: W}}\n", r"'Chip' cannot be a name; use a-z"),
    ("formula", HEADER + "inputs: {a: {formula: where(b > 2, 10, 20), unit: x/yr}}\n", r"^error: [^\n]*mine.yaml:2: the formula ends at a comma: 'where\(b > 2'; quote it: formula: '...'\n$"),
    ("misspelt", HEADER + "defaults: [baseline_2026]\ninputs: {chip_growht: {low: 2}}\n", r"^error: [^\n]*mine.yaml:3: inputs.chip_growht states no dist, value or formula \(did you mean 'chip_growth'\?\); name a row[^\n]*\n$"),
    ("misspelt2", HEADER + "defaults: [baseline_2026]\ninputs: {chip_growht: {value: 2}}\n", r"inputs.chip_growht has no unit \(did you mean 'chip_growth'\?\)"),
    ("misspelt3", HEADER + "defaults: [baseline_2026]\ninputs: {chip_volatilty: {low: 2}}\n", r"inputs.chip_volatilty .* \(did you mean 'chip_volatility'\?\)"),
    ("misspelt4", HEADER + "defaults: [baseline_2026]\nthresholds: {flop_1e92: {at: 2}}\n", r"thresholds.flop_1e92 .* \(did you mean 'flop_1e29'\?\)"),
    ("no dist", HEADER + "defaults: [baseline_2026]\ninputs: {zz: {low: 2}}\n", r"mine.yaml:3: inputs.zz states no dist, value or formula; choose a dist from normal"),
    ("null", HEADER + "inputs: {chip_growth: null}\n", r"is null, but nothing is inherited"),
    ("name", HEADER + "name: other\n", r"name 'other' is not the name of the file; write 'name: mine'"),
    ("parent", HEADER + "defaults: [basline_2026]\n", r"no set is called 'basline_2026' \(did you mean 'baseline_2026'"),
    ("self", HEADER + "defaults: [mine]\n", r"in a circle: mine -> mine"),
]  # fmt: skip


@pytest.fixture
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(("words", "message"), [pytest.param(w, m, id=n) for n, w, m in WORDS])
def test_words(words: list[str], message: str, cwd: Path) -> None:
    outcome = simulate(*words)
    assert_clean_refusal(outcome, cwd)
    assert matches(message, outcome.err), outcome.err


@pytest.mark.parametrize(("text", "message"), [pytest.param(t, m, id=n) for n, t, m in FILES])
def test_files(text: str | bytes, message: str, cwd: Path, tmp_path: Path) -> None:
    write(tmp_path / "own", "mine.yaml", text)
    outcome = simulate("--config-dir", str(tmp_path / "own"), "assumptions=mine")
    assert_clean_refusal(outcome, cwd)
    assert matches(message, outcome.err), outcome.err


ACCEPTED = [
    ("21", ["draws=1e6"]),
    ("21b", ["draws=1_000_000"]),
    ("28", ["seed=18446744073709551615"]),
    ("29", ["seed=1.0"]),
    ("84", ["title=日本語"]),
    ("84b", ["title=🚀 ‮rtl, {x}: [y] = 'z'"]),
    ("108", ["title=<script>alert(1)</script>"]),
    ("109", [r"title=$\frac{1}$"]),
    ("109b", ["title=$a_{b$"]),
    ("109c", ["title=$$"]),
    ("pin", ["inputs.chip_growth.value=1.5"]),
    ("text", ["inputs.chip_growth.value='1.5'"]),
    ("two", ["thresholds=[standard,anchors]"]),
]


@pytest.mark.parametrize("words", [pytest.param(w, id=n) for n, w in ACCEPTED])
def test_sane_words_are_accepted(words: list[str], cwd: Path) -> None:
    code, out, err = simulate("study=validate", *words)
    assert (code, out.splitlines()[0], err) == (0, "valid: baseline_2026", "")
    assert list(cwd.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.yaml", "\ufeff# @package _global_\ndefaults: [baseline_2026]\n"),
        ("mine.yaml", "# @package _global_\r\ndefaults: [baseline_2026]\r\n"),
        ("mine.yml", HEADER + "defaults: [baseline_2026]\n"),
        ("mine.yaml", HEADER + "defaults: baseline_2026\ntitle: 日本語 🚀\n"),
        ("mine.yaml", HEADER + "name: mine\ndefaults: [baseline_2026]\ninputs: {chip_growth: {low: '1.9'}}\n"),
    ],
    ids=["BOM", "CRLF", "yml", "non-ASCII", "number in quotes"],
)
def test_sane_files_are_accepted(name: str, text: str, cwd: Path, tmp_path: Path) -> None:
    write(tmp_path / "own", name, text)
    code, out, err = simulate("study=validate", f"--config-dir={tmp_path / 'own'}", "assumptions=mine")
    assert (code, out.splitlines()[0], err) == (0, "valid: mine", "")


def test_19_things_that_are_no_files(cwd: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "assumptions" / "folder.yaml").mkdir(parents=True)
    os.mkfifo(own / "assumptions" / "pipe.yaml")
    (own / "assumptions" / "zero.yaml").symlink_to("/dev/zero")
    (own / "assumptions" / "dangling.yaml").symlink_to("nowhere.yaml")
    (own / "assumption").mkdir()
    (own / "config.yaml").write_text("a: 1\n")
    outcome = simulate("--config-dir", str(own))
    assert_clean_refusal(outcome, cwd)
    for message in (
        r"folder.yaml: cannot be read: Is a directory",
        r"pipe.yaml: is not a regular file",
        r"zero.yaml: is a link that leads out of the folder",
        r"dangling.yaml: cannot be read: No such file",
        r"unknown folder.*did you mean 'assumptions'",
        r"config.yaml: a file cannot stand here",
    ):
        assert matches(message, outcome.err), outcome.err


def test_all_mistakes_at_once(cwd: Path, tmp_path: Path) -> None:
    write(
        tmp_path / "own",
        "mine.yaml",
        HEADER + "defaults: [baseline_2026]\nstrt: 2026\ninputs: {chip_growth: {lwo: 1}}\n",
    )
    words = [
        "sed=1",
        "draws=1.5",
        "=3",
        "inputs.power_growth.hgh=2",
        "output=../x",
        "correlations=[[chip_growth,power_growth,7]]",
    ]
    outcome = simulate("--config-dir", str(tmp_path / "own"), "assumptions=mine", *words)
    assert_clean_refusal(outcome, cwd)
    lines = outcome.err.splitlines()
    for message in (
        "'strt'",
        "'lwo'",
        "'sed'",
        "draws = 1.5",
        "'=3'",
        "'inputs.power_growth.hgh'",
        "output = '../x'",
        "7",
    ):
        assert sum(message in line for line in lines) >= 1, (message, outcome.err)


def matches(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None
