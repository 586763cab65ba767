"""The panel: each unit's own response, and weeks that disturb all units together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pymc as pm
import pytest
from builds import Built, dataset
from pytensor.compile.mode import Mode
from scipy import stats
from scipy.special import expit, logit

from mmm_bayes.design import data_names, design
from mmm_bayes.errors import InputError
from mmm_bayes.evaluation import evaluation
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, follow, predictive
from mmm_bayes.terms.shared import shared_normal

PLAIN = Mode(linker="py", optimizer="fast_compile")
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
    found = pm.logp(model["y"], observed).eval(mode=PLAIN)
    covariance = np.diag(NOISE**2) + np.outer(SHOCK, SHOCK)
    week = (
        stats.multivariate_normal(cov=covariance)
        if nu is None
        else stats.multivariate_t(shape=covariance, df=nu)
    )
    wanted = week.logpdf(y - LOCATION) - (y.sum(-1) if log else 0.0)
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_draws_have_the_full_covariance() -> None:
    rows = np.zeros((40_000, 3))
    with pm.Model() as model:
        shared_normal("y", rows, NOISE, SHOCK, log=False, observed=rows)
    draws = pm.draw(model["y"], random_seed=1, mode="FAST_COMPILE")
    wanted = np.diag(NOISE**2) + np.outer(SHOCK, SHOCK)
    np.testing.assert_allclose(np.cov(draws.T), wanted, atol=0.006)
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
    """A parameter of each unit from the typical one, its spread and the offsets, by hand."""
    one = built.free.isel(chain=chain, draw=draw)
    typical, away = one[name].values, one[f"{name}_spread"].values * one[f"{name}_offset"].values
    if scale == "log":
        return typical * np.exp(away)
    if scale == "logit":
        return expit(logit(typical) + away)
    return typical + away


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
        one = built.free.isel(chain=chain, draw=draw)
        alpha = own(built, chain, draw, "adstock_alpha", "logit")
        kappa = own(built, chain, draw, "saturation_kappa", "log")
        beta = own(built, chain, draw, "beta", "log")
        level = own(built, chain, draw, "intercept", "plain")
        effect = own(built, chain, draw, "covariate_effect", "plain")
        found = built.draws["outcome_mean"].isel(chain=chain, draw=draw).values
        for unit in range(2):
            wanted = level[unit] + covariates[:, unit] @ effect[unit]
            for channel in range(path.shape[-1]):
                slope = one["saturation_slope"].values[channel]
                shape = (alpha[unit, channel], kappa[unit, channel], slope)
                h = oracle.response(path[:, unit, channel], *shape, lags)
                intensity = rate[unit, channel] / rate[:, channel].mean()
                wanted = wanted + beta[unit, channel] * intensity * (h / h.mean() - 1)
            wanted = scale[unit] * (np.exp(wanted) if link == "log" else wanted)
            np.testing.assert_allclose(found[:, unit], wanted, rtol=1e-6, atol=1e-7 * scale[unit])


def test_units_that_do_not_differ_are_those_of_one_model(build: Callable[..., Built]) -> None:
    """With no spread, a panel of equal intensity is partial mediation with the same parameters."""
    built = build("panel", units=2)
    free = built.free.copy(deep=True)
    for name in free:
        if str(name).endswith("_spread"):
            free[name] = 0.0 * free[name]
    draws = follow(Compiled(built.model, None, 0.0), built.design, free)
    for name in ("beta", "adstock_alpha", "saturation_kappa", "gamma"):
        each = draws[f"unit_{name}"]
        np.testing.assert_allclose(each.isel(unit=0), free[name], rtol=1e-12)
        np.testing.assert_allclose(each.isel(unit=1), free[name], rtol=1e-12)


def test_predictions_of_a_week_move_together(build: Callable[..., Built]) -> None:
    built = build("panel", units=2)
    draws = built.draws.assign(
        shared_sigma=0 * built.draws["shared_sigma"] + 0.5,
        sigma=0 * built.draws["sigma"] + 0.05,
    )
    data = {name: built.design.arrays[name].values for name in data_names(built.design)}
    made = predictive(built.model, seed=2).labelled(draws, data)["outcome"]
    miss = (made - draws["outcome_mean"]) / built.design.arrays["outcome_scale"]
    flat = miss.transpose("unit", ...).values.reshape(2, -1)
    assert np.corrcoef(flat)[0, 1] > 0.95
    assert flat.std() == pytest.approx(0.5, rel=0.25)


def test_the_log_likelihood_is_one_number_a_week(build: Callable[..., Built]) -> None:
    built = build("panel", units=2)
    density = evaluation(
        built.model,
        given=[variable.name for variable in built.model.free_RVs],
        wanted=["outcome"],
        log_density=True,
    )
    data = {name: built.design.arrays[name].values for name in data_names(built.design)}
    found = density.labelled(built.free, data)["outcome"]
    assert found.dims == ("chain", "draw", "time")
    one = built.draws.isel(chain=0, draw=1)
    scale = built.design.arrays["outcome_scale"].values
    noise, shock = one["sigma"].values * scale, float(one["shared_sigma"]) * scale
    week = stats.multivariate_normal(cov=np.diag(noise**2) + np.outer(shock, shock))
    miss = built.design.arrays["outcome_observed"].values - one["outcome_mean"].values
    np.testing.assert_allclose(found.values[0, 1], week.logpdf(miss), rtol=1e-8)


def test_a_table_without_units_is_refused(tmp_path: Path) -> None:
    arranged = design(dataset(tmp_path))
    with pytest.raises(InputError, match=r"has one unit.*take partial_mediation"):
        member("panel").build(arranged)
