"""Edits checked before they are shown: asks our own language servers what a change introduces and fixes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lsp.diagnostics.shadow import checkers
from ai_lsp.diagnostics.shadow.importers import importers
from ai_lsp.diagnostics.shadow.pool import Candidate, Pool, Said
from ai_lsp.diagnostics.shadow.settings import ShadowSettings
from ai_lsp.diagnostics.shadow.verdict import Verdict
from ai_lsp.lsp.from_lsp import InvalidParams, path_of
from ai_lsp.lsp.protocol import Route
from ai_lsp.lsp.services.service import Service

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

SWEEP_S = 60.0
"""How often idle checkers are looked for."""


class CheckingService(Service):
    """The checkers of this session. None runs before a feature has an edit to be checked."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._pool: Pool | None = None
        self._settings = ShadowSettings()
        self._importers: dict[str, dict[str, str]] = {}
        self._sweeping: asyncio.Task[Any] | None = None

    def methods(self) -> Mapping[str, Route]:
        return {"aiLsp/check": Route(lambda params, request: self._check(params))}

    def settings_changed(self) -> None:
        if self.session.settings.shadow != self._settings:
            self._settings = self.session.settings.shadow
            if self._pool is not None:
                pool, self._pool = self._pool, None
                self.session.spawn("end checkers", pool.aclose())

    def files_changed(self, paths: Sequence[tuple[str, int]]) -> None:
        self._importers.clear()
        if self._pool is not None:
            self._pool.files_changed(paths)

    def saved(self, uri: str) -> None:
        self._importers.clear()

    async def aclose(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    def waits(self, feature: str) -> bool:
        """Whether the user wants a feature (such as "edit") to ask for verdicts."""
        return self._settings.enabled and feature in self._settings.wait_for

    def can_check(self, uri: str) -> bool:
        """Whether any checker in use knows the language of a document."""
        path = path_of(uri)
        return (
            self._settings.enabled and path is not None and bool(checkers.for_path(path, self._settings.servers))
        )

    def warm(self, uri: str, *, only_swift: bool = False) -> None:
        """An edit of this document will come: its checkers start now, aside, and read it."""
        document, root = self.session.documents.get(uri), self._root(uri)
        if document is not None and root is not None and self.can_check(uri):
            work = self._opened_pool().warm(root, self._buffers(), uri, only_swift=only_swift)
            self.session.spawn("warm the checkers", work)

    async def verdict(
        self, after: Mapping[str, str], within_s: float | None = None, *, only_swift: bool = False
    ) -> Verdict:
        """What new texts of documents, by uri, introduce and fix; the user's unsaved buffers are the base.
        `within_s` is shadow.budget_ms by default."""
        first = next((uri for uri in after if self.can_check(uri)), None)
        root = self._root(first) if first is not None else None
        if first is None or root is None:
            return Verdict()
        beside: dict[str, str] = {}
        for uri in after:
            beside |= await self._importers_of(root, uri)
        base = self._buffers()
        candidate = Candidate(root, base, after, {u: t for u, t in beside.items() if u not in after})
        return await self._opened_pool().check(candidate, within_s, only_swift=only_swift)

    async def brought_up(
        self, before: Mapping[str, str], within_s: float, *, only_swift: bool = False
    ) -> tuple[Verdict, Mapping[str, str]]:
        """What the user's edits have brought up since documents, by uri, had the texts `before`; and the texts of
        the files looked at that are not open."""
        now = {uri: text for uri, text in self._buffers().items() if uri in before}
        root = self._root(next(iter(now), ""))
        if root is None:
            return Verdict(), {}
        beside: dict[str, str] = {}
        for uri in now:
            beside |= await self._importers_of(root, uri)
        buffers = self._buffers()
        closed = {uri: text for uri, text in beside.items() if uri not in buffers}
        beside |= {uri: text for uri, text in buffers.items() if uri in beside}
        candidate = Candidate(root, {**buffers, **before}, now, {u: t for u, t in beside.items() if u not in now})
        return await self._opened_pool().check(candidate, within_s, only_swift=only_swift), closed

    async def said(self, uri: str, text: str | None = None, within_s: float = 5.0) -> Said:
        """What the checkers say of a document as it stands, or of a file that is not open and has this text."""
        root = self._root(uri)
        base = self._buffers() | ({uri: text} if text is not None else {})
        if root is None or uri not in base or not self.can_check(uri):
            return Said()
        return await self._opened_pool().said(root, base, uri, within_s)

    def _opened_pool(self) -> Pool:
        if self._pool is None:
            self._pool = Pool(self._settings, self.session.clock)
        if self._sweeping is None:
            self._sweeping = self.session.spawn("sweep checkers", self._sweep())
        return self._pool

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            if self._pool is not None:
                await self._pool.sweep()

    def _buffers(self) -> dict[str, str]:
        return {d.uri: d.text for d in self.session.documents.all() if self.can_check(d.uri)}

    def _root(self, uri: str) -> Path | None:
        """The workspace folder of a document; the file's own folder where it lies in none."""
        path = path_of(uri)
        if path is None:
            return None
        inside = [root for root in self.session.roots if path.startswith(root.rstrip("/") + "/")]
        return Path(max(inside, key=len)) if inside else Path(path).parent

    async def _importers_of(self, root: Path, uri: str) -> dict[str, str]:
        path = path_of(uri)
        if path is None:
            return {}
        if uri not in self._importers:
            patterns = self.session.settings.privacy.ignore
            found = await asyncio.to_thread(importers, root, Path(path), patterns)
            self._importers[uri] = {Path(other).as_uri(): text for other, text in found.items()}
        return self._importers[uri]

    async def _check(self, params: Any) -> Any:
        """`aiLsp/check` `{changes: {uri: new text}, withinMs?}`: the verdict, for tools and bots."""
        changes = params.get("changes") if isinstance(params, Mapping) else None
        if not isinstance(changes, Mapping) or not all(isinstance(text, str) for text in changes.values()):
            raise InvalidParams("`changes` must be an object of uris and whole new texts")
        within = params.get("withinMs")
        verdict = await self.verdict(changes, within / 1000 if isinstance(within, int | float) else None)
        return {
            "introduces": [_encode(each) for each in verdict.introduces],
            "fixes": [_encode(each) for each in verdict.fixes],
            "checkedBy": list(verdict.checked_by),
            "unknown": {name: why.value for name, why in verdict.unknown.items()},
            "isClean": verdict.is_clean,
            "isWorse": verdict.is_worse,
            "sentence": verdict.sentence,
        }


def _encode(each: Any) -> dict[str, Any]:
    return {
        "checker": each.checker,
        "uri": each.uri,
        "line": each.line,
        "severity": each.severity,
        "code": each.code,
        "message": each.message,
    }
