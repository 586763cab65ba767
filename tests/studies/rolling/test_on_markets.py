"""Windows of markets with known truth: effects, changes between windows, and forecasts.

The true effect of a window is computed in loops from the saved truth (`tests/truth.py`).
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from truth import true_joint_lift, true_lift

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.data.splits import Split
from mmm_bayes.data.step import WEEK
from mmm_bayes.inference.sampling import Settings
from mmm_bayes.studies.rolling import tables
from mmm_bayes.studies.rolling.job import plan_rolling
from mmm_bayes.studies.rolling.piece import run_piece
from mmm_bayes.studies.simulate import Market, save, simulate

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=500, tune=500, chains=2)
WINDOW, STEP, HORIZON = 104, 13, 13
SEEDS = range(50, 54)


@dataclass(frozen=True)
class Rolled:
    market: Market
    splits: tuple[Split, ...]
    windows: list[xr.Dataset]


@pytest.fixture(scope="module")
def rolled(tmp_path_factory: pytest.TempPathFactory) -> list[Rolled]:
    """Four markets with constant effects, five windows of two years each; one compile."""
    folder = tmp_path_factory.mktemp("markets")
    return [roll(simulate("mediated", seed=seed), folder / f"{seed}.csv") for seed in SEEDS]


def roll(market: Market, csv: Path) -> Rolled:
    _, toml, _ = save(market, csv)
    plan = plan_rolling(
        "partial_mediation", toml, SETTINGS, window=WINDOW, step=STEP, horizon=HORIZON
    )
    windows = [run_piece(plan, None, index) for index in range(len(plan.splits))]
    return Rolled(market, plan.splits, windows)


def true_total(market: Market, channel: str, weeks: slice) -> float:
    """True total effect of a channel in some weeks, against never having run until their end."""
    lift = true_joint_lift if channel == ALL_MEDIA else partial(true_lift, channel=channel)
    totals = [
        lift(market, first=0, last=last, share=-1.0) if last >= 0 else 0.0
        for last in (weeks.start - 1, weeks.stop - 1)
    ]
    return totals[0] - totals[1]


def test_intervals_of_each_window_cover_its_own_truth(rolled: list[Rolled]) -> None:
    covered, share = [], []
    for job in rolled:
        for split, window in zip(job.splits, job.windows, strict=True):
            summary = window["total_summary"].isel(unit=0)
            for channel in window["channel"].values:
                lower, upper = summary.sel(channel=channel, statistic=["lower", "upper"]).values
                truth = true_total(job.market, channel, split.train)
                covered.append(lower <= truth <= upper)
                share.append(truth / job.market.table["revenue"][split.train].sum())
    assert len(covered) == 4 * 5 * 6  # five windows; five channels and all together
    assert min(share) > 0.003  # neither zero nor all of revenue
    assert max(share) < 0.6
    assert np.mean(covered) >= 0.85


def test_changes_between_windows_are_the_true_ones(rolled: list[Rolled]) -> None:
    """Spends, and so contributions, vary between windows, although no effect changes."""
    covered, volatile, not_less = [], [], []
    for job in rolled:
        table = tables.stability_table(job.windows, job.splits, seed=1)
        table = table.query("estimand == 'contribution' and not near_zero").set_index("channel")
        for channel, row in table.iterrows():
            truth = np.array([true_total(job.market, str(channel), w.train) for w in job.splits])
            change = (truth[-1] - truth[0]) / truth.mean()
            covered.append(row["change_lower"] <= change <= row["change_upper"])
            volatile.append(row["p_volatile"] > 0.9)
            not_less.append(row["cv_lower"] <= truth.std(ddof=1) / truth.mean())
    assert len(covered) >= 19  # of 24; in the others the effect is near zero
    assert np.mean(covered) >= 0.8
    assert np.mean(not_less) >= 0.8
    assert sum(volatile) <= 1


def test_forecasts_cover_the_observed_outcome(rolled: list[Rolled]) -> None:
    weeks = [tables.forecast_table(job.windows, WEEK) for job in rolled]
    assert all(len(table) == 4 * HORIZON for table in weeks)  # no weeks after the last window
    forecasts = pd.concat(weeks)
    inside = (forecasts["lower"] <= forecasts["observed"]) & (
        forecasts["observed"] <= forecasts["upper"]
    )
    assert 0.8 <= inside.mean() <= 0.98
    for job in rolled:
        scores = tables.score_table(job.windows).set_index("horizon")
        assert scores.loc["all", "r2"] > 0.5
