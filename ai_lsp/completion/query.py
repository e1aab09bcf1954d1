"""The values of inline completion: what is asked, what is suggested, and why nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span


class Reason(Enum):
    """Why nothing is suggested. The value is the sentence a person reads."""

    DISABLED = "completion is switched off in the settings (completion.enabled, or routes.completion is empty)"
    LANGUAGE_DISABLED = "this language is listed in completion.disabled_languages"
    UNKNOWN_DOCUMENT = "the editor has not opened this document, or has closed it"
    IGNORED_FILE = "this file holds secrets or is listed in an ignore file, so it is never read for suggestions"
    TOO_LARGE = "the file is larger than completion.max_file_kb"
    LONG_LINE = "the line is too long to be written by hand"
    BINARY = "the file does not look like text"
    MID_WORD = "the cursor stands inside a word"
    PATH_DISABLED = "this path is listed in completion.disabled_paths"
    SNOOZED = "suggestions are snoozed (ai-lsp.snooze with 0 ends that)"
    NOT_EDITED = "nothing was typed here since the file was opened, and completion.aggressiveness is shy"
    SEVERAL_CURSORS = "several cursors type at once"
    UNDONE = "the last change was an undo or a redo"
    CORRECTING = "a character was just deleted, and nothing new is asked for before the next key"
    IN_COMMENT = "the cursor is in a comment (completion.in_comments)"
    IN_STRING = "the cursor is in a string (completion.in_strings)"
    JUST_REJECTED = "a suggestion was just dismissed on this line"
    UNLIKELY = "suggestions like this one are seldom taken (completion.learning, completion.aggressiveness)"
    MENU_DISAGREES = "the item chosen in the completion menu does not go with the suggestion"
    NOT_SURE = "the embedded predictor is not sure enough (completion.min_confidence)"
    MODEL_SILENT = "the model had nothing to add"
    MODEL_FAILED = "the model server failed, and the embedded predictor is not sure enough"
    WITHHELD = "nothing was sent to the model, and the embedded predictor is not sure enough"
    NOT_CODE = "the model answered with prose in place of code"
    REPEATS_TEXT = "the suggestion only repeats what stands right of or below the cursor"
    REPEATS_ABOVE = "the suggestion only says the line above again"
    REPEATS_ITSELF = "the model only repeated itself"
    LEAVES_BLOCK = "the suggestion belongs outside the block that the cursor is in"
    DEDENT_DUE = "the line above leaves the block, so nothing can follow at this indentation"
    RESTORES = "the suggestion would bring back what was removed a moment ago"
    OUTDATED = "the text changed while the suggestion was made"
    SUPERSEDED = "a newer request of the same document took its place"
    CANCELLED = "the editor took its request back"


@dataclass(frozen=True, slots=True)
class Declined:
    """Silence, with its reason; `detail` adds facts of the case, such as a server's message."""

    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.detail}" if self.detail else self.reason.value


@dataclass(frozen=True, slots=True)
class MenuChoice:
    """The item selected in the editor's own completion menu: the suggestion must extend it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """One inline completion asked for at an offset of a snapshot."""

    snapshot: DocumentSnapshot
    offset: int
    is_invoked: bool = False
    menu: MenuChoice | None = None
    path: str = ""

    @property
    def line(self) -> int:
        """The cursor's line, 0-based."""
        return self.snapshot.line_at(self.offset)

    @property
    def left(self) -> str:
        """The cursor's line up to the cursor."""
        return self.snapshot.slice(self.snapshot.line_span(self.line).start, self.offset)

    @property
    def right(self) -> str:
        """The cursor's line from the cursor on, without its end."""
        return self.snapshot.slice(self.offset, self.snapshot.line_span(self.line).end)


@dataclass(frozen=True, slots=True)
class Due:
    """A next edit that was found before and only inserts text at the query's cursor. `id` names its offer."""

    id: str
    text: str
    origin: Literal["local", "model"]
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Insert `text` at `offset` of `snapshot`, in place of the `covers` characters that follow it there.

    `covers` never goes past the end of the cursor's line. `confidence` is the chance, 0..1, that the text
    is right, where the origin knows it.
    """

    id: str
    snapshot: DocumentSnapshot
    offset: int
    text: str
    origin: Literal["local", "model"]
    confidence: float = 0.0
    covers: int = 0
    why: str = ""
