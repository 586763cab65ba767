"""Weakly identified pairs of channels, collinearity and shrinkage."""

import json

import numpy as np
import pytest
import xarray as xr

from mmm_bayes.diagnostics.collinearity import media_collinearity, partial_out
from mmm_bayes.diagnostics.identifiability import (
    effect_correlations,
    identifiability_checks,
    identifiability_record,
    identifiability_statistics,
    weakly_identified_pairs,
)
from mmm_bayes.diagnostics.shrinkage import (
    joint_shrinkage,
    media_parameters,
    posterior_shrinkage,
)
from mmm_bayes.model.media import Media, evaluate_media

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


def media_of(exposure, *, alpha=0.3, cause=None, fixed=None, draws=7, seed=0):
    """Media of a fit to exposures (time, unit, channel), with a trend as covariate."""
    rng = np.random.default_rng(seed)
    weeks, units, channels = exposure.shape
    lags = np.stack([np.roll(exposure, lag, axis=0) for lag in range(LAGS)], -1)[LAGS:]
    kappa = rng.uniform(0.8, 1.2, (draws, 1, 1, channels))
    weights = alpha ** np.arange(LAGS)
    stock = (lags * weights).sum(-1) / weights.sum()
    dims, coords = ("time", "unit", "channel"), {"channel": CHANNELS[:channels]}
    responses = {"outcome": xr.DataArray((stock / (kappa + stock))[None], dims=(*SAMPLE, *dims))}
    responses["outcome"] = responses["outcome"].assign_coords(coords)
    if cause is not None:
        now = lags[:, :, [CHANNELS.index(name) for name in cause], 0]
        responses["mediator"] = xr.DataArray(
            np.broadcast_to(now / (1 + now), (1, draws, *now.shape)),
            dims=(*SAMPLE, "time", "unit", "cause"),
            coords={"cause": cause},
        )
    share = np.ones(channels)
    share[[] if fixed is None else fixed] = 0.0
    contribution = xr.DataArray(stock * share, dims=dims, coords=coords)
    trend = np.broadcast_to(np.linspace(-1, 1, weeks)[:, None, None], (weeks, units, 1))[LAGS:]
    covariates = xr.DataArray(trend, dims=("time", "unit", "covariate"))
    return Media(responses, contribution, xr.zeros_like(contribution), covariates)


def exposures(units=1, channels=3, seed=1):
    return np.random.default_rng(seed).gamma(2.0, 0.5, (WEEKS, units, channels))


def residual_by_regression(column, others):
    """Residuals of least squares with an intercept, by the normal equations."""
    x = np.column_stack([np.ones(len(column)), *others])
    return column - x @ np.linalg.solve(x.T @ x, x.T @ column)


def test_collinearity_is_that_of_residuals_of_a_regression():
    media = media_of(exposures())
    statistics = media_collinearity(media)
    trend = media.covariates.values[:, 0, 0]
    matrices, factors = [], []
    for response in media.responses["outcome"].values[0, :, :, 0]:
        columns = response.T
        left = [residual_by_regression(column, [trend]) for column in columns]
        unique = [
            residual_by_regression(column, [trend, *np.delete(columns, index, 0)])
            for index, column in enumerate(columns)
        ]
        matrices.append(np.corrcoef(left))
        factors.append([a.var() / b.var() for a, b in zip(left, unique, strict=True)])
    correlation = statistics["media_correlation"].sel(equation="outcome")
    np.testing.assert_allclose(correlation, np.median(matrices, 0), atol=1e-10)
    inflation = statistics["variance_inflation"].sel(equation="outcome", statistic="median")
    np.testing.assert_allclose(inflation, np.median(factors, 0), rtol=1e-8)


def test_covariates_and_unit_means_are_projected_out():
    """Two units of different size and a common trend, and otherwise independent channels."""
    values = exposures(units=2, channels=2, seed=3)
    trend = np.linspace(0, 30, WEEKS)[:, None, None]
    raw = values + trend + np.array([0.0, 50.0])[:, None]
    covariates = np.linspace(0, 1, WEEKS)[:, None, None] * np.ones((WEEKS, 2, 1))
    assert np.corrcoef(raw.reshape(-1, 2).T)[0, 1] > 0.99
    left = partial_out(raw, covariates).reshape(-1, 2)
    assert abs(np.corrcoef(left.T)[0, 1]) < 0.2


def test_a_channel_that_does_not_vary_has_no_correlation():
    values = exposures()
    values[..., 1] = 0.7  # never varies
    statistics = media_collinearity(media_of(values))
    assert statistics["media_correlation"].sel(channel="radio").isnull().all()
    assert np.isfinite(statistics["media_correlation"].sel(channel="tv", other="search")).all()


