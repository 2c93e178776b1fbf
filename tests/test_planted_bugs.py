"""Do the tests see bugs? Each of these is planted in a copy of the package, and the named tests must fail there.

A test that cannot fail proves nothing. The bugs are the kinds that happen: one year too early, a natural logarithm, a
sign, a lost last block. Most cost a compilation, so they are for the long run; `QUICK` are some of plain Python,
which are planted in the ordinary run too.
"""

from __future__ import annotations

import importlib.resources
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import Verified

import simulate

HERE = Path(__file__).parent


class Bug(NamedTuple):
    """A file of the package, what stands there, what the bug makes of it, and who must notice."""

    name: str
    file: str
    right: str
    wrong: str
    noticed_by: tuple[str, ...]


ORACLE = ("test_oracle.py", "-k", "test_random_sets and (0 or 1 or 2 or 3 or 4 or 5) or test_the_shipped_set")
LAWS, MODEL = ("test_laws.py",), ("test_model.py", "-k", "not identities")
BUGS = [
    Bug("a date one year late", "reached.py", "on_line = t.before + (t.year", "on_line = t.year + (t.year", MODEL),
    Bug("shocks of the next year", "sampling.py", "shocks[k].dimension, year, block, stack[0])",
        "shocks[k].dimension, year + 1, block, stack[0])", LAWS),
    Bug("a digit of Sobol's points left out", "quasi.py", "for digit in range(source.blocks.shape[1]):",
        "for digit in range(1, source.blocks.shape[1]):", ("test_quasi.py",)),
    Bug("one scramble for all replicates", "quasi.py", 'f"{seed} {replicate} {name}"', 'f"{seed} {name}"',
        ("test_quasi.py",)),
    Bug("a natural logarithm", "drivers/data.py", "LOG10_6 = 0.7781512503836436", "LOG10_6 = 1.791759469228055", MODEL),
    Bug("reached only when exceeded", "reached.py", "(now - level >= 0.0)", "(now - level > 0.0)", MODEL),
    Bug("a variance for a deviation", "sampling.py", "out[i] = fma(b, out[i], a)",
        "out[i] = fma(b * b, out[i], a)", MODEL),
    Bug("the last partial block lost", "engines/work.py", "self.step, self.blocks = step, -(-draws // DRAWS)",
        "self.step, self.blocks = step, draws // DRAWS", ("test_bits.py", "-k", "counted_once")),
    Bug("retired chips come back", "drivers/chips.py", "exp10(-x.chip_retirement[i] * (",
        "exp10(x.chip_retirement[i] * (", LAWS),
    Bug("the wrong tail", "sampling.py", "out[i] = exp10(fma(b, out[i], a))",
        "out[i] = exp10(fma(b, -out[i], a))", ORACLE),
    Bug("the highest ceiling", "kernel.py", "lowest[i] = stated[i] if stated[i] < lowest[i]",
        "lowest[i] = stated[i] if stated[i] > lowest[i]", MODEL),
    Bug("one stream for two inputs", "philox.py", "sha256(name.encode())", "sha256(name[:6].encode())",
        ("test_sampling.py",)),
    Bug("correlations of the wrong sign", "sampling.py", "z[i] = fma(weight, other[i], z[i])",
        "z[i] = fma(-weight, other[i], z[i])", ("test_correlation.py",)),
    Bug("a level instead of its maximum", "reached.py", "max(before[i], quantity[i] - moving[i])",
        "quantity[i] - moving[i]", ORACLE),
    Bug("the last of equals binds", "kernel.py", "float(k) if stated[i] < lowest[i]",
        "float(k) if stated[i] <= lowest[i]", MODEL),
    Bug("a 90 % interval by default", "fields.py", "return 0.1\n", "return 0.05\n",
        ("test_distributions.py", "-k", "low_and")),
    Bug("the same year every year", "kernel.py", "draw_yearly(plan.draws, seed, block, this_year",
        "draw_yearly(plan.draws, seed, block, 0", MODEL),
    Bug("half of the seed", "philox.py", "k0, k1 = seed & LOW, seed >> HALF", "k0, k1 = seed & LOW, seed & LOW",
        ("test_sampling.py",)),
    Bug("the spread of what is left out for the error", "replicates.py", " * np.sqrt(REPLICATES - 1)", "",
        ("test_quasi.py", "-k", "true or covers")),
    Bug("half of the error of a quantile's difference", "pairing.py", "float(np.std(influence) / math.sqrt(draws))",
        "float(0.5 * np.std(influence) / math.sqrt(draws))", ("test_compare.py", "-k", "closed_form")),
    Bug("a slope upside down", "pairing.py", "return float((some[-1] - some[0]) / (where[-1] - where[0]))",
        "return float((where[-1] - where[0]) / (some[-1] - some[0]))", ("test_compare.py", "-k", "slope")),
    Bug("a mixture without the spread between its members", "mixture.py", "(sds * sds + (means - mean) ** 2)",
        "(sds * sds)", ("test_hypotheses.py",)),
    Bug("quantiles of a mixture with equal weights", "mixture.py", "found += weight * np.where(same,",
        "found += (weight > 0) / len(self.places) * np.where(same,", ("test_hypotheses.py",)),
    Bug("hypotheses crossed earlier", "pooling.py", "both[0, t, max(h, k)] += upper", "both[0, t, min(h, k)] += upper",
        ("test_hypotheses.py",)),
    Bug("half of a weight lost", "wide.py", "return weight & ((1 << HALF) - 1)", "return weight & (1 << HALF)",
        ("test_hypotheses.py",)),
    Bug("observations a step late", "weights.py", "t.before < one.date <= t.year", "t.before <= one.date < t.year",
        ("test_hypotheses.py",)),
    Bug("months for years", "units.py", '"months to double": Conversion(Operation.INVERSE, 12.0 * LOG10_2',
        '"months to double": Conversion(Operation.INVERSE, LOG10_2', ("test_units.py",)),
    Bug("natural units as decimal ones", "units.py", '"nat/yr": Conversion(Operation.SCALE, LOG10_E)',
        '"nat/yr": Conversion(Operation.SCALE, 1.0)', ("test_units.py",)),
    Bug("a percentage of the whole", "conversion.py", "log10(1.0 + written[i] / 100.0)",
        "log10(1.0 + written[i] / 10.0)", ("test_units.py",)),
    Bug("a factor without its start", "correlation.py", "rest -= factor[i][k] * factor[j][k]", "rest -= factor[i][k]",
        ("test_correlation.py",)),
    Bug("counts of the last task only", "tally.py", "own += getattr(tally, name)", "own[:] = getattr(tally, name)",
        ("test_bits.py", "-k", "counted_once or threads")),
    Bug("total effects for first ones", "sobol.py",
        "terms = self.b * (third - self.a), 0.5 * (self.a - third) ** 2",
        "terms = 0.5 * (self.a - third) ** 2, 0.5 * (self.a - third) ** 2", ("test_sensitivity.py",)),
    Bug("the variance of one half", "sobol.py", "self.variance = 0.5 * self._means(self.a**2 + self.b**2) - mean**2",
        "self.variance = self._means(self.a**2 + self.b**2) - mean**2", ("test_sensitivity.py",)),
    Bug("orders counted wrongly", "shapley.py", "comb(causes - 1, size - 1 if there else size)", "comb(causes, size)",
        ("test_attribution.py",)),
    Bug("one-sided limits at another level", "intervals.py", "alpha = (1.0 - level) / 2.0", "alpha = 1.0 - level",
        ("test_intervals.py",)),
    Bug("a triangle with half its tails", "modes.py", "half_b, half_a = below + 0.5 * tail * width",
        "half_b, half_a = below + 0.25 * tail * width", ("test_distributions.py",)),
    Bug("an unknown study taken for a list", "compose.py", "studies = (str(word.value) for",
        "studies = (word.value for", ("test_hostile_inputs.py", "-k", "study2")),
    Bug("few misses taken for many", "intervals.py", "exact = few | many", "exact = few", ("test_intervals.py",)),
    Bug("a date at the end of its cell", "crossings.py", "self.start + (cell + within)", "self.start + (cell + 1.0)",
        ("test_crossings.py",)),
    Bug("those that had crossed before are forgotten", "crossings.py", "upto = self.already[which] + np.cumsum(cells)",
        "upto = np.cumsum(cells)", ("test_crossings.py",)),
    Bug("no hit, and twice the draws", "intervals.py", "np.log1p(-level) / n", "np.log1p(-level) / (2 * n)",
        ("test_intervals.py",)),
    Bug("the whole way between two dates for its half", "crossings.py", "0.5 * (high[some] - low[some])",
        "high[some] - low[some]", ("test_crossings.py",)),
]  # fmt: skip
QUICK = {
    "few misses taken for many": "clopper_pearson",
    "one-sided limits at another level": "clopper_pearson",
    "a date at the end of its cell": "linear",
    "those that had crossed before are forgotten": "come_first",
    "orders counted wrongly": "known_game",
    "a slope upside down": "slope",
    "no hit, and twice the draws": "no_hit",
    "the whole way between two dates for its half": "half_the_way",
}
"""Bugs of plain Python, and the tests that see them without a compilation."""


