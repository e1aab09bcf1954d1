"""What the user wants to have edited: told by a code action, a command's arguments, or params of `aiLsp/edit`."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ai_lsp.edits.instruct_values import Failure, Why
from ai_lsp.edits.presets import PRESETS
from ai_lsp.lsp.from_lsp import InvalidParams, integer, mapping, offset_range
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span, map_offset

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

MOST_PLACES = 64
"""Places of offered actions that are remembered; a menu has far fewer entries."""

MOST_INSTRUCTION = 8_000


@dataclass(frozen=True, slots=True)
class Wish:
    """An instruction for a place of an open document, "" where the user has yet to say it. `span` is None for the
    whole document; `diagnostics` are those that the editor knows there."""

    snapshot: DocumentSnapshot
    span: Span | None
    instruction: str = ""
    diagnostics: tuple[Mapping[str, Any], ...] = ()


class Places:
    """The places that code actions were offered for: the user may type before choosing one."""

    def __init__(self) -> None:
        self._wishes: OrderedDict[str, Wish] = OrderedDict()
        self._numbers = itertools.count(1)
        self.last: Wish | None = None

    def keep(self, wish: Wish) -> str:
        """Remember a place; returns its name for a command's arguments."""
        id = f"place-{next(self._numbers)}"
        self._wishes[id] = wish
        while len(self._wishes) > MOST_PLACES:
            self._wishes.popitem(last=False)
        return id

    def find(self, id: str) -> Wish | None:
        """The place of that name, as it was."""
        return self._wishes.get(id)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        for id in [id for id, wish in self._wishes.items() if wish.snapshot.uri == uri]:
            del self._wishes[id]
        if self.last is not None and self.last.snapshot.uri == uri:
            self.last = None


def of_command(session: Session, places: Places, arguments: Sequence[Any]) -> Wish | Failure:
    """The wish of `ai-lsp.edit`: an instruction alone, for where the user was last, or an object with
    `uri` or `textDocument`, `range`, `instruction` or `preset`, or the `place` of a code action."""
    first = arguments[0] if arguments else {}
    if isinstance(first, str):
        first = {"instruction": first}
    said = mapping(first, "arguments[0]")
    instruction = _instruction(said)
    place = said.get("place")
    if isinstance(place, str):
        kept = places.find(place)
        if kept is None:
            return Failure(Why.SELECTION_GONE)
        moved = at_this_moment(session, kept)
        return moved if isinstance(moved, Failure) or not instruction else replace(moved, instruction=instruction)
    if _uri(said) is None:
        if places.last is None:
            return Failure(Why.SELECTION_GONE, "Open a file first, or give its uri.")
        moved = at_this_moment(session, places.last)
        return moved if isinstance(moved, Failure) else replace(moved, instruction=instruction)
    return of_params(session, said)


def of_params(session: Session, params: Any) -> Wish | Failure:
    """The wish of `aiLsp/edit`. Raises InvalidParams for what is not of its shape."""
    said = mapping(params)
    uri = _uri(said)
    if uri is None:
        raise InvalidParams("`textDocument.uri` must be a string")
    snapshot = session.documents.get(uri)
    if snapshot is None:
        return Failure(Why.SELECTION_GONE, "The document is not open.")
    wanted = said.get("range")
    if wanted is None:
        return Wish(snapshot, None, _instruction(said))
    document = said.get("textDocument")
    version = document.get("version") if isinstance(document, Mapping) else None
    if version is not None and integer(version, "textDocument.version") != snapshot.version:
        detail = f"It was selected in version {version}; the document is at {snapshot.version}."
        return Failure(Why.SELECTION_GONE, detail)
    start = mapping(mapping(wanted, "range").get("start"), "range.start")
    span = offset_range(snapshot, wanted)
    if integer(start.get("line"), "range.start.line") >= snapshot.line_count:
        return Failure(Why.SELECTION_GONE, f"The document has {snapshot.line_count} lines.")
    return Wish(snapshot, span, _instruction(said))


def at_this_moment(session: Session, wish: Wish) -> Wish | Failure:
    """The wish in offsets of the document as it is now; a selection that was typed over is gone."""
    now, later = session.documents.get(wish.snapshot.uri), session.edits_since(wish.snapshot)
    if now is None or later is None:
        return Failure(Why.SELECTION_GONE)
    span = wish.span
    for edit in later:
        if span is not None:
            span = _moved(span, edit)
            if span is None:
                return Failure(Why.SELECTION_GONE)
    return replace(wish, snapshot=now, span=span)


def _moved(span: Span, edit: Edit) -> Span | None:
    if len(span) and edit.span.start <= span.start and span.end <= edit.span.end and len(edit.span):
        return None
    start = map_offset(span.start, edit)
    return Span(start, max(start, map_offset(span.end, edit)))


def _uri(said: Mapping[str, Any]) -> str | None:
    document = said.get("textDocument")
    uri = document.get("uri") if isinstance(document, Mapping) else said.get("uri")
    return uri if isinstance(uri, str) else None


def _instruction(said: Mapping[str, Any]) -> str:
    preset = said.get("preset")
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise InvalidParams(f"no preset {preset!r}; there are: {', '.join(PRESETS)}")
        return PRESETS[preset].instruction
    instruction = said.get("instruction", "")
    if not isinstance(instruction, str):
        raise InvalidParams("`instruction` must be a string")
    if len(instruction) > MOST_INSTRUCTION:
        raise InvalidParams(f"`instruction` is longer than {MOST_INSTRUCTION} characters")
    return instruction.strip()
