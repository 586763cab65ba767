"""The page of a plan: its files as sentences, tables and figures."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from mmm_bayes.report import render
from mmm_bayes.report.run import read


@pytest.fixture
def planned(mediated_run, tmp_path):
    folder = shutil.copytree(mediated_run, tmp_path / "run")
    run = read(folder)
    paid = [name for name in run.channels if run.has_spend(name)]
    plan = pd.DataFrame({"unit": "all", "channel": paid, "spend_now": 1000.0, "spend_plan": 1000.0})
    plan.loc[0, "spend_plan"], plan.loc[1, "spend_plan"] = 500.0, 1500.0
    plan.to_csv(folder / "plan.csv", index=False)
    record = {
        "budget": 1000.0 * len(paid),
        "horizon": 26,
        "objective": "cvar",
        "level": 0.1,
        "mediator": "planner",
        "gain": {"mean": 1234.0, "median": 1200.0, "lower": -400.0, "upper": 2900.0},
        "p_gain": 0.87,
        "extrapolation": 1.2,
        "beyond": [paid[1]],
        "moves": [],
        "other": None,
        "flags": [{"channel": paid[0], "flag": "wide", "message": f"{paid[0]}: it is odd."}],
        "pictures": [[paid[0], paid[1]]],
    }
    (folder / "plan.json").write_text(json.dumps(record), encoding="utf-8")
    pd.DataFrame(
        [(0.05, paid[0], paid[1], 100.0, 99.0, -50.0, 250.0, 0.8)],
        columns=["share", "from", "to", "mean", "median", "lower", "upper", "p_gain"],
    ).to_csv(folder / "moves.csv", index=False)
    pd.DataFrame(
        [
            (0.0, 1300.0, -500.0, 0.9),
            (1.0, 1200.0, -300.0, 0.9),
            (np.nan, 1234.0, -310.0, 0.87),
            (np.nan, 0, 0, 0),
        ],
        columns=["caution", "mean", "cvar", "p_gain"],
    ).to_csv(folder / "frontier.csv", index=False)
    pd.DataFrame(
        [
            (paid[0], 800.0, 0.4, "on/off", "off", 2, 7.0, 0.81),
            (paid[0], 800.0, 0.4, "on/off", "half", 2, np.nan, 0.6),
        ],
        columns=["channel", "value", "share", "design", "cut", "washout", "weeks", "power"],
    ).to_csv(folder / "next_experiments.csv", index=False)
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 2000, 6), np.linspace(0, 2000, 6)))
    names = {"across": paid[0], "along": paid[1]}
    grid = pd.DataFrame({"x": x, "y": y, "mean": x + 2 * y - 3000}).assign(**names)
    grid.to_csv(folder / "tradeoff.csv", index=False)
    weeks = np.random.default_rng(0).uniform(500, 1500, (20, 2))
    pd.DataFrame(weeks, columns=["x", "y"]).assign(**names).to_csv(
        folder / "tradeoff_weeks.csv", index=False
    )
    return folder, paid


def test_the_plan_has_a_page(planned):
    folder, paid = planned
    page = render(folder).read_text("utf-8")
    for message in (
        "What to spend",
        "the mean gain of the worst 10% of cases is highest",
        "The probability of a gain is 87%, if the model is right.",
        "compared with the last 26 weeks as they were",
        f"{paid[1]} would be sustained above what was ever observed (up to 1.2 times as high)",
        f"Moving 5% of the budget from {paid[0]} to {paid[1]}",
        f"{paid[0]}: it is odd.",
        "more than 52",
        "power 60% at 52",
    ):
        assert message in page
    for name in ("plan", "frontier", "tradeoff"):
        assert (folder / "figures" / f"{name}.png").exists()


def test_a_run_without_a_plan_has_no_such_page(mediated_run):
    page = render(mediated_run).read_text("utf-8")
    assert "What to spend" not in page


def test_a_plan_alone_is_enough(planned):
    folder, _ = planned
    for name in ("moves", "frontier", "next_experiments", "tradeoff", "tradeoff_weeks"):
        (folder / f"{name}.csv").unlink()
    page = render(folder).read_text("utf-8")
    assert "What to spend" in page
    assert "Which experiment next" not in page
