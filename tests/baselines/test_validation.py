"""Splits counted out, and scores by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines.validation import array_scores, validation_splits
from mmm_bayes.errors import InputError


@pytest.mark.parametrize("weeks", [80, 104, 113, 156, 208])
def test_splits(weeks):
    splits = validation_splits(weeks)
    blocks = [split for name, split in splits.items() if name.startswith("blocked")]
    length = weeks // 10
    for index, split in enumerate(blocks):
        start = weeks - (5 - index) * length
        assert (split.train.start, split.train.stop) == (0, start)
        assert (split.test.start, split.test.stop) == (start, start + length)
    assert blocks[-1].test.stop == weeks
    windows = [split for name, split in splits.items() if name.startswith("rolling")]
    assert len(windows) >= 2
    assert len({split.train.stop - split.train.start for split in windows}) == 1
    for split in windows:
        assert split.test.start == split.train.stop
        assert split.test.stop - split.test.start == length <= weeks - split.test.start
    assert splits["holdout"].test == slice(weeks - round(0.2 * weeks), weeks)
    assert all(split.train.stop <= split.test.start for split in splits.values())


def test_a_short_table_is_refused():
    with pytest.raises(
        InputError, match=r"60 weeks are too few .* would train on 30 weeks, and it needs 40"
    ):
        validation_splits(60)


def test_scores_of_points_and_of_draws():
    y = np.array([1.0, 2.0, 4.0, 8.0])
    point = np.array([1.0, 3.0, 4.0, 6.0])
    scores = array_scores(y, np.stack([point] * 2), 1)
    assert scores["rmse"] == pytest.approx(np.sqrt(5 / 4))
    assert scores["mape"] == pytest.approx((0.5 + 0.25) / 4)
    assert scores["r2"] == pytest.approx(1 - 5 / ((y - 3.75) ** 2).sum())
    draws = y + np.random.default_rng(1).normal(size=(4000, 4))
    # The CRPS of a standard normal at its mean: (sqrt(2) - 1) / sqrt(pi).
    assert array_scores(y, draws, 1)["crps"] == pytest.approx((2**0.5 - 1) / np.pi**0.5, abs=0.01)
