import numpy as np
import pytest

from mmm_bayes.decisions.prices import price_controls, price_curve
from mmm_bayes.estimands import control_effects
from mmm_bayes.model.counterfactual import abduct


@pytest.mark.parametrize("link", ["identity", "log"])
def test_the_curve_has_the_elasticity_and_the_lift(build, link):
    built = build("partial_mediation", link=link)
    counterfactual = abduct(built.model, built.design, built.draws.isel(chain=[0], draw=[0]))
    assert price_controls(counterfactual) == ["price"]
    curve = price_curve(counterfactual, "price").set_index("level")
    effects = control_effects(built.design, counterfactual.draws).squeeze(("chain", "draw"))
    elasticity = float(effects["elasticity"].sel(control="price"))
    lift = float(effects["lift"].sel(control="promotion")) / 100
    whole = curve.loc["as it was"]
    price, outcome = whole["price"].to_numpy(), whole["mean"].to_numpy()
    on, off = (curve.loc[f"promotion {level}", "mean"].to_numpy() for level in ("on", "off"))
    observed = built.design.dataset.data["controls"].sel(control="price").values
    assert price[[0, -1]] == pytest.approx([observed.min(), observed.max()])
    if link == "log":
        assert outcome / outcome[0] == pytest.approx((price / price[0]) ** elasticity)
        assert on / off == pytest.approx(np.full(len(on), 1 + lift))
    else:
        mean = built.design.dataset.data["outcome"].values.mean(0).sum()
        assert outcome - outcome[0] == pytest.approx(mean * elasticity * np.log(price / price[0]))
        assert on - off == pytest.approx(np.full(len(on), mean * lift))


def test_a_promotion_at_a_price(build):
    built = build("no_mediation", owned=True)
    counterfactual = abduct(built.model, built.design, built.draws)
    curve = price_curve(counterfactual, "price").set_index("level")
    lift = (curve.loc["promotion on", "mean"] - curve.loc["promotion off", "mean"].values).values
    # They interact, by the product of their deviations: the lift is linear in the log price, once
    # what the price changes of a channel is apart (the promotion changes another).
    log = np.log(curve.loc["promotion on", "price"].to_numpy())
    line = np.polynomial.Polynomial.fit(log, lift, 1)
    assert lift == pytest.approx(line(log), abs=1e-6 * np.abs(lift).max())
    assert abs(line(log[0]) - line(log[-1])) > 1e-3 * np.abs(lift).max()
