"""Windows of markets whose truth is known: effects, what is said to have changed, and forecasts.

The true effect of a window is computed in loops from the written truth (`tests/truth.py`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from truth import true_lift

from mmm_bayes.rolling import tables
from mmm_bayes.rolling.job import plan_for
from mmm_bayes.rolling.work import work
from mmm_bayes.sampling import Settings
from mmm_bayes.simulate import Market, save, simulate
from mmm_bayes.splits import Split

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
    """Four markets in which nothing changes, five windows of two years each; one compile."""
    folder = tmp_path_factory.mktemp("markets")
    return [roll(simulate("mediated", seed=seed), folder / f"{seed}.csv") for seed in SEEDS]


def roll(market: Market, csv: Path) -> Rolled:
    _, toml, _ = save(market, csv)
    plan = plan_for("partial_mediation", toml, SETTINGS, window=WINDOW, step=STEP, horizon=HORIZON)
    windows = [work(plan, None, at) for at in range(len(plan.splits))]
    return Rolled(market, plan.splits, windows)


def true_total(market: Market, channel: str, weeks: slice) -> float:
    """What a channel did in some weeks: what its never having run up to their end takes away."""
    up_to = [
        true_lift(market, channel, 0, last, -1.0) if last >= 0 else 0.0
        for last in (weeks.start - 1, weeks.stop - 1)
    ]
    return up_to[0] - up_to[1]


def test_each_window_s_intervals_hold_its_own_truth(rolled: list[Rolled]) -> None:
    held, level = [], []
    for one in rolled:
        for split, window in zip(one.splits, one.windows, strict=True):
            summary = window["total_summary"].isel(unit=0)
            for channel in window["channel"].values:
                lower, upper = summary.sel(channel=channel, statistic=["lower", "upper"]).values
                truth = true_total(one.market, channel, split.train)
                held.append(lower <= truth <= upper)
                level.append(truth / one.market.table["revenue"][split.train].sum())
    assert len(held) == 4 * 5 * 5
    assert min(level) > 0.003  # an effect that there is, and not all of revenue
    assert max(level) < 0.5
    assert np.mean(held) >= 0.85


def test_what_is_said_to_have_changed_is_what_did(rolled: list[Rolled]) -> None:
    """Spends differ between windows, and contributions with them, though no effect changes."""
    held, volatile, not_less = [], [], []
    for one in rolled:
        table = tables.stability(one.windows, one.splits, seed=1)
        table = table.query("estimand == 'contribution' and not near_zero").set_index("channel")
        for channel, told in table.iterrows():
            truth = np.array([true_total(one.market, str(channel), w.train) for w in one.splits])
            change = (truth[-1] - truth[0]) / truth.mean()
            held.append(told["change_lower"] <= change <= told["change_upper"])
            volatile.append(told["p_volatile"] > 0.9)
            not_less.append(told["cv_lower"] <= truth.std(ddof=1) / truth.mean())
    assert len(held) >= 15  # of 20; of the others the windows can't tell that there is an effect
    assert np.mean(held) >= 0.8
    assert np.mean(not_less) >= 0.8
    assert sum(volatile) <= 1


def test_forecasts_hold_what_came(rolled: list[Rolled]) -> None:
    weeks = [tables.forecast(one.windows, 7) for one in rolled]
    assert all(len(one) == 4 * HORIZON for one in weeks)  # nothing comes after the last window
    every = pd.concat(weeks)
    inside = (every["lower"] <= every["observed"]) & (every["observed"] <= every["upper"])
    assert 0.8 <= inside.mean() <= 0.98
    for one in rolled:
        scores = tables.forecast_scores(one.windows).set_index("horizon")
        assert scores.loc["all", "r2"] > 0.5
