"""Frames of styled text, and how one is shown: in place on a terminal, or as plain lines."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TextIO

TAB = 4  # columns


@dataclass(frozen=True, slots=True)
class Look:
    """How a style looks: SGR codes on a terminal with 256 colours, and colours in a picture."""

    sgr: str
    fill: str
    background: str = ""
    bold: bool = False
    italic: bool = False
    struck: bool = False


class Style(Enum):
    """What a piece of text is, not what it looks like."""

    CODE = Look("", "#c9d1d9")
    FRAME = Look("38;5;240", "#484f58")
    TITLE = Look("1", "#f0f6fc", bold=True)
    FAINT = Look("38;5;245", "#8b949e")
    TYPED = Look("1;38;5;231", "#ffffff", bold=True)
    GHOST = Look("3;38;5;244", "#7d8590", italic=True)
    TAKEN = Look("38;5;157", "#aff5b4", "#12381f")
    GOES = Look("9;38;5;210", "#ffa198", "#4a1a1d", struck=True)
    COMES = Look("1;38;5;157;48;5;22", "#7ee787", "#12381f", bold=True)
    FLASH = Look("1;38;5;16;48;5;114", "#04260f", "#7ee787", bold=True)
    CURSOR = Look("7", "#0d1117", "#f0f6fc")
    GOOD = Look("1;38;5;114", "#7ee787", bold=True)
    BAD = Look("1;38;5;210", "#ffa198", bold=True)
    ACCENT = Look("38;5;117", "#79c0ff")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one style, on one line."""

    text: str
    style: Style = Style.CODE


Line = tuple[Piece, ...]
Frame = tuple[Line, ...]


def columns(text: str) -> int:
    """How many terminal columns `text` takes: wide characters two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text
    )


def clip(line: Iterable[Piece], width: int) -> Line:
    """A line of exactly `width` columns: cut, or filled with blanks. Tabs and controls become visible width."""
    out: list[Piece] = []
    room = width
    for piece in line:
        kept = ""
        for char in piece.text.replace("\t", " " * TAB):
            char = char if char.isprintable() else "·"
            if columns(char) > room:
                break
            kept += char
            room -= columns(char)
        out.append(Piece(kept, piece.style))
    return (*out, Piece(" " * room))


def plain(frame: Frame) -> str:
    """The frame's text alone."""
    return "\n".join("".join(piece.text for piece in line).rstrip() for line in frame)


def ansi(frame: Frame) -> list[str]:
    """The frame's lines with their colours."""
    return ["".join(_coloured(piece) for piece in line) for line in frame]


def _coloured(piece: Piece) -> str:
    sgr = piece.style.value.sgr
    return f"\x1b[{sgr}m{piece.text}\x1b[0m" if sgr and piece.text else piece.text


class Terminal:
    """Draws frames over each other in place, without the alternate screen: the last one stays."""

    def __init__(self, out: TextIO, *, is_live: bool) -> None:
        self.out = out
        self.is_live = is_live  # a person watches a terminal that can move its cursor
        self.has_colour = is_live and "NO_COLOR" not in os.environ
        self._drawn: list[str] = []
        if is_live:
            self._write("\x1b[?25l")

    def draw(self, frame: Frame) -> None:
        """Replaces what was drawn last."""
        if not self.is_live:
            self._write(plain(frame) + "\n\n")
            return
        lines = ansi(frame) if self.has_colour else plain(frame).split("\n")
        old = self._drawn if len(self._drawn) == len(lines) else [""] * len(lines)
        up = f"\x1b[{len(self._drawn)}A" if self._drawn else ""
        body = "".join(
            "\n" if line == was else f"\r\x1b[2K{line}\n" for line, was in zip(lines, old, strict=True)
        )
        # 2026 holds the picture back until it is whole; terminals that do not know it ignore it.
        self._write(f"\x1b[?2026h{up}{body}\x1b[?2026l")
        self._drawn = lines

    def keep(self) -> None:
        """Leaves what is drawn where it is, and goes on below it."""
        self._drawn = []

    def close(self) -> None:
        """Gives the terminal back as it was."""
        if self.is_live:
            self._write("\x1b[?25h")

    def _write(self, text: str) -> None:
        encoding = self.out.encoding or "utf-8"
        self.out.write(text.encode(encoding, "replace").decode(encoding))
        self.out.flush()
