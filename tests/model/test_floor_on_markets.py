"""Fits of an outcome with a floor recover the truth, and its ranks are uniform."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builds import dataset, with_floor
from fitted_markets import Fitted, fit_markets

from mmm_bayes.data.design import make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.diagnostics.predictive import predictive_checks
from mmm_bayes.inference.sampling import Settings, compile_model
from mmm_bayes.model.family import load_member
from mmm_bayes.studies.calibration.pit import calibration_verdict, summarise_ranks
from mmm_bayes.studies.calibration.sbc import ranks
from mmm_bayes.studies.simulate import simulate

pytestmark = pytest.mark.slow

MARKETS = 2
SETTINGS = Settings(draws=400, tune=400, chains=2)


@pytest.fixture(scope="module")
def markets() -> list[Fitted]:
    """Fits to markets with a floor."""
    return fit_markets([simulate("floored", seed=seed) for seed in range(MARKETS)], SETTINGS)


def test_intervals_hold_the_truth(markets: list[Fitted]) -> None:
    rows = pd.concat([rows for _, rows in markets])
    covered = (rows["lower"] <= rows["value"]) & (rows["value"] <= rows["upper"])
    assert len(rows) == MARKETS * 14  # total and direct of five channels, indirect of three, joint
    assert covered.mean() >= 0.8
    total = rows[rows["estimand"] == "total"]
    assert (total["lower"] > 0).mean() > 0.5  # and say something


def test_the_fitted_model_passes_predictive_checks(markets: list[Fitted]) -> None:
    for tree, _ in markets:
        checks = predictive_checks(tree)
        assert "fail" not in {check.status for check in checks}
        messages = {(c.group, c.name): c.message for c in checks}
        assert "share of weeks at the floor" in messages["outcome_ppc", "share_near_zero"]


def test_ranks_of_the_truth_are_even_with_a_hurdle(tmp_path: Path) -> None:
    """Ranks under the log link, on tables that the independent process draws."""
    data = with_floor(dataset(tmp_path), 0.0)
    arranged = make_design(data, form_for(data, floor=0.0, link="log"))
    compiled = compile_model(load_member("no_mediation"), arranged)
    settings = Settings(draws=300, tune=300, chains=2)
    rank_table = pd.concat(list(ranks("no_mediation", compiled, arranged, 40, settings=settings)))
    table = summarise_ranks(rank_table)
    passed, message = calibration_verdict(table)
    assert passed, message
    assert 0.85 < table["coverage_90"].mean() < 0.95
    assert "outcome_on_slope" in set(table["quantity"])
    assert np.isfinite(rank_table["pit"]).all()
