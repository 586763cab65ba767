"""The panel model on simulated regions with known effects."""

import pandas as pd
import pytest

from mmm_bayes.studies.calibration import recover
from mmm_bayes.studies.simulate import simulate

pytestmark = pytest.mark.slow

SEED = 11


@pytest.fixture(scope="module")
def recovered() -> pd.DataFrame:
    rows = pd.concat(list(recover("panel", [simulate("panel", seed=SEED)])))
    return rows.assign(held=(rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"]))


def test_intervals_of_single_regions_hold_the_truth(recovered: pd.DataFrame) -> None:
    """40 totals and 24 indirect effects: 0.75 of them is two to three standard errors below 0.9."""
    regions = recovered[(recovered["unit"] != "all") & (recovered["channel"] != "all_media")]
    for estimand, number in (("total", 40), ("direct", 40), ("indirect", 24)):
        cases = regions[(regions["estimand"] == estimand) & (regions["sd"] > 0)]
        assert len(cases) == number
        assert cases["held"].mean() >= 0.75


def test_intervals_of_all_regions_combined_hold_the_truth(recovered: pd.DataFrame) -> None:
    total = recovered[(recovered["unit"] == "all") & (recovered["sd"] > 0)]
    assert len(total) == 5 + 5 + 3 + 1  # and all media together
    assert total["held"].mean() >= 0.75


def test_regions_are_ranked_by_their_true_returns(recovered: pd.DataFrame) -> None:
    """Estimates rank the regions of a channel by their true returns."""
    regions = recovered[(recovered["unit"] != "all") & (recovered["estimand"] == "direct")]
    agree = [
        group["mean"].corr(group["truth"], method="spearman")
        for _, group in regions.groupby(["seed", "channel"])
    ]
    assert pd.Series(agree).median() > 0.6


def test_sampling_is_clean(recovered: pd.DataFrame) -> None:
    assert recovered.groupby("seed")["divergences"].first().max() <= 10  # of 2,000 draws
