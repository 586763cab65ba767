"""Which of several models of the same table predicts unseen weeks best, and how sure that is."""

from mmm_bayes.comparison.compare import compare

__all__ = ["compare"]
