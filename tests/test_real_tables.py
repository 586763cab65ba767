"""The two real tables that this library must handle, read from beside the project."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

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
mediators.google    = {{ causes = ["facebook", "tiktok", "instagram", "snapchat"] }}
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
    # It fails, however long it is; the chains are slow, as no parameters fit these weeks.
    return fit(weekly, "--draws", "200", "--tune", "200", "--chains", "2", "--errors", "iid")


@pytest.fixture(scope="module")
def floored(weekly: Path) -> Path:
    return fit(weekly, "--link", "log", "--likelihood", "student_t", "--floor", "1")


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


def test_log_link_and_floor_are_better_by_loo(gaussian: Path, floored: Path) -> None:
    """On the weeks above the floor, where both have a density."""
    out = floored.with_name("compared")
    done = subprocess.run(
        [COMMAND, "compare", gaussian, floored, "--refits", "0", "--out", out],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((out / "compare.json").read_text())
    assert told["weeks"] == 96
    assert any(note.startswith("8 weeks are at a floor") for note in told["notes"])
    table = pd.read_csv(out / "compare.csv").set_index("run")
    assert table.loc[gaussian.name, "elpd_diff"] < -100


def test_floored_fit_converges_and_makes_such_tables(floored: Path) -> None:
    """Also the mediator, which is off in 59 weeks.

    The largest week has an adjusted p-value near 0.05, on either side by the chance of the draws.
    """
    for name in ("rhat", "ess_bulk", "ess_tail", "divergences"):
        assert status(floored, "convergence", name) == "pass"
    for group in ("outcome_ppc", "mediator_ppc"):
        found = {
            c["name"]: c["status"] for c in diagnosis(floored)["checks"] if c["group"] == group
        }
        assert len(found) == 8
        worst = {name for name, status in found.items() if status != "pass"}
        assert worst <= {"maximum"}, found
        assert "fail" not in found.values()


def test_heavy_tails_were_the_floor(floored: Path) -> None:
    """Without it eight weeks lie so far in the tail that the degrees of freedom fall below 1."""
    draws = xr.open_datatree(floored / "posterior.nc", engine="h5netcdf")
    assert draws["posterior"]["nu"].quantile(0.05) > 2
    at_floor = (draws["posterior_predictive"]["outcome"] == 1).mean()
    assert 0.04 < at_floor < 0.14  # 8 of 104


def test_it_finds_instagram_and_the_price(floored: Path) -> None:
    table = pd.read_csv(floored / "estimands.csv").set_index(["channel", "estimand"])
    share = table.loc[("instagram", "contribution_share")]
    assert share["lower"] > 0.9
    tree = xr.open_datatree(floored / "effects.nc", engine="h5netcdf")
    price = tree["controls"]["effect"].sel(control="price")
    lower, upper = price.quantile([0.05, 0.95]).values
    # -0.25 per unit of price in a log regression, one sd of the price being 6.5: about -80%;
    # robust to the floor, the effect is smaller but far from none.
    assert lower > -100
    assert upper < -30


def test_no_evidence_of_mediation(floored: Path) -> None:
    table = pd.read_csv(floored / "estimands.csv").set_index(["channel", "estimand"])
    for cause in ("facebook", "tiktok", "instagram", "snapchat"):
        indirect = table.loc[(cause, "indirect")]
        assert indirect["lower"] < 0 < indirect["upper"]
    text = (floored / "report.html").read_text()
    assert "no evidence of mediation" in text


def test_a_duplicated_division_is_refused(tmp_path: Path) -> None:
    toml = tmp_path / "division.toml"
    toml.write_text(
        f'file = "{TABLES / "division_weekly.csv"}"\n'
        'date = "calendar_week"\noutcome = "sales"\nunit = "division"\n'
        'channels.google = { spend = "spend_google", exposure = "google_impressions" }\n'
    )
    done = subprocess.run(
        [COMMAND, "fit", "no_mediation", toml, "--out", tmp_path / "run"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "'Z'" in done.stderr
    assert "226 rows" in done.stderr
    assert "remove or aggregate" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "choice, message",
    [
        (
            'duplicates = "sum"',
            "aggregated, because duplicates is 'sum': 226 rows that share their unit and date with "
            "another became 113 (outcome, spends and exposures summed, controls averaged).",
        ),
        (
            'units = ["A", "B", "Y"]',
            "left out, because units does not name them: 2,712 of 3,051 rows, of units",
        ),
    ],
)
def test_check_says_how_a_duplicated_division_was_settled(
    tmp_path: Path, choice: str, message: str
) -> None:
    toml = tmp_path / "division.toml"
    toml.write_text(
        f'file = "{TABLES / "division_weekly.csv"}"\n{choice}\n'
        'date = "calendar_week"\noutcome = "sales"\nunit = "division"\n'
        'channels.google = { spend = "spend_google", exposure = "google_impressions" }\n'
    )
    done = subprocess.run([COMMAND, "check", toml], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert message in " ".join(done.stdout.split())
    assert "exposure proportional to spend: google" in " ".join(done.stdout.split())
