"""Effects against brute force, and against a market that a linear model describes exactly."""

import numpy as np
import pytest
from baselines.markets import CHANNELS, STRAIGHT, dataset, table

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines.effects import (
    TRANSFER_SHARES,
    CounterfactualWeeks,
    block_bootstrap,
    block_length,
    bootstrap_refits,
    budget_transfers,
    cached_rows,
    contribution_table,
    outcome_change,
    reallocation_table,
    total_effects,
)
from mmm_bayes.baselines.members import REGRESSORS, make_model
from mmm_bayes.baselines.rows import MEDIATOR_FACTOR, WEEK, build_rows, row_layout

WEEKS = 80


def fitted(data, model, link="identity"):
    X, y = build_rows(data), data.data["outcome"].values.ravel()
    params = STRAIGHT | REGRESSORS[model.removeprefix("two_stage_")].default
    weeks = CounterfactualWeeks(data, slice(0, WEEKS), link)
    return make_model(model, row_layout(data), params, link=link, seed=1).fit(X, y), X, y, weeks


def test_a_linear_market_gives_its_effects_back(tmp_path):
    data = dataset(tmp_path, table(noise=0.0))
    model, _, _, weeks = fitted(data, "ols")
    effects = total_effects(model, weeks, cached_rows(weeks))[:, 0]
    spend = data.data["spend"].sum(("time", "unit")).values
    # Search acts by itself in a one-stage model; social has no path but search.
    parts = [0.0, 0.5 * spend[1], 0.4 * spend[2]]
    np.testing.assert_allclose(effects, [*parts, sum(parts)], rtol=1e-4, atol=1.0)


def test_two_stages_give_social_its_path_through_search(tmp_path):
    data = dataset(tmp_path, table(weeks=400, noise=5.0), calendar={"fourier": 0, "trend": "none"})
    weeks = CounterfactualWeeks(data, slice(0, 400), "identity")
    X, y = build_rows(data), data.data["outcome"].values.ravel()
    model = make_model("two_stage_ols", row_layout(data), STRAIGHT, link="identity", seed=1).fit(
        X, y
    )
    effects = total_effects(model, weeks, cached_rows(weeks))[:, 0]
    spend = data.data["spend"].sum(("time", "unit")).values
    assert effects[0] == pytest.approx(0.5 * 0.8 * spend[0], rel=0.1)
    assert effects[2] == pytest.approx(0.4 * spend[2], rel=0.1)
    # Social's effect is a part of search's, and not added to it.
    assert effects[3] == pytest.approx(effects[1] + effects[2])
    assert effects[1] > effects[0] > 0


def test_zero_means_never_and_the_log_link_keeps_each_weeks_disturbance(tmp_path):
    frame = table(units=2)
    data = dataset(tmp_path, frame)
    model, X, y, weeks = fitted(data, "random_forest", "log")
    change = outcome_change(model, weeks, {"tv": 0.0}, weeks.rows)
    other = data.data.copy(deep=True)
    other["exposure"].loc[{"channel": "tv"}] = 0.0
    off = build_rows(type(data)(data.description, data.path, data.sha256, other))
    expected = y * (1 - model.predict(off) / model.predict(X))
    np.testing.assert_allclose(change, [expected[0::2].sum(), expected[1::2].sum()])


