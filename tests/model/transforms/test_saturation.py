"""Hill saturation: against its formula, at its limits, and compiled, at and near zero."""

from decimal import Decimal, localcontext

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

from mmm_bayes.model.transforms.adstock import carry_over, geometric
from mmm_bayes.model.transforms.saturation import hill

# All rewrites, run by Python; hardly any, run by Python; all, compiled, as a sampler runs them.
MODES = {
    "rewritten": Mode(linker="py", optimizer="fast_run"),
    "plain": Mode(linker="py", optimizer="fast_compile"),
    "numba": "NUMBA",
}
every_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
TINY = [0.0, 1e-300, 1e-20, 1e-12, 1e-6]


def hill_exactly(x: float, kappa: float, slope: float) -> float:
    """The formula, computed with fifty digits."""
    with localcontext(prec=50):
        power = Decimal(float(x)) ** Decimal(float(slope))
        return float(power / (Decimal(float(kappa)) ** Decimal(float(slope)) + power))


def test_zero_is_exactly_zero_and_kappa_is_one_half() -> None:
    kappa, slope = np.array([0.1, 1.0, 5e4]), np.array([0.5, 1.0, 3.0])
    np.testing.assert_array_equal(hill.curve(np.zeros(3), kappa, slope), 0.0)
    np.testing.assert_allclose(hill.curve(kappa, kappa, slope), 0.5, rtol=1e-14)


@pytest.mark.parametrize("slope", [0.4, 1.0, 1.2, 3.0])
@pytest.mark.parametrize("kappa", [0.3, 1.0, 4000.0])
def test_is_the_formula(kappa: float, slope: float) -> None:
    x = kappa * np.array([1e-3, 0.1, 0.5, 1.0, 2.0, 30.0])
    expected = [hill_exactly(value, kappa, slope) for value in x]
    np.testing.assert_allclose(hill.curve(x, kappa, slope), expected, rtol=1e-10, atol=1e-16)


def test_rises_to_one_and_never_overflows() -> None:
    x = np.r_[0.0, np.logspace(-300, 300, 601)]
    for slope in (0.5, 1.0, 20.0):
        value = hill.curve(x, 2.0, slope)
        assert np.isfinite(value).all()
        assert (np.diff(value) >= 0).all()
        assert value[-1] == pytest.approx(1.0)
    inner = hill.curve(np.linspace(0, 10, 200), 2.0, 1.3)
    assert (np.diff(inner) > 0).all()
    assert inner.max() < 1


def test_unit_of_exposure_does_not_matter() -> None:
    x = np.array([0.0, 0.2, 3.0])
    np.testing.assert_allclose(
        hill.curve(1000 * x, 1000 * 0.7, 1.4), hill.curve(x, 0.7, 1.4), rtol=1e-12
    )


@every_mode
def test_compiled_agrees_with_numpy_down_to_tiny_exposures(mode: str | Mode) -> None:
    """A rewrite once made log(x + (1 - on)) into log1p(x - on), which is -inf for tiny x."""
    x = np.array([*TINY, 0.3, 1.0, 50.0])
    kappa, slope = np.full(x.size, 0.8), np.full(x.size, 0.6)
    symbols = [pt.vector(name) for name in ("x", "kappa", "slope")]
    value = hill.curve(*symbols)
    run = pytensor.function(symbols, [value, *pytensor.grad(value.sum(), symbols)], mode=mode)
    got, *gradients = run(x, kappa, slope)
    np.testing.assert_allclose(got, hill.curve(x, kappa, slope), rtol=1e-9, atol=1e-15)
    exactly = [hill_exactly(exposure, 0.8, 0.6) if exposure else 0.0 for exposure in x]
    np.testing.assert_allclose(got, exactly, rtol=1e-8, atol=1e-12)
    assert got[0] == 0.0
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert all(gradient[0] == 0.0 for gradient in gradients)


@every_mode
def test_gradients_are_finite_differences(mode: str | Mode) -> None:
    rng = np.random.default_rng(0)
    point = [rng.uniform(0.2, 3, 12), rng.uniform(0.5, 2, 12), rng.uniform(0.6, 2, 12)]
    symbols = [pt.vector(name) for name in ("x", "kappa", "slope")]
    gradient = pytensor.function(
        symbols, pytensor.grad(hill.curve(*symbols).sum(), symbols), mode=mode
    )(*point)
    step = 1e-6
    for argument, slopes in enumerate(gradient):
        for element in range(12):
            arguments = [values[element] for values in point]
            above = hill_exactly(*(v + step * (k == argument) for k, v in enumerate(arguments)))
            below = hill_exactly(*(v - step * (k == argument) for k, v in enumerate(arguments)))
            assert slopes[element] == pytest.approx((above - below) / (2 * step), abs=1e-8)


@every_mode
def test_gradients_at_tiny_exposures_are_the_analytic_ones(mode: str | Mode) -> None:
    """d hill / d log(kappa) = -slope h (1 - h): small and finite where h is."""
    x = np.array([1e-20, 1e-10, 1e-4])
    symbols = [pt.vector(name) for name in ("x", "kappa", "slope")]
    gradient = pytensor.function(
        symbols, pytensor.grad(hill.curve(*symbols).sum(), symbols), mode=mode
    )(x, np.full(3, 0.8), np.full(3, 1.0))
    for element, exposure in enumerate(x):
        share = hill_exactly(exposure, 0.8, 1.0)
        assert gradient[1][element] == pytest.approx(
            -share * (1 - share) / 0.8, rel=1e-3, abs=1e-15
        )
        assert gradient[2][element] == pytest.approx(
            share * (1 - share) * np.log(exposure / 0.8), rel=1e-3, abs=1e-14
        )


def test_gradients_are_finite_through_carryover_of_a_channel_that_is_off() -> None:
    """alpha = 0 and x = 0 together, which occurs in sampling with a flighted channel."""
    alpha, kappa, slope = (pt.vector(name) for name in ("alpha", "kappa", "slope"))
    lags = np.zeros((4, 2, 3))
    lags[2:, 1, 0] = 1e-20
    share = hill.curve(carry_over(pt.as_tensor(lags), geometric.weights(alpha, 3)), kappa, slope)
    run = pytensor.function(
        [alpha, kappa, slope],
        pytensor.grad(share.sum(), [alpha, kappa, slope]),
        mode=MODES["rewritten"],
    )
    for gradient in run(np.zeros(2), np.ones(2), np.full(2, 0.7)):
        assert np.isfinite(gradient).all()
