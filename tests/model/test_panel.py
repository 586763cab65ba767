"""The panel model: units with their own responses, and shocks that all units share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pymc as pm
import pytest
from builds import PLAIN, Built, dataset
from scipy import stats
from scipy.special import expit, logit

from mmm_bayes.data.design import data_names, make_design
from mmm_bayes.errors import InputError
from mmm_bayes.inference.predictive import predictive_function
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.evaluation import graph_function
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.shared import shared_normal

RNG = np.random.default_rng(4)
LOCATION = RNG.normal(2.0, 0.3, (5, 3))
NOISE, SHOCK = np.array([0.1, 0.3, 0.2]), np.array([0.25, 0.1, 0.4])


def variable(observed: np.ndarray, nu: float | None, log: bool) -> Any:
    with pm.Model() as model:
        shared_normal(
            "y", LOCATION, NOISE, SHOCK, nu=nu and np.float64(nu), log=log, observed=observed
        )
    return model


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("nu", [None, 3.5])
def test_density_is_that_of_the_full_covariance(nu: float | None, log: bool) -> None:
    y = LOCATION + RNG.normal(0.0, 0.4, LOCATION.shape)
    observed = np.exp(y) if log else y
    model = variable(observed, nu, log)
    density = pm.logp(model["y"], observed).eval(mode=PLAIN)
    covariance = np.diag(NOISE**2) + np.outer(SHOCK, SHOCK)
    week = (
        stats.multivariate_normal(cov=covariance)
        if nu is None
        else stats.multivariate_t(shape=covariance, df=nu)
    )
    expected = week.logpdf(y - LOCATION) - (y.sum(-1) if log else 0.0)
    np.testing.assert_allclose(density, expected, rtol=1e-10)


def test_draws_have_the_full_covariance() -> None:
    rows = np.zeros((40_000, 3))
    with pm.Model() as model:
        shared_normal("y", rows, NOISE, SHOCK, log=False, observed=rows)
    draws = pm.draw(model["y"], random_seed=1, mode="FAST_COMPILE")
    expected = np.diag(NOISE**2) + np.outer(SHOCK, SHOCK)
    np.testing.assert_allclose(np.cov(draws.T), expected, atol=0.006)
    assert abs(np.corrcoef(draws[1:, 0], draws[:-1, 0])[0, 1]) < 0.02  # weeks are independent


def test_heavy_draws_are_heavy_in_the_same_weeks() -> None:
    rows = np.zeros((40_000, 3))
    with pm.Model() as model:
        shared_normal("y", rows, NOISE, SHOCK, nu=3.0, log=False, observed=rows)
    draws = pm.draw(model["y"], random_seed=1, mode="FAST_COMPILE")
    covariance = np.diag(NOISE**2) + np.outer(SHOCK, SHOCK)
    square = (draws @ np.linalg.inv(covariance) * draws).sum(-1) / 3  # F with 3 and nu degrees
    for share in (0.5, 0.9, 0.99):
        assert np.quantile(square, share) == pytest.approx(stats.f(3, 3.0).ppf(share), rel=0.1)


def own(built: Built, chain: int, draw: int, name: str, scale: str) -> np.ndarray:
    """Each unit's value of a parameter, from the typical value, the spread and the offsets."""
    sample = built.free.isel(chain=chain, draw=draw)
    parameters = {str(key): values.values for key, values in sample.items()}
    typical = np.array(oracle.shares(built, parameters)) if name == "beta" else parameters[name]
    deviation = parameters[f"{name}_spread"] * parameters[f"{name}_offset"]
    if scale == "log":
        return typical * np.exp(deviation)
    if scale == "logit":
        return expit(logit(typical) + deviation)
    return typical + deviation


