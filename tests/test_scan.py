"""The scan of YAML files: what passes, where every key stands, and that the files which are shipped pass it too."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import pytest
from command_line import HEADER, write
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from simulate import nodes, scan
from simulate.errors import Mistake

CONF = Path(str(importlib.resources.files("simulate.conf")))
SHIPPED = sorted((*CONF.glob("assumptions/*.yaml"), *CONF.glob("thresholds/*.yaml")))


def read(path: Path, group: str = "assumptions") -> tuple[scan.Source | None, list[Mistake]]:
    mistakes: list[Mistake] = []
    return scan.read(path, group, path.name, mistakes), mistakes


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_pass_and_mean_what_omegaconf_reads(path: Path) -> None:
    source, mistakes = read(path, path.parent.name)
    assert mistakes == []
    plain = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(plain, dict)
    plain.pop("defaults", None)
    assert source is not None
    assert source.data == plain


def test_every_key_has_its_line(tmp_path: Path) -> None:
    text = HEADER + "inputs:\n  a:\n    low: 1\n    high: 2\ncorrelations:\n- [a, b, 0.5]\n- [a,\n   c, 0.5]\n"
    source, mistakes = read(write(tmp_path, "x.yaml", text))
    assert mistakes == []
    assert source is not None
    assert [source.where(k) for k in ("inputs.a", "inputs.a.high", "inputs.a.unit", "correlations.1.1", "")] == [
        "x.yaml:3",
        "x.yaml:5",
        "x.yaml:3",
        "x.yaml:9",
        "x.yaml",
    ]


@pytest.mark.parametrize(
    "text", ["1e26", "1.5e-3", "-2", ".5", "1_000", "1_000.5", "true", "null", "~", "2024-01-01", "a b"]
)
def test_scalars_are_read_as_omegaconf_reads_them(text: str, tmp_path: Path) -> None:
    path = write(tmp_path, "x.yaml", HEADER + f"sharpness: {text}\n")
    source, mistakes = read(path)
    assert mistakes == []
    assert source is not None
    value, expected = source.data["sharpness"], OmegaConf.load(path).sharpness
    assert (value, type(value)) == (expected, type(expected))


def test_several_mistakes_in_one_file_are_all_found(tmp_path: Path) -> None:
    text = "strt: 1\ninputs:\n  Bad: {value: 1}\n  a: {lwo: 1, high: 010}\n  a: {}\n"
    _, mistakes = read(write(tmp_path, "x.yaml", text))
    assert [m.where for m in mistakes] == ["x.yaml:1", "x.yaml:1", "x.yaml:3", "x.yaml:4", "x.yaml:4", "x.yaml:5"]


def test_limits_are_what_they_say(tmp_path: Path) -> None:
    fits = HEADER + "correlations: " + "[" * (nodes.DEEPEST - 1) + "]" * (nodes.DEEPEST - 1)
    assert read(write(tmp_path, "x.yaml", fits))[1] == []
    path = write(tmp_path, "x.yaml", HEADER + "start: 1\n" + "#" * (scan.LARGEST_FILE - len(HEADER) - 9))
    assert path.stat().st_size == scan.LARGEST_FILE
    assert read(path)[1] == []


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(alphabet="ab:{}[]-#&*!|>'\"%@`,?\n 01_.~<$e", max_size=80).map(str.encode)
    )
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "x.yaml"
    for content in (body, HEADER.encode() + body, HEADER.encode() + b"inputs: {a: " + body + b"}\n"):
        path.write_bytes(content)
        source, mistakes = read(path)
        assert source is not None or mistakes
        assert all("\n" not in str(m) and str(m).isprintable() for m in mistakes)


def test_a_users_set_cannot_replace_a_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, "baseline_2026.yaml", HEADER + "start: 2000\n")
    write(tmp_path, "twice.yaml", HEADER + "start: 2000\n")
    write(tmp_path, "twice.yml", HEADER + "start: 2000\n")
    for name in ("on", "null", "2024", "1e5", "a b", "x" * 65, "naïve"):
        write(tmp_path, f"{name}.yaml", HEADER + "start: 2000\n")
    mistakes: list[Mistake] = []
    found = scan.folder(tmp_path, {"assumptions": ["baseline_2026"]}, mistakes)
    assert list(found) == [("assumptions", "twice")]
    assert sum("is a shipped set; give yours another name" in str(m) for m in mistakes) == 1
    assert sum("is there twice" in str(m) for m in mistakes) == 1
    assert sum("cannot be the name of a set" in str(m) for m in mistakes) == 7
