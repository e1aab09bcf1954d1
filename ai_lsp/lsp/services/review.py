"""Review as diagnostics: open documents in the background, whole changes on `ai-lsp.review`, nothing stale."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lsp.diagnostics import dismissed
from ai_lsp.diagnostics.anchors import moved
from ai_lsp.diagnostics.client import Reviewer, ReviewFailed
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.model_review import Claim, Region, regions_of
from ai_lsp.diagnostics.task import Task
from ai_lsp.diagnostics.wire import finding_from_json, task_to_json
from ai_lsp.lsp import from_lsp
from ai_lsp.lsp.from_lsp import InvalidParams, mapping, path_of
from ai_lsp.lsp.protocol import Request, Route
from ai_lsp.lsp.services import review_to_lsp
from ai_lsp.lsp.services.review_model import CODE, Refused, as_findings, claims, together
from ai_lsp.lsp.services.service import Command, Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

if TYPE_CHECKING:
    from ai_lsp.lsp.model_routes import WatchedModel
    from ai_lsp.lsp.progress import Progress
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
        self._fresh: dict[str, list[int]] = {}  # lines that differ from the last commit, when last reviewed
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
        if self.session.settings.review.model_on_save and self._route() is not None:
            self.session.works.start("Review", lambda progress: self._ask_about(uri, None, progress))

    def closed(self, uri: str) -> None:
        self._held.pop(uri, None)
        self._fresh.pop(uri, None)
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
                answer = await self._texts.text(task_to_json(task))
            except ReviewFailed as error:
                log.warning("%s", error)
                return
            quiet = await self._quiet(root)
            found = [f for raw in answer["findings"] if (f := finding_from_json(raw)).fingerprint not in quiet]
            self._fresh[uri] = answer["changed"]
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
        """`{uri, range?}`: an open document; `{diff?, paths?}`: a change against a revision, or files on disk.

        Returns at once and goes on under a progress bar, asking the model of route `review` where there is one.
        With `wait`, for programs, it returns when it is done, with what was reviewed, and asks no model.
        """
        wish = mapping(arguments[0], "arguments[0]") if arguments else {}
        waits, uri = wish.get("wait") is True, wish.get("uri")
        if isinstance(uri, str):
            if (document := self.session.documents.get(uri)) is None:
                raise InvalidParams(f"{uri} is not open")
            span = from_lsp.offset_range(document, wish["range"]) if wish.get("range") is not None else None
            self._begin(uri)
            if waits:
                return self._when_reviewed(uri)
            self.session.works.start("Review", lambda progress: self._ask_about(uri, span, progress))
            return None
        revision, paths = wish.get("diff", None if "paths" in wish else "HEAD"), wish.get("paths", [])
        if not (revision is None or isinstance(revision, str)) or not isinstance(paths, list):
            raise InvalidParams("`diff` must be a string and `paths` an array of strings")
        names = [str(path) for path in paths]
        if waits:
            return self._review_files(revision, names, None)
        self.session.works.start("Review", lambda progress: self._review_aside(revision, names, progress))
        return None

    async def _review_aside(self, revision: str | None, paths: list[str], progress: Progress) -> str:
        done = await self._review_files(revision, paths, progress)
        if done["problem"]:
            self.session.say(f"ai-lsp: {done['problem']}")
            return str(done["problem"])
        count = sum(file["findings"] for file in done["files"])
        return f"{count} findings in {len(done['files'])} files"

    # The model

    def _route(self) -> WatchedModel | None:
        name = self.session.settings.routes.review
        return self.session.models.route(name) if name else None

    async def _ask_about(self, uri: str, span: Span | None, progress: Progress) -> str:
        """Ask the model about an open document: a selection, else its changed lines, else all of it."""
        await self._when_reviewed(uri)
        route, document = self._route(), self.session.documents.get(uri)
        if route is None or document is None or self.session.is_ignored(uri):
            return "" if route is not None else "no model is set for review ([routes] review)"
        lines = [document.line(n) for n in range(document.line_count)]
        chosen: Sequence[int] = self._fresh.get(uri) or range(len(lines))
        if span is not None:
            chosen = range(document.line_at(span.start), document.line_at(max(span.start, span.end - 1)) + 1)
        path = self.session.relative(uri)
        regions = regions_of(path, lines, [line for line in chosen if line < len(lines)])
        try:
            said = await claims(
                route, regions, self._known_of(document), self.session.settings.review, progress.report
            )
        except Refused as refused:
            return str(refused)
        self._add(document, said, path)
        return f"{len(said)} more seen by the model"

    def _add(self, asked: DocumentSnapshot, said: Sequence[Claim], path: str) -> None:
        """Show claims about a text that may be older than the document by now."""
        held, later = self._held.get(asked.uri), self.session.edits_since(asked)
        if held is None or later is None:
            return
        quiet = self._dismissed.get(self._root_of(asked.uri), frozenset())
        new = [f for f in as_findings(said, asked, path) if f.fingerprint not in quiet]
        known = [f for f in held.findings if f.code != CODE]
        held.findings = together(known, moved(new, asked, later))
        self._show(asked.uri)
        if self.session.features.refreshes_diagnostics:
            self.session.spawn("refresh", self._refresh())

    def _known_of(self, document: DocumentSnapshot) -> Callable[[str, int], Sequence[str]]:
        """What the finders say of a line: told to the model when it checks a claim."""
        held = self._held.get(document.uri)
        findings = held.findings if held is not None else ()

        def known(path: str, line: int) -> Sequence[str]:
            span = document.line_span(line)
            return [f.message for f in findings if f.span.start <= span.end and span.start <= f.span.end]

        return known

    async def _when_reviewed(self, uri: str) -> dict[str, Any]:
        if (task := self._running.get(uri)) is not None:
            await asyncio.wait({task})
        return {"files": [{"uri": uri}], "skipped": [], "problem": ""}

    async def _review_files(
        self, revision: str | None, paths: list[str], progress: Progress | None
    ) -> dict[str, Any]:
        """Review files on disk, an open one with its text; every finding is where diagnostics are asked for."""
        await self._settled.wait()
        roots, settings = self.session.roots, self.session.settings
        if not roots:
            return {"files": [], "skipped": [], "problem": "no folder is open"}
        quiet = await self._quiet(roots[0])
        route = self._route() if progress is not None and revision is not None else None
        request = {
            "root": roots[0],
            "diff": revision,
            "paths": paths,
            "open": {p: d.text for d in self.session.documents.all() if (p := path_of(d.uri)) is not None},
            "ignore": list(settings.privacy.ignore),
            "largest": settings.review.max_file_kb * 1024,
            "disabled": list(settings.review.disabled),
            "regions": route is not None,
        }
        files: list[dict[str, Any]] = []
        skipped, problem, total, regions = [], "", 0, list[Region]()
        try:
            async for answer in self._files.files(request):
                total = answer.get("total", total)
                if "skipped" in answer:
                    skipped.append({"uri": Path(answer["file"]).as_uri(), "why": answer["skipped"]})
                elif "file" in answer:
                    files.append(self._keep_on_disk(answer, quiet))
                    regions += [Region(answer["file"], first, tuple(rows)) for first, rows in answer["regions"]]
                if progress is not None and total:
                    done = len(files) + len(skipped)
                    progress.report(f"{done} of {total} files", 100 * done // total)
            if route is not None and progress is not None and regions:
                said = await claims(route, regions, lambda path, line: (), settings.review, progress.report)
                self._keep_claims(said, regions, files, quiet)
        except (ReviewFailed, Refused) as error:
            problem = str(error)
            log.warning("%s", error)
        return {"files": files, "skipped": skipped, "problem": problem}

    def _keep_claims(
        self, said: Sequence[Claim], regions: Sequence[Region], files: list[dict[str, Any]], quiet: frozenset[str]
    ) -> None:
        """What the model claims of files; of one that is not open, only the regions' lines are at hand."""
        for claim in said:
            uri = Path(claim.path).as_uri()
            path = self.session.relative(uri)
            if (document := self.session.documents.get(uri)) is not None:
                self._add(document, [claim], path)
                continue
            region = next(r for r in regions if r.path == claim.path and 0 <= claim.line - r.first < len(r.lines))
            line = DocumentSnapshot(uri, 0, "", region.lines[claim.line - region.first])
            (finding,) = as_findings([replace(claim, line=0)], line, path)
            if finding.fingerprint in quiet:
                continue
            item = review_to_lsp.diagnostic(finding, line, with_related=False)
            for end in item["range"].values():
                end["line"] = claim.line
            self._on_disk[uri] = [*self._on_disk.get(uri, ()), item]
            self.session.published.publish(OWNER, uri, self._on_disk[uri])
            for file in files:
                file["findings"] += file["uri"] == uri

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
