"""Fits to markets in which demand that is in no column moves Google spend and revenue."""

import pandas as pd
import pytest
from fitted_markets import Fitted, fit_markets

from mmm_bayes.inference.sampling import Settings
from mmm_bayes.studies.simulate import simulate

pytestmark = pytest.mark.slow

#: Over the first four alone the median ratio is 0.51, within the Monte Carlo error of its bound.
MARKETS = 8
SETTINGS = Settings(draws=500, tune=500, chains=4)


def fits(demand: str) -> list[Fitted]:
    demanded = [simulate("strongly_demanded", seed=seed) for seed in range(MARKETS)]
    return fit_markets(demanded, SETTINGS, demand=demand, errors="ar1")


def of_google(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of Google's total effect and of the causes' indirect effects."""
    own = (rows["channel"] == "google") & (rows["estimand"] == "total")
    return rows[own | (rows["estimand"] == "indirect")]


def test_what_is_left_of_both_is_learned_and_not_credited_to_google() -> None:
    told = {}
    for demand in ("none", "unseen"):
        found = fits(demand)
        rows = of_google(pd.concat([rows for _, rows in found]))
        told[demand] = (rows["median"] / rows["value"]).median()
        if demand == "none":
            continue
        covered = (rows["lower"] <= rows["value"]) & (rows["value"] <= rows["upper"])
        assert len(rows) == MARKETS * 4
        assert covered.mean() >= 0.75
        strengths = [
            tree["posterior"]["rho"].quantile([0.05, 0.5, 0.95]).values for tree, _ in found
        ]
        # The true share is 0.6; what is bought later is less clear of what is searched now.
        assert sum(lower > 0 for lower, _, _ in strengths) >= MARKETS - 1
        assert all(0.3 < median < 0.8 and upper > 0.5 for _, median, upper in strengths)
    assert told["none"] > 1.6
    assert 0.5 < told["unseen"] < 1.4
