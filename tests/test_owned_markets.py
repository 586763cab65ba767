"""Owned channels and interactions on markets with a known truth, and calibrated.

The markets' parameters come from ranges that no prior knows of; the calibration's from the priors.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from builds import OWNED, dataset

from mmm_bayes.calibration.pit import summary, verdict
from mmm_bayes.calibration.sbc import ranks
from mmm_bayes.counterfactual import world
from mmm_bayes.dataset import load
from mmm_bayes.design import design
from mmm_bayes.estimands import interaction_effects, interaction_table, summed_effects, table
from mmm_bayes.family import folder, member
from mmm_bayes.sampling import Settings, compile_model, follow, sample
from mmm_bayes.simulate import save, simulate

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=400, tune=400, chains=2)
MARKETS = 4


@dataclass(frozen=True)
class Found:
    """Of some markets: rows with lower, upper and value, the truth."""

    interactions: pd.DataFrame
    emails: pd.DataFrame


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    compiled, interactions, emails = None, [], []
    for seed in range(MARKETS):
        market = simulate("owned", seed=seed)
        _, toml, _ = save(market, tmp_path_factory.mktemp("market") / "market.csv")
        arranged = design(load(toml))
        compiled = compiled or compile_model(member("partial_mediation"), arranged)
        tree = sample(compiled, arranged, replace(SETTINGS, seed=seed + 1))
        draws = follow(compiled, arranged, tree["posterior"].to_dataset())
        fitted = world(compiled.model, arranged, draws)
        keys = ["interaction", "of", "at", "level", "quantity"]
        truth = pd.DataFrame(market.truth["interactions"]).drop(columns="at_value")
        known = interaction_table(interaction_effects(fitted)).rename(columns={"value": "at_value"})
        interactions.append(known.merge(_with_differences(truth), on=keys).assign(seed=seed))
        rows = table(summed_effects(fitted))
        effects = pd.DataFrame(market.truth["effects"])
        merged = rows.merge(effects, on=["unit", "channel", "estimand"])
        emails.append(merged[merged["channel"].eq("email") & merged["estimand"].eq("total")])
    return Found(pd.concat(interactions), pd.concat(emails))


def _with_differences(truth: pd.DataFrame) -> pd.DataFrame:
    """The truth of the last level less the first, as another row of each effect."""
    rows = []
    for _, pair in truth.groupby(["interaction", "of"], sort=False):
        first, last = pair.iloc[0], pair.iloc[1]
        level = f"{last['level']} less {first['level']}"
        rows.append(last.to_dict() | {"level": level, "value": last["value"] - first["value"]})
    return pd.concat([truth, pd.DataFrame(rows)])


def covered(rows: pd.DataFrame) -> pd.Series:
    return (rows["lower"] <= rows["value"]) & (rows["value"] <= rows["upper"])


def test_intervals_hold_the_truth_of_the_interactions(found: Found) -> None:
    """Nine a market; correlated within one, so that a market counts by its mean."""
    assert len(found.interactions) == 9 * MARKETS
    by_market = covered(found.interactions).groupby(found.interactions["seed"]).mean()
    assert by_market.mean() >= 0.75


def test_intervals_hold_the_truth_of_the_owned_channels_contribution(found: Found) -> None:
    """Of four 90% intervals at least three: fewer happen by chance once in twenty times."""
    assert len(found.emails) == MARKETS
    assert covered(found.emails).sum() >= MARKETS - 1


def test_that_a_promotion_helps_emails_and_a_high_price_hurts_it_is_seen(found: Found) -> None:
    """The intervals are narrow enough to say so, in most of the markets."""
    rows = found.interactions
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
    reference = design(dataset(folder, priors=PRIORS | priors, **OWNED))
    compiled = compile_model(member(model), reference)
    settings = Settings(draws=300, tune=300, chains=2)
    made = ranks("partial_mediation", compiled, reference, simulations, settings=settings)
    return summary(pd.concat(list(made)))


def test_intervals_of_the_right_model_are_calibrated(tmp_path: Path) -> None:
    table = calibrated(tmp_path, "partial_mediation", 30)
    passed, says = verdict(table)
    assert passed, says
    assert {
        "total[tv]",
        "interaction[tv_at_promotion, tv]",
        "interaction[promotion_at_price, promotion]",
        "interaction[promotion_at_price, price]",
        "interaction[social_at_price, social]",
        "modulation_effect[social_by_season: season_sin_1]",
    } <= set(table["quantity"])
    assert 0.85 < table["coverage_90"].mean() < 0.95


def test_an_interaction_the_wrong_way_round_is_caught(tmp_path: Path) -> None:
    source = (folder() / "partial_mediation.py").read_text(encoding="utf-8")
    right = "saturated_media(design) * terms.modulation(design)"
    assert right in source
    path = tmp_path / "planted.py"
    path.write_text(source.replace(right, right.replace("*", "/")), encoding="utf-8")
    table = calibrated(tmp_path, str(path), 15, **SIGNED)
    assert not verdict(table)[0]
    outside = set(table.loc[~table["inside_band"], "quantity"])
    assert "interaction[tv_at_promotion, tv]" in outside