@pytest.mark.parametrize("model", ["random_forest", "lagged_ridge", "two_stage_ols"])
def test_all_media_together_are_a_table_without_any(tmp_path, model):
    """Under the log link, where the totals of the channels do not add up to that."""
    data = dataset(tmp_path, table(units=2))
    estimator, X, y, weeks = fitted(data, model, "log")
    effects = total_effects(estimator, weeks, cached_rows(weeks))
    nothing = data.data.copy(deep=True)
    nothing["exposure"][:] = 0.0
    off = build_rows(type(data)(data.description, data.path, data.sha256, nothing))
    if model.startswith("two_stage"):
        off[:, MEDIATOR_FACTOR] = 0.0
    expected = y * (1 - estimator.predict(off) / estimator.predict(X))
    np.testing.assert_allclose(effects[-1], [expected[0::2].sum(), expected[1::2].sum()])
    assert abs(effects[-1] - effects[:-1].sum(0)).min() > 1.0
    table_of = contribution_table(model, weeks, row_layout(data), effects, effects[None])
    joint = table_of.query("channel == 'all_media' and unit == 'all'").set_index("estimand")[
        "value"
    ]
    spend = data.data["spend"].values.sum()
    assert joint.to_dict() == pytest.approx(
        {
            "total": expected.sum(),
            "contribution_share": expected.sum() / y.sum(),
            "roas": expected.sum() / spend,
        }
    )


def test_weeks_inside_the_table_lose_what_came_before_them(tmp_path):
    data = dataset(tmp_path)
    weeks = CounterfactualWeeks(data, slice(40, 60), "identity")
    rows, layout = weeks.rows({"tv": 0.0}), row_layout(data)
    assert (rows[:, layout.lags(["tv"])] == 0).all()
    assert (rows[:, layout.lags(["social"])[1:]] > 0).any()
    assert list(rows[:, WEEK]) == list(range(40, 60))


def test_a_channel_that_never_changes_has_no_effect_and_no_transfer(tmp_path):
    """Whatever it does is a part of the level: not 0, but unknown."""
    frame = table()
    frame["tv_spend"] = 40.0
    data = dataset(tmp_path, frame)
    model, _, _, weeks = fitted(data, "ols")
    rows = cached_rows(weeks)
    point = total_effects(model, weeks, rows)
    effects = contribution_table("ols", weeks, row_layout(data), point, point[None])
    tv = effects["channel"].isin(["tv", "all_media"])
    assert tv.sum() == 5 + 3
    assert effects.loc[tv, ["value", "lower", "upper"]].isna().all(axis=None)
    assert effects.loc[~tv, ["value", "lower", "upper"]].notna().all(axis=None)
    channels = {name for giver, taker, _ in budget_transfers(weeks) for name in (giver, taker)}
    assert channels == set(CHANNELS) - {"tv"}


def test_a_transfer_keeps_the_budget(tmp_path):
    data = dataset(tmp_path)
    weeks = CounterfactualWeeks(data, slice(0, WEEKS), "identity")
    spend = dict(zip(CHANNELS, data.data["spend"].sum(("time", "unit")).values, strict=True))
    transfers = budget_transfers(weeks)
    assert len(transfers) == 3 * 2 * len(TRANSFER_SHARES)
    for (giver, taker, share), factors in transfers.items():
        after = {name: spend[name] * factors.get(name, 1.0) for name in CHANNELS}
        assert sum(after.values()) == pytest.approx(sum(spend.values()))
        assert spend[giver] - after[giver] == pytest.approx(share * spend[giver])
        assert after[taker] > spend[taker]


def test_the_best_transfer_is_the_best_of_all(tmp_path):
    data = dataset(tmp_path)
    model, X, y, weeks = fitted(data, "ols")
    refits = list(bootstrap_refits(model, X, y, number=20, seed=1))
    table = reallocation_table("ols", model, refits, weeks, cached_rows(weeks))
    large = table[table["share"] == max(TRANSFER_SHARES)]
    assert large["best"].sum() == 1
    assert large.loc[large["best"], "gain"].item() == large["gain"].max()
    # In a market without saturation a gain is the difference of returns.
    spend = data.data["spend"].sum(("time", "unit")).values
    roas = dict(
        zip(
            CHANNELS,
            total_effects(model, weeks, cached_rows(weeks))[:-1, 0] / spend,
            strict=True,
        )
    )
    spend_of = dict(zip(CHANNELS, spend, strict=True))
    for row in table.itertuples():
        expected = row.share * spend_of[row._2] * (roas[row.to] - roas[row._2])
        assert row.gain == pytest.approx(expected, rel=1e-3, abs=0.1)


