"""Weeks that were not fitted, predicted from the posterior, their spends and controls given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

from mmm_bayes import runs
from mmm_bayes.dataset.ahead import continued
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.design import Design, arrange, data_names
from mmm_bayes.estimands.summary import INTERVAL
from mmm_bayes.evaluation import parameters
from mmm_bayes.files import write_text
from mmm_bayes.refitting import refit
from mmm_bayes.sampling import predictive

TABLE = "forecast.csv"
COLUMNS = (
    "window_start", "horizon", "date", "unit", "mean", "median", "lower", "upper", "observed",
)  # fmt: skip


def predict(model: pm.Model, draws: xr.Dataset, ahead: Design, *, seed: int) -> xr.Dataset:
    """Predictive draws of the observed variables in other weeks.

    Parameters
    ----------
    model : pymc.Model
        Of the fit, not compiled.
    draws : xarray.Dataset
        Posterior with its deterministics.
    ahead : Design
        The weeks, arranged by the scaling of the fit. Carryover reaches back over the real weeks
        before them. Their mediator is taken as known: it is a channel whose spend is given.
    seed : int

    Returns
    -------
    xarray.Dataset
        ``outcome`` and, in a mediated model, ``mediator`` (chain, draw, time, unit).
    """
    data = {name: ahead.arrays[name].values for name in data_names(ahead)}
    labels = {"time": ahead.arrays["time"].values, "unit": ahead.arrays["unit"].values}
    made = predictive(model, seed=seed).labelled(draws[parameters(model)], data)
    return made.assign_coords({name: labels[name] for name in labels if name in made.dims})


def table(
    draws: xr.DataArray, observed: xr.DataArray | None, *, start: str, dates: list[str]
) -> pd.DataFrame:
    """The tidy table of predicted weeks.

    Parameters
    ----------
    draws : xarray.DataArray, dims (sample, horizon, unit)
    observed : xarray.DataArray, dims (horizon, unit), or None
        What came, where it is known.
    start : str
        First day of the weeks that were fitted.
    dates : list of str
        Of the predicted weeks.

    Returns
    -------
    pandas.DataFrame
        Columns window_start, horizon (weeks ahead, from 1), date, unit, mean, median, lower, upper
        (90% predictive interval), observed (empty where not known).
    """
    lower, middle, upper = (
        draws.quantile(end, "sample").values for end in (INTERVAL[0], 0.5, INTERVAL[1])
    )
    mean = draws.mean("sample").values
    rows = [
        (
            start, h + 1, date, unit, mean[h, u], middle[h, u], lower[h, u], upper[h, u],
            np.nan if observed is None else float(observed.values[h, u]),
        )
        for h, date in enumerate(dates)
        for u, unit in enumerate(draws["unit"].values)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def with_all(values: xr.DataArray) -> xr.DataArray:
    """The same with the sum over the units of a panel appended as the unit "all"."""
    if values.sizes["unit"] == 1:
        return values
    whole = values.sum("unit").expand_dims(unit=[WHOLE])
    return xr.concat([values, whole], "unit").transpose(*values.dims)


def forecast(folder: Path, spends: Path, out: Path, file: Path | None = None) -> list[str]:
    """Predict weeks to come from a finished run and a plan, and write ``forecast.csv``.

    Parameters
    ----------
    folder : pathlib.Path
        Of the run.
    spends : pathlib.Path
        The plan: a table with the fitted table's columns but the outcome.
    out : pathlib.Path
        Folder to write into.
    file : pathlib.Path, optional
        The model file, where it is not a member of the family.

    Returns
    -------
    list of str
        What to be careful about, a sentence each.

    Raises
    ------
    InputError
    """
    run = runs.load(folder)
    again = refit(run, file)
    known = again.design.dataset
    whole = continued(known, spends)
    weeks = slice(known.data.sizes["time"], whole.data.sizes["time"])
    ahead = arrange(whole, again.design.form, again.design.scaling, weeks)
    draws = run.draws["posterior"].to_dataset()
    model = again.member.build(again.design)
    made = predict(model, draws, ahead, seed=int(run.record["seed"]))["outcome"]
    sampled = made.stack(sample=("chain", "draw"), create_index=False)
    rows = table(
        with_all(sampled.transpose("sample", "time", "unit").rename(time="horizon")),
        None,
        start=str(known.data["time"].values[0])[:10],
        dates=[str(day)[:10] for day in ahead.arrays["time"].values],
    )
    text = rows.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_text(out / TABLE, text)
    return list(_beyond(ahead))


def _beyond(ahead: Design) -> Iterator[str]:
    """Channels that are planned to spend more in a week than in any fitted one."""
    data = ahead.dataset.data["exposure"]
    before, after = data.isel(time=slice(0, ahead.weeks.start)), data.isel(time=ahead.weeks)
    for channel in ahead.dataset.channels:
        most, planned = (part.sel(channel=channel).max("time") for part in (before, after))
        more = planned > most
        if bool(more.any()):
            factor = float((planned / most.where(most > 0)).max())
            how = (
                f"is planned at up to {factor:.2g} times the most that a fitted week had"
                if np.isfinite(factor)
                else "is planned, and was never on in the fitted weeks"
            )
            yield f"{channel} {how}; its response there is an extrapolation of the curve"
