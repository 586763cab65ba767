"""A trend that bends where the market's does, and stays straight where it does not."""

from pathlib import Path

import numpy as np
import pytest

from mmm_bayes.dataset import load
from mmm_bayes.design import design
from mmm_bayes.family import member
from mmm_bayes.sampling import Settings, compile_model, sample
from mmm_bayes.simulate import save, simulate
from mmm_bayes.simulate.market import MEAN_REVENUE

WEEKS, BEND = 104, -0.8  # of the slope, in mean revenues per span, in the middle of the table


@pytest.mark.slow
def test_a_bend_is_found_and_none_is_made_up(tmp_path: Path) -> None:
    market = simulate("direct_only", weeks=WEEKS, seed=4)
    found = []
    compiled = None
    for name, bend in (("straight", 0.0), ("bent", BEND)):
        csv, toml, _ = save(market, tmp_path / f"{name}.csv")
        elapsed = np.arange(WEEKS) / (WEEKS - 1)
        rise = bend * np.maximum(0.0, elapsed - 0.5) * MEAN_REVENUE
        table = market.table.assign(revenue=(market.table["revenue"] + rise).round(2))
        table.to_csv(csv, index=False)
        told = toml.read_text(encoding="utf-8")
        assert '"linear"' in told
        toml.write_text(told.replace('"linear"', '"changepoints"'), encoding="utf-8")
        arranged = design(load(toml))
        compiled = compiled or compile_model(member("direct"), arranged)
        tree = sample(compiled, arranged, Settings(draws=300, tune=400, chains=4))
        change = tree["posterior"].to_dataset()["trend_change"]
        change = change * arranged.scaling.outcome[0] / MEAN_REVENUE
        middle = change.where(np.abs(change["changepoint"] - 0.5) < 0.25, 0.0).sum("changepoint")
        found.append(middle.quantile([0.05, 0.95]).values)
    straight, bent = found
    assert straight[0] < 0 < straight[1]
    assert bent[0] < BEND < bent[1] < -0.3
