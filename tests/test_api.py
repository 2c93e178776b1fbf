"""The Python interface: what a notebook does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from command_line import HEADER, write
from matplotlib.axes import Axes

import simulate
from simulate import assumptions, compose, store
from simulate.errors import IntegrityError, Mistakes

DRAWS = 2_000


def plain(dataset: xr.Dataset) -> xr.Dataset:
    """A result without what two runs may differ in: how long they took."""
    return dataset.assign_attrs(timings="")


def test_a_run_with_a_pinned_input() -> None:
    ds = simulate.run("baseline_2026", draws=DRAWS, seed=1, threads=2, inputs={"chip_growth": {"value": 1.5}})
    assert set(ds["inputs"].sel(input="chip_growth").values) == {1.5}
    for name in ("spend", "price_performance", "chips", "power", "tokens", "algorithm_gain", "training_compute"):
        assert ds[name].dims == ("quantile", "year")
        assert ds[name].attrs["units"].startswith("log10 ")
        assert ds[name].attrs["long_name"]
        assert ds[f"{name}_mean"].dims == ds[f"{name}_sd"].dims == ("year",)
    assert ds["ceiling_compute"].dims == ("ceiling", "quantile", "year")
    assert ds["probability"].dims == ds["probability_error"].dims == ("threshold", "year")
    assert ds["crossing"].dims == ds["crossing_error"].dims == ("threshold", "crossing_quantile")
    assert ds["never"].dims == ("threshold",)
    assert ds["binding"].dims == ("ceiling", "year")
    assert float(ds["effective_sample_size"]) == DRAWS
    assert isinstance(simulate.plots.fan(ds), Axes)


def test_the_defaults_are_those_of_the_command() -> None:
    ds = simulate.run(draws=DRAWS)
    assert ds.attrs["name"] == "baseline_2026"
    assert (ds.attrs["start"], ds.attrs["horizon"], ds.attrs["seed"]) == (2026.0, 2060.0, "1")


def test_the_same_bits_for_any_number_of_threads() -> None:
    many = 40_000  # more than one task
    one, two = (simulate.run(draws=many, seed=3, threads=threads) for threads in (1, 2))
    xr.testing.assert_identical(plain(one), plain(two))


def test_another_seed_gives_other_numbers_and_the_same_answer() -> None:
    first, second = (simulate.run(draws=20_000, seed=seed, overrides=["horizon=2030"]) for seed in (1, 2**64 - 1))
    difference = first["training_compute"].sel(quantile=0.5) - second["training_compute"].sel(quantile=0.5)
    assert 0.0 < float(abs(difference).max()) < 0.05


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    short, long = (simulate.run(draws=n, keep="draws", overrides=["horizon=2030"]) for n in (1_000, 2_000))
    for name in (str(name) for name in short.data_vars if str(name).endswith("_draw")):
        np.testing.assert_array_equal(short[name].values, long[name].values[:1_000])


def test_a_row_more_moves_no_other(tmp_path: Path) -> None:
    set_ = """defaults: [baseline_2026]
inputs:
  extra: {dist: normal, low: 1, high: 2, unit: "1", source: own, note: none}
quantities:
  extra_level: {formula: "spend + extra", unit: "1", note: it reads the row}
