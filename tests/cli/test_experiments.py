"""Lift tests from their table to the report, and from a saved run to a refit."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from truth import truthful_experiments

from mmm_bayes.data import load
from mmm_bayes.diagnostics.loo import leave_one_out
from mmm_bayes.inference import runs
from mmm_bayes.inference.fit import prepare, run_fit
from mmm_bayes.inference.refit import prepare_refit
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.report import render
from mmm_bayes.studies.simulate import save, simulate

pytestmark = pytest.mark.slow

#: The last one lies in the weeks that the holdout's fit has not seen.
TESTS = [("tv", 40, 43, -0.6), ("facebook", 90, 95, 0.5)]


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market, folder = simulate("mediated", weeks=104, seed=2), tmp_path_factory.mktemp("market")
    _, toml, _ = save(market, folder / "market.csv")
    tests = truthful_experiments(market, TESTS, 0.2)
    tests.loc[0, "source"] = "these weeks"
    tests.to_csv(folder / "lift_tests.csv", index=False)
    with toml.open("a") as description:
        description.write('\n[experiments]\nfile = "lift_tests.csv"\nthese_weeks = "leave_out"\n')
    return toml


@pytest.fixture(scope="module")
def run(toml: Path) -> Path:
    settings = Settings(draws=200, tune=300, chains=2)
    folder = run_fit(
        prepare("partial_mediation", toml, toml.parent / "run", settings), lambda _: None
    )
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
        values = draws[group][name]
        assert list(values["experiment"].values) == list(tests["experiment"].values)
        assert np.isfinite(values).all()
    np.testing.assert_allclose(draws["observed_data"]["lift"], tests["lift"])


def test_weeks_that_a_test_replaces_are_in_no_likelihood(run: Path) -> None:
    draws = runs.load(run).draws
    absent = (draws["log_likelihood"]["outcome"] == 0).all(("chain", "draw"))
    assert np.flatnonzero(absent).tolist() == [40, 41, 42, 43]
    assert (draws["log_likelihood"]["mediator"] != 0).all()
    loo = leave_one_out(draws)
    assert loo is not None
    assert loo.pareto_k.sizes["time"] == 100


def test_the_report_and_the_checks_include_lift_tests(run: Path, toml: Path) -> None:
    checks = json.loads((run / "diagnostics.json").read_text())["checks"]
    experiment_checks = [check for check in checks if check["group"] == "experiments"]
    assert [check["name"] for check in experiment_checks] == ["lift_1", "lift_2"]
    page = (run / "report.html").read_text()
    assert '<section id="experiments"' in page
    weeks = pd.read_csv(toml.parent / "market.csv")["week"]
    assert f"tv {weeks[40]} to {weeks[43]}" in page


def test_a_saved_run_is_refitted_with_its_tests(run: Path, toml: Path) -> None:
    refitted, first = prepare_refit(runs.load(run)).design, load(toml)
    assert set(refitted.dataset.experiments) == set(first.experiments)
    for name, values in first.experiments.items():
        np.testing.assert_array_equal(refitted.dataset.experiments[name], values)
    assert "lift_lags" in refitted.arrays
