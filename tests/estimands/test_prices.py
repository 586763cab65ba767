"""Cost per thousand against divisions written out, and who has one."""

from pathlib import Path

import numpy as np
import pytest
from builds import OWNED, dataset, with_column

from mmm_bayes.design import design
from mmm_bayes.estimands import cost_per_thousand


def test_a_price_that_never_moves_is_left_out(tmp_path: Path) -> None:
    """The small table's views are eleven for each unit of money, rounded."""
    data = dataset(tmp_path)
    exact = data.data["spend"].values * 11
    assert not cost_per_thousand(design(with_column(data, "exposure", exact)))


@pytest.mark.parametrize("units", [1, 2])
def test_cost_is_spend_over_exposure_in_each_week(tmp_path: Path, units: int) -> None:
    data = dataset(tmp_path, units=units, **OWNED)
    views = data.data["exposure"].values * np.linspace(0.5, 2.0, 30)[:, None, None]
    arranged = design(with_column(data, "exposure", np.round(views)), weeks=slice(4, 28))
    found = cost_per_thousand(arranged)["cpm"]
    # Video and search have no exposure of their own, tv costs nothing.
    assert list(found["channel"].values) == ["social"]
    table = arranged.dataset.data.isel(time=slice(4, 28)).sel(channel="social")
    for week in range(24):
        for unit in range(units):
            spend, seen = (float(table[name][week, unit]) for name in ("spend", "exposure"))
            got = float(found.isel(time=week, unit=unit).sel(channel="social"))
            if seen == 0:
                assert np.isnan(got)
            else:
                assert got == pytest.approx(1000 * spend / seen)
        together = [float(table[name][week].sum()) for name in ("spend", "exposure")]
        if units > 1 and together[1] > 0:
            whole = float(found.isel(time=week).sel(unit="all", channel="social"))
            assert whole == pytest.approx(1000 * together[0] / together[1])
    assert found.isnull().any()
    assert list(found["unit"].values) == (["all"] if units == 1 else ["r0", "r1", "all"])
