"""An outcome with a floor, sampled: known truth is recovered, and ranks of the truth are even."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from builds import at_a_floor, dataset

from mmm_bayes.calibration.pit import summary, verdict
from mmm_bayes.calibration.sbc import ranks
from mmm_bayes.counterfactual import world
from mmm_bayes.design import design, form_for
from mmm_bayes.diagnostics.predictive import predictive_checks
from mmm_bayes.estimands import summed_effects
from mmm_bayes.family import member
from mmm_bayes.sampling import Settings, compile_model, complete, sample
from mmm_bayes.simulate import as_dataset, simulate

pytestmark = pytest.mark.slow

MARKETS = 4
SETTINGS = Settings(draws=400, tune=400, chains=2)


@pytest.fixture(scope="module")
def markets() -> list[tuple[xr.DataTree, pd.DataFrame]]:
    """Draws of a fit to each of some floored markets, and their effects beside the truth."""
    found = []
    compiled = None
    for seed in range(MARKETS):
        market = simulate("floored", seed=seed)
        arranged = design(as_dataset(market))
        compiled = compiled or compile_model(member("partial_mediation"), arranged)
        settings = dataclasses.replace(SETTINGS, seed=seed + 1)
        tree = complete(compiled, arranged, sample(compiled, arranged, settings), seed=seed)
        answers = summed_effects(world(compiled.model, arranged, tree["posterior"].to_dataset()))
        rows = pd.DataFrame(market.truth["effects"])
        ends = answers.isel(unit=-1).quantile([0.05, 0.95], ("chain", "draw"))
        rows[["lower", "upper"]] = [
            ends[row.estimand].sel(channel=row.channel).values for row in rows.itertuples()
        ]
        found.append((tree, rows[rows["value"] != 0]))
    return found


def test_intervals_hold_the_truth(markets: list[tuple[xr.DataTree, pd.DataFrame]]) -> None:
    rows = pd.concat([rows for _, rows in markets])
    held = (rows["lower"] <= rows["value"]) & (rows["value"] <= rows["upper"])
    assert len(rows) == MARKETS * 13  # total and direct of five channels, indirect of three
    assert held.mean() >= 0.8
    total = rows[rows["estimand"] == "total"]
    assert (total["lower"] > 0).mean() > 0.5  # and say something


def test_the_fitted_model_makes_such_tables(
    markets: list[tuple[xr.DataTree, pd.DataFrame]],
) -> None:
    for tree, _ in markets:
        checks = predictive_checks(tree)
        assert "fail" not in {check.status for check in checks}
        said = {(c.group, c.name): c.says for c in checks}
        assert "share of weeks at the floor" in said["outcome_ppc", "share_near_zero"]


@pytest.mark.parametrize(
    "kind",
    [{"floor": 800.0}, {"floor": 0.0, "link": "log"}],
    ids=["additive-censored", "multiplicative-hurdle"],
)
def test_ranks_of_the_truth_are_even(tmp_path: Path, kind: dict[str, Any]) -> None:
    data = at_a_floor(dataset(tmp_path), kind["floor"])
    arranged = design(data, form_for(data, **kind))
    compiled = compile_model(member("direct"), arranged)
    settings = Settings(draws=300, tune=300, chains=2)
    found = pd.concat(list(ranks("direct", compiled, arranged, 40, settings=settings)))
    table = summary(found)
    passed, says = verdict(table)
    assert passed, says
    assert 0.85 < table["coverage_90"].mean() < 0.95
    assert ("outcome_on_slope" in set(table["quantity"])) == ("link" in kind)
    assert np.isfinite(found["pit"]).all()
