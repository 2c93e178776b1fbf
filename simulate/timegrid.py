"""The grid of instants: from `start` to `horizon` by `step`, in decimal years (2030 is 1 January 2030, 0 h)."""

from __future__ import annotations

import numpy as np

from simulate.checking import Check
from simulate.errors import shown
from simulate.rows import EARLIEST, LATEST, is_number

DEFAULTS = {"start": 2026.0, "horizon": 2060.0, "step": 1.0}
MOST_YEARS = 2000
SHORTEST = 0.002
PLACEHOLDER = np.array([2026.0, 2027.0])  # so that the other checks can go on


def instants(check: Check) -> np.ndarray:
    """Check the three keys and lay out the grid, shape (year,)."""
    before = len(check.mistakes)
    found = {}
    for key, default in DEFAULTS.items():
        value = check.settings.get(key)
        value = default if value is None else value
        if not is_number(value):
            check.wrong(
                key, f"{key} = {shown(value)} is not a number", "give years" if key == "step" else "give a decimal year"
            )
            continue
        found[key] = float(value)
        if key != "step" and not EARLIEST <= value <= LATEST:
            hint = f" (did you mean {2000 + value:g}?)" if 0 < value < 100 else ""
            check.wrong(key, f"{key} = {value:g}", f"allowed: {EARLIEST:g} to {LATEST:g}{hint}")
        if key == "step" and not (SHORTEST <= value <= 1.0 and abs(round(1.0 / value) * value - 1.0) < 1e-9):
            check.wrong(key, f"step = {value:g}", "a year divided by a whole number: 1, 0.5, 0.25, 0.2, 0.1 ...")
    if len(check.mistakes) > before:
        return PLACEHOLDER
    start, horizon, step = (found[key] for key in DEFAULTS)
    a_year = round(1.0 / step)  # so that every spelling of a third of a year meets the whole years, however far off
    steps = (horizon - start) * a_year
    if horizon <= start:
        if check.in_words("start") and not check.in_words("horizon"):
            check.wrong("start", f"start ({start:g}) is not before horizon ({horizon:g})", "give a later horizon too")
        else:
            where = check.where("start")
            check.wrong("horizon", f"horizon ({horizon:g}) is not after start ({start:g}, {where})", "swapped?")
    elif abs(steps - round(steps)) > 1e-6:
        what = f"horizon - start = {horizon - start:g} is no whole number of steps of {step:g}"
        check.wrong("horizon", what, "move one of them")
    elif steps > MOST_YEARS:
        check.wrong("step", f"{steps:.0f} instants", f"at most {MOST_YEARS}: a longer step or a nearer horizon")
    return PLACEHOLDER if len(check.mistakes) > before else start + np.arange(round(steps) + 1) / a_year
