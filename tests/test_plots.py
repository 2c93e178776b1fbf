"""The figures: right in what they show, harmless in what they quote, the same to the last byte, no setting kept."""

import io
import json
import math
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET

import make_dataset
import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from simulate import plots
from simulate.plots import labels, style

DRAWN = {"svg", "defs", "style", "g", "path", "use", "clipPath", "rect", "pattern"}


@pytest.fixture(scope="module")
def dataset():
    return make_dataset.make(draws=1000)


def texts(ax):
    return [t.get_text() for t in ax.findobj(mpl.text.Text) if t.get_text()]


@pytest.mark.parametrize("name", list(plots.FIGURES))
def test_every_figure_says_what_holds_and_where_it_comes_from(dataset, name):
    said = "\n".join(texts(plots.FIGURES[name](dataset)))
    assert "A projection conditional on these assumptions: Baseline 2026" in said
    assert "set baseline_2026 · 1,000 draws · seed 1" in said


@pytest.mark.parametrize("name", list(plots.FIGURES))
def test_every_figure_says_what_was_changed(dataset, name):
    """Who pins a row must not be shown a figure of the set as it was published."""
    changed = dataset.assign_attrs(changes=json.dumps(["inputs.chip_growth.value: not given -> 1.5", "horizon: ..."]))
    said = "\n".join(texts(plots.FIGURES[name](changed)))
    assert "seed 1 · changed: inputs.chip_growth.value: not given -> 1.5" in said
    assert "changed:" not in "\n".join(texts(plots.FIGURES[name](dataset)))


def test_the_table_of_inputs_says_when_it_is_one_after_evidence(dataset):
    assert "evidence" not in " ".join(texts(plots.inputs_table(dataset)))
    stated = json.loads(dataset.attrs["assumptions"]) | {"evidence": {"seen": {"loglik": "0"}}}
    weighed = dataset.assign_attrs(assumptions=json.dumps(stated))
    told = texts(plots.inputs_table(weighed))
    assert any(text.startswith("Assumptions") and text.endswith("after the evidence") for text in told)
    assert any("after the evidence (seen)" in text for text in told)


def test_physical_and_effective_compute_are_never_mixed(dataset):
    training, effective = (texts(plots.fan(dataset, quantity=q)) for q in ("training_compute", "effective_compute"))
    assert any("year_of_h100s" in t for t in training)
    assert not any("transformative" in t for t in training)
    assert any("transformative" in t for t in effective)
    assert not any("year_of_h100s" in t for t in effective)
    assert "training compute, FLOP" in training
    assert "effective compute, FLOP" in effective


def test_any_quantity_has_a_fan(dataset):
    assert "spending on the largest run, USD2023" in texts(plots.fan(dataset, quantity="spend"))
    assert "algorithmic gain, OOM" in texts(plots.fan(dataset, quantity="algorithm_gain"))


def test_ticks_are_powers_of_ten(dataset):
    ax = plots.fan(dataset)
    ax.figure.canvas.draw()
    assert "10²⁸" in [t.get_text() for t in ax.get_yticklabels()]


def test_ticks_of_a_short_axis_differ(dataset):
    ax = plots.fan(dataset, quantity="gwp")
    assert np.ptp(ax.get_ylim()) < 2
    ax.figure.canvas.draw()
    ticks = [t.get_text() for t in ax.get_yticklabels()]
    assert len(ticks) > 2
    assert len(set(ticks)) == len(ticks), ticks


def test_crossing_prints_never_and_already(dataset):
    said = "\n".join(texts(plots.crossing(dataset)))
    assert "never by 2060: >99.70 %" in said
    assert "already: >99.70 %" in said
    assert "already / already / already" in said
    assert "no draw crosses" in said


def test_bars_keep_the_mass(dataset):
    from simulate.plots.crossing import _bars

    edges, heights = _bars(dataset)
    mass = (heights * np.diff(edges)).sum(axis=1)
    np.testing.assert_allclose(mass + dataset["never"] + dataset["already"], 1.0, atol=1e-12)


@pytest.mark.parametrize("name", list(plots.FIGURES))
def test_axes_of_the_caller_are_used(dataset, name):
    figure = Figure(figsize=(9, 6))
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    assert plots.FIGURES[name](dataset, ax=ax) is ax
    assert figure.axes == [ax]


def test_nothing_lies_outside_the_page_or_on_other_text(dataset):
    for name in ("training_compute", "effective_compute", "probability", "crossing", "inputs"):
        ax = plots.FIGURES[name](dataset)
        style.render(ax, "png")
        renderer = ax.figure.canvas.get_renderer()
        page = ax.figure.bbox
        shown = [t for t in ax.texts if t.get_text()]
        boxes = [t.get_window_extent(renderer) for t in shown]
        for text, box in zip(shown, boxes, strict=True):
            assert box.x0 >= page.x0 - 1, text
            assert box.x1 <= page.x1 + 1, text
            assert box.y0 >= page.y0 - 1, text
            assert box.y1 <= page.y1 + 1, text
        for i, a in enumerate(boxes):
            for j in range(i):
                overlap = (
                    min(a.x1, boxes[j].x1) - max(a.x0, boxes[j].x0),
                    min(a.y1, boxes[j].y1) - max(a.y0, boxes[j].y0),
                )
                assert min(overlap) < 2.5, (name, shown[i].get_text(), shown[j].get_text())


