"""Numbers, dates and names as a reader may trust them: no digit that the draws do not support, no text that does harm.

A share from n draws has a standard error; the last digit printed is the one that the error reaches. A share of no draws
is not 0 %, it is below a limit. A date beyond the horizon is not missing, it is "beyond". And a title that somebody
else wrote is text: never markup, never a control code, never ten thousand characters.
"""

from __future__ import annotations

import math
import unicodedata

from simulate.intervals import FEW, at_most, binomial, standard_error

LONGEST = 200
"""Characters of a text that are shown at most."""

LEAST = 1 - 1e-6
"""Draws behind a share, in weights, below which it is told as a limit; one draw is so many, whatever rounding does."""

TIMES, DASH = "\u00d7", "\u2013"

_SUPERSCRIPT = str.maketrans("0123456789-+.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺·")


def clean(text: object, longest: int = LONGEST) -> str:
    """Return one harmless line: control, direction and unpaired surrogate characters escaped, cut to `longest`."""
    # Cut first: escaping a million characters only to drop them takes seconds.
    raw = str(text)[: longest + 1]
    line = "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE else c for c in raw)
    return line if len(line) <= longest else line[: longest - 1] + "…"


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def superscript(number: object) -> str:
    """Return the number in superscript digits: 27 becomes ²⁷."""
    return str(number).translate(_SUPERSCRIPT)


def power_of_ten(log10: float, digits: int = 2) -> str:
    """Return 10**log10 with `digits` significant digits: 27.3 becomes 2.0 times 10²⁷; a whole exponent stays 10²⁷.

    digits = 0 gives the nearest whole power, for a value of which no digit is known.
    """
    if not math.isfinite(log10):
        return "unbounded" if log10 > 0 else ("0" if log10 < 0 else "unknown")
    if digits < 1:
        return "~10" + superscript(round(log10))
    exponent = math.floor(log10)
    mantissa = f"{10 ** (log10 - exponent):.{digits - 1}f}"
    if mantissa.startswith("10"):
        exponent, mantissa = exponent + 1, f"{1:.{digits - 1}f}"
    if float(mantissa) == 1 and abs(log10 - exponent) < 1e-9:
        return "10" + superscript(exponent)
    return f"{mantissa}{TIMES}10{superscript(exponent)}"


def number(value: float, digits: int = 3) -> str:
    """Return a value with `digits` significant digits, with a power of ten where it is very large or small."""
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        decimals = digits - 1 - math.floor(math.log10(abs(value)))
        rounded = round(value, decimals)
        return f"{rounded:,.{max(decimals, 0)}f}" if abs(rounded) >= 1e4 else f"{rounded:.{max(decimals, 0)}f}"
    return ("-" if value < 0 else "") + power_of_ten(math.log10(abs(value)), digits)


def value(stored: float, units: str, digits: int = 2) -> str:
    """Return a value of a quantity stored in `units`, without the unit: the amount itself if those are a logarithm.

    27.3 in "log10 FLOP" becomes 2.0 times 10²⁷, 0.3 in "log10 1" becomes 2.0, and 5.25 in "OOM" stays 5.2.
    """
    if not units.startswith("log10 "):
        return number(stored, max(digits, 1))
    handy = -3 <= stored < 5 and digits > 0
    return number(10.0**stored, digits) if handy else power_of_ten(stored, digits)


def unit(units: str) -> str:
    """Return the unit that a reader sees beside `value`: "log10 FLOP" is told in FLOP, a bare number in none."""
    shown = units.removeprefix("log10 ")
    return "" if shown == "1" else shown


def level(stored: float, units: str) -> str:
    """Return a value of a quantity with its unit: 27.3 in "log10 FLOP" becomes 2.0 times 10²⁷ FLOP."""
    return f"{value(stored, units)} {unit(units)}".rstrip()


def written(amount: float, unit: str, digits: int = 3) -> str:
    """Return a value of an input in its written unit; a date keeps its whole year and one decimal."""
    return f"{amount:.1f}" if unit == "year" and abs(amount) >= 1000 else number(amount, digits)


def places(error: float) -> int:
    """Return how many decimals an error supports: the place of its first digit (negative: tens, hundreds)."""
    return -math.floor(math.log10(float(f"{error:.0e}")))


def fixed(value: float, decimals: int) -> str:
    """Return the value rounded at that decimal; negative decimals round to tens or hundreds."""
    return f"{round(value, decimals):.{max(decimals, 0)}f}"


def percent(share: float, draws: float, error: float | None = None) -> tuple[str, str]:
    """Return a share as (value, uncertainty) in percent, without the sign: ("45.31", "±0.05").

    Few hits or misses give the exact 95 % interval instead of an error: ("0.0010",
    "0.0005 to 0.0018" with a dash). None or all of the draws give a one-sided 95 % limit alone: ("<0.00030", ""); a
    weight of less than one draw gives the end of its interval as a limit. The error is computed from `draws` where it
    is not given; an error of 0 is that of a share which no draw decides.
    """
    if not math.isfinite(share):
        return "unknown", ""
    few = draws * min(share, 1 - share)
    if few < LEAST:
        # Of draws with weights as little as 1e-9 of one may have crossed: that share has no digit.
        limit = 100 * (at_most(draws) if few <= 0 else float(binomial(few, draws)[1]))
        decimals = max(places(limit) + 1, 0)
        limit = math.ceil(limit * 10**decimals - 1e-9) / 10**decimals
        return (f"<{limit:.{decimals}f}", "") if share < 0.5 else (f">{100 - limit:.{decimals}f}", "")
    by_chance = float(standard_error(share, draws))
    if error is None or not math.isfinite(error):
        error = by_chance
    decimals = places(100 * (error or by_chance))
    value = fixed(100 * share, decimals)
    if error and few < FEW - 0.5:
        low, high = binomial(min(share * draws, draws), draws)
        return value, f"{_end(100 * float(low), decimals)}{DASH}{_end(100 * float(high), decimals)}"
    return value, f"±{fixed(100 * error, decimals)}"


def _end(value: float, decimals: int) -> str:
    """Return an end of an interval at the decimals of its middle, or with one digit where that would read 0 or 100."""
    distance = min(value, 100 - value)
    return fixed(value, max(decimals, places(distance)) if distance > 0 else 0)


def state(date: float, level: float, never: float) -> str:
    """Return what a quantile of a crossing date is: "already", "beyond" the horizon, or "crossed" at that date.

    A quantile is beyond where at least 1 - level of the draws never cross; so no median where half of them do not.
    """
    if date == -math.inf:
        return "already"
    return "crossed" if math.isfinite(date) and never < 1 - level - 1e-12 else "beyond"


def date(value: float, level: float, never: float, horizon: float, error: float = math.nan) -> str:
    """Return a crossing date as text, with at most one decimal: 2031.4, ">2060" or "already". An error of 0 is that of
    a certain date.
    """
    kind = state(value, level, never)
    if kind != "crossed":
        return "already" if kind == "already" else f">{horizon:g}"
    decimals = 0
    if math.isfinite(error):
        decimals = max(min(places(error), 1), 0) if error > 0.0 else 1
    return fixed(value, decimals)
