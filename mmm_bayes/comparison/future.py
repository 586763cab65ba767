"""Leave-future-out prediction: each week from the weeks before it alone.

The model is fitted to the first weeks, and its posterior carried forward by importance sampling
until the weights grow unreliable; then it is fitted anew (Bürkner, Gabry, Vehtari 2020,
*Approximate leave-future-out cross-validation for Bayesian time series models*). Spends, controls
and the mediator of the predicted week are taken as known.
"""

from __future__ import annotations

import warnings
from typing import Any

import arviz_stats as azs
import xarray as xr

from mmm_bayes.design import Design, arrange, design
from mmm_bayes.errors import InputError
from mmm_bayes.fitting import FEWEST

#: Share of the weeks, the first ones, that the first fit sees.
SHARE = 0.6


def first_weeks(weeks: int, horizon: int) -> int:
    """Number of weeks that the first fit sees.

    Parameters
    ----------
    weeks : int
        Of the table.
    horizon : int
        Weeks ahead that are predicted together.

    Raises
    ------
    InputError
        If the table is too short for it.
    """
    first = round(SHARE * weeks)
    if first < FEWEST or first + horizon > weeks:
        raise InputError(
            f"leave-future-out would start from the first {first} of {weeks} weeks and look "
            f"{horizon} ahead, but needs at least {FEWEST} to start from and one to predict; "
            "compare without it"
        )
    return first


def unpeeked(whole: Design, first: int) -> Design:
    """All weeks of a design, scaled by what its first weeks alone could tell.

    Parameters
    ----------
    whole : Design
    first : int
        Weeks.

    Raises
    ------
    InputError
        If a covariate is constant, or a combination of others, over those weeks.
    """
    try:
        scaling = design(whole.dataset, whole.form, slice(0, first)).scaling
    except InputError as error:
        raise InputError(
            f"leave-future-out starts from the first {first} weeks, and {error}; or compare "
            "without it"
        ) from error
    return arrange(whole.dataset, whole.form, scaling)


def leave_future_out(refits: Any, log_likelihood: xr.DataArray, first: int, horizon: int) -> Any:
    """ELPD of each week given the weeks before it, all units jointly.

    Parameters
    ----------
    refits : arviz_stats.SamplingWrapper
        On the design of `unpeeked`.
    log_likelihood : xarray.DataArray, dims (chain, draw, time)
        Of the outcome, from the fit to all weeks.
    first : int
        Weeks that the first fit sees.
    horizon : int
        Weeks that are predicted together from each origin.

    Returns
    -------
    arviz_stats.ELPDDataLFO
        With its pointwise values ``elpd_i (time)``, labelled by the first week predicted.
    """
    with warnings.catch_warnings():  # many refits are slow, not wrong: they are exact
        warnings.filterwarnings("ignore", message="LFO-CV triggered")
        return azs.lfo_cv(
            xr.DataTree.from_dict({"log_likelihood": log_likelihood.to_dataset(name="outcome")}),
            refits,
            min_observations=first,
            forecast_horizon=horizon,
            var_name="outcome",
            pointwise=True,
        )
