"""Transforms of exposure: carryover and saturation, one form per file, each with its source.

A form is a function of operators that NumPy arrays and PyTensor variables share, with the default
priors of its parameters. It is chosen by the name of its file: ``[model] saturation = "hill"``.
"""

from mmm_bayes.model.transforms.registry import Transform, load_transform, transform_names

__all__ = ["Transform", "load_transform", "transform_names"]
