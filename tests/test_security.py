"""Nothing from a file, a name or a sweep runs code, leaks a secret, leaves its folder or holds the program up."""

from __future__ import annotations

import ast
import os
import socket
import sys
import time
import tomllib
from pathlib import Path

import pytest
from command_line import HEADER, assert_clean_refusal, simulate, write
from packaging.requirements import Requirement

import simulate as package

ROOT = Path(__file__).parents[1]

TARGETS = [
    "os.system",
    "posix.system",
    "subprocess.run",
    "subprocess.Popen",
    "builtins.eval",
    "builtins.exec",
    "builtins.open",
    "shutil.rmtree",
    "os.remove",
    "numpy.load",
    "pandas.read_pickle",
    "joblib.load",
    "pickle.load",
    "setuptools._distutils.spawn.spawn",
    "distutils.spawn.spawn",
    "numpy.distutils.exec_command",
    "pathlib.Path.unlink",
    "pathlib.Path.write_text",
    "numpy.memmap",
    "urllib.request.urlretrieve",
    "hydra.utils.get_method",
    "yaml.unsafe_load",
    "canary_module.fire",
]
"""Targets that Hydra's instantiate runs, or would run if its list of forbidden names were a little shorter."""

IN_FILES = [
    "inputs: {{a: {{_target_: {t}, x: {c}}}}}\n",
    "_target_: {t}\n",
    "hydra: {{callbacks: {{e: {{_target_: {t}, filename: {c}}}}}}}\n",
    "hydra: {{job_logging: {{handlers: {{x: {{'()': {t}, filename: {c}}}}}}}}}\n",
    "drivers: {{power: {{law: {{_target_: {t}}}}}}}\n",
    "inputs: {{a: {{parts: [{{weight: 1, _target_: {t}}}]}}}}\n",
    "evidence: [{{_target_: {t}}}]\n",
    "title: !!python/object/apply:{t} ['{c}']\n",
    "'_tar' : 1\n'_target_': {t}\n",
]
ON_THE_COMMAND_LINE = [
    "+x._target_={t}",
    "inputs.chip_growth={{_target_: {t}, file: {c}}}",
    "hydra.callbacks.x._target_={t}",
    "hydra.job_logging.handlers.x.filename={c}",
    "hydra.launcher._target_={t}",
    "hydra.sweeper._target_={t}",
    "drivers.power={{_target_: {t}}}",
    "correlations=[{{_target_: {t}}}]",
    "inputs.chip_growth.parts=[{{weight: 1, _target_: {t}}}]",
    "++hydra.callbacks={{e: {{_target_: {t}}}}}",
]


@pytest.fixture(autouse=True)
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; beside it a module that betrays whoever imports it."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "canary_module.py").write_text(f"open({str(tmp_path / 'FIRED')!r}, 'w')\n")
    monkeypatch.syspath_prepend(str(trap))
    return folder


def test_x1_no_code_from_files(cwd: Path, tmp_path: Path) -> None:
    canary = tmp_path / "FIRED"
    texts = [form.format(t=target, c=canary) for target in TARGETS for form in IN_FILES]
    for number, text in enumerate(texts):
        write(tmp_path / "own", f"evil{number}.yaml", HEADER + text)
    outcome = simulate("--config-dir", str(tmp_path / "own"), "assumptions=evil0")
    assert_clean_refusal(outcome, cwd)
    assert not canary.exists()
    for number in range(len(IN_FILES)):
        outcome = simulate("--config-dir", str(_only(tmp_path, texts[number])), "assumptions=evil")
        assert_clean_refusal(outcome, cwd)
        assert any(word in outcome.err for word in ("`_target_` is not allowed", "`hydra` settings", "tag ")), (
            outcome.err
        )
    assert not canary.exists()


def _only(tmp_path: Path, text: str) -> Path:
    write(tmp_path / "only", "evil.yaml", HEADER + text)
    return tmp_path / "only"


