"""Deterministics, log-likelihoods and predictive draws against NumPy and scipy.stats."""

from collections.abc import Callable

import numpy as np
import oracle
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr
from builds import CHAINS, DRAWS, WEEKS, Built, random_draws
from scipy import stats

from mmm_bayes.data.design import arrange, data_names
from mmm_bayes.inference.predictive import predictive_function
from mmm_bayes.model import evaluation as module
from mmm_bayes.model.evaluation import flatten_draws, graph_function, static_nodes
from mmm_bayes.model.family import load_member

LIKELIHOODS = [
    ("identity", "normal"),
    ("identity", "student_t"),
    ("identity", "lognormal"),
    ("log", "normal"),
    ("log", "lognormal"),
    ("log", "student_t"),
]


def arrays(built: Built) -> dict[str, np.ndarray]:
    return {name: built.design.arrays[name].values for name in data_names(built.design)}


@pytest.mark.parametrize(
    "name, kind",
    [
        ("no_mediation", {"likelihood": "lognormal", "units": 2}),
        ("full_mediation", {"link": "log"}),
        ("partial_mediation", {"units": 2}),
        ("partial_mediation", {"hurdle": True, "units": 2}),
        ("partial_mediation", {"owned": True, "units": 2}),
        ("full_mediation", {"owned": True, "weeks": (3, 28)}),
    ],
)
def test_deterministics_are_the_formula(
    build: Callable[..., Built], name: str, kind: dict[str, object]
) -> None:
    built = build(name, **kind)
    path = oracle.history(built)
    r_inverse = built.design.scaling.r_inverse
    for draw, sample in enumerate(built.samples):
        location = oracle.location_under(built, sample, path)
        got = {str(node): flatten_draws(values)[draw] for node, values in built.draws.items()}
        np.testing.assert_allclose(got["outcome_location"], location, rtol=1e-7)
        per_sd = [r_inverse[row] @ sample["covariate_effect"] for row in range(2)]
        np.testing.assert_allclose(got["control_effect"], per_sd, rtol=1e-10)
        if name != "no_mediation":
            for node, values in oracle.mediator_nodes(built, sample, path).items():
                # A free gamma may bring a week near zero, where a sum has lost its last digits.
                size = np.abs(values).max()
                np.testing.assert_allclose(got[node], values, rtol=1e-7, atol=1e-8 * size)


def outcome_distribution(built: Built, draw: int) -> tuple[object, float]:
    """The distribution of each week's outcome, or of its logarithm (then 1 in second place)."""
    form, sample = built.design.form, built.samples[draw]
    location = oracle.location_under(built, sample, oracle.history(built))
    sigma = float(sample["sigma"])
    scale = oracle.outcome_scale(built)
    match form.link, form.likelihood:
        case "identity", "normal":
            return stats.norm(location, sigma * scale), 0
        case "identity", "student_t":
            return stats.t(float(sample["nu"]), location, sigma * scale), 0
        case "log", "student_t":
            return stats.t(float(sample["nu"]), np.log(location), sigma), 1
    return stats.lognorm(s=sigma, scale=location), 0


