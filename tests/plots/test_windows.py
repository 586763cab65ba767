"""The figures of a rolling job draw the numbers that they are given."""

import numpy as np
import pandas as pd
import pytest

from mmm_bayes.plots import style, windows

CHANNELS = ["tv", "search"]


@pytest.fixture
def axes():
    with style.figure_style():
        yield style.figure(1, 2)[1].ravel()


def answers(estimand="roas"):
    ends = pd.date_range("2024-01-01", periods=3, freq="91D")
    rows = [
        (end, channel, estimand, 1.0 + at + k, 0.5 + at + k, 2.0 + at + k)
        for k, channel in enumerate(CHANNELS)
        for at, end in enumerate(ends)
    ]
    return pd.DataFrame(
        rows, columns=["window_end", "channel", "estimand", "median", "lower", "upper"]
    )


def test_a_line_and_a_band_for_each_channel(axes):
    windows.estimates_over_windows(axes, answers(), CHANNELS, label="%", times=100.0)
    for k, ax in enumerate(axes):
        (line,) = ax.lines
        np.testing.assert_allclose(line.get_ydata(), [100 + 100 * k, 200 + 100 * k, 300 + 100 * k])
        band = ax.collections[0].get_paths()[0].vertices[:, 1]
        assert (band.min(), band.max()) == pytest.approx((50 + 100 * k, 400 + 100 * k))
        assert ax.get_title(loc="left") == CHANNELS[k]


def test_paths_without_an_effect_are_not_drawn(axes):
    none = answers("indirect")
    none.loc[none["channel"] == "search", ["median", "lower", "upper"]] = 0.0
    both = pd.concat([answers("direct"), none])
    windows.paths_over_windows(axes, both, CHANNELS, label="", times=1.0)
    assert [len(ax.collections) for ax in axes] == [2, 1]


def variation():
    rows = [
        ("tv", "contribution", 0.05, 0.01, 0.2, 0.1),
        ("tv", "direct", 0.06, 0.02, 0.3, 0.1),
        ("tv", "indirect", 0.4, 0.1, 5.0, 0.6),
        ("search", "contribution", 0.5, 0.3, 0.8, 0.7),
        ("search", "direct", 0.5, 0.3, 0.8, 0.7),
    ]
    head = ["channel", "estimand", "cv", "cv_lower", "cv_upper", "cv_naive"]
    return pd.DataFrame(rows, columns=head)


def test_bars_end_where_intervals_do(axes):
    limits = {"stable": 0.1, "moderate": 0.3, "volatile": np.inf}
    windows.variation_bars(axes[0], variation(), CHANNELS, limits)
    drawn = [tuple(np.round(line.get_xdata(), 6)) for line in axes[0].lines]
    for expected in ((0.01, 0.2), (0.02, 0.3), (0.1, windows.WIDEST), (0.3, 0.8)):
        assert expected in drawn
    for dot in (0.05, 0.4, 0.5):
        assert (dot,) in drawn
    shown = {text.get_text() for text in axes[0].texts}
    assert set(limits) <= shown


def test_one_path_has_one_bar(axes):
    table = variation()
    table = table[table["estimand"] != "indirect"]
    windows.variation_bars(axes[0], table, CHANNELS, {"stable": 0.1, "volatile": np.inf, "x": 9})
    drawn = [tuple(line.get_xdata()) for line in axes[0].lines]
    assert (0.02, 0.3) not in drawn


def test_forecasts_and_the_observed_outcome(axes):
    dates = pd.date_range("2024-01-01", periods=4, freq="7D")
    table = pd.DataFrame(
        {
            "window_start": ["a", "a", "b", "b"],
            "date": dates[[0, 1, 1, 2]],
            "median": [1.0, 2.0, 3.0, 4.0],
            "lower": [0.0, 1.0, 2.0, 3.0],
            "upper": [2.0, 3.0, 4.0, 5.0],
        }
    )
    observed = pd.Series([1.5, 2.5, 3.5], index=dates[:3])
    windows.forecasts(axes[0], table, observed, name="sales")
    lines = [list(line.get_ydata()) for line in axes[0].lines]
    assert lines == [[1.0, 2.0], [3.0, 4.0], [1.5, 2.5, 3.5]]


def test_scores_by_horizon(axes):
    table = pd.DataFrame(
        {"horizon": [1, 2], "crps": [1.0, 2.0], "rmse": [3.0, 4.0], "coverage_90": [1.0, 0.5],
         "values": [4, 3]}
    )  # fmt: skip
    windows.horizon_scores(list(axes), table, name="sales")
    assert [list(line.get_ydata()) for line in axes[0].lines] == [[3.0, 4.0], [1.0, 2.0]]
    assert list(axes[1].lines[-1].get_ydata()) == [100.0, 50.0]
    assert "3 to 4 forecasts" in axes[1].texts[0].get_text()


def test_subsets_side_by_side(axes):
    rows = [
        ("promotion", subset, channel, mean, mean - 1, mean + 1)
        for subset, extra in (("off", 0.0), ("on", 5.0))
        for channel, mean in (("tv", 2.0 + extra), ("search", 3.0 + extra))
    ]
    head = ["control", "subset", "channel", "mean", "lower", "upper"]
    windows.subset_means(axes[:1], pd.DataFrame(rows, columns=head), CHANNELS, label="per week")
    drawn = [tuple(line.get_xdata()) for line in axes[0].lines]
    assert {(1.0, 3.0), (6.0, 8.0), (2.0, 4.0), (7.0, 9.0)} <= set(drawn)
