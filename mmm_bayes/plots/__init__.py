"""Figures: labelled data in, matplotlib axes out; one idea a file, no inference.

Draw and save them inside `styled()`, on axes of `figure`.
"""

from mmm_bayes.plots.style import RC, colours, compact, figure, styled

__all__ = ["RC", "colours", "compact", "figure", "styled"]
