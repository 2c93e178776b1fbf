"""The whole model a second time, slowly and plainly, as a second opinion on the kernel.

Nothing here is shared with the package: random words are computed from the published Philox algorithm, distributions
come from scipy, growth is integrated by other means (a series where the kernel may use quadrature, quadrature where it
may use a closed form), and every quantity is looked up by name, instant by instant, so that the order of evaluation
needs no thought. Levels are log10 of the base unit; growth is in OOM per year; time is in decimal years.

The file reads from the bottom up: `reference` runs a `Model`, a `Model` has `Path`s (quantities that grow by a law),
a `Path` takes its numbers from drawn inputs, and inputs come from `quantile` functions of uniforms.
"""

import ast
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from typing import Any

import numpy as np
from reference_models import add_models
from scipy import optimize, special

Row = dict[str, Any]
LOG2 = math.log10(2)

# --------------------------------------------------------------------------------------------------------------------
# Random numbers: Philox4x32-10 (Salmon et al., SC 2011), addressed by seed, name, purpose and draw.

MASK = 0xFFFFFFFF
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
VALUE = 0  # the purpose of an input's or a threshold's own draw; 1 + k is year number k


def philox(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Encrypt four 32-bit counter words under two key words in plain integers, as the paper writes it."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0, product1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (product1 >> 32) ^ c1 ^ k0, product1 & MASK, (product0 >> 32) ^ c3 ^ k1, product0 & MASK
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return c0, c1, c2, c3


def philox_array(counter: tuple[Any, ...], key: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Do what `philox` does for uint64 arrays of counter words (a product of two 32-bit words fits)."""
    c0, c1, c2, c3 = np.broadcast_arrays(*(np.asarray(c, np.uint64) for c in counter))
    half, mask = np.uint64(32), np.uint64(MASK)
    k0, k1 = key
    for _ in range(10):
        product0, product1 = np.uint64(MULTIPLIERS[0]) * c0, np.uint64(MULTIPLIERS[1]) * c2
        c0, c1, c2, c3 = (
            (product1 >> half) ^ c1 ^ np.uint64(k0),
            product1 & mask,
            (product0 >> half) ^ c3 ^ np.uint64(k1),
            product0 & mask,
        )
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return c0, c1, c2, c3


def tag(name: str, purpose: int) -> int:
    """Join the 48-bit hash of a name with a 16-bit purpose."""
    if not 0 <= purpose < 2**16:
        raise ValueError(f"purpose {purpose} does not fit into 16 bits")
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") << 16 | purpose


def uniform_of_word(word: int) -> float:
    """Turn a 64-bit word into a uniform strictly between 0 and 1."""
    return ((word >> 12) + 0.5) * 2.0**-52


def uniform_of_draw(seed: int, name: str, purpose: int, draw: int) -> float:
    """Give one uniform by plain integers; `uniforms` gives the same ones in an array."""
    address, pair = tag(name, purpose), draw // 2
    x = philox((pair & MASK, pair >> 32, address & MASK, address >> 32), (seed & MASK, seed >> 32))
    return uniform_of_word((x[0] << 32 | x[1]) if draw % 2 == 0 else (x[2] << 32 | x[3]))


def uniforms(seed: int, name: str, purpose: int, draws: int) -> np.ndarray:
    """Give the uniforms (draw,) of one name and purpose."""
    address = tag(name, purpose)
    pair = np.arange((draws + 1) // 2, dtype=np.uint64)
    x = philox_array(
        (pair & np.uint64(MASK), pair >> np.uint64(32), address & MASK, address >> 32), (seed & MASK, seed >> 32)
    )
    even, odd = x[0] << np.uint64(32) | x[1], x[2] << np.uint64(32) | x[3]
    word = np.stack([even, odd], axis=1).reshape(-1)[:draws]
    return ((word >> np.uint64(12)).astype(float) + 0.5) * 2.0**-52


# --------------------------------------------------------------------------------------------------------------------
# Distributions: a quantile function and a distribution function for each family, both in the written unit.


class Distribution:
    """A quantile function of arrays in (0, 1) and its distribution function at a number."""

    def __init__(self, quantile: Callable[[np.ndarray], np.ndarray], below: Callable[[float], float]) -> None:
        self.quantile, self.below = quantile, below

    def mass(self, low: float, high: float) -> float:
        """Give the probability of [low, high]."""
        return self.below(high) - self.below(low)

    def within(self, low: float, high: float) -> "Distribution":
        """Cut to [low, high] and renormalise."""
        first, mass = self.below(low), self.mass(low, high)
        return Distribution(
            lambda u: self.quantile(first + u * mass), lambda x: min(max((self.below(x) - first) / mass, 0.0), 1.0)
        )


class Point(Distribution):
    """A single number; its probability does not come from `below`, because it may sit on an end of the interval."""

    def __init__(self, value: float) -> None:
        super().__init__(lambda u: np.full_like(u, value), lambda x: float(x >= value))
        self.value = value

    def mass(self, low: float, high: float) -> float:
        return float(low <= self.value <= high)

    def within(self, low: float, high: float) -> "Distribution":
        return self


class Mixture(Distribution):
    """Parts with weights; u chooses the part by cumulative weight, and its place in that part is the part's u."""

    def __init__(self, parts: list[tuple[float, Distribution]]) -> None:
        super().__init__(self._quantile, lambda x: sum(weight * part.below(x) for weight, part in parts))
        self.parts = parts

    def _quantile(self, u: np.ndarray) -> np.ndarray:
        value, lower = np.full_like(u, np.nan), 0.0
        for number, (weight, part) in enumerate(self.parts):
            last = number == len(self.parts) - 1
            here = (u >= lower) & ((u < lower + weight) | last)
            value[here] = part.quantile((u[here] - lower) / weight)
            lower += weight
        return value

    def mass(self, low: float, high: float) -> float:
        return sum(weight * part.mass(low, high) for weight, part in self.parts)

    def within(self, low: float, high: float) -> "Distribution":
        """Cut every part; a part keeps the share of the remaining mass that is its own."""
        total, kept = self.mass(low, high), [(w * p.mass(low, high), p) for w, p in self.parts]
        return Mixture([(mass / total, part.within(low, high)) for mass, part in kept if mass > 0])


def normal(mean: float, sd: float) -> Distribution:
    """Give the normal distribution."""
    return Distribution(lambda u: mean + sd * special.ndtri(u), lambda x: float(special.ndtr((x - mean) / sd)))


def flat(first: float, last: float) -> Distribution:
    """Give the uniform distribution."""
    return Distribution(
        lambda u: first + (last - first) * u, lambda x: min(max((x - first) / (last - first), 0.0), 1.0)
    )


def exponentiated(inner: Distribution) -> Distribution:
    """Give the distribution of e**X (lognormal from normal, log-uniform from uniform)."""
    return Distribution(lambda u: np.exp(inner.quantile(u)), lambda x: inner.below(math.log(x)) if x > 0 else 0.0)


def triangle(mode: float) -> Distribution:
    """Give the triangular distribution on [0, 1]."""

    def quantile(u: np.ndarray) -> np.ndarray:
        return np.where(u <= mode, np.sqrt(u * mode), 1 - np.sqrt((1 - u) * (1 - mode)))

    def below(x: float) -> float:
        x = min(max(x, 0.0), 1.0)
        return x**2 / mode if x < mode else 1 - (1 - x) ** 2 / (1 - mode) if mode < 1 else 1.0

    return Distribution(quantile, below)


def pert(mode: float) -> Distribution:
    """Give the beta distribution on [0, 1] with the PERT shape 1 + 4*mode, 1 + 4*(1 - mode)."""
    a, b = 1 + 4 * mode, 1 + 4 * (1 - mode)
    return Distribution(
        lambda u: special.betaincinv(a, b, u), lambda x: float(special.betainc(a, b, min(max(x, 0.0), 1.0)))
    )


def three_points(shape: Callable[[float], Distribution], row: Row, interval: float) -> Distribution:
    """Stretch a shape on [0, 1] so that its mode and the ends of its central interval are the stated numbers.

    Only the place of the mode between the ends matters for the shape, so one equation in the mode on [0, 1] is left.
    """
    low, mode, high = float(row["low"]), float(row["mode"]), float(row["high"])
    tails = np.array([(1 - interval) / 2, (1 + interval) / 2])

    def ends(place: float) -> tuple[float, float]:
        q = shape(place).quantile(tails) if interval < 1 else np.array([0.0, 1.0])
        return float(q[0]), float(q[1])

    def excess(place: float) -> float:
        first, last = ends(place)
        return (place - first) / (last - first) - (mode - low) / (high - low)

    place = (mode - low) / (high - low) if interval >= 1 else optimize.brentq(excess, 0, 1, xtol=1e-15, rtol=1e-14)
    first, last = ends(place)
    width = (high - low) / (last - first)
    origin, unit = low - width * first, shape(place)
    return Distribution(lambda u: origin + width * unit.quantile(u), lambda x: unit.below((x - origin) / width))


def metalog(row: Row, interval: float) -> Distribution:
    """Give the three-term metalog through low, mid, high, within `min` and `max` (Keelin 2016)."""
    low, high = row.get("min"), row.get("max")
    if low is None and high is None:
        forward, back = (lambda x: x), (lambda y: y)
    elif high is None:
        forward, back = (lambda x: math.log(x - low)), (lambda y: low + np.exp(y))
    elif low is None:
        forward, back = (lambda x: -math.log(high - x)), (lambda y: high - np.exp(-y))
    else:
        forward = lambda x: math.log((x - low) / (high - x))  # noqa: E731
        back = lambda y: low + (high - low) * special.expit(y)  # noqa: E731

    def terms(u: np.ndarray) -> np.ndarray:
        logit = np.log(u) - np.log1p(-u)
        return np.stack([np.ones_like(u), logit, (u - 0.5) * logit])

    points = np.array([(1 - interval) / 2, 0.5, (1 + interval) / 2])
    weights = np.linalg.solve(terms(points).T, [forward(float(row[k])) for k in ("low", "mid", "high")])

    def quantile(u: np.ndarray) -> np.ndarray:
        return back(np.tensordot(weights, terms(u), 1))

    def below(x: float) -> float:
        first, last = 1e-300, 1 - 2.0**-53
        values = quantile(np.array([first, last]))
        if x <= values[0] or x >= values[1]:
            return float(x >= values[1])
        return optimize.brentq(lambda u: float(quantile(np.array([u]))[0]) - x, first, last, xtol=1e-16)

    return Distribution(quantile, below)


def by_quantiles(points: list[list[float]]) -> Distribution:
    """Give the distribution through stated quantiles, linear in the normal quantile between and beyond them."""
    z = special.ndtri(np.array([float(p) for p, _ in points]))
    x = np.array([float(value) for _, value in points])

    def broken_line(at: Any, knots: np.ndarray, heights: np.ndarray) -> Any:
        k = np.clip(np.searchsorted(knots, at) - 1, 0, len(knots) - 2)
        return heights[k] + (at - knots[k]) * (heights[k + 1] - heights[k]) / (knots[k + 1] - knots[k])

    return Distribution(
        lambda u: broken_line(special.ndtri(u), z, x), lambda v: float(special.ndtr(broken_line(v, x, z)))
    )


def distribution(row: Row, interval: float = 0.8) -> Distribution:
    """Build the distribution of a row; `interval` is the one to inherit."""
    interval = float(row.get("interval", interval))
    family = row.get("dist", "quantiles" if "quantiles" in row else "point")
    low, high = (float(row.get(end, math.nan)) for end in ("low", "high"))
    z = special.ndtri((1 + interval) / 2)
    result: Distribution
    if "value" in row or family == "point":
        result = Point(float(row["value"]))
    elif family == "metalog":
        return metalog(row, interval)
    elif family == "normal" and "mean" in row:
        result = normal(float(row["mean"]), float(row["sd"]))
    elif family == "normal":
        result = normal((low + high) / 2, (high - low) / (2 * z))
    elif family == "lognormal" and "median" in row:
        result = exponentiated(normal(math.log(row["median"]), float(row["sd_ln"])))
    elif family == "lognormal":
        result = exponentiated(normal(math.log(low * high) / 2, math.log(high / low) / (2 * z)))
    elif family in ("uniform", "loguniform"):
        first, last = (low, high) if family == "uniform" else (math.log(low), math.log(high))
        beyond = (last - first) * (1 / interval - 1) / 2
        result = flat(first - beyond, last + beyond)
        result = result if family == "uniform" else exponentiated(result)
    elif family in ("triangular", "beta"):
        result = three_points({"triangular": triangle, "beta": pert}[family], row, interval)
    elif family == "quantiles":
        result = by_quantiles(row["quantiles"])
    elif family == "mixture":
        result = Mixture([(float(part["weight"]), distribution(clean(part), interval)) for part in row["parts"]])
    else:
        raise ValueError(f"no distribution {family!r}")
    if "min" in row or "max" in row:
        result = result.within(float(row.get("min", -math.inf)), float(row.get("max", math.inf)))
    return result


# --------------------------------------------------------------------------------------------------------------------
# Units.

DAY = 86400.0
YEAR = 365.25 * DAY
FACTORS = {
    "day": DAY,
    "month": YEAR / 12,
    "year": YEAR,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "months per OOM": 1 / 12,
    "kW": 1e3,
    "MW": 1e6,
    "GW": 1e9,
    "%": 0.01,
}
GROWTH: dict[str, Callable[[Any], Any]] = {
    "x/yr": np.log10,
    "%/yr": lambda x: np.log10(1 + x / 100),
    "OOM/yr": lambda x: x,
    "nat/yr": lambda x: x / math.log(10),
    "years to double": lambda x: LOG2 / x,
    "years to halve": lambda x: LOG2 / x,
    "months to double": lambda x: 12 * LOG2 / x,
    "months to halve": lambda x: 12 * LOG2 / x,
}


def factor(unit: str, dollars: Mapping[int, float]) -> float:
    """Give the number of base units in a unit; a unit that is not known counts as a base unit."""
    for prefix, sign in (("FLOP/USD", -1), ("USD", 1)):
        year = unit.removeprefix(prefix)
        if unit.startswith(prefix) and year.isdigit() and int(year) != 2023:
            return float(dollars[int(year)]) ** sign
    return FACTORS.get(unit, 1.0)


def linear(x: Any, unit: str, dollars: Mapping[int, float]) -> Any:
    """Convert a written value to the base unit (s, W, FLOP, fraction ...)."""
    if unit.startswith("log10 ") or unit in ("OOM", "log10"):
        return 10.0 ** level(x, unit, dollars)
    return x * factor(unit, dollars)


def level(x: Any, unit: str, dollars: Mapping[int, float]) -> Any:
    """Convert a written value to the log10 of the base unit; growth becomes OOM/yr."""
    if unit in GROWTH:
        return GROWTH[unit](x)
    if unit in ("OOM", "log10"):
        return x
    if unit.startswith("log10 "):
        return x + math.log10(factor(unit.removeprefix("log10 "), dollars))
    return np.log10(x) + math.log10(factor(unit, dollars))


# --------------------------------------------------------------------------------------------------------------------
# Formulas.

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": lambda *x: reduce(np.minimum, x),
    "max": lambda *x: reduce(np.maximum, x),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "round": np.rint,
    "floor": np.floor,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "log10": np.log10,
    "exp": np.exp,
    "where": lambda condition, yes, no: np.where(np.asarray(condition) != 0, yes, no),
}
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


def truth(x: Any) -> np.ndarray:
    """Read a number as a truth value."""
    return np.asarray(x) != 0


def evaluate(node: ast.AST, name: Callable[[str], Any], previous: Callable[..., Any]) -> Any:
    """Evaluate a formula; truth values are the numbers 0.0 and 1.0.

    `name(n)` looks a name up; `previous(n)` or `previous(n, first)` gives a quantity one step ago.
    """
    inner = partial(evaluate, name=name, previous=previous)
    match node:
        case ast.Expression(body=body):
            return inner(body)
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return np.float64(value)
        case ast.Name(id=identifier):
            return name(identifier)
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return -inner(x)
        case ast.UnaryOp(op=ast.UAdd(), operand=x):
            return inner(x)
        case ast.UnaryOp(op=ast.Not(), operand=x):
            return (~truth(inner(x))).astype(float)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](inner(left), inner(right))
        case ast.BoolOp(op=op, values=values):
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return reduce(join, [truth(inner(x)) for x in values]).astype(float)
        case ast.Compare(left=left, ops=ops, comparators=rest):
            sides = [inner(x) for x in (left, *rest)]
            links = [OPERATORS[type(op)](a, b) for op, (a, b) in zip(ops, pairwise(sides), strict=True)]
            return np.asarray(reduce(np.logical_and, links)).astype(float)
        case ast.Call(func=ast.Name(id="previous"), args=[ast.Name(id=identifier), *first], keywords=[]):
            return previous(identifier, *(inner(x) for x in first))
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            return FUNCTIONS[function](*(inner(x) for x in arguments))
    raise ValueError(f"not allowed in a formula: {ast.dump(node)}")


