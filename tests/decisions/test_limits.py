from dataclasses import replace

import numpy as np
import pytest

from mmm_bayes.decisions.limits import nearest_plan, paused, spend_limits
from mmm_bayes.decisions.objective import objective_value, weights
from mmm_bayes.decisions.optimum import Objective, best_plan
from mmm_bayes.decisions.response import build_response
from mmm_bayes.errors import InputError
from mmm_bayes.model.counterfactual import abduct


@pytest.fixture
def response(build):
    built = build("partial_mediation")
    return build_response(abduct(built.model, built.design, built.draws), horizon=8)


def limits_of(response, *, start=None, **changes):
    options = {"lower": {}, "upper": {}, "follows": None} | changes
    return spend_limits(response.fitted.design, start or response.status_quo, **options)


def paused_tv(response):
    """A status quo in which tv had no spend in the last year, though it once ran."""
    spend = response.status_quo.spend.copy()
    spend[:, response.fitted.design.dataset.channels.index("tv")] = 0.0
    return replace(response.status_quo, spend=spend)


def test_the_default_bounds_are_half_and_one_and_a_half_of_the_status_quo(response):
    limit = limits_of(response)
    assert limit.lower == pytest.approx(0.5 * response.status_quo.spend)
    assert limit.upper == pytest.approx(1.5 * response.status_quo.spend)
    data = response.fitted.design.dataset.data["spend"].values
    assert response.status_quo.spend == pytest.approx(data[-8:].mean(0))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"lower": {"radio": 1.0}}, "'radio' is neither a channel nor a role"),
        ({"lower": {"tv": -1.0}}, "can't be negative"),
        ({"upper": {"": float("nan")}}, "can't be negative"),
        ({"lower": {"tv": 2.0}}, "above --upper for tv"),
        ({"upper": {"tv": 50.0}}, "times the highest spend that it sustained"),
        ({"upper": {"search": 1.1}, "follows": "search"}, "follows from its causes"),
        ({"lower": {"media": 2.0}, "upper": {"media": 1.0}}, "above --upper for media"),
        ({"lower": {"tv": "9e9/step"}}, "above --upper for tv"),
        ({"upper": {"tv": "9e9/step"}}, "--upper lets tv spend .* times the highest spend"),
        ({"upper": {"tv": "-1/step"}}, "can't be negative"),
        ({"upper": {"tv": "50/month"}}, "per step of the table, a week; write 50/step"),
        ({"upper": {"tv": "much/step"}}, "'much' is not a number"),
    ],
)
def test_invalid_bounds_are_refused(response, changes, message):
    with pytest.raises(InputError, match=message):
        limits_of(response, **changes)


@pytest.mark.parametrize("unit", ["step", "week"])
def test_bounds_in_money(response, unit):
    now, index = response.status_quo.spend, response.fitted.design.dataset.channels.index("tv")
    limit = limits_of(response, lower={"tv": f"3/{unit}"}, upper={"tv": f"50/{unit}"})
    assert limit.lower[:, index].sum() == pytest.approx(3)
    assert limit.upper[:, index].sum() == pytest.approx(50)
    others = np.delete(np.arange(now.shape[1]), index)
    assert limit.upper[:, others] == pytest.approx(1.5 * now[:, others])
    role = limits_of(response, upper={"media": f"200/{unit}", "social": 1.2})
    assert role.names == ("media",)
    assert role.most == pytest.approx([200])
    assert role.least == pytest.approx([0])
    every = limits_of(response, lower={"": 0.0}, upper={"": f"40/{unit}"})
    assert every.upper.sum(0) == pytest.approx(40)


def test_a_multiple_of_a_paused_channel_is_nothing(response):
    start, channels = paused_tv(response), response.fitted.design.dataset.channels
    usual = limits_of(response, start=start)
    assert paused(usual, start) == ("tv",)
    assert paused(limits_of(response), response.status_quo) == ()
    for option in ("lower", "upper"):
        with pytest.raises(
            InputError, match=f"--{option} tv=1.2: tv has no spend in the last year"
        ):
            limits_of(response, start=start, **{option: {"tv": 1.2}})
    off = limits_of(response, start=start, upper={"tv": 0.0})
    assert off.upper[:, channels.index("tv")].sum() == 0
    back = limits_of(response, start=start, upper={"tv": "50/step"})
    assert back.upper[:, channels.index("tv")].sum() == pytest.approx(50)
    assert paused(back, start) == ()


def test_a_channel_that_costs_nothing_is_not_part_of_a_budget(build):
    built = build("no_mediation", owned=True)
    response = build_response(abduct(built.model, built.design, built.draws), horizon=3)
    limit = limits_of(response)
    index = built.design.dataset.channels.index("tv")
    assert not limit.decided[:, index].any()
    with pytest.raises(InputError, match="costs no money"):
        limits_of(response, lower={"tv": 0.0})


