"""A rolling job can be killed at any moment, and is never mixed with another."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from builds import description, table, write

from mmm_bayes.errors import InputError
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.studies.rolling import job, tables
from mmm_bayes.studies.rolling.files import (
    FORECAST,
    RECORD,
    ROLLING,
    SCORES,
    STABILITY,
    SUBSETS,
    WINDOWS,
)
from mmm_bayes.studies.rolling.windows import KEPT_CHECKS, QUANTITIES

sys.path.insert(0, str(Path(__file__).parent))
from fakes import fake_window

TABLES = (ROLLING, STABILITY, FORECAST, SCORES)
OPTIONS: dict[str, Any] = {"window": 26, "step": 1, "horizon": 2}

#: A process that runs the real job with slow windows and no fit.
SCRIPT = """
import sys, time
from pathlib import Path
sys.path[:0] = [{tests!r}, {here!r}]
from fakes import fake_window
from mmm_bayes.studies.rolling import job
def slow(plan, cores, piece):
    time.sleep(0.4)
    return fake_window(plan, piece) if isinstance(piece, int) else job.pd.DataFrame({{"a": [1]}})
job.run_piece = slow
plan = job.plan_rolling("no_mediation", Path({data!r}), **{options!r})
job.roll(plan, Path({folder!r}), say=lambda _: None)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "data", table(), description())


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replace the fits by fakes; the list of the pieces that were computed."""
    pieces: list[Any] = []

    def run_piece(plan: Any, cores: int | None, piece: int | str) -> Any:
        pieces.append(piece)
        if isinstance(piece, str):
            return pd.DataFrame({"a": [1]})
        return fake_window(plan, piece)

    monkeypatch.setattr(job, "run_piece", run_piece)
    return pieces


def run(folder: Path, data: Path, **changes: Any) -> Path:
    plan = job.plan_rolling("no_mediation", data, **(OPTIONS | changes))
    return job.roll(plan, folder, say=lambda _: None)


def test_a_killed_job_resumes_and_ends_as_if_never_killed(
    tmp_path: Path, data: Path, fits: list[Any]
) -> None:
    whole, folder = run(tmp_path / "whole", data), tmp_path / "killed"
    all_pieces = list(fits)
    here = Path(__file__).parent
    script = SCRIPT.format(
        tests=str(here.parent), here=str(here), data=str(data), folder=str(folder), options=OPTIONS
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 120
    while len(list((folder / WINDOWS).glob("[0-9]*.nc"))) < 2 and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    saved = sorted(int(path.stem) for path in (folder / WINDOWS).glob("[0-9]*.nc"))
    assert 2 <= len(saved) < 5
    assert not (folder / ROLLING).exists()

    fits.clear()
    run(folder, data)
    assert fits == [piece for piece in all_pieces if piece not in saved]  # nothing is fitted twice
    for name in TABLES:
        assert (folder / name).read_bytes() == (whole / name).read_bytes()


def test_a_finished_job_is_not_fitted_again(tmp_path: Path, data: Path, fits: list[Any]) -> None:
    run(tmp_path / "a", data)
    fits.clear()
    run(tmp_path / "a", data)
    assert fits == []


@pytest.mark.parametrize("damage", ["truncated", "empty", "padded", "another file"])
def test_a_window_that_is_not_whole_is_fitted_again(
    tmp_path: Path, data: Path, fits: list[Any], damage: str
) -> None:
    folder = run(tmp_path / "a", data)
    path = folder / WINDOWS / "0002.nc"
    tables = {name: (folder / name).read_bytes() for name in TABLES}
    window = xr.load_dataset(path, engine="h5netcdf")
    if damage == "padded":  # as a stopped sampler filled up its draws
        window["total"][40:] = np.nan
        path.write_bytes(bytes(window.to_netcdf(engine="h5netcdf")))
    elif damage == "another file":
        path.write_bytes(bytes(window[["total"]].to_netcdf(engine="h5netcdf")))
    else:
        path.write_bytes(path.read_bytes()[: 1000 if damage == "truncated" else 0])
    fits.clear()
    said: list[str] = []
    plan = job.plan_rolling("no_mediation", data, **OPTIONS)
    job.roll(plan, folder, say=said.append)
    assert fits == [2]
    assert said[0] == "continuing: 4 of 5 windows are done; 1 that are not whole are fitted again"
    assert {name: (folder / name).read_bytes() for name in TABLES} == tables


def test_a_stopped_job_says_what_it_keeps(
    tmp_path: Path, data: Path, fits: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(plan: Any, cores: int | None, piece: int) -> Any:
        if piece == 2:
            raise KeyboardInterrupt
        return fake_window(plan, piece)

    whole = job.run_piece
    monkeypatch.setattr(job, "run_piece", stopped)
    with pytest.raises(KeyboardInterrupt, match=r"2 finished windows are kept in .*/a; the same"):
        run(tmp_path / "a", data)
    monkeypatch.setattr(job, "run_piece", whole)
    run(tmp_path / "a", data)
    assert fits == [2, 3, 4, "whole"]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"step": 2}, "holds a rolling job with different windows"),
        ({"settings": Settings(seed=7)}, "with different settings"),
    ],
)
def test_another_job_is_not_continued(
    tmp_path: Path, data: Path, fits: list[Any], changes: dict[str, Any], message: str
) -> None:
    run(tmp_path / "a", data)
    before = {path: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=message):
        run(tmp_path / "a", data, **changes)
    assert before == {path: path.read_bytes() for path in before}


def test_a_folder_of_something_else_is_left_alone(
    tmp_path: Path, data: Path, fits: list[Any]
) -> None:
    with pytest.raises(InputError, match="not a rolling job"):
        run(data.parent, data)
    assert fits == []


def test_a_window_goes_on_without_a_dummy_that_is_constant_in_it(
    tmp_path: Path, fits: list[Any]
) -> None:
    frame = table()
    frame.loc[2:, "promotion"] = 0
    frame.loc[:1, "promotion"] = [0, 1]
    plan = job.plan_rolling("no_mediation", write(tmp_path, frame, description()), **OPTIONS)
    lines: list[str] = []
    folder = job.roll(plan, tmp_path / "a", say=lines.append)
    assert len(plan.splits) == 5
    # The dummy is 1 in the second week: the first two windows have it.
    ends = "2023-07-10, 2023-07-17, 2023-07-24"
    assert lines[0].startswith(f"promotion is constant in 3 of 5 windows, those to {ends}")
    notes = json.loads((folder / RECORD).read_text())["notes"]
    assert notes[-1].startswith("Promotion is constant in 3 of 5 windows")
    assert any("never off" in note for note in notes)  # what `check` finds


def test_a_window_without_any_change_of_the_outcome_is_left_out(
    tmp_path: Path, fits: list[Any]
) -> None:
    frame = table()
    frame.loc[:26, "sales"] = 500.0
    plan = job.plan_rolling("no_mediation", write(tmp_path, frame, description()), **OPTIONS)
    assert [split.train.stop for split in plan.splits] == [28, 29, 30]
    assert "the window to 2023-06-26 is left out" in plan.notes[0]
    assert "'sales' never changes from 2023-01-02 to 2023-06-26" in plan.notes[0]
    frame.loc[:28, "sales"] = 500.0
    with pytest.raises(InputError, match="fewer than two windows can be fitted: the window to"):
        job.plan_rolling("no_mediation", write(tmp_path, frame, description()), **OPTIONS)


def test_windows_without_the_channel_are_not_compared(tmp_path: Path, data: Path) -> None:
    plan = job.plan_rolling("no_mediation", data, **OPTIONS)
    windows = [fake_window(plan, piece) for piece in range(5)]
    alone = tables.stability_table(windows[2:], plan.splits[2:], seed=1)
    for window in windows[:2]:
        for name in QUANTITIES:
            window[f"{name}_summary"].loc[{"channel": "tv"}] = (
                np.nan if name in ("roas", "retention", "half_saturation") else 0.0
            )
    stability = tables.stability_table(windows, plan.splits, seed=1)
    keys = ["unit", "channel", "estimand"]
    tv = stability[stability["channel"] == "tv"].set_index(keys)
    expected = alone[alone["channel"] == "tv"].set_index(keys)
    pd.testing.assert_frame_equal(tv, expected)
    assert set(tv["windows"]) == {3}
    assert set(stability[stability["channel"] != "tv"]["windows"]) == {5}


@pytest.mark.parametrize("option", ["draws", "tune", "chains"])
def test_too_short_fits_are_refused(data: Path, option: str) -> None:
    with pytest.raises(InputError, match=f"--{option} 1 is too few"):
        job.plan_rolling("no_mediation", data, Settings(**{option: 1}), **OPTIONS)


def test_tables_and_record(tmp_path: Path, fits: list[Any]) -> None:
    data = write(tmp_path / "data", table(units=2), description(units=2))
    folder = run(tmp_path / "a", data)
    rolling = pd.read_csv(folder / ROLLING)
    assert rolling.columns.tolist() == [
        "window_start", "window_end", "unit", "channel", "estimand",
        "mean", "median", "sd", "lower", "upper",
    ]  # fmt: skip
    assert set(rolling["unit"]) == {"r0", "r1", "all"}
    assert {"indirect", "contribution", "roas"} <= set(rolling["estimand"])
    assert rolling["window_start"].nunique() == 5
    stability = pd.read_csv(folder / STABILITY)
    assert stability.columns.tolist()[:7] == [
        "unit", "channel", "estimand", "cv", "cv_lower", "cv_upper", "class",
    ]  # fmt: skip
    assert (stability["cv_lower"] < stability["cv_upper"]).all()
    forecast = pd.read_csv(folder / FORECAST)
    assert {"window_start", "horizon", "date", "unit", "mean", "lower", "upper", "observed"} <= set(
        forecast.columns
    )
    sales = table(units=2).set_index(["week", "region"])["sales"]
    for _, row in forecast.iterrows():
        observed = (
            sales[row["date"]].sum() if row["unit"] == "all" else sales[row["date"], row["unit"]]
        )
        assert row["observed"] == pytest.approx(observed, rel=1e-4)
    last = sorted(table()["week"])[-1]
    assert forecast["date"].max() == last
    record = json.loads((folder / RECORD).read_text())
    assert record["verdict"] == "pass"
    assert len(record["fits"]) == 5
    assert (folder / SUBSETS).exists()
    scores = pd.read_csv(folder / SCORES)
    assert set(scores["horizon"]) == {"1", "2", "all"}
    assert scores[scores["unit"] == "r0"].set_index("horizon")["values"].to_dict() == {
        "1": 4, "2": 3, "all": 7,
    }  # fmt: skip


def test_the_first_reason_of_the_worst_window_is_the_jobs() -> None:
    def window(start: str, verdict: str, *reasons: str) -> xr.Dataset:
        attrs = {"window_start": start, "window_end": "2024-01-01", "sampling_seconds": 0.1}
        found = {
            "verdict": verdict,
            "reasons": " ".join(reasons),
            "first_reason": next(iter(reasons), ""),
        }
        return xr.Dataset(attrs=attrs | found | dict.fromkeys(KEPT_CHECKS, 1.0))

    good, weak = window("2023-01-02", "pass"), window("2023-01-09", "warn", "Few draws.")
    bad = window("2023-01-16", "fail", "The chains disagree.", "Few draws.")
    record = job._fit_records([good, weak, bad])
    assert (record["verdict"], record["reason"]) == (
        "fail",
        "The window from 2023-01-16 to 2024-01-01: The chains disagree.",
    )
    assert record["fits"][2]["message"] == "The chains disagree. Few draws."
    assert job._fit_records([good])["reason"] is None
    del bad.attrs["first_reason"]  # as earlier versions kept it
    assert job._fit_records([bad])["reason"].endswith("The chains disagree. Few draws.")
