"""PyMC building blocks of the model files in ``models/``.

Each function adds one term of an equation to the model in context. Inside a model the outcome is a
deviation from its mean in multiples of four standard deviations (identity link) or a deviation of
its logarithm (log link), an exposure is in multiples of its active mean, and a channel's ``beta``
is its mean contribution.
"""

from mmm_bayes.model.terms.baseline import baseline
from mmm_bayes.model.terms.data import model_for
from mmm_bayes.model.terms.effectiveness import effectiveness
from mmm_bayes.model.terms.media import contribution, saturated_media
from mmm_bayes.model.terms.mediator import mediator
from mmm_bayes.model.terms.modulation import modulation
from mmm_bayes.model.terms.outcome import outcome
from mmm_bayes.model.terms.parameters import prior
from mmm_bayes.model.terms.pooling import pooled_prior

__all__ = [
    "baseline",
    "contribution",
    "effectiveness",
    "mediator",
    "model_for",
    "modulation",
    "outcome",
    "pooled_prior",
    "prior",
    "saturated_media",
]