@pytest.mark.parametrize("link, likelihood", LIKELIHOODS)
def test_log_likelihood_of_the_outcome_agrees_with_scipy(
    build: Callable[..., Built], link: str, likelihood: str
) -> None:
    built = build("no_mediation", link=link, likelihood=likelihood, units=2)
    observed = built.design.arrays["outcome_observed"].values
    free = [str(name) for name in built.free]
    function = graph_function(built.model, inputs=free, outputs=["outcome"], log_density=True)
    got = function(built.free, arrays(built))["outcome"]
    assert got.shape == (CHAINS * DRAWS, WEEKS, 2)
    for draw in range(CHAINS * DRAWS):
        distribution, logged = outcome_distribution(built, draw)
        if logged:  # change of variable: density of y is that of log y, over y
            expected = distribution.logpdf(np.log(observed)) - np.log(observed)
        else:
            expected = distribution.logpdf(observed)
        np.testing.assert_allclose(got[draw], expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("hurdle", [False, True])
def test_log_likelihood_of_the_mediator_agrees_with_scipy(
    build: Callable[..., Built], hurdle: bool
) -> None:
    built = build("partial_mediation", hurdle=hurdle, units=2)
    observed = built.design.arrays["mediator_observed"].values
    free = [str(name) for name in built.free]
    function = graph_function(built.model, inputs=free, outputs=["mediator"], log_density=True)
    got = function(built.free, arrays(built))["mediator"]
    path = oracle.history(built)
    for draw, sample in enumerate(built.samples):
        nodes = oracle.mediator_nodes(built, sample, path)
        sigma = float(sample["mediator_sigma"])
        for week in range(WEEKS):
            for unit in range(2):
                y = observed[week, unit]
                if not hurdle:
                    spread = sigma * observed[:, unit].mean()
                    expected = stats.norm.logpdf(y, nodes["mediator_location"][week, unit], spread)
                elif y == 0:
                    expected = np.log(1 - nodes["mediator_on"][week, unit])
                else:
                    level = nodes["mediator_level"][week, unit]
                    expected = np.log(nodes["mediator_on"][week, unit])
                    expected += stats.lognorm.logpdf(y, s=sigma, scale=level)
                assert got[draw, week, unit] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("link", ["identity", "log"])
def test_log_prior_agrees_with_scipy_on_the_parameters_own_scale(
    build: Callable[..., Built], link: str
) -> None:
    built = build("partial_mediation", link=link)
    outcome = built.design.arrays["outcome_observed"].values
    spread = np.log(outcome).std() if link == "log" else 0.25
    scales = np.array([0.15, 0.15, 0.15 * np.sqrt(3), 0.15])  # four channels; two causes of search
    of_media = (
        {"beta": stats.halfnorm(scale=scales * (1 + spread))}
        if link == "log"
        else {}  # `test_division` has the density of all media together
    )
    priors = of_media | {
        "gamma": stats.norm(0, 0.35 / np.sqrt(2)),
        "adstock_alpha": stats.beta(2, 2),
        "saturation_kappa": stats.lognorm(s=0.7),
        "mediation_slope": stats.lognorm(s=0.3, scale=np.exp(0.18)),
        "intercept": stats.norm(0, spread),
        "sigma": stats.halfnorm(scale=spread),
    }
    free = [str(name) for name in built.free]
    function = graph_function(built.model, inputs=free, outputs=free, log_density=True)
    got = function.to_dataset(built.free, arrays(built))
    assert set(got) == set(free)
    for name, prior in priors.items():
        values = built.free[name].values
        assert got[name].dims == built.free[name].dims
        np.testing.assert_allclose(got[name].values, prior.logpdf(values), rtol=1e-7, atol=1e-9)


def repeated(built: Built, times: int) -> xr.Dataset:
    """The first draw, repeated."""
    first = built.draws[static_nodes(built.model)].isel(chain=0, draw=0, drop=True)
    return first.expand_dims(chain=[0], draw=np.arange(times))


@pytest.mark.parametrize("link, likelihood", LIKELIHOODS)
def test_predictive_draws_have_scipys_distribution(
    build: Callable[..., Built], link: str, likelihood: str
) -> None:
    built = build("no_mediation", link=link, likelihood=likelihood, units=2)
    draws = predictive_function(built.model, seed=3)(repeated(built, 300), arrays(built))["outcome"]
    assert draws.shape == (300, WEEKS, 2)
    distribution, logged = outcome_distribution(built, 0)
    ranks = distribution.cdf(np.log(draws) if logged else draws)
    assert stats.kstest(ranks.ravel(), "uniform").pvalue > 1e-3
    for unit in range(2):
        assert stats.kstest(ranks[:, 5, unit], "uniform").pvalue > 1e-4
    # Weeks, units and draws are drawn apart.
    assert len(np.unique(draws)) == draws.size


@pytest.mark.parametrize("hurdle", [False, True])
def test_predictive_draws_of_the_mediator(build: Callable[..., Built], hurdle: bool) -> None:
    built = build("partial_mediation", hurdle=hurdle, units=2)
    draws = predictive_function(built.model, seed=3)(repeated(built, 400), arrays(built))[
        "mediator"
    ]
    sample = built.samples[0]
    nodes = oracle.mediator_nodes(built, sample, oracle.history(built))
    sigma = float(sample["mediator_sigma"])
    if not hurdle:
        scale = sigma * built.design.arrays["mediator_observed"].values.mean(0)
        ranks = stats.norm.cdf(draws, nodes["mediator_location"], scale)
        assert stats.kstest(ranks.ravel(), "uniform").pvalue > 1e-3
        return
    expected, count = nodes["mediator_on"].sum() * 400, (draws > 0).sum()
    spread = np.sqrt((nodes["mediator_on"] * (1 - nodes["mediator_on"])).sum() * 400)
    assert abs(count - expected) < 4 * spread
    ranks = stats.lognorm.cdf(draws, s=sigma, scale=nodes["mediator_level"])[draws > 0]
    assert stats.kstest(ranks, "uniform").pvalue > 1e-3


def test_predictive_draws_repeat_with_their_seed(build: Callable[..., Built]) -> None:
    built = build("no_mediation", units=2)
    draws = repeated(built, 3)
    first, repeated_draws, other = (
        predictive_function(built.model, seed=seed)(draws, arrays(built))["outcome"]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, repeated_draws)
    assert (first != other).all()


def test_batches_are_the_same_as_one_batch(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build("partial_mediation", hurdle=True, units=2)
    outputs = ["outcome_location", "mediator_on", "ceiling"]
    function = graph_function(
        built.model,
        inputs=[str(name) for name in built.free],
        outputs=outputs,
        per_draw=["exposure_lags"],
    )
    data = arrays(built)
    rng = np.random.default_rng(4)
    lags = data["exposure_lags"] * rng.uniform(0.5, 2, (CHAINS * DRAWS, 1, 1, 1, 1))
    unbatched = function(built.free, data | {"exposure_lags": lags})
    monkeypatch.setattr(module, "BATCH_ELEMENTS", 1)
    for values in (lags, lambda rows: lags[rows]):
        parts = function(built.free, data | {"exposure_lags": values})
        for name in outputs:
            np.testing.assert_allclose(parts[name], unbatched[name], rtol=1e-13)


def test_weeks_that_were_not_fitted(build: Callable[..., Built]) -> None:
    """They have their own lags, but the scaling and the ceilings of the training weeks."""
    built = build("partial_mediation", weeks=(0, 22))
    design = built.design
    later = arrange(design.dataset, design.form, design.scaling, slice(22, WEEKS))
    data = {name: later.arrays[name].values for name in data_names(later)}
    inputs = static_nodes(built.model)
    means = graph_function(
        built.model, inputs=inputs, outputs=["outcome_location", "mediator_location"]
    )
    got = means.to_dataset(built.draws[inputs], data)
    exposure = design.dataset.data["exposure"].values[22 - 3 :]  # with three weeks of history
    path = exposure / [
        [oracle.active_mean(built, 0, channel) for channel in range(exposure.shape[2])]
    ]
    covariates = later.arrays["covariates"].values
    for draw, sample in enumerate(built.samples):
        np.testing.assert_allclose(
            flatten_draws(got["outcome_location"])[draw],
            oracle.location_under(built, sample, path, covariates),
            rtol=1e-7,
        )
        np.testing.assert_allclose(
            flatten_draws(got["mediator_location"])[draw],
            oracle.mediator_nodes(built, sample, path, covariates)["mediator_location"],
            rtol=1e-7,
        )
    drawn = predictive_function(built.model, seed=1).to_dataset(built.draws[inputs], data)
    assert drawn["outcome"].shape == (CHAINS, DRAWS, WEEKS - 22, 1)
    assert drawn["outcome"].dims == ("chain", "draw", "time", "unit")


def test_flatten_draws_concatenates_chains() -> None:
    values = xr.DataArray(np.arange(12).reshape(2, 3, 2), dims=("x", "draw", "chain"))
    got = flatten_draws(values)
    for chain in range(2):
        for draw in range(3):
            np.testing.assert_array_equal(got[chain * 3 + draw], values.values[:, draw, chain])


def test_a_node_with_a_graph_of_its_own_is_evaluated_in_one_thread(
    build: Callable[..., Built],
) -> None:
    """Two threads at once would end the process: copies share what such a node has compiled."""
    design = build("no_mediation").design
    model = load_member("no_mediation").build(design)
    with model:
        pm.Deterministic("together", pt.logsumexp(model["beta"]))
    free = random_draws(model)
    function = graph_function(model, inputs=list(free), outputs=["together"])
    assert len(function.calls) == 1
    data = {name: design.arrays[name].values for name in data_names(design)}
    expected = np.log(np.exp(free["log_beta"]).pipe(np.exp).sum("channel"))
    got = function(free, data)["together"].reshape(expected.shape)
    np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize("kind", [{"hurdle": True}, {"link": "log"}, {"units": 2}])
def test_densities_are_evaluated_in_all_threads(
    build: Callable[..., Built], kind: dict[str, object]
) -> None:
    built = build("partial_mediation", **kind)
    free = [variable.name for variable in built.model.free_RVs]
    function = graph_function(built.model, inputs=free, outputs=free, log_density=True)
    assert len(function.calls) == module.THREADS
