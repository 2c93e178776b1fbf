"""A synthetic result in the form that a run yields, made in plain NumPy, for the tests of figures, tables and store.

It is no model: lines with random slopes, and thresholds of every sort (certain, uncertain, rare, never, already).
"""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from simulate import intervals

QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])

THRESHOLDS = {
    "eu_systemic_risk": (25.0, 0.0, "largest_run"),
    "us_order": (26.0, 0.0, "largest_run"),
    "year_of_h100s": (28.0, 0.0, "largest_run"),
    "all_public_text": (28.7, 0.0, "largest_run"),
    "flop_1e30": (30.0, 0.0, "largest_run"),
    "rare": (32.1, 0.0, "largest_run"),
    "never": (60.0, 0.0, "largest_run"),
    "gpt_4_squared": (33.0, 0.4, "largest_effective"),
    "transformative": (35.0, 2.0, "largest_effective"),
}

HOSTILE = [
    "$\\frac{1}$",
    "$a_{b$",
    "$$",
    "from $1 to $2",
    "x" * 10_000,
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[bold red]markup[/] \x1b[31mred\x1b[0m \x07",
    "_hidden from legends",
    "=HYPERLINK(1)",
    "a\nb\tc\0d",
    "\ud800 surrogate",
    "日本語 ☃ 🙂",
    "${oc.env:HOME} {{7*7}} %s %(x)s {0}",
    "",
]


def make(
    draws: int = 4000,
    seed: int = 1,
    title: str = "Baseline 2026",
    name: str = "baseline_2026",
    rename: dict[str, str] | None = None,
    thresholds: dict[str, tuple[float, float, str]] | None = None,
    start: float = 2026.0,
    horizon: float = 2060.0,
    step: float = 1.0,
    inputs: int = 24,
    hypotheses: dict[str, float] | None = None,
) -> xr.Dataset:
    """Return a result of `draws` draws; `rename` maps names of thresholds, ceilings and inputs to (hostile) others."""
    rng = np.random.default_rng(seed)
    rename = rename or {}
    stated = THRESHOLDS if thresholds is None else thresholds
    year = start + step * np.arange(round((horizon - start) / step) + 1)
    e = year - start

    growth = rng.lognormal(np.log(0.35), 0.35, draws)[:, None]
    after = 0.25 * growth
    bend = rng.uniform(3.0, 9.0, draws)[:, None]
    trend = 26.9 + rng.normal(0, 0.05, draws)[:, None] + growth * np.minimum(e, bend) + after * np.maximum(e - bend, 0)
    paths = {
        "money": trend,
        "chips": 27.0 + rng.normal(0.2, 0.15, draws)[:, None] + rng.normal(0.22, 0.03, draws)[:, None] * e,
        "power": 27.3 + rng.normal(0.1, 0.2, draws)[:, None] + rng.normal(0.16, 0.03, draws)[:, None] * e,
        "data": 28.0 + rng.normal(0.0, 0.3, draws)[:, None] + rng.normal(0.13, 0.03, draws)[:, None] * e,
        "latency": np.full((draws, year.size), 31.0) + rng.normal(0, 0.4, draws)[:, None],
        "trend": trend + 1.0,
    }
    active = ["money", "chips", "power", "data", "latency"]
    stack = np.stack([paths[c] for c in active])
    training = stack.min(axis=0)
    gain = rng.lognormal(np.log(0.3), 0.4, draws)[:, None] * e
    effective = training + gain
    quantities = {
        "gwp": (14.0 + rng.normal(0.013, 0.004, draws)[:, None] * e, "log10 USD", "gross world product"),
        "spend": (training - 17.5, "log10 USD2023", "spending on the largest run"),
        "power": (training - 18.5, "log10 W", "power of the largest run"),
        "algorithm_gain": (gain, "OOM", "algorithmic gain"),
        "training_compute": (training, "log10 FLOP", "training compute of the largest run"),
        "largest_run": (np.maximum.accumulate(training, 1), "log10 FLOP", "largest run so far"),
        "effective_compute": (effective, "log10 FLOP", "effective compute of the largest run"),
        "largest_effective": (np.maximum.accumulate(effective, 1), "log10 FLOP", "largest effective compute so far"),
    }
    called = [rename.get(t, t) for t in stated]
    ceilings = [rename.get(c, c) for c in [*active, "trend"]]
    data = xr.Dataset(
        coords={
            "year": ("year", year, {"long_name": "decimal year", "units": "1"}),
            "quantile": QUANTILES,
            "crossing_quantile": QUANTILES,
            "threshold": np.array(called, dtype=object),
            "ceiling": np.array(ceilings, dtype=object),
            "active": ("ceiling", np.array([1] * len(active) + [0], dtype=np.int8)),
            "draw": np.arange(50),
        }
    )
    for quantity, (values, units, long_name) in quantities.items():
        attrs = {"units": units, "long_name": long_name}
        data[quantity] = (("quantile", "year"), _quantiles(values), attrs)
        data[f"{quantity}_mean"] = ("year", values.mean(0), attrs)
        data[f"{quantity}_sd"] = ("year", values.std(0), attrs)
    data["ceiling_compute"] = (
        ("ceiling", "quantile", "year"),
        np.stack([_quantiles(paths[c]) for c in [*active, "trend"]]),
        {"units": "log10 FLOP"},
    )
    lowest = stack.argmin(axis=0)
    shares = [np.mean(lowest == i, axis=0) for i in range(len(active))]
    data["binding"] = (("ceiling", "year"), np.stack([*shares, np.zeros(year.size)]))
    _crossings(data, stated, quantities, year, draws, rng)
    data["training_compute_draw"] = (("draw", "year"), training[:50].astype(np.float32))
    data["effective_compute_draw"] = (("draw", "year"), effective[:50].astype(np.float32))
    _inputs(data, inputs, rename, rng)
    _hypotheses(data, {"slow": 0.6, "fast": 0.4} if hypotheses is None else hypotheses, rename)
    data["effective_sample_size"] = ((), float(draws))
    data.attrs = {
        "title": title,
        "name": name,
        "assumptions": json.dumps({"name": name, "start": start}),
        "draws": draws,
        "seed": seed,
        "start": start,
        "horizon": horizon,
        "step": step,
        "versions": json.dumps({"numpy": "2"}),
        "source_hash": "0" * 64,
        "config_hash": "1" * 64,
        "statement": "A projection conditional on these assumptions",
        "timings": json.dumps({"kernel": 0.5}),
    }
    return data


def _quantiles(values: np.ndarray) -> np.ndarray:
    return np.quantile(values, QUANTILES, axis=0, method="inverted_cdf")


def _crossings(data: xr.Dataset, stated, quantities, year, draws, rng) -> None:
    dates = []
    levels = []
    for level, spread, quantity in stated.values():
        at = level + spread * rng.standard_normal(draws)
        levels.append(np.quantile(at, QUANTILES, method="inverted_cdf"))
        above = quantities[quantity][0] - at[:, None]
        first = np.argmax(above >= 0, axis=1)
        left = np.maximum(first - 1, 0)
        row = np.arange(draws)
        with np.errstate(all="ignore"):
            part = -above[row, left] / (above[row, first] - above[row, left])
        date = year[left] + part * (year[1] - year[0])
        date = np.where(above[:, 0] >= 0, -np.inf, np.where(above[:, -1] < 0, np.inf, date))
        dates.append(date)
    when = np.array(dates).reshape(len(stated), draws)
    hits = (when[:, :, None] <= year).sum(axis=1).reshape(len(stated), year.size)
    p = hits / draws
    low, high = intervals.binomial(hits, draws)
    over_time = ("threshold", "year")
    data["probability"] = (over_time, p)
    data["probability_error"] = (over_time, np.sqrt(p * (1 - p) / draws))
    data["probability_low"], data["probability_high"] = (over_time, low), (over_time, high)
    crossing = np.quantile(when, QUANTILES, axis=1, method="inverted_cdf").T.reshape(len(stated), QUANTILES.size)
    data["crossing"] = (("threshold", "crossing_quantile"), crossing)
    data["crossing_error"] = (("threshold", "crossing_quantile"), np.where(np.isfinite(crossing), 0.05, np.nan))
    data["never"] = ("threshold", np.mean(when == np.inf, axis=1))
    data["already"] = ("threshold", np.mean(when == -np.inf, axis=1))
    edges = np.arange(year[0], year[-1] + 1e-9, 0.1)
    data.coords["crossing_bin"] = ("crossing_bin", edges[:-1], {"width": 0.1})
    density = np.array([np.histogram(w[np.isfinite(w)], edges)[0] / draws for w in when])
    data["crossing_density"] = (("threshold", "crossing_bin"), density.reshape(len(stated), edges.size - 1))
    data["threshold_level"] = (
        ("threshold", "quantile"),
        np.array(levels).reshape(len(stated), QUANTILES.size),
        {"units": "log10"},
    )
    data["threshold_quantity"] = ("threshold", np.array([q for _, _, q in stated.values()], dtype=object))


def _inputs(data: xr.Dataset, count: int, rename: dict[str, str], rng) -> None:
    kinds = [
        ("spend_start", 1.2e9, 0.2, "USD2023"),
        ("spend_growth", 2.4, 0.1, "x/yr"),
        ("chip_growth", 2.3, 0.15, "x/yr"),
        ("utilisation", 0.38, 0.1, "fraction"),
        ("chip_flops", 9.9e14, 0.0, "FLOP/s per H100e"),
        ("run_length_start", 110.0, 0.3, "day"),
        ("chip_half_life", 7.5, 0.4, "years to halve"),
        ("power_limit", 4.2e11, 0.8, "W"),
    ]
    rows = [(k[0] + ("" if i < 8 else f"_{i // 8}"), *k[1:]) for i, k in ((i, kinds[i % 8]) for i in range(count))]
    values = np.array([m * np.exp(s * rng.standard_normal(2000)) for _, m, s, _ in rows]).reshape(count, 2000)
    source = (
        "Sevilla and Roldan (2024), Training compute of frontier AI models grows by 4-5x per year, https://epoch.ai/x"
    )
    texts = {
        "input_unit": [r[3] for r in rows],
        "input_source": [source if i % 3 else "=assumed" for i in range(count)],
        "input_note": ["a note" for _ in rows],
        "input_dist": ["value" if r[2] == 0 else "lognormal" for r in rows],
    }
    data.coords["input"] = np.array([rename.get(r[0], r[0]) for r in rows], dtype=object)
    quantiles = np.quantile(values, QUANTILES, axis=1).T.reshape(count, QUANTILES.size)
    data["inputs"] = (("input", "quantile"), quantiles)
    for key, column in texts.items():
        data[key] = ("input", np.array([rename.get(c, c) for c in column], dtype=object))
    data["truncated"] = ("input", np.where(np.arange(count) == 3, 0.012, 0.0))


def _hypotheses(data: xr.Dataset, weights: dict[str, float], rename: dict[str, str]) -> None:
    """Hypotheses that differ by half an order of magnitude; the set states two thresholds itself."""
    data["threshold_own"] = (
        "threshold",
        np.array([i in (2, data.sizes["threshold"] - 1) for i in range(data.sizes["threshold"])], np.int8),
    )
    if not weights:
        return
    data.coords["hypothesis"] = np.array([rename.get(name, name) for name in weights], dtype=object)
    for name in ("hypothesis_weight", "hypothesis_posterior"):
        data[name] = ("hypothesis", np.array(list(weights.values())))
    shift = xr.DataArray(np.linspace(-0.2, 0.3, len(weights)), dims="hypothesis")
    for name in ("training_compute", "effective_compute"):
        data[f"{name}_by_hypothesis"] = (data[name] + shift).assign_attrs(data[name].attrs)
    data["probability_by_hypothesis"] = (data["probability"] * (1 + shift)).clip(0, 1)


def hostile(text: str) -> xr.Dataset:
    """Return a result in which the free texts are `text`: title, names of rows, units, sources."""
    names = ["slow", "us_order", "transformative", "money", "spend_start", "USD2023", "=assumed", "a note"]
    return make(draws=400, title=text, name=text, rename=dict.fromkeys(names, text))
