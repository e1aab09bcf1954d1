"""What can be done about a finding: mend it through the edit path, say why it was made, call it no bug."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ai_lsp.diagnostics.finding import Finding
from ai_lsp.edits.presets import fix_instruction
from ai_lsp.lsp import to_lsp
from ai_lsp.lsp.actions import QUICK_FIX, command_action
from ai_lsp.lsp.deliver import INFO, Consent, deliver, single_file
from ai_lsp.lsp.from_lsp import InvalidParams, mapping, offset_range
from ai_lsp.lsp.progress import Progress
from ai_lsp.lsp.services import review_to_lsp
from ai_lsp.lsp.services.instruct import EDIT, InstructService
from ai_lsp.lsp.services.review_shelf import Shelf
from ai_lsp.lsp.services.service import Command
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

FIX, EXPLAIN, DISMISS = "ai-lsp.fix", "ai-lsp.explainFinding", "ai-lsp.dismissFinding"

GONE = "This finding is no longer there: the code has changed."
NO_FIX = "No sure fix is known for this finding; a model set up for edits ([routes] edit) could be asked for one."


class Acting:
    """The actions and commands of one session's findings."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self._session = session
        self._shelf = shelf

    def commands(self) -> Mapping[str, Command]:
        """Each takes `{uri, fingerprint}`, or `{uri, range}` for the surest finding there."""
        return {FIX: self.fix, EXPLAIN: self.explain, DISMISS: self.dismiss}

    def actions(self, document: DocumentSnapshot, span: Span, shown: Sequence[Any]) -> list[Mapping[str, Any]]:
        """What is offered for the findings at a place; `shown` are the client's diagnostics there."""
        out: list[Mapping[str, Any]] = []
        has_model = self._session.settings.model_for("edit") is not None
        for finding in _at(document, self._shelf.of(document.uri), span):
            links = [d for d in shown if isinstance(d, Mapping) and _fingerprint(d) == finding.fingerprint]
            argument = {"fingerprint": finding.fingerprint, "uri": document.uri}

            def offer(
                title: str, command: str, links: Any = links, argument: Any = argument, **more: Any
            ) -> None:
                out.append(command_action(title, command, [argument], kind=QUICK_FIX, diagnostics=links, **more))

            if finding.fix:
                offer(finding.fix_title or "Fix it", FIX, is_preferred=True, is_by_model=False)
            elif has_model:
                offer(f"Fix with AI: `{finding.code}`", FIX)
            offer(f"Explain `{finding.code}`", EXPLAIN, is_by_model=False)
            offer(f"Not a bug: `{finding.code}` here", DISMISS, is_by_model=False)
        return out

    def fix(self, arguments: list[Any]) -> None:
        """Returns at once and goes on under a bar: the finder's own edit, else a model's, by an instruction."""
        finding, document = self._finding(arguments)
        if finding is None or document is None:
            self._session.say(f"ai-lsp: {GONE}")
        elif finding.fix:
            known = finding
            self._session.works.start("Fix", lambda progress: self._deliver(known, document, progress))
        elif self._session.settings.model_for("edit") is None:
            self._session.say(f"ai-lsp: {NO_FIX}", INFO)
        else:
            line = document.line_at(finding.span.start)
            reasons = "".join(f"\n- {each.detail}" for each in finding.evidence)
            wish = {
                "uri": document.uri,
                "range": to_lsp.lsp_range(document, *_whole_lines(document, finding.span)),
                "instruction": fix_instruction(finding.message, line) + reasons,
            }
            instruct = next(each for each in self._session.services if isinstance(each, InstructService))
            instruct.commands()[EDIT]([wish])

    async def _deliver(self, finding: Finding, document: DocumentSnapshot, progress: Progress) -> str:
        progress.report(finding.fix_title)
        change = single_file(finding.fix_title or "Fix", document, finding.fix)
        # The title says what the edit does, so nobody is asked again where the code is not dangerous.
        delivered = await deliver(self._session, change, Consent.GIVEN)
        if delivered.detail:
            self._session.say(f"ai-lsp: {delivered.detail}")
        return delivered.ending.value

    def explain(self, arguments: list[Any]) -> str:
        """Says why something was flagged, and returns it."""
        finding, _ = self._finding(arguments)
        text = review_to_lsp.explanation(finding) if finding is not None else GONE
        self._session.say(text, INFO)
        return text

    def dismiss(self, arguments: list[Any]) -> None:
        """It is not a bug, now and later."""
        finding, document = self._finding(arguments)
        if finding is not None and document is not None:
            self._shelf.dismiss(document.uri, finding)

    def _finding(self, arguments: list[Any]) -> tuple[Finding | None, DocumentSnapshot | None]:
        wish = mapping(arguments[0] if arguments else None, "arguments[0]")
        uri, wanted = wish.get("uri"), wish.get("fingerprint")
        document = self._session.documents.get(uri) if isinstance(uri, str) else None
        if document is None:
            return None, None
        known = self._shelf.of(document.uri)
        if wanted is not None:
            return next((f for f in known if f.fingerprint == wanted), None), document
        if wish.get("range") is None:
            raise InvalidParams("`fingerprint` or `range` must say which finding is meant")
        near = _at(document, known, offset_range(document, wish["range"]))
        return max(near, key=lambda f: (bool(f.fix), f.confidence), default=None), document


def _at(document: DocumentSnapshot, findings: Sequence[Finding], span: Span) -> list[Finding]:
    """The findings at a place, else those of its lines: a cursor stands at a line's start as often as not."""
    start, end = _whole_lines(document, span)
    exact = [f for f in findings if f.span.start <= span.end and span.start <= f.span.end]
    return exact or [f for f in findings if f.span.start <= end and start <= f.span.end]


def _whole_lines(document: DocumentSnapshot, span: Span) -> tuple[int, int]:
    first = document.line_span(document.line_at(span.start))
    return first.start, max(first.end, document.line_span(document.line_at(span.end)).end)


def _fingerprint(shown: Mapping[str, Any]) -> object:
    data = shown.get("data")
    return data.get("fingerprint") if isinstance(data, Mapping) else None
