"""README and docs: what they command runs or composes, what they show is what comes out, what they link to is there."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from command_line import simulate

import simulate as package
from simulate import (
    command,
    compose,
    distributions,
    published,
    quantiles,
    replication,
    replication_tables,
    store,
    sweep,
    wording,
)
from simulate import words as command_words
from simulate.errors import Mistake
from simulate.library import Library

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WITH_COMMANDS = [ROOT / "README.md", ROOT / "docs" / "assumption_sets.md"]
STUDIES = ROOT / "docs" / "studies"
INSTALL = ["pip install -e . && simulate", 'pip install -e ".[test]" && pytest']


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def files(page: Path) -> dict[str, str]:
    """The files that a page shows: YAML blocks, by the name that was last named before each."""
    found = {}
    text = page.read_text("utf-8")
    for block in re.finditer(r"^```yaml\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE):
        found[re.findall(r"`(\S+\.yaml)`", text[: block.start()])[-1]] = block[1]
    return found


def commands(page: Path) -> list[list[str]]:
    """Every `simulate ...` of a page, in a block or in a line of its own, as words."""
    text = page.read_text("utf-8")
    lines = [line.strip() for block in blocks(page, "bash") for line in block.splitlines()]
    lines += re.findall(r"^    (simulate .*)$", text, flags=re.MULTILINE)
    lines += re.findall(r"`(simulate [^`]*=[^`]*)`", text)
    return [shlex.split(line)[1:] for line in lines if line.startswith("simulate")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the files that README and docs show."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_files(folder: Path, page: Path) -> None:
    for name, text in files(page).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("study", ["sensitivity", "explain"])
def test_the_commands_of_a_study_run(study: str, here: Path) -> None:
    """Each with few draws, so that all of them run."""
    found = commands(STUDIES / f"{study}.md")
    assert found
    for words in found:
        outcome = simulate(*words, *(() if "draw=123" in words else ("draws=512",)))
        assert outcome.code == 0, (words, outcome.err)


def test_the_two_commands_stand_in_the_readme_and_in_the_check() -> None:
    assert [block.strip() for block in blocks(ROOT / "README.md", "bash")[:2]] == INSTALL
    check = (ROOT / ".ci" / "run").read_text("utf-8")
    assert all(command in check for command in INSTALL)


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_every_command_composes_and_validates(page: Path, here: Path) -> None:
    write_files(here, page)
    found = commands(page)
    assert len(found) > 3
    quick = {"study=validate", "study=list", "study=show"}
    for words in found:
        answered = not quick.isdisjoint(words)  # other studies have tests of their own, with few draws
        left_out = ("resume=", "output=") if answered else ("resume=", "output=", "study=", "sets=")
        checked = [word for word in words if not word.startswith(left_out)]
        fewer = [word.replace("seed=range(1,4)", "seed=range(1,2)") for word in checked]  # of every set, one job
        outcome = simulate(*fewer, *([] if answered else ["study=validate"]))
        assert outcome.code == 0, (words, outcome.err)
        assert outcome.out
    assert sorted(path.name for path in here.iterdir()) == ["my_sets"]


def test_every_sweep_of_the_page_is_understood(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every launcher were there; `tests/test_launchers.py` runs them."""
    monkeypatch.setattr("shutil.which", str)
    found = [command.read_options(words) for words in commands(ROOT / "docs" / "sweeps.md")]
    assert len(found) > 5
    for asked in found:
        mistakes: list[Mistake] = []
        library = Library()
        groups = {"assumptions": library.names("assumptions")}
        overrides, places = sweep.parameters(asked.overrides, library, mistakes)
        sweeps = command_words.read(overrides, mistakes, True, groups, places)
        assert asked.multirun
        assert mistakes == []
        assert max(each.points for each in sweeps) > 1


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_every_set_that_is_shown_is_valid(page: Path, here: Path) -> None:
    write_files(here, page)
    shown = files(page)
    assert shown
    for name in shown:
        group, file = Path(name).parts[-2:]
        if group in ("assumptions", "thresholds"):
            outcome = simulate("--config-dir", "my_sets", f"{group}={Path(file).stem}", "study=validate")
            assert outcome.code == 0, (name, outcome.err)


def test_the_python_of_the_readme_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = blocks(ROOT / "README.md", "python")
    exec(first, {})
    assert (here / "slow_chips.png").stat().st_size > 10_000
    store.save(package.run(draws=1000), "outputs/slow_chips", figures=())
    monkeypatch.setattr(package.plots, "FIGURES", {"binding": package.plots.binding})  # all of them in test_api.py
    exec(again, {})
    assert sorted(path.name for path in (here / "figures").iterdir()) == ["binding.png", "binding.svg"]


