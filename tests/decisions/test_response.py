"""What a plan brings, against the equations in loops; its gradient, against differences."""

import numpy as np
import oracle
import pytest

from mmm_bayes.counterfactual import world
from mmm_bayes.decisions import response

KINDS = [
    ("direct", {}, "planner"),
    ("direct", {"floor": 700.0}, "planner"),
    ("partial_mediation", {}, "planner"),
    ("partial_mediation", {}, "caused"),
    ("partial_mediation", {"units": 2}, "caused"),
    ("partial_mediation", {"hurdle": True, "link": "log"}, "caused"),
    ("full_mediation", {"link": "log"}, "caused"),
]


@pytest.fixture
def plans(build):
    def made(name, kind, how, horizon):
        built = build(name, **kind)
        answer = response(
            world(built.model, built.design, built.draws), built.model, horizon=horizon, how=how
        )
        rng = np.random.default_rng(3)
        spends = answer.today.spend * rng.uniform(0.3, 1.8, answer.today.spend.shape)
        return built, answer, spends

    return made


@pytest.mark.parametrize("horizon", [2, 6, 20])
@pytest.mark.parametrize("name, kind, how", KINDS)
def test_a_plan_brings_what_the_equations_say(plans, name, kind, how, horizon):
    built, answer, spends = plans(name, kind, how, horizon)
    found = answer(spends)
    for at, sample in enumerate(built.samples):
        outcome, searched = oracle.plan(built, sample, spends, horizon, how)
        # The model guards a mean response of 0 by adding 1e-9 to it.
        assert found.outcome[at] == pytest.approx(outcome, rel=1e-7)
        assert found.mediator[at] == pytest.approx(searched, rel=1e-7)


@pytest.mark.parametrize(
    "name, kind, how",
    [*KINDS, ("panel", {"units": 2}, "caused"), ("direct", {"owned": True}, "planner")],
)
def test_the_gradient_is_exact(plans, name, kind, how):
    _, answer, spends = plans(name, kind, how, 6)
    found = answer(spends)
    for unit, channel in np.ndindex(*spends.shape):
        step = 1e-4 * max(spends[unit, channel], 1.0)
        more, less = spends.copy(), spends.copy()
        more[unit, channel] += step
        less[unit, channel] -= step
        up, down = answer(more), answer(less)
        slope = (up.outcome - down.outcome) / (2 * step)
        largest = np.abs(found.slope).max()
        assert found.slope[:, unit, channel] == pytest.approx(slope, rel=1e-5, abs=1e-6 * largest)
        moved = (up.mediator - down.mediator).sum(1) / (2 * step)
        assert found.mediator_slope[:, unit, channel] == pytest.approx(moved, rel=1e-5, abs=1e-6)


def test_nothing_spent_has_a_finite_gradient(plans):
    _, answer, spends = plans("partial_mediation", {}, "caused", 6)
    assert np.isfinite(answer(np.zeros_like(spends)).slope).all()


def test_today_moves_no_mediator(plans):
    _, answer, _ = plans("partial_mediation", {"hurdle": True}, "caused", 6)
    at = answer.world.design.mediator_at
    now = answer.today.spend
    assert answer(now).mediator == pytest.approx(np.broadcast_to(now[:, at], (4, 1)))
