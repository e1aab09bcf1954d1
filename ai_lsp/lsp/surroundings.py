"""What prompts know besides the document: gathered beside the server from the keystroke on, used when ready.

Any feature may ask `gather` for the parts around a place; completion takes those that are ready (`around`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ai_lsp.completion.prompt import Around, Built, Memory, Shape
from ai_lsp.completion.query import Query
from ai_lsp.completion.recording import CompletionPrompt
from ai_lsp.config import LOCAL, OFF
from ai_lsp.context.gather import steady
from ai_lsp.context.parts import PromptPart
from ai_lsp.context.place import Noted, RecentEdit, Rules
from ai_lsp.context.sources.rules import FILES as RULE_FILES
from ai_lsp.context.workspace.client import Gathered, Question, WorkspaceClient
from ai_lsp.context.workspace_files import IGNORE_FILES
from ai_lsp.lsp.gathering import as_noted, moved, real_roots_and_rules, shape_of
from ai_lsp.lsp.recorder import Recorder
from ai_lsp.lsp.services.service import Service
from ai_lsp.lsp.told import Told
from ai_lsp.lsp.warmer import Warmer
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span, map_offset

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

BEGIN_S = 0.005
"""Gathering begins so long after the key: what it takes of the loop, a fraction of a millisecond, comes behind
the request that came with the key."""

LIMIT_S = 5.0
"""How long gathering may take; a large file's first parse is most of it."""

PAUSE_S = 0.002
"""Between two steps of work that nobody waits for."""

PLACE_LINES = 24
"""A cursor this far from where parts were gathered is at another place."""

MOST_EDITS = 24
MOST_NOTED = 50

_RULE_NAMES = frozenset(name.rpartition("/")[2] for name in RULE_FILES)
_FROM_DOCUMENTS = frozenset({"open file", "edits", "diagnostics"})

Key = tuple[int, int, int, bool]


@dataclass(slots=True)
class _Around:
    """One document: what was gathered for it, and the memory of its prompts."""

    memory: Memory = field(default_factory=Memory)
    key: Key | None = None
    anchor: int = -PLACE_LINES * 2
    line: int = -1  # of the last prompt
    parts: tuple[PromptPart, ...] = ()
    fresh: tuple[PromptPart, ...] | None = None  # gathered, and not yet in a prompt
    shape: Shape = field(default_factory=Shape)
    task: asyncio.Task[None] | None = None


