"""One window: a refit by an already compiled model, its answers, and its forecast.

Each window is scaled by its own weeks: shares of the outcome, the covariates' centre and the trend
mean in every window what they mean in the first, and so do their priors. Only the unit in which a
channel's exposure is measured stays that of the first window in which the channel ran, so that
half-saturation, a multiple of it, is the same point of the same curve, with the same prior.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.counterfactual import World, world
from mmm_bayes.dataset import Dataset
from mmm_bayes.dataset.loading import WHOLE
from mmm_bayes.design import Design, Form, arrange, design
from mmm_bayes.diagnostics.check import verdict
from mmm_bayes.diagnostics.convergence import convergence_checks
from mmm_bayes.errors import InputError
from mmm_bayes.estimands import STATISTICS, channel_effects, summarise
from mmm_bayes.evaluation import SAMPLE, flat
from mmm_bayes.forecasting import predict, with_all
from mmm_bayes.sampling import Compiled, Settings, follow, sample
from mmm_bayes.splits import Split

Array = NDArray[np.float64]

#: Convergence checks whose values are kept.
CHECKED = ("rhat", "ess_bulk", "ess_tail", "divergences")
#: Draws of a window that are saved, of all chains together; its summaries are of all draws.
KEPT = 400
#: The answers of a window; `contribution` is the total effect in a week of the mean.
QUANTITIES = (
    "total", "direct", "indirect", "contribution", "contribution_share", "roas", "mroas",
    "retention", "half_saturation",
)  # fmt: skip


def arranged(dataset: Dataset, form: Form, splits: Sequence[Split], at: int) -> Design:
    """The design of a window; it knows no later week.

    Parameters
    ----------
    dataset : Dataset
    form : Form
    splits : sequence of Split
        All windows.
    at : int
        Which of them.

    Raises
    ------
    InputError
        If a covariate is constant, or a combination of others, in the window.
    """
    span = splits[at].train
    try:
        own = design(dataset, form, span).scaling
    except InputError as problem:
        first, last = dataset.data["time"].values[[span.start, span.stop - 1]]
        raise InputError(
            f"the window from {str(first)[:10]} to {str(last)[:10]}: {problem}; or take longer "
            "windows (--window)"
        ) from problem
    unit = own.exposure
    for split in splits[at - 1 :: -1] if at else ():
        exposure = dataset.data["exposure"].isel(time=split.train)
        on = exposure.where(exposure > 0)
        unit = np.where(on.notnull().any("time"), on.mean("time"), unit)
    return arrange(dataset, form, dataclasses.replace(own, exposure=unit), span)


def fit_window(
    compiled: Compiled,
    window: Design,
    test: slice,
    settings: Settings,
    *,
    cores: int | None = None,
) -> xr.Dataset:
    """Fit a window and predict the weeks after it.

    Parameters
    ----------
    compiled : Compiled
    window : Design
    test : slice
        Rows of the table that it predicts; may be empty.
    settings : Settings
    cores : int, optional

    Returns
    -------
    xarray.Dataset
        For each of the `QUANTITIES` its draws, `KEPT` of them (sample, unit, channel), and as
        ``NAME_summary (statistic, unit, channel)`` the summaries of all draws. ``prediction
        (sample, horizon, unit)`` and ``observed (horizon, unit)``, the horizon in weeks. As
        attributes the window's dates, the sampler's seconds, divergences, worst R-hat and ESS, and
        the verdict of the convergence checks.
    """
    tree = sample(compiled, window, settings, cores=cores)
    draws = follow(compiled, window, tree["posterior"].to_dataset())
    posterior = answers(world(compiled.model, window, draws, seed=settings.seed))
    found = xr.Dataset()
    for name in QUANTITIES:
        found[name] = _kept(posterior[name])
        found[f"{name}_summary"] = _summary(posterior[name])
    found = found.merge(_forecast(compiled, window, draws, test, settings.seed))
    checks = convergence_checks(tree)
    value = {check.name: check.value for check in checks}
    status, reasons = verdict(checks)
    first, last = window.arrays["time"].values[[0, -1]]
    found.attrs = {
        "window_start": str(first)[:10],
        "window_end": str(last)[:10],
        "sampling_seconds": tree.attrs["sampling_seconds"],
        "verdict": status,
        "reasons": " ".join(reasons),
    } | {name: value.get(name) or 0.0 for name in CHECKED}
    return found


def answers(fitted: World) -> xr.Dataset:
    """Draws of the `QUANTITIES` over a window's weeks, (chain, draw, unit, channel).

    Returns
    -------
    xarray.Dataset
        ``contribution`` is the total per week; ``retention`` and ``half_saturation``, the latter in
        units of exposure, are each unit's own where a model has them so. Over all units of a panel
        there is a retention, that of the typical unit, and no half-saturation.
    """
    window, draws = fitted.design, fitted.draws
    found = channel_effects(fitted).draws
    found["contribution"] = found["total"] / window.arrays.sizes["time"]
    units = xr.DataArray(
        window.scaling.exposure,
        dims=("unit", "channel"),
        coords={name: window.arrays[name] for name in ("unit", "channel")},
    )
    for name, node, unit in (
        ("retention", "adstock_alpha", xr.ones_like(units)),
        ("half_saturation", "saturation_kappa", units),
    ):
        own = draws[f"unit_{node}"] if f"unit_{node}" in draws else draws[node]
        each = (own * unit).transpose(*SAMPLE, "unit", "channel")
        if WHOLE not in each["unit"].values:
            whole = draws[node] if name == "retention" else xr.full_like(draws[node], np.nan)
            each = xr.concat([each, whole.expand_dims(unit=[WHOLE])], "unit")
        found[name] = each
    return found


def _forecast(
    compiled: Compiled, window: Design, draws: xr.Dataset, test: slice, seed: int
) -> xr.Dataset:
    """The outcome of the weeks after a window, their spends known; a panel's sum too."""
    if test.stop == test.start:
        return xr.Dataset()
    ahead = arrange(window.dataset, window.form, window.scaling, test)
    made = predict(compiled.model, draws, ahead, seed=seed)["outcome"]
    observed = ahead.arrays["outcome_observed"]
    both = xr.Dataset(
        {
            "prediction": with_all(_kept(made)),
            "observed": with_all(observed.drop_vars("time")),
        }
    )
    return both.rename(time="horizon").assign_coords(
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


def _kept(values: xr.DataArray) -> xr.DataArray:
    """Some of the draws, of all chains alike."""
    draws = _stacked(values)
    step = max(1, draws.sizes["sample"] // KEPT)
    return draws.isel(sample=slice(None, step * KEPT, step)).astype(np.float32)


def _stacked(values: xr.DataArray) -> xr.DataArray:
    """Draws with one sample axis, first."""
    ordered = values.transpose(*SAMPLE, ...)
    dims = ("sample", *ordered.dims[2:])
    coords = {name: ordered[name].values for name in dims[1:] if name != "time"}
    return xr.DataArray(flat(ordered), dims=dims, coords=coords)
