"""Length of a test in which disturbances remember."""

import numpy as np
import pytest

from mmm_bayes.decisions.information import sum_inflation


@pytest.mark.parametrize("phi", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("weeks", [1, 2, 13])
def test_inflation_of_a_sum(weeks, phi):
    """The sum of a covariance matrix, over its trace."""
    correlation = np.array([[phi ** abs(i - j) for j in range(weeks)] for i in range(weeks)])
    assert sum_inflation(weeks, phi) == pytest.approx(correlation.sum() / weeks)
