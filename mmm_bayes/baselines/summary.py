"""One table over all models: their forecasts, their honesty, and what their answers are worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm_bayes.baselines.validation import BLOCKED, LAST, ROLLING
from mmm_bayes.dataset.loading import WHOLE


def of_all(contributions: pd.DataFrame, estimand: str) -> pd.DataFrame:
    """Rows of one estimand of the whole table: of its one unit, or of the sum of its units."""
    rows = contributions[contributions["estimand"] == estimand]
    return rows[rows["unit"] == WHOLE] if (rows["unit"] == WHOLE).any() else rows


def stability(windows: pd.DataFrame) -> dict[str, float]:
    """How much each model's shares of the channels vary from window to window.

    The standard deviation over windows of a channel's share of the outcome, averaged over channels
    and divided by the average absolute share: channels that do nothing don't drive it.
    """
    found = {}
    for model, rows in windows.groupby("model", sort=False):
        shares = rows.pivot(index="split", columns="channel", values="share")
        size = shares.mean().abs().mean()
        found[str(model)] = float(shares.std(ddof=1).mean() / size) if size > 0 else np.nan
    return found


def agreement(contributions: pd.DataFrame) -> dict[str, float]:
    """Mean rank correlation (Spearman) of each model's channel totals with those of the others."""
    totals = of_all(contributions, "total").pivot(index="channel", columns="model", values="value")
    ranks = totals.rank()
    alike = ranks.loc[:, ranks.std() > 0].corr()
    return {str(model): float(alike[model].drop(model).mean()) for model in alike if len(alike) > 1}


def against_truth(contributions: pd.DataFrame, truth: Path) -> pd.DataFrame:
    """Each model's total effects against the simulated market's own.

    Parameters
    ----------
    contributions : pandas.DataFrame
    truth : pathlib.Path
        The file beside a simulated table.

    Returns
    -------
    pandas.DataFrame
        Columns model, channel, value, lower, upper, truth; empty without such a file.
    """
    head = ["model", "channel", "value", "lower", "upper", "truth"]
    if not truth.exists():
        return pd.DataFrame(columns=head)
    effects = pd.DataFrame(json.loads(truth.read_text(encoding="utf-8"))["effects"])
    known = of_all(effects, "total").set_index("channel")["value"]
    rows = of_all(contributions, "total")
    return rows.assign(truth=rows["channel"].map(known))[head].reset_index(drop=True)


def truth_metrics(found: pd.DataFrame, outcome: float) -> list[tuple[str, str, str, float]]:
    """Error, bias and coverage of each model's totals: rows of ``baselines.csv``.

    Parameters
    ----------
    found : pandas.DataFrame
        Of `against_truth`.
    outcome : float
        All of it: errors are shares of the outcome.
    """
    rows = []
    for model, one in found.groupby("model", sort=False):
        error = (one["value"] - one["truth"]) / outcome
        held = (one["lower"] <= one["truth"]) & (one["truth"] <= one["upper"])
        rows += [
            (str(model), "truth", "error", float(error.abs().mean())),
            (str(model), "truth", "bias", float(error.mean())),
            (str(model), "truth", "coverage_90", float(held.mean())),
        ]
    return rows


def summarise(metrics: pd.DataFrame) -> pd.DataFrame:
    """The one table.

    Parameters
    ----------
    metrics : pandas.DataFrame
        ``baselines.csv``.

    Returns
    -------
    pandas.DataFrame
        A row a model: for R², RMSE and MAPE the mean over the blocked folds and its spread
        (standard deviation), the same of the rolling windows, and the last fifth; CRPS of the
        blocked folds and of the last fifth, coverage of 90% intervals over all splits; stability,
        agreement, error against the truth; the mediator's R² in unseen and in trained weeks of the
        last split; seconds in all. Empty where a model has no such number.
    """
    table: Any = metrics.pivot_table(
        index="model", columns=["split", "metric"], values="value", sort=False, dropna=False
    )

    def over(kind: str, metric: str) -> pd.DataFrame:
        chosen = [c for c in table if c[0].startswith(kind) and c[1] == metric]
        return pd.DataFrame(table[chosen])

    found = {}
    for kind in (BLOCKED, ROLLING):
        for metric in ("r2", "rmse", "mape"):
            values = over(kind, metric)
            found[f"{metric}_{kind}"] = values.mean(axis=1)
            found[f"{metric}_{kind}_sd"] = values.std(axis=1, ddof=1)
    for metric in ("r2", "rmse", "mape", "crps"):
        found[f"{metric}_{LAST}"] = over(LAST, metric).mean(axis=1)
    found[f"crps_{BLOCKED}"] = over(BLOCKED, "crps").mean(axis=1)
    unseen = [c for c in table if c[1] == "coverage_90" and c[0] != "truth"]
    found["coverage_90"] = table[unseen].mean(axis=1)
    for name in ("stability", "agreement"):
        found[name] = over("all", name).mean(axis=1)
    for metric in ("error", "bias", "coverage_90"):
        found[f"truth_{metric}"] = over("truth", metric).mean(axis=1)
    found["mediator_r2"] = over(LAST, "mediator_r2").mean(axis=1)
    found["mediator_r2_train"] = over(LAST, "mediator_r2_train").mean(axis=1)
    found["seconds"] = table[[c for c in table if c[1] == "seconds"]].sum(axis=1)
    order = list(dict.fromkeys(metrics["model"]))
    return pd.DataFrame(found).reindex(order).rename_axis("model").reset_index()
