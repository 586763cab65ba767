"""The one table and its sentences, from numbers made by hand."""

import json

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines import summary
from mmm_bayes.baselines.words import best_and_tied


def contributions(**models: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (model, "all", channel, "total", value, value - 1, value + 1)
            for model, values in models.items()
            for channel, value in zip("abc", values, strict=True)
        ],
        columns=["model", "unit", "channel", "estimand", "value", "lower", "upper"],
    )


def test_agreement_is_the_mean_rank_correlation_with_the_others():
    agreement = summary.rank_agreement(contributions(x=[1, 2, 3], y=[10, 20, 30], z=[3, 2, 1]))
    assert agreement == pytest.approx({"x": 0.0, "y": 0.0, "z": -1.0})


def test_stability_is_spread_over_size():
    rows = [
        (f"rolling_{k}", "", "", "m", channel, share, np.nan)
        for channel, shares in {"a": [0.1, 0.3], "b": [0.2, 0.2]}.items()
        for k, share in enumerate(shares)
    ]
    windows = pd.DataFrame(
        rows,
        columns=["split", "window_start", "window_end", "model", "channel", "share", "coefficient"],
    )
    expected = (np.std([0.1, 0.3], ddof=1) + 0) / 2 / 0.2
    assert summary.window_stability(windows)["m"] == pytest.approx(expected)


def test_the_truth_beside_a_table_is_read(tmp_path):
    truth = tmp_path / "t.truth.json"
    effects = [
        {"unit": "all", "channel": c, "estimand": "total", "value": v}
        for c, v in zip("abc", [1.5, 2.0, 9.0], strict=True)
    ]
    truth.write_text(json.dumps({"effects": effects}))
    compared = summary.compare_with_truth(contributions(x=[1, 2, 3]), truth)
    rows = {metric: value for _, _, metric, value in summary.truth_metrics(compared, 100.0)}
    assert rows["error"] == pytest.approx((0.5 + 0 + 6) / 3 / 100)
    assert rows["bias"] == pytest.approx(-6.5 / 3 / 100)
    assert rows["coverage_90"] == pytest.approx(2 / 3)
    assert summary.compare_with_truth(contributions(x=[1, 2, 3]), tmp_path / "none").empty


def metrics(**folds: list[float]) -> pd.DataFrame:
    rows = [
        (model, f"blocked_{k + 1}", "rmse", value)
        for model, values in folds.items()
        for k, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["model", "split", "metric", "value"])


def test_models_are_told_apart_by_their_differences_fold_by_fold():
    # Folds differ by far more than the models do, and b is worse in every one of them.
    best, tied = best_and_tied(
        metrics(a=[1, 10, 20, 5, 2], b=[2, 11.2, 21, 6, 3.1], c=[0, 13, 15, 10, 1])
    )
    assert best == "a"
    assert tied == ["c"]


def test_the_table_has_means_and_spreads_over_folds():
    table = summary.summarise_models(metrics(a=[1, 2, 3, 4, 5], b=[2, 2, 2, 2, 2])).set_index(
        "model"
    )
    assert table.loc["a", "rmse_blocked"] == 3
    assert table.loc["a", "rmse_blocked_sd"] == pytest.approx(np.std([1, 2, 3, 4, 5], ddof=1))
    assert table.loc["b", "rmse_blocked_sd"] == 0
    assert np.isnan(table.loc["a", "coverage_90"])
