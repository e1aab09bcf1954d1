"""A model's sketch into exact edits: `aiLsp/apply` answers with them, `ai-lsp.apply` has them applied."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai_lsp.lsp import to_lsp
from ai_lsp.lsp.deliver import deliver, workspace_edit
from ai_lsp.lsp.from_lsp import InvalidParams, document_uri, mapping
from ai_lsp.lsp.progress import Progress
from ai_lsp.lsp.protocol import Request, Route
from ai_lsp.lsp.services.service import Command, Service
from ai_lsp.lsp.targets import why_barred
from ai_lsp.text.change import FileChange, WorkspaceChange
from ai_lsp.text.document import DocumentSnapshot

if TYPE_CHECKING:
    from ai_lsp.edits.apply import Applied, Refusal
    from ai_lsp.lsp.session import Session

APPLY = "ai-lsp.apply"
LIMIT_S = 10.0
"""Seconds of matching after which a proposal is given up."""

LARGEST_SKETCH = 2_000_000  # characters
AT_ONCE = 2
LABEL = "Apply a sketch"

ASK_A_MODEL = 'A model could rewrite that part: name one as `apply = "NAME"` under [routes].'


@dataclass(frozen=True, slots=True)
class Declined:
    """A refusal as it goes out: `reason` is a name for programs, `message` a sentence for people."""

    reason: str
    message: str
    candidates: tuple[Mapping[str, Any], ...] = ()

    def encoded(self) -> dict[str, Any]:
        return {"reason": self.reason, "message": self.message, "candidates": list(self.candidates)}


class ApplyService(Service):
    """Sketches applied in one session. Matching runs in threads, `AT_ONCE` at most, within `LIMIT_S`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._threads = asyncio.Semaphore(AT_ONCE)

    def methods(self) -> Mapping[str, Route]:
        return {"aiLsp/apply": Route(self._request)}

    def commands(self) -> Mapping[str, Command]:
        return {APPLY: self._command}

    def _request(self, params: Any, request: Request | None) -> Awaitable[Any]:
        """`aiLsp/apply`: `{edit}`, with `evidence` for each text edit, or `{edit: null, refusal}`."""
        uri, sketch = document_uri(params), mapping(params).get("sketch")
        if not isinstance(sketch, str):
            raise InvalidParams("`sketch` must be a string")
        snapshot = self.session.documents.get(uri)
        return self._answer(uri, snapshot, sketch, mapping(params).get("partialResultToken"))

    async def _answer(self, uri: str, snapshot: DocumentSnapshot | None, sketch: str, token: Any) -> Any:
        change = await self._change(uri, snapshot, sketch, lambda text: None)
        if isinstance(change, Declined):
            return {"edit": None, "refusal": change.encoded()}
        file = change.files[0]
        if isinstance(token, str | int) and not isinstance(token, bool):
            edits = [
                {"range": to_lsp.lsp_range(file.snapshot, e.span.start, e.span.end), "newText": e.new_text}
                for e in file.edits
            ]
            self.session.client.notify("$/progress", {"token": token, "value": edits})
        edit = workspace_edit(self.session, change, client_asks=False)
        return {"edit": edit, "evidence": list(file.notes)}

    def _command(self, arguments: list[Any]) -> None:
        """`ai-lsp.apply` with `{uri, sketch}`: returns at once and goes on under a bar."""
        call = mapping(arguments[0] if arguments else None, "arguments[0]")
        uri, sketch = call.get("uri"), call.get("sketch")
        if not isinstance(uri, str) or not isinstance(sketch, str):
            raise InvalidParams("`ai-lsp.apply` takes {uri, sketch}, both strings")
        snapshot = self.session.documents.get(uri)
        self.session.works.start(LABEL, lambda progress: self._work(uri, snapshot, sketch, progress))

    async def _work(self, uri: str, snapshot: DocumentSnapshot | None, sketch: str, progress: Progress) -> str:
        change = await self._change(uri, snapshot, sketch, progress.report)
        if isinstance(change, Declined):
            self.session.say(f"ai-lsp: {change.message}")
            return "no edit"
        if not change.files[0].edits:
            return "nothing to change"
        progress.report("waiting for your word")
        delivered = await deliver(self.session, change)
        if delivered.detail:
            self.session.say(f"ai-lsp: {delivered.detail}")
        return delivered.ending.value

    async def _change(
        self, uri: str, snapshot: DocumentSnapshot | None, sketch: str, tell: Callable[[str], None]
    ) -> WorkspaceChange | Declined:
        if snapshot is None:
            return Declined("notOpen", f"{self.session.relative(uri) or uri} is not open in the editor.")
        if barred := await why_barred(self.session, uri):
            return Declined("barred", barred)
        if len(sketch) > LARGEST_SKETCH:
            return Declined("tooLarge", f"The sketch is longer than {LARGEST_SKETCH} characters.")
        async with self._threads:
            result = await asyncio.to_thread(_match, snapshot, sketch)
        from ai_lsp.edits.proposal import Match, Refusal  # light, and loaded by the thread

        if isinstance(result, Refusal):
            result = await self._by_model(snapshot, sketch, result, tell)
        if isinstance(result, Refusal):
            return self._declined(snapshot, result)
        notes = tuple("" if e.match is Match.EXACT else e.sentence for e in result.evidence)
        return WorkspaceChange(LABEL, (FileChange(snapshot, result.edits, notes),))

    async def _by_model(
        self, snapshot: DocumentSnapshot, sketch: str, refusal: Refusal, tell: Callable[[str], None]
    ) -> Applied | Refusal:
        """The refused part as a model writes it, where one is set up and could help; else the refusal."""
        from ai_lsp.edits import apply_model

        name = self.session.settings.routes.apply
        route = self.session.models.route(name) if name else None
        if route is None or refusal.reason not in apply_model.PLACE_MATTERS:
            return refusal
        async with self._threads:
            part = await asyncio.to_thread(apply_model.part_to_rewrite, snapshot, refusal, _clock())
        if part is None:
            return refusal
        tell("a model rewrites the part")
        request = apply_model.request_for(snapshot, part, sketch, route.count)
        answer = await apply_model.ask(route, request)
        if not isinstance(answer, str):
            return answer
        async with self._threads:
            return await asyncio.to_thread(apply_model.rewritten, snapshot, part, answer, sketch, _clock())

    def _declined(self, snapshot: DocumentSnapshot, refusal: Refusal) -> Declined:
        from ai_lsp.edits.apply_model import PLACE_MATTERS

        places = tuple(
            {"range": to_lsp.lsp_range(snapshot, c.span.start, c.span.end), "text": c.text}
            for c in refusal.candidates
        )
        said = f"{refusal.sentence[:1].upper()}{refusal.sentence[1:]}."
        if refusal.reason in PLACE_MATTERS and not self.session.settings.routes.apply:
            said += f" {ASK_A_MODEL}"
        name = refusal.reason.name.lower().split("_")
        return Declined(name[0] + "".join(map(str.capitalize, name[1:])), said, places)


def _clock() -> Callable[[], bool]:
    """Lets other threads run during a parse, and ends it when its time is over."""
    from ai_lsp.context.syntax import Turns

    return Turns(time.monotonic, LIMIT_S).is_over


def _match(snapshot: DocumentSnapshot, sketch: str) -> Applied | Refusal:
    """Runs in a thread: the reply's proposals for this file as edits. One for another file refuses them all."""
    from ai_lsp.edits.apply import Reason, Refusal, locate_and_merge, other_file
    from ai_lsp.edits.formats.recognise import read_reply

    found = read_reply(sketch, snapshot)
    if isinstance(found, Refusal):
        return found
    others = [refused for p in found if (refused := other_file(snapshot.uri, p.path)) is not None]
    if others:
        return others[0]
    if len(found) > 1:
        return Refusal(Reason.OVERLAP, "the reply speaks of the file more than once")
    return locate_and_merge(snapshot, found[0], is_over=_clock())
