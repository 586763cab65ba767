"""Which library's functions an expression takes: NumPy's for arrays, PyTensor's for graphs."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy.special import expit


def namespace(*arrays: Any) -> Any:
    """The module whose ``exp`` and ``log`` these arrays understand.

    Parameters
    ----------
    *arrays : array or TensorVariable

    Returns
    -------
    module
        `pytensor.tensor` if any of them is a PyTensor variable, else `numpy`. PyTensor is
        never imported here: a variable of it can only exist if it already was.
    """
    pytensor = sys.modules.get("pytensor")
    if pytensor and any(isinstance(array, pytensor.graph.basic.Variable) for array in arrays):
        return pytensor.tensor
    return np


def logistic(x: Any) -> Any:
    """``1 / (1 + exp(-x))`` without overflow, of an array or a PyTensor variable.

    Parameters
    ----------
    x : array, real or complex, or TensorVariable
    """
    xp = namespace(x)
    if xp is not np:
        return xp.sigmoid(x)
    # Slopes are taken by complex steps too, and SciPy's function knows real numbers only.
    return (1 + np.tanh(x / 2)) / 2 if np.iscomplexobj(x) else expit(x)
