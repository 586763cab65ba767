"""The status quo of a plan is the last year, whatever the table's step."""

import builds
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.data import load
from mmm_bayes.data.design import make_design
from mmm_bayes.decisions.status_quo import compute_status_quo


@pytest.mark.parametrize("freq, year", [("QS", 4), ("MS", 12), ("28D", 13), ("D", builds.WEEKS)])
def test_the_status_quo_is_the_last_year(tmp_path, freq, year):
    frame = builds.table()
    frame["week"] = pd.date_range("2015-01-01", periods=len(frame), freq=freq).strftime("%Y-%m-%d")
    dataset = load(builds.write(tmp_path, frame, builds.description()))
    channels = len(dataset.channels)
    draws = xr.Dataset({"adstock_alpha": (("chain", "draw", "channel"), [[[0.5] * channels]])})
    status_quo = compute_status_quo(make_design(dataset), draws)
    for index, channel in enumerate(dataset.channels):
        spends = frame[f"{channel}_spend"].to_list()[-year:]
        assert len(status_quo.rate) == year
        assert status_quo.spend[0, index] == pytest.approx(sum(spends) / len(spends))