def parse(formula: Any) -> ast.Expression:
    """Parse the text of a formula."""
    return ast.parse(str(formula).strip(), mode="eval")


def no_previous(name: str, first: Any = None) -> Any:
    """Refuse `previous` where there is no time."""
    raise ValueError(f"previous({name}) in the formula of an input")


def names_in(tree: ast.AST) -> set[str]:
    """Give all names that a formula reads, `previous` included where it is called."""
    calls = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in calls}
    return read | {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)} & {
        "previous"
    }


# --------------------------------------------------------------------------------------------------------------------
# Laws and limits. `e` is the time since the law began.


def law_exponential(e: Any, g: Any) -> Any:
    """Grow at a constant rate."""
    return g * e


def law_two_regime(year: Any, at: float, g: Any, after: Any, date: Any) -> Any:
    """Grow at one rate up to a date and at another from then on."""
    return g * (np.minimum(year, date) - np.minimum(at, date)) + after * (np.maximum(year, date) - np.maximum(at, date))


def law_decaying(e: Any, g: Any, half_life: Any) -> Any:
    """Grow at a rate that halves every half-life."""
    return g * half_life / math.log(2) * -np.expm1(-math.log(2) * e / half_life)


def law_lead_time(e: Any, g: Any, delay: Any) -> Any:
    """Grow at a rate at which each tenfold rise takes `delay` years longer; what shrinks waits for nothing."""
    with np.errstate(divide="ignore"):
        return np.where(np.asarray(g) > 0, e / (1 / np.asarray(g, float) + delay), g * e)


