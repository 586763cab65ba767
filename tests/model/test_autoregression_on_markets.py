"""Fits with autoregressive disturbances: what remembers is found, and ranks are uniform."""

from pathlib import Path

import pandas as pd
import pytest
from fitted_markets import Fitted, fit_markets

from mmm_bayes.diagnostics import diagnose
from mmm_bayes.inference.fit import prepare, run_fit
from mmm_bayes.inference.runs import load
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.studies.simulate import save, simulate

pytestmark = pytest.mark.slow

MARKETS = 2
SETTINGS = Settings(draws=500, tune=500, chains=4)


@pytest.fixture(scope="module")
def markets() -> list[Fitted]:
    """Fits to markets that remember."""
    remembering = [simulate("remembering", seed=seed) for seed in range(MARKETS)]
    return fit_markets(remembering, SETTINGS, errors="ar1")


def test_intervals_hold_the_truth(markets: list[Fitted]) -> None:
    rows = pd.concat([rows for _, rows in markets])
    covered = (rows["lower"] <= rows["value"]) & (rows["value"] <= rows["upper"])
    assert len(rows) == MARKETS * 14  # total and direct of five channels, indirect of three, joint
    assert covered.mean() >= 0.8


def test_the_memory_of_both_equations_is_found(markets: list[Fitted]) -> None:
    held = []
    for tree, _ in markets:
        posterior = tree["posterior"].to_dataset()
        for name in ("phi", "mediator_phi"):
            lower, upper = posterior[name].quantile([0.05, 0.95])
            held.append(float(lower) <= 0.6 <= float(upper))
            assert lower > 0.1
    assert sum(held) >= 2 * MARKETS - 1


def test_nothing_is_left_in_the_residuals(markets: list[Fitted]) -> None:
    """The checks of the outcome's and the mediator's tables, which independent errors fail."""
    for tree, _ in markets:
        found = {(check.group, check.name): check for check in diagnose(tree, None, None).checks}
        for group in ("outcome_ppc", "mediator_ppc"):
            assert found[group, "autocorrelation"].status == "pass"
        assert found["residuals", "ljung_box"].status == "pass"
        assert "fail" not in {check.status for key, check in found.items() if "ppc" in key[0]}


@pytest.mark.parametrize("scenario, errors", [("remembering", "ar1"), ("mediated", "iid")])
def test_a_fit_takes_the_disturbances_that_the_residuals_ask_for(
    tmp_path: Path, scenario: str, errors: str
) -> None:
    _, toml, _ = save(simulate(scenario, seed=1), tmp_path / "market.csv")
    lines: list[str] = []
    job = prepare("partial_mediation", toml, tmp_path / "run", Settings(draws=300, tune=300))
    run = load(run_fit(job, lines.append))
    assert run.record["form"]["errors"] == errors
    assert ("phi" in run.draws["posterior"]) == (errors == "ar1")
    again = [line for line in lines if "fitting again with disturbances that remember" in line]
    assert len(again) == (errors == "ar1")
    assert all("google (" in line for line in again)
    assert bool(run.record["errors_reason"]) == (errors == "ar1")
    told = [
        reason for reason in run.diagnostics["reasons"] if "in this fit they remember" in reason
    ]
    assert len(told) == (errors == "ar1")


def test_chosen_disturbances_stay(tmp_path: Path) -> None:
    _, toml, _ = save(simulate("remembering", seed=1), tmp_path / "market.csv")
    job = prepare("partial_mediation", toml, tmp_path / "run", SETTINGS, errors="iid")
    assert job.alternative is None
    assert job.form.errors == "iid"
    job = prepare("partial_mediation", toml, tmp_path / "run", SETTINGS)
    assert job.alternative is not None
    assert job.alternative.errors == "ar1"
