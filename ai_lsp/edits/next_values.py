"""The values of the next edit: what is asked, what an engine proposes, what is offered, and why nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

Origin = Literal["local", "model"]
What = Literal["edit", "jump"]


class NextReason(Enum):
    """Why there is no next edit, or why one went away. The value is the sentence a person reads."""

    DISABLED = "the next edit is switched off in the settings (next_edit.enabled, or routes.next_edit is empty)"
    LANGUAGE_DISABLED = "this language is listed in next_edit.disabled_languages"
    UNKNOWN_DOCUMENT = "the editor has not opened this document, or has closed it"
    UNKNOWN_VERSION = "the editor asked about a version of the document that the server does not have"
    IGNORED_FILE = "this file holds secrets or is listed in an ignore file, so it is never read for suggestions"
    TOO_LARGE = "the file is larger than next_edit.max_file_kb"
    NO_EDIT_YET = "nothing has been edited since the files were opened, so there is no example to go by"
    NOT_SURE = "no engine is sure enough of an edit or of its place (next_edit.min_confidence)"
    ENGINE_STARTING = "the embedded engine is still starting, or has just opened this file"
    ENGINE_FAILED = "the embedded engine has failed, and starts again"
    ENGINE_LATE = "the embedded engine did not answer in time"
    MODEL_FAILED = "the model server failed, and the embedded engine is not sure enough"
    MODEL_ANSWER = "the model's answer cannot be used, and the embedded engine is not sure enough"
    MODEL_SILENT = "the model would change nothing, and the embedded engine is not sure enough"
    WITHHELD = "nothing was sent to the model, and the embedded engine is not sure enough"
    NO_CHANGE = "it would change nothing"
    ONLY_BLANKS = "it would change only blanks"
    REVERTS = "it would take back what was just edited"
    REPEATS = "it would repeat lines that stand there already"
    MARKERS = "it holds marks of the model's own format"
    DELETES = "it would delete too much of what the model was shown"
    ELSEWHERE = "the text it was made for does not stand there"
    BREAKS = "a checker looked at what would be changed"
    REJECTED = "it was dismissed here a short while ago"
    VISITED = "you were led there already and changed nothing"
    TYPED = "it has been typed by hand meanwhile"
    CONTRADICTED = "what was typed meanwhile contradicts it"
    OUTDATED = "the text changed while it was made"
    SUPERSEDED = "a newer request of the same document took its place"
    CANCELLED = "the editor took its request back"


@dataclass(frozen=True, slots=True)
class NextDeclined:
    """No next edit, with the reason; `detail` adds facts of the case, such as a server's message."""

    reason: NextReason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.detail}" if self.detail else self.reason.value


@dataclass(frozen=True, slots=True)
class Problem:
    """A diagnostic of the document asked about, as the editor sent it along."""

    span: Span
    message: str
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class NextQuery:
    """The next edit asked for with the cursor at an offset of a snapshot; `path` is relative to the workspace."""

    snapshot: DocumentSnapshot
    offset: int
    path: str = ""
    problems: tuple[Problem, ...] = ()
    is_invoked: bool = False

    @property
    def uri(self) -> str:
        return self.snapshot.uri


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change that an engine proposes, in offsets of its target's `snapshot`.

    A jump has an empty span and no text: the place is likely, what to write there is not. `confidence` is the
    chance, 0..1, that the change (of a jump: the place) is right. Changes of one answer share a `group`. The
    snapshot of a file that is not open in the editor holds its text on disk.
    """

    snapshot: DocumentSnapshot
    edit: Edit
    kind: What
    confidence: float
    origin: Origin
    why: str
    group: str = ""
    is_open: bool = True

    @property
    def uri(self) -> str:
        return self.snapshot.uri

    @property
    def removed(self) -> str:
        """The text that it takes away."""
        return self.snapshot.slice(self.edit.span.start, self.edit.span.end)

    @property
    def line(self) -> int:
        """The line where it begins, 0-based."""
        return self.snapshot.line_at(self.edit.span.start)


@dataclass(frozen=True, slots=True)
class Offer:
    """A proposal that goes out to the editor under a name of its own."""

    id: str
    proposal: Proposal


class Found(Protocol):
    """What the embedded engine proposes; see edits/local/client.py. Columns count characters."""

    @property
    def uri(self) -> str: ...
    @property
    def start_line(self) -> int: ...
    @property
    def start_col(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def end_col(self) -> int: ...
    @property
    def new_text(self) -> str: ...
    @property
    def old_text(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def kind(self) -> What: ...
    @property
    def why(self) -> str: ...
