"""Splits counted out, and scores by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines.validation import scored, splits
from mmm_bayes.errors import InputError


@pytest.mark.parametrize("weeks", [80, 104, 113, 156, 208])
def test_splits(weeks):
    found = splits(weeks)
    blocks = [one for name, one in found.items() if name.startswith("blocked")]
    length = weeks // 10
    for at, one in enumerate(blocks):
        start = weeks - (5 - at) * length
        assert (one.train.start, one.train.stop) == (0, start)
        assert (one.test.start, one.test.stop) == (start, start + length)
    assert blocks[-1].test.stop == weeks
    windows = [one for name, one in found.items() if name.startswith("rolling")]
    assert len(windows) >= 2
    assert len({one.train.stop - one.train.start for one in windows}) == 1
    for one in windows:
        assert one.test.start == one.train.stop
        assert one.test.stop - one.test.start == length <= weeks - one.test.start
    assert found["holdout"].test == slice(weeks - round(0.2 * weeks), weeks)
    assert all(one.train.stop <= one.test.start for one in found.values())


def test_a_short_table_is_refused():
    with pytest.raises(InputError, match=r"60 weeks are too few .* would learn from 30, and 40"):
        splits(60)


def test_scores_of_points_and_of_draws():
    y = np.array([1.0, 2.0, 4.0, 8.0])
    guess = np.array([1.0, 3.0, 4.0, 6.0])
    found = scored(y, np.stack([guess] * 2), 1)
    assert found["rmse"] == pytest.approx(np.sqrt(5 / 4))
    assert found["mape"] == pytest.approx((0.5 + 0.25) / 4)
    assert found["r2"] == pytest.approx(1 - 5 / ((y - 3.75) ** 2).sum())
    draws = y + np.random.default_rng(1).normal(size=(4000, 4))
    # The CRPS of a standard normal at its mean: (sqrt(2) - 1) / sqrt(pi).
    assert scored(y, draws, 1)["crps"] == pytest.approx((2**0.5 - 1) / np.pi**0.5, abs=0.01)
