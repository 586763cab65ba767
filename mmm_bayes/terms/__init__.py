"""PyMC building blocks that the files under ``models/`` are written in.

Each function adds one term of an equation to the model being declared. Inside a model the
outcome is a share of its mean (identity link) or a deviation of its logarithm (log link), an
exposure is a multiple of its own active mean, and a channel's ``beta`` is its mean
contribution, so that every prior reads as a statement about shares.
"""

from mmm_bayes.terms.baseline import baseline
from mmm_bayes.terms.data import model_for
from mmm_bayes.terms.effectiveness import effectiveness
from mmm_bayes.terms.media import contribution, saturated_media
from mmm_bayes.terms.mediator import mediator
from mmm_bayes.terms.modulation import modulation
from mmm_bayes.terms.outcome import outcome
from mmm_bayes.terms.pooling import pooled
from mmm_bayes.terms.priors import prior

__all__ = [
    "baseline",
    "contribution",
    "effectiveness",
    "mediator",
    "model_for",
    "modulation",
    "outcome",
    "pooled",
    "prior",
    "saturated_media",
]
