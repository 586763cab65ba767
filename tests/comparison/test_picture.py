"""The figure of a comparison shows the numbers of its table."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_bayes.plots import comparison, style

TIME = pd.date_range("2023-01-02", periods=6, freq="7D")


@pytest.fixture
def axes():
    with style.figure_style():
        yield style.figure(1, 2)[1].ravel()


def test_differences_with_one_and_two_standard_errors(axes):
    table = pd.DataFrame(
        {
            "run": ["a", "b", "x" * 60],
            "elpd_diff": [0.0, -2.0, -30.0],
            "diff_se": [0.0, 3.0, 5.0],
            "verdict": ["best", "indistinguishable from the best", "worse"],
        }
    )
    comparison.elpd_differences(axes[0], table, tie=4.0)
    lines = [line.get_xdata() for line in axes[0].get_lines()[1:]]
    np.testing.assert_allclose(lines[3:5], [[-8, 4], [-5, 1]])
    np.testing.assert_allclose(lines[6:8], [[-40, -20], [-35, -25]])
    words = [text.get_text() for text in axes[0].texts]
    assert words[0] == "a: best"
    assert words[1] == "b: indistinguishable from the best"
    assert words[2].endswith(": worse")
    assert axes[0].texts[2].get_color() == comparison.WORSE
    assert "…" in words[2]
    assert axes[0].get_ylim()[0] > axes[0].get_ylim()[1]  # the best is on top


def test_lead_week_by_week_and_added_up(axes):
    values = np.array([1.0, -2.0, 0.5, 9.0, -0.1, 0.2])
    lead = xr.DataArray(values, dims="time", coords={"time": TIME})
    refitted = lead.copy(data=values > 5)
    comparison.lead_over_time(axes[1], lead, refitted, best="a", second="b", tie=4.0)
    total, marked = axes[1].get_lines()[1:]
    np.testing.assert_allclose(total.get_ydata(), np.cumsum(values))
    np.testing.assert_allclose(marked.get_ydata(), [9.0])
    bars = [segment[1, 1] for part in axes[1].collections for segment in part.get_segments()]
    assert sorted(bars) == sorted(values)
    low, high = axes[1].get_ylim()
    assert low < -4
    assert high > 9
    assert axes[1].get_title(loc="left").startswith("a against b")
