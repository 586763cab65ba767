"""Coverage of the intervals on markets whose parameters are independent of the priors.

The fits are some of those of ``scripts/recovery.py``; its saved table is the reference for the
widths of the intervals from version to version.
"""

import pandas as pd
import pytest
from places import RESULTS

from mmm_bayes.studies.calibration import recover, summarise_recovery
from mmm_bayes.studies.calibration.recovery import wilson_interval
from mmm_bayes.studies.simulate import simulate

SAVED = RESULTS / "recovery" / "summary.csv"
MARKETS = {"mediated": 12, "unmediated": 6}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recovered() -> pd.DataFrame:
    markets = [
        simulate(scenario, seed=seed)
        for scenario, count in MARKETS.items()
        for seed in range(count)
    ]
    return pd.concat(list(recover("partial_mediation", markets)))


def row(table: pd.DataFrame, scenario: str, estimand: str, channel: str = "all") -> pd.Series:
    return table.set_index(["scenario", "estimand", "channel"]).loc[(scenario, estimand, channel)]


def test_intervals_cover_the_joint_effect(recovered: pd.DataFrame) -> None:
    joint = row(summarise_recovery(recovered), "mediated", "total", "all_media")
    assert joint["cases"] == 12
    assert joint["coverage_90"] >= 9 / 12  # 8 or fewer of 12: 1 in 250 if the intervals are right


@pytest.mark.parametrize("estimand", ["total", "direct", "indirect"])
def test_intervals_cover_the_truth(recovered: pd.DataFrame, estimand: str) -> None:
    assert row(summarise_recovery(recovered), "mediated", estimand)["coverage_90"] >= 0.85


def test_no_mediation_is_an_answer(recovered: pd.DataFrame) -> None:
    assert row(summarise_recovery(recovered), "unmediated", "indirect")["contains_zero"] >= 0.90


def test_always_on_mediator_is_not_biased_by_the_prior_of_its_effect() -> None:
    # The median of 12 relative errors, each with a posterior sd of about 40% of the truth, has a
    # standard error near 0.15; a prototype of the prior was 0.43 too low. Without unseen demand:
    # where there may be one, part of the effect is taken for it, as the saved tables show.
    markets = [simulate("mediated", seed=seed) for seed in range(MARKETS["mediated"])]
    fits = pd.concat(list(recover("partial_mediation", markets, demand="none")))
    assert abs(row(summarise_recovery(fits), "mediated", "total", "google")["relative_error"]) < 0.2


def test_sampling_is_clean(recovered: pd.DataFrame) -> None:
    by_market = recovered.groupby(["scenario", "seed"])["divergences"].first()
    assert (by_market <= 10).all()  # of 2,000 draws
    assert by_market.mean() < 2


@pytest.mark.parametrize("estimand", ["total", "direct", "indirect"])
def test_intervals_are_no_wider_than_in_the_saved_version(
    recovered: pd.DataFrame, estimand: str
) -> None:
    before = row(pd.read_csv(SAVED), "mediated", estimand)["mean_width"]
    assert row(summarise_recovery(recovered), "mediated", estimand)["mean_width"] < 1.1 * before


def test_summary_on_a_table_done_by_hand() -> None:
    rows = pd.DataFrame(
        {
            "scenario": "s",
            "unit": "all",
            "channel": ["a", "a", "b", "all_media"],
            "estimand": "total",
            "sd": 1.0,
            "lower": [0.0, 2.0, -1.0, 1.0],
            "median": [1.0, 3.0, 0.0, 4.0],
            "upper": [2.0, 4.0, 1.0, 9.0],
            "truth": [1.5, 5.0, 0.0, 5.0],
            "outcome": 10.0,
        }
    )
    table = summarise_recovery(rows)
    pooled = row(table, "s", "total")
    assert pooled["cases"] == 3
    assert pooled["coverage_90"] == pytest.approx(2 / 3)
    assert pooled["mean_width"] == pytest.approx(0.2)
    assert pooled["mean_error"] == pytest.approx((-0.05 - 0.2 + 0.0) / 3)
    assert pooled["relative_error"] == pytest.approx((-1 / 3 - 0.4) / 2)
    assert pooled["contains_zero"] == pytest.approx(2 / 3)
    assert row(table, "s", "total", "a")["coverage_90"] == 0.5
    assert row(table, "s", "total", "all_media")["mean_width"] == pytest.approx(0.8)


def test_wilson_interval_against_its_quadratic() -> None:
    low, high = wilson_interval(8, 10)
    for limit in (low, high):  # the score equation (p - edge)^2 = z^2 edge (1 - edge) / n
        assert (0.8 - limit) ** 2 == pytest.approx(1.6448536**2 * limit * (1 - limit) / 10)
