"""Effects against brute force, and against a market that a linear model describes exactly."""

import numpy as np
import pytest
from baselines.markets import CHANNELS, STRAIGHT, dataset, table

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines.effects import (
    MOVES,
    Question,
    block_of,
    change,
    contributions,
    moves,
    reallocation,
    refits,
    remembered,
    resampled,
    totals,
)
from mmm_bayes.baselines.members import KINDS, make
from mmm_bayes.baselines.rows import WEEK, layout_of, rows_of

WEEKS = 80


def fitted(data, model, link="identity"):
    X, y = rows_of(data), data.data["outcome"].values.ravel()
    choice = STRAIGHT | KINDS[model.removeprefix("two_stage_")].usual
    question = Question(data, slice(0, WEEKS), link)
    return make(model, layout_of(data), choice, link=link, seed=1).fit(X, y), X, y, question


def test_a_linear_market_gives_its_effects_back(tmp_path):
    data = dataset(tmp_path, table(noise=0.0))
    model, _, _, question = fitted(data, "ols")
    found = totals(model, question, remembered(question))[:, 0]
    spend = data.data["spend"].sum(("time", "unit")).values
    # Search acts by itself in a one-stage model; social has no path but search.
    np.testing.assert_allclose(found, [0.0, 0.5 * spend[1], 0.4 * spend[2]], rtol=1e-4, atol=1.0)


def test_two_stages_give_social_its_path_through_search(tmp_path):
    data = dataset(tmp_path, table(weeks=400, noise=5.0), calendar={"fourier": 0, "trend": "none"})
    question = Question(data, slice(0, 400), "identity")
    X, y = rows_of(data), data.data["outcome"].values.ravel()
    model = make("two_stage_ols", layout_of(data), STRAIGHT, link="identity", seed=1).fit(X, y)
    found = totals(model, question, remembered(question))[:, 0]
    spend = data.data["spend"].sum(("time", "unit")).values
    assert found[0] == pytest.approx(0.5 * 0.8 * spend[0], rel=0.1)
    assert found[2] == pytest.approx(0.4 * spend[2], rel=0.1)


def test_zero_means_never_and_the_log_link_keeps_each_weeks_disturbance(tmp_path):
    frame = table(units=2)
    data = dataset(tmp_path, frame)
    model, X, y, question = fitted(data, "random_forest", "log")
    found = change(model, question, {"tv": 0.0}, question.rows)
    other = data.data.copy(deep=True)
    other["exposure"].loc[{"channel": "tv"}] = 0.0
    off = rows_of(type(data)(data.description, data.path, data.sha256, other))
    expected = y * (1 - model.predict(off) / model.predict(X))
    np.testing.assert_allclose(found, [expected[0::2].sum(), expected[1::2].sum()])


def test_weeks_inside_the_table_lose_what_came_before_them(tmp_path):
    data = dataset(tmp_path)
    question = Question(data, slice(40, 60), "identity")
    rows, layout = question.rows({"tv": 0.0}), layout_of(data)
    assert (rows[:, layout.lags(["tv"])] == 0).all()
    assert (rows[:, layout.lags(["social"])[1:]] > 0).any()
    assert list(rows[:, WEEK]) == list(range(40, 60))


def test_a_transfer_keeps_the_budget(tmp_path):
    data = dataset(tmp_path)
    question = Question(data, slice(0, WEEKS), "identity")
    spend = dict(zip(CHANNELS, data.data["spend"].sum(("time", "unit")).values, strict=True))
    found = moves(question)
    assert len(found) == 3 * 2 * len(MOVES)
    for (giver, taker, part), factors in found.items():
        after = {name: spend[name] * factors.get(name, 1.0) for name in CHANNELS}
        assert sum(after.values()) == pytest.approx(sum(spend.values()))
        assert spend[giver] - after[giver] == pytest.approx(part * spend[giver])
        assert after[taker] > spend[taker]


