"""Refits of a run without some weeks, through one compiled model.

Lagged exposures are arranged before any week is removed, so leaving out a week removes only its own
outcome, and the other weeks keep its carryover.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.data.design import Design, data_names, select_rows
from mmm_bayes.inference.kept import KeptFits, sample_once
from mmm_bayes.inference.sampling import (
    CompiledModel,
    Settings,
    compute_deterministics,
    sum_over_units,
)
from mmm_bayes.model.evaluation import graph_function, static_nodes


@dataclass(frozen=True)
class HeldOut:
    """Weeks left out of a fit.

    Attributes
    ----------
    design : Design
        Arrays of these weeks and, before each, of the week that an autoregressive disturbance
        is inherited from.
    scored : array of bool, shape (time,)
        Weeks of `design` that were left out.
    single : bool
        Whether ArviZ left out one week by its position, rather than an array of weeks.
    """

    design: Design
    scored: np.ndarray
    single: bool


class Refits(azs.SamplingWrapper):  # type: ignore[misc]
    """Refits without some weeks, and log-likelihoods of those weeks, for ArviZ.

    ``arviz_stats.reloo`` leaves out one week, given by its position, and ``arviz_stats.lfo_cv``
    several. Whole weeks are left out: all units, and in a mediated model the mediator as well as
    the outcome. Fits to the same weeks are made once.

    Parameters
    ----------
    design : Design
        All weeks, with the scaling of all fits.
    log_likelihood : xarray.DataArray, dims (chain, draw, time)
        Log-likelihood of the outcome in the fit to all weeks, summed over units.
    name : str
        Prefix of the progress lines.
    say : callable
        Receives a progress line for each fit.
    kept : KeptFits, optional
        Where finished fits are kept.
    """

    def __init__(
        self,
        compiled: CompiledModel,
        design: Design,
        settings: Settings,
        log_likelihood: xr.DataArray,
        name: str,
        say: Callable[[str], None],
        kept: KeptFits | None = None,
    ) -> None:
        group = log_likelihood.to_dataset(name="outcome")
        super().__init__(compiled, xr.DataTree.from_dict({"log_likelihood": group}))
        self.design, self.settings, self.name, self.say = design, settings, name, say
        self.kept = kept
        self.fits: dict[bytes, xr.DataTree] = {}
        self._errors: list[float] = []

    @property
    def rhat(self) -> float:
        """Largest R-hat of all parameters of all fits; NaN without fits."""
        values = [fit.attrs["rhat"] for fit in self.fits.values()]
        return max(values) if values else np.nan

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the sum of the weeks scored one by one so far."""
        return float(np.sqrt(np.square(self._errors).sum()))

    def sel_observations(self, idx: Any) -> tuple[Design, HeldOut]:
        """Weeks to fit, and weeks left out.

        Parameters
        ----------
        idx : int, or array of int, shape (week,)
            Positions of the weeks to leave out.
        """
        retained = np.delete(np.arange(self.design.arrays.sizes["time"]), idx)
        weeks = rows = np.atleast_1d(idx)
        if self.design.form.errors == "ar1":
            rows = np.union1d(weeks, np.maximum(weeks - 1, 0))
        left_out = HeldOut(select_rows(self.design, rows), np.isin(rows, weeks), np.ndim(idx) == 0)
        return select_rows(self.design, retained), left_out

    def sample(self, modified_observed_data: Design) -> xr.DataTree:
        """Posterior draws of the fit to the retained weeks."""
        retained = modified_observed_data
        weeks = retained.arrays["time"].values
        if weeks.tobytes() not in self.fits:
            self.say(f"{self.name}: fit {len(self.fits) + 1}, {self._weeks_phrase(weeks)}")
            self.fits[weeks.tobytes()] = self._fit(retained)
        return self.fits[weeks.tobytes()]

    def get_inference_data(self, fitted_model: xr.DataTree) -> xr.DataTree:
        """The `fitted_model`, which already holds the draws."""
        return fitted_model

    def log_likelihood__i(self, excluded_obs: HeldOut, idata__i: xr.DataTree) -> xr.DataArray:
        """Log density of the outcome in the weeks left out, original units, summed over units.

        Quantities that the fit computed from its own weeks (each channel's ceiling) are kept. With
        autoregressive disturbances it is the density given the week before.

        Parameters
        ----------
        excluded_obs : HeldOut
            Weeks left out.
        idata__i : xarray.DataTree
            Draws of the fit without them.

        Returns
        -------
        xarray.DataArray, dims (chain, draw, time)
        """
        arrays = excluded_obs.design.arrays
        density = graph_function(
            self.model.model,
            inputs=static_nodes(self.model.model),
            outputs=["outcome"],
            log_density=True,
        )
        data = {name: arrays[name].values for name in data_names(self.design)}
        pointwise = density.to_dataset(idata__i["posterior"].to_dataset(), data)
        log_density = sum_over_units(pointwise)["outcome"].isel(time=excluded_obs.scored)
        if excluded_obs.single:
            self._errors.append(monte_carlo_error(log_density.values.ravel()))
        return log_density

    def _fit(self, retained: Design) -> xr.DataTree:
        tree = sample_once(self.model, retained, self.settings, self.kept)
        free = tree["posterior"].to_dataset()
        draws = compute_deterministics(self.model, retained, free)[static_nodes(self.model.model)]
        tree = xr.DataTree.from_dict({"posterior": draws})
        tree.attrs["rhat"] = max(float(value.max()) for value in azs.rhat(free).values())
        return tree

    def _weeks_phrase(self, retained: np.ndarray) -> str:
        """Description of the fitted weeks, for a progress line."""
        weeks = self.design.arrays["time"].values
        left_out = weeks[~np.isin(weeks, retained)].astype("datetime64[D]")
        if left_out[0] < retained[-1]:
            return f"without {left_out[0]}"
        return f"to the {self.design.dataset.step.count(len(retained))} before {left_out[0]}"


def monte_carlo_error(log_density: np.ndarray) -> float:
    """Monte Carlo standard error of the log of the mean density, by the delta method.

    Parameters
    ----------
    log_density : array, shape (sample,)
        Log densities of nearly independent draws. Where one draw dominates the mean, as for a week
        far in the predictive tail, the result is about 1 whatever the true error.
    """
    density = np.exp(log_density - log_density.max())
    return float(density.std() / density.mean() / np.sqrt(density.size))
