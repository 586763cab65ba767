"""Summaries and the tidy table."""

import numpy as np
import xarray as xr

from mmm_bayes.estimands import STATISTICS, estimand_table, summarise


def quantile(values: list[float], share: float) -> float:
    """Linear interpolation between order statistics."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def test_summary_is_mean_median_sd_and_a_ninety_per_cent_interval() -> None:
    draws = np.random.default_rng(1).normal(size=(41, 2))
    assert STATISTICS == ("mean", "median", "sd", "lower", "upper")
    got = summarise(draws)
    for column in range(2):
        values = list(draws[:, column])
        mean = sum(values) / 41
        expected = [
            mean,
            quantile(values, 0.5),
            (sum((v - mean) ** 2 for v in values) / 40) ** 0.5,
            quantile(values, 0.05),
            quantile(values, 0.95),
        ]
        np.testing.assert_allclose(got[:, column], expected, rtol=1e-12)


def test_table_is_tidy_and_leaves_out_what_a_channel_lacks() -> None:
    rng = np.random.default_rng(2)
    total = rng.normal(size=(2, 7, 3, 2))
    roas = total.copy()
    roas[..., 1, 1] = np.nan  # no spend there
    dims = ("chain", "draw", "unit", "channel")
    draws = xr.Dataset(
        {"total": (dims, total), "roas": (dims, roas)},
        coords={"unit": ["a", "b", "all"], "channel": ["tv", "search"]},
    )
    joint = xr.Dataset({"total": draws["total"].sum("channel")})
    rows = estimand_table(draws, joint)
    assert list(rows.columns) == [
        "unit", "channel", "estimand", "mean", "median", "sd", "lower", "upper",
    ]  # fmt: skip
    assert len(rows) == 6 + 5 + 3
    assert not rows.isna().any(axis=None)
    keyed = rows.set_index(["unit", "channel", "estimand"])
    assert ("b", "search", "roas") not in keyed.index
    for u, unit in enumerate(("a", "b", "all")):
        for c, channel in enumerate(("tv", "search")):
            np.testing.assert_allclose(
                keyed.loc[(unit, channel, "total")], summarise(total[:, :, u, c].reshape(-1))
            )
        np.testing.assert_allclose(
            keyed.loc[(unit, "all_media", "total")], summarise(total[:, :, u].sum(-1).reshape(-1))
        )
