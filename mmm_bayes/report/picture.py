"""A figure with its words, as every page of a report has them."""

from __future__ import annotations

import io
from dataclasses import dataclass

from matplotlib.figure import Figure

from mmm_bayes.plots.style import styled


@dataclass(frozen=True, repr=False)
class Picture:
    """A figure with its words.

    Attributes
    ----------
    name : str
        Of its file, and its anchor.
    alt : str
        What it shows, for who can't see it.
    caption : str
        What to see in it.
    figure : matplotlib.figure.Figure
    vector : bool
        Whether it is light enough to be shown as SVG.
    """

    name: str
    alt: str
    caption: str
    figure: Figure
    vector: bool = False

    def __repr__(self) -> str:
        """What to see in it: a notebook shows this where it can't show the figure."""
        return self.caption

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        """The figure as a notebook shows it, with its words for who can't see it."""
        buffer = io.BytesIO()
        with styled():
            self.figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
        return buffer.getvalue(), {"alt": self.alt}
