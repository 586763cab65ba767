"""A page and its pictures in the words of the table's step; they are written for weekly tables."""

from __future__ import annotations

import dataclasses
import re

from markupsafe import escape

from mmm_bayes.data.step import WEEK, Wording
from mmm_bayes.plots.wording import figure_in_steps
from mmm_bayes.report.picture import Picture

#: What a reader does not read, or reads as it is: tags, scripts, styles and code.
_VERBATIM = re.compile(r"(<(script|style|code|pre)\b.*?</\2>|<[^>]*>)", re.DOTALL)

#: Attributes of tags that screen readers read.
_SPOKEN = re.compile(r'(?<=\baria-label=")[^"]*')


def picture_in_steps(picture: Picture, words: Wording) -> Picture:
    """A picture in the words of a table; the text of its figure is changed in place."""
    return dataclasses.replace(
        picture,
        alt=words(picture.alt),
        caption=words(picture.caption),
        figure=figure_in_steps(picture.figure, words),
    )


def page_in_steps(page: str, words: Wording) -> str:
    """A page's text in the words of a table; its tags, scripts and code are left alone.

    Parameters
    ----------
    page : str
        HTML.
    """
    if words.step == WEEK:
        return page
    words = dataclasses.replace(words, names=tuple(str(escape(name)) for name in words.names))
    parts, start = [], 0
    for verbatim in _VERBATIM.finditer(page):
        spoken = _SPOKEN.sub(lambda label: words(label[0]), verbatim[0])
        parts += [words(page[start : verbatim.start()]), spoken]
        start = verbatim.end()
    return "".join([*parts, words(page[start:])])
