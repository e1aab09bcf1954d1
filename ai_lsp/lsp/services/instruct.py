"""Instructions into exact edits: the menu, `ai-lsp.edit`, which goes on under progress, and `aiLsp/edit`."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ai_lsp.edits.instruct_values import (
    Alternatives,
    Edited,
    Failure,
    Outcome,
    Placed,
    Question,
    Source,
    Task,
    Why,
)
from ai_lsp.edits.presets import fix_instruction, offered
from ai_lsp.lsp import to_lsp
from ai_lsp.lsp.actions import QUICK_FIX, command_action
from ai_lsp.lsp.deliver import Delivered, Ending, choose, confirmed, deliver, workspace_edit
from ai_lsp.lsp.progress import Progress
from ai_lsp.lsp.protocol import Request, RequestRefused, Route
from ai_lsp.lsp.services.instruct_check import check_of
from ai_lsp.lsp.services.instruct_gather import open_file, task_of
from ai_lsp.lsp.services.instruct_hunks import Hunks, still_true
from ai_lsp.lsp.services.instruct_wish import Places, Wish, at_this_moment, of_command, of_params
from ai_lsp.lsp.services.service import Command, Service
from ai_lsp.lsp.targets import what_needs_a_word
from ai_lsp.text.change import WorkspaceChange
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

EDIT = "ai-lsp.edit"
REQUEST_FAILED = -32803

NO_MODEL = (
    "No model is set up for edits. Name one in the settings: a table [models.NAME] with `api` and `url`, and "
    '`edit = "NAME"` under [routes]. `ai-lsp doctor` says whether it is reached.'
)
_MENU_CHARS = 60


class InstructService(Service):
    """Instructed edits of one session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._places = Places()
        self._running: dict[str, Hunks] = {}
        self._numbers = itertools.count(1)
        self._is_set_up = asyncio.Event()  # the settings are read, and their models open

    def methods(self) -> Mapping[str, Route]:
        return {"aiLsp/edit": Route(self._request)}

    def commands(self) -> Mapping[str, Command]:
        return {EDIT: self._command}

    # What the editor tells

    def settings_changed(self) -> None:
        self._is_set_up.set()

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        if edits:
            end = edits[-1].span.start + len(edits[-1].new_text)
            self._places.last = Wish(after, Span(end, end))
        for hunks in self._running.values():
            hunks.refresh(after.uri)

    def opened(self, document: DocumentSnapshot) -> None:
        self._places.last = Wish(document, None)

    def closed(self, uri: str) -> None:
        self._places.forget(uri)

    def accepted(self, id: str) -> bool:
        for hunks in self._running.values():
            if hunks.has(id):
                self.session.spawn("apply a part", self._accept(hunks, id))
                return True
        return False

    def rejected(self, id: str) -> bool:
        return any(hunks.reject(id) for hunks in self._running.values())

    async def _accept(self, hunks: Hunks, id: str) -> None:
        delivered = await hunks.accept(id)
        if delivered is not None and delivered.detail:
            self.session.say(f"ai-lsp: {delivered.detail}")

    # The menu

    def code_actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        out: list[Mapping[str, Any]] = []
        for hunks in self._running.values():
            out += hunks.actions(document, span)
        here = self._places.last = Wish(document, span)
        if self.session.settings.model_for("edit") is None:
            return out
        found = context.get("diagnostics")
        known = [d for d in found if isinstance(d, Mapping)] if isinstance(found, list) else []
        for diagnostic in known:
            if diagnostic.get("source") != "ai-lsp":  # those bring actions of their own
                out.append(self._fix(here, diagnostic))
        if (asked := self._comment(document, span)) is not None:
            out.append(asked)
        here = replace(here, diagnostics=tuple(known))
        if len(span):
            for title, instruction in offered(document.language_id, self.session.settings.edit.presets):
                out.append(self._action(title, replace(here, instruction=instruction)))
        out.append(self._action("Edit with AI…", here))
        return out

    def _fix(self, here: Wish, diagnostic: Mapping[str, Any]) -> Mapping[str, Any]:
        message = str(diagnostic.get("message", ""))
        place = diagnostic.get("range")
        start = place.get("start") if isinstance(place, Mapping) else None
        line = start.get("line") if isinstance(start, Mapping) else None
        line = (
            line
            if isinstance(line, int)
            else here.snapshot.line_at(here.span.start if here.span is not None else 0)
        )
        wish = replace(here, instruction=fix_instruction(message, line), diagnostics=(diagnostic,))
        title = f"Fix with AI: {_short(message)}"
        return self._action(title, wish, kind=QUICK_FIX, diagnostics=[diagnostic])

    def _comment(self, document: DocumentSnapshot, span: Span) -> Mapping[str, Any] | None:
        from ai_lsp.edits.comment_instruction import instruction_at  # loads the table of languages

        asked = instruction_at(document, span.start)
        if asked is None:
            return None
        wanted = f"{asked.text}\n(A comment in the code asks for this. Remove that comment.)"
        wish = Wish(document, asked.span, wanted)
        return self._action(f"Edit with AI: {_short(asked.text)}", wish, kind=QUICK_FIX)

    def _action(self, title: str, wish: Wish, **more: Any) -> Mapping[str, Any]:
        """An action that carries its place by name, so that the user may type before they choose it."""
        place = to_lsp.lsp_range(wish.snapshot, wish.span.start, wish.span.end) if wish.span is not None else None
        argument = {
            "place": self._places.keep(wish),
            "uri": wish.snapshot.uri,
            "range": place,
            "instruction": wish.instruction,
        }
        return command_action(title, EDIT, [argument], **more)

    # The command

    def _command(self, arguments: list[Any]) -> None:
        """`ai-lsp.edit`: returns at once and goes on under a bar."""
        wish = of_command(self.session, self._places, arguments)
        if self._route_problem():
            self.session.say(f"ai-lsp: {self._route_problem()}")
        elif isinstance(wish, Failure):
            self.session.say(f"ai-lsp: {wish.sentence}")
        else:
            self.session.works.start("Edit with AI", lambda progress: self._work(wish, progress))

    async def _work(self, wish: Wish, progress: Progress) -> str:
        if not wish.instruction:
            chosen = await self._choose_instruction(wish)
            if isinstance(chosen, Failure):
                return self._told(chosen)
            if chosen is None:
                return "nothing was asked for"
            wish = chosen
        label = _short(wish.instruction)
        name = f"edit-{next(self._numbers)}"
        hunks = Hunks(self.session, name, label, are_shown=self.session.settings.edit.review_hunks)
        self._running[name] = hunks
        try:
            outcome = await self._answered(wish, hunks.add, progress.report)
        finally:
            hunks.clear()
            del self._running[name]
        if isinstance(outcome, Failure):
            return self._told(outcome)
        if outcome is None:
            return "nothing was chosen"
        return await self._deliver(label, hunks.without_settled(outcome), progress)

    async def _choose_instruction(self, wish: Wish) -> Wish | Failure | None:
        """Editors without an input box offer the presets."""
        presets = dict(offered(wish.snapshot.language_id, self.session.settings.edit.presets))
        title = await choose(self.session, "ai-lsp: What shall be done with this code?", list(presets))
        return None if title is None else at_this_moment(self.session, replace(wish, instruction=presets[title]))

    async def _answered(
        self, wish: Wish, placed: Callable[[Placed], None], tell: Callable[[str], None]
    ) -> Edited | Failure | None:
        """The edit, after at most one question to the user and one choice; None where they make none."""
        task = await task_of(self.session, wish)
        if isinstance(task, Failure):
            return task
        outcome = await self._instruct(task, placed, tell)
        if isinstance(outcome, Question):
            tell("waiting for your answer")
            answer = await choose(self.session, f"ai-lsp: {outcome.text}", outcome.choices)
            if answer is None:
                return None
            now = at_this_moment(self.session, wish)
            if isinstance(now, Failure):
                return now
            asked = (outcome.text, answer)
            source = replace(task.source, snapshot=now.snapshot)
            outcome = await self._instruct(
                replace(task, source=source, span=now.span, answers=(asked,)), placed, tell
            )
        if isinstance(outcome, Alternatives):
            tell("waiting for your choice")
            titles = [each.title for each in outcome.choices]
            title = await choose(self.session, "ai-lsp: Which version?", titles)
            return next((each for each in outcome.choices if each.title == title), None)
        return outcome if isinstance(outcome, Edited | Failure) else Failure(Why.NO_EDIT)

    async def _instruct(
        self,
        task: Task,
        placed: Callable[[Placed], None],
        tell: Callable[[str], None],
        *,
        may_start_anew: bool = True,
    ) -> Outcome:
        # The core brings the matcher and the parsers of all formats: nothing that a start should wait for.
        core = await asyncio.to_thread(_core)
        name = self.session.settings.routes.edit
        route = self.session.models.route(name)
        if route is None:
            return Failure(Why.WITHHELD, self._route_problem() or "The model is resting after a failure.")
        tell("waiting for the model")

        async def open(path: str) -> Source | Failure:
            return await open_file(self.session, task.source, path)

        model = self.session.settings.models[name].model
        check = check_of(self.session, task, tell) if may_start_anew else None
        recorder, disguise = self.session.surroundings.recorder, self.session.models.disguise
        asked = (lambda prompt: recorder.record(prompt, disguise)) if recorder.is_on else None
        world = core.World(route, model, self.session.settings.edit, open, placed, tell, check, asked)
        outcome: Outcome = await core.instruct(task, world)
        return outcome

    async def _deliver(self, label: str, edited: Edited, progress: Progress) -> str:
        files, lost = still_true(self.session, edited)
        if not files:
            if not lost:
                return "all parts are settled"
            return self._told(Failure(Why.SELECTION_GONE, "You have changed the places of the edit meanwhile."))
        progress.report("waiting for your word")
        warned = f" — careful: {edited.warning}" if edited.warning else ""
        change = WorkspaceChange(f"AI: {label}{warned}", files)
        delivered = await deliver(self.session, change)
        if delivered.ending is Ending.APPLIED and lost:
            delivered = Delivered(Ending.APPLIED, f"{_parts(lost)} left out: you changed those places meanwhile.")
        if delivered.detail:
            self.session.say(f"ai-lsp: {delivered.detail}")
        return delivered.ending.value

    def _told(self, failure: Failure) -> str:
        self.session.say(f"ai-lsp: {failure.sentence}")
        return "no edit"

    def _route_problem(self) -> str:
        """Why no model can be asked now, "" where one can."""
        name = self.session.settings.routes.edit
        if self.session.settings.model_for("edit") is None:
            return NO_MODEL
        if self.session.models.route(name) is None:
            problem = self.session.models.problem(name)
            return f"The model “{name}” cannot be asked now. {problem}".strip()
        return ""

    # The request

    def _request(self, params: Any, request: Request | None) -> Awaitable[Any]:
        """`aiLsp/edit`: the client applies what it gets."""
        return self._answer(of_params(self.session, params), params)

    async def _answer(self, wish: Wish | Failure, params: Mapping[str, Any]) -> Any:
        await self._is_set_up.wait()  # an editor may ask before it has finished starting us
        if problem := self._route_problem():
            raise RequestRefused(REQUEST_FAILED, problem)
        if isinstance(wish, Failure):
            raise RequestRefused(REQUEST_FAILED, wish.sentence)
        if not wish.instruction:
            raise RequestRefused(REQUEST_FAILED, "The instruction is empty.")
        with _work_done(self.session, params.get("workDoneToken")) as tell:
            return await self._result(wish, params, tell)

    async def _result(self, wish: Wish, params: Mapping[str, Any], tell: Callable[[str], None]) -> Any:
        stream = _Partial(self.session, wish, params.get("partialResultToken"))
        task = await task_of(self.session, wish)
        if isinstance(task, Failure):
            raise RequestRefused(REQUEST_FAILED, task.sentence)
        task = replace(task, answers=_answers(params.get("answers")))
        # What went out as a partial result cannot be taken back.
        outcome = await self._instruct(task, stream.add, tell, may_start_anew=not stream.is_wanted)
        if isinstance(outcome, Failure):
            raise RequestRefused(REQUEST_FAILED, outcome.sentence)
        if isinstance(outcome, Question):
            return {"edit": None, "question": {"text": outcome.text, "choices": list(outcome.choices)}}
        choices = outcome.choices if isinstance(outcome, Alternatives) else (outcome,)
        edits = [await self._encoded(wish, each) for each in choices]
        if len(choices) == 1:
            return {"edit": edits[0], **({"warning": choices[0].warning} if choices[0].warning else {})}
        named = [{"title": c.title, "edit": e} for c, e in zip(choices, edits, strict=True)]
        return {"edit": edits[0], "candidates": named}

    async def _encoded(self, wish: Wish, edited: Edited) -> dict[str, Any]:
        """The WorkspaceEdit for the documents as they are now, all parts of it."""
        files, lost = still_true(self.session, edited)
        if lost:
            gone = Failure(Why.SELECTION_GONE, f"{_parts(lost)} out of date: you typed there meanwhile.")
            raise RequestRefused(REQUEST_FAILED, gone.sentence)
        change = WorkspaceChange(f"AI: {_short(wish.instruction)}", files)
        protected = await what_needs_a_word(self.session, change)
        if protected and not await confirmed(self.session, change, protected):
            raise RequestRefused(REQUEST_FAILED, "The edit was discarded.")
        return workspace_edit(self.session, change, client_asks=not protected)


