"""What the workspace's process has of the open documents: all of a text once, then the edits made since."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ai_lsp.context.workspace.client import WorkspaceClient
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.text.document import DocumentSnapshot

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session


class Told:
    """The snapshots that the process has. Nothing is told at a key: edits go out before the next question."""

    def __init__(self, session: Session, workspace: WorkspaceClient) -> None:
        self._session = session
        self._workspace = workspace
        self._has: dict[str, DocumentSnapshot] = {}
        self._half_told: set[str] = set()  # long documents go out in pieces
        self.roots: Mapping[str, str] = {}
        """Real path of each workspace folder → as the editor names it."""

    async def tell(self, uri: str) -> None:
        """Tell a document, or what has changed of it."""
        if self.follow(uri) or uri in self._half_told or not self._workspace.is_there:
            return
        document = self._session.documents.get(uri)
        if document is not None and self._session.may_learn(document):
            name = self._session.relative(uri)
            self._has[uri] = document
            self._half_told.add(uri)
            try:
                await self._workspace.opened(uri, self.real_path(uri), name, document.language_id, document.text)
            finally:
                self._half_told.discard(uri)

    def follow(self, uri: str) -> bool:
        """Tell the edits of a document that were not told yet; whether the process then has it as it is now. One
        that is told by half has to be whole first: edits would meet another text."""
        known, now = self._has.get(uri), self._session.documents.get(uri)
        if known is None or now is None or uri in self._half_told:
            return False
        if not self._session.may_learn(now):
            self.forget(uri)
            return False
        edits = self._session.documents.edits_since(known)
        if edits:
            self._workspace.changed(uri, edits)
            self._has[uri] = now
        return edits is not None

    def forget(self, uri: str) -> None:
        """A document was closed, or may not be read any more."""
        if self._has.pop(uri, None) is not None:
            self._workspace.closed(uri)

    def nothing(self) -> None:
        """There is a new process, or the documents have other paths: all is told anew."""
        self._has.clear()

    def real_path(self, uri: str) -> str:
        """A document's path below the real path of its workspace folder; "" where it is in none."""
        path = path_of(uri)
        for real, root in self.roots.items():
            if path is not None and path.startswith(root.rstrip("/") + "/"):
                return os.path.join(real, path[len(root.rstrip("/")) + 1 :])
        return ""
