"""A described lift test goes from its table to the report, and a saved run knows it again."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from truth import truthful_experiments

from mmm_bayes import runs
from mmm_bayes.dataset import load
from mmm_bayes.fitting import fit, prepare
from mmm_bayes.refitting import refit
from mmm_bayes.report import render
from mmm_bayes.sampling import Settings
from mmm_bayes.simulate import save, simulate

pytestmark = pytest.mark.slow

#: The last one lies in the weeks that the holdout's fit has not seen.
TESTS = [("tv", 40, 43, -0.6), ("facebook", 90, 95, 0.5)]


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market, folder = simulate("mediated", weeks=104, seed=2), tmp_path_factory.mktemp("market")
    _, toml, _ = save(market, folder / "market.csv")
    truthful_experiments(market, TESTS, 0.2).to_csv(folder / "lift_tests.csv", index=False)
    with toml.open("a") as description:
        description.write('\n[experiments]\nfile = "lift_tests.csv"\n')
    return toml


@pytest.fixture(scope="module")
def run(toml: Path) -> Path:
    settings = Settings(draws=200, tune=300, chains=2)
    folder = fit(prepare("partial_mediation", toml, toml.parent / "run", settings), lambda _: None)
    render(folder)
    return folder


def test_every_group_names_the_tests(run: Path, toml: Path) -> None:
    draws = runs.load(run).draws
    tests = load(toml).experiments
    for group, name in (
        ("posterior", "lift_mean"),
        ("posterior_predictive", "lift"),
        ("log_likelihood", "lift"),
        ("observed_data", "lift"),
        ("constant_data", "spend_change"),
    ):
        found = draws[group][name]
        assert list(found["experiment"].values) == list(tests["experiment"].values)
        assert np.isfinite(found).all()
    np.testing.assert_allclose(draws["observed_data"]["lift"], tests["lift"])


def test_the_report_and_the_checks_tell_of_them(run: Path, toml: Path) -> None:
    checks = json.loads((run / "diagnostics.json").read_text())["checks"]
    own = [check for check in checks if check["group"] == "experiments"]
    assert [check["name"] for check in own] == ["lift_1", "lift_2"]
    page = (run / "report.html").read_text()
    assert '<section id="experiments"' in page
    weeks = pd.read_csv(toml.parent / "market.csv")["week"]
    assert f"tv {weeks[40]} to {weeks[43]}" in page


def test_a_saved_run_is_refitted_with_its_tests(run: Path, toml: Path) -> None:
    again, first = refit(runs.load(run)).design, load(toml)
    assert set(again.dataset.experiments) == set(first.experiments)
    for name, values in first.experiments.items():
        np.testing.assert_array_equal(again.dataset.experiments[name], values)
    assert "lift_lags" in again.arrays
