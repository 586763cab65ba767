"""A rolling job may be killed at any moment, and is never mixed with another."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builds import description, table, write

from mmm_bayes.errors import InputError
from mmm_bayes.rolling import job
from mmm_bayes.rolling.files import FORECAST, RECORD, ROLLING, SCORES, STABILITY, SUBSETS, WINDOWS
from mmm_bayes.sampling import Settings

sys.path.insert(0, str(Path(__file__).parent))
from fakes import fake_window

TABLES = (ROLLING, STABILITY, FORECAST, SCORES)
OPTIONS: dict[str, Any] = {"window": 26, "step": 1, "horizon": 2}

#: A process that does the real job with windows that take a while and no fit.
SCRIPT = """
import sys, time
from pathlib import Path
sys.path[:0] = [{tests!r}, {here!r}]
from fakes import fake_window
from mmm_bayes.rolling import job
def slow(plan, cores, piece):
    time.sleep(0.4)
    return fake_window(plan, piece) if isinstance(piece, int) else job.pd.DataFrame({{"a": [1]}})
job.work = slow
plan = job.plan_for("direct", Path({data!r}), **{options!r})
job.roll(plan, Path({folder!r}), say=lambda _: None)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "data", table(), description())


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Windows without any fit; the pieces that were asked for."""
    done: list[Any] = []

    def work(plan: Any, cores: int | None, piece: int | str) -> Any:
        done.append(piece)
        if isinstance(piece, str):
            return pd.DataFrame({"a": [1]})
        return fake_window(plan, piece)

    monkeypatch.setattr(job, "work", work)
    return done


def run(folder: Path, data: Path, **changes: Any) -> Path:
    plan = job.plan_for("direct", data, **(OPTIONS | changes))
    return job.roll(plan, folder, say=lambda _: None)


def test_killed_and_taken_up_again_it_ends_as_if_never_killed(
    tmp_path: Path, data: Path, fits: list[Any]
) -> None:
    whole, folder = run(tmp_path / "whole", data), tmp_path / "killed"
    everything = list(fits)
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
    there = sorted(int(path.stem) for path in (folder / WINDOWS).glob("[0-9]*.nc"))
    assert 2 <= len(there) < 5
    assert not (folder / ROLLING).exists()

    fits.clear()
    run(folder, data)
    assert fits == [piece for piece in everything if piece not in there]  # nothing is fitted twice
    for name in TABLES:
        assert (folder / name).read_bytes() == (whole / name).read_bytes()


def test_a_finished_job_is_not_fitted_again(tmp_path: Path, data: Path, fits: list[Any]) -> None:
    run(tmp_path / "a", data)
    fits.clear()
    run(tmp_path / "a", data)
    assert fits == []


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"step": 2}, "holds a rolling job with another windows"),
        ({"settings": Settings(seed=7)}, "with another settings"),
    ],
)
def test_another_job_is_not_continued(
    tmp_path: Path, data: Path, fits: list[Any], changes: dict[str, Any], says: str
) -> None:
    run(tmp_path / "a", data)
    before = {path: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=says):
        run(tmp_path / "a", data, **changes)
    assert before == {path: path.read_bytes() for path in before}


def test_a_folder_of_something_else_is_left_alone(
    tmp_path: Path, data: Path, fits: list[Any]
) -> None:
    with pytest.raises(InputError, match="not a rolling job"):
        run(data.parent, data)
    assert fits == []


def test_a_window_that_cannot_be_fitted_is_named_before_anything_is(tmp_path: Path) -> None:
    frame = table()
    frame.loc[2:, "promotion"] = 0
    frame.loc[:1, "promotion"] = [0, 1]
    data = write(tmp_path / "data", frame, description())
    with pytest.raises(InputError, match=r"the window from 2023-01-16 to .*'promotion'.*constant"):
        run(tmp_path / "a", data)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("option", ["draws", "tune", "chains"])
def test_too_short_fits_are_refused(data: Path, option: str) -> None:
    with pytest.raises(InputError, match=f"--{option} 1 is too few"):
        job.plan_for("direct", data, Settings(**{option: 1}), **OPTIONS)


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
        came = sales[row["date"]].sum() if row["unit"] == "all" else sales[row["date"], row["unit"]]
        assert row["observed"] == pytest.approx(came, rel=1e-4)
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
