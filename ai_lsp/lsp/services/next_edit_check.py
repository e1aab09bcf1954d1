"""A model's next edits wait for the checkers, where the user wants that; what introduces an error is withheld."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ai_lsp.edits.next_edit import Check
from ai_lsp.edits.next_values import Proposal
from ai_lsp.lsp.services.checking import CheckingService
from ai_lsp.text.change import apply_all
from ai_lsp.text.edit import Edit

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

WAIT_S = 0.3
"""The longest wait for a verdict, whatever shadow.budget_ms allows to instructed edits: later than that, nobody
looks for a next edit any more. Who is not heard by then holds nothing up."""

SWIFT_S = 0.06
"""The same for an edit of the embedded engine."""


def checking_of(session: Session) -> CheckingService | None:
    """The checkers, where the user wants next edits to wait for them."""
    found = next((each for each in session.services if isinstance(each, CheckingService)), None)
    return found if found is not None and found.waits("next_edit") else None


def check_of(session: Session, uri: str, *, has_model: bool) -> Check | None:
    """What judges changes; None where they do not wait. The checkers start now where a model is asked beside."""
    checking = checking_of(session)
    if checking is None or not checking.can_check(uri):
        return None
    if has_model:
        checking.warm(uri)

    async def check(proposals: Sequence[Proposal], *, is_swift: bool = False) -> str:
        edits: dict[str, list[Edit]] = {}
        texts: dict[str, str] = {}
        for each in proposals:
            if each.kind == "edit":
                edits.setdefault(each.uri, []).append(each.edit)
                texts[each.uri] = each.snapshot.text
        after = {u: apply_all(sorted(some, key=lambda e: e.span.start), texts[u]) for u, some in edits.items()}
        within_s = min(SWIFT_S if is_swift else WAIT_S, session.settings.shadow.budget_ms / 1000)
        verdict = await checking.verdict(after, within_s, only_swift=is_swift)
        return verdict.sentence if verdict.is_worse else ""

    return check
