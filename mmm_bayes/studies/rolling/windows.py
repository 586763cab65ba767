"""Fit of one window with an already compiled model, its estimates, and its forecast.

Each window is scaled by its own weeks: shares of the outcome, the covariates' centre and the trend
have the same meaning in every window, and so do their priors. Only the unit of a channel's exposure
stays that of the first window in which the channel ran, so that half-saturation, a multiple of it,
is the same point of the same curve in every window, with the same prior. Where a channel's exposure
is more than `MOST_DRIFT` times smaller or larger than that, its unit moves with it: a response to
next to nothing tells no curve to extrapolate.

A window that lacks what the whole table has (a channel that is off in it, a dummy that is constant)
goes on without it. Such a channel has no effect, no return and no curve in that window.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data import Dataset
from mmm_bayes.data.dataset import ALL_UNITS
from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.data.design import Design, arrange, make_design
from mmm_bayes.data.form import Form
from mmm_bayes.data.splits import Split
from mmm_bayes.diagnostics.check import verdict
from mmm_bayes.estimands import STATISTICS, channel_effects, summarise
from mmm_bayes.inference.convergence import sample_until_converged
from mmm_bayes.inference.forecast import append_total
from mmm_bayes.inference.predictive import predict
from mmm_bayes.inference.sampling import CompiledModel, Settings, compute_deterministics
from mmm_bayes.model.counterfactual import Counterfactual, abduct
from mmm_bayes.model.evaluation import SAMPLE_DIMS, flatten_draws

Array = NDArray[np.float64]

#: Convergence checks whose values are kept.
KEPT_CHECKS = ("rhat", "ess_bulk", "ess_tail", "divergences")
#: Draws of a window that are saved, over all chains; its summaries are computed from all draws.
KEPT_DRAWS = 400
#: Largest ratio of a channel's active mean in a window to its unit of exposure, and of the reverse.
MOST_DRIFT = 10.0
#: Quantities that are estimated in a window; `contribution` is the mean total effect per week.
QUANTITIES = (
    "total", "direct", "indirect", "contribution", "contribution_share", "roas", "mroas",
    "retention", "half_saturation",
)  # fmt: skip


def window_design(dataset: Dataset, form: Form, splits: Sequence[Split], index: int) -> Design:
    """Design of a window, which uses no later week.

    Parameters
    ----------
    splits : sequence of Split
        All windows.
    index : int
        Position of the window among them.

    Raises
    ------
    InputError
        If the outcome never changes in the window.
    """
    span = splits[index].train
    scaling = make_design(dataset, form, span).scaling
    unit = scaling.exposure
    for split in splits[index - 1 :: -1] if index else ():
        exposure = dataset.data["exposure"].isel(time=split.train)
        on = exposure.where(exposure > 0)
        unit = np.where(on.notnull().any("time"), on.mean("time"), unit)
    unit = np.clip(unit, scaling.exposure / MOST_DRIFT, scaling.exposure * MOST_DRIFT)
    return arrange(dataset, form, dataclasses.replace(scaling, exposure=unit), span)


def fit_window(
    compiled: CompiledModel,
    window: Design,
    test: slice,
    settings: Settings,
    *,
    cores: int | None = None,
) -> xr.Dataset:
    """Fit a window and predict the weeks after it.

    If its draws do not pass the convergence checks, it is sampled again with twice as many.

    Parameters
    ----------
    test : slice
        Weeks of the table that are predicted; may be empty.
    cores : int, optional
        Chains to run at a time; as many as there are cores by default.

    Returns
    -------
    xarray.Dataset
        For each of the `QUANTITIES` some of its draws (sample, unit, channel), `KEPT_DRAWS` at
        most, and the summaries of all draws as ``NAME_summary (statistic, unit, channel)``.
        ``prediction (sample, horizon, unit)`` and ``observed (horizon, unit)``, the horizon in
        weeks. The attributes are the window's dates, the seconds of sampling, divergences, worst
        R-hat and ESS, and the verdict of the convergence checks.
    """
    tree, _, checks = sample_until_converged(compiled, window, settings, cores=cores)
    draws = compute_deterministics(compiled, window, tree["posterior"].to_dataset())
    posterior = window_quantities(abduct(compiled.model, window, draws, seed=settings.seed))
    result = xr.Dataset()
    for name in QUANTITIES:
        result[name] = _thinned(posterior[name])
        result[f"{name}_summary"] = _summary(posterior[name])
    result = result.merge(_forecast(compiled, window, draws, test, settings.seed))
    value = {check.name: check.value for check in checks}
    status, reasons = verdict(checks)
    first, last = window.arrays["time"].values[[0, -1]]
    result.attrs = {
        "window_start": str(first)[:10],
        "window_end": str(last)[:10],
        "sampling_seconds": tree.attrs["sampling_seconds"],
        "verdict": status,
        "reasons": " ".join(reasons),
        "first_reason": next(iter(reasons), ""),
    } | {name: value.get(name) or 0.0 for name in KEPT_CHECKS}
    return result


def window_quantities(fitted: Counterfactual) -> xr.Dataset:
    """Draws of the `QUANTITIES` over a window's weeks, (chain, draw, unit, channel).

    Returns
    -------
    xarray.Dataset
        ``contribution`` is the total effect per week. ``retention`` and ``half_saturation`` (in
        units of exposure) vary by unit where the model lets them, and are missing for a channel
        that is off in all weeks, and where the form has no such parameter. For the unit "all" of a
        panel, retention is that of the typical unit, and half-saturation is missing. The channel
        `ALL_MEDIA` has what all of them have together.
    """
    window, draws = fitted.design, fitted.draws
    effects = channel_effects(fitted)
    quantities = effects.draws
    together = effects.combined.expand_dims(channel=[ALL_MEDIA], axis=-1)
    for effect in (quantities, together):
        effect["contribution"] = effect["total"] / window.arrays.sizes["time"]
    units = xr.DataArray(
        window.scaling.exposure,
        dims=("unit", "channel"),
        coords={name: window.arrays[name] for name in ("unit", "channel")},
    )
    ran = (window.dataset.data["exposure"].isel(time=window.weeks) > 0).any("time")
    for name, node, unit in (
        ("retention", "adstock_alpha", xr.ones_like(units)),
        ("half_saturation", "saturation_kappa", units),
    ):
        if node not in draws:  # a form without this parameter
            quantities[name] = xr.full_like(quantities["total"], np.nan)
            continue
        by_unit = draws[f"unit_{node}"] if f"unit_{node}" in draws else draws[node]
        values = (by_unit * unit).where(ran).transpose(*SAMPLE_DIMS, "unit", "channel")
        if ALL_UNITS not in values["unit"].values:
            whole = draws[node].where(ran.any("unit") if name == "retention" else False)
            values = xr.concat([values, whole.expand_dims(unit=[ALL_UNITS])], "unit")
        quantities[name] = values.reset_coords(drop=True)
    return xr.concat([quantities, together], "channel", join="outer", fill_value=np.nan)


def _forecast(
    compiled: CompiledModel, window: Design, draws: xr.Dataset, test: slice, seed: int
) -> xr.Dataset:
    """Forecast of the weeks after a window, given their spends; for a panel, also the sum."""
    if test.stop == test.start:
        return xr.Dataset()
    ahead = arrange(window.dataset, window.form, window.scaling, test)
    predicted = predict(compiled.model, draws, ahead, seed=seed)["outcome"]
    observed = ahead.arrays["outcome_observed"]
    forecast = xr.Dataset(
        {
            "prediction": append_total(_thinned(predicted)),
            "observed": append_total(observed.drop_vars("time")),
        }
    )
    return forecast.rename(time="horizon").assign_coords(
        horizon=np.arange(1, test.stop - test.start + 1)
    )


def _summary(values: xr.DataArray) -> xr.DataArray:
    draws = _stacked(values)
    coords = {name: draws[name].values for name in draws.dims[1:]}
    return xr.DataArray(
        summarise(draws.values),
        dims=("statistic", *draws.dims[1:]),
        coords={"statistic": list(STATISTICS)} | coords,
    )


def _thinned(values: xr.DataArray) -> xr.DataArray:
    """Some of the draws, equally spaced over all chains."""
    draws = _stacked(values)
    step = max(1, draws.sizes["sample"] // KEPT_DRAWS)
    return draws.isel(sample=slice(None, step * KEPT_DRAWS, step)).astype(np.float32)


def _stacked(values: xr.DataArray) -> xr.DataArray:
    """Draws with one sample axis, first."""
    ordered = values.transpose(*SAMPLE_DIMS, ...)
    dims = ("sample", *ordered.dims[2:])
    coords = {name: ordered[name].values for name in dims[1:] if name != "time"}
    return xr.DataArray(flatten_draws(ordered), dims=dims, coords=coords)
