"""Simulated markets with known truth: a table, its description, and the true effects.

The equations are those of the models, on NumPy arrays, except in scenarios that depart from them on
purpose. A `Scenario` holds what differs between kinds of market; what differs between markets of
one kind is drawn from ranges that a marketer would find ordinary, chosen independently of every
model's priors.
"""

from mmm_bayes.studies.simulate.market import Market, simulate
from mmm_bayes.studies.simulate.portfolio import portfolio_name, simulate_portfolio
from mmm_bayes.studies.simulate.scenarios import SCENARIOS, Scenario
from mmm_bayes.studies.simulate.tables import as_dataset, compare_with_truth, save

__all__ = [
    "SCENARIOS",
    "Market",
    "Scenario",
    "as_dataset",
    "compare_with_truth",
    "portfolio_name",
    "save",
    "simulate",
    "simulate_portfolio",
]
