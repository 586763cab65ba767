"""What a model expects of a table before it sees the outcome: a look at the priors, without a fit.

A run has the same in its report. This is for before it, while priors are being chosen: nothing is
compiled for sampling, so it takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.dataset import load
from mmm_bayes.design import Design, data_names, design, form_for
from mmm_bayes.diagnostics.check import Check
from mmm_bayes.diagnostics.prior import PriorPredictive, prior_checks, prior_predictive
from mmm_bayes.family import member
from mmm_bayes.fitting import prior_effects
from mmm_bayes.sampling import (
    PRIOR_DRAWS,
    Declared,
    attributes,
    declare,
    follow,
    predictive,
    prior_draws,
)
from mmm_bayes.terms.priors import Spec, used


@dataclass(frozen=True, repr=False)
class PriorCheck:
    """What the priors imply.

    Attributes
    ----------
    priors : dict of str to tuple
        Distribution and parameters by the name of the parameter, overrides included.
    draws : xarray.DataTree
        Groups ``prior``, ``prior_predictive``, ``observed_data`` and ``constant_data``.
    effects : xarray.Dataset
        Of prior draws, as the effects of a run: total, direct, indirect, contribution_share, roas
        and mroas (chain, draw, unit, channel), together (chain, draw, unit).
    found : PriorPredictive
    checks : tuple of Check
    """

    priors: dict[str, Spec]
    draws: xr.DataTree
    effects: xr.Dataset
    found: PriorPredictive
    checks: tuple[Check, ...]

    @property
    def stated(self) -> pd.Series:
        """Each parameter's prior as one writes it, by its name."""
        told = {
            name: f"{dist}({', '.join(f'{key} = {_short(value)}' for key, value in given.items())})"
            for name, (dist, given) in self.priors.items()
        }
        return pd.Series(told, name="prior").rename_axis("parameter")

    def __repr__(self) -> str:
        """The checks, a sentence each."""
        lines = [f"{check.status}: {check.says}" for check in self.checks]
        return "\n".join(fill(line, 98, subsequent_indent="      ") for line in lines)


def prior_check(
    model: str,
    data: str | Path,
    *,
    draws: int = PRIOR_DRAWS,
    seed: int = 1,
    link: str | None = None,
    likelihood: str | None = None,
    floor: float | None = None,
    at_floor: str | None = None,
) -> PriorCheck:
    """Draw from a model's priors on a table, and check that somebody could believe them.

    Parameters
    ----------
    model : str
        A member's name, or the path of a model file.
    data : path
        The TOML description of the table, with ``[priors]`` of its own if they shall differ.
    draws : int
        Draws of the prior.
    seed : int
        The same seed gives the same draws.
    link, likelihood, floor, at_floor : optional
        As in `mmm_bayes.fit`.

    Returns
    -------
    PriorCheck

    Raises
    ------
    InputError
        For a bad table or setting, or a prior that the model does not have.
    """
    dataset = load(data)
    form = form_for(
        dataset,
        link=link,  # type: ignore[arg-type]
        likelihood=likelihood,  # type: ignore[arg-type]
        floor=floor,
        at_floor=at_floor,  # type: ignore[arg-type]
    )
    whole = design(dataset, form)
    declared = declare(member(model), whole)
    tree = _tree(declared, whole, draws, seed)
    effects = prior_effects(declared, whole, tree["prior"].to_dataset(), seed=seed)
    found = prior_predictive(tree, effects)
    checks = prior_checks(found, outcome=dataset.description.outcome)
    return PriorCheck(used(whole, declared.model), tree, effects, found, tuple(checks))


def _tree(declared: Declared, whole: Design, draws: int, seed: int) -> xr.DataTree:
    arrays = {name: whole.arrays[name].values for name in data_names(whole)}
    prior = follow(declared, whole, prior_draws(declared, draws, seed))
    named = {f"{name}_observed": name for name in declared.observed}
    tree = xr.DataTree.from_dict(
        {
            "prior": prior,
            "prior_predictive": predictive(declared.model, seed=seed).labelled(prior, arrays),
            "observed_data": whole.arrays[list(named)].rename(named),
            "constant_data": whole.dataset.data[["spend", "exposure", "controls"]],
        }
    )
    tree.attrs = attributes(declared, whole)
    return tree


def _short(value: Any) -> str:
    """A number, or one number for each channel, with three digits."""
    numbers = [f"{number:.3g}" for number in np.atleast_1d(value)]
    return numbers[0] if np.ndim(value) == 0 else f"[{', '.join(numbers)}]"
