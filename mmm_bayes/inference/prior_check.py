"""Prior predictive check of a model on a table, without a fit.

A run's report has the same checks. This is for choosing priors before a fit: nothing is compiled
for sampling, so it takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_bayes.data import load
from mmm_bayes.data.dataset import INPUTS
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.diagnostics.check import Check
from mmm_bayes.diagnostics.prior import PriorPredictive, prior_checks, prior_predictive
from mmm_bayes.inference.fit import prior_effects
from mmm_bayes.inference.predictive import replicate
from mmm_bayes.inference.sampling import (
    PRIOR_DRAWS,
    BuiltModel,
    build_model,
    compute_deterministics,
    model_attributes,
    prior_draws,
)
from mmm_bayes.inference.stated_priors import stated_priors
from mmm_bayes.model.family import load_member
from mmm_bayes.model.terms.priors import model_priors
from mmm_bayes.model.transforms.registry import Spec
from mmm_bayes.text import number


@dataclass(frozen=True, repr=False)
class PriorCheck:
    """Priors of a model, their implications for a table, and checks of these.

    Attributes
    ----------
    priors : dict of str to tuple
        Distribution and its parameters, by the name of the parameter, overrides included.
    draws : xarray.DataTree
        Groups ``prior``, ``prior_predictive``, ``observed_data`` and ``constant_data``.
    effects : xarray.Dataset
        Effects implied by the prior draws: total, direct, indirect, contribution_share, roas and
        mroas (chain, draw, unit, channel), together (chain, draw, unit).
    predictive : PriorPredictive
        Prior predictive summaries beside the observed ones.
    stated : pandas.DataFrame
        What the description states beside what the default would be, as `stated_priors` returns it.
    """

    priors: dict[str, Spec]
    draws: xr.DataTree
    effects: xr.Dataset
    predictive: PriorPredictive
    checks: tuple[Check, ...]
    stated: pd.DataFrame

    @property
    def prior_text(self) -> pd.Series:
        """Prior of each parameter as text, for example ``Normal(mu = 0, sigma = 0.2)``."""
        texts = {}
        for name, (dist, parameters) in self.priors.items():
            arguments = ", ".join(f"{key} = {_short(value)}" for key, value in parameters.items())
            texts[name] = f"{dist}({arguments})"
        return pd.Series(texts, name="prior").rename_axis("parameter")

    def __repr__(self) -> str:
        """The checks, one sentence each."""
        lines = [f"{check.status}: {check.message}" for check in self.checks]
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
    errors: str | None = None,
    demand: str | None = None,
) -> PriorCheck:
    """Prior predictive check of a model on a table.

    Parameters
    ----------
    model : str
        Name of a member of the family, or path of a model file.
    data : path
        TOML description of the table, with ``[priors]`` for overrides.
    draws : int
        Number of draws from the prior.
    seed : int
        The same seed gives the same draws.
    link, likelihood, floor, at_floor, errors, demand : optional
        As in `mmm_bayes.fit`.

    Raises
    ------
    InputError
        If the table or a setting is not valid, or an override names no parameter of the model.
    """
    dataset = load(data)
    form = form_for(
        dataset,
        link=link,  # type: ignore[arg-type]
        likelihood=likelihood,  # type: ignore[arg-type]
        floor=floor,
        at_floor=at_floor,  # type: ignore[arg-type]
        errors=errors,  # type: ignore[arg-type]
        demand=demand,  # type: ignore[arg-type]
    )
    design = make_design(dataset, form)
    member = load_member(model)
    built = build_model(member, design)
    tree = _draw_prior(built, design, draws, seed)
    effects = prior_effects(built, design, tree["prior"].to_dataset(), seed=seed)
    predictive = prior_predictive(tree, effects)
    checks = prior_checks(predictive, outcome=dataset.description.outcome)
    stated = stated_priors(member, design, built)
    priors = model_priors(design, built.model)
    return PriorCheck(priors, tree, effects, predictive, tuple(checks), stated)


def _draw_prior(built: BuiltModel, design: Design, draws: int, seed: int) -> xr.DataTree:
    """Prior and prior predictive draws, with the data."""
    prior = compute_deterministics(built, design, prior_draws(built, draws, seed))
    observed = {f"{name}_observed": name for name in built.observed}
    tree = xr.DataTree.from_dict(
        {
            "prior": prior,
            "prior_predictive": replicate(built.model, prior, design, seed=seed),
            "observed_data": design.arrays[list(observed)].rename(observed),
            "constant_data": design.dataset.data[INPUTS],
        }
    )
    tree.attrs = model_attributes(built, design)
    return tree


def _short(value: Any) -> str:
    """A number, or a list of numbers, to three significant digits."""
    numbers = [number(each) for each in np.atleast_1d(value)]
    return numbers[0] if np.ndim(value) == 0 else f"[{', '.join(numbers)}]"
