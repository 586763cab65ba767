"""Writing a page: a template is filled, its figures are embedded, and one file is the result."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mmm_bayes.data.step import Wording
from mmm_bayes.files import write_bytes, write_text
from mmm_bayes.plots.letters import complete_fonts, warn_of_letters
from mmm_bayes.plots.style import figure_style
from mmm_bayes.report.cells import Cell
from mmm_bayes.report.picture import Picture
from mmm_bayes.report.wording import page_in_steps, picture_in_steps

DPI = 115
#: A CSS pixel is 1/96 of an inch.
CSS_PIXELS = 96


@dataclass(frozen=True)
class EmbeddedPicture:
    """A picture as a page embeds it.

    Attributes
    ----------
    source : str
        The image as a data URI.
    width, height : int
        In CSS pixels.
    missing : str
        Letters that no font of this machine has.
    """

    alt: str
    caption: str
    source: str
    width: int
    height: int
    missing: str


def write_page(
    page: Path,
    template: str,
    context: Mapping[str, object],
    pictures: Iterable[Picture],
    words: Wording,
    *,
    figures: Path | None = None,
) -> Path:
    """Draw the figures of a page and write it.

    Parameters
    ----------
    page : pathlib.Path
        File to write.
    template : str
        Name of a file in ``templates``.
    context : mapping of str to object
        Values of the template's variables.
    pictures : iterable of Picture
        Drawn one after the other, in the style of all figures.
    words : Wording
        Words of the table that the page is about.
    figures : pathlib.Path, optional
        Folder into which the pictures are written as PNG and SVG too.

    Returns
    -------
    pathlib.Path
        The file.
    """
    with figure_style():
        embedded = {
            picture.name: embed(picture_in_steps(picture, words), figures) for picture in pictures
        }
    warn_of_letters(picture.missing for picture in embedded.values())
    # Sections enter their titles into `contents` as they are filled.
    text = _environment().get_template(template).render(**context, figures=embedded, contents=[])
    write_text(page, page_in_steps(text, words))
    return page


def embed(picture: Picture, folder: Path | None = None) -> EmbeddedPicture:
    """A picture as a data URI; with a folder, its files are written there too.

    Where no font of this machine has a name's letters, the SVG holds its text, which the reader's
    browser draws with a font of its own, and the page has the SVG.
    """
    missing = complete_fonts(picture.figure)
    as_text = bool(missing)
    png = _image(picture, "png")
    picture.figure.set_layout_engine("none")  # the SVG has the layout of the PNG
    with mpl.rc_context({"svg.fonttype": "none"} if as_text else {}):
        svg = _image(picture, "svg")
    if folder is not None:
        write_bytes(folder / f"{picture.name}.png", png)
        write_bytes(folder / f"{picture.name}.svg", svg)
    vector = picture.vector or as_text
    kind, content = ("image/svg+xml", svg) if vector else ("image/png", png)
    source = f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
    width, height = (round(CSS_PIXELS * inches) for inches in picture.figure.get_size_inches())
    return EmbeddedPicture(picture.alt, picture.caption, source, width, height, missing)


def _image(picture: Picture, kind: str) -> bytes:
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
    environment.filters["sort_key"] = _sort_key
    return environment


def _sort_key(cell: Cell) -> str | None:
    """A cell's number as JavaScript reads it; None if it has none."""
    return None if cell.value is None else repr(float(cell.value)).replace("inf", "Infinity")
