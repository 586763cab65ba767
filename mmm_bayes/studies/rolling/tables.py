"""Tables of a rolling job, computed from its windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.splits import Split
from mmm_bayes.data.step import Step
from mmm_bayes.diagnostics.scores import predictive_scores
from mmm_bayes.estimands import STATISTICS
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.inference import forecast as forecasting
from mmm_bayes.studies.rolling.stability import (
    CLASSES,
    coefficient_of_variation,
    stability_class,
    true_values,
    window_covariance,
)
from mmm_bayes.studies.rolling.windows import QUANTITIES

#: Quantities that are compared over windows; none grows with their length. Direct and indirect
#: effects are divided by the number of weeks.
COMPARED = (
    "contribution", "contribution_share", "direct", "indirect", "roas", "retention",
    "half_saturation",
)  # fmt: skip
PER_WEEK = ("direct", "indirect")
SCORES = ("crps", "coverage_90", "r2", "rmse", "mape")


def rolling_table(windows: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Estimates of every window: the table of ``rolling.csv``.

    Parameters
    ----------
    windows : sequence of xarray.Dataset
        Results of `fit_window`, in order.

    Returns
    -------
    pandas.DataFrame
        Columns window_start, window_end, unit, channel, estimand, mean, median, sd, lower, upper.
    """
    rows = []
    for window in windows:
        for name in QUANTITIES:
            summary = window[f"{name}_summary"].sel(statistic=list(STATISTICS))
            rows += [
                (
                    window.attrs["window_start"], window.attrs["window_end"], unit, channel, name,
                    *summary.values[:, u, c],
                )
                for u, unit in enumerate(summary["unit"].values)
                for c, channel in enumerate(summary["channel"].values)
                if np.isfinite(summary.values[:, u, c]).all()
            ]  # fmt: skip
    head = ["window_start", "window_end", "unit", "channel", "estimand", *STATISTICS]
    return pd.DataFrame(rows, columns=head)


def stability_table(
    windows: Sequence[xr.Dataset], splits: Sequence[Split], *, seed: int
) -> pd.DataFrame:
    """Variation of each quantity over the windows: the table of ``stability.csv``.

    Parameters
    ----------
    windows : sequence of xarray.Dataset
        Results of `fit_window`, in order.

    Returns
    -------
    pandas.DataFrame
        Columns unit, channel, estimand; cv, cv_lower, cv_upper (median and 90% interval of the
        coefficient of variation of the true values) and its class; p_stable, p_moderate and
        p_volatile, the posterior probabilities of the classes; near_zero, whether the sign of the
        mean over the windows is uncertain, so that a change relative to it means little; cv_naive,
        the coefficient of variation of the posterior means, noise included; change, change_lower
        and change_upper, the last window's true value less the first's, in shares of the mean over
        windows; held, whether the first window's interval contains the last one's median; windows,
        the number of windows that are compared: those in which the channel is on. A
        quantity that is 0 by construction, or known in one window only, has no row.
    """
    rows = []
    for name in COMPARED:
        summaries = [window[f"{name}_summary"] for window in windows]
        if name in PER_WEEK:
            weeks = [split.train.stop - split.train.start for split in splits]
            summaries = [values / number for values, number in zip(summaries, weeks, strict=True)]
        table = xr.concat(summaries, "window", coords="minimal", compat="override")
        for unit in table["unit"].values:
            for channel in table["channel"].values:
                summary = table.sel(unit=unit, channel=channel)
                row = _stability_row(summary, splits, seed)
                if row is not None:
                    rows.append({"unit": unit, "channel": channel, "estimand": name} | row)
    return pd.DataFrame(rows)


