"""Simulated markets, one after another, each with a model compiled for its form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import xarray as xr

from mmm_bayes.data import Dataset
from mmm_bayes.data.design import Design, make_design
from mmm_bayes.data.form import form_for, remembering
from mmm_bayes.diagnostics.predictive import autocorrelation_sentence
from mmm_bayes.inference.sampling import (
    CompiledModel,
    Settings,
    add_derived_groups,
    compile_model,
    sample,
)
from mmm_bayes.model.counterfactual import Counterfactual, abduct
from mmm_bayes.model.family import Member, load_member
from mmm_bayes.studies.simulate import Market, as_dataset

#: Half as long as an ordinary fit: enough for intervals, as many markets have to be fitted.
SETTINGS = Settings(draws=500, tune=500, chains=4)


@dataclass(frozen=True, repr=False)
class MarketFit:
    """A fit of a simulated market.

    Attributes
    ----------
    draws : xarray.DataTree
        With the groups of `add_derived_groups`.
    """

    market: Market
    compiled: CompiledModel
    design: Design
    settings: Settings
    draws: xr.DataTree

    @cached_property
    def counterfactual(self) -> Counterfactual:
        """The fit with what its weeks' disturbances were."""
        posterior = self.draws["posterior"].to_dataset()
        return abduct(self.compiled.model, self.design, posterior, seed=self.settings.seed)


def compiled_markets(
    model: str,
    markets: Iterable[Market],
    *,
    describe: Callable[[Market], Dataset] = as_dataset,
    **choices: Any,
) -> Iterator[tuple[Market, CompiledModel, Design]]:
    """Compile a model for markets, once for each form of a fit and each size of a table.

    Parameters
    ----------
    model : str
        A member of the family.
    describe : callable
        From a market to its dataset.
    **choices
        Arguments of `form_for`; as each market's description says by default.

    Yields
    ------
    tuple of Market, CompiledModel and Design
    """
    member = load_member(model)
    known: dict[Any, CompiledModel] = {}
    for market in markets:
        dataset = describe(market)
        design = make_design(dataset, form_for(dataset, **choices))
        yield market, _compile_once(known, member, design), design


def default_fits(
    model: str, markets: Iterable[Market], settings: Settings = SETTINGS
) -> Iterator[MarketFit]:
    """Fits of markets in the form that ``mmm-bayes fit`` takes by default.

    If independent disturbances leave autocorrelation, a market is fitted again with autoregressive
    ones.

    Parameters
    ----------
    model : str
        A member of the family.
    """
    member = load_member(model)
    known: dict[Any, CompiledModel] = {}
    for market in markets:
        dataset = as_dataset(market)
        seeded = replace(settings, seed=market.seed + 1)
        design = make_design(dataset)
        fit = _fit(market, _compile_once(known, member, design), design, seeded)
        alternative = remembering(dataset, design.form)
        if alternative is not None and autocorrelation_sentence(fit.draws) is not None:
            design = make_design(dataset, alternative)
            fit = _fit(market, _compile_once(known, member, design), design, seeded)
        yield fit


def _fit(market: Market, compiled: CompiledModel, design: Design, settings: Settings) -> MarketFit:
    tree = sample(compiled, design, settings)
    draws = add_derived_groups(compiled, design, tree, seed=settings.seed)
    return MarketFit(market, compiled, design, settings, draws)


def _compile_once(known: dict[Any, CompiledModel], member: Member, design: Design) -> CompiledModel:
    """Compiled model of a design's form and sizes, which is kept in `known`."""
    nodes = tuple(sorted(map(str, design.arrays)))
    kind = (design.form, tuple(design.arrays.sizes.items()), design.causes, nodes)
    if kind not in known:
        known[kind] = compile_model(member, design)
    return known[kind]