def test_each_equation_has_its_own_channels_and_shapes():
    statistics = media_collinearity(media_of(exposures(), cause=["radio", "tv"], fixed=[0]))
    outcome, mediator = statistics["media_correlation"]
    assert outcome.sel(channel="tv").isnull().all()
    assert np.isfinite(outcome.sel(channel="radio", other="search"))
    assert mediator.sel(channel="search").isnull().all()
    media = media_of(exposures(), cause=["radio", "tv"])
    left = [
        residual_by_regression(column, [media.covariates.values[:, 0, 0]])
        for column in media.responses["mediator"].values[0, 0, :, 0].T
    ]
    assert float(mediator.sel(channel="tv", other="radio")) == pytest.approx(
        np.corrcoef(left)[0, 1]
    )


def test_without_media_there_is_no_collinearity():
    statistics = identifiability_statistics(xr.DataTree(), None, effects_of(np.ones((9, 3))), None)
    assert set(statistics) == {"effect_correlation"}


def test_effects_are_correlated_over_draws():
    rng = np.random.default_rng(2)
    shared = rng.standard_normal(400)
    direct = np.column_stack([shared, -shared + 0.1 * rng.standard_normal(400), shared**2])
    statistics = effect_correlations(effects_of(direct).isel(unit=-1))
    expected = [[np.corrcoef(a, b)[0, 1] for a in direct.T] for b in direct.T]
    np.testing.assert_allclose(statistics.sel(effect="direct"), expected, atol=1e-12)
    assert statistics.sel(effect="indirect").isnull().all()


def statistics_and_pairs(exposure, direct, indirect=None, **options):
    draws = effects_of(direct, indirect)
    media = media_of(exposure, **options)
    statistics = identifiability_statistics(xr.DataTree(), media, draws, None)
    return statistics, weakly_identified_pairs(
        statistics, draws.isel(unit=-1, drop=True), (100.0, "the outcome")
    )


def test_near_copies_are_named_and_independent_channels_are_not():
    rng = np.random.default_rng(4)
    independent = 5 + rng.standard_normal((1000, 3))
    statistics, pairs = statistics_and_pairs(exposures(), independent)
    assert pairs == ()
    (check,) = identifiability_checks(pairs, 3)
    assert (check.group, check.status, check.value) == ("identifiability", "pass", 0)
    assert identifiability_record(statistics, pairs)["pairs"] == []

    copies = exposures()
    copies[..., 1] = copies[..., 0] * (1 + 0.1 * rng.standard_normal((WEEKS, 1)))
    traded = independent.copy()
    traded[:, 1] = 10 - traded[:, 0] + 0.1 * rng.standard_normal(1000)  # only the sum is known
    _, (pair,) = statistics_and_pairs(copies, traded)
    assert pair.channels == ("tv", "radio")
    assert pair.effect == "direct"
    assert pair.effect_correlation < -0.9
    assert pair.media_correlation > 0.95
    assert pair.message.startswith(
        "The data can't tell tv from radio: where the direct effect of one"
    )
    assert "moves together (correlation 0.9" in pair.message
    joint = np.quantile(traded[:, :2].sum(1) / 100, [0.05, 0.95])
    assert f"together ({joint[0]:.1%} to {joint[1]:.1%} of the outcome" in pair.message
    (check,) = identifiability_checks((pair,), 3)
    assert (check.status, check.value, check.message) == ("warn", 1, pair.message)


def test_either_sign_is_enough():
    rng = np.random.default_rng(5)
    independent = 5 + rng.standard_normal((1000, 3))
    traded = independent.copy()
    traded[:, 2] = -traded[:, 0] + 0.3 * rng.standard_normal(1000)
    _, (pair,) = statistics_and_pairs(exposures(), traded)
    assert pair.channels == ("tv", "search")
    assert "advertising" not in pair.message.split(". Read")[0]
    # Through the mediator.
    indirect = np.zeros_like(traded)
    indirect[:, 0], indirect[:, 1] = traded[:, 0], traded[:, 2]
    _, (pair,) = statistics_and_pairs(exposures(), independent, indirect, cause=["tv", "radio"])
    assert (pair.channels, pair.effect) == (("tv", "radio"), "indirect")
    opposed = 0.9 + 0.1 * exposures()
    opposed[..., 2] = 2 - opposed[..., 1]
    _, (pair,) = statistics_and_pairs(opposed, independent)
    assert pair.channels == ("radio", "search")
    assert "moves in opposite directions (correlation -" in pair.message