def test_bootstrap_keeps_blocks_and_units_together(tmp_path):
    X = build_rows(dataset(tmp_path, table(units=2)))
    for rows in block_bootstrap(X, number=5, seed=2):
        weeks = X[rows, WEEK]
        assert (np.diff(weeks) >= 0).all()
        drawn, times = np.unique(weeks, return_counts=True)
        assert (times % 2 == 0).all()
        assert len(rows) == len(X)
        runs = np.split(drawn, np.flatnonzero(np.diff(drawn) > 1) + 1)
        assert all(len(run) >= block_length(WEEKS) for run in runs)


@pytest.mark.slow
def test_bootstrap_intervals_hold_the_truth_of_a_linear_market(tmp_path):
    """Noise that the bootstrap can see, in a market that the model describes.

    An independent simulation in plain NumPy has pairs of blocks of 4 weeks at 81% of 300 such
    markets for a nominal 90%, and the interval of the t distribution at 87%.
    """
    markets, covered, width = 30, [], []
    for seed in range(markets):
        folder = tmp_path / str(seed)
        folder.mkdir()
        data = dataset(folder, table(seed=seed), controls={"price": {"column": "price"}})
        model, X, y, weeks = fitted(data, "ols")
        rows = cached_rows(weeks)
        sample = np.stack(
            [
                total_effects(refit, weeks, rows)
                for refit in bootstrap_refits(model, X, y, number=40, seed=1)
            ]
        )
        contributions = contribution_table(
            "ols", weeks, row_layout(data), total_effects(model, weeks, rows), sample
        )
        row = contributions.query("channel == 'tv' and estimand == 'total'").iloc[0]
        true = 0.4 * float(data.data["spend"].sel(channel="tv").sum())
        covered.append(row["lower"] <= true <= row["upper"])
        regression = model.regression_
        index = list(regression[0].get_feature_names_out()).index("tv")
        low, high = regression[-1].results_.conf_int(0.1)[index + 1]
        closed = row["value"] * (high - low) / regression[-1].coef_[index]
        width.append((row["upper"] - row["lower"]) / closed)
    # 0.81 of 30 is 24; 17 or fewer have a chance of 1 in 200.
    assert sum(covered) >= 18
    assert 0.75 < np.median(width) < 1.1


def test_a_panels_total_is_the_sum_of_its_units(tmp_path):
    data = dataset(tmp_path, table(units=2))
    model, X, y, weeks = fitted(data, "two_stage_ols")
    rows = cached_rows(weeks)
    sample = np.stack(
        [total_effects(m, weeks, rows) for m in bootstrap_refits(model, X, y, number=20, seed=1)]
    )
    point = total_effects(model, weeks, rows)
    contributions = contribution_table("two_stage_ols", weeks, row_layout(data), point, sample)
    wide = contributions.pivot(index=["channel", "estimand"], columns="unit", values="value")
    for estimand in ("total", "direct", "indirect"):
        for channel in CHANNELS:
            row = wide.loc[channel, estimand]
            assert row["all"] == pytest.approx(row["r0"] + row["r1"])
    whole = contributions[contributions["unit"] == "all"].pivot(
        index="channel", columns="estimand", values="value"
    )
    joint = wide.loc["all_media", "total"]
    assert joint["all"] == pytest.approx(joint["r0"] + joint["r1"])
    assert joint["all"] == pytest.approx(whole["direct"].sum())
    whole = whole.drop(index="all_media")
    assert (whole["direct"] + whole["indirect"]).to_numpy() == pytest.approx(whole["total"])
    assert whole.loc["social", "direct"] == 0
    assert whole.loc["search", "indirect"] == 0
    outcome, spend = y.sum(), data.data["spend"].sum(("time", "unit")).sel(channel="tv")
    assert whole.loc["tv", "contribution_share"] == pytest.approx(
        whole.loc["tv", "total"] / outcome
    )
    assert whole.loc["tv", "roas"] == pytest.approx(whole.loc["tv", "total"] / float(spend))
