"""Plans are appended to the fitted weeks, or refused in one sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builds import WEEKS, dataset, description, table, write

from mmm_bayes.data import load
from mmm_bayes.data.continuation import append_plan
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
    fitted = dataset(tmp_path / "t", units=units)
    shuffled = plan(units=units).sample(frac=1, random_state=1)
    continued = append_plan(fitted, written(tmp_path / "p", shuffled))
    data = continued.data
    assert data.sizes["time"] == WEEKS + 4
    assert (np.diff(data["time"].values) == np.timedelta64(7, "D")).all()
    pd.testing.assert_series_equal(
        data["outcome"].isel(time=slice(0, WEEKS)).to_series(), fitted.data["outcome"].to_series()
    )
    assert data["outcome"].isel(time=slice(WEEKS, None)).isnull().all()
    later = data.isel(time=slice(WEEKS, None))
    for unit in range(units):
        unit_data = later.isel(unit=unit)
        assert unit_data["spend"].sel(channel="search").values.tolist() == [0, 10, 20, 30]
        assert (unit_data["spend"].sel(channel="social") == 50 + unit).all()
        assert (unit_data["exposure"].sel(channel="social") == 600).all()
    assert data.attrs == fitted.data.attrs


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m"])
def test_months_continue_in_either_form(tmp_path: Path, form: str) -> None:
    months = pd.date_range("2020-01-31", periods=WEEKS + 4, freq="ME")
    frame = table().assign(week=months[:WEEKS].strftime("%Y-%m-%d"))
    fitted = load(write(tmp_path / "t", frame, description()))
    planned = plan().assign(week=months[WEEKS:].strftime(form))
    continued = append_plan(fitted, written(tmp_path / "p", planned))
    np.testing.assert_array_equal(continued.data["time"], months)


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda f: f.assign(week=f["week"].replace("2023-07-31", LAST)),
            "give only the weeks after",
        ),
        (lambda f: f.assign(week="2023-08"), "'2023-08' in rows 2, 3, 4, 5; the table is weekly"),
        (lambda f: f.iloc[1:], "2023-07-31 is missing"),
        (lambda f: f.drop(index=2), "2023-08-14 is missing"),
        (lambda f: pd.concat([f, f.iloc[[1]]]), "row 6 repeats the date"),
        (lambda f: f.drop(columns="price"), "column 'price' not found"),
        (lambda f: f.assign(tv_spend=-1), "'tv_spend' has a negative value"),
        (lambda f: f.assign(price=[5, 0, 5, 5]), "'price' has a value whose log is not defined"),
        (lambda f: f.assign(video_spend=["", 1, 1, 1]), "'video_spend' has a missing value"),
    ],
)
def test_refusals(tmp_path: Path, change: Any, message: str) -> None:
    path = written(tmp_path / "p", change(plan()))
    with pytest.raises(InputError, match=message) as error:
        append_plan(dataset(tmp_path / "t"), path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda f: f[f["region"] == "r0"], "differs by 'r1'"),
        (lambda f: f.drop(index=1), "some units lack some dates"),
    ],
)
def test_refusals_of_a_panel(tmp_path: Path, change: Any, message: str) -> None:
    path = written(tmp_path / "p", change(plan(units=2)))
    with pytest.raises(InputError, match=message):
        append_plan(dataset(tmp_path / "t", units=2), path)


def test_a_national_plan_is_spent_once(tmp_path: Path) -> None:
    frame = table(units=2)
    frame["tv_spend"] = np.tile(frame["tv_spend"].to_numpy()[:WEEKS], 2)
    toml = description(units=2)
    toml["channels"]["tv"]["national"] = True
    fitted = load(write(tmp_path / "t", frame, toml))
    planned = plan(units=2).assign(tv_spend=80.0)
    data = append_plan(fitted, written(tmp_path / "p", planned)).data.sel(channel="tv")
    assert (data["spend"].values[WEEKS:] == 40.0).all()
    planned.loc[5, "tv_spend"] = 81.0
    with pytest.raises(InputError, match=r"column 'tv_spend' differs between the units"):
        append_plan(fitted, written(tmp_path / "p", planned))