def test_effects_that_rise_together_are_no_trade_off():
    shared = np.random.default_rng(6).standard_normal((500, 1))
    _, pairs = statistics_and_pairs(exposures(), shared + np.zeros(3))
    assert pairs == ()


def test_a_single_channel_has_no_check():
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
    statistics = posterior_shrinkage(posterior, prior, CHANNELS, names)
    expected = 1 - narrow[..., :2].var((0, 1)) / wide[..., :2].var((0, 1))
    np.testing.assert_allclose(statistics.sel(quantity="beta")[:2], expected)
    assert expected[0] == pytest.approx(0.75, abs=0.05)
    assert np.isnan(statistics.sel(quantity="beta", channel="search"))  # its prior is one value
    gamma = statistics.sel(quantity="gamma")
    assert gamma.isnull().values.tolist() == [True, False, True]
    assert float(gamma.sel(channel="radio")) == pytest.approx(expected[0])


def test_the_sum_of_two_channels_that_move_together_is_learned():
    """Each effect keeps its prior's variance; their sum, which the data know, keeps a hundredth."""
    rng = np.random.default_rng(8)
    prior = effects_of(rng.standard_normal((20_000, 3)))
    one, noise = rng.standard_normal((2, 20_000))
    sum_of = 0.1 * np.sqrt(2) * noise
    posterior = effects_of(np.column_stack([one, sum_of - one, 0 * one]))
    joint = {
        name: effects["total"].sel(channel=["tv", "radio"]).sum("channel")
        for name, effects in (("prior", prior), ("posterior", posterior))
    }
    tree = xr.DataTree.from_dict({"prior": xr.Dataset(), "posterior": xr.Dataset()})
    statistics = identifiability_statistics(
        tree,
        None,
        posterior,
        prior.assign(together=joint["prior"]),
        joint["posterior"].to_dataset(name="total"),
    )
    record = identifiability_record(statistics, ())
    assert record["together"]["shrinkage"]["total"] == pytest.approx(0.99, abs=0.002)
    alone = {channel["channel"]: channel["shrinkage"]["total"] for channel in record["channels"]}
    assert alone["tv"] == pytest.approx(0.0, abs=0.05)
    assert set(alone) == set(CHANNELS)
    statistics = identifiability_statistics(tree, None, posterior, prior)
    assert identifiability_record(statistics, ())["together"] == {}


@pytest.mark.parametrize("constant", [0.0, np.nan])
def test_a_constant_prior_has_no_shrinkage(constant):
    draws = xr.DataArray(np.full((2, 5), constant), dims=SAMPLE)
    assert np.isnan(joint_shrinkage(draws + 1.0, draws))


@pytest.mark.parametrize(
    "name, kind",
    [
        ("no_mediation", {"units": 2, "link": "log"}),
        ("full_mediation", {}),
        ("partial_mediation", {"hurdle": True}),
    ],
)
def test_every_member_of_the_family_is_described(build, name, kind):
    from mmm_bayes.estimands import summed_effects
    from mmm_bayes.model.counterfactual import abduct

    built = build(name, **kind)
    fitted = abduct(built.model, built.design, built.draws)
    draws = summed_effects(fitted)
    labels = {dim: values for dim, values in built.model.coords.items() if dim in built.draws.dims}
    labelled = built.draws.assign_coords({dim: list(values) for dim, values in labels.items()})
    tree = xr.DataTree.from_dict(
        {"posterior": labelled, "prior": labelled, "constant_data": built.design.arrays}
    )
    statistics = identifiability_statistics(tree, evaluate_media(fitted), draws, draws)
    equations = ["outcome"] if name == "no_mediation" else ["outcome", "mediator"]
    assert list(statistics["equation"].values) == equations
    pairs = weakly_identified_pairs(
        statistics, draws.isel(unit=-1, drop=True), (1000.0, "the outcome")
    )
    record = identifiability_record(statistics, pairs)
    json.dumps(record, allow_nan=False)
    assert len(record["correlations"]) == 6
    social = record["channels"][0]
    # Prior and posterior are the same draws, so there is no shrinkage.
    assert set(social["shrinkage"].values()) <= {0.0}
    if name == "full_mediation":  # causes have no direct effect, and one curve for both paths
        assert social["variance_inflation"]["outcome"] is None
        assert social["variance_inflation"]["mediator"] >= 1
        assert "direct" not in social["shrinkage"]
        assert {"total", "indirect", "adstock_alpha", "gamma"} <= set(social["shrinkage"])
    if name == "partial_mediation":
        assert {"gamma", "gamma_on", "mediation_alpha", "beta"} <= set(social["shrinkage"])