"""
    write(tmp_path, "more.yaml", HEADER + set_)
    words = ["horizon=2030"]
    without = simulate.run(draws=600, keep="draws", overrides=words)
    more = simulate.run("more", draws=600, keep="draws", overrides=words, config_dir=tmp_path)
    for name in (str(name) for name in without.data_vars if str(name).endswith("_draw")):
        np.testing.assert_array_equal(without[name].values, more[name].values)


def test_kept_draws_agree_with_their_quantiles() -> None:
    ds = simulate.run(draws=5_000, keep="draws", overrides=["horizon=2030"])
    exact = ds["training_compute_draw"].quantile([0.1, 0.5, 0.9], dim="draw").values
    counted = ds["training_compute"].sel(quantile=[0.1, 0.5, 0.9]).values
    np.testing.assert_allclose(counted, exact, atol=0.01)
    assert ds.sizes["draw"] == 5_000


def test_everything_that_is_wrong_comes_at_once() -> None:
    with pytest.raises(Mistakes) as raised:
        simulate.run(draws=0, inputs={"chip_grwth": {"value": 1.5}, "power_growth": {"unit": "FLOP"}})
    text = str(raised.value)
    assert "did you mean 'inputs.chip_growth" in text
    assert "draws = 0" in text
    assert "'FLOP' is no growth rate" in text


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ("chip_growth", {"note": 'it\'s "quoted", with: signs = {and} [more]'}),
        ("gwp_growth", {"value": 3, "unit": "%/yr"}),
        (
            "trend_start",
            {"quantiles": [[0.1, 26.5], [0.9, 27.3]], "unit": "log10 FLOP"}
            | dict.fromkeys(("dist", "low", "high", "interval")),
        ),
        (
            "spend_start",
            {"dist": "lognormal", "median": 1.5e9, "sd_ln": 0.4, "low": None, "high": None, "interval": None},
        ),
        ("run_length_growth", {"low": 1.0, "high": 1.3}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fields_of_any_kind_arrive(row: str, fields: dict[str, Any]) -> None:
    ds = simulate.run(draws=512, inputs={row: fields}, overrides=["correlations=[]", "horizon=2030"])
    stated = json.loads(ds.attrs["assumptions"])["inputs"][row]
    assert {name: stated.get(name) for name in fields} == fields


def test_a_row_can_be_replaced_whole() -> None:
    parts = "[{weight: 0.5, value: 1}, {weight: 0.5, value: 2}]"
    row = f"inputs.spend_delay={{dist: mixture, parts: {parts}, unit: years per OOM}}"
    ds = simulate.run(draws=2_000, overrides=[row, "horizon=2030"])
    assert set(ds["inputs"].sel(input="spend_delay", quantile=[0.05, 0.25, 0.75, 0.95]).values.round(1)) == {1.0, 2.0}


NESTED = [
    {"dist": "uniform", "low": 1, "high": 2},
    {"parts": [{"weight": 0.25, "value": 8}, {"weight": 0.75, "dist": "normal", "mean": 3, "sd": 0.5, "min": 1}]},
    {"dist": "mixture", "parts": ({"weight": 1.0, "quantiles": [[0.1, 1], [0.9, 2]], "min": 0.5},)},
    {"quantiles": ((0.05, 1), (0.5, 1.25), (0.95, 2e0))},
    {"quantiles": np.array([[0.05, 1.0], [0.95, 2.0]]), "min": 0, "note": 'it\'s {a}, [b], "c" \\ d = e'},
    {"value": np.float32(1.5)},
    {"formula": "where(1 > 0, 1.5, 2)"},
    {"dist": "normal", "mean": 2, "sd": 1e-3, "interval": None, "mode": None},
]


@pytest.mark.parametrize("fields", NESTED, ids=lambda fields: "-".join(fields))
def test_every_legal_row_passes(fields: dict[str, Any]) -> None:
    settings, where = compose.settings("baseline_2026", inputs={"spend_delay": fields})
    row = assumptions.build(settings, where).rows["spend_delay"]
    assert row.unit == "years per OOM"
    kept = settings["inputs"]["spend_delay"]
    for field, value in fields.items():
        plain = value.tolist() if hasattr(value, "tolist") else value
        assert json.dumps(kept.get(field)) == json.dumps(plain), field


def test_what_no_file_could_hold_is_a_mistake() -> None:
    circle: list[Any] = []
    circle.append(circle)
    inputs: dict[Any, Any] = {
        "chip_growth": {"low": object()},
        "power_growth": 1.5,
        "spend_delay": {"parts": circle},
        "gwp_growth": {"note": "${oc.env:HOME}"},
        "trend_growth": {"low": float("nan")},
        "utilisation": {"low": [1, 2]},
        "chip_grwth": {"low": 1},
        3: {"low": 1},
        "token_start": {"parts": [{1: 2}]},
        "run_length_start": {"note": "x" * 5000},
        "spend_growth": {"low": 2.9},
    }
    with pytest.raises(Mistakes) as raised:
        compose.settings("baseline_2026", ["inputs.spend_growth.low=2.7"], inputs=inputs)
    text = str(raised.value)
    for message in (
        "inputs.chip_growth.low: <object",
        "write inputs.power_growth.value=1.5 to pin it",
        "inputs.spend_delay.parts: nested deeper than 16",
        "inputs.gwp_growth.note: interpolations",
        "inputs.trend_growth.low = nan: is not finite",
        "'inputs.utilisation.low' must be one value",
        "did you mean 'inputs.chip_growth",
        "unknown key 'inputs.3'",
        "1 cannot be a name in a mapping",
        "the text has 5000 characters",
        "'inputs.spend_growth.low' is given twice (also in override 1)",
    ):
        assert message in text, (message, text)


def test_a_row_can_be_taken_out() -> None:
    settings, _ = compose.settings("baseline_2026", ["drivers.chips.limit=none"], inputs={"chip_limit": None})
    assert "chip_limit" not in settings["inputs"]


def test_the_manifest_says_what_is_pinned_and_what_was_changed(tmp_path: Path) -> None:
    text = "defaults: [baseline_2026]\nhorizon: 2030\ninputs: {power_growth: {value: 2.5}}\n"
    write(tmp_path, "own.yaml", HEADER + text)
    ds = simulate.run("own", draws=512, inputs={"chip_growth": {"value": 2}}, config_dir=tmp_path)
    manifest = json.loads((store.save(ds, tmp_path / "run", figures=()) / "manifest.json").read_text())
    assert set(manifest["pinned"]) == {"inputs.chip_growth", "inputs.power_growth"}
    assert manifest["changes"] == ["inputs.chip_growth.value: not given -> 2"]
    assert set(ds["inputs"].sel(input="power_growth").values) == {2.5}


def refused(function: Callable[..., Any], **given: Any) -> list[str]:
    """What a function says of the words that it is given."""
    with pytest.raises(Mistakes) as raised:
        function(**given)
    return [str(item) for item in raised.value.items]


def test_words_are_a_list() -> None:
    said = "overrides: overrides = 'horizon=2040'; a list is needed: [\"horizon=2050\"]"
    assert refused(simulate.run, overrides="horizon=2040") == [said]
    assert refused(simulate.run, overrides=["horizon=2040", 3]) == [
        'override 2: 3 is no word; write a text: "horizon=2050"'
    ]


def test_words_that_a_function_would_lose_are_refused() -> None:
    found = refused(simulate.run, draws=1000, overrides=["study=grid", "horizon=2040", "output=zz", "resume=true"])
    for line, start in zip(found, ("override 1: 'study'", "override 3: 'output'", "override 4: 'resume'"), strict=True):
        assert line.startswith(f"{start} means nothing to this function; "), line
    assert "simulate.compare" in found[0]
    assert "store.save" in found[1]
    (line,) = refused(simulate.sensitivity, overrides=["sampling=sobol"])
    assert line == "override 1: 'sampling' means nothing to this function; only simulate.run takes it"


def test_an_unknown_set_is_a_mistake() -> None:
    with pytest.raises(Mistakes, match="did you mean 'baseline_2026'"):
        simulate.run("baseline_2025", draws=DRAWS)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    ds = simulate.run(draws=DRAWS, keep="draws", overrides=["horizon=2032"])
    folder = store.save(ds, tmp_path / "run", figures=())
    again = simulate.load(folder)
    xr.testing.assert_identical(again, ds)
    xr.testing.assert_identical(simulate.load(folder / "result.nc"), ds)
    xr.testing.assert_identical(simulate.load(str(folder)), ds)
    assert np.isinf(again["crossing"].values).any()


def test_a_changed_result_is_not_loaded(tmp_path: Path) -> None:
    folder = store.save(simulate.run(draws=DRAWS), tmp_path / "run", figures=())
    file = folder / "result.nc"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(IntegrityError):
        simulate.load(folder)


def test_every_figure_of_an_old_run(tmp_path: Path) -> None:
    folder = store.save(simulate.run(draws=DRAWS), tmp_path / "run", figures=())
    paths = simulate.plots.save_all(simulate.load(folder), tmp_path / "figures")
    assert {path.name for path in paths} == {
        f"{name}.{kind}" for name in simulate.plots.FIGURES if name != "hypotheses" for kind in ("png", "svg")
    }  # of a set without hypotheses
    assert all(path.stat().st_size > 5_000 for path in paths)


def test_only_what_is_offered() -> None:
    with pytest.raises(AttributeError, match="no attribute 'rnu'"):
        simulate.rnu  # noqa: B018
    studies = {"attribute", "compare", "explain", "grid", "sensitivity", "structures"}
    assert set(simulate.__all__) == {"load", "plots", "reweight", "run", *studies}
    assert all(hasattr(simulate, name) for name in simulate.__all__)
