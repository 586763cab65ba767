"""Simulated markets, one after another, each with a model compiled for its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mmm_bayes.data.design import Design, make_design
from mmm_bayes.data.form import form_for
from mmm_bayes.inference.sampling import CompiledModel, Settings, compile_model
from mmm_bayes.model.family import load_member
from mmm_bayes.studies.simulate import Market, as_dataset

#: Half as long as an ordinary fit: enough for intervals, as many markets have to be fitted.
SETTINGS = Settings(draws=500, tune=500, chains=4)


def compiled_markets(
    model: str, markets: Iterable[Market], **choices: Any
) -> Iterator[tuple[Market, CompiledModel, Design]]:
    """Compile a model for markets, anew only where the form of the fit or a size changes.

    Parameters
    ----------
    model : str
        A member of the family.
    markets : iterable of Market
        Those of one form one after another.
    **choices
        Arguments of `form_for`; as each market's description says by default.

    Yields
    ------
    tuple of Market, CompiledModel and Design
    """
    chosen, compiled, known = load_member(model), None, None
    for market in markets:
        dataset = as_dataset(market)
        arranged = make_design(dataset, form_for(dataset, **choices))
        kind = (arranged.form, dict(arranged.arrays.sizes), arranged.causes)
        if compiled is None or kind != known:
            compiled, known = compile_model(chosen, arranged), kind
        yield market, compiled, arranged
