"""Formulas: the same as in Python and NumPy, and nothing beyond what the language has.

Trees of operations that IEEE arithmetic does exactly must agree with NumPy bit for bit, whatever hypothesis grows;
logarithms and powers, which the kernel does by its own polynomials, are compared to 14 digits one by one. Then come the
names of a set: inputs as written, quantities in log10, the year, and `previous`, which looks one step back.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import reference_model as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_values import settings_of, values

from simulate import forecast, formulas
from simulate.assumptions import build
from simulate.blocks import DRAWS
from simulate.errors import Mistakes
from simulate.formulas import BadFormula, parse

INPUTS: dict[str, Any] = {  # small and large, of both signs, some whole
    "a": {"dist": "normal", "mean": 0, "sd": 10, "unit": "1"},
    "b": {"formula": "where(a > 1, -1, 1)*p**0.5", "unit": "1"},
    "c": {"formula": "round(a/5)", "unit": "1"},
    "p": {"dist": "loguniform", "low": 1e-8, "high": 1e8, "interval": 1, "unit": "1"},
}
YEAR = 2028.0  # the third of the instants


@cache
def rows() -> dict[str, np.ndarray]:
    """The drawn inputs."""
    return values(settings_of(INPUTS, drivers={})).inputs


def run(text: str, instant: int = 2) -> np.ndarray:
    """A formula as a quantity of a set, in each draw."""
    found = values(settings_of(INPUTS, drivers={}, quantities={"q": {"formula": text, "unit": "OOM"}}))
    return found.results["q"][instant]


def in_numpy(text: str) -> np.ndarray:
    """The same by NumPy, along the syntax tree."""
    look_up: Callable[[str], Any] = lambda name: YEAR if name == "year" else rows()[name]  # noqa: E731
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        value = oracle.evaluate(oracle.parse(text), look_up, oracle.no_previous)
    return np.broadcast_to(np.asarray(value, float), (DRAWS,))


LEAVES = st.sampled_from(["a", "b", "c", "p", "year", "0", "1", "2.5", "1e3", "0.125"])


def exact(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Operations whose result IEEE arithmetic defines to the last bit."""
    two = st.tuples(inner, inner)
    three = st.tuples(inner, inner, inner)
    return st.one_of(
        st.tuples(two, st.sampled_from(["+", "-", "*"])).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"),
        two.map(lambda t: f"({t[0]} / (1 + abs({t[1]})))"),
        st.tuples(two, st.sampled_from(["<", "<=", ">", ">=", "==", "!="])).map(
            lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"
        ),
        st.tuples(two, st.sampled_from(["and", "or"])).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"),
        st.tuples(st.sampled_from(["abs", "floor", "0 + round", "not ", "-", "+"]), inner).map(
            lambda t: f"({t[0]}({t[1]}))"
        ),
        inner.map(lambda t: f"sqrt(abs({t}))"),
        st.tuples(st.sampled_from(["min", "max"]), st.lists(inner, min_size=2, max_size=5)).map(
            lambda t: f"{t[0]}({', '.join(t[1])})"
        ),
        three.map(lambda t: f"clip({', '.join(t)})"),
        three.map(lambda t: f"where({', '.join(t)})"),
    )


@settings(max_examples=300)
@given(st.recursive(LEAVES, exact, max_leaves=25))
def test_exact_operations_agree_with_numpy_bit_for_bit(text: str) -> None:
    np.testing.assert_array_equal(run(text), in_numpy(text), err_msg=text)


@pytest.mark.parametrize(
    "text",
    [
        "log(p)", "log10(p)", "exp(a)", "p**0.5", "p**-1.5", "2**a", "10**a", "10**(c/7)", "10.0**a", "p**(a/100)",
        "b**2", "b**3", "a**c", "0**0", "exp(log(p))", "10**log10(p)", "sqrt(p)", "log(0)", "log10(-1)",
        "(-8)**(1/3)", "sqrt(a)",
    ],
)  # fmt: skip
def test_powers_and_logarithms_agree_to_14_digits(text: str) -> None:
    np.testing.assert_allclose(run(text), in_numpy(text), rtol=2e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("2**3**2", 512.0),
        ("-3 - -2", -1.0),
        ("1 - 2 - 3", -4.0),
        ("8 / 4 / 2", 1.0),
        ("2 + 3 * 4", 14.0),
        ("not 1 > 2", 1.0),
        ("1 < 2 and 2 < 1 or 3 > 2", 1.0),
        ("not 0 and 0", 0.0),
        ("5 and 2", 1.0),  # truth values are 0 and 1, whatever is truth
        ("round(0.5) + round(1.5) + round(2.5)", 4.0),
        ("floor(-0.5)", -1.0),
        ("clip(5, 1, 3) + clip(-5, 1, 3)", 4.0),
        ("where(2, 10, 20) + where(0, 10, 20)", 30.0),
        ("min(3, 1, 2) + max(3, 1, 2)", 4.0),
        ("25 + 5/7*(32 - 25)", 30.0),
        ("1_000 + 1e-3", 1000.001),
        ("year", YEAR),
        ("10**2", 100.0),
        ("0.0000001*1e7", 1.0),
    ],
)
def test_precedence_and_meaning(text: str, value: float) -> None:
    assert run(text).tolist() == pytest.approx([value] * DRAWS, rel=1e-14)