def test_the_best_transfer_is_the_best_of_all(tmp_path):
    data = dataset(tmp_path)
    model, X, y, question = fitted(data, "ols")
    again = list(refits(model, X, y, number=20, seed=1))
    found = reallocation("ols", model, again, question, remembered(question))
    large = found[found["share"] == max(MOVES)]
    assert large["best"].sum() == 1
    assert large.loc[large["best"], "gain"].item() == large["gain"].max()
    # In a market without saturation a gain is the difference of returns.
    spend = data.data["spend"].sum(("time", "unit")).values
    each = dict(
        zip(CHANNELS, totals(model, question, remembered(question))[:, 0] / spend, strict=True)
    )
    money = dict(zip(CHANNELS, spend, strict=True))
    for row in found.itertuples():
        expected = row.share * money[row._2] * (each[row.to] - each[row._2])
        assert row.gain == pytest.approx(expected, rel=1e-3, abs=0.1)


def test_bootstrap_keeps_blocks_and_units_together(tmp_path):
    X = rows_of(dataset(tmp_path, table(units=2)))
    for rows in resampled(X, number=5, seed=2):
        weeks = X[rows, WEEK]
        assert (np.diff(weeks) >= 0).all()
        drawn, times = np.unique(weeks, return_counts=True)
        assert (times % 2 == 0).all()
        assert len(rows) == len(X)
        runs = np.split(drawn, np.flatnonzero(np.diff(drawn) > 1) + 1)
        assert all(len(run) >= block_of(WEEKS) for run in runs)


@pytest.mark.slow
def test_bootstrap_intervals_hold_the_truth_of_a_linear_market(tmp_path):
    """Noise that the bootstrap can see, in a market that the model describes.

    An independent simulation in plain NumPy has pairs of blocks of 4 weeks at 81% of 300 such
    markets for a nominal 90%, and the interval of the t distribution at 87%.
    """
    markets, held, width = 30, [], []
    for seed in range(markets):
        folder = tmp_path / str(seed)
        folder.mkdir()
        data = dataset(folder, table(seed=seed), controls={"price": {"column": "price"}})
        model, X, y, question = fitted(data, "ols")
        rows = remembered(question)
        sample = np.stack(
            [totals(one, question, rows) for one in refits(model, X, y, number=40, seed=1)]
        )
        found = contributions(
            "ols", question, layout_of(data), totals(model, question, rows), sample
        )
        one = found.query("channel == 'tv' and estimand == 'total'").iloc[0]
        true = 0.4 * float(data.data["spend"].sel(channel="tv").sum())
        held.append(one["lower"] <= true <= one["upper"])
        regression = model.regression_
        at = list(regression[0].get_feature_names_out()).index("tv")
        low, high = regression[-1].results_.conf_int(0.1)[at + 1]
        closed = one["value"] * (high - low) / regression[-1].coef_[at]
        width.append((one["upper"] - one["lower"]) / closed)
    # 0.81 of 30 is 24; 17 or fewer have a chance of 1 in 200.
    assert sum(held) >= 18
    assert 0.75 < np.median(width) < 1.1


def test_a_panels_total_is_the_sum_of_its_units(tmp_path):
    data = dataset(tmp_path, table(units=2))
    model, X, y, question = fitted(data, "two_stage_ols")
    rows = remembered(question)
    sample = np.stack([totals(m, question, rows) for m in refits(model, X, y, number=20, seed=1)])
    point = totals(model, question, rows)
    found = contributions("two_stage_ols", question, layout_of(data), point, sample)
    wide = found.pivot(index=["channel", "estimand"], columns="unit", values="value")
    for estimand in ("total", "direct", "indirect"):
        for channel in CHANNELS:
            row = wide.loc[channel, estimand]
            assert row["all"] == pytest.approx(row["r0"] + row["r1"])
    whole = found[found["unit"] == "all"].pivot(index="channel", columns="estimand", values="value")
    assert (whole["direct"] + whole["indirect"]).to_numpy() == pytest.approx(whole["total"])
    assert whole.loc["social", "direct"] == 0
    assert whole.loc["search", "indirect"] == 0
    outcome, spend = y.sum(), data.data["spend"].sum(("time", "unit")).sel(channel="tv")
    assert whole.loc["tv", "contribution_share"] == pytest.approx(
        whole.loc["tv", "total"] / outcome
    )
    assert whole.loc["tv", "roas"] == pytest.approx(whole.loc["tv", "total"] / float(spend))
