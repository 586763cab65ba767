"""Priors by name, nodes that every model must have, and data that can be swapped."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from builds import CHANNELS, PLAIN, WEEKS, Built, dataset, random_draws, with_column
from scipy import stats

from mmm_bayes.data.design import Design, arrange, data_names, make_design
from mmm_bayes.data.form import Form, form_for
from mmm_bayes.errors import InputError
from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics
from mmm_bayes.model.evaluation import graph_function, static_nodes
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.priors import check_overrides, model_priors

MEMBERS = ["no_mediation", "full_mediation", "partial_mediation", "time_varying"]


def model_with(
    folder: Path, name: str = "no_mediation", **priors: dict[str, Any]
) -> tuple[Any, Any]:
    arranged = make_design(dataset(folder, priors=priors))
    return arranged, load_member(name).build(arranged)


def log_prior(model: Any, name: str, value: Any) -> np.ndarray:
    """Elementwise log-density of a prior at a value, on its own scale."""
    return pm.logp(model[name], np.asarray(value)).eval(mode=PLAIN)


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("hurdle", [False, True])
def test_every_model_has_the_required_nodes(
    build: Callable[..., Built], name: str, hurdle: bool
) -> None:
    model = build(name, hurdle=hurdle, units=2).model
    dims = model.named_vars_to_dims
    expected: dict[str, tuple[str, ...]] = {
        "adstock_alpha": ("channel",),
        "saturation_kappa": ("channel",),
        "saturation_slope": ("channel",),
        "beta": ("channel",),
        "control_effect": ("control",),
        "intercept": ("unit",),
        "outcome_location": ("time", "unit"),
        "outcome": ("time", "unit"),
        "sigma": (),
    }
    if name != "no_mediation":
        expected |= {
            "mediator_location": ("time", "unit"),
            "mediator": ("time", "unit"),
            "gamma": ("cause",),
        }
        if hurdle:
            expected |= {"mediator_on": ("time", "unit"), "mediator_level": ("time", "unit")}
    for node, node_dims in expected.items():
        assert node in model.named_vars
        assert tuple(dims.get(node, ())) == node_dims
    assert list(model.coords["channel"]) == list(CHANNELS)
    assert list(model.coords["cause"]) == ["video", "social"]
    assert list(model.coords["control"]) == ["price", "promotion"]
    assert list(model.coords["unit"]) == ["r0", "r1"]
    assert {"exposure_lags", "covariates", "outcome_observed"} <= {v.name for v in model.data_vars}


@pytest.mark.parametrize("name", MEMBERS)
def test_posteriors_have_the_right_shapes(build: Callable[..., Built], name: str) -> None:
    draws = build(name, units=2).draws
    assert draws["outcome_location"].dims == ("chain", "draw", "time", "unit")
    assert draws.sizes["time"] == WEEKS
    assert draws["beta"].dims == ("chain", "draw", "channel")
    assert draws["ceiling"].dims == ("chain", "draw", "channel")


def test_beta_of_a_cause_is_zero_in_full_mediation(build: Callable[..., Built]) -> None:
    beta = build("full_mediation").draws["beta"].values
    assert (beta[..., [0, 1]] == 0).all()
    assert (beta[..., [2, 3]] > 0).all()


@pytest.mark.parametrize("name", MEMBERS)
def test_beta_is_the_mean_contribution(build: Callable[..., Built], name: str) -> None:
    """The predictor's mean over weeks and units is the mean intercept: media are centred."""
    built = build(name, units=2)
    scaling = built.design.scaling
    relative = (built.draws["outcome_location"].values - scaling.mean) / scaling.outcome
    np.testing.assert_allclose(
        relative.mean((2, 3)), built.draws["intercept"].values.mean(-1), rtol=1e-7, atol=1e-12
    )


def test_an_override_is_used(tmp_path: Path) -> None:
    arranged, model = model_with(
        tmp_path,
        adstock_alpha={"dist": "Beta", "alpha": 3.0, "beta": 5.0},
        beta={"dist": "Normal", "mu": 0.1, "sigma": 0.4},
    )
    check_overrides(arranged, model)
    value = np.array([0.1, 0.3, 0.5, 0.7])
    np.testing.assert_allclose(
        log_prior(model, "adstock_alpha", value), stats.beta.logpdf(value, 3, 5), rtol=1e-6
    )
    np.testing.assert_allclose(
        log_prior(model, "beta", -value), stats.norm.logpdf(-value, 0.1, 0.4), rtol=1e-10
    )
    # The others stay.
    np.testing.assert_allclose(
        log_prior(model, "saturation_kappa", value),
        stats.lognorm.logpdf(value, s=0.7, scale=1.0),
        rtol=1e-10,
    )
    record = model_priors(arranged, model)
    assert record["adstock_alpha"] == ("Beta", {"alpha": 3.0, "beta": 5.0})
    assert record["beta"] == ("Normal", {"mu": 0.1, "sigma": 0.4})
    assert record["sigma"] == ("HalfNormal", {"sigma": arranged.scaling.spread})
    assert "gamma" not in record


