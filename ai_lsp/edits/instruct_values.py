"""What an instructed edit is asked with and what may come of it: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ai_lsp.text.change import FileChange
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span


@dataclass(frozen=True, slots=True)
class Material:
    """Text that helps a model, quoted in the prompt: its title, where it is from, and what is kept first."""

    title: str
    text: str
    path: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be changed, as it is now; `path` within the workspace, with `/`."""

    path: str
    snapshot: DocumentSnapshot
    is_open: bool = True
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One instruction. `span` is the selection in `source`, empty for a mere cursor, None for the whole file;
    `others` are further files shown in full; `answers` are (question, answer) that were asked before."""

    instruction: str
    source: Source
    span: Span | None = None
    material: tuple[Material, ...] = ()
    others: tuple[Source, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()


class Why(Enum):
    """Why there is no edit. The value is the user's sentence; `detail` says more."""

    EMPTY = "The model answered with nothing."
    TRUNCATED = "The model's answer breaks off before its end."
    NO_EDIT = "The model's answer holds no edit."
    ECHO = "The model repeated the instruction instead of carrying it out."
    NOTHING_NEW = "The model's answer leaves the text as it is."
    OTHER_FILE = "The model proposes to change a file that is not there."
    OUTSIDE = "The model proposes to change a file outside of the workspace."
    BARRED = "The model proposes to change a file that may not be changed."
    DELETES = "The model proposes to delete a file, which is left to you."
    NOT_PLACED = "The model's edit cannot be placed for certain."
    SELECTION_TOO_LARGE = "The selection is larger than what the model can read at once."
    SELECTION_GONE = "The selected text is not there any more."
    MODEL_FAILED = "The model failed."
    WITHHELD = "Nothing was asked."


RETRIED = frozenset({Why.EMPTY, Why.NO_EDIT, Why.ECHO, Why.NOTHING_NEW, Why.OTHER_FILE, Why.NOT_PLACED})
"""What a model may do better when it is told; the others would only come again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """No edit came of it, and nothing was changed."""

    why: Why
    detail: str = ""

    @property
    def sentence(self) -> str:
        """For the user."""
        return f"{self.why.value} {self.detail}".strip()


@dataclass(frozen=True, slots=True)
class Placed:
    """One edit that is certain while the rest of the reply is still to come; offsets of `source.snapshot`."""

    source: Source
    edit: Edit
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """The whole edit, each file once. `title` is set where it is one of several, `warning` where the checkers say
    that it breaks something."""

    files: tuple[FileChange, ...]
    title: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Different edits of which the user chooses one."""

    choices: tuple[Edited, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What the model wants to know first; two to five choices."""

    text: str
    choices: tuple[str, ...]


Outcome = Edited | Alternatives | Question | Failure
