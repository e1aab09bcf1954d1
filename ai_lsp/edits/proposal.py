"""What a model proposes and what becomes of it: plain values that every reply format and the matcher share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ai_lsp.text.edit import Edit, Span


class Kind(Enum):
    """What a proposal's text is."""

    HUNKS = "hunks"  # lines to find, and what they become
    FILE = "file"  # the whole new file
    SYMBOL = "symbol"  # whole definitions of the file, new
    SKETCH = "sketch"  # new text with "… existing code …" comments for what stays
    DELETE = "delete"  # the file goes; never applied here


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines to find and the lines they become, both without line ends.

    `headings` are lines said to stand above the place, outermost first; `line_hint` is the 0-based line the
    reply names, which only orders candidates; `is_at_end` says that the hunk ends with the file;
    `alternatives` are other ways to read the same block, tried where this one has no place.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    headings: tuple[str, ...] = ()
    line_hint: int | None = None
    is_at_end: bool = False
    alternatives: tuple[tuple[Hunk, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """One reply's wish for one file.

    `path` is as the reply names it, "" where it names none. `is_ordered` says that the hunks stand in the order
    of the file, as in diffs. `is_truncated` says that the reply ended inside of it. `mentions` is prose that may
    name definitions which are to go: the instruction and what the reply says around its code.
    """

    kind: Kind
    path: str = ""
    hunks: tuple[Hunk, ...] = ()
    text: str = ""
    is_ordered: bool = False
    is_truncated: bool = False
    mentions: str = ""


class Match(Enum):
    """How the place of an edit was recognised, from the strictest to the loosest."""

    EXACT = "exact"
    WHITESPACE = "whitespace"  # blanks at line ends or inside lines, or typographic characters, differ
    REINDENTED = "re-indented"  # the same lines at another indentation
    FUZZY = "fuzzy"  # some lines differ; the file's own text was kept
    STRUCTURE = "structure"  # by the names of definitions and the lines around them
    WHOLE = "whole"  # the reply is the whole file


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an edit belongs where it is: the lines `place` (offsets of the old text) matched the reply's.

    `differences` are sentences on what was not the same. `hunk` counts from 0.
    """

    match: Match
    place: Span
    hunk: int = 0
    differences: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """For the reviewer."""
        return "; ".join((f"{self.match.value} match", *self.differences))


class Reason(Enum):
    """Why a proposal is refused; the value is a sentence for the user."""

    NOT_FOUND = "the lines to change are not in the file"
    AMBIGUOUS = "the lines to change fit more than one place"
    CONFLICT = "the text to change differs from what the reply says stands there"
    STALE = "the file has changed at that place since the proposal was made"
    INDENTATION = "it cannot be told how the new lines should be indented"
    LOSES_DEFINITION = "a definition would disappear that the proposal does not mention"
    UNANCHORED = "nothing in the reply says where the new lines belong"
    REORDERED = "the parts of the reply stand in another order than in the file"
    OVERLAP = "two parts of the reply change the same lines"
    OTHER_FILE = "the proposal is for another file"
    OUTSIDE = "the proposal names a file outside of the workspace"
    DELETES_FILE = "the reply asks to delete the file, which is left to you"
    EMPTY = "the reply is empty"
    NO_CHANGE = "the file reads already as the reply wants it, as far as the reply shows it"
    NO_EDIT = "the reply holds no edit"
    TRUNCATED = "the reply ends in the middle of an edit"
    BROKEN = "the result could not be read as code, and the file can"
    TOO_LARGE = "the file or the proposal is too large"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place the edit may have been meant for: offsets of the old text, the 0-based line, its first text."""

    span: Span
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing is changed. `candidates` are at most three, likeliest first; `hunk` is the part that failed."""

    reason: Reason
    detail: str = ""
    candidates: tuple[Candidate, ...] = ()
    hunk: int = 0

    @property
    def sentence(self) -> str:
        """For the user, and for a model that is asked again."""
        text = self.reason.value + (f": {self.detail}" if self.detail else "")
        if self.candidates:
            places = ", ".join(f"line {c.line + 1}" for c in self.candidates)
            text += f" (nearest: {places})"
        return text


@dataclass(frozen=True, slots=True)
class Applied:
    """Edits of the old text, in order and apart from each other, each with its evidence at the same index."""

    edits: tuple[Edit, ...]
    evidence: tuple[Evidence, ...]


def changed_text(text: str, applied: Applied) -> str:
    """The text after all edits."""
    out, at = [], 0
    for edit in applied.edits:
        out += [text[at : edit.span.start], edit.new_text]
        at = edit.span.end
    return "".join([*out, text[at:]])
