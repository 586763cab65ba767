"""What a user gets: intervals that hold the truth on markets that no prior knows of.

The fits are those of ``scripts/recovery.py``, fewer of them; its saved table is what widths are
compared with from version to version.
"""

from pathlib import Path

import pandas as pd
import pytest

from mmm_bayes.calibration import recover, summary
from mmm_bayes.calibration.recovery import _wilson

SAVED = Path(__file__).parents[2] / "results" / "recovery" / "summary.csv"
MARKETS = {"mediated": 20, "unmediated": 10}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recovered() -> pd.DataFrame:
    markets = [(kind, seed) for kind, count in MARKETS.items() for seed in range(count)]
    return pd.concat(list(recover("partial_mediation", markets)))


def row(table: pd.DataFrame, scenario: str, estimand: str, channel: str = "all") -> pd.Series:
    return table.set_index(["scenario", "estimand", "channel"]).loc[(scenario, estimand, channel)]


@pytest.mark.parametrize("estimand", ["total", "direct", "indirect"])
def test_intervals_cover_the_truth(recovered: pd.DataFrame, estimand: str) -> None:
    assert row(summary(recovered), "mediated", estimand)["coverage_90"] >= 0.85


def test_no_mediation_is_an_answer(recovered: pd.DataFrame) -> None:
    assert row(summary(recovered), "unmediated", "indirect")["contains_zero"] >= 0.90


def test_always_on_mediator_is_not_biased_by_its_prior(recovered: pd.DataFrame) -> None:
    # The median of 20 relative errors, each with a posterior sd of about 40% of the truth, has a
    # standard error near 0.11; a prototype of the prior was 0.43 too low.
    assert abs(row(summary(recovered), "mediated", "total", "google")["relative_error"]) < 0.2


def test_sampling_is_clean(recovered: pd.DataFrame) -> None:
    by_market = recovered.groupby(["scenario", "seed"])["divergences"].first()
    assert (by_market <= 10).all()  # of 2,000 draws
    assert by_market.mean() < 2


@pytest.mark.parametrize("estimand", ["total", "direct", "indirect"])
def test_intervals_are_no_wider_than_in_the_saved_version(
    recovered: pd.DataFrame, estimand: str
) -> None:
    before = row(pd.read_csv(SAVED), "mediated", estimand)["mean_width"]
    assert row(summary(recovered), "mediated", estimand)["mean_width"] < 1.1 * before


def test_summary_on_a_table_done_by_hand() -> None:
    rows = pd.DataFrame(
        {
            "scenario": "s",
            "unit": "all",
            "channel": ["a", "a", "b"],
            "estimand": "total",
            "sd": 1.0,
            "lower": [0.0, 2.0, -1.0],
            "median": [1.0, 3.0, 0.0],
            "upper": [2.0, 4.0, 1.0],
            "truth": [1.5, 5.0, 0.0],
            "outcome": 10.0,
        }
    )
    table = summary(rows)
    everyone = row(table, "s", "total")
    assert everyone["cases"] == 3
    assert everyone["coverage_90"] == pytest.approx(2 / 3)
    assert everyone["mean_width"] == pytest.approx(0.2)
    assert everyone["mean_error"] == pytest.approx((-0.05 - 0.2 + 0.0) / 3)
    assert everyone["relative_error"] == pytest.approx((-1 / 3 - 0.4) / 2)
    assert everyone["contains_zero"] == pytest.approx(2 / 3)
    assert row(table, "s", "total", "a")["coverage_90"] == 0.5


def test_wilson_interval_against_its_quadratic() -> None:
    low, high = _wilson(8, 10)
    for edge in (low, high):  # the score equation (p - edge)^2 = z^2 edge (1 - edge) / n
        assert (0.8 - edge) ** 2 == pytest.approx(1.6448536**2 * edge * (1 - edge) / 10)
