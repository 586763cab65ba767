"""Names in every script: drawn with any font that has their letters, and never as silent boxes."""

import logging
import sys
from pathlib import Path

import matplotlib.font_manager
import pytest
from fontTools.ttLib import TTFont

from mmm_bayes.cli import main
from mmm_bayes.plots import letters, style
from mmm_bayes.report.page import embed
from mmm_bayes.report.picture import Picture

CUNEIFORM, YI = "\U00012000", "\ua000"  # signs that no usual font has


@pytest.fixture
def fonts(monkeypatch):
    """The machine's fonts are looked up anew, and forgotten after the test."""
    kept = list(matplotlib.font_manager.fontManager.ttflist)
    for cached in (letters._installed, letters._fonts_with):
        cached.cache_clear()
    yield
    matplotlib.font_manager.fontManager.ttflist[:] = kept
    for cached in (letters._installed, letters._fonts_with):
        cached.cache_clear()


def figure_with(name):
    """A figure that names something in a tick's label."""
    drawing, axes = style.figure()
    axes[0, 0].set_yticks([0, 1], [name, "tv"])
    return drawing


def missing(name):
    with style.figure_style():
        return letters.complete_fonts(figure_with(name))


@pytest.mark.parametrize("name", ["Łódź", "Αθήνα", "Москва", "راديو", "a\nb"])
def test_the_usual_fonts_have_these(name):
    assert missing(name) == ""


def test_letters_that_no_font_has_are_left_to_the_browser(tmp_path):
    with style.figure_style():
        there = embed(Picture("there", "", "", figure_with("Łódź")), tmp_path)
        absent = embed(Picture("absent", "", "", figure_with(CUNEIFORM)), tmp_path)
    assert (there.missing, absent.missing) == ("", CUNEIFORM)
    assert there.source.startswith("data:image/png")
    assert absent.source.startswith("data:image/svg+xml")
    assert CUNEIFORM in (tmp_path / "absent.svg").read_text("utf-8")


def test_a_font_that_was_installed_since_is_used(tmp_path, monkeypatch, fonts):
    """A copy of a small font under another name, in which the sign has some glyph."""
    source = Path(matplotlib.get_data_path(), "fonts", "ttf", "STIXSizFiveSymReg.ttf")
    font = TTFont(source)
    glyph = font.getBestCmap()[max(font.getBestCmap())]
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[ord(YI)] = glyph
    for record in font["name"].names:
        if record.nameID in (1, 4, 6):
            record.string = "New Signs"
    font.save(tmp_path / "new.ttf")
    assert missing(YI) == YI
    letters._installed.cache_clear()
    letters._fonts_with.cache_clear()
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    installed = [str(tmp_path / "broken.ttf"), str(tmp_path / "new.ttf")]
    monkeypatch.setattr(letters, "findSystemFonts", lambda: installed)
    with style.figure_style():
        drawing = figure_with(YI)
        before = embed(Picture("sign", "", "", figure_with("x")))
        assert letters.complete_fonts(drawing) == ""
        label = drawing.axes[0].get_yticklabels()[0]
        assert label.get_fontfamily()[-1] == "New Signs"
        after = embed(Picture("sign", "", "", drawing))
    assert before.source != after.source
    assert after.source.startswith("data:image/png")


def test_the_sentence_names_letters_and_fonts():
    assert letters.missing_letters_sentence("") == ""
    assert letters.missing_letters_sentence("京北") == (
        "No font of this machine has 京 and 北, so PNG figures show boxes in their place: install "
        "Noto Sans CJK and draw them again. Pages and SVG figures leave such names to the reader's "
        "browser."
    )
    sentence = letters.missing_letters_sentence("ทีวกขฃคฅฆงЖ한가\U0001f680")
    assert "and 6 more, so" in sentence
    assert (
        "install Noto Sans Thai, Noto Sans Cyrillic, Noto Sans CJK and Noto Emoji and" in sentence
    )


def test_the_command_says_which_letters_are_boxes(
    mediated_run, tmp_path, monkeypatch, capsys, caplog
):
    folder = tmp_path / "run"
    folder.mkdir()
    for path in mediated_run.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    record = (folder / "run.json").read_text("utf-8").replace("revenue", f"revenue {CUNEIFORM}")
    (folder / "run.json").write_text(record, "utf-8")
    monkeypatch.setattr(sys, "argv", ["mmm-bayes", "report", str(folder)])
    with caplog.at_level(logging.WARNING), pytest.raises(SystemExit, match="0"):
        main()
    (message,) = caplog.messages
    assert message.startswith(f"No font of this machine has {CUNEIFORM}, so PNG figures show boxes")
    assert "install Noto Sans Cuneiform and draw them again" in message
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
