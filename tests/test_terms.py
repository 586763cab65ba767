"""Priors by name, the nodes every model owes, and data that can be swapped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytest
from builds import CHANNELS, WEEKS, Built, dataset, draws_of
from pytensor.compile.mode import Mode
from scipy import stats

from mmm_bayes.design import Form, design
from mmm_bayes.errors import InputError
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, follow
from mmm_bayes.terms.priors import refuse_unknown, used

PLAIN = Mode(linker="py", optimizer="fast_compile")
MEMBERS = ["direct", "full_mediation", "partial_mediation", "time_varying"]


def model_with(folder: Path, name: str = "direct", **priors: dict[str, Any]) -> tuple[Any, Any]:
    arranged = design(dataset(folder, priors=priors))
    return arranged, member(name).build(arranged)


def log_prior(model: Any, name: str, value: Any) -> np.ndarray:
    """Log-density of one prior at a value in its own space, elementwise."""
    return pm.logp(model[name], np.asarray(value)).eval(mode=PLAIN)


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("hurdle", [False, True])
def test_every_model_names_the_contracts_nodes(
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
        "outcome_mean": ("time", "unit"),
        "outcome": ("time", "unit"),
        "sigma": (),
    }
    if name != "direct":
        expected |= {
            "mediator_mean": ("time", "unit"),
            "mediator": ("time", "unit"),
            "gamma": ("cause",),
        }
        if hurdle:
            expected |= {"mediator_on": ("time", "unit"), "mediator_level": ("time", "unit")}
    for node, wanted in expected.items():
        assert node in model.named_vars
        assert tuple(dims.get(node, ())) == wanted
    assert list(model.coords["channel"]) == list(CHANNELS)
    assert list(model.coords["cause"]) == ["video", "social"]
    assert list(model.coords["control"]) == ["price", "promotion"]
    assert list(model.coords["unit"]) == ["r0", "r1"]
    assert {"exposure_lags", "covariates", "outcome_observed"} <= {v.name for v in model.data_vars}


@pytest.mark.parametrize("name", MEMBERS)
def test_posteriors_have_the_right_shapes(build: Callable[..., Built], name: str) -> None:
    draws = build(name, units=2).draws
    assert draws["outcome_mean"].dims == ("chain", "draw", "time", "unit")
    assert draws.sizes["time"] == WEEKS
    assert draws["beta"].dims == ("chain", "draw", "channel")
    assert draws["ceiling"].dims == ("chain", "draw", "channel")


def test_beta_of_a_cause_is_zero_in_full_mediation(build: Callable[..., Built]) -> None:
    beta = build("full_mediation").draws["beta"].values
    assert (beta[..., [0, 1]] == 0).all()
    assert (beta[..., [2, 3]] > 0).all()


@pytest.mark.parametrize("name", MEMBERS)
def test_contributions_have_the_means_that_beta_says(
    build: Callable[..., Built], name: str
) -> None:
    """The predictor's mean over weeks and units is the mean intercept: media are centred."""
    built = build(name, units=2)
    mean = (built.draws["outcome_mean"].values / built.design.scaling.outcome).mean((2, 3))
    np.testing.assert_allclose(mean, built.draws["intercept"].values.mean(-1), rtol=1e-7)


def test_an_override_is_used(tmp_path: Path) -> None:
    arranged, model = model_with(
        tmp_path,
        adstock_alpha={"dist": "Beta", "alpha": 3.0, "beta": 5.0},
        beta={"dist": "Normal", "mu": 0.1, "sigma": 0.4},
    )
    refuse_unknown(arranged, model)
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
    record = used(arranged, model)
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
    refuse_unknown(arranged, model)
    value = np.array([0.01, 0.03])
    np.testing.assert_allclose(
        log_prior(model, "beta_direct", value), stats.halfnorm.logpdf(value, 0, 0.02), rtol=1e-10
    )


