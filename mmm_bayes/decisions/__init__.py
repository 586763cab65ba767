"""From effects to what to do: budgets under the whole posterior.

``optimize("results/RUN")`` gives a `Plan`, `decide` writes it with all that goes with it.
"""

from mmm_bayes.decisions.frontier import frontier
from mmm_bayes.decisions.information import next_experiments
from mmm_bayes.decisions.job import decide
from mmm_bayes.decisions.moving import moves
from mmm_bayes.decisions.planning import Plan, fitted, optimize, plan_record, plan_table
from mmm_bayes.decisions.prices import price_curve
from mmm_bayes.decisions.response import Response, response
from mmm_bayes.decisions.tradeoff import tradeoff

__all__ = [
    "Plan",
    "Response",
    "decide",
    "fitted",
    "frontier",
    "moves",
    "next_experiments",
    "optimize",
    "plan_record",
    "plan_table",
    "price_curve",
    "response",
    "tradeoff",
]
