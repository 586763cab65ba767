"""The two real tables that this library must handle, read from beside the project."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

TABLES = Path(__file__).parents[2] / "shared" / "data"
COMMAND = Path(sys.executable).with_name("mmm-bayes")

WEEKLY = """
file    = "{table}"
date    = "week"
outcome = "revenue"
channels.facebook  = {{ spend = "facebook_spend",  role = "social" }}
channels.google    = {{ spend = "google_spend",    role = "search" }}
channels.tiktok    = {{ spend = "tiktok_spend",    role = "social" }}
channels.instagram = {{ spend = "instagram_spend", role = "social" }}
channels.snapchat  = {{ spend = "snapchat_spend",  role = "social" }}
mediation = {{ mediator = "google", causes = ["facebook", "tiktok", "instagram", "snapchat"] }}
controls.price      = {{ column = "average_price" }}
controls.promotions = {{ column = "promotions" }}
controls.emails     = {{ column = "emails_send",      transform = "log1p" }}
controls.sms        = {{ column = "sms_send",         transform = "log1p" }}
controls.followers  = {{ column = "social_followers", transform = "log1p" }}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TABLES.is_dir(), reason=f"the real tables are not at {TABLES}"),
]


def fit(toml: Path, *options: str) -> Path:
    folder = toml.with_name("-".join(["run", *options]))
    done = subprocess.run(
        [COMMAND, "fit", "partial_mediation", toml, "--out", folder, *options],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    toml = tmp_path_factory.mktemp("weekly") / "weekly.toml"
    toml.write_text(WEEKLY.format(table=TABLES / "weekly_mediation.csv"))
    return toml


@pytest.fixture(scope="module")
def gaussian(weekly: Path) -> Path:
    return fit(weekly)


@pytest.fixture(scope="module")
def log_student_t(weekly: Path) -> Path:
    return fit(weekly, "--link", "log", "--likelihood", "student_t")


def diagnosis(run: Path) -> dict:
    return json.loads((run / "diagnostics.json").read_text())


def status(run: Path, group: str, name: str) -> str:
    checks = diagnosis(run)["checks"]
    return next(c["status"] for c in checks if (c["group"], c["name"]) == (group, name))


def test_gaussian_additive_fit_fails_and_its_report_says_so(gaussian: Path) -> None:
    assert diagnosis(gaussian)["verdict"] == "fail"
    failed = {c["group"] for c in diagnosis(gaussian)["checks"] if c["status"] == "fail"}
    assert "outcome_ppc" in failed
    text = (gaussian / "report.html").read_text().lower()
    assert "must not be used" in text


def test_log_link_is_better_by_loo(gaussian: Path, log_student_t: Path) -> None:
    better, worse = (
        diagnosis(run)["scores"]["in_sample"]["elpd_loo"] for run in (log_student_t, gaussian)
    )
    assert better - worse > 100


def test_log_link_converges(log_student_t: Path) -> None:
    for name in ("rhat", "ess_bulk", "ess_tail", "divergences"):
        assert status(log_student_t, "convergence", name) == "pass"


def test_log_link_finds_instagram_and_the_price(log_student_t: Path) -> None:
    table = pd.read_csv(log_student_t / "estimands.csv").set_index(["channel", "estimand"])
    share = table.loc[("instagram", "contribution_share")]
    assert share["lower"] > 0.9
    import xarray as xr

    tree = xr.open_datatree(log_student_t / "effects.nc", engine="h5netcdf")
    price = tree["controls"]["effect"].sel(control="price")
    lower, upper = price.quantile([0.05, 0.95]).values
    # -0.25 per unit of price in a log regression, one sd of the price being 6.5: about -80%;
    # robust to the floor, the effect is smaller but far from none.
    assert lower > -100
    assert upper < -30


def test_no_evidence_of_mediation(log_student_t: Path) -> None:
    table = pd.read_csv(log_student_t / "estimands.csv").set_index(["channel", "estimand"])
    for cause in ("facebook", "tiktok", "instagram", "snapchat"):
        indirect = table.loc[(cause, "indirect")]
        assert indirect["lower"] < 0 < indirect["upper"]
    text = (log_student_t / "report.html").read_text()
    assert "no evidence of mediation" in text


def test_a_duplicated_division_is_refused(tmp_path: Path) -> None:
    toml = tmp_path / "division.toml"
    toml.write_text(
        f'file = "{TABLES / "division_weekly.csv"}"\n'
        'date = "calendar_week"\noutcome = "sales"\nunit = "division"\n'
        'channels.google = { spend = "spend_google", exposure = "google_impressions" }\n'
    )
    done = subprocess.run(
        [COMMAND, "fit", "direct", toml, "--out", tmp_path / "run"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "'Z'" in done.stderr
    assert "226 rows" in done.stderr
    assert "remove or aggregate" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "choice, says",
    [
        (
            'duplicates = "sum"',
            "aggregated, because duplicates is 'sum': 226 rows that share their unit and date with "
            "another became 113 (outcome, spends and exposures summed, controls averaged).",
        ),
        (
            'units = ["A", "B", "Y"]',
            "left out, because units names the others: 2,712 of 3,051 rows, of units",
        ),
    ],
)
def test_check_says_how_a_duplicated_division_was_settled(
    tmp_path: Path, choice: str, says: str
) -> None:
    toml = tmp_path / "division.toml"
    toml.write_text(
        f'file = "{TABLES / "division_weekly.csv"}"\n{choice}\n'
        'date = "calendar_week"\noutcome = "sales"\nunit = "division"\n'
        'channels.google = { spend = "spend_google", exposure = "google_impressions" }\n'
    )
    done = subprocess.run([COMMAND, "check", toml], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert says in " ".join(done.stdout.split())
    assert "exposure proportional to spend: google" in " ".join(done.stdout.split())
