"""The commands rolling, forecast and refresh, with real fits."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builds import WEEKS, description, table, write

COMMAND = Path(sys.executable).with_name("mmm-bayes")
SHORT = ("--draws", 300, "--tune", 300, "--chains", 2)
NEW = 2


def mmm_bayes(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload]
        [str(COMMAND), *map(str, arguments)], capture_output=True, text=True, **options
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("t"), table(), description(mediators=None))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fit to all weeks but the last two."""
    toml = description(mediators=None)
    path = write(tmp_path_factory.mktemp("known"), table().iloc[: WEEKS - NEW], toml)
    done = mmm_bayes("fit", "no_mediation", path, "--out", path.parent / "run", *SHORT)
    assert done.returncode == 0, done.stderr
    return path.parent / "run"


@pytest.mark.slow
def test_rolling_killed_and_continued(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rolled"
    options = ["--window", 26, "--step", 2, "--horizon", 2, "--out", folder, *SHORT]
    command = list(map(str, [COMMAND, "rolling", "no_mediation", data, *options]))
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not (folder / "windows" / "0000.nc").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = (folder / "windows" / "0000.nc").stat().st_mtime_ns
    done = mmm_bayes("rolling", "no_mediation", data, *options)
    assert done.returncode == 0, done.stderr
    assert "continuing: " in done.stderr
    assert done.stdout.strip() == str(folder / "report.html")
    assert (folder / "windows" / "0000.nc").stat().st_mtime_ns == before

    rolling = pd.read_csv(folder / "rolling.csv")
    wide = rolling.pivot(
        index=["window_start", "channel"], columns="estimand", values="mean"
    ).reset_index()
    assert wide["window_start"].nunique() == 3
    np.testing.assert_allclose(wide["contribution"], wide["total"] / 26, rtol=1e-5)
    frame = table()
    for _, row in wide.iterrows():
        start = int(np.flatnonzero(frame["week"] == row["window_start"])[0])
        weeks = frame.iloc[start : start + 26]
        columns = [column for column in frame if column.endswith("_spend")]
        if row["channel"] != "all_media":
            columns = [f"{row['channel']}_spend"]
        spend = weeks[columns].to_numpy().sum()
        assert row["roas"] == pytest.approx(row["total"] / spend, rel=1e-4)
        assert row["contribution_share"] == pytest.approx(
            row["total"] / weeks["sales"].sum(), rel=1e-4
        )
    forecast = pd.read_csv(folder / "forecast.csv")
    assert forecast.groupby("window_start").size().tolist() == [2, 2]
    assert (forecast["lower"] < forecast["upper"]).all()
    record = json.loads((folder / "rolling.json").read_text())
    *_, last = done.stderr.splitlines()
    assert last.startswith(f"verdict {record['verdict']}: ")
    assert record["verdict"] == "pass" or record["reason"] in last
    assert [fit["verdict"] in {"pass", "warn", "fail"} for fit in record["fits"]] == [True] * 3
    page = (folder / "report.html").read_text("utf-8")
    assert "What is stable and what is not" in page
    assert set(pd.read_csv(folder / "subsets.csv")["control"]) == {"price", "promotion"}


@pytest.mark.slow
def test_a_forecast_from_a_run(run: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    ahead = table().iloc[WEEKS - NEW :].drop(columns="sales")
    ahead.assign(tv_spend=1e6).to_csv(plan, index=False)
    done = mmm_bayes("forecast", run, "--spends", plan, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "tv is planned at up to" in done.stderr
    diagnostics = json.loads((run / "diagnostics.json").read_text())
    *_, last = done.stderr.splitlines()
    assert last.startswith(f"verdict {diagnostics['verdict']}: ")
    record = json.loads((tmp_path / "out" / "forecast.json").read_text())
    assert record["verdict"] == diagnostics["verdict"]
    assert record["reason"] == next(iter(diagnostics["reasons"]), None)
    assert any("tv is planned at up to" in warning for warning in record["warnings"])
    rows = pd.read_csv(tmp_path / "out" / "forecast.csv")
    assert rows["date"].tolist() == ahead["week"].tolist()
    assert rows["horizon"].tolist() == [1, 2]
    assert (rows["lower"] < rows["mean"]).all()
    assert rows["observed"].isna().all()
    second_run = mmm_bayes("forecast", run, "--spends", run / "estimands.csv")
    assert second_run.returncode == 2
    assert len(second_run.stderr.strip().splitlines()) == 1
    assert not (run / "forecast.csv").exists()


@pytest.mark.slow
def test_a_refresh_with_newer_weeks(run: Path, data: Path, tmp_path: Path) -> None:
    done = mmm_bayes("refresh", run, data, "--out", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    assert "estimates changed more than" in done.stdout or "changed from" in done.stdout
    changed = pd.read_csv(tmp_path / "new" / "refresh.csv")
    assert set(changed["estimand"]) == {"total", "direct", "retention"}
    before = pd.read_csv(run / "estimands.csv")
    totals = before[before["estimand"] == "total"].set_index("channel")["mean"]
    new_totals = changed[changed["estimand"] == "total"].set_index("channel")["before"]
    np.testing.assert_allclose(new_totals, totals[new_totals.index], rtol=1e-4)
    after = changed[changed["estimand"] == "total"].set_index("channel")["after"]
    assert after["all_media"] == pytest.approx(after.drop("all_media").sum(), rel=1e-4)
    record = json.loads((tmp_path / "new" / "run.json").read_text())
    assert record["tune"] == 200
    second_run = mmm_bayes("refresh", tmp_path / "new", data, "--out", tmp_path / "other")
    assert second_run.returncode == 2
    assert "there is nothing to refresh" in second_run.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("rolling", "no_mediation", "DATA", "--window", "5"), "--window 5 is too small"),
        (("rolling", "nothing", "DATA"), "'nothing' is neither a member"),
        (
            ("rolling", "no_mediation", "DATA", "--window", "26", "--step", "2", "--draws", "9"),
            "too few",
        ),
        (
            (
                "rolling",
                "no_mediation",
                "DATA",
                "--window",
                "26",
                "--step",
                "2",
                "--scheduler",
                "x",
            ),
            "--scheduler 'x' is neither",
        ),
        (("forecast", "nowhere", "--spends", "plan.csv"), "not a finished run"),
        (("refresh", "nowhere", "DATA"), "not a finished run"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    arguments: tuple[str, ...], message: str, data: Path, tmp_path: Path
) -> None:
    words = (str(data) if word == "DATA" else word for word in arguments)
    done = mmm_bayes(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
