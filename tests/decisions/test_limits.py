import numpy as np
import pytest

from mmm_bayes.counterfactual import world
from mmm_bayes.decisions.limits import limits, nearest
from mmm_bayes.decisions.objective import judged, weights
from mmm_bayes.decisions.optimum import Wish, best_plan
from mmm_bayes.decisions.response import response
from mmm_bayes.errors import InputError


@pytest.fixture
def answer(build):
    built = build("partial_mediation")
    return response(world(built.model, built.design, built.draws), built.model, horizon=8)


def allowed(answer, **given):
    told = {"lower": {}, "upper": {}, "follows": None} | given
    return limits(answer.world.design, answer.today, **told)


def test_the_usual_bounds_are_half_and_one_and_a_half_of_today(answer):
    limit = allowed(answer)
    assert limit.lower == pytest.approx(0.5 * answer.today.spend)
    assert limit.upper == pytest.approx(1.5 * answer.today.spend)
    data = answer.world.design.dataset.data["spend"].values
    assert answer.today.spend == pytest.approx(data[-52:].mean(0))


@pytest.mark.parametrize(
    "given, says",
    [
        ({"lower": {"radio": 1.0}}, "'radio' is neither a channel nor a role"),
        ({"lower": {"tv": -1.0}}, "never negative"),
        ({"upper": {"": float("nan")}}, "never negative"),
        ({"lower": {"tv": 2.0}}, "above --upper for tv"),
        ({"upper": {"tv": 50.0}}, "times the highest week"),
        ({"upper": {"search": 1.1}, "follows": "search"}, "follows from its causes"),
        ({"lower": {"media": 2.0}, "upper": {"media": 1.0}}, "above --upper for media"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(answer, given, says):
    with pytest.raises(InputError, match=says):
        allowed(answer, **given)


def test_a_channel_that_costs_nothing_is_no_part_of_a_budget(build):
    built = build("direct", owned=True)
    answer = response(world(built.model, built.design, built.draws), built.model, horizon=3)
    limit = allowed(answer)
    at = built.design.dataset.channels.index("tv")
    assert not limit.decided[:, at].any()
    with pytest.raises(InputError, match="costs no money"):
        allowed(answer, lower={"tv": 0.0})


def test_the_nearest_plan_keeps_budget_and_bounds(answer):
    limit = allowed(answer, upper={"media": 1.3, "tv": 0.8})
    now = answer.today.spend
    plan = nearest(limit, now, 1.1 * now.sum())
    assert plan.sum() == pytest.approx(1.1 * now.sum())
    assert (plan >= limit.lower - 1e-9).all()
    assert (plan <= limit.upper + 1e-9).all()
    with pytest.raises(InputError, match="above the sum of the upper bounds"):
        nearest(limit, now, 2.0 * now.sum())
    with pytest.raises(InputError, match="below the sum of the lower bounds"):
        nearest(limit, now, 0.3 * now.sum())
    tight = allowed(answer, upper={"media": 1.1})
    with pytest.raises(InputError, match="no plan keeps the bounds of media"):
        nearest(tight, now, 1.2 * now.sum())


@pytest.mark.parametrize("level", [0.1, 0.25])
def test_objectives_are_what_they_are_called(level):
    gain = np.random.default_rng(0).gamma(2.0, size=4000)
    said = {
        name: judged(gain, weights(name, gain.size, level))[0]
        for name in ("mean", "quantile", "cvar")
    }
    assert said["mean"] == pytest.approx(gain.mean())
    assert said["quantile"] == pytest.approx(np.quantile(gain, level), rel=0.01)
    worst = np.sort(gain)[: int(level * gain.size)]
    assert said["cvar"] == pytest.approx(worst.mean())


@pytest.mark.parametrize("how", ["planner", "caused"])
@pytest.mark.parametrize("objective", ["mean", "cvar"])
def test_no_allowed_plan_at_random_is_better(build, how, objective):
    built = build("partial_mediation")
    answer = response(
        world(built.model, built.design, built.draws), built.model, horizon=8, how=how
    )
    limit = allowed(answer, follows="search" if how == "caused" else None)
    now = answer.today.spend
    wish = Wish(float(now.sum()), objective=objective, level=0.5)
    best = best_plan(answer, limit, wish)
    before = answer(now).outcome
    at = built.design.mediator_at

    def judge(spends):
        return judged(answer(spends).outcome - before, wish.ordered(len(before)))[0]

    def spent(spends):
        found = answer(spends).mediator.sum(1).mean() if how == "caused" else spends[:, at].sum()
        return spends.sum() - spends[:, at].sum() + found

    assert spent(best) == pytest.approx(now.sum(), rel=1e-4)
    rng = np.random.default_rng(5)
    tried = 0
    for _ in range(200):
        spends = np.where(limit.decided, rng.uniform(limit.lower, limit.upper), now)
        if how == "planner":
            spends = nearest(limit, spends, wish.budget)
        elif spent(spends) > now.sum():  # one that spends less may be better by luck, never so
            continue
        tried += 1
        assert judge(spends) <= judge(best) + 1e-6 * abs(judge(best)) + 1e-9
    assert tried > 20


def test_a_wanted_return_is_kept(build):
    built = build("direct")
    answer = response(world(built.model, built.design, built.draws), built.model, horizon=8)
    limit = allowed(answer)
    now = answer.today.spend
    none = answer(np.zeros_like(now)).outcome

    def roas(spends):
        return (answer(spends).outcome - none).mean() / 8 / spends.sum()

    wanted = 1.05 * roas(now)
    best = best_plan(answer, limit, Wish(None, target_roas=wanted))
    assert roas(best) >= wanted * (1 - 1e-4)
    with pytest.raises(InputError, match="--target-roas"):
        best_plan(answer, limit, Wish(None, target_roas=100 * wanted))
