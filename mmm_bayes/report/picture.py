"""A figure with its alternative text and caption."""

from __future__ import annotations

import io
from dataclasses import dataclass

from matplotlib.figure import Figure

from mmm_bayes.plots.style import figure_style


@dataclass(frozen=True, repr=False)
class Picture:
    """A figure with its alternative text and caption.

    Attributes
    ----------
    name : str
        Name of its file, and its anchor on a page.
    alt : str
        Alternative text, for readers who can't see the figure.
    caption : str
        What the figure shows and how to read it.
    vector : bool
        Whether the figure is small enough to be embedded as SVG.
    """

    name: str
    alt: str
    caption: str
    figure: Figure
    vector: bool = False

    def __repr__(self) -> str:
        """The caption, which a notebook shows where it can't show the figure."""
        return self.caption

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        """The figure as a notebook shows it, with its alternative text."""
        buffer = io.BytesIO()
        with figure_style():
            self.figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
        return buffer.getvalue(), {"alt": self.alt}
