"""The one table and its sentences, from numbers made by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from baselines.markets import dataset

pytest.importorskip("sklearn", reason="the extra mmm-bayes[baselines] is not installed")

from mmm_bayes.baselines import summary, words
from mmm_bayes.baselines.words import best_and_tied

HEAD = ["model", "unit", "channel", "estimand", "value", "lower", "upper"]


def contributions(**models: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (model, "all", channel, "total", value, value - 1, value + 1)
            for model, values in models.items()
            for channel, value in zip("abc", values, strict=True)
        ],
        columns=HEAD,
    )


def with_joint(rows: pd.DataFrame, **models: float) -> pd.DataFrame:
    """The same with the total of all media together, and its share of an outcome of 100."""
    joint = [
        (model, "all", "all_media", estimand, value / size, (value - 1) / size, (value + 1) / size)
        for model, value in models.items()
        for estimand, size in (("total", 1), ("contribution_share", 100))
    ]
    return pd.concat([rows, pd.DataFrame(joint, columns=HEAD)], ignore_index=True)


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


def test_all_media_together_count_as_no_channel(tmp_path):
    rows = contributions(x=[1, 2, 3], y=[10, 20, 30], z=[3, 2, 1])
    joint = with_joint(rows, x=6.0, y=7.0, z=8.0)
    assert summary.rank_agreement(joint) == summary.rank_agreement(rows)
    truth = tmp_path / "t.truth.json"
    effects = [
        {"unit": "all", "channel": c, "estimand": "total", "value": v}
        for c, v in (("a", 1.5), ("b", 2.0), ("c", 9.0), ("all_media", 7.2))
    ]
    for known in (effects, effects[:-1]):  # with the true joint effect, and without
        truth.write_text(json.dumps({"effects": known}))
        alone = summary.compare_with_truth(rows, truth)
        compared = summary.compare_with_truth(joint, truth)
        assert summary.truth_metrics(compared, 100.0) == summary.truth_metrics(alone, 100.0)
        found = compared[compared["channel"] == "all_media"]
        assert found["truth"].tolist() == ([7.2] * 3 if known is effects else [])


def test_the_joint_effect_is_said_of_each_family(tmp_path):
    rows = with_joint(
        contributions(ols=[1, 2, 3], lightgbm=[1, 1, 1], partial_mediation=[2, 2, 2]),
        ols=40.0, lightgbm=5.0, partial_mediation=20.0,
    )  # fmt: skip
    rows = pd.concat([rows, rows[rows["estimand"] == "total"].assign(estimand="direct")])
    residuals = pd.DataFrame(
        [(test, "ols", 0.5) for test in ("shapiro_wilk", "breusch_pagan", "ljung_box")],
        columns=["test", "model", "p"],
    )
    tables = {"contributions": rows, "residuals": residuals}
    told = list(words._interpretation(None, tables, dataset(tmp_path), "identity"))
    assert told[0].startswith(
        "All media together make 40% of the outcome in the linear models and 5% in the tree models."
    )
    assert told[1].endswith("all media together make 20% of the outcome (90% interval 19% to 21%).")


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
