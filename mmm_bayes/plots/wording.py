"""A figure in the words of the table's step; its axes and labels are written for weekly tables."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.text import Text

from mmm_bayes.data.step import WEEK, Wording


def figure_in_steps(figure: Figure, words: Wording) -> Figure:
    """A figure in the words of a table; its text is changed in place."""
    if words.step == WEEK:
        return figure
    for text in figure.findobj(Text):
        text.set_text(words(text.get_text()))
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label.get_text() for label in axis.get_ticklabels()]
            spoken = [words(label) for label in labels]
            if spoken != labels:
                axis.set_ticks(axis.get_ticklocs(), labels=spoken)
    return figure