def test_an_unknown_parameter_is_refused_with_the_list(tmp_path: Path) -> None:
    arranged, model = model_with(tmp_path, gamma={"dist": "Normal", "mu": 0.0, "sigma": 1.0})
    with pytest.raises(
        InputError, match=r"\[priors\] gamma is not a parameter of this model; its parameters are"
    ) as refusal:
        refuse_unknown(arranged, model)
    listed = str(refusal.value).partition("parameters are ")[2].split(", ")
    assert listed == [
        "intercept", "covariate_effect", "beta", "adstock_alpha", "saturation_kappa",
        "saturation_slope", "sigma",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "prior, says",
    [
        (
            {"dist": "Gauss", "mu": 0.0},
            r"\[priors\] sigma: 'Gauss' is not a continuous distribution",
        ),
        ({"dist": "Poisson", "mu": 1.0}, "'Poisson' is not a continuous distribution"),
        ({"dist": "Model"}, "'Model' is not a continuous distribution"),
        ({"dist": "HalfNormal", "scale": 1.0}, r"\[priors\] sigma: HalfNormal does not take"),
        ({"dist": "Gamma", "alpha": 1.0}, r"\[priors\] sigma: Gamma does not take"),
    ],
)
def test_wrong_distributions_are_refused_in_one_line(
    tmp_path: Path, prior: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says) as refusal:
        model_with(tmp_path, sigma=prior)
    assert "\n" not in str(refusal.value)
    assert "weekly.toml" in str(refusal.value)


def test_priors_follow_the_data_that_are_swapped_in(build: Callable[..., Built]) -> None:
    """One model, other weeks: the yardstick of its priors is that of the new weeks."""
    built = build("partial_mediation", weeks=(0, 22))
    model, form = built.model, built.design.form
    other = design(built.design.dataset, form, slice(8, 30))
    assert other.scaling.spread != built.design.scaling.spread
    value = 0.3
    for arranged in (built.design, other, built.design):
        with model:
            pm.set_data({"yardstick": arranged.arrays["yardstick"].values})
        spread, mediator_spread = arranged.scaling.spread, arranged.scaling.mediator_spread
        assert log_prior(model, "sigma", value) == pytest.approx(
            stats.halfnorm.logpdf(value, 0, spread)
        )
        assert log_prior(model, "mediator_sigma", value) == pytest.approx(
            stats.halfnorm.logpdf(value, 0, mediator_spread)
        )
        assert log_prior(model, "intercept", [value])[0] == pytest.approx(
            stats.norm.logpdf(value, 1.0, spread)
        )


def test_default_priors_of_the_log_link(build: Callable[..., Built]) -> None:
    built = build("direct", link="log", units=2)
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


def test_a_swapped_window_gives_the_deterministics_of_a_model_built_on_it(
    build: Callable[..., Built],
) -> None:
    built = build("partial_mediation", weeks=(0, 22))
    other = design(built.design.dataset, built.design.form, slice(8, 30))
    fresh = member("partial_mediation").build(other)
    swapped = follow(Compiled(built.model, None, 0.0), other, built.free)
    rebuilt = follow(Compiled(fresh, None, 0.0), other, built.free)
    for name in ("outcome_mean", "mediator_mean", "ceiling", "control_effect"):
        np.testing.assert_allclose(swapped[name], rebuilt[name], rtol=1e-12)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_table_without_controls_or_calendar(tmp_path: Path, name: str) -> None:
    data = dataset(tmp_path, controls={}, calendar={"fourier": 0, "trend": "none"})
    arranged = design(data, Form("identity", "normal", "normal", 4))
    model = member(name).build(arranged)
    assert "control_effect" not in model.named_vars
    draws = follow(Compiled(model, None, 0.0), arranged, draws_of(model))
    mean = draws["outcome_mean"].values / arranged.scaling.outcome
    np.testing.assert_allclose(mean.mean((2, 3)), draws["intercept"].values[..., 0], rtol=1e-7)


def test_a_channel_that_is_off_in_the_window_contributes_nothing(
    build: Callable[..., Built],
) -> None:
    built = build("direct")
    lags = built.design.arrays["exposure_lags"].copy()
    lags[:, :, 3] = 0.0
    arrays = built.design.arrays.assign(exposure_lags=lags)
    off = type(built.design)(built.design.dataset, built.design.form, built.design.scaling, arrays)
    draws = follow(Compiled(built.model, None, 0.0), off, built.free)
    assert np.isfinite(draws["outcome_mean"]).all()
