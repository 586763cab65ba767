"""The equations by arithmetic are those of the models' graphs, and other equations are noticed."""

import numpy as np
import pytest

from mmm_bayes.arithmetic import arithmetic, in_batches, reproduced
from mmm_bayes.counterfactual import world
from mmm_bayes.decisions import response
from mmm_bayes.decisions.saved import saved

KINDS = [
    ("direct", {}),
    ("direct", {"floor": 700.0}),
    ("direct", {"floor": 700.0, "link": "log"}),
    ("direct", {"likelihood": "lognormal"}),
    ("direct", {"owned": True}),
    ("full_mediation", {"link": "log"}),
    ("partial_mediation", {}),
    ("partial_mediation", {"trend": "changepoints", "likelihood": "student_t"}),
    ("partial_mediation", {"hurdle": True, "link": "log", "units": 2}),
    ("partial_mediation", {"hurdle": True, "owned": True}),
    ("time_varying", {}),
    ("panel", {"units": 2}),
    ("panel", {"units": 2, "hurdle": True, "link": "log"}),
]


@pytest.mark.parametrize("name, kind", KINDS)
def test_the_fitted_weeks_come_out_as_the_graph_has_them(build, name, kind):
    built = build(name, **kind)
    assert reproduced(built.design, built.draws)


@pytest.mark.parametrize("name", ["outcome_mean", "mediator_mean", "ceiling", "beta"])
def test_equations_of_another_model_are_noticed(build, name):
    built = build("partial_mediation")
    changed = built.draws.copy()
    changed[name] = changed[name] * (1 + 1e-4)
    # The mean contribution itself enters by the ceiling, so another one changes nothing.
    assert reproduced(built.design, changed) is (name == "beta")


def test_a_parameter_of_another_name_is_noticed(build):
    built = build("partial_mediation")
    assert not reproduced(built.design, built.draws.rename(saturation_kappa="half"))


@pytest.mark.parametrize("how", ["planner", "caused"])
@pytest.mark.parametrize("name, kind", KINDS)
def test_a_plan_brings_what_the_graph_says_and_has_its_slopes(build, name, kind, how):
    built = build(name, **kind)
    if how == "caused" and "mediator_mean" not in built.draws:
        how = "planner"
    graph = response(world(built.model, built.design, built.draws), built.model, horizon=9, how=how)
    answer = saved(arithmetic(built.design, built.draws), horizon=9, how=how)
    rng = np.random.default_rng(3)
    spends = graph.today.spend * rng.uniform(0.3, 1.8, graph.today.spend.shape)
    expected, found = graph(spends), answer(spends)
    for part in ("outcome", "slope", "mediator", "mediator_slope"):
        value = getattr(expected, part)
        assert getattr(found, part) == pytest.approx(
            value, rel=1e-7, abs=1e-9 * np.abs(value).max()
        )


def test_batches_are_put_together_in_order(build):
    built = build("partial_mediation")
    model = arithmetic(built.design, built.draws)
    (beta,) = in_batches(model, 10**9, lambda part: (part.draws["beta"],))
    assert (beta == model.draws["beta"]).all()