@given(
    wanted=st.lists(st.floats(-50, 50), min_size=1, max_size=30),
    gap=st.floats(0.01, 20),
)
def test_labels_keep_their_distance_and_order(wanted, gap):
    placed = labels.spread(wanted, gap, -10.0, 10.0)
    order = np.argsort(wanted, kind="stable")
    room = min(gap, 20.0 / max(len(wanted) - 1, 1))
    assert np.all(np.diff(placed[order]) >= room - 1e-9)
    assert placed.min() >= -10 - 1e-9
    assert placed.max() <= 10 + 1e-9
    inside = np.clip(np.asarray(wanted), -10, 10)
    if len(wanted) == 1 or np.diff(np.sort(inside)).min() >= gap:
        np.testing.assert_allclose(placed, inside, atol=1e-9)


@pytest.mark.parametrize("text", make_dataset.HOSTILE)
def test_hostile_text_in_every_figure(text):
    begin = time.perf_counter()
    for name, content in plots.files(make_dataset.hostile(text), kinds=("svg",)):
        root = ET.parse(io.BytesIO(content)).getroot()
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= DRAWN | {"metadata", "RDF", "Work", "type", "format", "title"}, name
        assert not any(key.startswith("on") for element in root.iter() for key in element.attrib)
    assert time.perf_counter() - begin < 20


def test_hostile_text_as_png():
    for _, content in plots.files(make_dataset.hostile("$a_{b$ \ud800" + "x" * 10_000), kinds=("png",)):
        assert content.startswith(b"\x89PNG")


def test_names_of_many_long_thresholds_fit():
    many = {f"threshold_number_{i}_{'x' * 40}": (26 + 0.05 * i, 0.0, "largest_run") for i in range(40)}
    dataset = make_dataset.make(draws=200, thresholds=many)
    ax = plots.fan(dataset)
    assert any("more" in t for t in texts(ax))
    assert "24 more thresholds" in " ".join(texts(plots.probability(dataset)))
    assert "26 more thresholds" in " ".join(texts(plots.crossing(dataset)))


@pytest.mark.parametrize("value", [math.inf, -1e308, math.nan])
def test_runaway_values_leave_the_axis_not_the_program(value):
    dataset = make_dataset.make(draws=200)
    for name in ("training_compute", "effective_compute", "ceiling_compute", "inputs", "threshold_level"):
        values = dataset[name].values
        values[..., -1] = value
    dataset["training_compute_draw"][:, -1] = np.float32(np.inf)
    for _, content in plots.files(dataset, kinds=("png",)):
        assert content


def test_no_thresholds_no_inputs_two_years():
    dataset = make_dataset.make(draws=100, thresholds={}, inputs=0, horizon=2027.0, hypotheses={})
    drawn = {name for name, _ in plots.files(dataset, kinds=("png",))}
    assert drawn == {"training_compute.png", "effective_compute.png", "binding.png"}


def test_the_same_bytes_in_another_process_with_another_hash_seed(dataset, tmp_path):
    code = "import make_dataset as m, sys; from simulate import plots; plots.save_all(m.make(draws=1000), sys.argv[1])"
    env = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path), "TZ": "Asia/Tokyo", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "f")], check=True, env=env)
    for name, content in plots.files(dataset):
        assert (tmp_path / "f" / name).read_bytes() == content, name


def test_settings_of_the_caller_neither_matter_nor_change(dataset):
    expected = plots.style.render(plots.fan(dataset), "svg")
    with mpl.rc_context(
        {
            "axes.spines.top": True,
            "font.size": 30,
            "text.parse_math": True,
            "lines.linewidth": 9,
            "xtick.major.width": 5,
        }
    ):
        before = dict(mpl.rcParams)
        assert plots.style.render(plots.fan(dataset), "svg") == expected
        assert dict(mpl.rcParams) == before


def test_threads_draw_the_same(dataset):
    expected = plots.style.render(plots.probability(dataset), "svg")
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(plots.style.render(plots.probability(dataset), "svg")))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [expected] * 3


def test_pyplot_is_never_imported():
    code = "import sys, simulate.plots; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_save_all_replaces_whole_files(dataset, tmp_path):
    (tmp_path / "probability.png").write_bytes(b"old")
    paths = plots.save_all(dataset, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths)
    assert len(paths) == 2 * len(plots.FIGURES)
    assert (tmp_path / "probability.png").read_bytes() != b"old"


def test_a_figure_that_fails_costs_neither_the_others_nor_the_result(dataset, monkeypatch):
    monkeypatch.setitem(plots.FIGURES, "binding", lambda dataset: 1 / 0)
    problems = []
    names = [name for name, _ in plots.files(dataset, kinds=("png",), problems=problems)]
    assert problems == ["figure binding: ZeroDivisionError: division by zero"]
    assert len(names) == len(plots.FIGURES) - 1
    with pytest.raises(ZeroDivisionError):
        list(plots.files(dataset, kinds=("png",)))
