"""Composition: inheritance, overrides, origins, and the nearest name for a typing error."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from command_line import HEADER, simulate, write

from simulate import command, compose, grammar, keys, words
from simulate.errors import Mistake, Mistakes
from simulate.library import Library


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are not looked at: these tests are about composition alone."""
    monkeypatch.setattr(compose, "rows_mistakes", lambda composed, known=(): [])


def sets(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        write(folder, f"{name}.yaml", HEADER + text)
    return folder


def test_a_row_that_says_what_it_is_replaces_and_any_other_patches(tmp_path: Path) -> None:
    own = sets(
        tmp_path,
        a="start: 2026\ninputs:\n  x: {dist: lognormal, low: 1, high: 2, unit: W, source: s}\n"
        "  y: {value: 3, unit: W}\n"
        "  z: {value: 4, unit: W}\n",
        b="defaults: [a]\ninputs:\n  x: {low: 1.5}\n  y: {dist: normal, low: 1, high: 2, unit: W}\n  z: null\n",
    )
    settings, where = compose.settings("b", config_dir=own)
    assert settings["inputs"] == {
        "x": {"dist": "lognormal", "low": 1.5, "high": 2, "unit": "W", "source": "s"},
        "y": {"dist": "normal", "low": 1, "high": 2, "unit": "W"},
    }
    assert settings["name"] == "b"
    stated = {
        key: Path(where(key)).name for key in ("start", "inputs.x.low", "inputs.x.high", "inputs.y.low", "inputs.y")
    }
    assert stated == {
        "start": "a.yaml:2",
        "inputs.x.low": "b.yaml:4",
        "inputs.x.high": "a.yaml:4",
        "inputs.y.low": "b.yaml:5",
        "inputs.y": "b.yaml:5",
    }


def test_a_pin_keeps_the_distribution_and_a_later_one_ends_it(tmp_path: Path) -> None:
    own = sets(
        tmp_path,
        a="inputs:\n  x: {dist: lognormal, low: 1, high: 2, unit: W, source: s}\n  y: {formula: x, unit: W}\n",
        b="defaults: [a]\ninputs:\n  x: {value: 1.5}\n  y: {value: 3}\n",
        c="defaults: [b]\ninputs:\n  x: {dist: normal, low: 1, high: 3, unit: W}\n",
        d="defaults: [b]\ninputs:\n  x: {formula: 2*y, unit: W}\n",
        e="defaults: [b]\ninputs:\n  x: {value: null}\n",
        f="defaults: [b]\ninputs:\n  x: {value: 0.002, unit: kW}\n",
    )
    stated = {"dist": "lognormal", "low": 1, "high": 2, "unit": "W", "source": "s"}
    found = {name: _unbuilt(name, own)["inputs"] for name in "bcdef"}
    assert found["b"] == {"x": {**stated, "value": 1.5}, "y": {"value": 3, "unit": "W"}}
    assert found["c"]["x"] == {"dist": "normal", "low": 1, "high": 3, "unit": "W"}
    assert found["d"]["x"] == {"formula": "2*y", "unit": "W"}
    assert found["e"]["x"] == stated
    assert found["f"]["x"] == {"value": 0.002, "unit": "kW", "source": "s"}
    _, where = compose.settings("b", config_dir=own)
    assert [Path(where(f"inputs.x.{field}")).name for field in ("value", "low")] == ["b.yaml:4", "a.yaml:3"]


def test_a_common_ancestor_is_heard_once_and_first(tmp_path: Path) -> None:
    own = sets(
        tmp_path,
        a="start: 2026\ninputs: {x: {value: 1, unit: W}, y: {value: 1, unit: W}}\n",
        b="defaults: [a]\ninputs: {x: {value: 2, unit: W}}\n",
        c="defaults: [a]\ninputs: {y: {value: 3, unit: W}}\n",
        d="defaults: [b, c]\n",
    )
    settings, _ = compose.settings("d", config_dir=own)
    assert {name: row["value"] for name, row in settings["inputs"].items()} == {"x": 2, "y": 3}


def test_drivers_merge_and_null_takes_one_out(tmp_path: Path) -> None:
    own = sets(
        tmp_path,
        a="drivers: {power: {law: decaying, efficiency: {limit: hard}}, trend: {}}\n",
        b="defaults: [a]\ndrivers: {power: {limit: logistic, efficiency: {law: decaying}}, trend: null}\n",
    )
    settings = _unbuilt("b", own)
    assert settings["drivers"] == {
        "power": {"law": "decaying", "limit": "logistic", "efficiency": {"limit": "hard", "law": "decaying"}}
    }


def _unbuilt(name: str, own: Path, *overrides: str) -> dict[str, Any]:
    mistakes: list[Mistake] = []
    library = Library(own, mistakes)
    job = [sweep.single for sweep in words.read([f"assumptions={name}", *overrides], mistakes)]
    composed = compose.compose(library, job, mistakes)
    assert mistakes == []
    return composed.settings


def test_the_command_line_patches_and_the_newest_decides(tmp_path: Path) -> None:
    own = sets(tmp_path, a="inputs: {x: {dist: normal, low: 1, high: 2, unit: W}, y: {formula: x, unit: W}}\n")
    pinned = _unbuilt("a", own, "inputs.x.value=1.5", "inputs.y.value=2", "title=a, b: {c}")
    assert pinned["inputs"] == {
        "x": {"dist": "normal", "low": 1, "high": 2, "unit": "W", "value": 1.5},
        "y": {"value": 2, "unit": "W"},
    }
    assert pinned["title"] == "a, b: {c}"
    derived = _unbuilt("a", own, "inputs.x.formula='3*2'", "inputs.y={value: '1e26', unit: W}", "inputs.x.unit=null")
    assert derived["inputs"] == {"x": {"formula": "3*2"}, "y": {"value": 1e26, "unit": "W"}}


def test_hydra_and_we_compose_the_same(tmp_path: Path) -> None:
    """Where no row changes its family, plain Hydra gives the same rows from the same files."""
    from hydra import compose as plain
    from hydra import initialize_config_module
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    from simulate import config

    store = ConfigStore.instance()
    store.store(name="schema", node=config.Settings)
    with initialize_config_module("simulate.conf", version_base="1.3"):
        cfg = OmegaConf.to_container(plain("config", ["thresholds=[standard,anchors]", "++inputs.chip_growth.low=1.9"]))
    del store.repo["schema.yaml"]
    assert isinstance(cfg, dict)
    ours = _unbuilt("baseline_2026", tmp_path, "thresholds=[standard,anchors]", "inputs.chip_growth.low=1.9")
    for key in grammar.SET_KEYS:
        assert (cfg[key] or None) == (ours.get(key) or None), key


def test_origins() -> None:
    settings, where = compose.settings("baseline_2026", ["draws=1e4", "inputs.chip_growth.low=1.9", "horizon=2050"])
    assert (settings["draws"], settings["horizon"], settings["assumptions"]) == (10_000, 2050, "baseline_2026")
    assert [where(key) for key in ("draws", "inputs.chip_growth.low", "horizon", "seed")] == [
        "override 1",
        "override 2",
        "override 3",
        "conf/config.yaml",
    ]
    assert where("inputs.chip_growth.high").startswith("conf/assumptions/baseline_2026.yaml:")
    assert where("correlations[0]").startswith("conf/assumptions/baseline_2026.yaml:")
    assert where("thresholds.us_reporting").startswith("conf/thresholds/standard.yaml:")


def test_rows_and_structure_are_reported_together_but_not_twice(tmp_path: Path) -> None:
    own = sets(
        tmp_path,
        mine="defaults: [baseline_2026]\ninputs:\n  chip_growth: {dist: normal, lwo: 1, unit: x/yr}\n"
        "  power_growth: {low: 99}\n",
    )
    with pytest.raises(Mistakes) as caught:
        compose.settings("mine", ["draws=0"], own)
    items = caught.value.items
    assert [Path(m.where).name for m in items] == ["mine.yaml:4", "override 1", "mine.yaml:5"], [str(m) for m in items]


def test_composition_inside_another_hydra_program(tmp_path: Path) -> None:
    from hydra import initialize
    from hydra.core.config_store import ConfigStore
    from hydra.core.global_hydra import GlobalHydra

    with initialize(config_path=None, version_base="1.3"):
        outer = GlobalHydra.instance().hydra
        compose.settings("baseline_2026")
        assert GlobalHydra.instance().hydra is outer
    repo = ConfigStore.instance().repo
    assert not {"schema.yaml", "config.yaml"} & set(repo)
    assert not repo.get("assumptions")


def test_custom_resolvers_of_a_program_that_uses_the_library_survive() -> None:
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("of_the_caller", lambda: 1, replace=True)
    compose.settings("baseline_2026")
    assert OmegaConf.has_resolver("of_the_caller")
    OmegaConf.clear_resolver("of_the_caller")


def test_one_typing_error_finds_the_key() -> None:
    """The right suggestion for at least 95 % of all single edits of all keys (1,500, drawn with a fixed seed)."""
    settings, _ = compose.settings("baseline_2026")
    rows = [f"{section}.{name}" for section in grammar.ROW_SECTIONS for name in settings.get(section, {})]
    known = [*keys.PLAIN_KEYS, *(f"{row}.{field}" for row in rows for field in grammar.fields_of(row.split(".")[0]))]
    known += [f"drivers.{name}.{option}" for name in settings["drivers"] for option in keys.OPTIONS]
    rng = random.Random(1)
    right = tried = 0
    while tried < 1500:
        key = rng.choice(known if rng.random() < 0.9 else keys.PLAIN_KEYS)
        typo = edited(key, rng)
        if typo in known or typo == key or not words.KEY.fullmatch(typo):
            continue
        tried += 1
        right += keys.meant(typo, settings) == f" (did you mean '{key}'?)"
    assert right / tried >= 0.95, right / tried


def edited(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    letter = rng.choice("abcdefghijklmnopqrstuvwxyz_")
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
        ]
    )


