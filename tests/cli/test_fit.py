"""The command line end to end: run folders, reports, and refusals that write nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.inference import runs
from mmm_bayes.report import render
from mmm_bayes.studies.simulate import save, simulate

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
    diagnostics = json.loads((folder / "diagnostics.json").read_text())
    *_, last = done.stderr.splitlines()
    assert last.startswith(f"verdict {diagnostics['verdict']}: ")
    assert last.endswith(" ".join(diagnostics["reasons"][:1]) or "found no problem")
    return folder


@pytest.mark.slow
class TestFit:
    def test_folder_has_the_documented_files(self, run: Path) -> None:
        assert {path.name for path in run.iterdir()} == CONTRACT_FILES
        assert set(runs.load(run).draws.children) >= GROUPS

    def test_estimands_are_tidy_and_consistent(self, run: Path) -> None:
        table = pd.read_csv(run / "estimands.csv")
        assert list(table.columns) == [
            "unit", "channel", "estimand", "mean", "median", "sd", "lower", "upper",
        ]  # fmt: skip
        mean = table.pivot(index="channel", columns="estimand", values="mean")
        together, mean = mean.loc["all_media"], mean.drop("all_media")
        np.testing.assert_allclose(mean["direct"] + mean["indirect"], mean["total"])
        assert (mean.loc[["google", "tv"], "indirect"] == 0).all()
        data = pd.read_csv(run.parent / "market.csv")
        spend = pd.Series({name: data[f"{name}_spend"].sum() for name in mean.index})
        np.testing.assert_allclose(mean["roas"], mean["total"] / spend)
        np.testing.assert_allclose(mean["contribution_share"], mean["total"] / data.revenue.sum())
        # Without media nothing is left of what google's spend brings, whoever caused that.
        assert together["total"] == pytest.approx(mean["direct"].sum())
        assert together["roas"] == pytest.approx(together["total"] / spend.sum())
        assert together["contribution_share"] == pytest.approx(
            together["total"] / data.revenue.sum()
        )
        assert together[["direct", "indirect", "mroas"]].isna().all()

    def test_record_has_the_provenance(self, run: Path) -> None:
        record = json.loads((run / "run.json").read_text())
        assert record["seed"] == 1
        assert len(record["data_sha256"]) == 64
        assert record["versions"]["pymc"]
        assert record["priors"]["adstock_alpha"] == {"dist": "Beta", "alpha": 2.0, "beta": 2.0}
        assert record["description"]["outcome"] == "revenue"

    def test_verdict_is_one_of_three(self, run: Path) -> None:
        diagnostics = json.loads((run / "diagnostics.json").read_text())
        assert diagnostics["verdict"] in {"pass", "warn", "fail"}
        convergence = [c for c in diagnostics["checks"] if c["group"] == "convergence"]
        assert {c["name"] for c in convergence} >= {"rhat", "ess_bulk", "ess_tail", "divergences"}

    def test_draws_have_the_dims_of_their_nodes(self, run: Path) -> None:
        posterior = runs.load(run).draws["posterior"]
        assert posterior["outcome_location"].dims == ("chain", "draw", "time", "unit")
        assert posterior["mediator_location"].dims == ("chain", "draw", "time", "unit")
        for node in ("adstock_alpha", "saturation_kappa", "saturation_slope", "beta"):
            assert posterior[node].dims == ("chain", "draw", "channel")
        assert posterior["gamma"].dims == ("chain", "draw", "cause")
        assert posterior["media_share"].dims == ("chain", "draw")
        np.testing.assert_allclose(posterior["beta"].sum("channel"), posterior["media_share"])
        assert float(posterior["adstock_alpha"].min()) > 0
        assert float(posterior["adstock_alpha"].max()) < 1

    def test_holdout_is_the_last_fifth_of_the_weeks(self, run: Path, market: Path) -> None:
        tree = runs.load(run).draws
        weeks = xr.open_datatree(run / "posterior.nc", engine="h5netcdf")["observed_data"]
        assert tree["predictions"].sizes["time"] == round(0.2 * weeks.sizes["time"])

    def test_report_is_rendered_again_without_the_model_or_the_table(self, run: Path) -> None:
        before = (run / "report.html").stat().st_mtime_ns
        assert render(run).stat().st_mtime_ns >= before

    def test_a_taken_folder_is_refused_and_kept(self, run: Path, market: Path) -> None:
        before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
        done = mmm_bayes("fit", "no_mediation", market, "--out", run)
        assert done.returncode == 2
        assert "already exists" in done.stderr
        assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("fit", "no_such_model", "MARKET"), "no_such_model"),
        (
            ("fit", "no_mediation", "MARKET", "--link", "probit"),
            "'--link': 'probit' is not one of 'identity', 'log'",
        ),
        (
            ("fit", "no_mediation", "MARKET", "--likelihood", "poisson"),
            "'--likelihood': 'poisson' is not one of 'normal', 'student_t', 'lognormal'",
        ),
        (
            ("fit", "no_mediation", "MARKET", "--at-floor", "clipped"),
            "'--at-floor': 'clipped' is not one of 'hurdle', 'censored'",
        ),
        (("fit", "no_mediation", "MARKET", "--draws", "1"), "--draws 1 is too few"),
        (("fit", "no_mediation", "MARKET", "--seed", "99999999999999999999"), "'--seed'"),
        (("fit", "no_mediation", "MARKET", "--out", "/proc/1/run"), "/proc/1/run can't be written"),
        (("fit", "no_mediation", "missing.toml"), "missing.toml"),
        (("report", "nowhere"), "not a finished run"),
        (("simulate", "x.csv", "--scenario", "sunny"), "--scenario 'sunny' is unknown"),
        (("simulate", "x.xlsx"), "end its name in .csv"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    arguments: tuple[str, ...], message: str, market: Path, tmp_path: Path
) -> None:
    done = mmm_bayes(
        *(str(market) if word == "MARKET" else word for word in arguments), cwd=tmp_path
    )
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_stopped_fit_says_so_and_writes_nothing(market: Path, tmp_path: Path) -> None:
    """Ctrl-C while the sampler runs, and again with the draws on the disk."""
    for options in ([], ["--stream", "draws"]):
        long = ["--draws", "500000", "--chains", "2", "--out", "run"]
        with subprocess.Popen(
            [str(COMMAND), "fit", "no_mediation", str(market), *long, *options],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        ) as process:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line)
                if line.startswith("sampling"):
                    time.sleep(3)
                    process.send_signal(signal.SIGINT)
        assert process.returncode == 1
        assert lines[-1].startswith("mmm-bayes: stopped; ")
        assert ("the draws so far are in draws" in lines[-1]) == bool(options)
        assert not any("Traceback" in line for line in lines)
        left = {path.name for path in tmp_path.iterdir()}
        assert left == ({"draws"} if options else set())


def test_damaged_runs_are_the_same_sentence_in_every_command(
    mediated_run: Path, market: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(mediated_run, damaged)
    content = (damaged / "posterior.nc").read_bytes()
    (damaged / "posterior.nc").write_bytes(content[: len(content) // 2])
    for command in (
        ("report", damaged),
        ("compare", mediated_run, damaged),
        ("forecast", damaged, "--spends", market.with_suffix(".csv")),
        ("optimize", damaged),
        ("sensitivity", damaged),
        ("refresh", damaged, market),
    ):
        done = mmm_bayes(*command, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert "damaged/posterior.nc can't be read: it is damaged" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["damaged"]


def test_simulate_writes_three_files(tmp_path: Path) -> None:
    done = mmm_bayes("simulate", tmp_path / "t.csv", "--weeks", 60, "--seed", 5)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"t.csv", "t.toml", "t.truth.json"}


@pytest.mark.slow
def test_sensitivity_adds_to_the_run_and_leaves_the_rest(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmm_bayes.inference.sampling import Settings
    from mmm_bayes.sensitivity import job

    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    short, refit = Settings(draws=200, tune=300, chains=2), job.fit_under_confounding
    monkeypatch.setattr(
        job,
        "fit_under_confounding",
        lambda c, d, kept: refit(c, d, (0.0, 0.5), short, kept=kept),
    )
    lines: list[str] = []
    job.analyse_sensitivity(folder, say=lines.append)
    rows = pd.read_csv(folder / "confounding.csv")
    assert rows["rho"].unique().tolist() == [0.0, 0.5]
    assert set(rows["estimand"]) == {"total", "direct", "indirect"}
    before = json.loads((run / "diagnostics.json").read_text())
    after = json.loads((folder / "diagnostics.json").read_text())
    tips = after.pop("confounding")
    assert after == before
    assert {tip["channel"] for tip in tips} == {"facebook", "instagram", "tiktok"}
    assert all(tip["message"] in lines for tip in tips)
    page = render(folder).read_text(encoding="utf-8")
    assert 'id="confounding"' in page
    assert all(tip["message"] in page for tip in tips)
