"""Simulated markets, one after the other, each with a model that is compiled for its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mmm_bayes.design import Design, design
from mmm_bayes.family import member
from mmm_bayes.sampling import Compiled, Settings, compile_model
from mmm_bayes.simulate import Market, as_dataset, simulate

#: Half as long as a run's fit: enough for intervals, and many markets want to be fitted.
SETTINGS = Settings(draws=500, tune=500, chains=4)


def compiled_markets(
    model: str, markets: Iterable[tuple[str, int]]
) -> Iterator[tuple[Market, Compiled, Design]]:
    """Simulate markets and compile a model anew only where the form of the fit changes.

    Parameters
    ----------
    model : str
        A member of the family.
    markets : iterable of (str, int)
        Scenario and seed of each market.

    Yields
    ------
    tuple of Market, Compiled and Design
    """
    chosen, compiled, form = member(model), None, None
    for scenario, seed in markets:
        market = simulate(scenario, seed=seed)
        arranged = design(as_dataset(market))
        if compiled is None or arranged.form != form:
            compiled, form = compile_model(chosen, arranged), arranged.form
        yield market, compiled, arranged