def test_an_override_of_the_mediators_equation(tmp_path: Path) -> None:
    _, model = model_with(
        tmp_path, "partial_mediation", gamma={"dist": "Normal", "mu": 0.0, "sigma": 0.05}
    )
    value = np.array([-0.1, 0.1])
    np.testing.assert_allclose(
        log_prior(model, "gamma", value), stats.norm.logpdf(value, 0, 0.05), rtol=1e-10
    )


def test_an_override_reaches_full_mediation_under_its_contract_name(tmp_path: Path) -> None:
    arranged, model = model_with(
        tmp_path, "full_mediation", beta={"dist": "HalfNormal", "sigma": 0.02}
    )
    check_overrides(arranged, model)
    value = np.array([0.01, 0.03])
    np.testing.assert_allclose(
        log_prior(model, "beta_direct", value), stats.halfnorm.logpdf(value, 0, 0.02), rtol=1e-10
    )


def test_an_unknown_parameter_is_refused_with_the_list(tmp_path: Path) -> None:
    arranged, model = model_with(tmp_path, gamma={"dist": "Normal", "mu": 0.0, "sigma": 1.0})
    with pytest.raises(
        InputError, match=r"\[priors\] gamma is not a parameter of this model; its parameters are"
    ) as refusal:
        check_overrides(arranged, model)
    listed = str(refusal.value).partition("parameters are ")[2].split(", ")
    assert listed == [
        "adstock_alpha", "beta", "covariate_effect", "intercept", "media_division", "media_share",
        "saturation_kappa", "saturation_slope", "sigma",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "prior, message",
    [
        (
            {"dist": "Gauss", "mu": 0.0},
            r"\[priors\] sigma: 'Gauss' is not a continuous distribution",
        ),
        ({"dist": "Poisson", "mu": 1.0}, "'Poisson' is not a continuous distribution"),
        ({"dist": "Model"}, "'Model' is not a continuous distribution"),
        ({"dist": "HalfNormal", "scale": 1.0}, r"\[priors\] sigma: HalfNormal does not take"),
        ({"dist": "Gamma", "alpha": 1.0}, r"\[priors\] sigma: Gamma does not take"),
        ({"dist": "HalfNormal", "sigma": -1.0}, "HalfNormal needs sigma > 0, but has sigma = -1"),
        ({"dist": "Gamma", "alpha": 0.0, "beta": 1.0}, "Gamma needs alpha > 0, beta > 0"),
        (
            {"dist": "Uniform", "lower": 2.0, "upper": 1.0},
            "Uniform needs lower <= upper, but has lower = 2, upper = 1",
        ),
        # PyMC itself takes and ignores it.
        (
            {"dist": "HalfNormal", "sigma": 1.0, "lower": 0.5},
            "HalfNormal does not take 'lower'; its parameters are sigma, tau",
        ),
        ({"dist": "HalfFlat"}, "HalfFlat does not take {}: Cannot sample from"),
        (
            {"dist": "Normal", "mu": 0.0, "sigma": 1.0},
            r"(4|5)\d% of its draws are outside the parameter's range, 0 to inf; take .*HalfNormal",
        ),
        ({"dist": "LogNormal", "mu": 1000.0, "sigma": 1.0}, "100% of its draws are outside"),
    ],
)
def test_wrong_distributions_are_refused_in_one_line(
    tmp_path: Path, prior: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        model_with(tmp_path, sigma=prior)
    assert "\n" not in str(refusal.value)
    assert "weekly.toml" in str(refusal.value)


def test_priors_follow_swapped_data(build: Callable[..., Built]) -> None:
    """After a swap of the weeks, the priors have the scale of the new weeks."""
    built = build("partial_mediation", link="log", weeks=(0, 22))
    model, form = built.model, built.design.form
    window = make_design(built.design.dataset, form, slice(8, 30))
    assert window.scaling.spread != built.design.scaling.spread
    value = 0.3
    for arranged in (built.design, window, built.design):
        with model:
            pm.set_data({"prior_scale": arranged.arrays["prior_scale"].values})
        spread, mediator_spread = arranged.scaling.spread, arranged.scaling.mediator_spread
        assert log_prior(model, "sigma", value) == pytest.approx(
            stats.halfnorm.logpdf(value, 0, spread)
        )
        assert log_prior(model, "mediator_sigma", value) == pytest.approx(
            stats.halfnorm.logpdf(value, 0, mediator_spread)
        )
        assert log_prior(model, "intercept", [value])[0] == pytest.approx(
            stats.norm.logpdf(value, 0.0, spread)
        )


def test_default_priors_of_the_log_link(build: Callable[..., Built]) -> None:
    built = build("no_mediation", link="log", units=2)
    spread = built.design.scaling.spread
    value = np.array([0.05, 0.1, 0.2, 0.4])
    # Four channels share 0.6, at most 0.15 each; the mediator carries its two causes besides.
    scale = np.array([0.15, 0.15, 0.15 * np.sqrt(3), 0.15]) * (1 + spread)
    np.testing.assert_allclose(
        log_prior(built.model, "beta", value), stats.halfnorm.logpdf(value, 0, scale), rtol=1e-10
    )
    np.testing.assert_allclose(
        log_prior(built.model, "intercept", value[:2]), stats.norm.logpdf(value[:2], 0, spread)
    )


def test_deterministics_of_a_swapped_window_are_those_of_a_model_built_on_it(
    build: Callable[..., Built],
) -> None:
    built = build("partial_mediation", weeks=(0, 22))
    window = make_design(built.design.dataset, built.design.form, slice(8, 30))
    fresh = load_member("partial_mediation").build(window)
    swapped = compute_deterministics(CompiledModel(built.model, None, 0.0), window, built.free)
    rebuilt = compute_deterministics(CompiledModel(fresh, None, 0.0), window, built.free)
    for name in ("outcome_location", "mediator_location", "ceiling", "control_effect"):
        np.testing.assert_allclose(swapped[name], rebuilt[name], rtol=1e-12)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_table_without_controls_or_calendar(tmp_path: Path, name: str) -> None:
    data = dataset(tmp_path, controls={}, calendar={"fourier": 0, "trend": "none"})
    arranged = make_design(data, Form("identity", "normal", "normal", 4))
    model = load_member(name).build(arranged)
    assert "control_effect" not in model.named_vars
    draws = compute_deterministics(CompiledModel(model, None, 0.0), arranged, random_draws(model))
    mean = (draws["outcome_location"].values - arranged.scaling.mean) / arranged.scaling.outcome
    np.testing.assert_allclose(
        mean.mean((2, 3)), draws["intercept"].values[..., 0], rtol=1e-7, atol=1e-12
    )


@pytest.mark.parametrize("model, units", [("no_mediation", 1), ("panel", 2)])
def test_a_channel_that_the_fitted_weeks_never_saw_has_its_prior_in_a_forecast(
    tmp_path: Path, model: str, units: int
) -> None:
    """It contributes nothing while it is off, and `beta` at full saturation, as a loop says."""
    data = dataset(tmp_path, units=units)
    exposure = data.data["exposure"].values.copy()
    exposure[:20, :, 3] = 0.0
    data = with_column(data, "exposure", exposure)
    form = form_for(data)
    window = make_design(data, form, slice(0, 20))
    built = load_member(model).build(window)
    free = random_draws(built)
    draws = compute_deterministics(CompiledModel(built, None, 0.0), window, free)
    if units == 1:
        # Five times the contribution of tv, and the same of every other channel.
        more = np.log(5.0) * xr.DataArray(np.arange(4) == 3, dims="channel")
        louder = free.assign(log_beta=free["log_beta"] + more)
        louder = compute_deterministics(CompiledModel(built, None, 0.0), window, louder)
        assert (louder["beta"] > 4.9 * draws["beta"]).isel(channel=3).all()
        xr.testing.assert_allclose(louder["outcome_location"], draws["outcome_location"])
    share = draws["unit_beta"] * window.arrays["intensity"] if units == 2 else draws["beta"]
    np.testing.assert_allclose(
        draws["ceiling"].isel(channel=3),
        share.isel(channel=3).transpose(*draws["ceiling"].dims[:-1]),
    )
    ahead = arrange(data, form, window.scaling, slice(20, WEEKS))
    with_tv = forecast_location(built, ahead, draws)
    lags = ahead.arrays["exposure_lags"].copy()
    lags[:, :, 3] = 0.0
    quiet = dataclasses.replace(ahead, arrays=ahead.arrays.assign(exposure_lags=lags))
    gain = (with_tv - forecast_location(built, quiet, draws)) / window.scaling.outcome
    assert (gain >= 0).all()
    assert gain.max() > 0
    most = draws["ceiling"].isel(channel=3).max()
    assert gain.max() <= float(most)


def forecast_location(model: Any, ahead: Design, draws: xr.Dataset) -> np.ndarray:
    """Location of the outcome in other weeks, shape (sample, time, unit)."""
    function = graph_function(model, inputs=static_nodes(model), outputs=["outcome_location"])
    data = {name: ahead.arrays[name].values for name in data_names(ahead)}
    return function(draws, data)["outcome_location"]
