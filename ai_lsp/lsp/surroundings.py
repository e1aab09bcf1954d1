"""What prompts know besides the document: gathered off the loop from the keystroke on, used when ready.

Any feature may ask `gather` for the parts around a place; completion takes those that are ready (`around`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ai_lsp.completion.prompt import Around, Built, Memory, Shape
from ai_lsp.completion.query import Query
from ai_lsp.completion.recording import CompletionPrompt
from ai_lsp.config import LOCAL, OFF
from ai_lsp.context.gather import parts as made_parts
from ai_lsp.context.parts import PromptPart
from ai_lsp.context.place import Known, Noted, OpenFile, Place, RecentEdit, Rules
from ai_lsp.context.sources.rules import FILES as RULE_FILES
from ai_lsp.context.workspace.client import Answer, Question, WorkspaceClient
from ai_lsp.context.workspace_files import IGNORE_FILES
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.lsp.gathering import as_noted, facts_at, moved, open_trees, real_roots_and_rules, shape_at
from ai_lsp.lsp.recorder import Recorder
from ai_lsp.lsp.services.service import Service
from ai_lsp.lsp.warmer import Warmer
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

if TYPE_CHECKING:
    from ai_lsp.context.syntax import Parsed, SyntaxTrees
    from ai_lsp.context.syntax_facts import SyntaxFacts
    from ai_lsp.lsp.session import Session

HOT_S = 0.003
"""How long a key may wait for what is being gathered; what is late waits for the next line."""

GRACE_S = 0.03
"""Gathering begins so long after the key: its threads would take the interpreter from the very request that came
with it. An editor that waits longer after a key than this finds its context ready."""

ASK_S = 0.25
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
    is_gathering: bool = False  # the task's grace is over


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the loop knows at the moment gathering begins."""

    place: Place
    others: tuple[OpenFile, ...]
    edits: tuple[RecentEdit, ...]
    diagnostics: tuple[Noted, ...]
    rules: tuple[Rules, ...]