def law_superexponential(e: Any, g: Any, f: Any) -> Any:
    """Grow so that each doubling takes the fraction f less time than the one before; +inf from the pole on. What
    shrinks has no doublings.
    """
    x = e * g / LOG2  # elapsed time in first doublings
    f = np.where(np.asarray(g) > 0, f, 0.0)
    f = np.broadcast_to(f, np.broadcast_shapes(np.shape(x), np.shape(f)))
    safe = np.where(f > 0, f, 0.5)
    with np.errstate(divide="ignore"):  # the pole itself
        doublings = np.where(f > 0, np.log1p(-np.minimum(f * x, 1)) / np.log1p(-safe), x)
    return np.where(f * x >= 1, np.inf, LOG2 * doublings)


def law_reversion(e: Any, g: Any, after: Any, time: Any) -> Any:
    """Integrate the weighted geometric mean of two rates, g^w * after^(1-w) with w = exp(-s^2/(2 R^2)).

    The rate is after*exp(w*ln(g/after)); its power series in w is integrated term by term, since a power of a
    Gaussian is a Gaussian: after*(e + sum over k of ln(g/after)^k/k! * R*sqrt(pi/(2k))*erf(e/R*sqrt(k/2))).
    """
    ratio = np.log(g / after)
    total, power = np.asarray(e, float) * 1.0, np.ones_like(ratio)
    for k in range(1, 200):
        power = power * ratio / k
        total = total + power * time * math.sqrt(math.pi / (2 * k)) * special.erf(e / time * math.sqrt(k / 2))
        if np.all(np.abs(power) < 1e-20):
            break
    return after * total