def test_x1_no_code_from_the_command_line_or_a_sweep(cwd: Path, tmp_path: Path) -> None:
    canary = tmp_path / "FIRED"
    texts = [form.format(t=target, c=canary) for target in TARGETS for form in ON_THE_COMMAND_LINE]
    for words in (texts, ["-m", *texts], ["-m", "seed=1,{_target_: canary_module.fire}"]):
        outcome = simulate(*words)
        assert_clean_refusal(outcome, cwd)
    outcome = simulate(*(form.format(t="canary_module.fire", c=canary) for form in ON_THE_COMMAND_LINE))
    lines = outcome.err.splitlines()
    assert len(lines) == len(ON_THE_COMMAND_LINE)
    assert all("`_target_` is not allowed" in line or "settings of Hydra are closed" in line for line in lines)
    assert not canary.exists()


def test_x1_no_code_from_a_named_sweep(cwd: Path, tmp_path: Path) -> None:
    for text in (
        "hydra.callbacks.x._target_: canary_module.fire\n",
        "seed: {_target_: canary_module.fire}\n",
        "'+x': 1\n",
    ):
        write(tmp_path / "own", "evil.yaml", text, group="sweep")
        assert_clean_refusal(simulate("-m", "--config-dir", str(tmp_path / "own"), "sweep=evil"), cwd)
    assert not (tmp_path / "FIRED").exists()


def test_x2_nothing_reaches_hydra_from_a_folder(cwd: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    write(own, "evil.yaml", "handlers: {}\n", group="hydra/job_logging")
    write(own, "evil.yaml", "_target_: canary_module.fire\n", group="hydra/callbacks")
    outcome = simulate("--config-dir", str(own))
    assert_clean_refusal(outcome, cwd)
    assert "unknown folder" in outcome.err


FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "instantiate",
    "__import__",
    "Styler",
    "unsafe_load",
    "full_load",
    "read_pickle",
    "system",
    "popen",
    "enable_caching",
}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jinja2"}


#: What travels between the processes of a cluster, whose protocol is pickle anyway (see SECURITY.md): never a file.
MESSAGES = ("engines/cluster.py", "engines/remote.py")


def test_x3_no_forbidden_calls() -> None:
    root = Path(package.__file__).parent
    found = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found += [
                f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}: {what}"
                for what in _forbidden(node)
                if (str(path.relative_to(root)), what) not in {(file, "import of pickle") for file in MESSAGES}
            ]
    assert found == []


#: What no call may switch on, and why.
FORBIDDEN_SWITCHES = {
    "allow_pickle": "a data file would run code",
    "shell": "a name would be read as a command",
    "cache": "numba would unpickle code from beside the sources, and look at one of them alone: `code_cache` does not",
}


def _forbidden(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
        return [
            f"import of {name}" for name in names if name.split(".")[0] in FORBIDDEN_MODULES or name == "instantiate"
        ]
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    owner = getattr(getattr(node.func, "value", None), "id", "")
    found = [f"call of {name}"] if name in FORBIDDEN_CALLS else []
    if (owner, name) in (("yaml", "load"), ("yaml", "load_all")):
        found.append("yaml.load instead of a safe loader")
    for keyword in node.keywords:
        true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        if true and keyword.arg in FORBIDDEN_SWITCHES:
            found.append(f"{keyword.arg}=True")
    return found


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "import pickle",
        "from hydra.utils import instantiate",
        "yaml.load(x)",
        "function.enable_caching()",
        "os.system('x')",
        *(f"function(x, {switch}=True)" for switch in FORBIDDEN_SWITCHES),
    ],
)
def test_x3_bites(code: str) -> None:
    """Each of these is forbidden in the program, and found by the rule that looks for it."""
    assert any(_forbidden(node) for node in ast.walk(ast.parse(code)))


