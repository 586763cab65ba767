"""The panel on simulated regions whose own effects are known."""

import pandas as pd
import pytest

from mmm_bayes.calibration import recover

pytestmark = pytest.mark.slow

MARKETS = [("panel", 11)]


@pytest.fixture(scope="module")
def recovered() -> pd.DataFrame:
    rows = pd.concat(list(recover("panel", MARKETS)))
    return rows.assign(held=(rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"]))


def test_intervals_of_single_regions_hold_the_truth(recovered: pd.DataFrame) -> None:
    """40 totals and 24 indirect effects: 0.75 of them is two to three standard errors below 0.9."""
    own = recovered[recovered["unit"] != "all"]
    for estimand, number in (("total", 40), ("direct", 40), ("indirect", 24)):
        cases = own[(own["estimand"] == estimand) & (own["sd"] > 0)]
        assert len(cases) == number
        assert cases["held"].mean() >= 0.75


def test_and_so_do_those_of_all_regions_together(recovered: pd.DataFrame) -> None:
    together = recovered[(recovered["unit"] == "all") & (recovered["sd"] > 0)]
    assert len(together) == 5 + 5 + 3
    assert together["held"].mean() >= 0.75


def test_regions_are_told_apart_where_they_differ(recovered: pd.DataFrame) -> None:
    """Within a channel, a region whose true return is larger is found to be larger."""
    own = recovered[(recovered["unit"] != "all") & (recovered["estimand"] == "direct")]
    agree = [
        group["mean"].corr(group["truth"], method="spearman")
        for _, group in own.groupby(["seed", "channel"])
    ]
    assert pd.Series(agree).median() > 0.6


def test_sampling_is_clean(recovered: pd.DataFrame) -> None:
    assert recovered.groupby("seed")["divergences"].first().max() <= 10  # of 2,000 draws
