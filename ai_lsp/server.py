"""The server: a table from LSP methods to handlers, each of which decodes, snapshots, makes one call, encodes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from ai_lsp import __version__
from ai_lsp.completion.complete import alternatives, complete
from ai_lsp.completion.query import Declined, Query, Reason, Suggestion
from ai_lsp.completion.world import World
from ai_lsp.lsp import actions, features, from_lsp, shown, status, to_lsp
from ai_lsp.lsp.from_lsp import InvalidParams, mapping
from ai_lsp.lsp.handshake import initialize_result
from ai_lsp.lsp.protocol import Handler, RawProtocol, Request, Route, make_server
from ai_lsp.lsp.services.anticipation import AnticipationService
from ai_lsp.lsp.services.apply import ApplyService
from ai_lsp.lsp.services.checking import CheckingService
from ai_lsp.lsp.services.copilot_dialect import CopilotDialect
from ai_lsp.lsp.services.instruct import InstructService
from ai_lsp.lsp.services.learning import LearningService
from ai_lsp.lsp.services.next_action import NextActionService
from ai_lsp.lsp.services.next_edit import NextEditService
from ai_lsp.lsp.services.review import ReviewService
from ai_lsp.lsp.services.service import Command, Service, Work
from ai_lsp.lsp.services.shell_command import ShellCommandService
from ai_lsp.lsp.services.silence import SilenceService
from ai_lsp.lsp.services.status_lines import StatusLines
from ai_lsp.lsp.session import Session
from ai_lsp.lsp.transport import StdioReader, StdioWriter

log = logging.getLogger(__name__)

MOVES = (("oldUri", 3), ("newUri", 1), ("uri", 3))
"""What a moved or deleted file is called, and LSP's FileChangeType for it."""

LIST_PATIENCE_S = 0.15
"""How long textDocument/completion may wait for a suggestion: the editor's real list must not be late."""


