"""Diagnostics that the server pushes: features publish apart, a document's go out as one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Diagnostic = Mapping[str, Any]


class Notify(Protocol):
    """Sends a notification to the editor."""

    def __call__(self, method: str, params: Any = None) -> None: ...


class Published:
    """What stands published by document and feature: a push replaces all that the server said of a document."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._by_uri: dict[str, dict[str, tuple[Diagnostic, ...]]] = {}

    def publish(
        self, owner: str, uri: str, diagnostics: Sequence[Diagnostic], version: int | None = None
    ) -> None:
        """Replace a feature's diagnostics of a document; nothing is sent where nothing changes."""
        owners = self._by_uri.setdefault(uri, {})
        before = owners.get(owner, ())
        if tuple(diagnostics) == before:
            return
        owners[owner] = tuple(diagnostics)
        if not any(owners.values()):
            del self._by_uri[uri]
        params: dict[str, Any] = {"uri": uri, "diagnostics": [each for some in owners.values() for each in some]}
        if version is not None:
            params["version"] = version
        self._notify("textDocument/publishDiagnostics", params)

    def of(self, owner: str, uri: str) -> Sequence[Diagnostic]:
        """What a feature has published of a document."""
        return self._by_uri.get(uri, {}).get(owner, ())

    def all(self, uri: str) -> Sequence[Diagnostic]:
        """What stands published of a document, of all features."""
        return [each for some in self._by_uri.get(uri, {}).values() for each in some]

    def forget(self, uri: str) -> None:
        """A document was closed: nothing is said of it any more."""
        if self._by_uri.pop(uri, None) is not None:
            self._notify("textDocument/publishDiagnostics", {"uri": uri, "diagnostics": []})
