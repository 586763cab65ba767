"""Rows against weeks counted out one by one, and the past against another future."""

import numpy as np
import pytest
from baselines.markets import CHANNELS, MAX_LAG, STRAIGHT, dataset, table

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines.members import KINDS, features, make
from mmm_bayes.baselines.rows import PREVIOUS, UNIT, WEEK, layout_of, rows_of
from mmm_bayes.baselines.tuning import folds


def test_every_row_has_its_own_history(tmp_path):
    data = dataset(tmp_path, table(units=2))
    rows, layout = rows_of(data, {"tv": 0.5}), layout_of(data)
    exposure = data.data["exposure"].values
    for row in rows:
        week, unit = int(row[WEEK]), int(row[UNIT])
        for at, channel in enumerate(CHANNELS):
            factor = 0.5 if channel == "tv" else 1.0
            for lag, column in enumerate(layout.lags([channel])):
                if week >= lag:
                    expected = exposure[week - lag, unit, at]
                else:
                    expected = sum(exposure[k, unit, at] for k in range(MAX_LAG)) / MAX_LAG
                assert row[column] == pytest.approx(factor * expected)
        outcome = data.data["outcome"].values
        assert row[PREVIOUS] == outcome[max(week - 1, 0), unit]


@pytest.mark.parametrize("kind", ["ols", "lagged_ridge", "random_forest", "lightgbm"])
def test_another_future_leaves_the_past_as_it_was(tmp_path, kind):
    frame = table()
    past, rng = 50, np.random.default_rng(9)
    other = frame.copy()
    shuffled = past + rng.permutation(len(frame) - past)
    later = [c for c in frame if c not in ("week", "region")]
    other.loc[past:, later] = 3 * frame.loc[shuffled, later].to_numpy()
    found = []
    for name, one in (("a", frame), ("b", other)):
        (tmp_path / name).mkdir()
        data = dataset(tmp_path / name, one, interactions={"i": {"between": ["tv", "price"]}})
        X, layout = rows_of(data), layout_of(data)
        before = X[:, WEEK] < past
        y = data.data["outcome"].values.ravel()
        choice = STRAIGHT | KINDS[kind].usual
        columns = features(layout, layout.channels, choice, lagged=True).fit(X[before])
        model = make(kind, layout, choice, link="identity", seed=1).fit(X[before], y[before])
        found.append((columns.transform(X[before]), model.predict(X[before])))
        assert not np.allclose(columns.transform(X[~before]), 0)
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_tuning_folds_are_blocks_that_only_know_what_was_before(tmp_path):
    X = rows_of(dataset(tmp_path, table(units=2)))
    seen = list(folds(X))
    assert len(seen) == 3
    for before, after in seen:
        assert X[before, WEEK].max() + 1 == X[after, WEEK].min()
        assert (np.unique(X[after, WEEK], return_counts=True)[1] == 2).all()