class Server:
    """The handlers of one session. Every method named in METHODS takes raw params and the request."""

    def __init__(self, protocol: RawProtocol) -> None:
        self.protocol = protocol
        self.session = Session(self)
        self.session.suggest = self._suggest
        others = tuple(service(self.session) for service in SERVICES)
        services = self.session.services = (self.session.surroundings, *others)
        protocol.routes = {name: Route(handler(self), empty) for name, (handler, empty) in METHODS.items()}
        self.commands: dict[str, Command] = {n: partial(run, self.session) for n, run in COMMANDS.items()}
        for service in services:
            protocol.routes.update(service.methods())
            self.commands.update(service.commands())

    # What the session may say to the editor

    def notify(self, method: str, params: Any = None) -> None:
        self.protocol.notify(method, params)

    async def ask(self, method: str, params: Any, timeout_s: float) -> Any:
        try:
            return await self.request(method, params, timeout_s)
        except (TimeoutError, RuntimeError) as error:
            log.info("%s was not answered: %s", method, error)
            return None

    async def request(self, method: str, params: Any, timeout_s: float) -> Any:
        async with asyncio.timeout(timeout_s):
            return await asyncio.wrap_future(self.protocol.send_request(method, params))

    # Life

    def initialize(self, params: Any, request: Request | None) -> Any:
        self.session.begin(features.resolve(mapping(params)))
        self.protocol.is_initialized = True
        return initialize_result(__version__, params)

    def initialized(self, params: Any, request: Request | None) -> None:
        self.session.spawn("start", self.session.start())

    def shutdown(self, params: Any, request: Request | None) -> Awaitable[None]:
        self.protocol.begin_shutdown()
        return self.session.aclose()

    def did_change_configuration(self, params: Any, request: Request | None) -> None:
        sent = mapping(params).get("settings")
        if isinstance(sent, Mapping):
            self.session.spawn("settings", self.session.change_options(sent))
        else:
            self.session.spawn("settings", self.session.pull_options())

    def did_change_folders(self, params: Any, request: Request | None) -> None:
        event = mapping(mapping(params).get("event"), "event")
        self.session.spawn("folders", self.session.change_roots(event.get("added"), event.get("removed")))

    def did_change_files(self, params: Any, request: Request | None) -> None:
        changes = mapping(params).get("changes")
        self.session.files_changed(changes if isinstance(changes, list) else [])

    def did_move_files(self, params: Any, request: Request | None) -> None:
        """`{files: [{uri}]}` or `{files: [{oldUri, newUri}]}`: what the user did in the editor's list."""
        files = mapping(params).get("files")
        changes: list[Any] = []
        for each in files if isinstance(files, list) else []:
            if isinstance(each, Mapping):
                changes += [{"uri": u, "type": t} for key, t in MOVES if isinstance(u := each.get(key), str)]
        self.session.files_changed(changes)

    def ignore(self, params: Any, request: Request | None) -> None:
        """Notifications that are understood and need nothing done."""

    def cancel_work(self, params: Any, request: Request | None) -> None:
        self.session.works.cancel(mapping(params).get("token"))

    # Documents

    def did_open(self, params: Any, request: Request | None) -> None:
        document = mapping(mapping(params).get("textDocument"), "textDocument")
        text, language = document.get("text"), document.get("languageId")
        if not isinstance(text, str):
            raise InvalidParams("`textDocument.text` must be a string")
        uri, version = from_lsp.document_uri(params), from_lsp.version_of(params)
        self.session.opened(uri, version, language if isinstance(language, str) else "", text)

    def did_change(self, params: Any, request: Request | None) -> None:
        uri, version = from_lsp.document_uri(params), from_lsp.version_of(params)
        changes = mapping(params).get("contentChanges")
        if not isinstance(changes, list):
            raise InvalidParams("`contentChanges` must be an array")
        self.session.changed(uri, version, [mapping(change, "contentChanges") for change in changes])

    def did_close(self, params: Any, request: Request | None) -> None:
        self.session.closed(from_lsp.document_uri(params))

    def did_save(self, params: Any, request: Request | None) -> None:
        self.session.saved(from_lsp.document_uri(params))

    # Completion

    def inline_completion(self, params: Any, request: Request | None) -> Any:
        uri = from_lsp.document_uri(params)
        snapshot = self.session.documents.get(uri)
        if snapshot is None:
            return _nothing_inline()
        query = from_lsp.completion_query(params, snapshot, self.session.relative(uri))
        return self._inline(query, self._suggest(query, request), to_lsp.wants_whole_line(params))

    def completion(self, params: Any, request: Request | None) -> Any:
        uri = from_lsp.document_uri(params)
        snapshot = self.session.documents.get(uri)
        if snapshot is None or self.session.features.has_inline_completion:
            return to_lsp.completion_items(None)
        query = from_lsp.completion_query(params, snapshot, self.session.relative(uri))
        return self._in_list(self._suggest(query, request))

    def _suggest(self, query: Query, request: Request | None) -> Work:
        """Take the session's part of one completion now; the rest is work over frozen values, not yet begun."""
        uri = query.snapshot.uri
        self.session.supersede(uri, request)
        self.session.documents.looked_at(query)
        self.session.touched()
        world = self.session.world(query) if self.session.is_checked(uri) else None
        return partial(self._complete, query, world, request)

    async def _complete(self, query: Query, world: World | None, request: Request | None) -> Suggestion | None:
        began = time.monotonic()
        answer: Suggestion | Declined = Declined(Reason.CANCELLED)
        try:
            if world is None:
                await self.session.checked(query.snapshot.uri)
                world = self.session.world(query)
            answer = self.session.judge(query, await complete(query, world))
            while answer == Declined(Reason.OUTDATED) and (later := self._followed(query, request)) is not None:
                query, world = later, self.session.world(later)
                answer = self.session.judge(query, await complete(query, world))
        finally:
            self.session.finished(query.snapshot.uri, request)
            self.session.remember(query, answer, (time.monotonic() - began) * 1000)
            self.session.touched()
        return None if isinstance(answer, Declined) else answer

    def _followed(self, query: Query, request: Request | None) -> Query | None:
        """The query where its cursor is now, where the user has typed on and the editor has not asked again: it
        may show an answer all the same. An editor's list is about the very text it asked for."""
        is_inline = request is not None and request.method == "textDocument/inlineCompletion"
        if not is_inline or not self.session.is_newest(query.snapshot.uri, request):
            return None
        return self.session.documents.followed(query)

    async def _inline(self, query: Query, work: Work, whole_line: bool) -> Any:
        if (found := await work()) is None:
            return _nothing_inline()
        others: list[Suggestion] = []
        if query.is_invoked and found.snapshot is query.snapshot:
            others = await alternatives(query, self.session.world(query), found)
            for each in others:
                self.session.shown.offer(each)
        return to_lsp.inline_items(found, *others, whole_line=whole_line)

    async def _in_list(self, work: Work) -> Any:
        task: asyncio.Task[Suggestion | None] = self.session.spawn("completion", work())
        try:
            await asyncio.wait({task}, timeout=LIST_PATIENCE_S)
        except asyncio.CancelledError:
            task.cancel()
            raise
        # A late suggestion is not lost: the list is incomplete, and the next request finds it remembered.
        return to_lsp.completion_items(task.result() if task.done() and not task.cancelled() else None)

    # Actions, commands and status

    def code_action(self, params: Any, request: Request | None) -> Any:
        snapshot = self.session.documents.get(from_lsp.document_uri(params))
        if snapshot is None or self.session.is_ignored(snapshot.uri):
            return []
        return actions.gather(params, snapshot, self.session.services, self.session.features)

    def execute_command(self, params: Any, request: Request | None) -> Any:
        call = mapping(params)
        name, arguments = call.get("command"), call.get("arguments")
        command = self.commands.get(name) if isinstance(name, str) else None
        if command is None:
            raise InvalidParams(f"no command {name!r}; there are: {', '.join(self.commands)}")
        return command(arguments if isinstance(arguments, list) else [])

    def status(self, params: Any, request: Request | None) -> Any:
        return status.status(self.session)


