"""Functions that work on NumPy arrays and PyTensor variables alike."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy.special import expit


def array_namespace(*arrays: Any) -> Any:
    """Module whose ``exp``, ``log`` and the like apply to these arrays.

    Parameters
    ----------
    *arrays : array or TensorVariable
        Of any shape.

    Returns
    -------
    module
        `pytensor.tensor` if any of them is a PyTensor variable, else `numpy`. PyTensor is never
        imported here: if there is a variable of it, it has been imported already.
    """
    pytensor = sys.modules.get("pytensor")
    if pytensor and any(isinstance(array, pytensor.graph.basic.Variable) for array in arrays):
        return pytensor.tensor
    return np


def logistic(x: Any) -> Any:
    """Logistic function ``1 / (1 + exp(-x))``, without overflow.

    Parameters
    ----------
    x : array or TensorVariable
        Of any shape.
    """
    xp = array_namespace(x)
    if xp is not np:
        return xp.sigmoid(x)
    # Slopes are also taken by complex steps, and SciPy's function accepts real numbers only.
    return (1 + np.tanh(x / 2)) / 2 if np.iscomplexobj(x) else expit(x)
