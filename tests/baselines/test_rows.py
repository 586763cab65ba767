"""Rows against weeks counted out one by one, and the past against another future."""

import numpy as np
import pytest
from baselines.markets import CHANNELS, MAX_LAG, STRAIGHT, dataset, table

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines.members import REGRESSORS, feature_transformer, make_model
from mmm_bayes.baselines.rows import PREVIOUS_OUTCOME, UNIT, WEEK, build_rows, row_layout
from mmm_bayes.baselines.tuning import blocked_folds


def test_every_row_has_its_own_history(tmp_path):
    data = dataset(tmp_path, table(units=2))
    rows, layout = build_rows(data, {"tv": 0.5}), row_layout(data)
    exposure = data.data["exposure"].values
    for row in rows:
        week, unit = int(row[WEEK]), int(row[UNIT])
        for index, channel in enumerate(CHANNELS):
            factor = 0.5 if channel == "tv" else 1.0
            for lag, column in enumerate(layout.lags([channel])):
                if week >= lag:
                    expected = exposure[week - lag, unit, index]
                else:
                    expected = sum(exposure[k, unit, index] for k in range(MAX_LAG)) / MAX_LAG
                assert row[column] == pytest.approx(factor * expected)
        outcome = data.data["outcome"].values
        assert row[PREVIOUS_OUTCOME] == outcome[max(week - 1, 0), unit]


@pytest.mark.parametrize("kind", ["ols", "lagged_ridge", "random_forest", "lightgbm"])
def test_another_future_leaves_the_past_as_it_was(tmp_path, kind):
    frame = table()
    past, rng = 50, np.random.default_rng(9)
    changed = frame.copy()
    shuffled = past + rng.permutation(len(frame) - past)
    later = [c for c in frame if c not in ("week", "region")]
    changed.loc[past:, later] = 3 * frame.loc[shuffled, later].to_numpy()
    results = []
    for name, variant in (("a", frame), ("b", changed)):
        (tmp_path / name).mkdir()
        data = dataset(tmp_path / name, variant, interactions={"i": {"between": ["tv", "price"]}})
        X, layout = build_rows(data), row_layout(data)
        before = X[:, WEEK] < past
        y = data.data["outcome"].values.ravel()
        params = STRAIGHT | REGRESSORS[kind].default
        columns = feature_transformer(layout, layout.channels, params, lagged=True).fit(X[before])
        model = make_model(kind, layout, params, link="identity", seed=1).fit(X[before], y[before])
        results.append((columns.transform(X[before]), model.predict(X[before])))
        assert not np.allclose(columns.transform(X[~before]), 0)
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_tuning_folds_are_blocks_that_only_know_what_was_before(tmp_path):
    X = build_rows(dataset(tmp_path, table(units=2)))
    pairs = list(blocked_folds(X))
    assert len(pairs) == 3
    for before, after in pairs:
        assert X[before, WEEK].max() + 1 == X[after, WEEK].min()
        assert (np.unique(X[after, WEEK], return_counts=True)[1] == 2).all()


def test_a_channel_that_starts_inside_the_table_did_not_run_before(tmp_path):
    frame = table()
    frame["tv_spend"] = 5.0
    frame.loc[:1, "tv_spend"] = 0.0
    data = dataset(tmp_path, frame)
    lags = build_rows(data)[0, row_layout(data).lags(["tv"])]
    np.testing.assert_array_equal(lags, np.zeros(MAX_LAG))
