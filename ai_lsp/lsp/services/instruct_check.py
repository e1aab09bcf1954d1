"""Instructed edits wait for the checkers: what an edit would break is known before the user is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ai_lsp.edits.instruct_values import Edited, Task
from ai_lsp.lsp.services.checking import CheckingService

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session


def check_of(
    session: Session, task: Task, tell: Callable[[str], None]
) -> Callable[[Edited], Awaitable[str]] | None:
    """Says in a sentence what an edit breaks, "" where the checkers know of nothing; None where the user does not
    want edits to wait. The checkers start at once, so that they are ready when the model has written."""
    checking = next((each for each in session.services if isinstance(each, CheckingService)), None)
    if checking is None or not checking.waits("edit"):
        return None
    checking.warm(task.source.snapshot.uri)

    async def check(edited: Edited) -> str:
        tell("checking the edit")
        verdict = await checking.verdict({file.uri: file.text() for file in edited.files})
        return verdict.sentence if verdict.is_worse else ""

    return check
