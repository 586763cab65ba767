"""Channels that cannot be told apart: named when they are, and not when they are not."""

import json

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics.collinearity import DRAWS, beside, collinearity
from mmm_bayes.diagnostics.identifiability import (
    effect_correlations,
    identifiability,
    identifiability_checks,
    pairs,
    to_dict,
)
from mmm_bayes.diagnostics.shrinkage import media_parameters, shrinkage

CHANNELS = ["tv", "radio", "search"]
WEEKS, LAGS = 60, 3
SAMPLE = ("chain", "draw")


def effects_of(direct, indirect=None):
    """Effects (chain, draw, unit, channel) from draws (draw, channel)."""
    indirect = np.zeros_like(direct) if indirect is None else indirect
    values = {"total": direct + indirect, "direct": direct, "indirect": indirect}
    dims = (*SAMPLE, "unit", "channel")
    coords = {"unit": ["all"], "channel": CHANNELS}
    return xr.Dataset({name: (dims, v[None, :, None]) for name, v in values.items()}, coords)


def tree_of(exposure, *, alpha=0.3, cause=None, fixed=None, draws=7, seed=0):
    """A fit whose media are these exposures (time, unit, channel), with a trend as covariate."""
    rng = np.random.default_rng(seed)
    weeks, units, channels = exposure.shape
    lags = np.stack([np.roll(exposure, lag, axis=0) for lag in range(LAGS)], -1)[LAGS:]
    sample = (1, draws)
    coords = {"channel": CHANNELS[:channels]}
    beta = rng.uniform(0.1, 0.2, (*sample, channels))
    if fixed is not None:
        beta[..., fixed] = 0.0
    posterior = {
        "adstock_alpha": np.full((*sample, channels), alpha),
        "saturation_kappa": rng.uniform(0.8, 1.2, (*sample, channels)),
        "saturation_slope": np.ones((*sample, channels)),
        "beta": beta,
    }
    posterior = {name: ((*SAMPLE, "channel"), values) for name, values in posterior.items()}
    if cause is not None:
        for name, value in (("alpha", 0.0), ("kappa", 1.0), ("slope", 1.0)):
            full = np.full((*sample, len(cause)), value)
            posterior[f"mediation_{name}"] = ((*SAMPLE, "cause"), full)
        coords["cause"] = cause
    trend = np.broadcast_to(np.linspace(-1, 1, weeks)[:, None, None], (weeks, units, 1))[LAGS:]
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(posterior, coords),
            "constant_data": xr.Dataset(
                {
                    "exposure_lags": (("time", "unit", "channel", "lag"), lags),
                    "covariates": (("time", "unit", "covariate"), trend),
                },
                {"channel": CHANNELS[:channels]},
            ),
        }
    )


def exposures(units=1, channels=3, seed=1):
    return np.random.default_rng(seed).gamma(2.0, 0.5, (WEEKS, units, channels))


def residual_by_regression(column, others):
    """Residuals of least squares with an intercept, by the normal equations."""
    x = np.column_stack([np.ones(len(column)), *others])
    return column - x @ np.linalg.solve(x.T @ x, x.T @ column)


def test_collinearity_is_that_of_residuals_of_a_regression():
    tree = tree_of(exposures())
    found = collinearity(tree)
    lags = tree["constant_data"]["exposure_lags"].values[:, 0]
    trend = tree["constant_data"]["covariates"].values[:, 0, 0]
    weights = 0.3 ** np.arange(LAGS)
    stock = (lags * weights).sum(-1) / weights.sum()
    matrices, factors = [], []
    for kappa in tree["posterior"]["saturation_kappa"].values[0]:
        media = (stock / (kappa + stock)).T
        left = [residual_by_regression(one, [trend]) for one in media]
        alone = [
            residual_by_regression(one, [trend, *np.delete(media, at, 0)])
            for at, one in enumerate(media)
        ]
        matrices.append(np.corrcoef(left))
        factors.append([a.var() / b.var() for a, b in zip(left, alone, strict=True)])
    got = found["media_correlation"].sel(equation="outcome")
    np.testing.assert_allclose(got, np.median(matrices, 0), atol=1e-10)
    inflation = found["variance_inflation"].sel(equation="outcome", statistic="median")
    np.testing.assert_allclose(inflation, np.median(factors, 0), rtol=1e-8)


