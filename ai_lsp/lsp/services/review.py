"""Review as diagnostics: open documents in the background, whole changes on `ai-lsp.review`, nothing stale."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lsp.diagnostics import dismissed
from ai_lsp.diagnostics.anchors import moved
from ai_lsp.diagnostics.client import Reviewer, ReviewFailed
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.task import Task
from ai_lsp.diagnostics.wire import finding_from_json, task_to_json
from ai_lsp.lsp import from_lsp
from ai_lsp.lsp.from_lsp import InvalidParams, mapping, path_of
from ai_lsp.lsp.protocol import Request, Route
from ai_lsp.lsp.services import review_to_lsp
from ai_lsp.lsp.services.service import Command, Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

log = logging.getLogger(__name__)

PULL_PATIENCE_S = 1.0
"""How long textDocument/diagnostic waits for a review that is under way; a model's is never waited for."""

OWNER = "review"


@dataclass(slots=True)
class _Held:
    """What is known of an open document; `result_id` changes with what would be shown."""

    findings: tuple[Finding, ...] = ()
    result_id: str = "0"


class ReviewService(Service):
    """Findings of open documents move with their text; those of other files stand until the file is opened."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._texts = Reviewer()
        self._files = Reviewer()
        self._held: dict[str, _Held] = {}
        self._on_disk: dict[str, list[dict[str, Any]]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._dismissed: dict[str, frozenset[str]] = {}
        self._settled = asyncio.Event()
        self._result_ids = itertools.count(1)

    def methods(self) -> Mapping[str, Route]:
        return {"textDocument/diagnostic": Route(self._pull, _no_report)}

    def commands(self) -> Mapping[str, Command]:
        return {
            "ai-lsp.review": self._review,
            "ai-lsp.explainFinding": self._explain,
            "ai-lsp.dismissFinding": self._dismiss,
        }

    # Documents

    def opened(self, document: DocumentSnapshot) -> None:
        self._held[document.uri] = _Held()
        if self._on_disk.pop(document.uri, None):
            self.session.published.publish(OWNER, document.uri, [])
        if self.session.is_started:
            self._begin(document.uri)

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        held = self._held.get(after.uri)
        if held is None or not held.findings:
            return
        kept = moved(held.findings, before, edits)
        is_fewer = len(kept) < len(held.findings)
        held.findings = kept
        if is_fewer:
            self._show(after.uri)

    def saved(self, uri: str) -> None:
        self._begin(uri)

    def closed(self, uri: str) -> None:
        self._held.pop(uri, None)
        if (task := self._running.pop(uri, None)) is not None:
            task.cancel()

    def settings_changed(self) -> None:
        self._settled.set()
        for document in self.session.documents.all():
            self._begin(document.uri)

    async def aclose(self) -> None:
        await self._texts.aclose()
        await self._files.aclose()

    # One open document

    def _begin(self, uri: str) -> None:
        """Review a document in the background; a review of an older text of it is given up."""
        if (older := self._running.pop(uri, None)) is not None:
            older.cancel()
        self._running[uri] = self.session.spawn("review", self._review_document(uri))

    async def _review_document(self, uri: str) -> None:
        await self.session.checked(uri)
        settings, document = self.session.settings.review, self.session.documents.get(uri)
        if document is None:
            return
        found: Sequence[Finding] = ()
        is_small = len(document) <= settings.max_file_kb * 1024
        if settings.enabled and is_small and not self.session.is_ignored(uri):
            root = self._root_of(uri)
            disabled = frozenset(settings.disabled)
            task = Task(self.session.relative(uri), document.language_id, document.text, root, disabled=disabled)
            try:
                answers = await self._texts.text(task_to_json(task))
            except ReviewFailed as error:
                log.warning("%s", error)
                return
            quiet = await self._quiet(root)
            found = [finding_from_json(raw) for raw in answers if raw["fingerprint"] not in quiet]
        self._take(document, found)

    def _take(self, reviewed: DocumentSnapshot, found: Sequence[Finding]) -> None:
        """Findings of a text that may be older than the document by now."""
        held, later = self._held.get(reviewed.uri), self.session.edits_since(reviewed)
        if held is None or later is None:
            return
        now = moved(found, reviewed, later)
        if now != held.findings:
            held.findings = now
            self._show(reviewed.uri)
            if self.session.features.refreshes_diagnostics:
                self.session.spawn("refresh", self._refresh())

    def _show(self, uri: str) -> None:
        """Tell the client at once where it is told at all; those that pull find another result id."""
        held, document = self._held.get(uri), self.session.documents.get(uri)
        if held is None or document is None:
            return
        held.result_id = str(next(self._result_ids))
        if not self.session.features.pulls_diagnostics:
            self.session.published.publish(OWNER, uri, self._diagnostics(document, held), document.version)

    async def _refresh(self) -> None:
        await self.session.client.ask("workspace/diagnostic/refresh", None, timeout_s=5.0)

    def _diagnostics(self, document: DocumentSnapshot, held: _Held) -> list[dict[str, Any]]:
        related = self.session.features.shows_related
        return [review_to_lsp.diagnostic(f, document, with_related=related) for f in held.findings]

    def _pull(self, params: Any, request: Request | None) -> Any:
        uri = from_lsp.document_uri(params)
        return self._report(uri, mapping(params).get("previousResultId"))

    async def _report(self, uri: str, known: object) -> dict[str, Any]:
        if (task := self._running.get(uri)) is not None:
            await asyncio.wait({task}, timeout=PULL_PATIENCE_S)
        held, document = self._held.get(uri), self.session.documents.get(uri)
        if held is None or document is None:
            return {"kind": "full", "items": self._on_disk.get(uri, [])}
        if known == held.result_id and held.result_id != "0":
            return {"kind": "unchanged", "resultId": held.result_id}
        return {"kind": "full", "resultId": held.result_id, "items": self._diagnostics(document, held)}

    # Whole changes

    def _review(self, arguments: list[Any]) -> Any:
        """`{diff?, paths?, wait?}`: a change against a revision, or files; `{uri, range?}`: one document.

        Returns at once and goes on; with `wait`, for programs, returns when it is done: what was reviewed.
        """
        wish = mapping(arguments[0], "arguments[0]") if arguments else {}
        uri = wish.get("uri")
        if isinstance(uri, str):
            self._begin(uri)
            return self._when_reviewed(uri) if wish.get("wait") is True else None
        revision, paths = wish.get("diff", None if "paths" in wish else "HEAD"), wish.get("paths", [])
        if not (revision is None or isinstance(revision, str)) or not isinstance(paths, list):
            raise InvalidParams("`diff` must be a string and `paths` an array of strings")
        work = self._review_files(revision, [str(path) for path in paths])
        if wish.get("wait") is True:
            return work
        self.session.spawn("review", work)
        return None

    async def _when_reviewed(self, uri: str) -> dict[str, Any]:
        if (task := self._running.get(uri)) is not None:
            await asyncio.wait({task})
        return {"files": [{"uri": uri}], "skipped": [], "problem": ""}

    async def _review_files(self, revision: str | None, paths: list[str]) -> dict[str, Any]:
        """Review files on disk, an open one with its text; every finding is where diagnostics are asked for."""
        await self._settled.wait()
        roots = self.session.roots
        if not roots:
            return {"files": [], "skipped": [], "problem": "no folder is open"}
        root, settings = roots[0], self.session.settings
        quiet = await self._quiet(root)
        request = {
            "root": root,
            "diff": revision,
            "paths": paths,
            "open": {p: d.text for d in self.session.documents.all() if (p := path_of(d.uri)) is not None},
            "ignore": list(settings.privacy.ignore),
            "largest": settings.review.max_file_kb * 1024,
            "disabled": list(settings.review.disabled),
        }
        files, skipped, problem = [], [], ""
        try:
            async for answer in self._files.files(request):
                if "skipped" in answer:
                    skipped.append({"uri": Path(answer["file"]).as_uri(), "why": answer["skipped"]})
                elif "file" in answer:
                    files.append(self._keep_on_disk(answer, quiet))
        except ReviewFailed as error:
            problem = str(error)
            log.warning("%s", error)
        return {"files": files, "skipped": skipped, "problem": problem}

    def _keep_on_disk(self, answer: Mapping[str, Any], quiet: frozenset[str]) -> dict[str, Any]:
        uri = Path(answer["file"]).as_uri()
        related = self.session.features.shows_related
        items = [
            review_to_lsp.diagnostic_on_disk(raw, uri, finding_from_json(raw), with_related=related)
            for raw in answer["findings"]
            if raw["fingerprint"] not in quiet
        ]
        if uri not in self._held:
            self._on_disk[uri] = items
            self.session.published.publish(OWNER, uri, items)
        return {"uri": uri, "lines": answer["lines"], "findings": len(items)}

    # What can be done about a finding

    def code_actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        held = self._held.get(document.uri)
        near = [f for f in held.findings if _meets(f.span, span)] if held is not None else []
        shown = context.get("diagnostics")
        return review_to_lsp.actions(near, document, shown if isinstance(shown, list) else [])

    def _explain(self, arguments: list[Any]) -> str:
        finding = self._finding(arguments)
        text = review_to_lsp.explanation(finding) if finding is not None else "This finding is no longer there."
        self.session.client.notify("window/showMessage", {"type": 3, "message": text})
        return text

    def _dismiss(self, arguments: list[Any]) -> None:
        finding = self._finding(arguments)
        if finding is None:
            return
        uri = str(mapping(arguments[0]).get("uri"))
        held = self._held[uri]
        held.findings = tuple(f for f in held.findings if f.fingerprint != finding.fingerprint)
        self._show(uri)
        self.session.spawn("remember what is no bug", self._remember(self._root_of(uri), finding.fingerprint))

    async def _remember(self, root: str, fingerprint: str) -> None:
        self._dismissed[root] = await self._quiet(root) | {fingerprint}
        if self.session.features.refreshes_diagnostics:
            await self._refresh()
        try:
            await asyncio.to_thread(dismissed.add, root, fingerprint)
        except OSError as error:
            self.session.tell(f"ai-lsp could not remember that this is not a bug: {error}")

    def _finding(self, arguments: list[Any]) -> Finding | None:
        wish = mapping(arguments[0] if arguments else None, "arguments[0]")
        held = self._held.get(str(wish.get("uri")))
        wanted = wish.get("fingerprint")
        return next((f for f in held.findings if f.fingerprint == wanted), None) if held is not None else None

    async def _quiet(self, root: str) -> frozenset[str]:
        """Fingerprints that the user called not a bug, in this repository."""
        if root not in self._dismissed:
            self._dismissed[root] = frozenset(await asyncio.to_thread(dismissed.load, root))
        return self._dismissed[root]

    def _root_of(self, uri: str) -> str:
        path = path_of(uri) or ""
        return next((r for r in self.session.roots if path.startswith(r.rstrip("/") + "/")), "")


def _no_report() -> dict[str, Any]:
    return {"kind": "full", "items": []}


def _meets(a: Span, b: Span) -> bool:
    return a.start <= b.end and b.start <= a.end
