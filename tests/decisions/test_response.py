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


def looped(built, sample, spends, horizon, how):
    """Outcome summed over a plan's weeks and all that feel it, and the mediator's weekly spend."""
    design = built.design
    lags = design.form.max_lag
    at = design.dataset.channels.index("search")
    data = design.dataset.data
    rate = np.zeros(spends.shape)
    now = np.zeros(spends.shape)
    for unit, channel in np.ndindex(*spends.shape):
        exposure = data["exposure"].values[:, unit, channel]
        money = data["spend"].values[:, unit, channel]
        mean_on = oracle.active_mean(built, unit, channel)
        rate[unit, channel] = exposure.sum() / money.sum() / mean_on
        now[unit, channel] = exposure.mean() / mean_on
    after = (2 if how == "caused" else 1) * (lags - 1)
    path = [*oracle.history(built)[-(lags - 1) :]]
    path += [spends * rate] * horizon + [now] * after
    path, today = np.array(path), np.array([*path[: lags - 1], *[now] * (horizon + after)])
    week = design.arrays["covariates"].values.mean(0, keepdims=True)
    covariates = np.repeat(week, horizon + after, 0)
    searched = spends[:, at]
    if how == "caused":
        plan, fact = (
            oracle.mediator_nodes(built, sample, p, covariates)["mediator_mean"]
            for p in (path, today)
        )
        for unit in range(len(spends)):
            scale = oracle.active_mean(built, unit, at)
            for t in range(horizon + after):
                level = now[unit, at]
                if design.form.mediator_likelihood == "hurdle":
                    level *= plan[t, unit] / fact[t, unit]
                else:
                    level = max(0.0, level + (plan[t, unit] - fact[t, unit]) / scale)
                path[lags - 1 + t, unit, at] = level
        extra = (path[lags - 1 :, :, at] - now[:, at]).sum(0) / horizon
        searched = data["spend"].values[:, :, at].mean(0) + extra / rate[:, at]
    location = oracle.outcome_location(built, sample, path, covariates)
    if design.form.floor is not None:
        location = np.maximum(location, design.form.floor)
    return location.sum(), searched


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
        outcome, searched = looped(built, sample, spends, horizon, how)
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
