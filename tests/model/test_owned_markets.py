"""Owned channels and interactions: recovery of a known truth, and calibration.

The markets' parameters come from ranges that no prior knows of; the calibration's from the priors.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from builds import OWNED, dataset

from mmm_bayes.data import load
from mmm_bayes.data.design import make_design
from mmm_bayes.estimands import (
    estimand_table,
    interaction_effects,
    interaction_table,
    summed_effects,
)
from mmm_bayes.inference.sampling import Settings, compile_model, compute_deterministics, sample
from mmm_bayes.model.counterfactual import abduct
from mmm_bayes.model.family import load_member, models_folder
from mmm_bayes.studies.calibration.pit import calibration_verdict, summarise_ranks
from mmm_bayes.studies.calibration.sbc import ranks
from mmm_bayes.studies.simulate import save, simulate

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=400, tune=400, chains=2)
MARKETS = 4


@dataclass(frozen=True)
class Results:
    """Rows of all markets with lower, upper and the true value."""

    interactions: pd.DataFrame
    emails: pd.DataFrame


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    compiled, interactions, emails = None, [], []
    for seed in range(MARKETS):
        market = simulate("owned", seed=seed)
        _, toml, _ = save(market, tmp_path_factory.mktemp("market") / "market.csv")
        arranged = make_design(load(toml))
        compiled = compiled or compile_model(load_member("partial_mediation"), arranged)
        tree = sample(compiled, arranged, replace(SETTINGS, seed=seed + 1))
        draws = compute_deterministics(compiled, arranged, tree["posterior"].to_dataset())
        fitted = abduct(compiled.model, arranged, draws)
        keys = ["interaction", "of", "at", "level", "quantity"]
        truth = pd.DataFrame(market.truth["interactions"]).drop(columns="at_value")
        estimates = interaction_table(interaction_effects(fitted)).rename(
            columns={"value": "at_value"}
        )
        interactions.append(estimates.merge(_with_differences(truth), on=keys).assign(seed=seed))
        rows = estimand_table(summed_effects(fitted))
        effects = pd.DataFrame(market.truth["effects"])
        merged = rows.merge(effects, on=["unit", "channel", "estimand"])
        emails.append(merged[merged["channel"].eq("email") & merged["estimand"].eq("total")])
    return Results(pd.concat(interactions), pd.concat(emails))


def _with_differences(truth: pd.DataFrame) -> pd.DataFrame:
    """The true values, with those of differences between the last and the first level appended."""
    rows = []
    for _, pair in truth.groupby(["interaction", "of"], sort=False):
        first, last = pair.iloc[0], pair.iloc[1]
        level = f"{last['level']} less {first['level']}"
        rows.append(last.to_dict() | {"level": level, "value": last["value"] - first["value"]})
    return pd.concat([truth, pd.DataFrame(rows)])


def covered(rows: pd.DataFrame) -> pd.Series:
    return (rows["lower"] <= rows["value"]) & (rows["value"] <= rows["upper"])


def test_intervals_hold_the_truth_of_the_interactions(results: Results) -> None:
    """Nine per market; they are correlated within a market, so each market counts by its mean."""
    assert len(results.interactions) == 9 * MARKETS
    by_market = covered(results.interactions).groupby(results.interactions["seed"]).mean()
    assert by_market.mean() >= 0.75


def test_intervals_hold_the_truth_of_the_owned_channels_contribution(results: Results) -> None:
    """Of four 90% intervals at least three: fewer happen by chance once in twenty times."""
    assert len(results.emails) == MARKETS
    assert covered(results.emails).sum() >= MARKETS - 1


def test_signs_of_interactions_are_identified(results: Results) -> None:
    """The intervals are narrow enough to say so, in most of the markets."""
    rows = results.interactions
    emails = rows[rows["level"].eq("on less off") & rows["of"].eq("email")]
    prices = rows[rows["level"].eq("high less low")]
    assert (emails["lower"] > 0).sum() >= MARKETS - 1
    assert (prices["upper"] < 0).sum() >= MARKETS - 1


#: Little noise, so that a short table tells a right model from a wrong one.
PRIORS = {
    name: {"dist": "HalfNormal", "sigma": 0.02} for name in ("sigma", "mediator_sigma")
} | {
    name: {"dist": "Normal", "mu": mean, "sigma": 0.05}
    for name, mean in (
        ("covariate_effect", 0.0), ("mediator_covariate_effect", 0.0), ("mediator_intercept", 1.0),
    )
}  # fmt: skip
#: Interactions of a known sign, so that a model with the opposite one is contradicted.
SIGNED = {"modulation_effect": {"dist": "Normal", "mu": 0.6, "sigma": 0.1}}


def calibrated(folder: Path, model: str, simulations: int, **priors: object) -> pd.DataFrame:
    """Ranks on the small table with an owned channel and every kind of interaction."""
    reference = make_design(dataset(folder, priors=PRIORS | priors, **OWNED))
    compiled = compile_model(load_member(model), reference)
    settings = Settings(draws=300, tune=300, chains=2)
    rank_tables = ranks("partial_mediation", compiled, reference, simulations, settings=settings)
    return summarise_ranks(pd.concat(list(rank_tables)))


def test_an_interaction_of_the_wrong_sign_is_detected(tmp_path: Path) -> None:
    source = (models_folder() / "partial_mediation.py").read_text(encoding="utf-8")
    right = "saturated_media(design) * terms.modulation(design)"
    assert right in source
    path = tmp_path / "planted.py"
    path.write_text(source.replace(right, right.replace("*", "/")), encoding="utf-8")
    table = calibrated(tmp_path, str(path), 15, **SIGNED)
    assert not calibration_verdict(table)[0]
    outside = set(table.loc[~table["inside_band"], "quantity"])
    assert "interaction[tv_at_promotion, tv]" in outside