def test_a_sweep_runs_every_job_and_reports_every_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = []

    def study(name: str, settings: dict[str, Any], where: object) -> None:
        seen.append((settings["seed"], settings["inputs"]["chip_growth"]["low"], settings["drivers"]["chips"]["law"]))
        if settings["seed"] == 2:
            raise SystemExit(0)

    monkeypatch.setattr(command, "study", study)
    monkeypatch.chdir(tmp_path)
    outcome = simulate("-m", "seed=1,2", "inputs.chip_growth.low=1.8,1.9", "drivers.chips.law=decaying")
    assert seen == [(1, 1.8, "decaying"), (1, 1.9, "decaying"), (2, 1.8, "decaying"), (2, 1.9, "decaying")]
    assert outcome.code == 3
    assert outcome.err.count("failed: seed=2") == 2
    assert "2 of 4 jobs failed" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_sweeps_of_own_sets_and_named_sweeps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = sets(tmp_path / "own", one="defaults: [baseline_2026]\n", two="defaults: [baseline_2026]\ntitle: Zwei\n")
    write(own, "few.yaml", "inputs.chip_growth.low: [1.8, 1.9]\nseed: range(1,3)\n", group="sweep")
    seen = []
    monkeypatch.setattr(command, "study", lambda name, s, w: seen.append((s["name"], s["title"], s["seed"])))
    assert simulate("-m", f"--config-dir={own}", "assumptions=glob([one,two])", "sweep=few") == (0, "", "")
    assert set(seen) == {(n, t, s) for n, t in (("one", "Baseline 2026"), ("two", "Zwei")) for s in (1, 2)}
    assert len(seen) == 8


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (command.Terminated(), 143),
        (SystemExit(0), 70),
        (ValueError("x"), 70),
        (MemoryError(), 70),
    ],
)
def test_exit_codes(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, tmp_path: Path) -> None:
    def study(*_: object) -> None:
        raise error

    monkeypatch.setattr(command, "study", study)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    outcome = simulate("study=validate")
    assert outcome.code == code
    assert "Traceback" not in outcome.err
    logs = list(tmp_path.glob("simulate-*.log"))
    assert len(logs) == (code == 70)
    assert all(str(log) in outcome.err and "Traceback" in log.read_text() for log in logs)


@pytest.mark.parametrize(("study", "draws"), [("sensitivity", 16_384), ("explain", 20_000)])
def test_a_study_has_draws_of_its_own_unless_the_words_say_otherwise(study: str, draws: int) -> None:
    assert compose.settings(None, [f"study={study}"])[0]["draws"] == draws
    assert compose.settings(None, ["draws=300", f"study={study}"])[0]["draws"] == 300
