"""Mediation under an assumed correlation of the two disturbances."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from builds import Built
from scipy import stats

from mmm_bayes.data.design import data_names, make_design
from mmm_bayes.inference.sampling import Settings, compile_model
from mmm_bayes.model.evaluation import graph_function
from mmm_bayes.model.family import load_member
from mmm_bayes.sensitivity.confounding import (
    assume_rho,
    fit_under_confounding,
    tipping_points,
    without_demand,
)
from mmm_bayes.sensitivity.sign_free import sign_free_design
from mmm_bayes.studies.simulate import SCENARIOS, as_dataset, simulate

Build = Callable[..., Built]
RHO = 0.6


def log_likelihood(built: Built, rho: float) -> np.ndarray:
    """Log-likelihood of the outcome, shape (sample, time, unit)."""
    arrays = assume_rho(built.design, rho).arrays
    free = [rv.name for rv in built.model.free_RVs]
    function = graph_function(built.model, inputs=free, outputs=["outcome"], log_density=True)
    data = {name: arrays[name].values for name in data_names(built.design)}
    return np.asarray(function(built.free, data)["outcome"])


@pytest.mark.parametrize("name", ["partial_mediation", "full_mediation"])
def test_the_outcome_given_the_mediator_is_the_conditional_of_a_bivariate_normal(
    build: Build, name: str
) -> None:
    built = build(name)
    data = built.design.dataset.data
    outcome, mediator = data["outcome"].values, data["exposure"].sel(channel="search").values
    conditional = log_likelihood(built, RHO)
    for index, sample in enumerate(built.samples):
        chain, draw = divmod(index, built.draws.sizes["draw"])
        draws = built.draws.isel(chain=chain, draw=draw)
        sd = sample["sigma"] * 4 * outcome.std()
        mediator_sd = sample["mediator_sigma"] * mediator.mean()
        cross = RHO * sd * mediator_sd
        for week in (0, 7, 29):
            mean = [
                float(draws["mediator_location"][week, 0]),
                float(draws["outcome_location"][week, 0]),
            ]
            joint = stats.multivariate_normal(
                mean, [[mediator_sd**2, cross], [cross, sd**2]]
            ).logpdf([mediator[week, 0], outcome[week, 0]])
            marginal = stats.norm(mean[0], mediator_sd).logpdf(mediator[week, 0])
            assert conditional[index, week, 0] == pytest.approx(joint - marginal, rel=1e-8)


def test_under_the_log_link_it_is_the_logarithm_that_is_correlated(build: Build) -> None:
    built = build("partial_mediation", link="log")
    data = built.design.dataset.data
    y, m = data["outcome"].values[4, 0], data["exposure"].sel(channel="search").values[4, 0]
    draws, sample = built.draws.isel(chain=0, draw=0), built.samples[0]
    scale = data["exposure"].sel(channel="search").values.mean()
    z = (m - float(draws["mediator_location"][4, 0])) / (sample["mediator_sigma"] * scale)
    centre = np.log(float(draws["outcome_location"][4, 0])) + RHO * sample["sigma"] * z
    expected = stats.lognorm(sample["sigma"] * np.sqrt(1 - RHO**2), scale=np.exp(centre)).logpdf(y)
    assert log_likelihood(built, RHO)[0, 4, 0] == pytest.approx(expected, rel=1e-8)


def test_weeks_at_zero_of_a_hurdle_do_not_depend_on_rho(build: Build) -> None:
    built = build("partial_mediation", hurdle=True)
    off = built.design.dataset.data["exposure"].sel(channel="search").values[:, 0] == 0
    with_rho, without = log_likelihood(built, RHO), log_likelihood(built, 0.0)
    assert off.any()
    np.testing.assert_allclose(with_rho[:, off], without[:, off])
    assert (with_rho[:, ~off] != without[:, ~off]).all()


def curve(lower: list[float], upper: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rho": [-0.5, 0.0, 0.5], "unit": "all", "channel": "video", "estimand": "indirect",
            "lower": lower, "upper": upper,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    "lower, upper, naive, rho",
    [
        ([3.0, 1.0, -1.0], [9.0, 8.0, 7.0], False, 0.25),
        ([-1.0, 1.0, 3.0], [9.0, 8.0, 7.0], False, -0.25),
        ([3.0, 2.0, 1.0], [9.0, 8.0, 7.0], False, None),
        ([3.0, -1.0, -2.0], [9.0, 8.0, 7.0], True, None),
        ([-9.0, -8.0, -7.0], [-3.0, -1.0, 3.0], False, 0.125),
    ],
)
def test_the_tipping_point_is_where_the_interval_reaches_zero(
    lower: list[float], upper: list[float], naive: bool, rho: float | None
) -> None:
    (tip,) = tipping_points(curve(lower, upper), ["video"])
    assert tip.naive_contains_zero is naive
    assert tip.rho == (None if rho is None else pytest.approx(rho))
    assert tip.furthest == 0.5
    assert "video" in tip.message


def test_the_nearest_of_two_tipping_points_is_reported() -> None:
    (tip,) = tipping_points(curve([-4.0, 1.0, -1.0], [9.0, 8.0, 7.0]), ["video"])
    assert tip.rho == pytest.approx(-0.1)


@pytest.mark.slow
def test_the_true_correlation_corrects_for_unobserved_demand() -> None:
    """Five markets in which demand moves Google and revenue; 15 true indirect effects.

    The naive intervals contain fewer of them than 90% intervals should; those under the true
    correlation have about nominal coverage (11 of 15 or fewer have a probability of 6%).
    """
    naive, corrected = [], []
    compiled = None
    for seed in range(5):
        market = simulate("confounded", seed=seed)
        arranged = without_demand(sign_free_design(make_design(as_dataset(market))))
        compiled = compiled or compile_model(load_member("partial_mediation"), arranged)
        known = pd.DataFrame(market.truth["effects"])
        known = known[(known["estimand"] == "indirect") & (known["value"] != 0)]
        for covered, rho in ((naive, 0.0), (corrected, true_rho(market.truth["parameters"]))):
            (rows,) = fit_under_confounding(compiled, arranged, [rho], Settings(400, 400, 2, seed))
            both = rows.merge(known, on=["unit", "channel", "estimand"])
            assert len(both) == 3
            covered += (both["value"].between(both["lower"], both["upper"])).tolist()
    assert sum(corrected) >= 12
    assert sum(naive) < sum(corrected)
    assert any(under and not plain for plain, under in zip(naive, corrected, strict=True))


def true_rho(parameters: dict[str, float]) -> float:
    """Correlation of the model's disturbances: demand plus each equation's own noise."""
    shared = SCENARIOS["confounded"].confounding ** 2
    own = [parameters[name] ** 2 for name in ("sigma", "mediator_sigma")]
    return float(shared / np.sqrt((shared + own[0]) * (shared + own[1])))