def test_what_the_covariates_and_the_units_explain_is_no_likeness():
    """Two units of different size and a common trend, and otherwise independent channels."""
    values = exposures(units=2, channels=2, seed=3)
    trend = np.linspace(0, 30, WEEKS)[:, None, None]
    raw = values + trend + np.array([0.0, 50.0])[:, None]
    covariates = np.linspace(0, 1, WEEKS)[:, None, None] * np.ones((WEEKS, 2, 1))
    assert np.corrcoef(raw.reshape(-1, 2).T)[0, 1] > 0.99
    left = beside(raw, covariates).reshape(-1, 2)
    assert abs(np.corrcoef(left.T)[0, 1]) < 0.2


def test_a_channel_that_does_nothing_of_its_own_has_no_correlation():
    values = exposures()
    values[..., 1] = 0.7  # never varies
    found = collinearity(tree_of(values))
    assert found["media_correlation"].sel(channel="radio").isnull().all()
    assert np.isfinite(found["media_correlation"].sel(channel="tv", other="search")).all()


def test_each_equation_has_its_own_channels_and_shapes():
    found = collinearity(tree_of(exposures(), cause=["radio", "tv"], fixed=[0]))
    outcome, mediator = found["media_correlation"]
    assert outcome.sel(channel="tv").isnull().all()
    assert np.isfinite(outcome.sel(channel="radio", other="search"))
    assert mediator.sel(channel="search").isnull().all()
    # Without carryover in that equation, and with kappa 1.
    tree = tree_of(exposures())
    lags, trend = (tree["constant_data"][name].values for name in ("exposure_lags", "covariates"))
    media = lags[:, 0, :2, 0] / (1 + lags[:, 0, :2, 0])
    left = [residual_by_regression(one, [trend[:, 0, 0]]) for one in media.T]
    assert float(mediator.sel(channel="tv", other="radio")) == pytest.approx(
        np.corrcoef(left)[0, 1]
    )


def test_thinned_draws_are_spread_over_all():
    tree = tree_of(exposures(), draws=10 * DRAWS)
    early = tree.copy(deep=True)
    early["posterior"]["saturation_kappa"].values[:, 5 * DRAWS :] = 1e-3
    same = collinearity(tree)["variance_inflation"].sel(statistic="lower")
    assert not np.allclose(collinearity(early)["variance_inflation"].sel(statistic="lower"), same)


def test_a_model_with_other_parameters_has_no_media_to_compare():
    tree = tree_of(exposures())
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().drop_vars("adstock_alpha"))
    assert not collinearity(tree)


def test_effects_are_correlated_over_draws():
    rng = np.random.default_rng(2)
    shared = rng.standard_normal(400)
    direct = np.column_stack([shared, -shared + 0.1 * rng.standard_normal(400), shared**2])
    found = effect_correlations(effects_of(direct).isel(unit=-1))
    expected = [[np.corrcoef(a, b)[0, 1] for a in direct.T] for b in direct.T]
    np.testing.assert_allclose(found.sel(effect="direct"), expected, atol=1e-12)
    assert found.sel(effect="indirect").isnull().all()


def apart(exposure, direct, indirect=None, **options):
    draws = effects_of(direct, indirect)
    found = identifiability(tree_of(exposure, **options), draws, None)
    return found, pairs(found, draws.isel(unit=-1, drop=True), 100.0)


def test_near_copies_are_named_and_independent_channels_are_not():
    rng = np.random.default_rng(4)
    independent = 5 + rng.standard_normal((1000, 3))
    found, named = apart(exposures(), independent)
    assert named == ()
    (check,) = identifiability_checks(named, 3)
    assert (check.group, check.status, check.value) == ("identifiability", "pass", 0)
    assert to_dict(found, named)["pairs"] == []

    copies = exposures()
    copies[..., 1] = copies[..., 0] * (1 + 0.1 * rng.standard_normal((WEEKS, 1)))
    traded = independent.copy()
    traded[:, 1] = 10 - traded[:, 0] + 0.1 * rng.standard_normal(1000)  # only the sum is known
    found, (pair,) = apart(copies, traded)
    assert pair.channels == ("tv", "radio")
    assert pair.effect == "direct"
    assert pair.effect_correlation < -0.9
    assert pair.media_correlation > 0.95
    assert pair.says.startswith("The data can't tell tv from radio: where the direct effect of one")
    assert "moves as one (correlation 0.9" in pair.says
    together = np.quantile(traded[:, :2].sum(1) / 100, [0.05, 0.95])
    assert f"together ({together[0]:.1%} to {together[1]:.1%} of the outcome" in pair.says
    (check,) = identifiability_checks((pair,), 3)
    assert (check.status, check.value, check.says) == ("warn", 1, pair.says)


