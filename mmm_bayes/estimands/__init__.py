"""Estimands of a fit: effects, returns, response curves, elasticities.

`channel_effects` returns labelled draws and weekly summaries, `estimand_table` the tidy table of
``estimands.csv``. Every number is a summary of draws, in the outcome's own units.
"""

from mmm_bayes.data.description import ALL_MEDIA
from mmm_bayes.estimands.controls import control_effects
from mmm_bayes.estimands.curves import adstock_curves, response_curves
from mmm_bayes.estimands.effects import (
    EFFECTS,
    Effects,
    channel_effects,
    joint_effect,
    marginal_returns,
    summed_effects,
)
from mmm_bayes.estimands.interactions import interaction_effects, interaction_table
from mmm_bayes.estimands.over_time import (
    effects_over_time,
    late_early_ratio,
    relative_effectiveness,
)
from mmm_bayes.estimands.prices import cost_per_thousand
from mmm_bayes.estimands.summary import STATISTICS, estimand_table, summarise
from mmm_bayes.estimands.supported import CONTRASTS, supported_effects
from mmm_bayes.estimands.units import pooling_factors

__all__ = [
    "ALL_MEDIA",
    "CONTRASTS",
    "EFFECTS",
    "STATISTICS",
    "Effects",
    "adstock_curves",
    "channel_effects",
    "control_effects",
    "cost_per_thousand",
    "effects_over_time",
    "estimand_table",
    "interaction_effects",
    "interaction_table",
    "joint_effect",
    "late_early_ratio",
    "marginal_returns",
    "pooling_factors",
    "relative_effectiveness",
    "response_curves",
    "summarise",
    "summed_effects",
    "supported_effects",
]
