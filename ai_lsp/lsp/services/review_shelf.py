"""What reviews have found: by document, moved with its text, told as the client can, without what is no bug."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lsp.diagnostics import dismissed
from ai_lsp.diagnostics.anchors import moved
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.shadow.pool import Said
from ai_lsp.diagnostics.wire import finding_from_json
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.lsp.services import review_to_lsp
from ai_lsp.lsp.services.review_checked import with_verdicts
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

OWNER = "review"


@dataclass(slots=True)
class _Held:
    """What is known of an open document; `result_id` changes with what would be shown."""

    findings: tuple[Finding, ...] = ()
    result_id: str = "0"


class Shelf:
    """Findings of open documents move with their text; those of other files stand until the file is opened."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: dict[str, _Held] = {}
        self._on_disk: dict[str, list[dict[str, Any]]] = {}
        self._dismissed: dict[str, frozenset[str]] = {}
        self._result_ids = itertools.count(1)

    # Open documents

    def open(self, uri: str) -> None:
        """A document was opened: nothing is known of it yet."""
        self._held[uri] = _Held()
        if self._on_disk.pop(uri, None):
            self._session.published.publish(OWNER, uri, [])

    def close(self, uri: str) -> None:
        """A document was closed."""
        self._held.pop(uri, None)

    def of(self, uri: str) -> tuple[Finding, ...]:
        """The findings of an open document, in offsets of its text as it is now."""
        held = self._held.get(uri)
        return held.findings if held is not None else ()

    def edited(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        """A document changed: its findings move, and those whose lines were touched go."""
        held = self._held.get(after.uri)
        if held is None or not held.findings:
            return
        kept = moved(held.findings, before, edits)
        is_fewer = len(kept) < len(held.findings)
        held.findings = kept
        if is_fewer:
            self._show(after.uri)

    def take(self, reviewed: DocumentSnapshot, found: Sequence[Finding]) -> None:
        """Findings of a text that may be older than the document by now, in place of those that were known."""
        held, later = self._held.get(reviewed.uri), self._session.edits_since(reviewed)
        if held is None or later is None:
            return
        now = moved(found, reviewed, later)
        if now != held.findings:
            self.put(reviewed.uri, now)

    def put(self, uri: str, findings: Iterable[Finding]) -> None:
        """Findings in offsets of the document as it is now; the client is told, or asked to ask again."""
        if (held := self._held.get(uri)) is None:
            return
        held.findings = tuple(findings)
        self._show(uri)
        if self._session.features.refreshes_diagnostics:
            self._session.spawn("refresh", self.refresh())

    def _show(self, uri: str) -> None:
        """Tell the client at once where it is told at all; those that pull find another result id."""
        held, document = self._held.get(uri), self._session.documents.get(uri)
        if held is None or document is None:
            return
        held.result_id = str(next(self._result_ids))
        if not self._session.features.pulls_diagnostics:
            items = self._diagnostics(document, held)
            self._session.published.publish(OWNER, uri, items, document.version)

    async def refresh(self) -> None:
        """Have a client that asks for diagnostics ask again."""
        await self._session.client.ask("workspace/diagnostic/refresh", None, timeout_s=5.0)

    def report(self, uri: str, known: object) -> dict[str, Any]:
        """The answer to textDocument/diagnostic; `known` is the result id that the client has."""
        held, document = self._held.get(uri), self._session.documents.get(uri)
        if held is None or document is None:
            return {"kind": "full", "items": self._on_disk.get(uri, [])}
        if known == held.result_id and held.result_id != "0":
            return {"kind": "unchanged", "resultId": held.result_id}
        return {"kind": "full", "resultId": held.result_id, "items": self._diagnostics(document, held)}

    def _diagnostics(self, document: DocumentSnapshot, held: _Held) -> list[dict[str, Any]]:
        related = self._session.features.shows_related
        return [review_to_lsp.diagnostic(f, document, with_related=related) for f in held.findings]

    # Files that are not open

    def keep_on_disk(self, answer: Mapping[str, Any], quiet: frozenset[str], said: Said) -> dict[str, Any]:
        """The findings of one file, as the reviewer's process told them, with what the checkers say of it; what
        programs are told of it."""
        uri = Path(answer["file"]).as_uri()
        related = self._session.features.shows_related
        raws = {raw["fingerprint"]: raw for raw in answer["findings"] if raw["fingerprint"] not in quiet}
        found = [finding_from_json(raw) for raw in raws.values()]
        items = [
            review_to_lsp.diagnostic_on_disk(raws[f.fingerprint], uri, f, with_related=related)
            for f in with_verdicts(found, said, answer["text"], answer["path"])
        ]
        if uri not in self._held:
            self._on_disk[uri] = items
            self._session.published.publish(OWNER, uri, items)
        return {"uri": uri, "lines": answer["lines"], "findings": len(items)}

    def add_on_disk(self, uri: str, item: dict[str, Any]) -> None:
        """One more diagnostic of a file that is not open."""
        self._on_disk[uri] = [*self._on_disk.get(uri, ()), item]
        self._session.published.publish(OWNER, uri, self._on_disk[uri])

    # What is no bug

    async def quiet(self, root: str) -> frozenset[str]:
        """Fingerprints that the user called not a bug, in this repository."""
        if root not in self._dismissed:
            self._dismissed[root] = frozenset(await asyncio.to_thread(dismissed.load, root))
        return self._dismissed[root]

    def known_quiet(self, root: str) -> frozenset[str]:
        """The same, as far as it was read already."""
        return self._dismissed.get(root, frozenset())

    def dismiss(self, uri: str, finding: Finding) -> None:
        """The user calls it not a bug: it goes now, and stays away."""
        self.put(uri, [f for f in self.of(uri) if f.fingerprint != finding.fingerprint])
        work = self._remember(root_of(self._session, uri), finding.fingerprint)
        self._session.spawn("remember what is no bug", work)

    async def _remember(self, root: str, fingerprint: str) -> None:
        self._dismissed[root] = await self.quiet(root) | {fingerprint}
        try:
            await asyncio.to_thread(dismissed.add, root, fingerprint)
        except OSError as error:
            self._session.tell(f"ai-lsp could not remember that this is not a bug: {error}")


def root_of(session: Session, uri: str) -> str:
    """The workspace folder that a document lies in; empty for none."""
    path = path_of(uri) or ""
    return next((r for r in session.roots if path.startswith(r.rstrip("/") + "/")), "")
