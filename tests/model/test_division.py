"""Prior of all media's contributions: against that of their sum and its division."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from mmm_bayes.model.terms.division import declare_division

MONEY = np.array([0.4, 1.0, 1.6, 0.02])
SHARE = ("LogNormal", {"mu": -2.0, "sigma": 1.1})
DIVISION = ("Normal", {"mu": 0.0, "sigma": 0.9})


def declared(money: np.ndarray = MONEY) -> pm.Model:
    with pm.Model(coords={"channel": range(len(money))}) as model:
        data = pm.Data("money", money, dims="channel")
        declare_division("beta", data, SHARE, DIVISION, "channel")
    return model


def test_draws_are_those_of_the_sum_and_its_division() -> None:
    model = declared()
    beta, share, division = pm.draw(
        [model["beta"], model["media_share"], model["media_division"]], 4000, random_seed=1,
        mode="FAST_COMPILE",
    )  # fmt: skip
    np.testing.assert_allclose(beta.sum(-1), share)
    assert stats.kstest(np.log(share), stats.norm(-2.0, 1.1).cdf).pvalue > 0.01
    # The logarithms about their mean: the difference of two has the variance of two.
    np.testing.assert_allclose(division.sum(-1), 0.0, atol=1e-9)
    for first, second in ((0, 1), (2, 3)):
        difference = division[:, first] - division[:, second]
        assert stats.kstest(difference, stats.norm(0, 0.9 * np.sqrt(2)).cdf).pvalue > 0.01
        ratio = beta[:, first] * MONEY[second] / (beta[:, second] * MONEY[first])
        np.testing.assert_allclose(np.log(ratio), difference)
    assert abs(np.corrcoef(np.log(share), division[:, 0])[0, 1]) < 0.05


def test_density_is_that_of_the_sum_and_its_division() -> None:
    """Both parameters sampled, their density is divided by the volume, which a loop measures."""
    model = declared()
    points = np.random.default_rng(0).normal(-2.0, 1.0, (5, len(MONEY)))
    value = model.rvs_to_values[model["log_beta"]].name
    density = model.compile_logp(vars=[model["log_beta"]])
    got = np.array([float(density({value: point})) for point in points])
    expected = np.array([log_density(point) for point in points])
    np.testing.assert_allclose(got - got[0], expected - expected[0], rtol=1e-6)


def log_density(log_beta: np.ndarray) -> float:
    """By change of variables to the sum and an orthonormal basis of the division."""
    size = len(MONEY)
    basis = np.linalg.svd(np.eye(size) - 1 / size)[0][:, : size - 1]

    def parameters(values: np.ndarray) -> np.ndarray:
        returns = values - np.log(MONEY)
        return np.append(basis.T @ returns, np.log(np.exp(values).sum()))

    step = 1e-6
    jacobian = np.stack(
        [
            (parameters(log_beta + step * unit) - parameters(log_beta - step * unit)) / (2 * step)
            for unit in np.eye(size)
        ],
        axis=1,
    )
    *division, log_share = parameters(log_beta)
    return float(
        stats.norm(0, 0.9).logpdf(division).sum()
        + stats.norm(-2.0, 1.1).logpdf(log_share)
        + np.log(abs(np.linalg.det(jacobian)))
    )


@pytest.mark.parametrize("amount", [0.3, 2.0])
def test_a_single_channel_is_all_media(amount: float) -> None:
    model = declared(np.array([amount]))
    beta, share = pm.draw([model["beta"], model["media_share"]], 500, random_seed=1)
    np.testing.assert_allclose(beta[:, 0], share)
