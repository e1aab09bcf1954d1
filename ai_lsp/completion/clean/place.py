"""What the steps of cleaning see: the lines around the cursor, how they are indented, and the limits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from ai_lsp.completion.clean.words import Words, words_of
from ai_lsp.completion.query import Query
from ai_lsp.text.document import DocumentSnapshot

REACH_LINES = 80
REACH_CHARS = 8_000
"""How far around the cursor a step may look."""

_CLOSER_LINE = re.compile(r"\s*(?:[)\]}>]+[)\]};,>\s]*|</[\w.:-]*>[;,)]*)\s*$")
_OPENS_WITH_CLOSER = re.compile(r"\s*[)\]}]")
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Removal:
    """Text that the user removed a moment ago, and the offset of the present snapshot where it stood."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an answer may be shown.

    `is_single_line`: the answer must end with the cursor's line. `may_go_on`: further lines may follow a
    statement that the cursor stands in, as where each of them is nearly certain. `removed` is what the user took
    away lately and must not be offered again in its old place.
    """

    max_lines: int = 8
    is_single_line: bool = False
    may_go_on: bool = False
    removed: Sequence[Removal] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """The surroundings of a cursor. `above` and `below` hold whole lines, nearest first, blank ones too."""

    query: Query
    limits: Limits
    left: str
    right: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    words: Words
    unit: str

    @property
    def indent(self) -> str:
        """The white space that the cursor's line begins with, as far as it stands left of the cursor."""
        return leading(self.left)

    @property
    def starts_line(self) -> bool:
        """Whether nothing but white space stands left of the cursor."""
        return not self.left.strip()

    @property
    def next_line(self) -> str:
        """The nearest line below that is not blank, or ""."""
        return next((line for line in self.below if line.strip()), "")

    @property
    def last_line(self) -> str:
        """The nearest line above that is not blank, or ""."""
        return next((line for line in self.above if line.strip()), "")


def place_of(query: Query, limits: Limits) -> Place:
    """The surroundings of a query's cursor."""
    return Place(query, limits, *_near(query.snapshot, query.offset))


@lru_cache(maxsize=4)  # every piece of a streamed answer asks about the same cursor
def _near(
    snapshot: DocumentSnapshot, offset: int
) -> tuple[str, str, tuple[str, ...], tuple[str, ...], Words, str]:
    """What a Place holds of the text: left, right, above, below, words, unit."""
    line = snapshot.line_at(offset)
    span = snapshot.line_span(line)
    left, right = snapshot.slice(span.start, offset), snapshot.slice(offset, span.end)
    start = snapshot.line_span(max(0, line - REACH_LINES)).start
    above = _lines(snapshot.slice(max(start, span.start - REACH_CHARS), span.start))[:-1]
    end = snapshot.line_span(min(snapshot.line_count - 1, line + REACH_LINES)).end
    below = _lines(snapshot.slice(span.end, min(end, span.end + REACH_CHARS)))[1:]
    above.reverse()
    unit = _unit(above[:60] + below[:40], left)
    return left, right, tuple(above), tuple(below), words_of(snapshot.language_id), unit


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _unit(lines: Sequence[str], left: str) -> str:
    """One step of indentation, as the lines around have it; "" where none is indented."""
    leads = [lead for line in lines if line.strip() and (lead := leading(line))]
    if not leads:
        return "\t" if left.startswith("\t") else ""
    if sum(lead.startswith("\t") for lead in leads) * 2 > len(leads):
        return "\t"
    widths = [len(leading(line)) for line in lines if line.strip() and not line.startswith("\t")]
    steps = [abs(a - b) for a, b in pairwise(widths) if abs(a - b) in (2, 3, 4, 8)]
    if steps:
        return " " * max((4, 2, 8, 3), key=steps.count)
    least = min(len(lead) for lead in leads if not lead.startswith("\t"))
    return " " * least if least in (2, 3, 4, 8) else ""


def leading(line: str) -> str:
    """The blanks and tabs that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def width(line: str) -> int:
    """Columns of the white space that a line begins with, a tab counting as eight."""
    return len(leading(line).expandtabs(8))


def squeezed(text: str) -> str:
    """Text without white space, for comparing."""
    return "".join(text.split())


def is_closer(line: str, words: Words) -> bool:
    """Whether a line does nothing but close what was opened above it."""
    return bool(_CLOSER_LINE.match(line)) or line.strip().rstrip(";,)") in words.closers


def closes_first(line: str, words: Words) -> bool:
    """Whether a line begins by closing what was opened above it; more may follow, as in `} else {`."""
    return bool(_OPENS_WITH_CLOSER.match(line)) or is_closer(line, words)


def opens(line: str, words: Words) -> bool:
    """Whether what follows a line belongs inside of it: it opens a block or a bracket, or is not finished."""
    text = line.rstrip()
    if text.endswith(("{", "(", "[", ",", "\\", "=>", "->", "=", "&&", "||", "+", "<")):
        return True
    if text.endswith(":") and (words.is_indented or text.lstrip().startswith(("case ", "default"))):
        return True
    return bool(words.openers.match(text)) or open_brackets(text) > 0


def open_brackets(text: str) -> int:
    """How many brackets a text opens and does not close; those in strings count too."""
    opened: list[str] = []
    for char in text:
        if char in "([{":
            opened.append(char)
        elif char in _PAIRS and opened and opened[-1] == _PAIRS[char]:
            opened.pop()
    return len(opened)


def unmatched_closers(text: str) -> list[str]:
    """The brackets that a text closes without having opened them, in order; those in strings count too."""
    opened: list[str] = []
    out = []
    for char in text:
        if char in "([{":
            opened.append(char)
        elif char in _PAIRS:
            if opened and opened[-1] == _PAIRS[char]:
                opened.pop()
            else:
                out.append(char)
    return out
