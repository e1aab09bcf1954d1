"""Review as diagnostics: open documents in the background, whole changes on `ai-lsp.review`, nothing stale."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lsp.diagnostics.anchors import moved
from ai_lsp.diagnostics.client import Reviewer, ReviewFailed
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.model_review import Claim, Region, regions_of
from ai_lsp.diagnostics.shadow.pool import Said
from ai_lsp.diagnostics.task import Task
from ai_lsp.diagnostics.wire import finding_from_json, task_to_json
from ai_lsp.lsp import from_lsp
from ai_lsp.lsp.from_lsp import InvalidParams, mapping, path_of
from ai_lsp.lsp.protocol import Request, Route
from ai_lsp.lsp.services import review_to_lsp
from ai_lsp.lsp.services.review_acting import Acting
from ai_lsp.lsp.services.review_checked import Unheard, messages_by_line, said_of, with_verdicts
from ai_lsp.lsp.services.review_model import CODE, Refused, as_findings, claims, together
from ai_lsp.lsp.services.review_shelf import Shelf, root_of
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


class ReviewService(Service):
    """Reviews documents when they are opened and saved, and whole changes when it is asked to."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._texts = Reviewer()
        self._files = Reviewer()
        self._shelf = Shelf(session)
        self._acting = Acting(session, self._shelf)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._fresh: dict[str, list[int]] = {}  # lines that differ from the last commit, when last reviewed
        self._urgent: dict[str, list[int]] = {}  # lines that a model looks at first, when last reviewed
        self._opened: dict[str, DocumentSnapshot] = {}  # what changes are told from where git knows nothing
        self._settled = asyncio.Event()

    def methods(self) -> Mapping[str, Route]:
        return {"textDocument/diagnostic": Route(self._pull, _no_report)}

    def commands(self) -> Mapping[str, Command]:
        return {"ai-lsp.review": self._review, **self._acting.commands()}

    def code_actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        shown = context.get("diagnostics")
        return self._acting.actions(document, span, shown if isinstance(shown, list) else [])

    # Documents

    def opened(self, document: DocumentSnapshot) -> None:
        self._shelf.open(document.uri)
        self._opened[document.uri] = document
        if self.session.is_started:
            self._begin(document.uri)

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        self._shelf.edited(before, edits, after)

    def saved(self, uri: str) -> None:
        self._begin(uri)
        if self.session.settings.review.model_on_save and self._route() is not None:
            self.session.works.start("Review", lambda progress: self._ask_about(uri, None, progress))

    def closed(self, uri: str) -> None:
        self._shelf.close(uri)
        self._fresh.pop(uri, None)
        self._urgent.pop(uri, None)
        self._opened.pop(uri, None)
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
            root = root_of(self.session, uri)
            disabled = frozenset(settings.disabled)
            path, before = self.session.relative(uri), self._opened[uri].text if uri in self._opened else None
            task = Task(path, document.language_id, document.text, root, disabled=disabled, before=before)
            try:
                has_model = self._route() is not None
                answer = await self._texts.text(task_to_json(task), is_urgent_told=has_model)
            except ReviewFailed as error:
                log.warning("%s", error)
                return
            quiet = await self._shelf.quiet(root)
            found = [f for raw in answer["findings"] if (f := finding_from_json(raw)).fingerprint not in quiet]
            self._fresh[uri], self._urgent[uri] = answer["changed"], answer["urgent"]
        self._shelf.take(document, found)
        if found:  # shown at once; what the checkers say of them comes when it comes
            said = await said_of(self.session, uri)
            quiet = await self._shelf.quiet(root_of(self.session, uri))  # one may have been dismissed meanwhile
            found = [f for f in found if f.fingerprint not in quiet]
            self._shelf.take(document, with_verdicts(found, said, document.text, self.session.relative(uri)))

    def _pull(self, params: Any, request: Request | None) -> Any:
        uri = from_lsp.document_uri(params)
        return self._report(uri, mapping(params).get("previousResultId"))

    async def _report(self, uri: str, known: object) -> dict[str, Any]:
        if (task := self._running.get(uri)) is not None:
            await asyncio.wait({task}, timeout=PULL_PATIENCE_S)
        return self._shelf.report(uri, known)

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
        regions = regions_of(path, lines, [n for n in chosen if n < len(lines)], self._urgent.get(uri, ()))
        verdict = await said_of(self.session, uri)
        known = self._known_of(document, verdict)
        try:
            said = await claims(route, regions, known, self.session.settings.review, progress.report)
        except Refused as refused:
            return str(refused)
        self._add(document, said, path, verdict)
        return f"{len(said)} more seen by the model"

    def _add(self, asked: DocumentSnapshot, said: Sequence[Claim], path: str, verdict: Said) -> None:
        """Show claims about a text that may be older than the document by now."""
        later = self.session.edits_since(asked)
        if later is None:
            return
        quiet = self._shelf.known_quiet(root_of(self.session, asked.uri))
        new = [f for f in as_findings(said, asked, path) if f.fingerprint not in quiet]
        new = with_verdicts(new, verdict, asked.text, path)
        known = [f for f in self._shelf.of(asked.uri) if f.code != CODE]
        self._shelf.put(asked.uri, together(known, moved(new, asked, later)))

    def _known_of(self, document: DocumentSnapshot, verdict: Said) -> Callable[[str, int], Sequence[str]]:
        """What finders and checkers say of a line: told to the model when it checks a claim."""
        findings, heard = self._shelf.of(document.uri), messages_by_line(verdict)

        def known(path: str, line: int) -> Sequence[str]:
            span = document.line_span(line)
            found = [f.message for f in findings if f.span.start <= span.end and span.start <= f.span.end]
            return [*found, *heard.get(line, ())]

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
            return {"files": [], "skipped": [], "problem": "no folder is open", "unheard": []}
        quiet = await self._shelf.quiet(roots[0])
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
        unheard, heard = Unheard(), dict[str, Mapping[int, list[str]]]()
        try:
            async for answer in self._files.files(request):
                total = answer.get("total", total)
                if "skipped" in answer:
                    skipped.append({"uri": Path(answer["file"]).as_uri(), "why": answer["skipped"]})
                elif "file" in answer:
                    said = await self._said_on_disk(answer, unheard)
                    files.append(self._shelf.keep_on_disk(answer, quiet, said))
                    heard[answer["file"]] = messages_by_line(said)
                    regions += [
                        Region(answer["file"], n, tuple(rows), urgent) for n, rows, urgent in answer["regions"]
                    ]
                if progress is not None and total:
                    done = len(files) + len(skipped)
                    progress.report(f"{done} of {total} files", 100 * done // total)
            if route is not None and progress is not None and regions:

                def known(path: str, line: int) -> Sequence[str]:
                    return heard.get(path, {}).get(line, ())

                made = await claims(route, regions, known, settings.review, progress.report)
                self._keep_claims(made, regions, files, quiet)
        except (ReviewFailed, Refused) as error:
            problem = str(error)
            log.warning("%s", error)
        return {"files": files, "skipped": skipped, "problem": problem, "unheard": unheard.as_json()}

    async def _said_on_disk(self, answer: Mapping[str, Any], unheard: Unheard) -> Said:
        """What the checkers say of a file: of one with findings, or of which a model will be asked."""
        if not answer["findings"] and not answer["regions"]:
            return Said()
        said = await said_of(self.session, Path(answer["file"]).as_uri(), answer["text"])
        unheard.note(said)
        return said

    def _keep_claims(
        self, said: Sequence[Claim], regions: Sequence[Region], files: list[dict[str, Any]], quiet: frozenset[str]
    ) -> None:
        """What the model claims of files; of one that is not open, only the regions' lines are at hand."""
        for claim in said:
            uri = Path(claim.path).as_uri()
            path = self.session.relative(uri)
            if (document := self.session.documents.get(uri)) is not None:
                self._add(document, [claim], path, Said())
                continue
            region = next(r for r in regions if r.path == claim.path and 0 <= claim.line - r.first < len(r.lines))
            line = DocumentSnapshot(uri, 0, "", region.lines[claim.line - region.first])
            (finding,) = as_findings([replace(claim, line=0)], line, path)
            if finding.fingerprint in quiet:
                continue
            item = review_to_lsp.diagnostic(finding, line, with_related=False)
            for end in item["range"].values():
                end["line"] = claim.line
            self._shelf.add_on_disk(uri, item)
            for file in files:
                file["findings"] += file["uri"] == uri


def _no_report() -> dict[str, Any]:
    return {"kind": "full", "items": []}