def test_bugs_of_plain_python_are_noticed(verified: Verified) -> None:
    """That the same tests pass without the bug is seen where they stand."""
    bugs = [bug for bug in BUGS if bug.name in QUICK]
    assert len(bugs) == len(QUICK)
    asked = [
        (f"simulate.{bug.file.removesuffix('.py')}", bug.right, bug.wrong, bug.noticed_by[0], QUICK[bug.name])
        for bug in bugs
    ]
    command = [sys.executable, str(HERE / "planting.py")]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, input=json.dumps(asked), env=alone, capture_output=True, text=True, check=True)
    found = dict(zip([bug.name for bug in bugs], json.loads(done.stdout.splitlines()[-1]), strict=True))
    assert found == dict.fromkeys(found, int(pytest.ExitCode.TESTS_FAILED))
    verified("S14", "bugs of plain Python that are noticed", len(found), len(bugs))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_bugs_fit_the_program(bug: Bug) -> None:
    """What each bug replaces stands in the package exactly once, so that the long run plants what it says."""
    text = (Path(simulate.__file__).parent / bug.file).read_text("utf-8")
    assert text.count(bug.right) == 1


@pytest.mark.long
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_noticed(bug: Bug, tmp_path: Path, verified: Verified) -> None:
    source = Path(simulate.__file__).parent
    package = tmp_path / "simulate"
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__", "conf"))
    shutil.copytree(str(importlib.resources.files("simulate.conf")), package / "conf", dirs_exist_ok=True)
    file = package / bug.file
    file.write_text(file.read_text("utf-8").replace(bug.right, bug.wrong), encoding="utf-8")
    test, *choice = bug.noticed_by
    command = [
        str(Path(sys.executable).with_name("pytest")),
        "-q",
        "-x",
        "-n0",
        "-p",
        "no:cacheprovider",
        "-o",
        "pythonpath=",  # else the package beside the tests would come before the copy
        str(HERE / test),
        *choice,
    ]
    surroundings = {**os.environ, "PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    surroundings.pop("PYTEST_ADDOPTS", None)  # what is to be noted of the tests is not to be noted of these
    done = subprocess.run(command, env=surroundings, cwd=tmp_path, capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-1000:]
    assert failed
    assert not any("ERROR" in line for line in failed), failed
    print(f"{bug.name}: {failed[0][:150]}")
    verified("S14", f"planted: {bug.name}", "noticed")
