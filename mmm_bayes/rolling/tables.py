"""The tables of a rolling job, from its windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes import forecasting
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.diagnostics.scores import scores
from mmm_bayes.estimands import STATISTICS
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.rolling.stability import (
    CLASSES,
    Windows,
    class_of,
    true_values,
    variation,
    windows_of,
)
from mmm_bayes.rolling.windows import QUANTITIES
from mmm_bayes.splits import Split

#: What is compared over windows: nothing that grows with their length. Direct and indirect effects
#: are divided by the weeks.
COMPARED = (
    "contribution", "contribution_share", "direct", "indirect", "roas", "retention",
    "half_saturation",
)  # fmt: skip
PER_WEEK = ("direct", "indirect")
SCORES = ("crps", "coverage_90", "r2", "rmse", "mape")


def rolling(windows: Sequence[xr.Dataset]) -> pd.DataFrame:
    """The table of ``rolling.csv``: every answer of every window.

    Parameters
    ----------
    windows : sequence of xarray.Dataset
        As `fit_window` gives them, in order.
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


def stability(windows: Sequence[xr.Dataset], splits: Sequence[Split], *, seed: int) -> pd.DataFrame:
    """The table of ``stability.csv``: how much each answer really varied over the windows.

    Parameters
    ----------
    windows : sequence of xarray.Dataset
        As `fit_window` gives them.
    splits : sequence of Split
    seed : int

    Returns
    -------
    pandas.DataFrame
        Columns unit, channel, estimand; cv, cv_lower, cv_upper (median and 90% interval of the
        coefficient of variation of the true values) and its class; p_stable, p_moderate and
        p_volatile, the posterior probabilities of the classes; near_zero, whether the mean over the
        windows can't be told from 0, and nothing relative to it means much; cv_naive, that of the
        posterior means, noise included; change, change_lower and change_upper, the last window's
        true value less the first's, in shares of the mean over windows; held, whether the first
        window's interval holds the last one's median. What is 0 by construction has no row.
    """
    known = windows_of(splits)
    rows = []
    for name in COMPARED:
        each = [window[f"{name}_summary"] for window in windows]
        if name in PER_WEEK:
            weeks = [split.train.stop - split.train.start for split in splits]
            each = [values / number for values, number in zip(each, weeks, strict=True)]
        table = xr.concat(each, "window", coords="minimal", compat="override")
        for unit in table["unit"].values:
            for channel in table["channel"].values:
                one = table.sel(unit=unit, channel=channel)
                told = _varied(one, known, seed)
                if told is not None:
                    rows.append({"unit": unit, "channel": channel, "estimand": name} | told)
    return pd.DataFrame(rows)


def _varied(one: xr.DataArray, known: Windows, seed: int) -> dict[str, object] | None:
    """A row of the table of stability; None for what has no values or is 0 by construction."""
    value = {str(name): one.sel(statistic=name).values for name in one["statistic"].values}
    if not np.isfinite([value["mean"], value["sd"]]).all() or (value["sd"] == 0).any():
        return None
    draws = true_values(value["mean"], value["sd"], known, seed=seed)
    cv = variation(draws)
    lower, middle, upper = np.quantile(cv, [INTERVAL[0], 0.5, INTERVAL[1]])
    size = np.abs(draws.mean())
    change = np.quantile((draws[:, -1] - draws[:, 0]) / size, [0.5, *INTERVAL])
    above = float((draws.mean(1) > 0).mean())
    classes = np.searchsorted(list(CLASSES.values()), cv, side="right")
    return {
        "cv": middle,
        "cv_lower": lower,
        "cv_upper": upper,
        "class": class_of(middle),
        **{f"p_{name}": float((classes == at).mean()) for at, name in enumerate(CLASSES)},
        "near_zero": min(above, 1 - above) > INTERVAL[0],
        "cv_naive": value["mean"].std(ddof=1) / np.abs(value["mean"].mean()),
        "change": change[0],
        "change_lower": change[1],
        "change_upper": change[2],
        "held": bool(value["lower"][0] <= value["median"][-1] <= value["upper"][0]),
    }


def forecast(windows: Sequence[xr.Dataset], step_days: int) -> pd.DataFrame:
    """The table of ``forecast.csv``: every predicted week of every window, and what came.

    Parameters
    ----------
    windows : sequence of xarray.Dataset
        As `fit_window` gives them.
    step_days : int
        Days from one date to the next.
    """
    parts = []
    for window in windows:
        if "prediction" not in window:
            continue
        last = np.datetime64(window.attrs["window_end"], "D")
        ahead = window["horizon"].values * np.timedelta64(step_days, "D")
        parts.append(
            forecasting.table(
                window["prediction"].astype(float),
                window["observed"],
                start=window.attrs["window_start"],
                dates=[str(day) for day in last + ahead],
            )
        )
    return pd.concat(parts) if parts else pd.DataFrame(columns=list(forecasting.COLUMNS))


def forecast_scores(windows: Sequence[xr.Dataset]) -> pd.DataFrame:
    """The table of ``scores.csv``: the forecasts of each horizon, over all windows that have it.

    Returns
    -------
    pandas.DataFrame
        Columns horizon, unit, values (how many are scored), and those of
        `mmm_bayes.diagnostics.scores`; horizon "all" is all of them together.
    """
    predicted = [
        (window["prediction"], window["observed"]) for window in windows if "prediction" in window
    ]
    if not predicted:
        return pd.DataFrame(columns=["horizon", "unit", "values", *SCORES])
    longest = max(draws.sizes["horizon"] for draws, _ in predicted)
    rows = []
    for horizon in [*range(1, longest + 1), WHOLE]:
        pairs = [
            (draws, observed)
            if horizon == WHOLE
            else (draws.sel(horizon=[horizon]), observed.sel(horizon=[horizon]))
            for draws, observed in predicted
            if horizon == WHOLE or horizon in draws["horizon"].values
        ]
        draws = xr.concat([pair[0].drop_vars("horizon") for pair in pairs], "horizon")
        observed = xr.concat([pair[1].drop_vars("horizon") for pair in pairs], "horizon")
        for unit in draws["unit"].values:
            found = scores(
                observed.sel(unit=[unit]).rename(horizon="time"),
                draws.sel(unit=[unit]).rename(horizon="time", sample="draw").expand_dims("chain"),
            )
            rows.append(
                {"horizon": horizon, "unit": unit, "values": int(found["weeks"] or 0)}
                | {name: found[name] for name in SCORES}
            )
    return pd.DataFrame(rows)
