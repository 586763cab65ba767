"""Variation over windows: against brute force, and on markets whose variation is known."""

import numpy as np
import pytest
from scipy import stats

from mmm_bayes.data.splits import blocked_splits
from mmm_bayes.studies.rolling.stability import (
    CLASSES,
    INDEPENDENT_SHARE,
    PRIOR_DF,
    PRIOR_SCALE,
    coefficient_of_variation,
    stability_class,
    true_values,
    window_covariance,
)


def test_errors_of_windows_are_correlated_as_means_over_shared_weeks_are() -> None:
    splits = blocked_splits(60, window=30, step=10, expanding=False)
    rng = np.random.default_rng(0)
    weekly = rng.normal(size=(200_000, 60))
    means = np.stack([weekly[:, split.train].mean(1) for split in splits], axis=1)
    np.testing.assert_allclose(
        window_covariance(splits).error_correlation, np.corrcoef(means.T), atol=0.01
    )


def test_the_true_values_drift_as_a_random_walk_does() -> None:
    splits = blocked_splits(60, window=30, step=10, expanding=True)
    rng = np.random.default_rng(0)
    walk = rng.normal(size=(200_000, 60)).cumsum(1)
    means = np.stack([walk[:, split.train].mean(1) for split in splits], axis=1)
    centred = means - means.mean(1, keepdims=True)
    expected = np.cov(centred.T) / means.var(1, ddof=1).mean()
    np.testing.assert_allclose(window_covariance(splits).drift_covariance, expected, atol=0.02)


