"""Wire to core: raw params in, plain values out. Every odd shape is an InvalidParams that says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from ai_lsp.completion.query import MenuChoice, Query
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span


class InvalidParams(ValueError):
    """Params that are not of the method's shape; answered with -32602."""


def mapping(value: Any, what: str = "params") -> Mapping[str, Any]:
    """The value, which must be an object."""
    if not isinstance(value, Mapping):
        raise InvalidParams(f"`{what}` must be an object")
    return value


def document_uri(params: Any) -> str:
    """`textDocument.uri` of the params."""
    uri = mapping(mapping(params).get("textDocument"), "textDocument").get("uri")
    if not isinstance(uri, str):
        raise InvalidParams("`textDocument.uri` must be a string")
    return uri


def integer(value: Any, what: str) -> int:
    """A whole number; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidParams(f"`{what}` must be a whole number")
    return value


def version_of(params: Any, default: int = 0) -> int:
    """`textDocument.version`, or the default where the client sends none."""
    version = mapping(mapping(params).get("textDocument"), "textDocument").get("version")
    return default if version is None else integer(version, "textDocument.version")


def offset_at(snapshot: DocumentSnapshot, position: Any, what: str = "position") -> int:
    """The offset of a Position, clamped to the document."""
    place = mapping(position, what)
    line = max(0, integer(place.get("line"), f"{what}.line"))
    return snapshot.offset_at(line, max(0, integer(place.get("character"), f"{what}.character")))


def offset_range(snapshot: DocumentSnapshot, value: Any) -> Span:
    """The span of a Range, clamped to the document; one that runs backwards is turned round."""
    ends = mapping(value, "range")
    start = offset_at(snapshot, ends.get("start"), "range.start")
    end = offset_at(snapshot, ends.get("end"), "range.end")
    return Span(min(start, end), max(start, end))


def completion_query(params: Any, snapshot: DocumentSnapshot, path: str = "") -> Query:
    """The query of textDocument/inlineCompletion or textDocument/completion.

    triggerKind 1 is Invoked and 2 Automatic; 0 is Invoked in the types of languageclient 9, and a missing
    context is Automatic.
    """
    raw = mapping(params)
    offset = offset_at(snapshot, raw.get("position"))
    context = raw.get("context")
    context = context if isinstance(context, Mapping) else {}
    menu = context.get("selectedCompletionInfo")
    choice = None
    if isinstance(menu, Mapping) and isinstance(menu.get("text"), str):
        choice = MenuChoice(offset_range(snapshot, menu.get("range")), menu["text"])
    return Query(snapshot, offset, context.get("triggerKind") in (0, 1), choice, path)


def path_of(uri: str) -> str | None:
    """The file path of a `file:` uri, or None for every other scheme."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return None
    path = unquote(parts.path)
    if "\0" in path:
        return None  # no file system has such a name, and every call that is given one raises
    if len(path) > 2 and path[0] == "/" and path[2] == ":":
        path = path[1:]  # /C:/x of Windows
    return path or None
