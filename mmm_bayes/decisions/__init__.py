"""Budget decisions under the whole posterior.

``optimize("results/RUN")`` returns a `Plan`; `decide` writes it to a folder, with the tables that
support it.
"""

from mmm_bayes.decisions.frontier import efficient_frontier
from mmm_bayes.decisions.information import next_experiments
from mmm_bayes.decisions.job import decide
from mmm_bayes.decisions.moves import budget_moves
from mmm_bayes.decisions.plan import Plan, optimize, plan_record, plan_table, prepare_run
from mmm_bayes.decisions.prices import price_curve
from mmm_bayes.decisions.response import Response, build_response
from mmm_bayes.decisions.tradeoff import tradeoff_grid

__all__ = [
    "Plan",
    "Response",
    "budget_moves",
    "build_response",
    "decide",
    "efficient_frontier",
    "next_experiments",
    "optimize",
    "plan_record",
    "plan_table",
    "prepare_run",
    "price_curve",
    "tradeoff_grid",
]