def brute_force(mean: np.ndarray, sd: np.ndarray, splits, number: int) -> tuple:
    """Weighted draws of the true values: draws of the prior, weighted by the likelihood."""
    covariance, rng = window_covariance(splits), np.random.default_rng(1)
    noise = (sd**2).mean() * (
        (1 - INDEPENDENT_SHARE) * covariance.error_correlation
        + INDEPENDENT_SHARE * np.eye(len(mean))
    )
    inverse = np.linalg.inv(noise)
    weight = inverse.sum(0) / inverse.sum()
    typical = PRIOR_SCALE * np.sqrt((weight @ mean) ** 2 + 1 / inverse.sum())
    tau = typical * np.abs(stats.t.rvs(PRIOR_DF, size=number, random_state=rng))
    level = rng.uniform(mean.mean() - 3, mean.mean() + 3, number)
    # Positive semi-definite, so by its square root.
    values, vectors = np.linalg.eigh(covariance.drift_covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    theta = level[:, None] + tau[:, None] * (rng.normal(size=(number, len(mean))) @ root.T)
    away = theta - mean
    logs = -0.5 * np.einsum("nw,wv,nv->n", away, inverse, away)
    weights = np.exp(logs - logs.max())
    return theta, weights / weights.sum()


def test_it_is_the_posterior_of_its_model() -> None:
    splits = blocked_splits(60, window=30, step=15)  # three windows: brute force is enough
    mean, sd = np.array([1.0, 0.8, 0.45]), np.array([0.2, 0.25, 0.2])
    theta, weights = brute_force(mean, sd, splits, 1_000_000)
    draws = true_values(mean, sd, window_covariance(splits), draws=40_000, seed=2)
    assert 1 / (weights**2).sum() > 3000  # or the brute force itself says nothing
    np.testing.assert_allclose(draws.mean(0), weights @ theta, atol=0.015)
    spread = np.sqrt(weights @ (theta - weights @ theta) ** 2)
    np.testing.assert_allclose(draws.std(0), spread, rtol=0.05)
    for limit in (0.1, 0.3):
        expected = weights @ (coefficient_of_variation(theta) < limit)
        assert (coefficient_of_variation(draws) < limit).mean() == pytest.approx(expected, abs=0.02)


def test_before_any_data_the_classes_are_about_as_probable() -> None:
    """The classes have similar prior probabilities."""
    cv = PRIOR_SCALE * np.abs(stats.t.rvs(PRIOR_DF, size=100_000, random_state=1))
    shares = [np.mean([stability_class(value) == name for value in cv[:5000]]) for name in CLASSES]
    assert all(0.2 < share < 0.45 for share in shares)


WEEKS, WINDOW, STEP, TIMES = 208, 52, 13, 80


def market(kind: str, noise: float, seed: int) -> tuple:
    """True values of the windows, and estimates whose errors come from weekly noise."""
    rng = np.random.default_rng(seed)
    week = np.arange(WEEKS)
    transition = 1 / (1 + np.exp(-20 * (week / WEEKS - 0.5)))
    paths = {
        "constant": np.ones((TIMES, WEEKS)),
        "flights": np.exp(rng.normal(0, 0.3, (TIMES, WEEKS))),
        "halved": np.tile(1 - 0.5 * transition, (TIMES, 1)),
        "gone": np.tile(1 - transition, (TIMES, 1)),
        "growing": np.tile(0.5 + 1.5 * week / WEEKS, (TIMES, 1)),
    }
    splits = blocked_splits(WEEKS, window=WINDOW, step=STEP)
    noise_path = rng.normal(0, noise * np.sqrt(WINDOW), (TIMES, WEEKS))

    def means(weekly: np.ndarray) -> np.ndarray:
        return np.stack([weekly[:, split.train].mean(1) for split in splits], axis=1)

    return splits, means(paths[kind]), means(paths[kind] + noise_path)


@pytest.mark.parametrize(
    "kind, expected, share",
    [
        ("constant", "stable", 0.95),
        ("flights", "stable", 0.9),
        ("halved", "moderate", 0.7),  # its true value, 0.285, is close to a limit
        ("gone", "volatile", 0.95),
    ],
)
def test_the_class_is_right_where_estimates_are_good(
    kind: str, expected: str, share: float
) -> None:
    splits, true, estimates = market(kind, 0.1, 1)
    covariance, sd = window_covariance(splits), np.full(len(splits), 0.1)
    assert {stability_class(cv) for cv in coefficient_of_variation(true)} == {expected}
    classes = [
        stability_class(
            float(
                np.median(
                    coefficient_of_variation(true_values(mean_estimates, sd, covariance, draws=800))
                )
            )
        )
        for mean_estimates in estimates
    ]
    assert np.mean([name == expected for name in classes]) >= share


def test_noise_is_not_taken_for_change() -> None:
    """The coefficient of variation of the estimates would call a constant channel moderate."""
    splits, _, estimates = market("constant", 0.2, 2)
    covariance, sd = window_covariance(splits), np.full(len(splits), 0.2)
    naive = estimates.std(1, ddof=1) / estimates.mean(1)
    model_based = [
        np.median(coefficient_of_variation(true_values(mean_estimates, sd, covariance, draws=800)))
        for mean_estimates in estimates
    ]
    assert np.mean(naive) > CLASSES["stable"]
    assert np.mean(model_based) < CLASSES["stable"]


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.1, 0.2])
@pytest.mark.parametrize("kind", ["flights", "halved", "gone", "growing"])
def test_intervals_hold_the_truth(kind: str, noise: float) -> None:
    """Coverage for a fixed truth: 90% on average over truths, and less for extreme ones, such as a
    channel that vanishes, which the prior shrinks under weak data."""
    splits, true, estimates = market(kind, noise, 3)
    covariance, sd = window_covariance(splits), np.full(len(splits), noise)
    covered = 0
    for truth, mean_estimates in zip(coefficient_of_variation(true), estimates, strict=True):
        lower, upper = np.quantile(
            coefficient_of_variation(true_values(mean_estimates, sd, covariance, draws=800)),
            [0.05, 0.95],
        )
        covered += lower <= truth <= upper
    assert covered / TIMES >= (0.7 if (kind, noise) == ("gone", 0.2) else 0.8)


@pytest.mark.slow
def test_ranks_are_even_over_the_models_own_markets() -> None:
    """Simulation-based calibration of the coefficient of variation."""
    splits = blocked_splits(WEEKS, window=WINDOW, step=26)
    covariance, rng = window_covariance(splits), np.random.default_rng(4)
    number, sd = len(splits), 0.15
    values, vectors = np.linalg.eigh(covariance.drift_covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    noise = np.linalg.cholesky(
        sd**2
        * (
            (1 - INDEPENDENT_SHARE) * covariance.error_correlation
            + INDEPENDENT_SHARE * np.eye(number)
        )
    )
    ranks = []
    for seed in range(400):
        tau = PRIOR_SCALE * abs(stats.t.rvs(PRIOR_DF, random_state=rng))
        theta = 1 + tau * root @ rng.normal(size=number)
        estimate = theta + noise @ rng.normal(size=number)
        draws = true_values(estimate, np.full(number, sd), covariance, draws=400, seed=seed)
        # Of the standard deviation: the mean has a flat prior, from which nothing can be drawn.
        ranks.append((draws.std(1, ddof=1) < theta.std(ddof=1)).mean())
    assert stats.kstest(ranks, "uniform").pvalue > 0.01
