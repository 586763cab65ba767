"""Leave-future-out cross-validation: each week is predicted from the weeks before it.

The model is fitted to the first weeks, and its posterior is updated by importance sampling until
the weights become unreliable; then it is fitted again (Bürkner, Gabry, Vehtari 2020, *Approximate
leave-future-out cross-validation for Bayesian time series models*). Spends, controls and the
mediator of the predicted week are taken as known.
"""

from __future__ import annotations

import warnings
from typing import Any

import arviz_stats as azs
import xarray as xr

from mmm_bayes.data.design import Design, arrange, make_design
from mmm_bayes.errors import InputError
from mmm_bayes.inference.fit import MINIMUM_TRAINING_WEEKS

#: Share of the weeks that the first fit uses.
INITIAL_SHARE = 0.6


def initial_weeks(weeks: int, horizon: int) -> int:
    """Number of weeks that the first fit uses.

    Parameters
    ----------
    weeks : int
        Number of weeks of the table.
    horizon : int
        Number of weeks that are predicted jointly.

    Raises
    ------
    InputError
        If the table is too short.
    """
    first = round(INITIAL_SHARE * weeks)
    if first < MINIMUM_TRAINING_WEEKS or first + horizon > weeks:
        raise InputError(
            f"leave-future-out would start from the first {first} of {weeks} dates and predict "
            f"{horizon} ahead, but needs at least {MINIMUM_TRAINING_WEEKS} to start from and one "
            "to predict; compare without it"
        )
    return first


def rescale_by_initial_weeks(design: Design, first: int) -> Design:
    """The design with all weeks, scaled by its first weeks alone.

    Parameters
    ----------
    first : int
        Number of the first weeks.

    Raises
    ------
    InputError
        If the outcome never changes over those weeks.
    """
    try:
        scaling = make_design(design.dataset, design.form, slice(0, first)).scaling
    except InputError as error:
        raise InputError(
            f"leave-future-out starts from the first {first} dates, and {error}; or compare "
            "without it"
        ) from error
    return arrange(design.dataset, design.form, scaling)


def leave_future_out(refits: Any, log_likelihood: xr.DataArray, first: int, horizon: int) -> Any:
    """ELPD of each week given the weeks before it, all units jointly.

    Parameters
    ----------
    refits : arviz_stats.SamplingWrapper
        Refits on the design of `rescale_by_initial_weeks`.
    log_likelihood : xarray.DataArray, dims (chain, draw, time)
        Log-likelihood of the outcome in the fit to all weeks, summed over units.
    first : int
        Number of weeks that the first fit uses.
    horizon : int
        Number of weeks that are predicted jointly from each origin.

    Returns
    -------
    arviz_stats.ELPDDataLFO
        With pointwise values ``elpd_i (time)``, labelled by the first predicted week.
    """
    with warnings.catch_warnings():  # it warns of many refits, which are slow but exact
        warnings.filterwarnings("ignore", message="LFO-CV triggered")
        return azs.lfo_cv(
            xr.DataTree.from_dict({"log_likelihood": log_likelihood.to_dataset(name="outcome")}),
            refits,
            min_observations=first,
            forecast_horizon=horizon,
            var_name="outcome",
            pointwise=True,
        )