def _accept(session: Session, arguments: list[Any]) -> None:
    shown.accept(session, str(arguments[0]) if arguments else "")


def _reject(session: Session, arguments: list[Any]) -> None:
    shown.reject(session, str(arguments[0]) if arguments else "")


def _why(session: Session, arguments: list[Any]) -> str:
    text = status.why(session)
    session.client.notify("window/showMessage", {"type": 3, "message": text})
    return text


def _status(session: Session, arguments: list[Any]) -> Any:
    return status.status(session)


COMMANDS: Mapping[str, Callable[[Session, list[Any]], Any]] = {
    "ai-lsp.accept": _accept,
    "ai-lsp.reject": _reject,
    "ai-lsp.why": _why,
    "ai-lsp.status": _status,
}
"""Commands of the session itself; services bring their own."""

SERVICES: tuple[type[Service], ...] = (
    SilenceService,
    LearningService,
    AnticipationService,
    CheckingService,
    InstructService,
    ShellCommandService,
    ReviewService,
    NextEditService,
    NextActionService,
    CopilotDialect,
    ApplyService,
    StatusLines,
)
"""The features beside completion, a class each of lsp/services."""


def _nothing_inline() -> Any:
    return to_lsp.inline_items(whole_line=False)


def _nothing_in_list() -> Any:
    return to_lsp.completion_items(None)


METHODS: Mapping[str, tuple[Callable[[Server], Handler], Callable[[], Any] | None]] = {
    "initialize": (lambda s: s.initialize, None),
    "initialized": (lambda s: s.initialized, None),
    "shutdown": (lambda s: s.shutdown, None),
    "textDocument/didOpen": (lambda s: s.did_open, None),
    "textDocument/didChange": (lambda s: s.did_change, None),
    "textDocument/didClose": (lambda s: s.did_close, None),
    "textDocument/didSave": (lambda s: s.did_save, None),
    "textDocument/inlineCompletion": (lambda s: s.inline_completion, _nothing_inline),
    "textDocument/completion": (lambda s: s.completion, _nothing_in_list),
    "textDocument/codeAction": (lambda s: s.code_action, list),
    "workspace/didChangeConfiguration": (lambda s: s.did_change_configuration, None),
    "workspace/didChangeWorkspaceFolders": (lambda s: s.did_change_folders, None),
    "workspace/didChangeWatchedFiles": (lambda s: s.did_change_files, None),
    "workspace/didRenameFiles": (lambda s: s.did_move_files, None),
    "workspace/didDeleteFiles": (lambda s: s.did_move_files, None),
    "workspace/executeCommand": (lambda s: s.execute_command, None),
    "window/workDoneProgress/cancel": (lambda s: s.cancel_work, None),
    "$/setTrace": (lambda s: s.ignore, None),
    "aiLsp/status": (lambda s: s.status, None),
}
"""Every method the server itself answers, with what it answers where the handler fails."""


async def serve(reader: StdioReader, writer: StdioWriter, initialize: Any | None = None) -> int:
    """Run until `exit` or the end of the input; returns the process's exit code.

    `initialize` is the request of that name where its answer has gone out already.
    """
    protocol = make_server(__version__).protocol
    assert isinstance(protocol, RawProtocol)
    protocol.out = writer
    protocol.exit_code = asyncio.get_running_loop().create_future()
    server = Server(protocol)
    if initialize is not None:
        server.initialize(initialize.get("params"), None)
    reading = asyncio.ensure_future(reader.run(protocol.handle_message))
    ends: set[asyncio.Future[Any]] = {reading, protocol.exit_code}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    await server.session.aclose()
    return protocol.exit_code.result() if protocol.exit_code.done() else 1
