"""The one mutable object: what is open, what is set, what is running, what was shown."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_lsp import config
from ai_lsp.completion.gate import NOTHING_HAPPENED, Moment
from ai_lsp.completion.local.client import LocalPredictor
from ai_lsp.completion.query import Declined, Due, Query, Suggestion
from ai_lsp.completion.reuse_state import Reuse
from ai_lsp.completion.world import World
from ai_lsp.context.workspace_files import OWN_IGNORES
from ai_lsp.lsp.client import Client
from ai_lsp.lsp.documents import Documents, line_edit
from ai_lsp.lsp.features import ClientFeatures
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.lsp.handshake import WATCH
from ai_lsp.lsp.logs import apply_log_settings
from ai_lsp.lsp.model_routes import ModelRoutes, models_in_use
from ai_lsp.lsp.progress import Works
from ai_lsp.lsp.protocol import Request
from ai_lsp.lsp.published import Published
from ai_lsp.lsp.readable import Readable
from ai_lsp.lsp.scratch import Scratch
from ai_lsp.lsp.services.service import Judge, Service, Work
from ai_lsp.lsp.shown import Shown
from ai_lsp.lsp.surroundings import Surroundings
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, LineEdit
from ai_lsp.text.history import History

log = logging.getLogger(__name__)

WARNING = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the last completion of a document ended, for `ai-lsp.why`."""

    uri: str
    answer: Suggestion | Declined
    took_ms: float
    at: float = 0.0