def test_what_is_not_a_number_stays_so() -> None:
    nothing = "log(-1)"
    for text in (
        "{} + 1",
        "min({}, p)",
        "min(p, {})",
        "max({}, p)",
        "max(p, {})",
        "clip({}, 0, 1)",
        "abs({})",
        "round({})",
    ):
        assert np.all(np.isnan(run(text.format(nothing)))), text
    assert np.all(run(f"where({nothing} > 1, 1, 0)") == 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "a.real", "a[0]", "'a'", "b'a'", "True", "None", "...", "1j", "lambda: 1", "a if b else c", "[a]", "(a, b)",
        "{a}", "{a: b}", "[x for x in a]", "f'{a}'", "a % 2", "a // 2", "a @ b", "a & b", "a | b", "a ^ b", "~a",
        "a << 1", "(a := 1)", "1 < a < 2", "a is b", "a in b", "a not in b", "min", "min(a)", "clip(a, 1)",
        "where(a, b)", "log(a, 10)", "sin(a)", "open(a)", "__import__('os')", "min(*a)", "min(a, key=b)", "previous",
        "previous()", "previous(1)", "previous(a + 1)", "previous(a, b, c)", "a(b)", "(min)(a, b)()", "a; b", "a = 1",
        "import os", "", " ", "a b", "1e400", "10 ** 5 +", "max(a, b).x", "await a", "yield a", "a\nb", "#",
        "log.__class__(a)", "\x00",
    ],
)  # fmt: skip
def test_what_is_not_in_the_language(text: str) -> None:
    with pytest.raises(BadFormula):
        parse(text)


def test_limits_of_size() -> None:
    with pytest.raises(BadFormula, match="longer"):
        parse("+".join(["a"] * 1500))
    with pytest.raises(BadFormula):
        parse("-(" * 300 + "a" + ")" * 300)
    with pytest.raises(BadFormula):
        parse("9" * 400)
    assert parse("+".join(["a"] * 40)).depth == 2
    assert parse(3).steps == parse("3").steps
    for wrong in (True, None, [1], {"a": 1}):
        with pytest.raises(BadFormula):
            parse(wrong)


def test_names_that_are_read() -> None:
    formula = parse("a*previous(b, c) + previous(p) + min(year, 2)")
    assert formula.names == {"a", "c", "p"}
    assert formula.earlier == {"b", "p"}
    assert formula.moves
    assert not parse("a + 1").moves
    assert set(formulas.FUNCTIONS) == set(oracle.FUNCTIONS)


TWO = {"formula": "2", "unit": "OOM"}
X = {"dist": "lognormal", "low": 2, "high": 9, "unit": "1"}


def test_an_input_is_as_written_and_a_quantity_is_its_log10() -> None:
    found = values(
        settings_of(
            {"x": X, "days": (30, "day"), "y": {"formula": "2*x + days", "unit": "1"}, "trend_start": (1e26, "FLOP"),
             "trend_growth": {"formula": "(1 + y/100)", "unit": "x/yr"}},
            drivers={"trend": {}},
            quantities={"both": {"formula": "trend + days", "unit": "OOM"},
                        "amount": {"formula": "y*10**trend", "unit": "FLOP"}},
            ceilings={"own": {"formula": "trend + log10(x)", "unit": "log10 FLOP"}},
        )
    )  # fmt: skip
    x, year = found.inputs["x"], np.arange(5)[:, None]
    assert found.inputs["y"] == pytest.approx(2 * x + 30, rel=1e-15)
    trend = 26 + year * np.log10(1 + (2 * x + 30) / 100)
    assert found.results["trend"] == pytest.approx(trend, abs=1e-13)
    assert found.results["both"] == pytest.approx(trend + 30, abs=1e-13)
    assert found.results["amount"] == pytest.approx(trend + np.log10(2 * x + 30), abs=1e-13)
    assert found.results["ceiling:own"] == pytest.approx(trend + np.log10(x), abs=1e-13)


