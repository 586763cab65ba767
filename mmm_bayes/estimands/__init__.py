"""From draws to what people ask: effects, returns, response curves, elasticities.

`channel_effects` computes them as labelled draws and weekly summaries; `table` is the tidy table of
``estimands.csv``. Every number is a summary of draws, in the outcome's own units.
"""

from mmm_bayes.estimands.controls import control_effects
from mmm_bayes.estimands.curves import adstock_curves, response_curves
from mmm_bayes.estimands.effects import EFFECTS, Effects, channel_effects, summed_effects
from mmm_bayes.estimands.interactions import interaction_effects, interaction_table
from mmm_bayes.estimands.over_time import late_over_early, over_time, relative_effectiveness
from mmm_bayes.estimands.prices import cost_per_thousand
from mmm_bayes.estimands.summary import STATISTICS, summarise, table
from mmm_bayes.estimands.units import pooling_factors

__all__ = [
    "EFFECTS",
    "STATISTICS",
    "Effects",
    "adstock_curves",
    "channel_effects",
    "control_effects",
    "cost_per_thousand",
    "interaction_effects",
    "interaction_table",
    "late_over_early",
    "over_time",
    "pooling_factors",
    "relative_effectiveness",
    "response_curves",
    "summarise",
    "summed_effects",
    "table",
]