class Session:
    """One editor's session, from `initialize` to `exit`."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self.clock = clock
        self.features = ClientFeatures()
        self.documents = Documents()
        self.history = History()
        self.loaded = config.load([])
        self.models = ModelRoutes(self.tell, self.spawn, clock)
        self.predictor: LocalPredictor | None = None
        self.roots: tuple[str, ...] = ()
        self._scope: tuple[tuple[str, ...], tuple[str, ...], int, bool] | None = None
        self.last: Outcome | None = None
        self.shown = Shown()
        self.reuse = Reuse()
        self.moment: Callable[[Query], Moment] = lambda query: NOTHING_HAPPENED  # set by the service of silence
        self.due: Callable[[Query], Due | None] = lambda query: None  # set by the service of next edits
        self.judge: Judge = lambda query, answer: answer  # set by the service of learning
        self.touched: Callable[[], None] = lambda: None  # something began, ended or changed: for status lines
        self.published = Published(client.notify)
        self.surroundings = Surroundings(self)
        self.services: tuple[Service, ...] = ()
        self.works = Works(self)
        self.scratch = Scratch()
        self.suggest: Callable[[Query, Request | None], Work]  # set by the server: one completion, asked later
        self._in_flight: dict[str, Request] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._reloading = asyncio.Lock()
        self._told: set[str] = set()
        self._told_problems: set[config.Problem] = set()
        self._readable = Readable(self)
        self._ids = itertools.count(1)
        self._editor_settings: Mapping[str, Any] = {}
        self.is_started = False  # until then it is not known whether there will be a predictor

    @property
    def settings(self) -> config.Settings:
        """The settings in force."""
        return self.loaded.settings

    # Settings and life

    def begin(self, features: ClientFeatures) -> None:
        """The client has introduced itself: nothing is read or started before `start`."""
        self.features = features
        self.roots = tuple(p for uri in features.roots if (p := path_of(uri)) is not None)

    async def start(self) -> None:
        """After `initialized`: read the settings, then start the embedded predictor."""
        await self.reload()
        if self.features.can_register_watchers:
            await self.client.ask("client/registerCapability", {"registrations": [WATCH]}, timeout_s=5.0)
        await self.pull_options()

    async def pull_options(self) -> None:
        """Ask the editor for its settings, where it can be asked; some never answer."""
        if not self.features.can_pull_configuration:
            return
        items = [{"section": config.SECTION}]
        pulled = await self.client.ask("workspace/configuration", {"items": items}, timeout_s=5.0)
        if isinstance(pulled, list) and pulled and isinstance(pulled[0], Mapping):
            await self.change_options({config.SECTION: pulled[0]})

    async def change_options(self, options: Mapping[str, Any]) -> None:
        """Settings sent by the editor while it runs; they take the place of those it sent before."""
        self._editor_settings = options
        await self.reload()

    async def reload(self) -> None:
        """Read every source of settings again, off the loop, and put them in force; one reading at a time, so
        that the latest wins."""
        async with self._reloading:
            await self._reload()

    async def _reload(self) -> None:
        folders = [Path(root) for root in self.roots]
        sources = await asyncio.to_thread(
            config.read_sources, folders, self.features.options, self._editor_settings
        )
        loaded = self.loaded = config.load(sources)
        apply_log_settings(loaded.settings.log)
        new = [problem for problem in loaded.problems if problem not in self._told_problems]
        if new:
            self._told_problems.update(new)
            self.tell(f"ai-lsp settings: {config.summary(new)}")
        keeps_ledger = loaded.settings.privacy.ledger
        await self.models.use(loaded.settings.models, models_in_use(self.settings), keeps_ledger=keeps_ledger)
        await self._start_predictor()
        self.is_started = True
        for service in self.services:
            service.settings_changed()

    async def change_roots(self, added: Any, removed: Any) -> None:
        """Workspace folders came or went; the settings of each folder count again."""
        gone = {path_of(str(f.get("uri"))) for f in _mappings(removed)}
        come = [path_of(str(f.get("uri"))) for f in _mappings(added)]
        self.roots = tuple(dict.fromkeys([*(r for r in self.roots if r not in gone), *(r for r in come if r)]))
        await self.reload()

    def files_changed(self, changes: Sequence[Any]) -> None:
        """Files changed on disk, as the editor tells; a changed ignore file counts at once."""
        moved = [(path_of(str(c.get("uri"))), c.get("type")) for c in _mappings(changes)]
        if any(Path(p).name in OWN_IGNORES for p, _ in moved if p is not None):
            self._check_all()
        paths = [(p, t) for p, t in moved if p is not None and t in (1, 2, 3)]
        if self.predictor is not None:
            self.predictor.files_changed(paths)
        for service in self.services:
            service.files_changed(paths)

    async def _start_predictor(self) -> None:
        # A model's route needs it too: it takes over while the model fails.
        wanted = bool(self.settings.routes.completion)
        index = self.settings.index  # switched off, open documents are still learnt from
        scope = (self.roots if index.enabled else (), self.settings.privacy.ignore, index.max_files, index.cache)
        if not wanted and self.predictor is not None:
            predictor, self.predictor = self.predictor, None
            self._readable.predictor_ended()
            await predictor.aclose()
        elif wanted and (self.predictor is None or scope != self._scope):
            self.predictor = self.predictor or LocalPredictor(text_of=self._text_of)
            self._scope = scope
            roots, patterns, most, keep = scope
            await self.predictor.start(roots, patterns=patterns, most_files=most, keep=keep)
        self._check_all()

    def _text_of(self, uri: str) -> str | None:
        document = self.documents.get(uri)
        return None if document is None else document.text

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Background work: kept, named, its failure logged, cancelled at the end of the session."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)

    async def aclose(self) -> None:
        """End everything that was started."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for service in self.services:
            await service.aclose()
        await self.scratch.aclose()
        await self.reuse.aclose()
        await self.models.aclose()
        if self.predictor is not None:
            await self.predictor.aclose()

    def tell(self, text: str) -> None:
        """Show the user a sentence, once in a session."""
        if text not in self._told:
            self._told.add(text)
            self.say(text)

    def say(self, text: str, type: int = WARNING) -> None:
        """Show the user a sentence, however often it was said before: the answer to something they asked for."""
        self.client.notify("window/showMessage", {"type": type, "message": text})

    # Documents

    def opened(self, uri: str, version: int, language_id: str, text: str) -> None:
        """A document was opened."""
        self._forget(uri)
        document = self.documents.open(uri, version, language_id, text)
        self._readable.opened(uri)
        for service in self.services:
            service.opened(document)

    def _check_all(self) -> None:
        self.reuse.renew()
        self._readable.check_all()

    async def checked(self, uri: str) -> None:
        """Wait until it is known whether a document may be read; it is for all but the first moment."""
        await self._readable.checked(uri)

    def is_checked(self, uri: str) -> bool:
        """Whether `checked` would return at once."""
        return self._readable.is_checked(uri)

    def changed(self, uri: str, version: int, changes: Sequence[Mapping[str, Any]]) -> None:
        """A document changed; unknown ones are passed over."""
        if self.documents.get(uri) is None:
            log.warning("change of a document that is not open")
            return
        self.reuse.key(self.clock())
        moved: list[LineEdit] = []
        edits: list[Edit] = []
        start = self.documents.get(uri)
        try:
            for change in changes:
                before, edit = self.documents.change(uri, version, change)
                moved.append(line_edit(before, edit))
                edits.append(edit)
        finally:
            now = self.documents.get(uri)
            if start is not None and now is not None and edits:
                self.history.changed(start, edits, now, self.clock())
                for service in self.services:
                    service.changed(start, edits, now)
            self._readable.changed(uri, moved, now)

    def saved(self, uri: str) -> None:
        """A document was saved."""
        for service in self.services:
            service.saved(uri)

    def closed(self, uri: str) -> None:
        """A document was closed."""
        for service in self.services:
            service.closed(uri)
        self._forget(uri)
        self._readable.closed(uri)
        self.published.forget(uri)
        self.history.closed(uri)
        self.documents.close(uri)
        if self.predictor is not None:
            self.predictor.closed(uri)

    def _forget(self, uri: str) -> None:
        self.shown.forget(uri)
        self.reuse.forget(uri)
        if (request := self._in_flight.pop(uri, None)) is not None:
            request.supersede()

    def is_ignored(self, uri: str) -> bool:
        """Whether a document must not be read for suggestions, or is not yet known to be readable."""
        return self._readable.is_ignored(uri)

    def relative(self, uri: str) -> str:
        """A document's path within its workspace folder, with `/`; its name where it is in none."""
        path = path_of(uri)
        if path is None:
            return ""
        for root in self.roots:
            if path.startswith(root.rstrip("/") + "/"):
                return path[len(root.rstrip("/")) + 1 :]
        return Path(path).name

    # Completions

    def supersede(self, uri: str, request: Request | None) -> None:
        """A newer request of a document answers the older one with null, at once."""
        if (older := self._in_flight.pop(uri, None)) is not None:
            older.supersede()
        if request is not None:
            self._in_flight[uri] = request

    def world(self, query: Query) -> World:
        """What a completion may look at, taken before it waits for anything."""
        settings = self.settings
        name = settings.routes.completion
        route = self.models.route(name) if name not in ("", "local") else None
        completion = settings.completion
        return World(
            settings=completion,
            is_off=name == "",
            is_ignored=self.is_ignored(query.snapshot.uri),
            shown=self.shown.last(query.snapshot.uri),
            predictor=self.predictor,
            route=route,
            edits_since=self.edits_since,
            new_id=lambda: str(next(self._ids)),
            debounce_s=None if completion.debounce_ms == "auto" else completion.debounce_ms / 1000,
            repo=self.repo,
            around=self.surroundings.around(query) if route is not None else None,
            memory=self.surroundings.memory(query.snapshot.uri),
            built=lambda built: self.surroundings.remember(query.snapshot.uri, built),
            reuse=self.reuse,
            moment=self.moment(query),
            due=self.due(query),
        )

    @property
    def repo(self) -> str:
        """The name by which prompts speak of the workspace."""
        return Path(self.roots[0]).name if self.roots else ""

    def may_learn(self, document: DocumentSnapshot) -> bool:
        """Whether a document's text may be used for suggestions, in its own file and in others."""
        return not self.is_ignored(document.uri) and len(document) <= self.settings.completion.max_file_kb * 1024

    def edits_since(self, snapshot: DocumentSnapshot) -> Sequence[Edit] | None:
        """The edits made to a document after a snapshot; None where they are not known."""
        return self.documents.edits_since(snapshot)

    def remember(self, query: Query, answer: Suggestion | Declined, took_ms: float) -> None:
        """Keep what a completion ended with: for typing through it, for its acceptance, for `why`."""
        self.last = Outcome(query.snapshot.uri, answer, took_ms, self.clock())
        if isinstance(answer, Suggestion):
            self.shown.add(answer, took_ms)

    def is_newest(self, uri: str, request: Request | None) -> bool:
        """Whether a request is the last one made of a document, and still waited for."""
        return request is not None and self._in_flight.get(uri) is request

    @property
    def is_busy(self) -> bool:
        """Whether a completion is being made."""
        return bool(self._in_flight)

    def finished(self, uri: str, request: Request | None) -> None:
        """A completion is answered: nothing is left to supersede."""
        if request is not None and self._in_flight.get(uri) is request:
            del self._in_flight[uri]


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []
