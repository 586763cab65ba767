"""The structural equations against plain loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mmm_bayes.studies.simulate.curves import THRESHOLD
from mmm_bayes.studies.simulate.equations import (
    STANDARD,
    Equation,
    HurdleMediator,
    Mechanism,
    NormalMediator,
    equation_from_shares,
)

WEEKS, UNITS, CHANNELS = 9, 2, 3
HISTORY = 12
LONG = Mechanism(THRESHOLD, memory=5 * WEEKS)


def respond(alpha: float, kappa: float, slope: float, path: np.ndarray, week: int) -> float:
    """hill(adstock) of one series in one week, path with its history."""
    weights = [alpha**lag for lag in range(HISTORY + 1)]
    stock = sum(w * path[HISTORY + week - lag] for lag, w in enumerate(weights)) / sum(weights)
    return stock**slope / (kappa**slope + stock**slope) if stock > 0 else 0.0


def respond_late(alpha: float, kappa: float, theta: float, path: np.ndarray, week: int) -> float:
    """The same with a memory of 45 weeks and a threshold."""
    weights = [alpha**lag for lag in range(45)]
    stock = sum(w * path[44 + week - lag] for lag, w in enumerate(weights)) / sum(weights)
    low = theta * kappa
    return 1 - 0.5 ** ((stock - low) / (kappa - low)) if stock > low else 0.0


def by_loop(terms: Equation, path: np.ndarray) -> np.ndarray:
    location = np.zeros((WEEKS, UNITS))
    for week in range(WEEKS):
        for unit in range(UNITS):
            location[week, unit] = terms.non_media[week, unit]
            for channel in range(CHANNELS):
                location[week, unit] += terms.ceiling[unit, channel] * respond(
                    terms.alpha[channel],
                    terms.kappa[unit, channel],
                    terms.shape[channel],
                    path[:, unit, channel],
                    week,
                )
    return location


def spends(history: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    shape = (history + WEEKS, UNITS, CHANNELS)
    return rng.gamma(1.0, 100.0, shape) * (rng.random(shape) < 0.7)


@pytest.fixture
def path() -> np.ndarray:
    return spends(HISTORY)


@pytest.fixture
def terms() -> Equation:
    rng = np.random.default_rng(2)
    return Equation(
        alpha=np.array([0.0, 0.4, 0.8]),
        kappa=rng.uniform(50, 150, (UNITS, CHANNELS)),
        shape=np.array([0.8, 1.0, 1.7]),
        ceiling=rng.uniform(0.1, 0.5, (UNITS, CHANNELS)),
        non_media=rng.normal(1.0, 0.1, (WEEKS, UNITS)),
        effectiveness=np.ones(WEEKS),
    )


def test_equation_is_the_loop(terms: Equation, path: np.ndarray) -> None:
    np.testing.assert_allclose(terms(path), by_loop(terms, path), rtol=1e-12)


def test_equation_that_departs_is_the_loop(terms: Equation) -> None:
    path = spends(44)
    effectiveness = np.linspace(1.0, 0.3, WEEKS)
    departing = replace(
        terms, shape=np.array([0.0, 0.5, 0.8]), effectiveness=effectiveness, mechanism=LONG
    )
    expected = terms.non_media.copy()
    for week in range(WEEKS):
        for unit in range(UNITS):
            for channel in range(CHANNELS):
                expected[week, unit] += (
                    effectiveness[week]
                    * terms.ceiling[unit, channel]
                    * respond_late(
                        terms.alpha[channel],
                        terms.kappa[unit, channel],
                        departing.shape[channel],
                        path[:, unit, channel],
                        week,
                    )
                )
    np.testing.assert_allclose(departing(path), expected, rtol=1e-12)


def test_share_is_the_mean_contribution_of_an_effect_that_fades() -> None:
    path = spends(44)
    shape = np.array([0.1, 0.5, 0.9]), np.array([0.5, 1.0, 0.7]), np.array([0.4, 0.5, 0.6])
    share = np.array([[0.1, 0.2, 0.05], [0.2, 0.0, 0.3]])
    effectiveness = np.linspace(1.0, 0.3, WEEKS)
    built = equation_from_shares(LONG, shape, share, path, np.ones((WEEKS, UNITS)), effectiveness)
    for unit in range(UNITS):
        for channel in range(CHANNELS):
            added = [
                effectiveness[week]
                * built.ceiling[unit, channel]
                * respond_late(
                    shape[0][channel],
                    built.kappa[unit, channel],
                    shape[2][channel],
                    path[:, unit, channel],
                    week,
                )
                for week in range(WEEKS)
            ]
            assert np.mean(added) == pytest.approx(share[unit, channel], abs=1e-15)
    np.testing.assert_allclose(built(path).mean(0), 1.0, rtol=1e-12)


def test_share_is_the_mean_contribution_and_kappa_a_multiple_of_the_active_mean(
    path: np.ndarray,
) -> None:
    shape = np.array([0.1, 0.5, 0.7]), np.array([0.5, 1.0, 2.0]), np.array([0.8, 1.2, 1.6])
    share = np.array([[0.1, 0.2, 0.05], [0.2, 0.0, 0.3]])
    other = np.random.default_rng(3).normal(1.0, 0.1, (WEEKS, UNITS))
    built = equation_from_shares(STANDARD, shape, share, path, other)
    for unit in range(UNITS):
        for channel in range(CHANNELS):
            spends = [x for x in path[HISTORY:, unit, channel] if x > 0]
            kappa = shape[1][channel] * sum(spends) / len(spends)
            assert built.kappa[unit, channel] == pytest.approx(kappa)
            added = [
                built.ceiling[unit, channel]
                * respond(shape[0][channel], kappa, shape[2][channel], path[:, unit, channel], week)
                for week in range(WEEKS)
            ]
            assert np.mean(added) == pytest.approx(share[unit, channel], abs=1e-15)
    # Media are part of the mean of an average week: they are taken off the rest.
    np.testing.assert_allclose(by_loop(built, path).mean(0), other.mean(0), rtol=1e-12)


def test_normal_mediator_keeps_each_weeks_disturbance(terms: Equation, path: np.ndarray) -> None:
    mediator = NormalMediator(terms, scale=np.array([100.0, 2000.0]), sigma=0.1)
    observed = mediator.draw(np.random.default_rng(4), path)
    none = path.copy()
    none[..., 1] = 0.0
    counterfactual = mediator.abduct(observed, path, none)
    fact, other = by_loop(terms, path), by_loop(terms, none)
    for week in range(WEEKS):
        for unit in range(UNITS):
            drop = mediator.scale[unit] * (fact[week, unit] - other[week, unit])
            assert counterfactual[week, unit] == pytest.approx(
                max(0.0, observed[week, unit] - drop)
            )
    np.testing.assert_array_equal(mediator.abduct(observed, path, path), observed)


def test_normal_mediator_is_floored_at_zero(terms: Equation, path: np.ndarray) -> None:
    mediator = NormalMediator(terms, scale=np.array([100.0, 2000.0]), sigma=0.1)
    small_spend = np.full((WEEKS, UNITS), 1e-3)
    assert (mediator.abduct(small_spend, path, np.zeros_like(path)) >= 0).all()
    assert (mediator.abduct(small_spend, path, np.zeros_like(path)) == 0).any()


def test_normal_mediator_draws_have_its_mean_and_spread(terms: Equation, path: np.ndarray) -> None:
    mediator = NormalMediator(terms, scale=np.array([100.0, 2000.0]), sigma=0.1)
    rng = np.random.default_rng(5)
    draws = np.stack([mediator.draw(rng, path) for _ in range(4000)]) / mediator.scale
    np.testing.assert_allclose(draws.mean(0), by_loop(terms, path), atol=5 * 0.1 / math.sqrt(4000))
    np.testing.assert_allclose(draws.std(0), 0.1, rtol=0.06)


def hurdle_by_loop(mediator: HurdleMediator, path: np.ndarray) -> np.ndarray:
    """Quantile function of a point mass at zero and a log-normal above it."""
    logit, level = by_loop(mediator.log_odds, path), by_loop(mediator.level, path)
    spend = np.zeros((WEEKS, UNITS))
    for week in range(WEEKS):
        for unit in range(UNITS):
            on = 1 / (1 + math.exp(-logit[week, unit]))
            rank = mediator.quantile[week, unit]
            if rank > 1 - on:
                spend[week, unit] = stats.lognorm.ppf(
                    (rank - (1 - on)) / on,
                    s=mediator.sigma,
                    scale=mediator.scale[unit] * math.exp(level[week, unit]),
                )
    return spend


def test_hurdle_mediator_keeps_each_weeks_quantile(terms: Equation, path: np.ndarray) -> None:
    quantile = np.random.default_rng(6).random((WEEKS, UNITS))
    mediator = HurdleMediator(terms, terms, np.array([100.0, 2000.0]), 0.4, quantile)
    observed = mediator.draw(np.random.default_rng(0), path)
    np.testing.assert_allclose(observed, hurdle_by_loop(mediator, path), rtol=1e-8)
    none = path.copy()
    none[..., 2] = 0.0
    counterfactual = mediator.abduct(observed, path, none)
    np.testing.assert_allclose(counterfactual, hurdle_by_loop(mediator, none), rtol=1e-8)
    assert (counterfactual <= observed).all()  # the cause raises both parts
    assert (observed == 0).any()
    assert (counterfactual > 0).any()
