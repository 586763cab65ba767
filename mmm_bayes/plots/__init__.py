"""Figures: summaries of draws in, Matplotlib axes out; no inference and no posterior statistics.

Draw and save them inside `figure_style()`, on axes of `figure`.
"""

from mmm_bayes.plots.style import RC, colours, figure, figure_style

__all__ = ["RC", "colours", "figure", "figure_style"]
