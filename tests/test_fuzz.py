"""Whatever a description says of whatever table: a profile, or a refusal in one sentence."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fuzzing import check, fit_on_prior_draws, folder_of, markets, suggested
from hypothesis import HealthCheck, Phase, given, settings

import mmm_bayes.inference.trial  # noqa: F401  PyMC changes the recursion limit when it is imported

QUIET = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


@pytest.mark.slow
@settings(max_examples=25, **QUIET)
@given(markets())
def test_a_check_is_a_profile_or_one_sentence(market: tuple[dict[str, Any], pd.DataFrame]) -> None:
    with folder_of(*market) as path:
        check(path)


@pytest.mark.slow
@settings(max_examples=8, **QUIET)
@given(markets())
def test_what_is_accepted_can_be_fitted_and_reported(
    market: tuple[dict[str, Any], pd.DataFrame],
) -> None:
    with folder_of(*market) as path:
        if not check(path):
            page: Path = fit_on_prior_draws(path, suggested(market[0]), path.parent / "run")
            assert page.is_file()
