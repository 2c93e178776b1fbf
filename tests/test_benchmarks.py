"""What the kernel is timed against has to compute the same thing, or its time means nothing."""

import numpy as np
import pytest

from benchmarks import agreement, competitors, numpy_inputs
from benchmarks.competitors import PLAIN, C
from benchmarks.numpy_inputs import Unknown

DRAWS, FEWER = 65_536, 4_096


@pytest.fixture(scope="module")
def table():
    return numpy_inputs.read()


@pytest.fixture(scope="module")
def truth():
    return agreement.kernel(DRAWS)


def models(*kinds):
    return [one for one in agreement.one_of_each(extra=False) if one.kind in kinds]


@pytest.mark.parametrize("one", models(PLAIN, C), ids=lambda one: one.name)
def test_the_same_model_without_extra_installs_agrees_with_the_kernel(one, table, truth):
    draws = FEWER if one.kind == PLAIN else DRAWS
    found = one.make(table, 5).run(draws)
    worst, where = agreement.compare(found, truth, table, draws, DRAWS)
    assert worst < agreement.limit(table), where
    assert np.finfo(np.float64).tiny / np.float64(2.0) > 0.0, "it has changed the arithmetic of this process"
    # and a difference is found, were there one: in one quantity at one instant, one threshold, one ceiling, one input
    for name, change in (("chips", 0.2), ("training_compute", 0.2)):
        found["quantiles"][name][:, -1] += change
        assert agreement.compare(found, truth, table, draws, DRAWS) > (agreement.limit(table), name)
        found["quantiles"][name][:, -1] -= change
    found["crossed"]["flop_1e30"][-1] -= 0.06
    assert agreement.compare(found, truth, table, draws, DRAWS)[1] == "crossing of flop_1e30"


@pytest.mark.long
def test_all_models_agree_with_the_kernel():
    assert agreement.check(agreement.one_of_each())


def test_a_set_with_other_laws_is_refused(table, monkeypatch):
    monkeypatch.setattr(table, "laws", table.laws | {"chip": ("exponential", "logistic", 2026.0)})
    for one in competitors.all_of_them(extra=False):
        if one.kind in (PLAIN, C):
            with pytest.raises(Unknown, match="baseline_2026"):
                one.make(table, 1)