class _Partial:
    """Partial results of `aiLsp/edit`: TextEdits of the document as they become certain, in its order."""

    def __init__(self, session: Session, wish: Wish, token: Any) -> None:
        self._session = session
        self._uri = wish.snapshot.uri
        self._token = token if isinstance(token, str | int) and not isinstance(token, bool) else None
        self._end = -1

    @property
    def is_wanted(self) -> bool:
        """Whether the client takes partial results."""
        return self._token is not None

    def add(self, placed: Placed) -> None:
        """Send one, unless it stands before one that is sent: then it comes with the whole."""
        snapshot, edit = placed.source.snapshot, placed.edit
        if self._token is None or snapshot.uri != self._uri or edit.span.start < self._end:
            return
        self._end = max(edit.span.end, edit.span.start + 1)
        text = {"range": to_lsp.lsp_range(snapshot, edit.span.start, edit.span.end), "newText": edit.new_text}
        self._session.client.notify("$/progress", {"token": self._token, "value": [text]})


def _core() -> Any:
    from ai_lsp.edits import instruct

    return instruct


@contextmanager
def _work_done(session: Session, token: Any) -> Iterator[Callable[[str], None]]:
    """Reports on a token that the client has made for its request, where it has."""

    def send(kind: str, **more: Any) -> None:
        if isinstance(token, str | int) and not isinstance(token, bool):
            session.client.notify("$/progress", {"token": token, "value": {"kind": kind, **more}})

    send("begin", title="Edit with AI", cancellable=True)
    try:
        yield lambda text: send("report", message=text)
    finally:
        send("end")


def _answers(said: Any) -> tuple[tuple[str, str], ...]:
    """Answers to an earlier question, as {question, answer} each."""
    found = said if isinstance(said, list) else []
    pairs = [(a.get("question"), a.get("answer")) for a in found if isinstance(a, Mapping)]
    return tuple((q, a) for q, a in pairs if isinstance(q, str) and isinstance(a, str))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MENU_CHARS else text[: _MENU_CHARS - 1] + "…"


def _parts(count: int) -> str:
    return "One part of the edit is" if count == 1 else f"{count} parts of the edit are"