class Surroundings(Service):
    """Per document: the parts of other places gathered last, where its pages begin, and its prompts' memory."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.workspace = WorkspaceClient()
        self.recorder = Recorder()
        self.warmer = Warmer(session)
        self._trees: SyntaxTrees | None = None
        self._documents: dict[str, _Around] = {}
        self._recent: dict[str, None] = {}  # least recently used first
        self._visits = 0
        self._noted: dict[str, tuple[Noted, ...]] = {}
        self._rules: tuple[Rules, ...] = ()
        self._roots: Mapping[str, str] = {}  # real path of each workspace folder → as the editor names it
        self._is_wanted = False

    # Completion

    def around(self, query: Query) -> Callable[[], Awaitable[Around]]:
        """What a completion may know besides its document; the result waits HOT_S at most.

        Starts gathering where the cursor is at another place than before. Parts change with a line's first
        prompt only, so that the keys within a line cost the model's server next to nothing.
        """
        state = self._visit(query.snapshot.uri)
        if not self._is_wanted:
            return _nothing
        place = Place(query.snapshot, query.offset, query.path)
        self.warmer.touched(query.snapshot.uri, query.offset)
        self._begin(state, place)
        task, shape, line = state.task, state.shape, place.line

        async def ready() -> Around:
            if task is not None and state.is_gathering and (state.line != line or not state.parts):
                await asyncio.wait({task}, timeout=HOT_S)
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
        place = Place(snapshot, offset, self.session.relative(snapshot.uri))
        self._visit(snapshot.uri)
        if not self.session.settings.context.enabled:
            return ()
        seen = self._seen(place)
        task = self.session.spawn("gather", self._make(seen, ()))
        done, _ = await asyncio.wait({task}, timeout=limit_s)
        if not done or task.cancelled() or task.exception() is not None:
            known = Known(None, seen.others, seen.edits, seen.diagnostics, (), (), seen.rules)
            return self._readable(made_parts(place, known))
        return self._readable(task.result()[0])

    # Hooks

    def opened(self, document: DocumentSnapshot) -> None:
        self._documents.pop(document.uri, None)
        self._recent[document.uri] = None

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
        self._begin(state, Place(after, offset, self.session.relative(after.uri)))

    def closed(self, uri: str) -> None:
        self._documents.pop(uri, None)
        self._recent.pop(uri, None)
        self._noted.pop(uri, None)
        if self._trees is not None:
            self._trees.forget(uri)
        if (path := self._real_path(uri)) is not None:
            self.workspace.closed(path)

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
        if self._trees is not None:
            self._trees.close()
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

    def _begin(self, state: _Around, place: Place) -> None:
        """Gather for a place unless that was done, or is going on."""
        line = place.line
        if abs(line - state.anchor) > PLACE_LINES:
            state.anchor = line
        key = (state.anchor, self._visits, len(self._rules), self.workspace.state == "ready")
        if key == state.key or (state.task is not None and not state.task.done()):
            return
        state.key = key
        state.task = self.session.spawn("gather", self._gather(state, self._seen(place)))

    def _seen(self, place: Place) -> _Seen:
        others: list[OpenFile] = []
        noted: list[Noted] = []
        for uri in reversed(self._recent):
            document = self.session.documents.get(uri)
            if document is None or not self.session.may_learn(document):
                continue
            if uri != place.snapshot.uri:
                others.append(OpenFile(self.session.relative(uri), document))
            path = self.session.relative(uri)
            ours = (as_noted(path, each) for each in self.session.published.all(uri)[:MOST_NOTED])
            noted += [*self._noted.get(uri, ()), *(one for one in ours if one is not None)]
        return _Seen(place, tuple(others), self._edits(), tuple(dict.fromkeys(noted)), self._rules)

    def _edits(self) -> tuple[RecentEdit, ...]:
        now, out = self.session.clock(), []
        for one in self.session.history.standing(MOST_EDITS):
            if not self.session.is_ignored(one.uri):
                lines = one.lines
                path = self.session.relative(one.uri)
                out.append(RecentEdit(path, lines.start, lines.old, lines.new, max(0.0, now - one.ended)))
        return tuple(out)

    async def _gather(self, state: _Around, seen: _Seen) -> None:
        await asyncio.sleep(GRACE_S)
        state.is_gathering = True
        try:
            made, shape = await self._make(seen, state.parts, state.shape.cuts)
        finally:
            state.is_gathering = False
        later = self.session.documents.edits_since(seen.place.snapshot)
        if later is not None:
            state.shape = replace(shape, cuts=moved(shape.cuts, later))
        state.fresh = made if made != state.parts else None

    async def _make(
        self, seen: _Seen, previous: Sequence[PromptPart], cuts: Sequence[int] = ()
    ) -> tuple[tuple[PromptPart, ...], Shape]:
        place = seen.place
        parsed = await self._parsed(place.snapshot)
        facts = await asyncio.to_thread(facts_at, parsed, place)
        answer = await self._ask(place, facts, seen.others)

        def make() -> tuple[tuple[PromptPart, ...], Shape]:
            known = Known(
                facts, seen.others, seen.edits, seen.diagnostics, answer.definitions, answer.related, seen.rules
            )
            return made_parts(place, known, previous), shape_at(place, facts if parsed else None, cuts)

        return await asyncio.to_thread(make)

    async def _parsed(self, snapshot: DocumentSnapshot) -> Parsed | None:
        if self._trees is None:
            self._trees = await asyncio.to_thread(open_trees)
        try:
            return await self._trees.tree(snapshot, self.session.documents.edits_since)
        except (ImportError, ValueError):
            return None

    async def _ask(self, place: Place, facts: SyntaxFacts, others: Sequence[OpenFile]) -> Answer:
        """What the workspace's process knows; it is told what open documents hold now."""
        if not self._roots or (path := self._real_path(place.snapshot.uri)) is None:
            return Answer()
        index, patterns = self.session.settings.index, self.session.settings.privacy.ignore
        self.workspace.start(tuple(self._roots) if index.enabled else (), patterns, index.max_files)
        for other in others:
            if (real := self._real_path(other.snapshot.uri)) is not None:
                self.workspace.text(real, other.snapshot.text)
        symbol = facts.enclosing[-1].name if facts.enclosing else ""
        imports = "\n".join(place.snapshot.slice(s.start, s.end) for s in facts.imports[:60])
        question = Question(path, place.snapshot.language_id, facts.names, imports, symbol)
        found = await self.workspace.ask(question, ASK_S)
        return Answer(
            tuple(replace(one, path=at) for one in found.definitions if (at := self._relative(one.path))),
            tuple(replace(one, path=at) for one in found.related if (at := self._relative(one.path))),
        )

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
        self._roots, self._rules = await asyncio.to_thread(real_roots_and_rules, roots, trusted, patterns)

    def _real_path(self, uri: str) -> str | None:
        """A document's path below the real path of its workspace folder; None where it is in none."""
        path = path_of(uri)
        for real, root in self._roots.items():
            if path is not None and path.startswith(root.rstrip("/") + "/"):
                return os.path.join(real, path[len(root.rstrip("/")) + 1 :])
        return None

    def _relative(self, path: str) -> str:
        for real in self._roots:
            if path.startswith(real.rstrip("/") + "/"):
                return path[len(real.rstrip("/")) + 1 :]
        return ""


async def _nothing() -> Around:
    return Around()
