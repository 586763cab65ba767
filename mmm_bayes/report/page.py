"""What all pages share: a template, figures inside it, one file that needs no other."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mmm_bayes.files import write_bytes, write_text
from mmm_bayes.plots.style import styled
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.words import value

DPI = 115
#: A CSS pixel is 1/96 of an inch.
CSS_PIXELS = 96


@dataclass(frozen=True)
class Shown:
    """A picture as a page embeds it; width and height in CSS pixels.

    Attributes
    ----------
    alt, caption : str
    source : str
        Of the image: a data URI.
    width, height : int
    """

    alt: str
    caption: str
    source: str
    width: int
    height: int


def write_page(
    page: Path,
    template: str,
    context: Mapping[str, object],
    pictures: Iterable[Picture],
    *,
    figures: Path | None = None,
) -> Path:
    """Draw the figures of a page and write it.

    Parameters
    ----------
    page : pathlib.Path
        The file.
    template : str
        Name of a file in ``templates``.
    context : mapping
        What its words and tables are made of.
    pictures : iterable of Picture
        Drawn one after the other, in the style of all figures.
    figures : pathlib.Path, optional
        A folder to write them into as PNG and SVG too.

    Returns
    -------
    pathlib.Path
        The file.
    """
    with styled():
        shown = {picture.name: embedded(picture, figures) for picture in pictures}
    # Sections enter their titles into `contents` as they are filled.
    text = _environment().get_template(template).render(**context, figures=shown, contents=[])
    write_text(page, text)
    return page


def embedded(picture: Picture, folder: Path | None = None) -> Shown:
    """A picture as a data URI; with a folder, its files are written there too."""
    png = _bytes(picture, "png")
    picture.figure.set_layout_engine("none")  # the layout is found: no second search for the SVG
    svg = _bytes(picture, "svg")
    if folder is not None:
        write_bytes(folder / f"{picture.name}.png", png)
        write_bytes(folder / f"{picture.name}.svg", svg)
    kind, content = ("image/svg+xml", svg) if picture.vector else ("image/png", png)
    source = f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
    width, height = (round(CSS_PIXELS * inches) for inches in picture.figure.get_size_inches())
    return Shown(picture.alt, picture.caption, source, width, height)


def _bytes(picture: Picture, kind: str) -> bytes:
    buffer = io.BytesIO()
    # Without a date, the same run gives the same files.
    metadata: Any = {"Date": None} if kind == "svg" else {"Software": None}
    picture.figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


@cache
def _environment() -> Environment:
    # Names come from the user's files: everything is escaped.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["value"] = _sorted_by
    return environment


def _sorted_by(cell: str) -> str | None:
    """A cell's number as JavaScript reads it; None if it has none."""
    found = value(cell)
    return None if found is None else repr(found).replace("inf", "Infinity")
