"""Cost per thousand against explicit division, and the channels that have one."""

from pathlib import Path

import numpy as np
import pytest
from builds import OWNED, dataset, with_column

from mmm_bayes.data.design import make_design
from mmm_bayes.estimands import cost_per_thousand


def test_a_constant_price_is_left_out(tmp_path: Path) -> None:
    """The small table has eleven views per unit of money, up to rounding."""
    data = dataset(tmp_path)
    exact = data.data["spend"].values * 11
    assert not cost_per_thousand(make_design(with_column(data, "exposure", exact)))


@pytest.mark.parametrize("units", [1, 2])
def test_cost_is_spend_over_exposure_in_each_week(tmp_path: Path, units: int) -> None:
    data = dataset(tmp_path, units=units, **OWNED)
    views = data.data["exposure"].values * np.linspace(0.5, 2.0, 30)[:, None, None]
    arranged = make_design(with_column(data, "exposure", np.round(views)), weeks=slice(4, 28))
    cpm = cost_per_thousand(arranged)["cpm"]
    # Video and search have no exposure of their own, tv costs nothing.
    assert list(cpm["channel"].values) == ["social"]
    table = arranged.dataset.data.isel(time=slice(4, 28)).sel(channel="social")
    for week in range(24):
        for unit in range(units):
            spend, exposure = (float(table[name][week, unit]) for name in ("spend", "exposure"))
            got = float(cpm.isel(time=week, unit=unit).sel(channel="social"))
            if exposure == 0:
                assert np.isnan(got)
            else:
                assert got == pytest.approx(1000 * spend / exposure)
        totals = [float(table[name][week].sum()) for name in ("spend", "exposure")]
        if units > 1 and totals[1] > 0:
            cpm_of_all = float(cpm.isel(time=week).sel(unit="all", channel="social"))
            assert cpm_of_all == pytest.approx(1000 * totals[0] / totals[1])
    assert cpm.isnull().any()
    assert list(cpm["unit"].values) == (["all"] if units == 1 else ["r0", "r1", "all"])
