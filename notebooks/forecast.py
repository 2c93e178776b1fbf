# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A forecast, step by step
#
# How large will the largest training run be, and what does one assumption change? The numbers below are a projection
# conditional on the default set of assumptions, not a prediction.
#
# This is a notebook in plain text: `pip install jupytext jupyterlab` opens it in Jupyter, and `python
# notebooks/forecast.py` runs it as it is. Few draws keep it quick; a million take seconds.

# %%
import numpy as np

import simulate

ds = simulate.run("baseline_2026", draws=50_000, seed=1)
ds

# %% [markdown]
# ## What is in the result
#
# Every quantity has quantiles over the draws for every year, in log10 of its unit. Unit and meaning are attributes.

# %%
training = ds["training_compute"]
print(training.attrs["long_name"], "in", training.attrs["units"])
training.sel(quantile=[0.1, 0.5, 0.9], year=[2027, 2030, 2035, 2040]).to_pandas().round(2)

# %% [markdown]
# What limits the largest run? The share of draws in which each ceiling is the lowest:

# %%
ds["binding"].sel(year=[2027, 2030, 2035, 2040]).to_pandas().round(3)

# %% [markdown]
# ## Figures
#
# Each is a function of the result that gives matplotlib axes.

# %%
simulate.plots.fan(ds).figure

# %%
simulate.plots.probability(ds).figure

# %% [markdown]
# ## When is a threshold crossed?
#
# The probability of having crossed $10^{30}$ FLOP by an instant, with its Monte Carlo error, and the quantiles of the
# date. A date of `inf` lies beyond the horizon.

# %%
p = ds["probability"].sel(threshold="flop_1e30")
error = ds["probability_error"].sel(threshold="flop_1e30")
for year in (2032, 2035, 2040):
    print(f"by {year}: {100 * float(p.sel(year=year)):.1f} % ± {100 * float(error.sel(year=year)):.1f}")
ds["crossing"].sel(threshold=["flop_1e30", "agi_log_uniform"], crossing_quantile=[0.1, 0.5, 0.9]).to_pandas().round(1)

# %% [markdown]
# ## Changing one input
#
# What does the row say, and what if output of chips grew by half every year instead? Both runs use the same random
# numbers, so they differ by this row only.

# %%
print(str(ds["input_note"].sel(input="chip_growth").values)[:79], "...")
print(
    ds["inputs"].sel(input="chip_growth", quantile=[0.1, 0.5, 0.9]).values,
    ds["input_unit"].sel(input="chip_growth").item(),
)

# %%
slow = simulate.run("baseline_2026", draws=50_000, seed=1, inputs={"chip_growth": {"value": 1.5}})
median = {"baseline": ds, "chips at 1.5x/yr": slow}
for name, result in median.items():
    level = float(result["training_compute"].sel(quantile=0.5, year=2035))
    by = float(result["probability"].sel(threshold="flop_1e30", year=2035))
    print(f"{name:18} median 2035: 10^{level:.2f} FLOP, 10^30 by 2035: {100 * by:.0f} %")

# %% [markdown]
# ## Keeping the draws
#
# `keep="draws"` keeps every trajectory of every quantity, for questions that quantiles cannot answer: how far apart are
# money and power in the same future?

# %%
kept = simulate.run("baseline_2026", draws=5_000, seed=1, keep="draws", overrides=["horizon=2040"])
spend, power = kept["spend_draw"].sel(year=2035), kept["power_draw"].sel(year=2035)
print(
    "dollars per watt of the largest run, 10/50/90 %:",
    (10 ** (spend - power)).quantile([0.1, 0.5, 0.9]).values.round(1),
)
print("correlation of their logarithms:", np.corrcoef(spend, power)[0, 1].round(2))
