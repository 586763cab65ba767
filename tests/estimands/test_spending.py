"""What a spend adds, from saved draws, is what the graph's response curves say."""

import numpy as np
import pytest
from builds import CHANNELS

from mmm_bayes.arithmetic import arithmetic
from mmm_bayes.counterfactual import world
from mmm_bayes.estimands import response_curves, summarise
from mmm_bayes.estimands.spending import added, marginal_return


@pytest.mark.parametrize(
    "name, kind",
    [
        ("direct", {"owned": True}),
        ("full_mediation", {"link": "log"}),
        ("partial_mediation", {"units": 2}),
        ("partial_mediation", {"hurdle": True, "trend": "changepoints"}),
        ("partial_mediation", {"floor": 700.0, "link": "log"}),
        ("time_varying", {}),
        ("panel", {"units": 2}),
    ],
)
def test_it_is_on_the_curve(build, name, kind):
    built = build(name, **kind)
    curves = response_curves(world(built.model, built.design, built.draws))
    model = arithmetic(built.design, built.draws)
    for channel in CHANNELS:
        one = curves.sel(channel=channel)
        found = added(model, channel, one["spend"].values)
        for part in ("total", "direct"):
            expected = one[part].values
            near = 1e-9 * np.abs(expected).max()
            assert summarise(getattr(found, part)) == pytest.approx(expected, rel=1e-7, abs=near)


def test_a_marginal_return_is_the_slope_of_the_curve(build):
    built = build("partial_mediation")
    model = arithmetic(built.design, built.draws)
    amounts = np.array([99.5, 100.5])
    total = added(model, "social", amounts).total
    assert marginal_return(model, "social", 100.0) == pytest.approx(
        total[:, 1] - total[:, 0], rel=0.02
    )
    assert np.isnan(marginal_return(model, "social", 0.0)).all()
