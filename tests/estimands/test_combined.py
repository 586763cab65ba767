"""Effect of all channels combined."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from builds import Built

from mmm_bayes.estimands import channel_effects, joint_effect
from mmm_bayes.estimands.effects import weekly_effects
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.evaluation import flatten_draws


@pytest.mark.parametrize("units", [1, 2])
def test_additive_effects_combine_to_the_sum_of_direct_effects(
    build: Callable[..., Built], units: int
) -> None:
    """The mediator's effect includes what its causes add through it."""
    built = build("partial_mediation", units=units)
    effects = channel_effects(abduct(built.model, built.design, built.draws))
    joint = effects.combined["total"]
    np.testing.assert_allclose(joint, effects.draws["direct"].sum("channel"), rtol=1e-9)
    assert joint.dims == ("chain", "draw", "unit")
    assert joint["unit"].values.tolist() == effects.draws["unit"].values.tolist()
    data = built.design.dataset.data
    spend, outcome = data["spend"].values.sum(), data["outcome"].values.sum()
    last = effects.combined.isel(unit=-1)
    np.testing.assert_allclose(last["roas"], last["total"] / spend)
    np.testing.assert_allclose(last["contribution_share"], last["total"] / outcome)
    xr.testing.assert_allclose(
        joint_effect(abduct(built.model, built.design, built.draws))["total"], joint
    )


@pytest.mark.parametrize("units", [1, 2])
def test_the_baseline_is_what_added_effects_leave(build: Callable[..., Built], units: int) -> None:
    """By week and unit, and summed over units draw by draw before its interval is taken."""
    built = build("partial_mediation", units=units)
    fitted = abduct(built.model, built.design, built.draws)
    weekly = channel_effects(fitted).weekly
    direct = sum(effect["direct"] for effect in weekly_effects(fitted))
    left = flatten_draws(built.draws["outcome_location"]) - direct  # (sample, time, unit)
    for statistic, tail in (("lower", 0.05), ("median", 0.5), ("upper", 0.95)):
        found = weekly.sel(statistic=statistic)
        np.testing.assert_allclose(found["baseline"], np.quantile(left, tail, axis=0), rtol=1e-8)
        summed = np.quantile(left.sum(-1), tail, axis=0)
        np.testing.assert_allclose(found["summed_baseline"], summed, rtol=1e-8)
    assert weekly["summed_baseline"].dims == ("statistic", "time")


def test_multiplicative_effects_combine_to_less_than_the_sum(build: Callable[..., Built]) -> None:
    built = build("no_mediation", link="log")
    effects = channel_effects(abduct(built.model, built.design, built.draws))
    sample = {name: flatten_draws(values) for name, values in built.draws.items()}
    # Without advertising the predictor lacks the contributions at the observed spends.
    media = np.log(sample["outcome_location"][..., 0] / built.design.scaling.outcome)
    covariates = (
        built.design.arrays["covariates"].values[:, 0] @ sample["covariate_effect"].T
    ).T + sample["intercept"]
    lasting = media - covariates + sample["beta"].sum(-1)[:, None]
    observed = built.design.arrays["outcome_observed"].values[:, 0]
    expected = (observed * (1 - np.exp(-lasting))).sum(1)
    np.testing.assert_allclose(effects.combined["total"].values.ravel(), expected, rtol=1e-6)
    assert (effects.combined["total"] < observed.sum()).all()
    assert (effects.combined["total"] < effects.draws["direct"].sum("channel")).all()
