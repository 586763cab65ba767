"""Response transforms: carryover and saturation, one per file, each with its source.

Every function is written with operators that NumPy arrays and PyTensor variables share, so
the simulator, the sampled model and the counterfactuals run the same lines.
"""

from mmm_bayes.transforms.adstock import carry_over, geometric_weights, lagged
from mmm_bayes.transforms.saturation import hill

__all__ = ["carry_over", "geometric_weights", "hill", "lagged"]
