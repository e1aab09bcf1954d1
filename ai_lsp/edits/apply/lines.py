"""A text as lines that can be compared: without line ends, with keys that forget blanks and typography."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate

from ai_lsp.text.document import split_lines
from ai_lsp.text.edit import Edit, Span

BOM = "\ufeff"

_TYPOGRAPHY = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2015": "-", "\u2212": "-",
        "\u2026": "...", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "\ufeff": "", "\u200b": "",
    }
)  # fmt: skip
"""What models and web pages make of ASCII punctuation."""


def plain(text: str) -> str:
    """With typographic quotes, dashes and blanks as the ASCII ones."""
    return text if text.isascii() else text.translate(_TYPOGRAPHY)


def key_of(line: str) -> str:
    """What is compared when blanks and typography do not count."""
    return " ".join(plain(line).split())


def indent_of(line: str) -> str:
    """The blanks a line starts with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def depth_of(line: str) -> int:
    """How far a line is indented, in columns."""
    return len(indent_of(line).expandtabs(4))


_CLOSING = re.compile(
    r"\s*(?:[\])}]|(?:end|else|elif|elsif|except|finally|catch|rescue|ensure|case|default|when)\b)"
)


def is_closing(line: str) -> bool:
    """Whether a line ends a block, or goes on with a statement after one."""
    return _CLOSING.match(line) is not None


_PAIRS = {0x2018: 0x2019, 0x2019: 0x2018, 0x201C: 0x201D, 0x201D: 0x201C}


def curly_for(quoted: str, ours: str) -> dict[int, str]:
    """The typographic characters of a quoted line that are plain ones in the file's own, as a table."""
    out: dict[int, str] = {}
    for char in set(quoted) - set(ours):
        code = ord(char)
        if code in _TYPOGRAPHY:
            out[code] = _TYPOGRAPHY[code]
            if code in _PAIRS:
                out[_PAIRS[code]] = _TYPOGRAPHY[code]
    return out


class FileLines:
    """A file's lines without their ends, and where each starts. A BOM belongs to no line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._skip = 1 if text.startswith(BOM) else 0
        self.full = split_lines(text[1:] if self._skip else text)
        self.raw = [line.rstrip("\r\n") for line in self.full]

    def __len__(self) -> int:
        return len(self.raw)

    @cached_property
    def offsets(self) -> list[int]:
        """Where each line starts, and the end of the text."""
        return list(accumulate(map(len, self.full), initial=self._skip))

    @cached_property
    def keys(self) -> list[str]:
        if self.text.isascii():
            return [" ".join(line.split()) for line in self.raw]
        return [key_of(line) for line in self.raw]

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """The lines of each key."""
        out: dict[str, list[int]] = {}
        for number, key in enumerate(self.keys):
            out.setdefault(key, []).append(number)
        return out

    @cached_property
    def eol(self) -> str:
        """The line end most lines have; `\\n` where there is none."""
        crlf = self.text.count("\r\n")
        lf = self.text.count("\n") - crlf
        cr = self.text.count("\r") - crlf
        most = max(crlf, lf, cr)
        return "\n" if lf == most else "\r\n" if crlf == most else "\r"

    def span(self, first: int, last: int) -> Span:
        """The offsets of the lines `[first, last)` with their ends."""
        return Span(self.offsets[first], self.offsets[last])

    def edit(self, first: int, last: int, new: Sequence[str]) -> Edit:
        """Put lines `new` in the place of `[first, last)`, with this file's line ends.

        A file that ends without a line end still does so.
        """
        start, end = self.offsets[first], self.offsets[last]
        ends = [self._end_near(first)] * len(new)
        if last < len(self) or self._is_ended or not self.raw:
            return Edit(Span(start, end), "".join(line + e for line, e in zip(new, ends, strict=True)))
        text = self._end_near(first).join(new)
        if first == last and new:
            return Edit(Span(start, end), self.eol + text)
        if not new and first > 0:
            start = self.offsets[first - 1] + len(self.raw[first - 1])
        return Edit(Span(start, end), text)

    @property
    def _is_ended(self) -> bool:
        return self.text.endswith(("\n", "\r"))

    def _end_near(self, line: int) -> str:
        """The line end at a place: that of the line before, else of the line itself, else the file's."""
        for number in (line - 1, line):
            if 0 <= number < len(self.full) and len(self.full[number]) > len(self.raw[number]):
                return self.full[number][len(self.raw[number]) :]
        return self.eol


def trimmed(lines: Sequence[str]) -> tuple[int, int]:
    """The range of lines without blank ones at either end."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return first, last


def excerpt(lines: Iterable[str]) -> str:
    """The first line that says something, shortened, for a message."""
    text = next((line.strip() for line in lines if line.strip()), "")
    return text if len(text) <= 80 else text[:79] + "…"
