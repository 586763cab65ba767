"""Posterior-predictive checks on real fits, both ways: right models pass, wrong ones fail by name.

All fits share one compiled model: identity link, normal outcome, normal mediator.
"""

import dataclasses
from pathlib import Path

import pytest

from mmm_bayes.data import load
from mmm_bayes.data.design import make_design
from mmm_bayes.data.form import Form
from mmm_bayes.diagnostics.change import change_checks
from mmm_bayes.diagnostics.check import Check
from mmm_bayes.diagnostics.predictive import predictive_checks
from mmm_bayes.inference.sampling import (
    CompiledModel,
    Settings,
    add_derived_groups,
    compile_model,
    sample,
)
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import load_member
from mmm_bayes.model.media import evaluate_media
from mmm_bayes.studies.simulate import save, simulate

FORM = Form("identity", "normal", "normal", 13)
SETTINGS = Settings(draws=500, tune=500, chains=4)

pytestmark = pytest.mark.slow


class Fits:
    """Fits of simulated markets by one compiled model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.compiled: CompiledModel | None = None

    def checks(self, scenario: str, seed: int) -> dict[tuple[str, str], Check]:
        _, toml, _ = save(simulate(scenario, seed=seed), self.folder / f"{scenario}{seed}.csv")
        arranged = make_design(load(toml), FORM)
        if self.compiled is None:
            self.compiled = compile_model(load_member("partial_mediation"), arranged)
        tree = sample(self.compiled, arranged, dataclasses.replace(SETTINGS, seed=seed + 1))
        draws = add_derived_groups(self.compiled, arranged, tree, seed=seed)
        fitted = abduct(self.compiled.model, arranged, draws["posterior"].to_dataset())
        checks = [*predictive_checks(draws), *change_checks(draws, evaluate_media(fitted))]
        return {(check.group, check.name): check for check in checks}


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Fits:
    return Fits(tmp_path_factory.mktemp("markets"))


def failed(checks: dict[tuple[str, str], Check], group: str) -> set[str]:
    return {name for (of, name), check in checks.items() if of == group and check.status == "fail"}


def test_markets_that_the_model_generated_pass(fits: Fits) -> None:
    # Eight markets, three groups of checks each: at a nominal 1% a second failure has probability
    # 0.02, so one is tolerated.
    groups = ("outcome_ppc", "mediator_ppc", "change")
    fitted = [fits.checks("mediated", seed) for seed in range(200, 208)]
    failures = [group for checks in fitted for group in groups if failed(checks, group)]
    assert len(failures) <= 1


def test_heavy_tails_fail_a_normal_likelihood_by_name(fits: Fits) -> None:
    caught = [failed(fits.checks("heavy_tailed", seed), "outcome_ppc") for seed in range(1, 6)]
    assert sum(bool(names & {"kurtosis", "minimum", "maximum"}) for names in caught) >= 4


def test_multiplicative_data_fail_an_additive_model_by_name(fits: Fits) -> None:
    names = {"heteroscedasticity", "skewness", "minimum", "maximum", "kurtosis"}
    caught = [failed(fits.checks("multiplicative", seed), "outcome_ppc") for seed in range(1, 6)]
    assert sum(bool(failures & names) for failures in caught) >= 4


def test_a_mediator_that_is_often_off_fails_a_normal_one_by_name(fits: Fits) -> None:
    assert "share_near_zero" in failed(fits.checks("zero_spend", 1), "mediator_ppc")


def test_an_effect_that_changes_fails_a_constant_one_by_name(fits: Fits) -> None:
    """None passes; one in eight only warns, since weeks are few (`make misspecification`)."""
    fitted = [fits.checks("changing_effect", seed) for seed in range(1, 6)]
    checks = [by_name["change", "constant_effect"] for by_name in fitted]
    assert all(check.status in ("warn", "fail") for check in checks)
    assert sum(check.status == "fail" for check in checks) >= 4
    for check in checks:
        assert "seems to have fallen over the weeks" in check.message
        assert "time_varying" in check.message
