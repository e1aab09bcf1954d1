"""What a service is: methods and commands by name, and hooks that do nothing unless it says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

if TYPE_CHECKING:
    from ai_lsp.completion.query import Declined, Query, Suggestion
    from ai_lsp.lsp.protocol import Route
    from ai_lsp.lsp.session import Session

Command = Callable[[list[Any]], Any]
"""Takes the arguments of `workspace/executeCommand`; returns the result or an awaitable of it."""

Judge = Callable[["Query", "Suggestion | Declined"], "Suggestion | Declined"]
"""Lets an answer through, or gives the reason to hold it back."""

Work = Callable[[], Coroutine[Any, Any, "Suggestion | None"]]
"""One completion that has its part of the session and has not begun."""


class Service:
    """One feature of the server. Hooks run on the loop in the order of messages and must not block or wait."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def methods(self) -> Mapping[str, Route]:
        """LSP methods this service answers."""
        return {}

    def commands(self) -> Mapping[str, Command]:
        """Commands this service runs; each is also named in `handshake.COMMANDS`."""
        return {}

    def code_actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """CodeActions for a span, known at once (`actions.command_action` makes one): what takes time is a
        command that returns and goes on. `context` is the request's CodeActionContext. The caller sees to the
        kinds in `only` and to what the client did not declare, and never asks about an ignored document."""
        return ()

    def accepted(self, id: str) -> bool:
        """`ai-lsp.accept` was run with an id: whether it is one of this feature's."""
        return False

    def rejected(self, id: str) -> bool:
        """`ai-lsp.reject` was run with an id: whether it is one of this feature's."""
        return False

    def why(self) -> tuple[float, str] | None:
        """When this feature last answered (session's clock) and why it was silent, in a sentence, if it was."""
        return None

    def opened(self, document: DocumentSnapshot) -> None:
        """A document was opened."""

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        """A document changed: `edits` follow one another from `before` to `after`."""

    def saved(self, uri: str) -> None:
        """A document was saved."""

    def closed(self, uri: str) -> None:
        """A document was closed."""

    def files_changed(self, paths: Sequence[tuple[str, int]]) -> None:
        """Files changed on disk: path and LSP FileChangeType."""

    def settings_changed(self) -> None:
        """Settings were read, also for the first time; `session.settings` is in force."""

    async def aclose(self) -> None:
        """The session ends."""
