"""The screen's reader and painter: what the other tests see with."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.editors.picture import svg
from tests.editors.terminal import PLAIN, Cell, Style, apply_sgr, coloured, read_rows, text_of


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("31", Style(foreground="#cd3131")),
        ("97;44", Style(foreground="#ffffff", background="#2472c8")),
        ("38;5;196", Style(foreground="#ff0000")),
        ("48:5:232", Style(background="#080808")),
        ("38;2;15;143;239;1", Style(foreground="#0f8fef", bold=True)),
        ("38:2::15:143:239", Style(foreground="#0f8fef")),
        ("4:3;58;5;9", Style(underline=True)),
        ("4:0", Style()),
        ("1;2;3;7;22", Style(italic=True, reverse=True)),
        ("31;0", PLAIN),
        ("", PLAIN),
    ],
)
def test_colours_and_weights(parameters: str, style: Style) -> None:
    assert apply_sgr(PLAIN, parameters) == style


def test_a_row_is_cells_with_wide_and_combining_characters() -> None:
    (row,) = read_rows("a\x1b[31m世e\u0301\x1b[39m👩‍ ")
    red = Style(foreground="#cd3131")
    assert row[:3] == (Cell("a", PLAIN), Cell("世", red, 2), Cell("e\u0301", red))
    assert text_of(row) == "a世e\u0301👩‍"


def test_a_colour_goes_on_over_a_line_end_and_links_are_skipped() -> None:
    rows = read_rows("x\x1b[31my\n\x1b]8;;http://a\x1b\\z\x1b]8;;\x1b\\\x1b[0mw")
    assert [text_of(row) for row in rows] == ["xy", "zw"]
    assert coloured(rows, "#cd3131") == ["y", "z"]


def test_a_picture_is_xml_that_holds_each_word_to_its_columns() -> None:
    picture = svg(read_rows('a <b> & "c"\n  \x1b[1;31mred\x1b[0m'), "A < B", cursor=(2, 1))
    root = ElementTree.fromstring(picture)
    words = [(text.text, text.get("x")) for text in root.iter("{http://www.w3.org/2000/svg}text")][1:]
    assert words == [("a", "12.0"), ("<b>", "28.8"), ("&", "62.4"), ('"c"', "79.2"), ("red", "28.8")]