def test_the_python_of_the_other_pages_runs(here: Path) -> None:
    for page in PAGES:
        if page.name != "README.md":
            if page in WITH_COMMANDS:
                write_files(here, page)
            for block in blocks(page, "python"):
                exec(block, {})


def test_a_named_run_is_found_again(here: Path) -> None:
    words = ["inputs.chip_growth.value=1.5", "output=slow_chips", "draws=2000"]
    dataset = package.run(draws=2000, inputs={"chip_growth": {"value": 1.5}})
    store.save(dataset, "outputs/slow_chips", figures=())
    outcome = simulate(*words, "resume=true")
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[-1] == "outputs/slow_chips"
    assert "2,000 draws" in outcome.out


def test_the_output_of_the_readme_is_what_comes_out(generate: ModuleType) -> None:
    text, _ = generate.answer()
    shown = blocks(ROOT / "README.md", "text")
    assert len(shown) == 1
    assert shown[0].strip() == generate.excerpt(text), "run `python docs/generate.py`"
    lines = iter(text.splitlines())
    for line in shown[0].splitlines():
        assert not line.strip() or line == " ..." or line in lines, line


def test_the_pages_of_inputs_are_up_to_date(generate: ModuleType) -> None:
    for name in generate.SETS:
        page = ROOT / "docs" / f"inputs_{name}.md"
        assert page.read_text("utf-8") == generate.inputs_page(name), "run `python docs/generate.py inputs`"


def test_the_page_of_replication_lists_every_published_number() -> None:
    """Its own numbers need a long run; names, printed values, units and tolerances are checked without one."""
    text = (ROOT / "docs" / "replication.md").read_text("utf-8")
    assert f"version {package.__version__}, draws=" in text
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    shown = {part.split("\n")[0]: re.findall(r"^\| (.*) \|$", part, flags=re.MULTILINE)[1:] for part in parts}
    settings, _ = compose.settings(None, ["study=replicate"])
    every = published.checked(settings["sets"])
    assert list(shown) == [built.name for built, _ in every], "run `python docs/generate.py replication`"
    kept = [place for place, column in enumerate(replication_tables.COLUMNS) if column not in ("ours", "verdict")]
    for built, rows in every:
        blank = {"ours": 0.0, "error": 0.0, "verdict": ""}
        expected = [
            replication_tables.cells(
                {"what": row.name, "unit": row.unit, "published": row.value, "tolerance": replication.tolerance(row)}
                | blank
            )
            for row in rows
        ]
        written = [line.split(" | ") for line in shown[built.name]]
        assert [[cells[k].strip() for k in kept] for cells in written] == [[c[k] for k in kept] for c in expected]
        verdict = replication_tables.COLUMNS.index("verdict")
        differing = [row.name for row in rows if row.differs]
        assert [cells[0] for cells in written if cells[verdict] == replication.DIFFERS] == differing
        assert all(wording.clean(row.differs, replication_tables.LONGEST) in text for row in rows)
    assert " 0 missed." in text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"dist": "normal", "mean": 0.624, "sd": 0.049, "min": 0.1}, "normal, mean 0.624, sd 0.049, min 0.1"),
        ({"dist": "lognormal", "median": 0.266, "sd_ln": 0.1}, "lognormal, median 0.266, sd_ln 0.1"),
        (
            {
                "parts": [
                    {"weight": 0.75, "value": 8},
                    {"weight": 0.25, "dist": "uniform", "low": 1, "high": 2, "interval": 1},
                ],
                "dist": "mixture",
            },
            "mixture: 75 % 8; 25 % uniform, 100 %: 1 to 2",
        ),
        ({"dist": "lognormal", "low": 2.0, "high": 3.2e10, "interval": 0.9}, "lognormal, 90 %: 2 to 3.2e10"),
        ({"dist": "uniform", "low": 2.9e-4, "high": 1, "interval": 1}, "uniform, 100 %: 0.00029 to 1"),
        ({"dist": "metalog", "low": 1, "mid": 2, "high": 5, "min": 0}, "metalog, 80 %: 1 / 2 / 5, min 0"),
        ({"value": 1.5, "dist": "normal", "low": 1, "high": 2}, "1.5"),
        ({"formula": "a*b"}, "`a*b`"),
        ({"quantiles": [[0.1, 1], [0.9, 2]]}, "quantiles: `[[0.1, 1], [0.9, 2]]`"),
    ],
)
def test_how_a_row_is_told(generate: ModuleType, given: dict[str, Any], told: str) -> None:
    assert generate.stated(given) == told