def limited(v: Any, ceiling: Any, shape: str) -> Any:
    """Bend a level v below its ceiling."""
    if shape == "hard":
        return np.minimum(v, ceiling)
    with np.errstate(invalid="ignore"):
        distance = np.where(v == ceiling, 0.0, v - ceiling)
    if shape == "logistic":
        return np.minimum(v, ceiling) - np.log10(1 + 10.0 ** -np.abs(distance))
    if shape == "exponential":  # far below the ceiling 1 - exp(-x) is x
        return np.where(distance < -300, v, ceiling + np.log10(-np.expm1(-(10.0 ** np.maximum(distance, -300)))))
    raise ValueError(f"no limit {shape!r}")


# --------------------------------------------------------------------------------------------------------------------
# The model.

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


def clean(row: Any) -> Row:
    """Drop the fields that were not given."""
    return {key: value for key, value in (row or {}).items() if value is not None}


def rows_of(settings: Mapping[str, Any], key: str) -> dict[str, Row]:
    """Give the rows of one table."""
    return {name: clean(row) for name, row in (settings.get(key) or {}).items() if row is not None}


def drawn(row: Row) -> bool:
    """Tell whether a row is drawn: a pin or a formula wins over a distribution."""
    return "value" not in row and "formula" not in row


class Path:
    """A quantity that grows by a law: start, growth, volatility, and a limit if the driver asks for one."""

    def __init__(self, model: "Model", prefix: str, options: Mapping[str, Any]) -> None:
        self.model, self.prefix = model, prefix
        self.law = options.get("law") or "exponential"
        self.shape = options.get("limit") or "none"
        self.at = model.since(f"{prefix}_start", f"{prefix}_growth")

    def parameter(self, name: str, default: Any = None, convert: Callable[..., Any] = level) -> Any:
        """Give the parameter <prefix>_<name> (draw,) in kernel units."""
        full = f"{self.prefix}_{name}"
        if full not in self.model.inputs and default is not None:
            return np.full(self.model.draws, float(default))
        value = self.model.kernel(full, convert)
        if np.ndim(value) > 1:
            raise ValueError(f"{full} belongs to a growth law and cannot be drawn every year")
        return value

    def years(self, name: str) -> Any:
        """Give a duration in years."""
        return self.parameter(name, convert=linear) / YEAR

    def unlimited(self, year: Any) -> Any:
        """Give the level (draw,) at a date (or a date of each draw), before noise and limit."""
        e, g = year - self.at, self.parameter("growth", 0.0)
        start = self.parameter("start", 0.0 if self.prefix == "algorithm" else None)
        if self.law == "exponential":
            return start + law_exponential(e, g)
        if self.law == "two-regime":
            date = self.model.written[f"{self.prefix}_slowdown"]
            return start + law_two_regime(year, self.at, g, self.parameter("growth_after"), date)
        if self.law == "decaying":
            return start + law_decaying(e, g, self.years("half_life"))
        if self.law == "lead-time":
            return start + law_lead_time(e, g, self.parameter("delay", convert=linear))
        if self.law == "superexponential":
            return start + law_superexponential(e, g, self.parameter("acceleration", convert=linear))
        if self.law == "reversion":
            return start + law_reversion(e, g, self.parameter("growth_after"), self.years("reversion"))
        raise ValueError(f"no law {self.law!r}")

    def noise(self, year: Any) -> Any:
        """Give the sum of the yearly shocks up to a date: whole years, and the current one in proportion."""
        if f"{self.prefix}_volatility" not in self.model.inputs:
            return 0.0
        z = self.model.shocks(f"{self.prefix}_volatility")
        e = np.broadcast_to(np.maximum(year - self.model.start, 0.0), z.shape[1:])
        k = np.minimum(np.floor(e).astype(int), len(z) - 1)
        before = np.concatenate([np.zeros_like(z[:1]), np.cumsum(z, axis=0)])
        draw = np.arange(z.shape[1])
        return self.parameter("volatility") * (before[k, draw] + (e - k) * z[k, draw])

    def value(self, year: Any, ceiling: Any = None) -> Any:
        """Give the level (draw,) at a date, below the path's own limit or another one."""
        v = self.unlimited(year) + self.noise(year)
        if self.shape == "none":
            return v
        return limited(v, self.parameter("limit") if ceiling is None else ceiling, self.shape)

    def corners(self) -> list[Any]:
        """Give the dates (draw,) around which the unlimited path is not smooth."""
        if self.law == "two-regime":
            return [self.model.written[f"{self.prefix}_slowdown"]]
        if self.law == "superexponential":
            with np.errstate(all="ignore"):
                fraction = self.parameter("acceleration", convert=linear)
                pole = self.at + LOG2 / (self.parameter("growth") * fraction)
            pole = np.where(np.isfinite(pole), pole, -1e9)
            return [pole, *(pole - 3.0**-j for j in range(-3, 12))]
        return []


