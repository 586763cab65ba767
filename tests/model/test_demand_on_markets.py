"""Fits to markets in which demand that is in no column moves Google spend and revenue.

Effects are those that ``scripts/recovery.py`` saved; two markets are fitted again.
"""

import pandas as pd
import pytest
from fitted_markets import compare_with_saved, fit_markets
from places import RESULTS

from mmm_bayes.studies.calibration.markets import SETTINGS
from mmm_bayes.studies.simulate import simulate

SCENARIO = "strongly_demanded"


@pytest.fixture(scope="module")
def saved() -> pd.DataFrame:
    """Estimates with and without unseen demand, of 20 markets."""
    return pd.read_csv(RESULTS / "recovery" / "demand.csv").query("scenario == @SCENARIO")


def of_google(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of Google's total effect and of the causes' indirect effects."""
    own = (rows["channel"] == "google") & (rows["estimand"] == "total")
    indirect = (rows["estimand"] == "indirect") & (rows["truth"] != 0)
    return rows[own | indirect]


def test_demand_is_not_credited_to_google(saved: pd.DataFrame) -> None:
    told = {}
    for demand in ("none", "unseen"):
        rows = of_google(saved[saved["demand"] == demand])
        assert len(rows) == 20 * 4
        told[demand] = (rows["median"] / rows["truth"]).median()
    assert told["none"] > 1.6
    assert 0.5 < told["unseen"] < 1.4
    covered = (rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"])
    assert covered.mean() >= 0.75


@pytest.mark.slow
def test_what_is_left_of_both_is_learned_and_saved_estimates_are_todays(
    saved: pd.DataFrame,
) -> None:
    markets = [simulate(SCENARIO, seed=seed) for seed in (0, 3)]
    for market, (tree, rows) in zip(
        markets, fit_markets(markets, SETTINGS, demand="unseen", errors="ar1"), strict=True
    ):
        again = rows.rename(columns={"value": "truth"}).assign(scenario=SCENARIO, seed=market.seed)
        outcome = float(tree["observed_data"]["outcome"].sum())
        compare_with_saved(again.assign(outcome=outcome), saved[saved["demand"] == "unseen"])
        lower, median, upper = tree["posterior"]["rho"].quantile([0.05, 0.5, 0.95]).values
        # The true share is 0.6; what is bought later is less clear of what is searched now.
        assert lower > 0
        assert 0.3 < median < 0.8
        assert upper > 0.5
