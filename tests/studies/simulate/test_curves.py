"""The threshold curve: known points, and its distance to every Hill curve."""

import numpy as np
import pytest
from scipy.optimize import differential_evolution

from mmm_bayes.studies.simulate.curves import threshold_curve


def test_threshold_curve_through_its_landmarks() -> None:
    kappa, theta = 80.0, 0.25
    exposures = [0.0, 10.0, 20.0, 80.0, 140.0, 200.0]
    reached = [0.0, 0.0, 0.0, 1 / 2, 3 / 4, 7 / 8]  # a half of what is left every 60 units
    response = threshold_curve(np.array(exposures), np.array(kappa), np.array(theta))
    np.testing.assert_allclose(response, reached, atol=1e-15)


def test_threshold_curve_has_its_own_parameters_in_each_channel() -> None:
    exposure = np.array([[30.0, 30.0], [50.0, 90.0]])
    response = threshold_curve(exposure, np.array([50.0, 90.0]), np.array([0.5, 0.5]))
    np.testing.assert_allclose(response, [[1 - 2**-0.2, 0.0], [0.5, 0.5]])


def distance_to_hill(theta: float, steepest: float) -> float:
    """Largest gap to the closest of all Hill curves with slopes up to `steepest`."""
    x = np.linspace(0.0, 3.0, 301)[1:]
    curve = np.where(x > theta, 1 - 0.5 ** ((x - theta) / (1 - theta)), 0.0)

    def gap(parameters: np.ndarray) -> float:
        ceiling, kappa, slope = parameters
        return float(np.abs(ceiling * x**slope / (x**slope + kappa**slope) - curve).max())

    spans = [(0.5, 3.0), (0.5, 3.0), (0.5, steepest)]
    return float(differential_evolution(gap, spans, rng=1, tol=1e-6).fun)


@pytest.mark.parametrize(
    "theta, any_slope, usual_slope", [(0.4, 0.047, 0.113), (0.6, 0.061, 0.183)]
)
def test_no_hill_curve_is_near(theta: float, any_slope: float, usual_slope: float) -> None:
    assert distance_to_hill(theta, 8.0) == pytest.approx(any_slope, abs=0.002)
    assert distance_to_hill(theta, 1.6) == pytest.approx(usual_slope, abs=0.002)


def test_without_a_threshold_a_hill_curve_is_near() -> None:
    assert distance_to_hill(0.0, 8.0) < 0.005
