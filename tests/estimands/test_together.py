"""What all channels add together."""

from collections.abc import Callable

import numpy as np
import pytest
from builds import Built

from mmm_bayes.counterfactual import world
from mmm_bayes.estimands import channel_effects
from mmm_bayes.evaluation import flat


@pytest.mark.parametrize("units", [1, 2])
def test_contributions_that_add_are_the_sum_of_the_direct_ones(
    build: Callable[..., Built], units: int
) -> None:
    """The mediator's own effect holds all that the others sent through it, so nothing is left."""
    built = build("partial_mediation", units=units)
    effects = channel_effects(world(built.model, built.design, built.draws))
    np.testing.assert_allclose(effects.together, effects.draws["direct"].sum("channel"), rtol=1e-9)
    assert effects.together.dims == ("chain", "draw", "unit")
    assert effects.together["unit"].values.tolist() == effects.draws["unit"].values.tolist()


def test_contributions_that_multiply_are_less_than_everything(build: Callable[..., Built]) -> None:
    built = build("direct", link="log")
    effects = channel_effects(world(built.model, built.design, built.draws))
    sample = {name: flat(values) for name, values in built.draws.items()}
    # Without advertising the predictor lacks the contributions at the observed spends.
    media = np.log(sample["outcome_mean"][..., 0] / built.design.scaling.outcome)
    covariates = (
        built.design.arrays["covariates"].values[:, 0] @ sample["covariate_effect"].T
    ).T + sample["intercept"]
    lasting = media - covariates + sample["beta"].sum(-1)[:, None]
    observed = built.design.arrays["outcome_observed"].values[:, 0]
    expected = (observed * (1 - np.exp(-lasting))).sum(1)
    np.testing.assert_allclose(effects.together.values.ravel(), expected, rtol=1e-6)
    assert (effects.together < observed.sum()).all()
    assert (effects.together < effects.draws["direct"].sum("channel")).all()
