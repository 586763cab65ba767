"""Figures that explain the classical models: coefficients, importances, dependence, residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.plots import baselines as draw
from mmm_bayes.plots.residuals import (
    autocorrelation,
    residuals_against_fitted,
    residuals_over_time,
)
from mmm_bayes.plots.style import figure, panels
from mmm_bayes.report.baselines.folder import TWO_STAGE, BaselineResults, best_of_families
from mmm_bayes.report.picture import Picture

#: Most features in a figure.
MOST = 18
COLUMNS = 3


def coefficients(results: BaselineResults) -> Picture:
    """Coefficients of the linear models, with bootstrap intervals."""
    of_outcome = results.tables["coefficients"].query("stage == 'outcome'")
    rows = of_outcome[~of_outcome["model"].str.startswith(TWO_STAGE)]
    if rows.empty:
        rows = of_outcome
    features = [channel for channel in results.channels if (rows["feature"] == channel).any()]
    features += [name for name in dict.fromkeys(rows["feature"]) if name not in features]
    shown = features[:MOST]
    drawing, axes = figure(height=1.2 + 0.32 * len(shown))
    draw.coefficients(axes[0, 0], rows, shown)
    cut = f" The first {MOST} of {len(features)} columns are shown." if len(features) > MOST else ""
    return Picture(
        "coefficients",
        "Coefficients of the linear models with bootstrap intervals.",
        "Coefficients on scaled columns (of a channel, its saturated exposure), with 90% intervals "
        "of the block bootstrap given the tuned settings. Models may have tuned another saturation "
        f"or scaling, so their steps differ.{cut}",
        drawing,
        vector=True,
    )


def importances(results: BaselineResults) -> Picture:
    """Permutation importance of each column in each model."""
    rows = results.tables["importance"]
    wide = rows.pivot_table(index="feature", columns="model", values="permutation", sort=False)
    wide = wide.loc[wide.max(axis=1).sort_values(ascending=False).index[:MOST]]
    drawing, axes = figure(height=1.8 + 0.27 * len(wide), width=10)
    draw.importances(axes[0, 0], wide)
    return Picture(
        "importances",
        "Permutation importance of each column in each model.",
        "Loss of R² in the last fifth when a column is shuffled among those weeks (unseen by the "
        f"fits); at most the {MOST} columns that matter most to some model. Near 0 or below: the "
        "forecast does not need the column.",
        drawing,
        vector=True,
    )


def partial_dependence(results: BaselineResults) -> Picture:
    """Partial dependence of the outcome on each channel's exposure."""
    rows = results.tables["partial_dependence"]
    best = list(best_of_families(results, classical=True).values())
    rows = rows[rows["model"].isin(best)]
    main = next((model for model in best if results.families[model] == "trees"), best[0])
    drawing, axes = panels(len(results.channels), columns=COLUMNS, height=2.9, width=10)
    for ax, channel in zip(axes, results.channels, strict=True):
        draw.partial_dependence(ax, rows[rows["channel"] == channel], main=main, title=channel)
    axes[0].legend(fontsize=6.5)
    return Picture(
        "dependence",
        "Partial dependence of the outcome on each channel.",
        f"{results.outcome} in a week by the channel's exposure, had it been the same in all "
        f"weeks, everything else as it was. Lines: means over weeks. Grey: single weeks of {main} "
        "(individual conditional expectations). Steps and flat ends are those of trees, which "
        "can't extrapolate beyond the exposures they were trained on.",
        drawing,
        vector=True,
    )


def shapley_values(results: BaselineResults) -> Picture:
    """Shapley values of the columns of one model of trees."""
    rows = results.tables["shapley"]
    model = "lightgbm" if (rows["model"] == "lightgbm").any() else str(rows["model"].iloc[0])
    rows = rows[rows["model"] == model]
    sizes = rows["shapley"].abs().groupby(rows["feature"]).mean()
    names = [str(name) for name in sizes.sort_values(ascending=False).index[:MOST]]
    drawing, axes = figure(height=1.0 + 0.27 * len(names))
    draw.shapley_values(axes[0, 0], rows, names)
    return Picture(
        "shapley",
        f"Shapley values of the columns of {model}.",
        f"How {model} composes its predictions: what each column adds in each week to the mean "
        "prediction. It explains the model, not the market: a column that is correlated with "
        "another gets part of its effect.",
        drawing,
    )


def residuals(results: BaselineResults) -> Picture:
    """Residuals of the best model of each family."""
    rows = results.tables["predictions"].query("split == 'all'")
    tests = results.tables["residuals"]
    models = list(best_of_families(results, classical=True).values())
    drawing, axes = figure(len(models), 3, width=10, height=2.5 * len(models))
    for row, model in zip(axes, models, strict=True):
        weeks = rows[rows["model"] == model].assign(
            time=lambda table: pd.to_datetime(table["date"])
        )
        error = weeks["observed"] - weeks["predicted"]
        weeks["residual"] = error / error.groupby(weeks["unit"]).transform("std")
        labelled = weeks.set_index(["time", "unit"])[["residual", "predicted"]].to_xarray()
        residuals_over_time(row[0], labelled["residual"])
        residuals_against_fitted(
            row[1], labelled["residual"], labelled["predicted"], name=results.outcome
        )
        lags = tests[(tests["model"] == model) & tests["test"].str.startswith("acf_")]
        acf = xr.DataArray(
            lags["statistic"].to_numpy(),
            dims="lag",
            coords={"lag": lags["test"].str.removeprefix("acf_").astype(int).to_numpy()},
        )
        autocorrelation(row[2], acf, 1.96 / np.sqrt(labelled.sizes["time"]))
        row[0].set_title(f"{model}: over time")
    return Picture(
        "residuals",
        "Residuals of the best model of each family over time, against the fit, and over lags.",
        "Residuals in the weeks fitted, in standard deviations, of the best model of each family. "
        "Bars beyond the dotted lines are more autocorrelation than independent errors have.",
        drawing,
    )
