"""Markets with a known truth: a table, its description, and the truth beside it.

The equations are those of the models, on NumPy arrays, but for the scenarios that depart from
them on purpose. What differs between scenarios is a `Scenario`; what differs between two markets
of one scenario is drawn from ranges that a marketer would find ordinary, chosen without looking
at any model's prior.
"""

from mmm_bayes.simulate.market import Market, simulate
from mmm_bayes.simulate.scenarios import SCENARIOS, Scenario
from mmm_bayes.simulate.truth import against_truth
from mmm_bayes.simulate.writing import as_dataset, save

__all__ = ["SCENARIOS", "Market", "Scenario", "against_truth", "as_dataset", "save", "simulate"]
