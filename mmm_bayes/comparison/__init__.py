"""Comparison of models of one table by how well they predict unseen weeks."""

from mmm_bayes.comparison.job import compare

__all__ = ["compare"]
