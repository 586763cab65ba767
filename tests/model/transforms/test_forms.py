"""Every form of carryover and saturation: loops, other packages' numbers, gradients, and fits."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from builds import CHANNELS, build_on, dataset
from scipy import stats

from mmm_bayes.data.design import make_design
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import channel_effects
from mmm_bayes.inference.sampling import build_model
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import load_member
from mmm_bayes.model.transforms import load_transform
from mmm_bayes.model.transforms.registry import transform_names

LAGS = 6
ADSTOCK = {
    "geometric": (0.6,),
    "delayed": (0.6, 1.5),
    "binomial": (0.3,),
    "weibull_cdf": (2.5, 1.6),
    "weibull_pdf": (2.5, 1.6),
}
SATURATION = {
    "hill": (1.5, 1.4),
    "exponential": (1.5,),
    "logistic": (1.5,),
    "michaelis_menten": (1.5,),
    "root": (0.4,),
    "log": (1.5,),
    "linear": (),
}
X = (0.0, 0.5, 1.0, 2.0, 4.0)


def geometric(lag: int, alpha: float) -> float:
    return alpha**lag


def delayed(lag: int, alpha: float, theta: float) -> float:
    return alpha ** ((lag - theta) ** 2)


def binomial(lag: int, alpha: float) -> float:
    return (1 - lag / (LAGS + 1)) ** (1 / alpha - 1)


def weibull_cdf(lag: int, scale: float, shape: float) -> float:
    kept = 1.0
    for age in range(1, lag + 1):
        kept *= float(stats.weibull_min(shape, scale=scale).sf(age))
    return kept


def weibull_pdf(lag: int, scale: float, shape: float) -> float:
    density = [stats.weibull_min(shape, scale=scale).pdf(step + 1) for step in range(LAGS)]
    return float(density[lag] - min(density))


LOOPS: dict[str, Callable[..., float]] = {
    "geometric": geometric,
    "delayed": delayed,
    "binomial": binomial,
    "weibull_cdf": weibull_cdf,
    "weibull_pdf": weibull_pdf,
    "hill": lambda x, kappa, slope: x**slope / (kappa**slope + x**slope),
    "exponential": lambda x, kappa: 1 - 0.5 ** (x / kappa),
    "logistic": lambda x, kappa: (1 - 3 ** (-x / kappa)) / (1 + 3 ** (-x / kappa)),
    "michaelis_menten": lambda x, kappa: x / (kappa + x),
    "root": lambda x, exponent: x**exponent,
    "log": lambda x, kappa: math.log(1 + x / kappa),
    "linear": lambda x: x,
}
#: Values of PyMC-Marketing 1.3.0, with six lags, normalised, and at the exposures of `X`: its
#: geometric, delayed, binomial and Weibull adstocks; its Hill function; its logistic (lam =
#: log(3) / 1.5) and its tanh saturation (b = 1, c = 3 / log(3)), which are the same; its
#: Michaelis-Menten and its root.
PYMC_MARKETING = {
    "geometric": [0.419576, 0.251745, 0.151047, 0.090628, 0.054377, 0.032626],
    "delayed": [0.130019, 0.361163, 0.361163, 0.130019, 0.01685, 0.000786],
    "binomial": [0.382091, 0.26666, 0.174261, 0.103533, 0.052912, 0.020543],
    "weibull_cdf": [0.43392, 0.344477, 0.171105, 0.04486, 0.005378, 0.000259],
    "weibull_pdf": [0.337444, 0.318827, 0.207128, 0.102056, 0.034546, 0.0],
    "hill": [0.0, 0.176818, 0.361779, 0.599349, 0.79789],
    "logistic": [0.0, 0.181083, 0.350667, 0.624536, 0.898584],
    "michaelis_menten": [0.0, 0.25, 0.4, 0.571429, 0.727273],
    "root": [0.0, 0.757858, 1.0, 1.319508, 1.741101],
}


def evaluate(name: str) -> np.ndarray:
    """Weights of the lags, or responses to the exposures `X`, at the parameters of the tables."""
    if name in ADSTOCK:
        parameters = [np.array(value) for value in ADSTOCK[name]]
        return np.asarray(load_transform("adstock", name).function(*parameters, LAGS))
    parameters = [np.array([value]) for value in SATURATION[name]]
    return np.asarray(
        load_transform("saturation", name).function(np.array(X)[:, None], *parameters)[:, 0]
    )


def test_every_form_is_in_these_tables() -> None:
    assert transform_names("adstock") == sorted(ADSTOCK)
    assert transform_names("saturation") == sorted(SATURATION)


@pytest.mark.parametrize("name", [*ADSTOCK, *SATURATION])
def test_a_form_is_its_loop(name: str) -> None:
    if name in ADSTOCK:
        raw = [LOOPS[name](lag, *ADSTOCK[name]) for lag in range(LAGS)]
        expected = [weight / sum(raw) for weight in raw]
    else:
        expected = [LOOPS[name](x, *SATURATION[name]) for x in X]
    np.testing.assert_allclose(evaluate(name), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", PYMC_MARKETING)
def test_a_form_has_the_numbers_of_pymc_marketing(name: str) -> None:
    np.testing.assert_allclose(evaluate(name), PYMC_MARKETING[name], atol=1e-6)


@pytest.mark.parametrize("name", ADSTOCK)
def test_weights_of_a_graph_sum_to_one_with_the_gradient_of_a_difference(name: str) -> None:
    form = load_transform("adstock", name)
    point = [np.array([value, value]) for value in ADSTOCK[name]]
    symbols = [pt.vector() for _ in point]
    towards = np.arange(LAGS) ** 1.5
    value = (form.function(*symbols, LAGS) * towards).sum()
    total = form.function(*symbols, LAGS).sum(-1)
    run = pytensor.function(
        symbols, [value, total, *pytensor.grad(value, symbols)], mode="FAST_COMPILE"
    )
    found, sums, *gradients = run(*point)
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    for place, gradient in enumerate(gradients):
        step = [values + 1e-6 * (i == place) for i, values in enumerate(point)]
        np.testing.assert_allclose(gradient.sum(), (run(*step)[0] - found) / 1e-6, rtol=1e-3)


@pytest.mark.parametrize("name", SATURATION)
def test_a_curve_starts_at_zero_with_a_finite_gradient(name: str) -> None:
    form = load_transform("saturation", name)
    parameters = [pt.as_tensor(np.array([value])) for value in SATURATION[name]]
    x = pt.matrix()
    response = form.function(x, *parameters)
    run = pytensor.function([x], [response, pytensor.grad(response.sum(), x)], mode="FAST_COMPILE")
    at_zero, slope = run(np.zeros((1, 1)))
    assert at_zero.item() == 0
    assert np.isfinite(slope).all()
    values, slopes = run(np.array(X)[1:, None])
    np.testing.assert_allclose(values[:, 0], evaluate(name)[1:], rtol=1e-10)
    steps = (run(np.array(X)[1:, None] + 1e-6)[0] - values) / 1e-6
    np.testing.assert_allclose(slopes, steps, rtol=1e-3)


@pytest.mark.parametrize("alpha, theta", [(1e-9, 1.1), (0.0, 0.0), (0.0, 2.2)])
def test_a_short_delayed_effect_is_at_the_nearest_lag(alpha: float, theta: float) -> None:
    delay = load_transform("adstock", "delayed").function
    weights = delay(np.array(alpha), np.array(theta), LAGS)
    assert weights.argmax() == round(theta)
    assert weights.max() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("step_days", [1.0, 7.0, 30.4])
@pytest.mark.parametrize("name", ADSTOCK)
def test_priors_put_the_carryover_at_the_same_days(name: str, step_days: float) -> None:
    """The mean lag of the median parameters, in days, with the lags of a quarter of a year."""
    form = load_transform("adstock", name)
    lags = max(2, round(91 / step_days))
    median = {
        "Beta": lambda p: stats.beta(p["alpha"], p["beta"]).median(),
        "HalfNormal": lambda p: stats.halfnorm(scale=p["sigma"]).median(),
        "LogNormal": lambda p: math.exp(p["mu"]),
    }
    values = [np.array(median[dist](p)) for dist, p in form.priors_at(step_days).values()]
    weights = form.function(*values, lags)
    days = float((weights * np.arange(lags)).sum() * step_days)
    assert 0 < days < 45


@pytest.mark.parametrize("adstock", [name for name in ADSTOCK if name != "geometric"])
def test_a_fit_has_a_form_of_carryover(adstock: str, tmp_path: Path) -> None:
    built = build_on(tmp_path, "partial_mediation", adstock=adstock)
    effects = channel_effects(abduct(built.model, built.design, built.draws)).draws
    assert np.isfinite(effects["total"]).all()
    assert (abs(effects["indirect"].sel(channel=list(built.design.causes))) > 0).any()
    nodes = load_transform("adstock", adstock).node_names()
    assert set(nodes) <= set(built.model.named_vars)


@pytest.mark.parametrize("saturation", [name for name in SATURATION if name != "hill"])
def test_a_fit_has_a_form_of_saturation(saturation: str, tmp_path: Path) -> None:
    built = build_on(tmp_path, "partial_mediation", saturation=saturation)
    effects = channel_effects(abduct(built.model, built.design, built.draws)).draws
    assert np.isfinite(effects["total"]).all()
    assert (abs(effects["indirect"].sel(channel=list(built.design.causes))) > 0).any()


def test_a_stated_prior_of_another_form_is_refused(tmp_path: Path) -> None:
    channels: dict[str, dict[str, Any]] = {name: {"spend": f"{name}_spend"} for name in CHANNELS}
    channels["tv"]["priors"] = {"saturation_slope": {"q05": 0.8, "q95": 2.0}}
    data = dataset(tmp_path, channels=channels, model={"saturation": "root"})
    with pytest.raises(
        InputError, match=r"\[channels.tv.priors\] saturation_slope is no parameter of this model"
    ):
        build_model(load_member("no_mediation"), make_design(data))
