"""Holm's adjustment against statsmodels', and against its guarantee."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from mmm_bayes.diagnostics.multiplicity import holm


@pytest.mark.parametrize("number", [1, 2, 7])
def test_it_is_that_of_statsmodels(number: int) -> None:
    rng = np.random.default_rng(number)
    for p_values in (rng.uniform(size=number), np.round(rng.uniform(size=number), 1)):
        np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1])


def test_a_false_rejection_is_as_rare_as_the_level() -> None:
    rng = np.random.default_rng(1)
    rejected = [bool((holm(rng.uniform(size=5)) <= 0.05).any()) for _ in range(4000)]
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.01)
