"""The real tables: a two-stage forest that learned its weeks by heart, and a settled panel."""

import numpy as np
import pandas as pd
import pytest
import tomli_w
from places import REAL

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score

from mmm_bayes.baselines.job import run_baselines
from mmm_bayes.report.baselines import render_baselines

TABLES = REAL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TABLES.is_dir(), reason=f"the real tables are not at {TABLES}"),
]


def silent(_: str) -> None:
    return None


def test_the_two_stage_forest_fits_its_weeks_and_fails_on_the_others(tmp_path):
    """Published: R² 0.51 on the training weeks, -0.55 on the last 21."""
    source = TABLES / "weekly_mediation.csv"
    causes = ["facebook", "tiktok", "snapchat"]
    description = {
        "file": str(source),
        "date": "week",
        "outcome": "revenue",
        "channels": {name: {"spend": f"{name}_spend"} for name in ["google", *causes]},
        "mediators": {"google": {"causes": causes}},
        "calendar": {"fourier": 0, "trend": "none"},
        "model": {"max_lag": 1},
    }
    toml = tmp_path / "weekly.toml"
    toml.write_text(tomli_w.dumps(description))
    # One choice: the usual one, a forest of depth 5.
    folder = run_baselines(
        toml, tmp_path / "out", models=["two_stage_random_forest"], trials=1, bootstrap=20,
        say=silent,
    )  # fmt: skip
    holdout = pd.read_csv(folder / "baselines.csv").query("split == 'holdout'")
    value = holdout.set_index("metric")["value"]

    frame = pd.read_csv(source)
    X, y = frame[[f"{name}_spend" for name in causes]].to_numpy(), frame["google_spend"].to_numpy()
    train, test = slice(0, 83), slice(83, 104)
    forest_r2 = np.array(
        [
            [r2_score(y[part], forest.predict(X[part])) for part in (train, test)]
            for seed in range(10)
            for forest in [RandomForestRegressor(50, max_depth=5, random_state=seed)]
            if forest.fit(X[train], y[train])
        ]
    )
    low, high = forest_r2.min(0) - 0.03, forest_r2.max(0) + 0.03
    assert low[0] <= value["mediator_r2_train"] <= high[0]
    assert low[1] <= value["mediator_r2"] <= high[1]
    assert value["mediator_r2_train"] == pytest.approx(0.51, abs=0.08)
    assert value["mediator_r2"] == pytest.approx(-0.55, abs=0.2)
    page = render_baselines(folder).read_text()
    assert "The first stage, from facebook, tiktok and snapchat to google, fails in 1 of 1" in page


def test_the_settled_panel(tmp_path):
    channels = ("google", "email", "facebook", "affiliate")
    description = {
        "file": str(TABLES / "division_weekly.csv"),
        "date": "calendar_week",
        "outcome": "sales",
        "unit": "division",
        "duplicates": "sum",
        "channels": {
            name: {"spend": f"spend_{name}", "exposure": f"{name}_impressions"} for name in channels
        },
        "mediators": {"google": {"causes": ["facebook"]}},
    }
    toml = tmp_path / "division.toml"
    toml.write_text(tomli_w.dumps(description))
    folder = run_baselines(
        toml, tmp_path / "out", models=["ridge", "two_stage_ols", "lightgbm"], trials=1,
        bootstrap=20, say=silent,
    )  # fmt: skip
    totals = pd.read_csv(folder / "contributions.csv").query("estimand == 'total'")
    wide = totals.pivot(index=["model", "channel"], columns="unit", values="value")
    assert wide.shape == (3 * (4 + 1), 27)  # four channels, and all media together
    np.testing.assert_allclose(wide.drop(columns="all").sum(axis=1), wide["all"], rtol=1e-3)
    assert pd.read_csv(folder / "summary.csv")["r2_holdout"].notna().all()
    assert "226" in render_baselines(folder).read_text()