def test_x4_no_secrets_out(cwd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A_TOKEN", "B_KEY", "C_PASSWORD", "AWS_SECRET", "HOME_OF_CANARY"):
        monkeypatch.setenv(name, "hunter2-canary")
    resolvers = [
        "${oc.env:A_TOKEN}",
        "${oc.decode:${oc.env:B_KEY}}",
        "${oc.create:{a: '${oc.env:C_PASSWORD}'}}",
        "${env:AWS_SECRET}",
        "${hydra:runtime.cwd}",
        "${now:%Y}",
        "\\${oc.env:A_TOKEN}",
        "${title}",
    ]
    keys = [
        "title",
        "seed",
        "output",
        "inputs.chip_growth.low",
        "inputs.chip_growth.source",
        "assumptions",
        "hydra.run.dir",
    ]
    for words in (
        [f"{key}={value}" for key, value in zip(keys, resolvers, strict=False)],
        [f"seed={v}" for v in resolvers[:1]],
    ):
        outcome = simulate(*words)
        assert_clean_refusal(outcome, cwd)
        assert outcome.err.count("is not allowed") == len(words)
        assert "canary" not in outcome.err + outcome.out
    for number, value in enumerate(resolvers):
        text = HEADER + f"title: '{value}'\ninputs: {{a: {{low: \"{value}\"}}}}\n".replace("\\$", "$")
        write(tmp_path / "own", f"leak{number}.yaml", text)
    write(tmp_path / "own", "secret.yaml", HEADER + "${oc.env:A_TOKEN}: 1\n")
    outcome = simulate("--config-dir", str(tmp_path / "own"))
    assert_clean_refusal(outcome, cwd)
    assert "canary" not in outcome.err + outcome.out


def test_x4_resolvers_are_gone() -> None:
    from omegaconf import OmegaConf

    simulate("study=validate", "draws=0")
    assert not OmegaConf.has_resolver("oc.env")
    assert not OmegaConf.has_resolver("oc.decode")


NAMES = [
    "../x",
    "..",
    ".",
    "/etc/x",
    "~",
    "~root",
    "a/b",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\rb",
    "\x1b[2J",
    "CON",
    "aux.txt",
    "LPT1",
    "a.",
    "-rf",
    "--overwrite",
    "x" * 81,
    "x" * 300,
    "",
    " ",
    "a b",
    "é",
    "\uff41",
    "a\u200bb",
    "a\u202eb",
    "$HOME",
    "`id`",
    "$(id)",
    ";id",
    "a|b",
    "a*",
    "..%2fx",
    "file:///etc",
    "C:",
    ".hidden",
    "{a: b}",
    "[a]",
    "true",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_x5_names_stay_names(name: str, cwd: Path) -> None:
    for word in (f"output={name}", "output='" + name.replace("'", "") + "'"):
        if word == "output='true'":
            continue  # in quotes it is a text, and an innocent one
        assert_clean_refusal(simulate(word), cwd)


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines)


ATTACKS: dict[str, str | bytes] = {
    "alias bomb": HEADER + bomb(),
    "deep flow": HEADER + "a: " + "[" * 100_000,
    "deep mapping": HEADER + "a: " + "{a: " * 50_000,
    "deep block": HEADER + "\n".join(" " * i + "a:" for i in range(1000)),
    "many keys": HEADER + "inputs:\n" + "".join(f"  a{i}: {{low: 1, high: 2}}\n" for i in range(35_000)),
    "many thresholds": HEADER + "thresholds:\n" + "".join(f"  t{i}: {{}}\n" for i in range(70_000)),
    "long line": HEADER + "title: " + "a" * 1_000_000,
    "long number": HEADER + "start: " + "9" * 1_000_000,
    "long key": HEADER + "a" * 1_000_000 + ": 1",
    "merge": HEADER + "a: {<<: {b: 1}}",
    "merge list": HEADER + "a: {<<: [{b: 1}, {c: 2}]}",
    "duplicates": HEADER + "start: 1\n" * 40_000,
    "complex key": HEADER + "? [a, b]\n: 1",
    "tag": HEADER + "a: !!binary aGVsbG8=",
    "python tag": HEADER + "a: !!python/object/new:os.system [id]",
    "NUL": HEADER + "a: \0",
    "UTF-16": HEADER.encode("utf-16"),
    "UTF-32": HEADER.encode("utf-32"),
    "100 MiB": b"#" * (100 << 20),
    "comments": HEADER + "# x\n" * 200_000,
    "quotes": HEADER + "a: '" + "''" * 400_000,
    "question marks": HEADER + "? " * 100_000,
    "dashes": HEADER + "- " * 100_000,
    "colons": HEADER + ":" * 500_000,
    "tabs": HEADER + "\t" * 500_000 + "a: 1",
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=list(ATTACKS))
def test_x6_yaml_attacks_are_answered_at_once(text: str | bytes, cwd: Path, tmp_path: Path) -> None:
    write(tmp_path / "own", "evil.yaml", text)
    simulate("--version")
    before = time.process_time()
    outcome = simulate("--config-dir", str(tmp_path / "own"), "assumptions=evil")
    assert time.process_time() - before < 2.0  # 1 s is the promise; half of it is the composition of the rest
    assert_clean_refusal(outcome, cwd)
    assert len(outcome.err) < 20_000


def test_x6_a_pipe_that_nobody_writes_to(cwd: Path, tmp_path: Path) -> None:
    (tmp_path / "own" / "thresholds").mkdir(parents=True)
    os.mkfifo(tmp_path / "own" / "thresholds" / "pipe.yaml")
    assert_clean_refusal(simulate("--config-dir", str(tmp_path / "own")), cwd)


def test_x7_no_control_characters_reach_the_terminal(cwd: Path, tmp_path: Path) -> None:
    write(tmp_path / "own", "a\x1b[2Jb.yaml", HEADER + "start: 1\n")
    write(tmp_path / "own", "c.yaml", HEADER + '"\\e[31m": 1\ntitle: !\x41 x\n')
    for words in (
        ["\x1b[31m=1"],
        ["seed=\x1b]0;x\x07"],
        ["--\x1b[31m"],
        ["inputs.\u202echip=1"],
        ["--config-dir", str(tmp_path / "own")],
        ["--config-dir", "\x1b[31m"],
        ["assumptions='\x1b[31m'"],
        ["study=show", "inputs=['\x1b[31m']"],
        ["thresholds=['\x9b31m']"],
    ):
        assert_clean_refusal(simulate(*words), cwd)


SPEAKING = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


def test_x12_nothing_is_asked_of_a_network(cwd: Path) -> None:
    """Seen by the interpreter itself; hooks stay as long as the process, so this one hears on demand."""
    heard: list[str] = []
    hearing = True
    sys.addaudithook(lambda event, _: heard.append(event) if hearing and event in SPEAKING else None)
    with pytest.raises(ConnectionRefusedError), socket.socket() as line:
        line.connect(("127.0.0.1", 9))
    assert heard == ["socket.connect"]
    for words in (
        ["draws=2000", "horizon=2028"],
        ["study=list"],
        ["study=validate"],
        ["study=show", "inputs=chip_growth"],
        ["--help"],
    ):
        assert simulate(*words).code == 0, words
    hearing = False
    assert heard == ["socket.connect"]


def test_x12_the_versions_are_pinned() -> None:
    """Every package that the program needs, in `constraints.txt` with one version each; Hydra's no older than 1.3.8."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*told["dependencies"], *(one for extra in told["optional-dependencies"].values() for one in extra)]
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    pinned = {Requirement(line).name.lower(): Requirement(line).specifier for line in lines}
    for one in map(Requirement, wanted):
        (pin,) = pinned[one.name.lower()]
        assert pin.operator == "==", one
        assert one.specifier.contains(pin.version), one
    assert not next(one for one in map(Requirement, wanted) if one.name == "hydra-core").specifier.contains("1.3.7")


@pytest.mark.parametrize(
    "words", [["-m", "seed=range(1000000000)"], ["-m", *(f"inputs.{n}.low=range(1,100)" for n in ("a", "b", "c"))]]
)
def test_x11_bombs_are_counted_not_run(words: list[str], cwd: Path) -> None:
    before = time.process_time()
    outcome = simulate(*words)
    assert time.process_time() - before < 1.0
    assert_clean_refusal(outcome, cwd)
    assert "configurations; at most 100000 in one sweep" in outcome.err
