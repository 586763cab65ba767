"""Weeks that a fit did not see: why there is no holdout, and what of a plan is an extrapolation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builds import WEEKS, dataset, table

from mmm_bayes.data.continuation import append_plan
from mmm_bayes.data.design import Design, arrange, make_design
from mmm_bayes.errors import InputError
from mmm_bayes.inference.fit import holdout_designs
from mmm_bayes.inference.forecast import _extrapolation_warnings


def test_a_table_too_short_for_a_holdout_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it would leave 24 weeks to fit, and \d+ are needed"):
        holdout_designs(make_design(dataset(tmp_path)))


def planned(folder: Path, **columns: float) -> Design:
    """Four weeks after the small table like its last ones, with some columns changed."""
    fitted = dataset(folder)
    frame = table().tail(4).assign(**columns).drop(columns="sales")
    last = pd.Timestamp(fitted.data["time"].values[-1])
    frame["week"] = pd.date_range(last, periods=5, freq="7D")[1:].strftime("%Y-%m-%d")
    frame.to_csv(folder / "plan.csv", index=False)
    continued = append_plan(fitted, folder / "plan.csv")
    design = make_design(fitted)
    return arrange(continued, design.form, design.scaling, slice(WEEKS, WEEKS + 4))


def test_a_plan_within_what_was_fitted_is_not_warned_of(tmp_path: Path) -> None:
    assert list(_extrapolation_warnings(planned(tmp_path))) == []
    low, high = table()["price"].min(), table()["price"].max()
    near = high + 0.2 * (high - low)
    assert list(_extrapolation_warnings(planned(tmp_path / "near", price=near))) == []


def test_a_channel_and_controls_far_beyond_are_named(tmp_path: Path) -> None:
    most = table()["video_spend"].max()
    ahead = planned(tmp_path, video_spend=3 * most, price=550.0, promotion=-50.0)
    video, price, promotion = _extrapolation_warnings(ahead)
    assert "video is planned at up to 3 times its highest fitted week" in video
    assert "price is planned at 550, but lies between 5.0" in price
    assert "promotion is planned at" in promotion
    assert "50, but lies between 0 and 1 in the fitted weeks" in promotion
    assert np.isfinite(ahead.arrays["covariates"]).all()
