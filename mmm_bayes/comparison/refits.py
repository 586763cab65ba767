"""A run's model fitted again without some weeks, through one compiled model.

Carryover is arranged for each week before any is taken away, so a week that is left out takes
nothing from the others but its own outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr

from mmm_bayes.design import Design, data_names
from mmm_bayes.evaluation import evaluation, parameters
from mmm_bayes.sampling import Compiled, Settings, follow, sample, weekly


@dataclass(frozen=True)
class Left:
    """Weeks that a fit did not see.

    Attributes
    ----------
    design : Design
        Their arrays.
    alone : bool
        Whether one week is asked for by itself.
    """

    design: Design
    alone: bool


class Refits(azs.SamplingWrapper):  # type: ignore[misc]
    """Fits to some of the weeks and densities of the others, as ArviZ asks for them.

    ``arviz_stats.reloo`` names one week by its position, and ``arviz_stats.lfo_cv`` several by
    theirs. Either way whole weeks are left out: every unit's, and in a mediated model the
    mediator's as well as the outcome's. A fit to the same weeks is made once.

    Parameters
    ----------
    compiled : Compiled
    design : Design
        All weeks, scaled as they shall be in every fit.
    settings : Settings
    log_likelihood : xarray.DataArray, dims (chain, draw, time)
        Of the outcome, from the fit to all weeks.
    name : str
        What is being done, for `say`.
    say : callable
        Told one line at each fit.
    """

    def __init__(
        self,
        compiled: Compiled,
        design: Design,
        settings: Settings,
        log_likelihood: xr.DataArray,
        name: str,
        say: Callable[[str], None],
    ) -> None:
        whole = log_likelihood.to_dataset(name="outcome")
        super().__init__(compiled, xr.DataTree.from_dict({"log_likelihood": whole}))
        self.design, self.settings, self.name, self.say = design, settings, name, say
        self.fits: dict[bytes, xr.DataTree] = {}
        self.errors: list[float] = []

    @property
    def rhat(self) -> float:
        """The largest R-hat of all parameters of all fits; NaN without any."""
        found = [fit.attrs["rhat"] for fit in self.fits.values()]
        return max(found) if found else np.nan

    @property
    def error(self) -> float:
        """Monte Carlo standard error of all single weeks scored so far, added up."""
        return float(np.sqrt(np.square(self.errors).sum()))

    def sel_observations(self, idx: Any) -> tuple[Design, Left]:
        """Part the weeks into those to fit and those left out.

        Parameters
        ----------
        idx : array of int
            Weeks to leave out.
        """
        kept = np.delete(np.arange(self.design.arrays.sizes["time"]), idx)
        return self._only(kept), Left(self._only(np.atleast_1d(idx)), np.ndim(idx) == 0)

    def sample(self, modified_observed_data: Design) -> xr.DataTree:
        """Fit the weeks kept."""
        kept = modified_observed_data
        weeks = kept.arrays["time"].values
        if weeks.tobytes() not in self.fits:
            self.say(f"{self.name}: fit {len(self.fits) + 1}, {self._spoken(weeks)}")
            self.fits[weeks.tobytes()] = self._fit(kept)
        return self.fits[weeks.tobytes()]

    def get_inference_data(self, fitted_model: xr.DataTree) -> xr.DataTree:
        """The draws, as `sample` made them."""
        return fitted_model

    def log_likelihood__i(self, excluded_obs: Left, idata__i: xr.DataTree) -> xr.DataArray:
        """Log density of the outcome of the weeks left out, all units together, on its own scale.

        What the fit took from the weeks it saw (each channel's ceiling) stays as it was.

        Returns
        -------
        xarray.DataArray, dims (chain, draw, time)
        """
        arrays = excluded_obs.design.arrays
        density = evaluation(
            self.model.model,
            given=parameters(self.model.model),
            wanted=["outcome"],
            log_density=True,
        )
        data = {name: arrays[name].values for name in data_names(self.design)}
        found = weekly(density.labelled(idata__i["posterior"].to_dataset(), data))["outcome"]
        if excluded_obs.alone:
            self.errors.append(monte_carlo_error(found.values.ravel()))
        return found

    def _only(self, weeks: np.ndarray) -> Design:
        return replace(self.design, arrays=self.design.arrays.isel(time=weeks))

    def _fit(self, kept: Design) -> xr.DataTree:
        free = sample(self.model, kept, self.settings)["posterior"].to_dataset()
        draws = follow(self.model, kept, free)[parameters(self.model.model)]
        tree = xr.DataTree.from_dict({"posterior": draws})
        tree.attrs["rhat"] = max(float(value.max()) for value in azs.rhat(free).values())
        return tree

    def _spoken(self, kept: np.ndarray) -> str:
        every = self.design.arrays["time"].values
        left = every[~np.isin(every, kept)].astype("datetime64[D]")
        if left[0] < kept[-1]:
            return f"without {left[0]}"
        return f"to the {len(kept)} weeks before {left[0]}"


def monte_carlo_error(log_density: np.ndarray) -> float:
    """Standard error of the logarithm of the mean density over draws, by the delta method.

    Parameters
    ----------
    log_density : array, shape (sample,)
        Of draws that are nearly independent. Where a single one carries the mean, as for a week far
        out in the predictive tail, this is about 1 however wrong the mean is.
    """
    density = np.exp(log_density - log_density.max())
    return float(density.std() / density.mean() / np.sqrt(density.size))
