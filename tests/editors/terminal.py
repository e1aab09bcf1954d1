"""What a terminal shows, as cells with colours: read from the escape sequences that a multiplexer prints."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

BASIC = (
    *("#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5"),
    *("#666666", "#f14c4c", "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff"),
)
"""The sixteen colours that a terminal names by number; xterm leaves their shade to the terminal."""

_ESCAPE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x0e\x0f]")


@dataclass(frozen=True, slots=True)
class Style:
    """How a cell is drawn; colours are `#rrggbb`, None is the terminal's own."""

    foreground: str | None = None
    background: str | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One character on the screen with its combining marks; `width` is 1 or 2 columns."""

    text: str
    style: Style
    width: int = 1


Row = tuple[Cell, ...]

PLAIN = Style()
_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}
_FLAGS_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",)}


def read_rows(captured: str) -> list[Row]:
    """The rows of a captured pane (`tmux capture-pane -p -e`): text and SGR sequences, all else skipped."""
    rows, style = [], PLAIN
    for line in captured.split("\n"):
        cells: list[Cell] = []
        at = 0
        for escape in _ESCAPE.finditer(line):
            _append(cells, line[at : escape.start()], style)
            if escape[1] is not None:
                style = apply_sgr(style, escape[1])
            at = escape.end()
        _append(cells, line[at:], style)
        rows.append(tuple(cells))
    return rows


def text_of(row: Sequence[Cell]) -> str:
    """The characters of a row, without what fills it up on the right."""
    return "".join(cell.text for cell in row).rstrip()


def coloured(rows: Sequence[Row], foreground: str) -> list[str]:
    """The text drawn in one colour, one string for each row that has some; blanks at the ends are kept."""
    picked = ("".join(cell.text for cell in row if cell.style.foreground == foreground) for row in rows)
    return [text for text in picked if text]


def apply_sgr(style: Style, parameters: str) -> Style:
    """The style after one `CSI … m`; numbers that this table does not know change nothing."""
    numbers = iter(parameters.split(";"))
    for number in numbers:
        main, *detail = number.split(":")
        code = int(main or 0)
        changes: dict[str, Any] = {}
        if code == 0:
            style = PLAIN
        elif code in _FLAGS:
            changes[_FLAGS[code]] = detail != ["0"]
        elif code in _FLAGS_OFF:
            changes.update(dict.fromkeys(_FLAGS_OFF[code], False))
        elif code in (38, 48, 58):
            colour = _colour(iter(part for part in detail if part) if detail else numbers)
            if code != 58:
                changes["foreground" if code == 38 else "background"] = colour
        elif code in (39, 49):
            changes["foreground" if code == 39 else "background"] = None
        elif 30 <= code <= 37 or 90 <= code <= 97:
            changes["foreground"] = BASIC[code - 30 if code < 40 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            changes["background"] = BASIC[code - 40 if code < 50 else code - 92]
        style = replace(style, **changes)
    return style


def _colour(numbers: Iterator[str]) -> str:
    """What follows 38 or 48: `5;index` of the 256-colour table, or `2;red;green;blue`."""
    if next(numbers) == "2":
        red, green, blue = (int(next(numbers)) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    index = int(next(numbers))
    if index < 16:
        return BASIC[index]
    if index >= 232:
        return f"#{8 + 10 * (index - 232):02x}" + f"{8 + 10 * (index - 232):02x}" * 2
    levels = (0, 95, 135, 175, 215, 255)
    cube = index - 16
    return "#" + "".join(f"{levels[step]:02x}" for step in (cube // 36, cube // 6 % 6, cube % 6))


def _append(cells: list[Cell], text: str, style: Style) -> None:
    for character in text:
        if unicodedata.combining(character) or character in "\u200d\ufe0f":
            if cells:
                cells[-1] = replace(cells[-1], text=cells[-1].text + character)
            continue
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        cells.append(Cell(character, style, width))
