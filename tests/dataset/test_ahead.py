"""A plan continues the fitted weeks, or is refused in one sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builds import WEEKS, dataset

from mmm_bayes.dataset.ahead import continued
from mmm_bayes.errors import InputError

LAST = "2023-07-24"


def plan(weeks: int = 4, units: int = 1) -> pd.DataFrame:
    dates = pd.date_range(LAST, periods=weeks + 1, freq="7D")[1:].strftime("%Y-%m-%d")
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "week": dates,
                    "region": f"r{unit}",
                    "social_spend": 50.0 + unit,
                    "social_views": 600,
                    "video_spend": 20.0,
                    "search_spend": np.arange(weeks) * 10.0,
                    "tv_spend": 0.0,
                    "price": 5.5,
                    "promotion": 0,
                }
            )
            for unit in range(units)
        ],
        ignore_index=True,
    )


def written(folder: Path, frame: pd.DataFrame) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "plan.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("units", [1, 2])
def test_weeks_are_appended(tmp_path: Path, units: int) -> None:
    known = dataset(tmp_path / "t", units=units)
    shuffled = plan(units=units).sample(frac=1, random_state=1)
    whole = continued(known, written(tmp_path / "p", shuffled))
    data = whole.data
    assert data.sizes["time"] == WEEKS + 4
    assert (np.diff(data["time"].values) == np.timedelta64(7, "D")).all()
    pd.testing.assert_series_equal(
        data["outcome"].isel(time=slice(0, WEEKS)).to_series(), known.data["outcome"].to_series()
    )
    assert data["outcome"].isel(time=slice(WEEKS, None)).isnull().all()
    later = data.isel(time=slice(WEEKS, None))
    for unit in range(units):
        one = later.isel(unit=unit)
        assert one["spend"].sel(channel="search").values.tolist() == [0, 10, 20, 30]
        assert (one["spend"].sel(channel="social") == 50 + unit).all()
        assert (one["exposure"].sel(channel="social") == 600).all()
    assert data.attrs == known.data.attrs


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda f: f.assign(week=f["week"].replace("2023-07-31", LAST)), "give the weeks after"),
        (lambda f: f.iloc[1:], "2023-07-31 is absent"),
        (lambda f: f.drop(index=2), "2023-08-14 is absent"),
        (lambda f: pd.concat([f, f.iloc[[1]]]), "row 6 repeats the date"),
        (lambda f: f.drop(columns="price"), "column 'price' not found"),
        (lambda f: f.assign(tv_spend=-1), "'tv_spend' has a negative value"),
        (lambda f: f.assign(price=[5, 0, 5, 5]), "'price' has a value its log is not defined at"),
        (lambda f: f.assign(video_spend=["", 1, 1, 1]), "'video_spend' has a missing value"),
    ],
)
def test_refusals(tmp_path: Path, change: Any, says: str) -> None:
    path = written(tmp_path / "p", change(plan()))
    with pytest.raises(InputError, match=says) as refused:
        continued(dataset(tmp_path / "t"), path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda f: f[f["region"] == "r0"], "differs by 'r1'"),
        (lambda f: f.drop(index=1), "some units lack some dates"),
    ],
)
def test_refusals_of_a_panel(tmp_path: Path, change: Any, says: str) -> None:
    path = written(tmp_path / "p", change(plan(units=2)))
    with pytest.raises(InputError, match=says):
        continued(dataset(tmp_path / "t", units=2), path)