def test_the_nearest_plan_keeps_budget_and_bounds(response):
    limit = limits_of(response, upper={"media": 1.3, "tv": 0.8})
    now = response.status_quo.spend
    plan = nearest_plan(limit, now, 1.1 * now.sum())
    assert plan.sum() == pytest.approx(1.1 * now.sum())
    assert (plan >= limit.lower - 1e-9).all()
    assert (plan <= limit.upper + 1e-9).all()
    with pytest.raises(InputError, match="above the sum of the upper bounds"):
        nearest_plan(limit, now, 2.0 * now.sum())
    channels = response.fitted.design.dataset.channels
    largest = channels[int(np.argmax(limit.lower.sum(0)))]
    with pytest.raises(InputError, match=f"below the sum of the lower bounds.* of {largest}, "):
        nearest_plan(limit, now, 0.3 * now.sum())
    tight = limits_of(response, upper={"media": 1.1})
    with pytest.raises(InputError, match="no plan keeps the bounds of media"):
        nearest_plan(tight, now, 1.2 * now.sum())


@pytest.mark.parametrize("level", [0.1, 0.25])
def test_objectives_are_the_statistics_they_are_named_after(level):
    gain = np.random.default_rng(0).gamma(2.0, size=4000)
    values = {
        name: objective_value(gain, weights(name, gain.size, level))[0]
        for name in ("mean", "quantile", "cvar")
    }
    assert values["mean"] == pytest.approx(gain.mean())
    assert values["quantile"] == pytest.approx(np.quantile(gain, level), rel=0.01)
    worst = np.sort(gain)[: int(level * gain.size)]
    assert values["cvar"] == pytest.approx(worst.mean())


@pytest.mark.parametrize("policy", ["planner", "caused"])
@pytest.mark.parametrize("objective", ["mean", "cvar"])
def test_no_random_feasible_plan_is_better(build, policy, objective):
    built = build("partial_mediation")
    response = build_response(
        abduct(built.model, built.design, built.draws),
        horizon=8,
        policy=policy,
    )
    limit = limits_of(response, follows="search" if policy == "caused" else None)
    now = response.status_quo.spend
    objective = Objective(float(now.sum()), objective=objective, level=0.5)
    best = best_plan(response, limit, objective)
    before = response(now).outcome
    index = built.design.mediator_index

    def value(spends):
        gain = response(spends).outcome - before
        return objective_value(gain, objective.ordered(len(before)))[0]

    def spent(spends):
        planned = spends[:, index].sum()
        mediator = response(spends).mediator.sum(1).mean() if policy == "caused" else planned
        return spends.sum() - planned + mediator

    assert spent(best) == pytest.approx(now.sum(), rel=1e-4)
    rng = np.random.default_rng(5)
    tried = 0
    for _ in range(200):
        spends = np.where(limit.decided, rng.uniform(limit.lower, limit.upper), now)
        if policy == "planner":
            spends = nearest_plan(limit, spends, objective.budget)
        elif spent(spends) > now.sum():  # over the budget
            continue
        tried += 1
        assert value(spends) <= value(best) + 1e-6 * abs(value(best)) + 1e-9
    assert tried > 20


def test_a_target_return_is_reached(build):
    built = build("no_mediation")
    response = build_response(abduct(built.model, built.design, built.draws), horizon=8)
    limit = limits_of(response)
    now = response.status_quo.spend
    without = response(np.zeros_like(now)).outcome

    def roas(spends):
        return (response(spends).outcome - without).mean() / 8 / spends.sum()

    target = 1.05 * roas(now)
    best = best_plan(response, limit, Objective(None, target_roas=target))
    assert roas(best) >= target * (1 - 1e-4)
    # The worst channel by a difference: half a per cent more of its lower bound.
    floor = np.where(limit.decided, limit.lower, now)
    gains = []
    for index in np.flatnonzero(limit.decided.any(0)):
        more = floor.copy()
        more[:, index] *= 1.005
        gain = (response(more).outcome - response(floor).outcome).mean()
        gains.append((gain / (more - floor).sum(), response.fitted.design.dataset.channels[index]))
    with pytest.raises(InputError, match=f"--target-roas .* first for {min(gains)[1]}, whose"):
        best_plan(response, limit, Objective(None, target_roas=100 * target))


def test_a_national_spend_is_left_as_it_is(build):
    built = build("partial_mediation", units=2)
    start = build_response(abduct(built.model, built.design, built.draws), horizon=8).status_quo
    described = built.design.dataset.description
    channels = described.channels | {
        "tv": described.channels["tv"].model_copy(update={"national": True})
    }
    national = described.model_copy(update={"channels": channels})
    design = replace(built.design, dataset=replace(built.design.dataset, description=national))
    limit = spend_limits(design, start, lower={}, upper={}, follows=None)
    tv = list(design.dataset.channels).index("tv")
    assert not limit.decided[:, tv].any()
    assert limit.decided[:, :tv].all()
    assert limit.upper[:, tv] == pytest.approx(start.spend[:, tv])
    with pytest.raises(InputError, match="tv is national, and a plan of units leaves its spend"):
        spend_limits(design, start, lower={"tv": 0.5}, upper={}, follows=None)
