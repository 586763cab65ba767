"""What the classical models rest on: coefficients, importances, curves, residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.plots import baselines as draw
from mmm_bayes.plots import residuals as left_over
from mmm_bayes.plots.style import figure
from mmm_bayes.report.baselines.folder import TWO_STAGE, Compared, best_of_families
from mmm_bayes.report.picture import Picture

#: Features that a picture has room for.
ROOM = 18
COLUMNS = 3


def coefficients(told: Compared) -> Picture:
    """Coefficients of the linear models, with bootstrap intervals."""
    rows = told.tables["coefficients"].query("stage == 'outcome'")
    rows = rows[~rows["model"].str.startswith(TWO_STAGE)]
    if rows.empty:
        rows = told.tables["coefficients"].query("stage == 'outcome'")
    order = [f for f in told.channels if (rows["feature"] == f).any()]
    order += [f for f in dict.fromkeys(rows["feature"]) if f not in order]
    names = order[:ROOM]
    made, axes = figure(height=1.2 + 0.32 * len(names))
    draw.coefficients(axes[0, 0], rows, names)
    return Picture(
        "coefficients",
        "Coefficients of the linear models with bootstrap intervals.",
        "Coefficients on scaled columns (a channel's is of its saturated exposure), with 90% "
        "intervals of the block bootstrap given the tuned choices. Models may have chosen another "
        "saturation or scaling, so their steps differ."
        + (f" The first {ROOM} of {len(order)} columns are shown." if len(order) > ROOM else ""),
        made,
        vector=True,
    )


def importances(told: Compared) -> Picture:
    """What forecasts lose when a column is shuffled."""
    rows = told.tables["importance"]
    wide = rows.pivot_table(index="feature", columns="model", values="permutation", sort=False)
    wide = wide.loc[wide.max(axis=1).sort_values(ascending=False).index[:ROOM]]
    made, axes = figure(height=1.8 + 0.27 * len(wide), width=10)
    draw.importances(axes[0, 0], wide)
    return Picture(
        "importances",
        "Permutation importance of each column in each model.",
        "What R² in the last fifth loses when a column is shuffled among those weeks (fits that "
        f"had not seen them); at most the {ROOM} columns that matter most to some model. Near 0 or "
        "below: the forecast does not need the column.",
        made,
        vector=True,
    )


def dependence(told: Compared) -> Picture:
    """The outcome over each channel's exposure, all else as it was."""
    rows = told.tables["partial_dependence"]
    chosen = list(best_of_families(told, classical=True).values())
    rows = rows[rows["model"].isin(chosen)]
    main = next((m for m in chosen if told.families[m] == "trees"), chosen[0])
    across = min(COLUMNS, len(told.channels))
    down = -(-len(told.channels) // across)
    made, axes = figure(down, across, width=10, height=2.9 * down)
    for at, channel in enumerate(told.channels):
        draw.dependence(
            axes[at // across, at % across], rows[rows["channel"] == channel], main=main,
            title=channel,
        )  # fmt: skip
    for at in range(len(told.channels), down * across):
        axes[at // across, at % across].set_axis_off()
    axes[0, 0].legend(fontsize=6.5)
    return Picture(
        "dependence",
        "Partial dependence of the outcome on each channel.",
        f"{told.outcome} in a week by the channel's exposure, had it been the same in all weeks, "
        f"everything else as it was. Lines: means over weeks. Grey: single weeks of {main} "
        "(individual conditional expectations). Steps and flat ends are those of trees, which know "
        "no exposure that they have not seen.",
        made,
        vector=True,
    )


def shapley(told: Compared) -> Picture:
    """What each column adds to each prediction of one model of trees."""
    rows = told.tables["shapley"]
    model = "lightgbm" if (rows["model"] == "lightgbm").any() else str(rows["model"].iloc[0])
    rows = rows[rows["model"] == model]
    size = rows.assign(size=rows["shapley"].abs()).groupby("feature")["size"].mean()
    names = [str(name) for name in size.sort_values(ascending=False).index[:ROOM]]
    made, axes = figure(height=1.0 + 0.27 * len(names))
    draw.shapley(axes[0, 0], rows, names)
    return Picture(
        "shapley",
        f"Shapley values of the columns of {model}.",
        f"How {model} puts its predictions together: what each column adds in each week to the "
        "mean prediction. It explains the model, not the market: a column that stands for another "
        "gets its share.",
        made,
    )


def residuals(told: Compared) -> Picture:
    """Residuals of the best model of each family."""
    rows = told.tables["predictions"].query("split == 'all'")
    acf = told.tables["residuals"]
    models = list(best_of_families(told, classical=True).values())
    made, axes = figure(len(models), 3, width=10, height=2.5 * len(models))
    for at, model in enumerate(models):
        one = rows[rows["model"] == model].copy()
        one["date"] = pd.to_datetime(one["date"])
        error = one["observed"] - one["predicted"]
        one["left"] = error / error.groupby(one["unit"]).transform("std")
        left = one.set_index(["date", "unit"])["left"].to_xarray().rename(date="time")
        fitted = one.set_index(["date", "unit"])["predicted"].to_xarray().rename(date="time")
        left_over.over_time(axes[at, 0], left)
        left_over.against_fitted(axes[at, 1], left, fitted, name=told.outcome)
        lags = acf[(acf["model"] == model) & acf["test"].str.startswith("acf_")]
        steps = lags["test"].str.removeprefix("acf_").astype(int)
        found = xr.DataArray(
            np.array([1.0, *lags["statistic"]])[:, None],
            dims=("lag", "unit"),
            coords={"lag": [0, *steps]},
        )
        band = xr.DataArray([1.96 / np.sqrt(left.sizes["time"])], dims="unit")
        left_over.autocorrelation(axes[at, 2], found, band)
        axes[at, 0].set_title(f"{model}: over time")
    return Picture(
        "residuals",
        "Residuals of the best model of each family over time, against the fit, and over lags.",
        "Residuals in the weeks fitted, in standard deviations, of the best model of each family. "
        "Bars beyond the dotted lines are more autocorrelation than independent errors have.",
        made,
    )
