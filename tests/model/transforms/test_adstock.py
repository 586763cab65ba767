"""Geometric adstock: against explicit loops, at its limits, and compiled."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

from mmm_bayes.data.lags import lag_matrix
from mmm_bayes.model.transforms.adstock import carry_over, geometric

# All rewrites, run by Python; hardly any, run by Python; all, compiled, as a sampler runs them.
MODES = {
    "rewritten": Mode(linker="py", optimizer="fast_run"),
    "plain": Mode(linker="py", optimizer="fast_compile"),
    "numba": "NUMBA",
}
every_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())


def weights_by_loop(alpha: float, max_lag: int) -> list[float]:
    raw = [alpha**lag for lag in range(max_lag)]
    return [weight / sum(raw) for weight in raw]


def adstock_by_loop(path: np.ndarray, alpha: float, max_lag: int) -> np.ndarray:
    """Adstock of a series whose first ``max_lag - 1`` weeks are history."""
    weights = weights_by_loop(alpha, max_lag)
    weeks = len(path) - (max_lag - 1)
    out = np.zeros(weeks)
    for week in range(weeks):
        for lag in range(max_lag):
            out[week] += weights[lag] * path[max_lag - 1 + week - lag]
    return out


@pytest.mark.parametrize("max_lag", [1, 2, 13])
@pytest.mark.parametrize("alpha", [0.0, 1e-12, 0.3, 0.95, 1.0])
def test_weights_are_the_loop(alpha: float, max_lag: int) -> None:
    np.testing.assert_allclose(
        geometric.weights(np.array(alpha), max_lag), weights_by_loop(alpha, max_lag), rtol=1e-13
    )


def test_weights_of_several_channels_sum_to_one_and_decay() -> None:
    alpha = np.random.default_rng(0).uniform(0, 1, (3, 4))
    weights = geometric.weights(alpha, 8)
    assert weights.shape == (3, 4, 8)
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(weights[..., 1:] / weights[..., :-1], alpha[..., None] * np.ones(7))


def test_no_retention_is_the_identity() -> None:
    path = np.random.default_rng(1).gamma(1.0, 1.0, 20)
    weights = geometric.weights(np.array(0.0), 6)
    np.testing.assert_array_equal(weights, [1, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(carry_over(lag_matrix(path, 6), weights), path[5:])


def test_full_retention_is_a_moving_average() -> None:
    path = np.random.default_rng(2).gamma(1.0, 1.0, 20)
    expected = [path[week : week + 4].mean() for week in range(17)]
    weights = geometric.weights(np.array(1 - 1e-12), 4)
    np.testing.assert_allclose(carry_over(lag_matrix(path, 4), weights), expected, rtol=1e-10)


def test_a_pulse_is_felt_in_its_own_week_first_and_never_before() -> None:
    path = np.zeros(3 + 8)
    path[3 + 2] = 1.0  # the third week
    felt = carry_over(lag_matrix(path, 4), geometric.weights(np.array(0.5), 4))
    total = 1 + 0.5 + 0.25 + 0.125
    np.testing.assert_allclose(felt, np.array([0, 0, 1, 0.5, 0.25, 0.125, 0, 0]) / total)


def test_lag_zero_is_the_week_itself_and_history_comes_first() -> None:
    path = np.arange(10.0)
    lags = lag_matrix(path, 3)
    assert lags.shape == (8, 3)
    for week in range(8):
        for lag in range(3):
            assert lags[week, lag] == path[2 + week - lag]


def test_lag_matrix_along_another_axis() -> None:
    path = np.random.default_rng(3).random((5, 12, 2, 3))
    lags = lag_matrix(path, 4, axis=1)
    assert lags.shape == (5, 9, 2, 3, 4)
    for week in range(9):
        for lag in range(4):
            np.testing.assert_array_equal(lags[:, week, ..., lag], path[:, 3 + week - lag])


def test_carryover_of_a_panel_is_the_loop() -> None:
    rng = np.random.default_rng(4)
    path, alpha = rng.gamma(1.0, 1.0, (30, 2, 3)), np.array([0.0, 0.4, 0.9])
    got = carry_over(lag_matrix(path, 5), geometric.weights(alpha, 5))
    for unit in range(2):
        for channel in range(3):
            expected = adstock_by_loop(path[:, unit, channel], alpha[channel], 5)
            np.testing.assert_allclose(got[:, unit, channel], expected, rtol=1e-12)


def test_a_constant_exposure_stays_what_it_is() -> None:
    weights = geometric.weights(np.array([0.2, 0.8]), 13)
    np.testing.assert_allclose(carry_over(np.full((6, 2, 13), 7.0), weights), 7.0, rtol=1e-14)


@every_mode
def test_compiled_values_and_gradients(mode: str | Mode) -> None:
    """Including alpha = 0, where 0**0 has no derivative by itself."""
    alpha = np.array([0.0, 1e-9, 0.3, 0.97])
    lags = np.random.default_rng(5).gamma(1.0, 1.0, (9, 4, 6))
    symbol = pt.vector()
    stock = carry_over(pt.as_tensor(lags), geometric.weights(symbol, 6))
    cost = (stock**2).sum()
    run = pytensor.function([symbol], [stock, pytensor.grad(cost, symbol)], mode=mode)
    value, slope = run(alpha)
    expected = np.stack(
        [adstock_by_loop(np.r_[lags[w, c, :0:-1], lags[w, c, 0]], alpha[c], 6)[0]
         for w in range(9) for c in range(4)]
    ).reshape(9, 4)  # fmt: skip
    np.testing.assert_allclose(value, expected, rtol=1e-12)

    def cost_of(channel: int, value: float) -> float:
        return sum(np.dot(weights_by_loop(value, 6), lags[week, channel]) ** 2 for week in range(9))

    step = 1e-6  # alpha may leave [0, 1) by a step: the equation is smooth there
    for channel in range(4):
        above, below = (cost_of(channel, alpha[channel] + sign * step) for sign in (1, -1))
        assert slope[channel] == pytest.approx((above - below) / (2 * step), rel=1e-6)