def test_either_sign_is_enough():
    rng = np.random.default_rng(5)
    independent = 5 + rng.standard_normal((1000, 3))
    traded = independent.copy()
    traded[:, 2] = -traded[:, 0] + 0.3 * rng.standard_normal(1000)
    _, (pair,) = apart(exposures(), traded)
    assert pair.channels == ("tv", "search")
    assert "advertising" not in pair.says.split(". Read")[0]
    # Through the mediator.
    indirect = np.zeros_like(traded)
    indirect[:, 0], indirect[:, 1] = traded[:, 0], traded[:, 2]
    _, (pair,) = apart(exposures(), independent, indirect, cause=["tv", "radio"])
    assert (pair.channels, pair.effect) == (("tv", "radio"), "indirect")
    opposed = 0.9 + 0.1 * exposures()
    opposed[..., 2] = 2 - opposed[..., 1]
    _, (pair,) = apart(opposed, independent)
    assert pair.channels == ("radio", "search")
    assert "moves in opposite ways (correlation -" in pair.says


def test_effects_that_rise_together_are_no_trade_off():
    shared = np.random.default_rng(6).standard_normal((500, 1))
    _, named = apart(exposures(), shared + np.zeros(3))
    assert named == ()


def test_one_channel_has_nobody_to_be_taken_for():
    assert identifiability_checks((), 1) == []


def test_shrinkage_is_one_less_the_ratio_of_variances():
    rng = np.random.default_rng(7)
    dims, coords = (*SAMPLE, "channel"), {"channel": CHANNELS}
    wide = rng.standard_normal((1, 5000, 3)) * [1.0, 2.0, 0.0]
    narrow = rng.standard_normal((4, 500, 3)) * [0.5, 2.0, 0.0]
    prior = xr.Dataset({"beta": (dims, wide), "sigma": (SAMPLE, wide[..., 0])}, coords)
    prior["gamma"] = ((*SAMPLE, "cause"), wide[..., :1])
    prior = prior.assign_coords(cause=["radio"])
    posterior = xr.Dataset({"beta": (dims, narrow), "sigma": (SAMPLE, narrow[..., 0])}, coords)
    posterior["gamma"] = ((*SAMPLE, "cause"), narrow[..., :1])
    posterior = posterior.assign_coords(cause=["radio"])
    posterior["ceiling"] = posterior["beta"]
    names = media_parameters(posterior, prior)
    assert names == ["beta", "gamma"]
    found = shrinkage(posterior, prior, CHANNELS, names)
    expected = 1 - narrow[..., :2].var((0, 1)) / wide[..., :2].var((0, 1))
    np.testing.assert_allclose(found.sel(quantity="beta")[:2], expected)
    assert expected[0] == pytest.approx(0.75, abs=0.05)
    assert np.isnan(found.sel(quantity="beta", channel="search"))  # its prior is one value
    gamma = found.sel(quantity="gamma")
    assert gamma.isnull().values.tolist() == [True, False, True]
    assert float(gamma.sel(channel="radio")) == pytest.approx(expected[0])


@pytest.mark.parametrize(
    "name, kind",
    [
        ("direct", {"units": 2, "link": "log"}),
        ("full_mediation", {}),
        ("partial_mediation", {"hurdle": True}),
    ],
)
def test_every_member_of_the_family_is_described(build, name, kind):
    from mmm_bayes.counterfactual import world
    from mmm_bayes.estimands import summed_effects

    built = build(name, **kind)
    draws = summed_effects(world(built.model, built.design, built.draws))
    labels = {dim: values for dim, values in built.model.coords.items() if dim in built.draws.dims}
    labelled = built.draws.assign_coords({dim: list(values) for dim, values in labels.items()})
    tree = xr.DataTree.from_dict(
        {"posterior": labelled, "prior": labelled, "constant_data": built.design.arrays}
    )
    found = identifiability(tree, draws, draws)
    equations = ["outcome"] if name == "direct" else ["outcome", "mediator"]
    assert list(found["equation"].values) == equations
    told = to_dict(found, pairs(found, draws.isel(unit=-1, drop=True), 1000.0))
    json.dumps(told, allow_nan=False)
    assert len(told["correlations"]) == 6
    social = told["channels"][0]
    # The same draws before and after: nothing was learnt.
    assert set(social["shrinkage"].values()) <= {0.0}
    if name == "full_mediation":  # causes have no direct effect, and one curve for both paths
        assert social["variance_inflation"]["outcome"] is None
        assert social["variance_inflation"]["mediator"] >= 1
        assert "direct" not in social["shrinkage"]
        assert {"total", "indirect", "adstock_alpha", "gamma"} <= set(social["shrinkage"])
    if name == "partial_mediation":
        assert {"gamma", "gamma_on", "mediation_alpha", "beta"} <= set(social["shrinkage"])