class Model:
    """All names of an assumption set with the way to their values."""

    def __init__(self, settings: Mapping[str, Any], draws: int, seed: int, dollars: Mapping[int, float]) -> None:
        for key in ("hypotheses", "evidence"):
            if settings.get(key):
                raise ValueError(f"{key}: `reference_mixture.variants` runs the whole set")
        self.settings, self.draws, self.seed, self.dollars = settings, draws, seed, dollars
        self.start = float(settings["start"])
        a_year = round(1.0 / float(settings.get("step") or 1))
        self.year = self.start + np.arange(round((float(settings["horizon"]) - self.start) * a_year) + 1) / a_year
        self.inputs, self.thresholds = rows_of(settings, "inputs"), rows_of(settings, "thresholds")
        self.drivers = {k: dict(v or {}) for k, v in (settings.get("drivers") or {}).items() if v is not None}
        self.coupled = self.correlate()
        self.written: dict[str, np.ndarray] = {}
        self.shaken: dict[str, np.ndarray] = {}
        for name in self.inputs:
            self.draw_input(name, ())
        self.quantities: dict[str, Callable[[int], Any]] = {}
        self.ceilings: dict[str, Callable[[int], Any]] = {}
        self.paths: dict[str, Path] = {}
        self.known: dict[tuple[str, str, int], Any] = {}
        self.add_drivers()
        self.add_own()
        inactive = settings.get("inactive") or []
        self.active = [name for name in self.ceilings if name not in inactive]

    # inputs

    def correlate(self) -> dict[str, np.ndarray]:
        """Give the uniforms (draw,) of all rows that are correlated with others, by a Gaussian copula."""
        rows = {**{f"threshold:{k}": r for k, r in self.thresholds.items()}, **self.inputs}
        order: list[str] = []
        pearson: dict[tuple[str, str], float] = {}
        for one, two, rank in self.settings.get("correlations") or []:
            a, b = (n if n in self.inputs else f"threshold:{n}" for n in (one, two))
            order += [n for n in (a, b) if n not in order and drawn(rows[n])]
            pearson[a, b] = pearson[b, a] = 2 * math.sin(math.pi * float(rank) / 6)
        if any(rows[n].get("each") for n in order):
            raise ValueError("a row that is drawn every year cannot be correlated")
        # One matrix over all groups: rows of different groups have zeros between them, also in the Cholesky factor.
        matrix = np.array([[1.0 if a == b else pearson.get((a, b), 0.0) for b in order] for a in order])
        if not order:
            return {}
        z = np.stack([special.ndtri(uniforms(self.seed, n, VALUE, self.draws)) for n in order])
        return dict(zip(order, special.ndtr(np.linalg.cholesky(matrix) @ z), strict=True))

    def draw_row(self, row: Row, name: str) -> np.ndarray:
        """Draw a row in its written unit: (draw,), or (year, draw) if it is drawn every year."""
        quantile = distribution(row).quantile
        if row.get("each") == "year":
            number = np.floor(self.year - self.start + 1e-9).astype(int)
            return np.stack([quantile(uniforms(self.seed, name, 1 + int(k), self.draws)) for k in number])
        u = self.coupled.get(name)
        return quantile(uniforms(self.seed, name, VALUE, self.draws) if u is None else u)

    def draw_input(self, name: str, waiting: tuple[str, ...]) -> np.ndarray:
        """Give an input in its written unit, after the inputs that its formula needs."""
        if name in waiting:
            raise ValueError(f"cycle of inputs: {' -> '.join((*waiting, name))}")
        if name not in self.written:
            row = self.inputs[name]
            if "value" in row:
                value = np.full(self.draws, float(row["value"]))
            elif "formula" in row:
                value = evaluate(parse(row["formula"]), lambda n: self.draw_input(n, (*waiting, name)), no_previous)
                value = np.broadcast_to(np.asarray(value, float), np.broadcast_shapes(np.shape(value), (self.draws,)))
            else:
                value = self.draw_row(row, name)
            self.written[name] = value
        return self.written[name]

    def shocks(self, name: str) -> np.ndarray:
        """Give the standard normal shocks (whole year since the start, draw) of a volatility."""
        if name not in self.shaken:
            years = max(1, math.ceil(self.year[-1] - self.start))
            z = [special.ndtri(uniforms(self.seed, name, 1 + k, self.draws)) for k in range(years)]
            self.shaken[name] = np.stack(z)
        return self.shaken[name]

    def kernel(self, name: str, convert: Callable[..., Any] = level) -> Any:
        """Give an input in kernel units: log10 and OOM/yr by `level`, the base unit by `linear`."""
        return convert(self.written[name], str(self.inputs[name].get("unit", "1")), self.dollars)

    def part(self, name: str, i: int, convert: Callable[..., Any] = level, default: float | None = None) -> Any:
        """Give an input in kernel units at instant i."""
        if name not in self.inputs and default is not None:
            return np.full(self.draws, default)
        value = self.kernel(name, convert)
        return value[i] if np.ndim(value) == 2 else value

    def since(self, *names: str) -> float:
        """Give the date from which a law runs: the first stated `at`, else the start of the set."""
        stated = (self.inputs[n]["at"] for n in names if "at" in self.inputs.get(n, {}))
        return float(next(stated, self.start))

    # names at an instant

    def at(self, kind: str, name: str, i: int) -> Any:
        """Give quantity or ceiling `name` (draw,) at instant i, computed once."""
        key = kind, name, i
        if key not in self.known:
            self.known[key] = None  # being computed
            table = self.quantities if kind == "quantity" else self.ceilings
            self.known[key] = np.broadcast_to(np.asarray(table[name](i), float), (self.draws,))
        if self.known[key] is None:
            raise ValueError(f"cycle through {kind} {name!r}")
        return self.known[key]

    def quantity(self, name: str, i: int) -> Any:
        """Give a quantity (draw,) at instant i."""
        return self.at("quantity", name, i)

    def look_up(self, name: str, i: int) -> Any:
        """Give what a name means in a formula at instant i: an input as written, a quantity or ceiling in log10."""
        if name in self.written:
            value = self.written[name]
            return value[i] if value.ndim == 2 else value
        if name == "year":
            return self.year[i]
        return self.at("quantity" if name in self.quantities else "ceiling", name, i)

    def formula(self, row: Row, i: int) -> Any:
        """Evaluate the formula of a row at instant i, in log10."""

        def previous(name: str, first: Any = None) -> Any:
            if i > 0:
                return self.look_up(name, i - 1)
            return self.look_up(name, 0) if first is None else first

        value = evaluate(parse(row["formula"]), lambda name: self.look_up(name, i), previous)
        return level(value, str(row.get("unit", "1")), self.dollars)

    def add_own(self) -> None:
        """Add the quantities and ceilings that the set states itself, and what follows from all ceilings."""
        for key, table in (("quantities", self.quantities), ("ceilings", self.ceilings)):
            for name, row in rows_of(self.settings, key).items():
                if name in table:
                    raise ValueError(f"{key}: {name!r} exists already")
                table[name] = partial(self.formula, row)
        if not self.ceilings:
            return
        if "price_performance" not in self.quantities:
            self.ceilings.pop("money", None)
        self.quantities |= {
            "training_compute": self.training_compute,
            "largest_run": self.largest_run,
            "effective_compute": self.effective_compute,
            "largest_effective": self.largest_effective,
        }

    def add_path(self, driver: str, prefix: str, quantity: str, first: bool = True) -> Path:
        """Add the quantity of a path; the first path of a driver has the driver's own law and limit."""
        options = self.drivers[driver].get(prefix) or (self.drivers[driver] if first else {})
        path = self.paths[prefix] = Path(self, prefix, options)
        self.quantities[quantity] = lambda i: path.value(self.year[i])
        return path

    # drivers

    def add_drivers(self) -> None:
        """Add the quantities and ceilings of all drivers of the set."""
        for name in ("economy", "investment", "hardware", "run", "chips", "power", "data", "latency"):
            if name in self.drivers:
                getattr(self, f"add_{name}")()
        if "trend" in self.drivers:
            self.add_path("trend", "trend", "trend")
            self.ceilings["trend"] = lambda i: self.quantity("trend", i)
        if "models" in self.drivers:
            add_models(self)
        if "algorithms" in self.drivers:
            self.add_algorithms()

    def add_economy(self) -> None:
        self.add_path("economy", "gwp", "gwp")

    def add_investment(self) -> None:
        path = self.add_path("investment", "spend", "spend")

        def limit(i: int) -> Any:
            """The smaller of the limits that the set states."""
            stated = [path.parameter("limit")] if "spend_limit" in self.inputs else []
            if "spend_limit_share" in self.inputs:
                stated.append(self.part("spend_limit_share", i) + self.quantity("gwp", i))
            return reduce(np.minimum, stated)

        if path.shape != "none":
            self.quantities["spend"] = lambda i: path.value(self.year[i], limit(i))
        self.ceilings["money"] = lambda i: self.quantity("spend", i) + self.quantity("price_performance", i)

    def add_hardware(self) -> None:
        self.add_path("hardware", "price_performance", "price_performance")

    def add_run(self) -> None:
        self.add_path("run", "run_length", "run_length")

    def used_time(self, i: int) -> Any:
        """Give utilisation times run length: the log10 of seconds at full use."""
        return self.part("utilisation", i) + self.quantity("run_length", i)

    def add_chips(self) -> None:
        path = self.add_path("chips", "chip", "chip_output")
        stock = np.log10(self.chip_stock(path))
        self.quantities["chips"] = lambda i: stock[i]
        self.ceilings["chips"] = lambda i: (
            self.quantity("chips", i) + self.part("chip_share", i) + self.part("chip_flops", i) + self.used_time(i)
        )

    def chip_stock(self, path: Path) -> np.ndarray:
        """Integrate dS/dt = output - retirement*S and give the stock (year, draw)."""
        began = self.since("chip_stock_start")
        out = np.empty((len(self.year), self.draws))
        share = self.kernel("chip_retirement", rate) if "chip_retirement" in self.inputs else 0.0
        shares = np.broadcast_to(share, out.shape)  # of one draw, or of one a year
        for side in (self.year >= began, self.year < began):  # forwards, and (rarely) backwards from `began`
            stock, now = self.kernel("chip_stock_start", linear), began
            wanted = sorted(np.flatnonzero(side), key=lambda i: abs(self.year[i] - began))
            for i in wanted:
                for date in self.stations(now, self.year[i]):
                    stock = stock * np.exp(-shares[i] * (date - now)) + self.produced(path, shares[i], now, date)
                    now = date
                out[i] = stock
        return out

    def stations(self, a: float, b: float) -> list[float]:
        """Give the quarters of years between two dates, and the later date itself."""
        quarter = self.start + np.arange(math.floor((min(a, b) - self.start) * 4), (max(a, b) - self.start) * 4) / 4
        between = [q for q in quarter if min(a, b) + 1e-9 < q < max(a, b) - 1e-9]
        return [float(q) for q in (between if b > a else between[::-1])] + ([float(b)] if b != a else [])

    def produced(self, path: Path, share: Any, a: float, b: float) -> Any:
        """Give the integral of output*exp(-share*(b - t)) from a to b, split where the output has a corner."""
        breaks = [np.full(self.draws, float(x)) for x in (a, b)]
        breaks += [np.clip(c, min(a, b), max(a, b)) for c in path.corners()]
        if path.shape == "hard":
            breaks.append(self.reaches_limit(path, a, b))
        ends = np.sort(np.stack(breaks), axis=0)
        ends = ends if b >= a else ends[::-1]
        total = np.zeros(self.draws)
        for left, right in pairwise(ends):
            for node, weight in zip(NODES, WEIGHTS, strict=True):
                t = (left + right) / 2 + node * (right - left) / 2
                with np.errstate(over="ignore", invalid="ignore"):
                    piece = weight * (right - left) / 2 * 10.0 ** path.value(t) * np.exp(-share * (b - t))
                total = total + np.where(left == right, 0.0, piece)
        return total

    def reaches_limit(self, path: Path, a: float, b: float) -> Any:
        """Give the date (draw,) between a and b at which the path meets its limit, or b, by bisection."""
        above = lambda t: path.unlimited(t) + path.noise(t) > path.parameter("limit")  # noqa: E731
        left, right = np.full(self.draws, a), np.full(self.draws, b)
        first, last = above(left), above(right)
        for _ in range(70):
            middle = (left + right) / 2
            same = above(middle) == first
            left, right = np.where(same, middle, left), np.where(same, right, middle)
        return np.where(first == last, b, right)

    def add_power(self) -> None:
        self.add_path("power", "power", "power")
        self.add_path("power", "efficiency", "efficiency", first=False)
        self.ceilings["power"] = lambda i: (
            self.quantity("power", i) + self.quantity("efficiency", i) + self.used_time(i)
        )

    def add_data(self) -> None:
        self.add_path("data", "token", "token_stock")

        def tokens(i: int) -> Any:
            worth = sum(self.part(f"token_{n}", i, default=0.0) for n in ("quality", "epochs", "modalities"))
            made = self.part("synthetic_tokens", i, linear, 0.0) * (self.year[i] - self.start)
            return np.log10(10.0 ** (self.quantity("token_stock", i) + worth) + made)

        self.quantities["tokens"] = tokens
        self.ceilings["data"] = lambda i: (
            math.log10(6) + 2 * self.quantity("tokens", i) - self.part("tokens_per_parameter", i)
        )

    def add_latency(self) -> None:
        if "machine_start" in self.inputs:
            self.add_path("latency", "machine", "machine")

        def parameters(i: int) -> Any:
            reference, ratio = self.part("parameters_reference", i), self.part("tokens_per_parameter", i)
            # the time that the model of reference size takes: layers * latency * steps
            time = self.part("latency_per_layer", i) + self.part("layers_reference", i)
            time = time + ratio + reference - self.part("batch_reference", i)
            power = 1 + self.part("layer_scaling", i, linear) - self.part("batch_scaling", i, linear)
            return reference + (self.quantity("run_length", i) - time) / power

        def ceiling(i: int) -> Any:
            size = self.quantity("parameters_by_latency", i)
            wall = math.log10(6) + self.part("tokens_per_parameter", i) + 2 * size
            return (
                np.minimum(wall, self.quantity("machine", i) + self.used_time(i)) if "machine" in self.paths else wall
            )

        self.quantities["parameters_by_latency"] = parameters
        self.ceilings["latency"] = ceiling

    def add_algorithms(self) -> None:
        path = self.add_path("algorithms", "algorithm", "algorithm_gain")

        def gain(i: int) -> Any:
            start, year = path.parameter("start", 0.0), self.year[i]
            by_time = path.unlimited(year) + path.noise(year) - start
            grown = by_time
            if "algorithm_compute_share" in self.inputs:
                share = self.part("algorithm_compute_share", i, linear)
                compute = self.quantity("training_compute", i) - self.quantity("training_compute", 0)
                pace = self.part("algorithm_reference_growth", i, default=1.0)
                by_compute = path.parameter("growth") * compute / pace
                with np.errstate(invalid="ignore"):  # nothing of what is infinite is nothing
                    left = np.where(share < 1, (1 - share) * by_time, 0.0)
                    grown = left + np.where(share > 0, share * by_compute, 0.0)
            value = start + grown
            return np.maximum(
                0.0, value if path.shape == "none" else limited(value, path.parameter("limit"), path.shape)
            )

        self.quantities["algorithm_gain"] = gain

    # what follows from the ceilings

    def training_compute(self, i: int) -> Any:
        """Give the lowest active ceiling, or the smooth minimum."""
        stack = np.stack([self.at("ceiling", name, i) for name in self.active])
        lowest, sharpness = stack.min(axis=0), self.settings.get("sharpness")
        if sharpness is None:
            return lowest
        base = np.where(np.isfinite(lowest), lowest, 0.0)
        smooth = base - np.log10(np.sum(10.0 ** (-float(sharpness) * (stack - base)), axis=0)) / float(sharpness)
        return np.where(np.isfinite(lowest), smooth, lowest)

    def largest_run(self, i: int) -> Any:
        """Give the running maximum of training compute, which begins at `largest_run_start`."""
        if i > 0:
            before = self.quantity("largest_run", i - 1)
        else:
            before = self.part("largest_run_start", 0) if "largest_run_start" in self.inputs else -np.inf
        return np.maximum(before, self.quantity("training_compute", i))

    def effective_compute(self, i: int) -> Any:
        """Give training compute plus the algorithmic gain."""
        gain = self.quantity("algorithm_gain", i) if "algorithm_gain" in self.quantities else 0.0
        return self.quantity("training_compute", i) + gain

    def largest_effective(self, i: int) -> Any:
        """Give the running maximum of effective compute."""
        before = self.quantity("largest_effective", i - 1) if i > 0 else -np.inf
        return np.maximum(before, self.quantity("effective_compute", i))

    # thresholds

    def threshold_level(self, name: str) -> np.ndarray:
        """Give the level of a threshold in log10: (draw,), or (year, draw) where its formula moves."""
        row = self.thresholds[name]
        if "value" in row:
            return np.broadcast_to(self.in_log10(np.full(self.draws, float(row["value"])), row), (self.draws,))
        if "formula" not in row:
            return self.in_log10(self.draw_row(row, f"threshold:{name}"), row)
        read = names_in(parse(row["formula"]))
        if all(n in self.written and self.written[n].ndim == 1 for n in read):
            return np.broadcast_to(self.formula(row, 0), (self.draws,))
        moving = [np.broadcast_to(self.formula(row, i), (self.draws,)) for i in range(len(self.year))]
        return np.stack(moving)

    def in_log10(self, value: Any, row: Row) -> Any:
        """Convert a threshold's written value."""
        return level(value, str(row.get("unit", "1")), self.dollars)

    def threshold_quantity(self, name: str) -> np.ndarray:
        """Give the quantity (year, draw) that a threshold looks at."""
        row = self.thresholds[name]
        looked_at = (
            row.get("quantity")
            or {"physical": "largest_run", "effective": "largest_effective"}[row.get("kind") or "physical"]
        )
        kind = "quantity" if looked_at in self.quantities else "ceiling"
        return np.stack([self.at(kind, looked_at, i) for i in range(len(self.year))])


