"""Summary table over all models: forecasts, coverage, stability and error of the effects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.baselines.validation import BLOCKED, HOLDOUT, ROLLING
from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.description import ALL_MEDIA


def whole_table_rows(contributions: pd.DataFrame, estimand: str) -> pd.DataFrame:
    """Rows of an estimand for the whole table: of its only unit, or of the sum of its units.

    Parameters
    ----------
    contributions : pandas.DataFrame
        Columns unit and estimand, and others.
    """
    rows = contributions[contributions["estimand"] == estimand]
    return rows[rows["unit"] == ALL_UNITS] if (rows["unit"] == ALL_UNITS).any() else rows


def window_stability(windows: pd.DataFrame) -> dict[str, float]:
    """Variation of each model's channel shares from window to window, relative to their size.

    It is the standard deviation over windows of a channel's share of the outcome, averaged over
    channels and divided by the mean absolute share, so that channels without an effect have little
    influence.

    Parameters
    ----------
    windows : pandas.DataFrame
        Columns model, split, channel and share.
    """
    variation = {}
    for model, rows in windows.groupby("model", sort=False):
        shares = rows.pivot(index="split", columns="channel", values="share")
        size = shares.mean().abs().mean()
        variation[str(model)] = float(shares.std(ddof=1).mean() / size) if size > 0 else np.nan
    return variation


def rank_agreement(contributions: pd.DataFrame) -> dict[str, float]:
    """Mean rank correlation (Spearman) of each model's channel totals with those of the others.

    Parameters
    ----------
    contributions : pandas.DataFrame
        Columns model, unit, channel, estimand and value.
    """
    rows = whole_table_rows(contributions, "total")
    rows = rows[rows["channel"] != ALL_MEDIA]
    ranks = rows.pivot(index="channel", columns="model", values="value").rank()
    correlation = ranks.loc[:, ranks.std() > 0].corr()
    if len(correlation) < 2:
        return {}
    return {str(model): float(correlation[model].drop(model).mean()) for model in correlation}


def compare_with_truth(contributions: pd.DataFrame, truth: Path) -> pd.DataFrame:
    """Total effects of each model beside the true ones of a simulated market.

    Parameters
    ----------
    contributions : pandas.DataFrame
        Columns model, unit, channel, estimand, value, lower and upper.
    truth : pathlib.Path
        ``NAME.truth.json`` of the market.

    Returns
    -------
    pandas.DataFrame
        Columns model, channel, value, lower, upper, truth; empty without such a file. All media
        together have a row for each model if the file has their effect.
    """
    head = ["model", "channel", "value", "lower", "upper", "truth"]
    if not truth.exists():
        return pd.DataFrame(columns=head)
    effects = pd.DataFrame(json.loads(truth.read_text(encoding="utf-8"))["effects"])
    known = whole_table_rows(effects, "total").set_index("channel")["value"]
    rows = whole_table_rows(contributions, "total")
    rows = rows[(rows["channel"] != ALL_MEDIA) | (ALL_MEDIA in known)]
    return rows.assign(truth=rows["channel"].map(known))[head].reset_index(drop=True)


def truth_metrics(compared: pd.DataFrame, outcome: float) -> list[tuple[str, str, str, float]]:
    """Error, bias and coverage of each model's totals of channels: rows of ``baselines.csv``.

    Parameters
    ----------
    compared : pandas.DataFrame
        Result of `compare_with_truth`.
    outcome : float
        Sum of the outcome, of which errors are shares.
    """
    rows = []
    channels = compared[compared["channel"] != ALL_MEDIA]
    for model, effects in channels.groupby("model", sort=False):
        error = (effects["value"] - effects["truth"]) / outcome
        above, below = effects["lower"] <= effects["truth"], effects["truth"] <= effects["upper"]
        rows += [
            (str(model), "truth", "error", float(error.abs().mean())),
            (str(model), "truth", "bias", float(error.mean())),
            (str(model), "truth", "coverage_90", float((above & below).mean())),
        ]
    return rows


def summarise_models(metrics: pd.DataFrame) -> pd.DataFrame:
    """Summary of all metrics, one row for each model.

    Parameters
    ----------
    metrics : pandas.DataFrame
        ``baselines.csv``: columns model, split, metric, value.

    Returns
    -------
    pandas.DataFrame
        For R², RMSE and MAPE the mean and standard deviation over the blocked folds and over the
        rolling windows, and the value of the holdout; CRPS of the blocked folds and of the holdout;
        coverage of 90% intervals over all splits; stability, agreement, and error against the
        truth; the mediator's R² in the test and training weeks of the holdout; seconds in total.
        Missing where a model has no such metric.
    """
    table: Any = metrics.pivot_table(
        index="model", columns=["split", "metric"], values="value", sort=False, dropna=False
    )

    def over(kind: str, metric: str) -> pd.DataFrame:
        chosen = [c for c in table if c[0].startswith(kind) and c[1] == metric]
        return pd.DataFrame(table[chosen])

    summary = {}
    for kind in (BLOCKED, ROLLING):
        for metric in ("r2", "rmse", "mape"):
            values = over(kind, metric)
            summary[f"{metric}_{kind}"] = values.mean(axis=1)
            summary[f"{metric}_{kind}_sd"] = values.std(axis=1, ddof=1)
    for metric in ("r2", "rmse", "mape", "crps"):
        summary[f"{metric}_{HOLDOUT}"] = over(HOLDOUT, metric).mean(axis=1)
    summary[f"crps_{BLOCKED}"] = over(BLOCKED, "crps").mean(axis=1)
    predictive = [c for c in table if c[1] == "coverage_90" and c[0] != "truth"]
    summary["coverage_90"] = table[predictive].mean(axis=1)
    for name in ("stability", "agreement"):
        summary[name] = over("all", name).mean(axis=1)
    for metric in ("error", "bias", "coverage_90"):
        summary[f"truth_{metric}"] = over("truth", metric).mean(axis=1)
    summary["mediator_r2"] = over(HOLDOUT, "mediator_r2").mean(axis=1)
    summary["mediator_r2_train"] = over(HOLDOUT, "mediator_r2_train").mean(axis=1)
    summary["seconds"] = table[[c for c in table if c[1] == "seconds"]].sum(axis=1)
    order = list(dict.fromkeys(metrics["model"]))
    return pd.DataFrame(summary).reindex(order).rename_axis("model").reset_index()
