"""Ghost text for editors that wait before they ask: at the key, the model is asked what they will want to know.

VS Code asks 50 ms after a key and takes the older request back at once, Neovim when no key has come for 200 ms.
Whether this editor is of that kind is seen from its requests (completion/rhythm.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from ai_lsp.completion.complete import anticipate
from ai_lsp.completion.query import Query
from ai_lsp.lsp.services.service import Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit

AT_ONCE = 2
"""More characters than these, without a new line, are not typed by a key."""


class AnticipationService(Service):
    """Listens to what is typed."""

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        session = self.session
        if not session.reuse.rhythm.asks_late or len(edits) != 1 or not _is_key(edits[0]):
            return
        if not session.is_checked(after.uri):
            return
        offset = edits[0].span.start + len(edits[0].new_text)
        query = Query(after, offset, path=session.relative(after.uri))
        anticipate(query, session.world(query))


def _is_key(edit: Edit) -> bool:
    """Whether an edit is one key: a character, an auto-closed pair, a new line with its indent, a backspace."""
    text = edit.new_text
    if len(edit.span) > (1 if text else AT_ONCE):
        return False
    return len(text) <= AT_ONCE or (text.count("\n") == 1 and not text.strip())
