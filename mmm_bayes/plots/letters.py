"""Fonts that have the letters of a figure's names, and a sentence on letters that no font has.

Matplotlib draws each letter with the first font of a text's list that has it. The usual list is
short; a letter that it lacks is looked up in every font of the machine, also in one that was
installed after Matplotlib listed them.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, findSystemFonts, fontManager, get_font
from matplotlib.text import Text

from mmm_bayes.text import join_names

FONT = "DejaVu Sans"  # comes with Matplotlib: Latin, Greek, Cyrillic, Arabic, Armenian, Georgian
#: Fonts that draw what it lacks, where they are installed; the first ones are preferred.
OTHER_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP",
    "Noto Sans KR", "Source Han Sans SC", "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans",
    "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Noto Sans Hebrew",
    "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Tamil",
    "Noto Sans Thai", "Nirmala UI", "Leelawadee UI", "Arial Unicode MS",
)  # fmt: skip
#: Fonts that have a box for every letter.
_PLACEHOLDERS = ("last resort", ".lastresort", "adobe blank", "unicode bmp fallback")
#: First words of Unicode names whose letters are in the fonts for Chinese, Japanese and Korean.
_CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "IDEOGRAPHIC", "YI")
#: Most letters that a sentence names.
_NAMED = 8


@cache
def usual_fonts() -> list[str]:
    """Names of the fonts of every figure: `FONT`, and those of `OTHER_FONTS` that are installed."""
    installed = {font.name for font in fontManager.ttflist}
    return [FONT, *(name for name in OTHER_FONTS if name in installed)]


def complete_fonts(drawing: Figure) -> str:
    """Letters of a figure that no font of this machine has.

    Texts with letters that the usual fonts lack get the fonts that have them.

    Parameters
    ----------
    drawing : matplotlib.figure.Figure
        Before it is drawn; its texts are changed in place.
    """
    missing: set[str] = set()
    for text in drawing.findobj(Text):
        letters = frozenset(filter(_is_unusual, text.get_text()))
        if letters:
            fonts, absent = _fonts_with(letters)
            text.set_fontfamily([*usual_fonts(), *fonts])
            missing |= absent
    return "".join(sorted(missing))


def missing_letters_sentence(letters: str) -> str:
    """Sentence on letters that no font has, and the fonts to install; "" without any.

    Parameters
    ----------
    letters : str
        As `complete_fonts` returns them.
    """
    if not letters:
        return ""
    named = [*letters[:_NAMED], *([f"{len(letters) - _NAMED} more"] if letters[_NAMED:] else [])]
    fonts = join_names(list(dict.fromkeys(map(_font_for, letters))))
    return (
        f"No font of this machine has {join_names(named)}, so PNG figures show boxes in their "
        f"place: install {fonts} and draw them again. Pages and SVG figures leave such names to "
        "the reader's browser."
    )


def warn_of_letters(missing: Iterable[str]) -> None:
    """Log a warning, which goes to standard error, of letters that no font has.

    Parameters
    ----------
    missing : iterable of str
        As `complete_fonts` returns them, for each figure; none is no warning.
    """
    letters = "".join(sorted(set("".join(missing))))
    if letters:
        logging.getLogger(__name__).warning("%s", missing_letters_sentence(letters))


def _font_for(letter: str) -> str:
    """Name of a free font that has a letter, guessed from its Unicode name."""
    script = unicodedata.name(letter, "").split(" ")[0]
    if script in _CJK:
        return "Noto Sans CJK"
    if unicodedata.category(letter).startswith("S"):
        return "Noto Emoji" if ord(letter) >= 0x1F000 else "Noto Sans Symbols"
    return f"Noto Sans {script.title()}" if script.isalpha() else "a font that has them"


def _is_unusual(letter: str) -> bool:
    return letter.isprintable() and ord(letter) not in _usual_letters()


@cache
def _usual_letters() -> frozenset[int]:
    """Code points that the usual fonts have."""
    return frozenset().union(*(get_font(findfont(name)).get_charmap() for name in usual_fonts()))


@cache
def _fonts_with(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Names of installed fonts that have some letters, and the letters that none has."""
    fonts: list[str] = []
    absent = set(letters)
    for name, charmap in _installed():
        found = {letter for letter in absent if ord(letter) in charmap}
        if found:
            fonts.append(name)
            absent -= found
        if not absent:
            break
    return tuple(fonts), frozenset(absent)


@cache
def _installed() -> tuple[tuple[str, frozenset[int]], ...]:
    """Every font of the machine, with the code points that the usual fonts lack.

    Upright sans-serif ones come first.
    """
    listed = {font.fname for font in fontManager.ttflist}
    for path in findSystemFonts():
        if path not in listed:
            with suppress(Exception):  # a font's file may be broken in any way
                fontManager.addfont(path)
    entries = sorted(
        (font for font in fontManager.ttflist if not font.name.lower().startswith(_PLACEHOLDERS)),
        key=lambda font: (font.style != "normal", "sans" not in font.name.lower(), font.name),
    )
    charmaps: dict[str, frozenset[int]] = {}
    for font in entries:
        if font.name not in charmaps:
            with suppress(OSError, RuntimeError):  # removed since it was listed
                charmaps[font.name] = frozenset(get_font(font.fname).get_charmap())
    return tuple((name, charmap - _usual_letters()) for name, charmap in charmaps.items())
