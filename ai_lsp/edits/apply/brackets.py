"""A sketch with the brackets that its holes hide, so that a grammar can read what is left."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ai_lsp.edits.apply.lines import indent_of
from ai_lsp.edits.markers import is_marker

_PAIRS = {"{": "}", "(": ")", "[": "]"}
_QUIET = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'|`[^`\n]*`|'[^'\n]*'|//.*|/\*.*?\*/")


def closed(lines: Sequence[str]) -> list[str]:
    """The same number of lines. Where a marker hides the end of a block, it is closed in the marker's line; a
    bracket that closes what the sketch does not open is a blank."""
    out: list[str] = []
    open_: list[tuple[int, str]] = []  # (depth of the line, what closes it)
    hole = -1
    for line in lines:
        bare = line.rstrip("\r\n")
        if is_marker(bare):
            hole = len(out)
            out.append(line)
            continue
        text = bare.strip()
        depth = len(indent_of(bare).expandtabs(4))
        if text and hole >= 0:
            is_closer = text[0] in ")]}"
            ends = ""
            while open_ and (open_[-1][0] > depth or (open_[-1][0] == depth and not is_closer)):
                ends += open_.pop()[1]
            marker = out[hole]
            out[hole] = ends + marker[len(marker.rstrip("\r\n")) :] if ends else marker
            hole = -1
        out.append(_scanned(line, depth, open_))
    if hole >= 0 and open_:
        out[hole] = "".join(end for _, end in reversed(open_)) + "\n"
    return out


def _scanned(line: str, depth: int, open_: list[tuple[int, str]]) -> str:
    """The line, its brackets taken in; those that close nothing become blanks."""
    chars = list(line)
    quiet = {n for match in _QUIET.finditer(line) for n in range(*match.span())}
    for n, char in enumerate(line):
        if n in quiet:
            continue
        if char in _PAIRS:
            open_.append((depth, _PAIRS[char]))
        elif char in ")]}":
            if open_ and open_[-1][1] == char:
                open_.pop()
            else:
                chars[n] = " "
    return "".join(chars)
