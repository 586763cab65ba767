"""A trend with changepoints finds a change of slope, and none where there is none."""

from pathlib import Path

import numpy as np
import pytest

from mmm_bayes.data import load
from mmm_bayes.data.design import make_design
from mmm_bayes.inference.sampling import Settings, compile_model, sample
from mmm_bayes.model.family import load_member
from mmm_bayes.studies.simulate import save, simulate
from mmm_bayes.studies.simulate.market import MEAN_REVENUE

WEEKS, BEND = 104, -0.8  # of the slope, in mean revenues per span, in the middle of the table


@pytest.mark.slow
def test_a_change_of_slope_is_found_where_there_is_one(tmp_path: Path) -> None:
    market = simulate("direct_only", weeks=WEEKS, seed=4)
    intervals = []
    compiled = None
    for name, bend in (("straight", 0.0), ("bent", BEND)):
        csv, toml, _ = save(market, tmp_path / f"{name}.csv")
        elapsed = np.arange(WEEKS) / (WEEKS - 1)
        rise = bend * np.maximum(0.0, elapsed - 0.5) * MEAN_REVENUE
        table = market.table.assign(revenue=(market.table["revenue"] + rise).round(2))
        table.to_csv(csv, index=False)
        description = toml.read_text(encoding="utf-8")
        assert '"linear"' in description
        toml.write_text(description.replace('"linear"', '"changepoints"'), encoding="utf-8")
        arranged = make_design(load(toml))
        compiled = compiled or compile_model(load_member("no_mediation"), arranged)
        tree = sample(compiled, arranged, Settings(draws=300, tune=400, chains=4))
        change = tree["posterior"].to_dataset()["trend_change"]
        change = change * arranged.scaling.outcome[0] / MEAN_REVENUE
        middle = change.where(np.abs(change["changepoint"] - 0.5) < 0.25, 0.0).sum("changepoint")
        intervals.append(middle.quantile([0.05, 0.95]).values)
    straight, bent = intervals
    assert straight[0] < 0 < straight[1]
    assert bent[0] < BEND < bent[1] < -0.3