def test_previous_in_a_set() -> None:
    """The only legal circle: a quantity that grows by what training compute was one step ago."""
    steps = {}
    for step in (1, 0.5):
        found = values(
            settings_of(
                {"trend_start": (26, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr")},
                drivers={"trend": {}},
                quantities={
                    "sum": {"formula": "previous(sum, 0) + 1", "unit": "OOM"},
                    "before": {"formula": "previous(training_compute)", "unit": "log10 FLOP"},
                    "later": {"formula": "previous(sum, 7) + 0*later_name", "unit": "OOM"},
                    "later_name": {"formula": "sum", "unit": "OOM"},
                },
                ceilings={"ramp": {"formula": "previous(training_compute, 25.5) + 0.3", "unit": "log10 FLOP"}},
                step=step,
            )
        )
        n = len(found.year)
        assert found.results["sum"][:, 0].tolist() == list(range(1, n + 1))
        assert found.results["later"][:, 0].tolist() == [7, *range(1, n)]
        ramp = 25.8 + 0.3 * np.arange(n)
        trend = 26 + 0.5 * step * np.arange(n)
        assert found.results["training_compute"][:, 0] == pytest.approx(np.minimum(ramp, trend))
        computed = found.results["training_compute"][:, 0]
        assert found.results["before"][:, 0] == pytest.approx([computed[0], *computed[:-1]])
        steps[step] = n
    assert steps == {1: 5, 0.5: 9}


def test_a_driver_sees_an_own_quantity_of_the_same_instant() -> None:
    """A set may state a driver's quantity itself; where that follows from another driver, the value must not be old."""
    found = values(
        settings_of(
            {"trend_start": (26, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr"), "spend_start": (9, "log10 USD"),
             "spend_growth": (1, "OOM/yr"), "spend_limit_share": (1, "%")},
            drivers={"trend": {}, "investment": {"limit": "hard"}},
            quantities={"gwp": {"formula": "10.4 + 0.05*(year - 2026)", "unit": "log10 USD2023"}},
        )
    )  # fmt: skip
    assert found.results["spend"][:, 0] == pytest.approx(8.4 + 0.05 * np.arange(5))


def test_a_driver_cannot_read_an_own_quantity_that_follows_another_driver() -> None:
    settings = settings_of(
        {"trend_start": (26, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr"), "spend_start": (9, "log10 USD"),
         "spend_growth": (1, "OOM/yr"), "spend_limit_share": (1, "%")},
        drivers={"trend": {}, "investment": {"limit": "hard"}},
        quantities={"gwp": {"formula": "trend - 16", "unit": "log10 USD2023"}},
    )  # fmt: skip
    with pytest.raises(Mistakes, match="read by investment"):
        values(settings)


def test_a_driver_cannot_read_an_own_quantity_that_follows_the_ceilings() -> None:
    """Looking one step back is the way out, and gives what one expects."""
    settings = settings_of(
        {"trend_start": (26, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr"), "spend_start": (9, "log10 USD"),
         "spend_growth": (1, "OOM/yr")},
        drivers={"trend": {}, "investment": {}},
    )  # fmt: skip
    price = {"formula": "17.5 + 0.1*(training_compute - 26)", "unit": "log10 FLOP/USD2023"}
    with pytest.raises(Mistakes, match="read by investment"):
        values({**settings, "quantities": {"price_performance": price}})
    price["formula"] = "17.5 + 0.1*(previous(training_compute, 26) - 26)"
    found = values({**settings, "quantities": {"price_performance": price}}).results
    computed = found["training_compute"][:, 0]
    money = 26.5 + np.arange(5) + 0.1 * (np.array([26, *computed[:-1]]) - 26)
    assert found["ceiling:money"][:, 0] == pytest.approx(money)
    assert computed == pytest.approx(np.minimum(26 + 0.5 * np.arange(5), money))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"inputs": {"x": X, "y": {"formula": "x + z", "unit": "1"}}}, "'z'"),
        ({"inputs": {"x": {"formula": "y", "unit": "1"}, "y": {"formula": "x", "unit": "1"}}}, "circle"),
        ({"inputs": {"y": {"formula": "year", "unit": "1"}}}, "year"),
        ({"inputs": {"y": {"formula": "previous(y, 1)", "unit": "1"}}}, "previous"),
        ({"inputs": {"y": {"formula": "trend", "unit": "1"}}}, "input"),
        ({"quantities": {"q": {"formula": "r", "unit": "1"}, "r": {"formula": "q", "unit": "1"}}}, "circle"),
        ({"quantities": {"q": {"formula": "q + 1", "unit": "1"}}}, "circle"),
        ({"ceilings": {"a": {"formula": "a - 1", "unit": "log10 FLOP"}}}, "circle: a -> a"),
        (
            {"ceilings": {name: {"formula": f"{other} - 1", "unit": "log10 FLOP"} for name, other in ("ab", "ba")}},
            "ceilings.a.formula: formulas go in a circle: a -> b -> a",
        ),
        (
            {
                "ceilings": {"a": {"formula": "q - 1", "unit": "log10 FLOP"}},
                "quantities": {"q": {"formula": "a", "unit": "log10 FLOP"}},
            },
            "circle: q -> a -> q",
        ),
        ({"quantities": {"q": {"formula": "nope", "unit": "1"}}}, "'nope'"),
        ({"quantities": {"q": {"formula": "previous(nope, 1)", "unit": "1"}}}, "'nope'"),
        ({"quantities": {"q": {"formula": "inf + nan + pi", "unit": "1"}}}, "'inf'"),
        ({"quantities": {"q": {"formula": "1", "unit": "parsec"}}}, "parsec"),
        ({"quantities": {"trend": {"formula": "1", "unit": "FLOP"}}}, "trend"),
        ({"ceilings": {"own": {"formula": "1e26", "unit": "W"}}}, "FLOP"),
        ({"ceilings": {"own": {"formula": "training_compute + 1", "unit": "log10 FLOP"}}}, "training"),
        ({"ceilings": {"q": {"formula": "27", "unit": "log10 FLOP"}}, "quantities": {"q": TWO}}, "'q' is also"),
        ({"quantities": {"training_compute": TWO}}, "follows from the ceilings"),
        ({"quantities": {"largest_run": TWO}}, "follows from the ceilings"),
        ({"thresholds": {"t": {"formula": "zz", "unit": "FLOP"}}}, "'zz'"),
        ({"inputs": {"min": (1, "1")}}, "min"),
    ],
)
def test_formulas_that_do_not_fit_the_set(change: dict[str, Any], says: str) -> None:
    inputs = {"trend_start": (26, "log10 FLOP"), "trend_growth": (0.5, "OOM/yr"), **change.pop("inputs", {})}
    with pytest.raises(Mistakes) as caught:
        build(settings_of(inputs, drivers={"trend": {}}, **change))
    assert says in str(caught.value)


def test_a_formula_without_a_finite_value_names_its_row_and_the_share() -> None:
    inputs = {
        "x": {"dist": "uniform", "low": -1, "high": 3, "interval": 1, "unit": "1"},
        "y": {"formula": "log(x)", "unit": "1"},
    }
    built = build(settings_of(inputs, drivers={}))
    with pytest.raises(Mistakes, match=r"inputs\.y is not a finite number in 2[0-9] % of the draws"):
        forecast.run(built, 20_000)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("where(year > 2028, log(x - x - 1), 1e27)", "100 %"),
        ("where(year > 2028, x - x - 1, 1e27)", "100 %"),
        ("-x * 1e27", "75 %"),
        ("1e27 / (x - x)", "100 %"),
    ],
)
def test_a_level_that_is_no_number_in_some_year_is_a_mistake(formula: str, says: str) -> None:
    inputs = {
        "trend_start": (26, "log10 FLOP"),
        "trend_growth": (0.5, "OOM/yr"),
        "x": {"dist": "uniform", "low": -1, "high": 3, "interval": 1, "unit": "1"},
    }
    settings = settings_of(inputs, drivers={"trend": {}}, thresholds={"t": {"formula": formula, "unit": "FLOP"}})
    with pytest.raises(Mistakes) as caught:
        forecast.run(build(settings), 20_000)
    said = re.sub(r"7[4-6]\.?\d* %", "75 %", str(caught.value))
    assert f"thresholds.t is below 0 or no finite number in {says} of the draws" in said
    assert len(caught.value.items) == 1
