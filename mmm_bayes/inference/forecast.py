"""Forecasts of weeks that were not fitted, given their spends and controls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.data.continuation import append_plan
from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.design import Design, arrange
from mmm_bayes.diagnostics.check import verdict_record
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.files import check_writable, write_text
from mmm_bayes.inference import runs
from mmm_bayes.inference.predictive import ignore_demand, predict
from mmm_bayes.inference.refit import prepare_refit
from mmm_bayes.text import number

TABLE, RECORD = "forecast.csv", "forecast.json"
#: Distance of a planned control from its fitted range, in widths of the range, that is warned of.
BEYOND = 0.25
COLUMNS = (
    "window_start", "horizon", "date", "unit", "mean", "median", "lower", "upper", "observed",
)  # fmt: skip


def forecast_table(
    draws: xr.DataArray, observed: xr.DataArray | None, *, start: str, dates: list[str]
) -> pd.DataFrame:
    """Tidy table of predicted weeks.

    Parameters
    ----------
    draws : xarray.DataArray, dims (sample, horizon, unit)
        Predictive draws, in the outcome's units.
    observed : xarray.DataArray, dims (horizon, unit), or None
        Observed outcome, if known.
    start : str
        First day of the fitted weeks.
    dates : list of str
        Dates of the predicted weeks.

    Returns
    -------
    pandas.DataFrame
        Columns window_start, horizon (weeks ahead, from 1), date, unit, mean, median, lower, upper
        (90% predictive interval), observed (empty if not known).
    """
    lower, median, upper = (
        draws.quantile(share, "sample").values for share in (INTERVAL[0], 0.5, INTERVAL[1])
    )
    mean = draws.mean("sample").values
    rows = [
        (
            start, h + 1, date, unit, mean[h, u], median[h, u], lower[h, u], upper[h, u],
            np.nan if observed is None else float(observed.values[h, u]),
        )
        for h, date in enumerate(dates)
        for u, unit in enumerate(draws["unit"].values)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def append_total(values: xr.DataArray) -> xr.DataArray:
    """Values with the sum over a panel's units appended as the unit "all".

    Parameters
    ----------
    values : xarray.DataArray, dims (..., unit, ...)
        Returned as they are for a single unit.
    """
    if values.sizes["unit"] == 1:
        return values
    total = values.sum("unit").expand_dims(unit=[ALL_UNITS])
    return xr.concat([values, total], "unit").transpose(*values.dims)


def write_forecast(folder: Path, spends: Path, out: Path, file: Path | None = None) -> list[str]:
    """Forecast the weeks of a plan with a finished run, and write ``forecast.csv``.

    ``forecast.json`` beside it names the run and the plan, and has the run's verdict.

    Parameters
    ----------
    folder : pathlib.Path
        Run folder.
    spends : pathlib.Path
        The plan: a table with the columns of the fitted table except the outcome.
    out : pathlib.Path
        Folder to write to.
    file : pathlib.Path, optional
        Model file, if the model is not a member of the family.

    Returns
    -------
    list of str
        Warnings, one sentence for each channel or control whose plan is an extrapolation.

    Raises
    ------
    InputError
        If the folder is not a finished run, the model is not the one that was fitted, or the plan
        does not continue the fitted weeks.
    """
    check_writable(out)
    run = runs.load(folder)
    refit = prepare_refit(run, file)
    fitted = refit.design.dataset
    dataset = append_plan(fitted, spends)
    weeks = slice(fitted.data.sizes["time"], dataset.data.sizes["time"])
    ahead = arrange(dataset, refit.design.form, refit.design.scaling, weeks)
    draws = run.draws["posterior"].to_dataset()
    model = refit.member.build(refit.design)
    planned = ignore_demand(draws)
    predictions = predict(model, planned, ahead, seed=int(run.record["seed"]))["outcome"]
    samples = predictions.stack(sample=("chain", "draw"), create_index=False)
    table = forecast_table(
        append_total(samples.transpose("sample", "time", "unit").rename(time="horizon")),
        None,
        start=str(fitted.data["time"].values[0])[:10],
        dates=[str(day)[:10] for day in ahead.arrays["time"].values],
    )
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    warnings = list(_extrapolation_warnings(ahead))
    record = {
        "run": str(folder),
        "model": run.record["model"],
        "spends": str(spends),
        "warnings": warnings,
        **verdict_record(run.diagnostics),
    }
    write_text(out / TABLE, text)
    write_text(out / RECORD, json.dumps(record, indent=1) + "\n")
    return warnings


def _extrapolation_warnings(ahead: Design) -> Iterator[str]:
    """Warnings on channels planned above every fitted week, and on controls far outside them."""
    data, step = ahead.dataset.data, ahead.dataset.step
    before, after = data.isel(time=slice(0, ahead.weeks.start)), data.isel(time=ahead.weeks)
    for channel in ahead.dataset.channels:
        highest, planned = (
            part["exposure"].sel(channel=channel).max("time") for part in (before, after)
        )
        if bool((planned > highest).any()):
            factor = float((planned / highest.where(highest > 0)).max())
            problem = (
                f"is planned at up to {number(factor)} times its highest fitted {step.noun}"
                if np.isfinite(factor)
                else f"is planned, but was never on in the fitted {step.plural}"
            )
            yield f"{channel} {problem}; its response there is an extrapolation of the curve"
    for control in ahead.dataset.description.controls:
        fitted, planned = (part["controls"].sel(control=control) for part in (before, after))
        low, high = fitted.min("time"), fitted.max("time")
        beyond = xr.concat([planned - high, low - planned], "side").max("side")
        far = beyond > BEYOND * (high - low)
        if bool(far.any()):
            position = np.where(far.values, beyond.values, -np.inf).argmax()
            worst = float(planned.transpose(*far.dims).values.flat[position])
            yield (
                f"{control} is planned at {number(worst)}, but lies between "
                f"{number(float(low.min()))} and {number(float(high.max()))} in the fitted "
                f"{step.plural}; its effect there is an extrapolation"
            )
