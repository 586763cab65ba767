"""Outcome of a plan against the equations in loops, and its gradient against differences."""

from dataclasses import replace

import builds
import numpy as np
import planned
import pytest

from mmm_bayes.data import load
from mmm_bayes.data.design import make_design
from mmm_bayes.decisions import build_response
from mmm_bayes.errors import InputError
from mmm_bayes.inference.sampling import compute_deterministics
from mmm_bayes.model.counterfactual import (
    abduct,
    location_under,
    mediator_under,
    observed_location,
    outcome_change,
    path_with_mediator,
)

KINDS = [
    ("no_mediation", {}, "planner"),
    ("no_mediation", {"floor": 700.0}, "planner"),
    ("partial_mediation", {}, "planner"),
    ("partial_mediation", {}, "caused"),
    ("partial_mediation", {"units": 2}, "caused"),
    ("partial_mediation", {"hurdle": True, "link": "log"}, "caused"),
    ("full_mediation", {"link": "log"}, "caused"),
]
#: Two weeks, most, and all of the 30 fitted ones.
HORIZONS = [2, 20, 30]


@pytest.fixture
def plans(build):
    def make_plan(name, kind, policy, horizon):
        built = build(name, **kind)
        response = build_response(
            abduct(built.model, built.design, built.draws),
            horizon=horizon,
            policy=policy,
        )
        rng = np.random.default_rng(3)
        now = response.status_quo.spend
        return built, response, now * rng.uniform(0.3, 1.8, now.shape)

    return make_plan


@pytest.mark.parametrize(
    "name, kind, policy, horizon",
    # What a floor hides is averaged in loops, which takes its time.
    [(*kind, horizon) for kind in KINDS for horizon in HORIZONS if not kind[1].get("floor")]
    + [("no_mediation", {"floor": 700.0}, "planner", 20)],
)
def test_the_outcome_of_a_plan_is_that_of_the_equations(plans, name, kind, policy, horizon):
    built, response, spends = plans(name, kind, policy, horizon)
    result = response(spends)
    for index, sample in enumerate(built.samples):
        outcome, mediator = planned.plan(built, sample, spends, horizon, policy)
        # What a floor or a week off hides is averaged over ranks in the loops.
        averaged = "floor" in kind or "hurdle" in kind
        rel, absolute = (1e-3, 0.05) if averaged else (1e-7, 1e-9)
        assert result.outcome[index] == pytest.approx(outcome, rel=rel)
        assert result.mediator[index] == pytest.approx(mediator, rel=rel, abs=absolute)


@pytest.mark.parametrize("policy", ["planner", "caused"])
def test_what_is_compiled_for_a_model_serves_other_tables(build, tmp_path, policy):
    """The functions are kept with the model; their data are those of the table at hand."""
    first = build("partial_mediation")
    path = builds.write(tmp_path, builds.table(seed=5), builds.description())
    design = make_design(load(path), first.design.form)
    draws = compute_deterministics(first, design, first.free)
    other = replace(first, design=design, draws=draws)
    responses = [
        build_response(abduct(built.model, built.design, built.draws), horizon=20, policy=policy)
        for built in (first, other)
    ]
    assert responses[0].functions is responses[1].functions
    for built, response in zip((first, other), responses, strict=True):
        spends = response.status_quo.spend * np.linspace(0.5, 1.6, 4)
        result = response(spends)
        for index, sample in enumerate(built.samples):
            outcome, mediator = planned.plan(built, sample, spends, 20, policy)
            assert result.outcome[index] == pytest.approx(outcome, rel=1e-7)
            assert result.mediator[index] == pytest.approx(mediator, rel=1e-7, abs=1e-9)
            assert response.value(spends)[0][index] == pytest.approx(outcome, rel=1e-7)


@pytest.mark.parametrize("name, kind, policy", KINDS)
def test_the_status_quo_is_what_was_observed(plans, name, kind, policy):
    built, response, _ = plans(name, kind, policy, 20)
    data = built.design.dataset.data.isel(time=slice(-20, None))
    result = response(response.status_quo.spend)
    assert result.outcome == pytest.approx(np.full(4, float(data["outcome"].sum())))
    spent = data["spend"].sel(channel="search").mean("time").values
    assert result.mediator == pytest.approx(np.broadcast_to(spent, result.mediator.shape))
    assert response.calendar(response.status_quo.spend) == pytest.approx(data["spend"].values)


