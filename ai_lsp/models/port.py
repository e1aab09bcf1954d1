"""The one door to any model: a request of plain values goes in, a stream of text comes out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class ContextFile:
    """Text of another place, in front of the prompt; `path` is relative to the workspace, with `/`."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class FimPrompt:
    """Fill in the middle, without any vendor token.

    `prefix` ends at the start of the cursor's line, `typed` is that line's part left of the cursor, and
    `suffix` is everything right of the cursor. They are kept apart because a server with a prefix cache
    re-reads almost nothing per key when `typed` comes after the middle token (llama.vim's layout); a
    backend that cannot do so sends `prefix + typed`. The first `lasting` of `files` (None: all)
    stay the same for long; those behind them change with every edit.
    """

    prefix: str
    typed: str
    suffix: str
    path: str = ""
    repo: str = ""
    language_id: str = ""
    files: tuple[ContextFile, ...] = ()
    lasting: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One chat turn."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """A conversation; a last turn by the assistant is the start of its answer, where the API allows that.

    `endpoint` "edit" is the next-edit endpoint of Inception's API, which is chat-shaped; others know only "chat".
    """

    messages: tuple[Message, ...]
    endpoint: Literal["chat", "edit"] = "chat"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a PiecedPrompt, and whose text it is.

    "format" are words and marks of the program. "document" is text of the document being edited as it is now, at
    offset `at` of it; "earlier" is older text of it, or a diff; "other" is of another file, whose `path` it has.
    """

    text: str
    of: Literal["format", "document", "earlier", "other"] = "format"
    at: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class PiecedPrompt:
    """A prompt that a feature writes itself, marks and all, in pieces, so that the gate can tell text from marks.

    "raw" goes to a completion endpoint as it is; "chat" and "edit" become one user's turn behind `system`.
    `cursor` is an offset of the document, -1 where none is shown.
    """

    pieces: tuple[Piece, ...]
    shape: Literal["raw", "chat", "edit"] = "raw"
    system: str = ""
    path: str = ""
    language_id: str = ""
    cursor: int = -1

    @property
    def text(self) -> str:
        """All pieces in their order."""
        return "".join(piece.text for piece in self.pieces)

    def chat(self) -> ChatPrompt:
        """The prompt as a conversation."""
        system = (Message("system", self.system),) if self.system else ()
        return ChatPrompt((*system, Message("user", self.text)), "edit" if self.shape == "edit" else "chat")


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Everything asked of a model, serializable: this is what a recording stores.

    `max_tokens` in tokens; `stop` strings end the answer and are not part of it; `draft` is text the
    answer is expected to resemble, for servers that can speculate from it; `min_indent` in columns is a
    hint for servers that can enforce it.
    """

    prompt: FimPrompt | ChatPrompt | PiecedPrompt
    max_tokens: int
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    min_indent: int = 0
    draft: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the server reports them; None where it does not say."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the answer. The last one of a stream has `finish` set, and may have no text.

    `finish`: "stop" (stop string or end of text), "length" (token limit), "timeout" (the time limit cut
    the stream and what came before is kept).
    """

    text: str = ""
    finish: Literal["stop", "length", "timeout"] | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """What a model server answered when asked who it is; `problem` is empty when it can be used."""

    reachable: bool
    model: str = ""
    template: str = ""
    context_tokens: int | None = None
    latency_ms: float | None = None
    problem: str = ""
    advice: str = ""


class Model(Protocol):
    """One configured model. Closing the iterator (or cancelling its task) closes the socket at once."""

    @property
    def name(self) -> str:
        """The name the user gave it in the settings."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Ask and yield the answer as it arrives. Raises errors.ModelError and nothing else."""

    async def probe(self) -> Probe:
        """Ask the server who it is, without raising."""

    async def aclose(self) -> None:
        """Close the keep-alive connections."""