def rate(x: Any, unit: str, dollars: Mapping[int, float]) -> Any:
    """Convert a continuous rate (retirement) to 1/yr."""
    if unit.startswith("log10 "):
        return rate(10.0**x, unit.removeprefix("log10 "), dollars)
    return x / 100 if unit == "%/yr" else x


def crossing_date(year: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Give the date (draw,) at which the running maximum of distance (year, draw) reaches 0.

    -inf where it does so at the first instant, +inf where it never does; linear between instants.
    """
    reached = np.maximum.accumulate(distance, axis=0)
    dates = np.full(distance.shape[1], np.inf)
    for draw in range(distance.shape[1]):
        hits = np.flatnonzero(reached[:, draw] >= 0)
        if len(hits) == 0:
            continue
        i = hits[0]
        if i == 0:
            dates[draw] = -np.inf
            continue
        before, after = reached[i - 1, draw], reached[i, draw]
        if before == -np.inf:
            part = 1.0
        elif after == np.inf:
            part = 0.0
        else:
            part = -before / (after - before)
        dates[draw] = year[i - 1] + part * (year[i] - year[i - 1])
    return dates


@dataclass(frozen=True)
class Reference:
    """The numbers of a run: levels are log10 of base units, arrays are (year, draw) unless said otherwise."""

    year: np.ndarray  # (year,)
    written: dict[str, np.ndarray]  # (draw,) in the written unit; (year, draw) for a row that is drawn every year
    quantity: dict[str, np.ndarray]
    ceiling: dict[str, np.ndarray]
    active: list[str]  # names of the ceilings that count, in order
    training_compute: Any  # None, like all that follows from it, in a set without active ceilings
    largest_run: Any
    effective_compute: Any
    largest_effective: Any
    binding: Any  # index into `active` of the lowest ceiling, the first of equals
    level: dict[str, np.ndarray]  # (draw,), or (year, draw) for a level that moves
    crossing: dict[str, np.ndarray]  # (draw,) decimal years; -inf already crossed, +inf never

    def binding_name(self) -> np.ndarray:
        """Give the names (year, draw) of the lowest active ceilings."""
        return np.array(self.active)[self.binding]


def reference(
    settings: Mapping[str, Any], draws: int, seed: int, dollars: Mapping[int, float] | None = None
) -> Reference:
    """Run an assumption set for draws 0 to draws - 1.

    `settings` is the composed plain mapping. `dollars` says how many dollars of 2023 a dollar of another year is,
    for sets that write such units. `USD` without a year counts as USD2023.
    """
    with np.errstate(divide="ignore"):
        model = Model(settings, draws, seed, dollars or {})
        follows = ["training_compute", "largest_run", "effective_compute", "largest_effective"]
        if not model.active:
            for name in follows:
                model.quantities.pop(name, None)
        quantity: dict[str, list[Any]] = {name: [] for name in model.quantities}
        ceiling: dict[str, list[Any]] = {name: [] for name in model.ceilings}
        for i in range(len(model.year)):  # instants outside, so that `previous` finds its value computed
            for name in model.quantities:
                quantity[name].append(model.quantity(name, i))
            for name in model.ceilings:
                ceiling[name].append(model.at("ceiling", name, i))
        values = {name: np.stack(v) for name, v in quantity.items()}
        allowed = {name: np.stack(v) for name, v in ceiling.items()}
        levels = {name: model.threshold_level(name) for name in model.thresholds}
        crossing = {
            name: crossing_date(model.year, model.threshold_quantity(name) - levels[name]) for name in model.thresholds
        }
    lowest = np.argmin(np.stack([allowed[name] for name in model.active]), axis=0) if model.active else None
    training, largest, effective, largest_effective = (values.pop(name, None) for name in follows)
    return Reference(
        year=model.year,
        written=model.written,
        quantity=values,
        ceiling=allowed,
        active=model.active,
        training_compute=training,
        largest_run=largest,
        effective_compute=effective,
        largest_effective=largest_effective,
        binding=lowest,
        level=levels,
        crossing=crossing,
    )