@pytest.mark.parametrize("link", ["identity", "log"])
@pytest.mark.parametrize("policy", ["planner", "caused"])
def test_the_change_is_that_of_a_reports_counterfactual(plans, link, policy):
    """A channel switched off in the last weeks loses what the engine of all effects says."""
    _, response, _ = plans("partial_mediation", {"link": link}, policy, 20)
    spends = response.status_quo.spend.copy()
    spends[:, 0] = 0.0
    fitted = response.fitted
    path = fitted.observed_path.copy()
    path[-20:, :, 0] = 0.0
    other = path
    if policy == "caused":
        other = path_with_mediator(fitted, path, mediator_under(fitted, path))
    fact = observed_location(fitted)
    lost = outcome_change(fitted, fact, location_under(fitted, other))[:, -20:].sum((1, 2))
    gain = response(spends).outcome - response(response.status_quo.spend).outcome
    assert -gain == pytest.approx(lost, rel=1e-9)


def test_a_plan_is_no_longer_than_the_fitted_weeks(plans):
    with pytest.raises(InputError, match=r"--horizon 31: .* has only 30 weeks; give 30 or less"):
        plans("no_mediation", {}, "planner", 31)


def test_a_channel_without_spend_in_the_weeks_of_a_plan(plans, build):
    """Its plan is a constant spend, at the price of all fitted weeks."""
    built, *_ = plans("no_mediation", {}, "planner", 2)
    tv = 3
    spend = built.design.dataset.data["spend"].values[:, 0, tv]
    horizon = next(n for n in range(1, 30) if spend[-n - 1] > 0)
    if spend[-1] > 0:
        pytest.skip("tv ends with a spend in this table")
    _, response, _ = plans("no_mediation", {}, "planner", horizon)
    assert response.status_quo.spend[0, tv] == 0
    spends = response.status_quo.spend.copy()
    spends[0, tv] = 50.0
    assert response.calendar(spends)[:, 0, tv] == pytest.approx(np.full(horizon, 50.0))
    assert (response(spends).outcome > response(response.status_quo.spend).outcome).all()


@pytest.mark.parametrize("horizon", [6, 30])
def test_the_highest_sustained_spend(plans, horizon):
    built, response, _ = plans("no_mediation", {}, "planner", horizon)
    for channel in range(4):
        if response.status_quo.spend[0, channel] > 0:
            expected = planned.highest_sustained(built, 0, channel, horizon)
            assert response.status_quo.highest[0, channel] == pytest.approx(expected)
    assert (response.status_quo.highest >= response.status_quo.spend * (1 - 1e-12)).all()


@pytest.mark.parametrize(
    "name, kind, policy",
    [*KINDS, ("panel", {"units": 2}, "caused"), ("no_mediation", {"owned": True}, "planner")],
)
def test_the_gradient_is_exact(plans, name, kind, policy):
    _, response, spends = plans(name, kind, policy, 6)
    result = response(spends)
    for unit, channel in np.ndindex(*spends.shape):
        step = 1e-4 * max(spends[unit, channel], 1.0)
        more, less = spends.copy(), spends.copy()
        more[unit, channel] += step
        less[unit, channel] -= step
        up, down = response(more), response(less)
        slope = (up.outcome - down.outcome) / (2 * step)
        largest = np.abs(result.slope).max()
        assert result.slope[:, unit, channel] == pytest.approx(slope, rel=1e-5, abs=1e-6 * largest)
        slope = (up.mediator - down.mediator).sum(1) / (2 * step)
        assert result.mediator_slope[:, unit, channel] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_the_gradient_is_finite_without_spend(plans):
    _, response, spends = plans("partial_mediation", {}, "caused", 6)
    assert np.isfinite(response(np.zeros_like(spends)).slope).all()
