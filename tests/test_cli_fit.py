"""The command line end to end: a table becomes a run folder and a report, and refusals are kept."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes import runs
from mmm_bayes.report import render
from mmm_bayes.simulate import save, simulate

COMMAND = Path(sys.executable).with_name("mmm-bayes")
CONTRACT_FILES = {
    "posterior.nc",
    "effects.nc",
    "estimands.csv",
    "diagnostics.json",
    "run.json",
    "model.py",
    "report.html",
    "figures",
}
GROUPS = {
    "posterior",
    "sample_stats",
    "prior",
    "prior_predictive",
    "posterior_predictive",
    "log_likelihood",
    "observed_data",
    "constant_data",
}


def mmm_bayes(*arguments: object, **kwargs: object) -> subprocess.CompletedProcess[str]:
    command = [str(COMMAND), *map(str, arguments)]
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    return subprocess.run(  # type: ignore[call-overload]
        command, capture_output=True, text=True, env=environment, **kwargs
    )


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    _, toml, _ = save(simulate("mediated", seed=3), tmp_path_factory.mktemp("m") / "market.csv")
    return toml


@pytest.fixture(scope="module")
def run(market: Path) -> Path:
    folder = market.parent / "run"
    done = mmm_bayes(
        "fit", "partial_mediation", market, "--out", folder, "--draws", 500, "--tune", 500
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "report.html")
    return folder


@pytest.mark.slow
class TestFit:
    def test_folder_holds_what_the_contract_says(self, run: Path) -> None:
        assert {path.name for path in run.iterdir()} == CONTRACT_FILES
        assert set(runs.load(run).draws.children) >= GROUPS

    def test_estimands_are_tidy_and_consistent(self, run: Path) -> None:
        table = pd.read_csv(run / "estimands.csv")
        assert list(table.columns) == [
            "unit", "channel", "estimand", "mean", "median", "sd", "lower", "upper",
        ]  # fmt: skip
        mean = table.pivot(index="channel", columns="estimand", values="mean")
        np.testing.assert_allclose(mean["direct"] + mean["indirect"], mean["total"])
        assert (mean.loc[["google", "tv"], "indirect"] == 0).all()
        data = pd.read_csv(run.parent / "market.csv")
        spend = pd.Series({name: data[f"{name}_spend"].sum() for name in mean.index})
        np.testing.assert_allclose(mean["roas"], mean["total"] / spend)
        np.testing.assert_allclose(mean["contribution_share"], mean["total"] / data.revenue.sum())

    def test_record_says_where_it_came_from(self, run: Path) -> None:
        record = json.loads((run / "run.json").read_text())
        assert record["seed"] == 1
        assert len(record["data_sha256"]) == 64
        assert record["versions"]["pymc"]
        assert record["priors"]["adstock_alpha"] == {"dist": "Beta", "alpha": 2.0, "beta": 2.0}
        assert record["description"]["outcome"] == "revenue"

    def test_verdict_is_one_of_three(self, run: Path) -> None:
        found = json.loads((run / "diagnostics.json").read_text())
        assert found["verdict"] in {"pass", "warn", "fail"}
        convergence = [c for c in found["checks"] if c["group"] == "convergence"]
        assert {c["name"] for c in convergence} >= {"rhat", "ess_bulk", "ess_tail", "divergences"}

    def test_draws_are_where_the_nodes_say(self, run: Path) -> None:
        posterior = runs.load(run).draws["posterior"]
        assert posterior["outcome_mean"].dims == ("chain", "draw", "time", "unit")
        assert posterior["mediator_mean"].dims == ("chain", "draw", "time", "unit")
        for node in ("adstock_alpha", "saturation_kappa", "saturation_slope", "beta"):
            assert posterior[node].dims == ("chain", "draw", "channel")
        assert posterior["gamma"].dims == ("chain", "draw", "cause")
        assert float(posterior["adstock_alpha"].min()) > 0
        assert float(posterior["adstock_alpha"].max()) < 1

    def test_holdout_was_not_seen(self, run: Path, market: Path) -> None:
        tree = runs.load(run).draws
        weeks = xr.open_datatree(run / "posterior.nc", engine="h5netcdf")["observed_data"]
        assert tree["predictions"].sizes["time"] == round(0.2 * weeks.sizes["time"])

    def test_report_is_rendered_again_without_the_model_or_the_table(self, run: Path) -> None:
        before = (run / "report.html").stat().st_mtime_ns
        assert render(run).stat().st_mtime_ns >= before

    def test_a_taken_folder_is_refused_and_kept(self, run: Path, market: Path) -> None:
        before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
        done = mmm_bayes("fit", "direct", market, "--out", run)
        assert done.returncode == 2
        assert "already exists" in done.stderr
        assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("fit", "no_such_model", "MARKET"), "no_such_model"),
        (("fit", "direct", "MARKET", "--link", "probit"), "not one of identity, log"),
        (("fit", "direct", "MARKET", "--likelihood", "poisson"), "not one of normal, student_t"),
        (("fit", "direct", "MARKET", "--draws", "1"), "--draws 1 is too few"),
        (("fit", "direct", "missing.toml"), "missing.toml"),
        (("report", "nowhere"), "not a finished run"),
        (("simulate", "x.csv", "--scenario", "sunny"), "--scenario 'sunny' is unknown"),
        (("simulate", "x.xlsx"), "end its name in .csv"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    arguments: tuple[str, ...], says: str, market: Path, tmp_path: Path
) -> None:
    done = mmm_bayes(
        *(str(market) if word == "MARKET" else word for word in arguments), cwd=tmp_path
    )
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_simulate_writes_three_files(tmp_path: Path) -> None:
    done = mmm_bayes("simulate", tmp_path / "t.csv", "--weeks", 60, "--seed", 5)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"t.csv", "t.toml", "t.truth.json"}


@pytest.mark.slow
def test_sensitivity_adds_to_the_run_and_leaves_the_rest(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmm_bayes.sampling import Settings
    from mmm_bayes.sensitivity import job

    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    short, refit = Settings(draws=200, tune=300, chains=2), job.confounding
    monkeypatch.setattr(job, "confounding", lambda c, d: refit(c, d, (0.0, 0.5), short))
    told: list[str] = []
    job.sensitivity(folder, say=told.append)
    rows = pd.read_csv(folder / "confounding.csv")
    assert rows["rho"].unique().tolist() == [0.0, 0.5]
    assert set(rows["estimand"]) == {"total", "direct", "indirect"}
    before = json.loads((run / "diagnostics.json").read_text())
    after = json.loads((folder / "diagnostics.json").read_text())
    tips = after.pop("confounding")
    assert after == before
    assert {tip["channel"] for tip in tips} == {"facebook", "instagram", "tiktok"}
    assert all(tip["says"] in told for tip in tips)
    page = render(folder).read_text(encoding="utf-8")
    assert 'id="confounding"' in page
    assert all(tip["says"] in page for tip in tips)