@pytest.mark.parametrize("link", ["identity", "log"])
def test_outcome_is_a_loop_over_units_weeks_and_channels(
    build: Callable[..., Built], link: str
) -> None:
    built = build("panel", units=2, link=link)
    path, lags = oracle.history(built), built.design.form.max_lag
    covariates = built.design.arrays["covariates"].values
    exposure = built.design.dataset.data["exposure"].values
    scale = oracle.outcome_scale(built)
    rate = exposure.mean(0) / scale[:, None]  # (unit, channel)
    for chain, draw in ((0, 0), (1, 1)):
        sample = built.free.isel(chain=chain, draw=draw)
        alpha = own(built, chain, draw, "adstock_alpha", "logit")
        kappa = own(built, chain, draw, "saturation_kappa", "log")
        beta = own(built, chain, draw, "beta", "log")
        level = own(built, chain, draw, "intercept", "plain")
        effect = own(built, chain, draw, "covariate_effect", "plain")
        location = built.draws["outcome_location"].isel(chain=chain, draw=draw).values
        for unit in range(2):
            expected = level[unit] + covariates[:, unit] @ effect[unit]
            for channel in range(path.shape[-1]):
                slope = sample["saturation_slope"].values[channel]
                shape = (alpha[unit, channel], kappa[unit, channel], slope)
                h = oracle.response(path[:, unit, channel], *shape, lags)
                intensity = rate[unit, channel] / rate[:, channel].mean()
                expected = expected + beta[unit, channel] * intensity * (h / h.mean() - 1)
            if link == "log":
                expected = scale[unit] * np.exp(expected)
            else:
                expected = oracle.outcome_mean(built)[unit] + scale[unit] * expected
            np.testing.assert_allclose(
                location[:, unit], expected, rtol=1e-6, atol=1e-7 * scale[unit]
            )


def test_units_without_spread_are_the_typical_unit(build: Callable[..., Built]) -> None:
    """With a spread of zero, every unit has the typical unit's parameters."""
    built = build("panel", units=2)
    free = built.free.copy(deep=True)
    for name in free:
        if str(name).endswith("_spread"):
            free[name] = 0.0 * free[name]
    draws = compute_deterministics(CompiledModel(built.model, None, 0.0), built.design, free)
    for name in ("beta", "adstock_alpha", "saturation_kappa", "gamma"):
        values = draws[f"unit_{name}"]
        np.testing.assert_allclose(values.isel(unit=0), draws[name], rtol=1e-12)
        np.testing.assert_allclose(values.isel(unit=1), draws[name], rtol=1e-12)


def test_predictions_of_a_week_are_correlated_over_units(build: Callable[..., Built]) -> None:
    built = build("panel", units=2)
    draws = built.draws.assign(
        shared_sigma=0 * built.draws["shared_sigma"] + 0.5,
        sigma=0 * built.draws["sigma"] + 0.05,
    )
    data = {name: built.design.arrays[name].values for name in data_names(built.design)}
    predictions = predictive_function(built.model, seed=2).to_dataset(draws, data)["outcome"]
    miss = (predictions - draws["outcome_location"]) / built.design.arrays["outcome_scale"]
    flat = miss.transpose("unit", ...).values.reshape(2, -1)
    assert np.corrcoef(flat)[0, 1] > 0.95
    assert flat.std() == pytest.approx(0.5, rel=0.25)


def test_the_log_likelihood_is_by_week(build: Callable[..., Built]) -> None:
    built = build("panel", units=2)
    density = graph_function(
        built.model,
        inputs=[variable.name for variable in built.model.free_RVs],
        outputs=["outcome"],
        log_density=True,
    )
    data = {name: built.design.arrays[name].values for name in data_names(built.design)}
    log_likelihood = density.to_dataset(built.free, data)["outcome"]
    assert log_likelihood.dims == ("chain", "draw", "time")
    sample = built.draws.isel(chain=0, draw=1)
    scale = built.design.arrays["outcome_scale"].values
    noise, shock = sample["sigma"].values * scale, float(sample["shared_sigma"]) * scale
    week = stats.multivariate_normal(cov=np.diag(noise**2) + np.outer(shock, shock))
    miss = built.design.arrays["outcome_observed"].values - sample["outcome_location"].values
    np.testing.assert_allclose(log_likelihood.values[0, 1], week.logpdf(miss), rtol=1e-8)


def test_a_table_without_units_is_refused(tmp_path: Path) -> None:
    arranged = make_design(dataset(tmp_path))
    with pytest.raises(InputError, match=r"has one unit.*use partial_mediation"):
        load_member("panel").build(arranged)