class Surroundings(Service):
    """Per document: the parts of other places gathered last, where its pages begin, and its prompts' memory."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.workspace = WorkspaceClient(self._tell_all)
        self._told = Told(session, self.workspace)
        self.recorder = Recorder()
        self.warmer = Warmer(session)
        self._documents: dict[str, _Around] = {}
        self._recent: dict[str, None] = {}  # least recently used first
        self._visits = 0
        self._noted: dict[str, tuple[Noted, ...]] = {}
        self._rules: tuple[Rules, ...] = ()
        self._is_wanted = False

    # Completion

    def around(self, query: Query) -> Callable[[], Around]:
        """What a completion may know besides its document: what is there when it is asked, which never waits.

        Starts gathering where the cursor is at another place than before. Parts change with a line's first
        prompt only, so that the keys within a line cost the model's server next to nothing.
        """
        uri, line = query.snapshot.uri, query.line
        state = self._visit(uri)
        if not self._is_wanted:
            return Around
        self.warmer.touched(uri, query.offset)
        self._begin(state, query.snapshot, query.offset, line)
        shape = state.shape

        def ready() -> Around:
            if state.fresh is not None and (state.line != line or not state.parts):
                state.parts, state.fresh = state.fresh, None
            state.line = line
            return Around(self._readable(state.parts), shape)

        return ready

    def memory(self, uri: str) -> Memory:
        """The memory of a document's prompts."""
        return self._state(uri).memory

    def remember(self, uri: str, built: Built) -> None:
        """A prompt was made: the next one keeps its cut where it can."""
        state = self._state(uri)
        state.memory = replace(state.memory, previous=built.fitted)
        if self.recorder.is_on:
            self.recorder.record(CompletionPrompt(built), self.session.models.disguise)
        self.warmer.asked(built.request)

    def rested(self, query: Query) -> Around:
        """What is known around a place where the user rests: all that is ready may come in now."""
        state = self._state(query.snapshot.uri)
        if state.fresh is not None:
            state.parts, state.fresh = state.fresh, None
        return Around(self._readable(state.parts), state.shape)

    def hold(self, uri: str, built: Built) -> None:
        """A prompt was made that no user waits for: the next one keeps its cut."""
        state = self._state(uri)
        state.memory = replace(state.memory, previous=built.fitted)
        state.line = built.inputs.query.line

    # Any feature

    async def gather(
        self, snapshot: DocumentSnapshot, offset: int, *, limit_s: float = 0.5
    ) -> tuple[PromptPart, ...]:
        """The parts around a place, for prompts of any sort: `fit` them, and `context.gather.quoted` writes them
        for a chat. After `limit_s` seconds without what takes longer. The document itself is not among them.
        """
        self._visit(snapshot.uri)
        if not self.session.settings.context.enabled:
            return ()
        self._start()
        task = self.session.spawn("gather", self._ask(snapshot, offset))
        await asyncio.wait({task}, timeout=limit_s)
        if not task.done() or task.cancelled() or task.exception() is not None:
            return ()
        _, found = task.result()
        return self._readable(found.parts) if found is not None else ()

    # Hooks

    def opened(self, document: DocumentSnapshot) -> None:
        self._documents.pop(document.uri, None)
        self._recent[document.uri] = None
        if self._is_wanted:
            self.session.spawn("tell the workspace", self._tell(document.uri))

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        state = self._documents.get(after.uri)
        if state is not None and state.shape.cuts:
            state.shape = replace(state.shape, cuts=moved(state.shape.cuts, edits))
        if not self._is_wanted or not edits or self.session.is_ignored(after.uri):
            return
        last = edits[-1]
        offset = last.span.start + len(last.new_text)
        state = self._visit(after.uri)
        self.warmer.touched(after.uri, offset)
        self._begin(state, after, offset, after.line_at(offset))

    def closed(self, uri: str) -> None:
        self._documents.pop(uri, None)
        self._recent.pop(uri, None)
        self._noted.pop(uri, None)
        self._told.forget(uri)

    def files_changed(self, paths: Sequence[tuple[str, int]]) -> None:
        self.workspace.files_changed([path for path, _ in paths])
        if any(os.path.basename(path) in (*IGNORE_FILES, *_RULE_NAMES) for path, _ in paths):
            self._forget_gathered()
            self.session.spawn("rules", self._read_rules())

    def settings_changed(self) -> None:
        settings = self.session.settings
        self.recorder.use(settings.recording)
        routes = settings.routes
        named = (getattr(routes, name) for name in routes.__slots__)
        self._is_wanted = settings.context.enabled and any(name not in (LOCAL, OFF) for name in named)
        self._forget_gathered()
        self.session.spawn("rules", self._read_rules())

    def code_actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """The editor says what it shows around a span: remembered, no action offered."""
        sent = context.get("diagnostics")
        if isinstance(sent, list) and sent:
            self.heard(document.uri, sent)
        return ()

    def heard(self, uri: str, diagnostics: Sequence[Any]) -> None:
        """Diagnostics of a document in LSP's form, from whoever made them; they take the place of older ones."""
        path = self.session.relative(uri)
        noted = [one for each in diagnostics[:MOST_NOTED] if (one := as_noted(path, each)) is not None]
        self._noted[uri] = tuple(noted)

    async def aclose(self) -> None:
        self.warmer.stop()
        await self.workspace.aclose()
        await asyncio.to_thread(self.recorder.close)

    # Gathering

    def _state(self, uri: str) -> _Around:
        return self._documents.setdefault(uri, _Around())

    def _visit(self, uri: str) -> _Around:
        """A document is used: coming from another one counts as coming to another place."""
        if next(reversed(self._recent), None) != uri:
            self._visits += 1
            self._recent.pop(uri, None)
            self._recent[uri] = None
        return self._state(uri)

    def _begin(self, state: _Around, snapshot: DocumentSnapshot, offset: int, line: int) -> None:
        """Gather for a place unless that was done, or is going on."""
        if abs(line - state.anchor) > PLACE_LINES:
            state.anchor = line
        key = (state.anchor, self._visits, len(self._rules), self.workspace.state == "ready")
        if key == state.key or (state.task is not None and not state.task.done()):
            return
        state.key = key
        state.task = self.session.spawn("gather", self._gather(state, snapshot, offset))

    async def _gather(self, state: _Around, snapshot: DocumentSnapshot, offset: int) -> None:
        await asyncio.sleep(BEGIN_S)
        self._start()
        now, found = await self._ask(snapshot, offset, state.shape.cuts)
        if now is None or found is None:
            state.key = None  # the process was not there: with the next key it may be
            return
        later = self.session.documents.edits_since(now)
        if later is not None:
            shape = shape_of(now, found)
            state.shape = replace(shape, cuts=moved(shape.cuts, later))
        for part in found.parts:
            await self._look_ahead(part.text, part.label.uri)
        made = steady(state.parts, found.parts)
        state.fresh = made if made != state.parts else None

    async def _ask(
        self, snapshot: DocumentSnapshot, offset: int, cuts: Sequence[int] = ()
    ) -> tuple[DocumentSnapshot | None, Gathered | None]:
        """What the workspace's process says of a place, and the text that its offsets mean."""
        uri, documents = snapshot.uri, self.session.documents
        uris = [each for each in reversed(self._recent) if each != uri]
        for each in (uri, *uris):
            await self._told.tell(each)
        now, later = documents.get(uri), documents.edits_since(snapshot)
        others = [each for each in uris if self._told.follow(each)]
        if now is None or later is None or not self._told.follow(uri):
            return None, None
        for edit in later:
            offset = map_offset(offset, edit)
        question = Question(
            uri, offset, len(now), tuple(others), self._edits(), self._diagnostics([uri, *others]), tuple(cuts)
        )
        return now, await self.workspace.gather(question, LIMIT_S)

    def _start(self) -> None:
        """The workspace's process, which reads the folders only where the settings want an index."""
        index, patterns = self.session.settings.index, self.session.settings.privacy.ignore
        self.workspace.start(tuple(self._told.roots) if index.enabled else (), patterns, index.max_files)

    async def _tell(self, uri: str) -> None:
        """Tell a document before it is asked about: the first question need not wait for all of its text."""
        await self.session.checked(uri)
        if self._is_wanted:
            self._start()
            await self._told.tell(uri)
        document = self.session.documents.get(uri)
        if self._is_wanted and document is not None and self.session.may_learn(document):
            await self._look_ahead(document.text, self.session.relative(uri), document.language_id)

    async def _look_ahead(self, text: str, path: str, language_id: str = "") -> None:
        """Have a text looked at for secrets before a prompt holds it: seen once, it costs a prompt little."""
        disguise = self.session.models.disguise
        if disguise is not None:
            for _ in disguise.look_ahead(text, path, language_id):
                await asyncio.sleep(PAUSE_S)

    def _tell_all(self) -> None:
        """A new process knows nothing."""
        self._told.nothing()
        for document in self.session.documents.all():
            self.session.spawn("tell the workspace", self._tell(document.uri))

    def _diagnostics(self, uris: Sequence[str]) -> tuple[Noted, ...]:
        noted: list[Noted] = []
        for uri in uris:
            path = self.session.relative(uri)
            ours = (as_noted(path, each) for each in self.session.published.all(uri)[:MOST_NOTED])
            noted += [*self._noted.get(uri, ()), *(one for one in ours if one is not None)]
        return tuple(dict.fromkeys(noted))

    def _edits(self) -> tuple[RecentEdit, ...]:
        now, out = self.session.clock(), []
        for one in self.session.history.standing(MOST_EDITS):
            if not self.session.is_ignored(one.uri):
                lines = one.lines
                path = self.session.relative(one.uri)
                out.append(RecentEdit(path, lines.start, lines.old, lines.new, max(0.0, now - one.ended)))
        return tuple(out)

    def _readable(self, parts: Sequence[PromptPart]) -> tuple[PromptPart, ...]:
        """The parts without those of documents that may no longer be read."""
        now = {self.session.relative(d.uri) for d in self.session.documents.all() if self.session.may_learn(d)}
        return tuple(p for p in parts if p.label.origin not in _FROM_DOCUMENTS or p.label.uri in now)

    def _forget_gathered(self) -> None:
        """Rules or settings changed: nothing that was gathered under the old ones is used."""
        for state in self._documents.values():
            state.parts, state.fresh, state.key = (), None, None
            state.memory = replace(state.memory, previous=None)

    async def _read_rules(self) -> None:
        roots = self.session.roots
        trusted = self.session.settings.context.trusted_folders
        patterns = self.session.settings.privacy.ignore
        known, self._rules = await asyncio.to_thread(real_roots_and_rules, roots, trusted, patterns)
        self.workspace.rules(self._rules)
        if known != self._told.roots:
            self._told.roots = known
            self._told.nothing()
        if self._is_wanted and len(self.session.documents):
            self._start()