def _stability_row(
    summary: xr.DataArray, splits: Sequence[Split], seed: int
) -> dict[str, object] | None:
    """Row of the table of stability; None for what fewer than two windows estimate."""
    sd = summary.sel(statistic="sd")
    finite = summary.notnull().all("statistic")
    known = np.flatnonzero(((sd > 0) & finite).values).tolist()
    if len(known) < 2:
        return None
    summary = summary.isel(window=known)
    covariance = window_covariance([splits[window] for window in known])
    value = {str(name): summary.sel(statistic=name).values for name in summary["statistic"].values}
    draws = true_values(value["mean"], value["sd"], covariance, seed=seed)
    cv = coefficient_of_variation(draws)
    lower, median, upper = np.quantile(cv, [INTERVAL[0], 0.5, INTERVAL[1]])
    size = np.abs(draws.mean())
    change = np.quantile((draws[:, -1] - draws[:, 0]) / size, [0.5, *INTERVAL])
    p_positive = float((draws.mean(1) > 0).mean())
    classes = np.searchsorted(list(CLASSES.values()), cv, side="right")
    return {
        "cv": median,
        "cv_lower": lower,
        "cv_upper": upper,
        "class": stability_class(median),
        **{f"p_{name}": float((classes == index).mean()) for index, name in enumerate(CLASSES)},
        "near_zero": min(p_positive, 1 - p_positive) > INTERVAL[0],
        "cv_naive": value["mean"].std(ddof=1) / np.abs(value["mean"].mean()),
        "change": change[0],
        "change_lower": change[1],
        "change_upper": change[2],
        "held": bool(value["lower"][0] <= value["median"][-1] <= value["upper"][0]),
        "windows": len(known),
    }


def forecast_table(windows: Sequence[xr.Dataset], step: Step) -> pd.DataFrame:
    """Forecasts of every window beside the observed outcome: the table of ``forecast.csv``.

    Parameters
    ----------
    windows : sequence of xarray.Dataset
        Results of `fit_window`, in order.
    step : Step
        Distance between the table's dates.
    """
    parts = []
    for window in windows:
        if "prediction" not in window:
            continue
        horizon = window["horizon"].values
        dates = step.dates(pd.Timestamp(window.attrs["window_end"]), int(horizon.max()) + 1)
        parts.append(
            forecasting.forecast_table(
                window["prediction"].astype(float),
                window["observed"],
                start=window.attrs["window_start"],
                dates=[f"{day:%Y-%m-%d}" for day in dates[horizon]],
            )
        )
    return pd.concat(parts) if parts else pd.DataFrame(columns=list(forecasting.COLUMNS))


def score_table(windows: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Scores of the forecasts at each horizon, over windows: the table of ``scores.csv``.

    Parameters
    ----------
    windows : sequence of xarray.Dataset
        Results of `fit_window`, in order.

    Returns
    -------
    pandas.DataFrame
        Columns horizon, unit, values (the number of scored values), crps, coverage_90, r2, rmse
        and mape; horizon "all" pools all horizons.
    """
    predicted = [
        (window["prediction"], window["observed"]) for window in windows if "prediction" in window
    ]
    if not predicted:
        return pd.DataFrame(columns=["horizon", "unit", "values", *SCORES])
    longest = max(draws.sizes["horizon"] for draws, _ in predicted)
    rows = []
    for horizon in [*range(1, longest + 1), ALL_UNITS]:
        pairs = [
            (draws, observed)
            if horizon == ALL_UNITS
            else (draws.sel(horizon=[horizon]), observed.sel(horizon=[horizon]))
            for draws, observed in predicted
            if horizon == ALL_UNITS or horizon in draws["horizon"].values
        ]
        draws = xr.concat([pair[0].drop_vars("horizon") for pair in pairs], "horizon")
        observed = xr.concat([pair[1].drop_vars("horizon") for pair in pairs], "horizon")
        for unit in draws["unit"].values:
            score = predictive_scores(
                observed.sel(unit=[unit]).rename(horizon="time"),
                draws.sel(unit=[unit]).rename(horizon="time", sample="draw").expand_dims("chain"),
            )
            rows.append(
                {"horizon": horizon, "unit": unit, "values": int(score["weeks"] or 0)}
                | {name: score[name] for name in SCORES}
            )
    return pd.DataFrame(rows)