def test_the_quantiles_of_a_mixture_are_in_order(generate: ModuleType) -> None:
    """A mixture takes a uniform part by part: its quantile function has to be put in order first."""
    row = {"dist": "mixture", "parts": [
        {"weight": 0.5, "dist": "uniform", "low": 10, "high": 20, "interval": 1}, {"weight": 0.5, "value": 5},
    ]}  # fmt: skip
    assert quantiles.at(distributions.shape(row), generate.LEVELS) == pytest.approx([5.0, 5.0, 18.0], abs=0.01)


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        text = page.read_text("utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if target.startswith("http"):
                continue
            name, _, anchor = target.partition("#")
            linked = (page.parent / name).resolve() if name else page
            assert linked.is_relative_to(ROOT), (page, target)
            assert linked.exists(), (page, target)
            if anchor:
                titles = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), flags=re.MULTILINE)
                assert anchor in [re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles], (page, target)


def test_the_figure_is_small_and_shown() -> None:
    figures = re.findall(r"!\[[^]]+\]\((docs/figures/\S+\.png)\)", (ROOT / "README.md").read_text("utf-8"))
    assert figures
    assert all((ROOT / figure).stat().st_size < 200_000 for figure in figures)


def test_what_the_pages_say_of_the_result_is_so() -> None:
    """Every variable, coordinate and attribute of a result is in docs/results.md, and every quantity."""
    text = (ROOT / "docs" / "results.md").read_text("utf-8")
    dataset = package.run(draws=600)
    known = set(re.findall(r"`([a-z0-9_]+)`", text))
    names = {str(name) for name in [*dataset.variables, *dataset.attrs]}
    quantities = {
        name for name in names if dataset.get(name) is not None and dataset[name].dims == ("quantile", "year")
    }
    derived = {f"{name}{end}" for name in quantities for end in ("_mean", "_sd", "_draw")}
    assert names - derived - known == set()
    assert len(quantities) == 17


def test_what_the_pages_say_of_hypotheses_is_so(here: Path) -> None:
    """Every variable of a result with hypotheses and evidence stands on the page, or follows from its endings."""
    write_files(here, ROOT / "docs" / "assumption_sets.md")
    dataset = package.run("two_stories", draws=1000, config_dir="my_sets", keep="draws")
    known = set(re.findall(r"`([a-z0-9_]+)`", (ROOT / "docs" / "results.md").read_text("utf-8")))
    endings = ("_by_hypothesis", "_shares", "_mean", "_sd", "_draw")
    for name in map(str, dataset.variables):
        base = name
        while base not in known and base.endswith(endings):
            base = base.removesuffix(next(end for end in endings if base.endswith(end)))
        assert base in known, name


def test_docs_name_every_law_limit_family_driver_and_function() -> None:
    from simulate import distributions, drivers, formulas, laws

    model = (ROOT / "docs" / "model.md").read_text("utf-8")
    for name in [*laws.LAWS, *laws.LIMITS, *distributions.FAMILIES]:
        assert f"`{name}`" in model, name
    for name in laws.PARAMETERS:
        assert f"_{name}`" in model or name in ("start", "growth", "limit", "volatility"), name
    assert all(f"**{name}**" in model for name in drivers.ORDER)
    assert all(re.search(rf"\b{name}\b", model) for name in formulas.FUNCTIONS)
    sets = (ROOT / "docs" / "assumption_sets.md").read_text("utf-8")
    assert all(f"dist: {name}" in sets for name in distributions.FAMILIES if name != "quantiles")


def test_numbers_of_the_model_page_are_those_of_the_program() -> None:
    from simulate import blocks, histograms, reached, tables
    from simulate.intervals import FEW

    model = (ROOT / "docs" / "model.md").read_text("utf-8")
    for number in (
        f"{tables.OCTAVES} octaves",
        f"{tables.SEGMENTS} segments",
        f"blocks of {blocks.DRAWS}",
        f"{histograms.BINS:,} bins",
        f"{histograms.ROOM:g} times" if histograms.ROOM != 8 else "eight times",
        f"1/{reached.DATE_BINS} year",
        f"fewer than {FEW} hits",
    ):
        assert number in model, number


def test_help_and_docs_name_the_same_exit_codes() -> None:
    from simulate.__main__ import HELP

    said = {int(code) for code in re.findall(r"\b(\d{1,3})\b(?=[ ,])", HELP.split("Exit codes:")[1])}
    text = (ROOT / "docs" / "results.md").read_text("utf-8").split("## Exit codes")[1]
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", text, flags=re.MULTILINE) for code in row.split(",")}
    assert said == told
    assert {0, 2, 3, 4, 5, 6, 7, 70} < said
