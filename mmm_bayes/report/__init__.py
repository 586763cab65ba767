"""A run folder in, one self-contained HTML file out, in the order in which a reviewer asks."""

from mmm_bayes.report.rendering import render

__all__ = ["render"]
