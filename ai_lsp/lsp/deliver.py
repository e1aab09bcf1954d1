"""The only way from a proposal into the user's files: one versioned workspace edit, after the user's word.

The editor applies it, as one undo step per file. Who asks the user is a matter of the client: change annotations
where it knows them, its own option where it has one, else a question with Apply, Show and Discard. A file that
runs code or steers tools is always asked about by name, and so is code that is marked as dangerous.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from ai_lsp.lsp import to_lsp
from ai_lsp.lsp.protocol import ClientRefused
from ai_lsp.lsp.targets import what_needs_a_word, why_barred
from ai_lsp.text.change import FileChange, WorkspaceChange, rebase_edits
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span
from ai_lsp.text.unified import unified

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

log = logging.getLogger(__name__)

INFO = 3
A_LONG_TIME_S = 3600.0
"""A person may look at a preview for long; nothing else waits meanwhile."""

TRIES = 3
"""How often an edit is sent again because the user typed at the same moment."""

ECHO_S = 2.0
"""How long after its answer an editor may take to tell of the change that it made."""

APPLY, SHOW, DISCARD = "Apply", "Show", "Discard"


class Consent(Enum):
    """Whether the user has yet to see what they asked for."""

    GIVEN = "given"
    """They have seen this very edit, such as a fix whose text they read or the next edit."""
    TO_ASK = "to ask"


class Ending(Enum):
    """How a delivery ended."""

    APPLIED = "applied"
    DISCARDED = "discarded"
    OUTDATED = "outdated"
    """The text it was made for is not there any more: make it anew, or say so."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivered:
    """How a delivery ended; `detail` is a sentence for the user, "" where there is nothing to say."""

    ending: Ending
    detail: str = ""


async def deliver(session: Session, change: WorkspaceChange, consent: Consent = Consent.TO_ASK) -> Delivered:
    """Bring a change into the user's editor: moved to the text as it is now, confirmed, applied as a whole.

    Returns when the editor has answered, which may take as long as a person looks at it: to be called under
    `session.works`. Nothing is told to the user; `detail` says what a caller may tell.
    """
    if not session.features.can_apply_edits:
        return Delivered(Ending.REFUSED, "This editor does not apply edits of a language server.")
    for file in change.files:
        if barred := await why_barred(session, file.uri):
            return Delivered(Ending.REFUSED, barred)
    if (outdated := at_this_moment(session, change)) and isinstance(outdated, Delivered):
        return outdated
    protected = await what_needs_a_word(session, change)
    client_asks = session.features.has_annotations or session.features.confirms_itself
    is_asked_here = bool(protected) or (consent is Consent.TO_ASK and not client_asks)
    if is_asked_here and not await confirmed(session, change, protected):
        return Delivered(Ending.DISCARDED)
    for _ in range(TRIES):
        now = at_this_moment(session, change)
        if isinstance(now, Delivered):
            return now
        answer = await _send(session, now, client_asks=consent is Consent.TO_ASK and not is_asked_here)
        if answer.ending is not Ending.OUTDATED:
            return answer
    return Delivered(Ending.OUTDATED, "The text changed at the very moment at which the edit was to be applied.")


def at_this_moment(session: Session, change: WorkspaceChange) -> WorkspaceChange | Delivered:
    """The change in offsets of the documents as they are now, all of it, or that it is outdated."""
    files = []
    for file in change.files:
        moved = _moved(session, file)
        if moved is None:
            name = session.relative(file.uri)
            return Delivered(Ending.OUTDATED, f"{name} has changed where the edit was to be applied.")
        files.append(moved)
    return replace(change, files=tuple(files))


def _moved(session: Session, file: FileChange) -> FileChange | None:
    document = session.documents.get(file.uri)
    if not file.is_open:
        # Opened meanwhile, it may read otherwise than on disk.
        same = document is None or document.text == file.snapshot.text
        return file if document is None else replace(file, snapshot=document, is_open=True) if same else None
    later = session.edits_since(file.snapshot)
    if document is None or later is None:
        return None
    edits = [edit for edit in rebase_edits(file.edits, later) if edit is not None]
    return replace(file, snapshot=document, edits=tuple(edits)) if len(edits) == len(file.edits) else None


# Questions


async def choose(session: Session, message: str, choices: Sequence[str]) -> str | None:
    """The user's choice, None where they make none. Waits for a person: never on what other work needs."""
    params = {"type": INFO, "message": message, "actions": [{"title": choice} for choice in choices]}
    answer = await session.client.ask("window/showMessageRequest", params, timeout_s=A_LONG_TIME_S)
    title = answer.get("title") if isinstance(answer, Mapping) else None
    return title if isinstance(title, str) and title in choices else None


async def show(
    session: Session, uri: str, snapshot: DocumentSnapshot | None = None, span: Span | None = None
) -> bool:
    """Bring a document, and a place in it, to the user's eyes; whether the editor says that it did."""
    if not session.features.can_show_documents:
        return False
    params: dict[str, Any] = {"uri": uri, "takeFocus": True}
    if snapshot is not None and span is not None:
        params["selection"] = to_lsp.lsp_range(snapshot, span.start, span.end)
    answer = await session.client.ask("window/showDocument", params, timeout_s=60.0)
    return isinstance(answer, Mapping) and answer.get("success") is True


async def show_diff(session: Session, change: WorkspaceChange) -> None:
    """Show what a change would do, as a diff in a file of its own, or in a message where none can be shown."""
    now = at_this_moment(session, change)
    files = change.files if isinstance(now, Delivered) else now.files
    text = "".join(unified(file, session.relative(file.uri) or file.uri) for file in files)
    if session.features.can_show_documents:
        uri = await session.scratch.write("proposal.diff", text)
        if await show(session, uri):
            return
    session.say(text, INFO)


async def confirmed(session: Session, change: WorkspaceChange, protected: Sequence[tuple[str, str]]) -> bool:
    """Ask the user about a change, with the protected files in it by name."""
    named = "".join(f" {path} is {what}." for path, what in protected)
    message = f"ai-lsp: {change.label}: {_extent(session, change)}.{named}"
    choice = await choose(session, message, [APPLY, SHOW, DISCARD])
    if choice == SHOW:
        await show_diff(session, change)
        choice = await choose(session, message, [APPLY, DISCARD])
    return choice == APPLY


def _extent(session: Session, change: WorkspaceChange) -> str:
    """How much a change does, as "2 edits in a.py, 1 in b.py"."""
    counts = [(len(file.edits), session.relative(file.uri) or file.uri, file.is_new) for file in change.files]
    parts: list[str] = []
    for count, name, is_new in counts:
        edits = f"{count} edit{'s' if count != 1 else ''}" if not parts else str(count)
        parts.append(f"the new file {name}" if is_new else f"{edits} in {name}")
    return ", ".join(parts)


# The wire


async def _send(session: Session, change: WorkspaceChange, *, client_asks: bool) -> Delivered:
    edit = workspace_edit(session, change, client_asks=client_asks)
    try:
        answer = await session.client.request(
            "workspace/applyEdit", {"label": change.label, "edit": edit}, timeout_s=A_LONG_TIME_S
        )
    except ClientRefused as refusal:  # eglot's way to say that its user does not want the edit
        no = Ending.DISCARDED if client_asks else Ending.REFUSED
        return Delivered(no, "" if client_asks else f"The editor refused the edit: {refusal}")
    except TimeoutError:
        return Delivered(Ending.REFUSED, "The editor never said whether it applied the edit.")
    if isinstance(answer, Mapping) and answer.get("applied") is True:
        return Delivered(Ending.APPLIED if await _has_arrived(session, change) else Ending.OUTDATED)
    if any(session.documents.get(file.uri) is not file.snapshot for file in change.files if file.is_open):
        return Delivered(Ending.OUTDATED)
    reason = answer.get("failureReason") if isinstance(answer, Mapping) else None
    if client_asks:
        return Delivered(Ending.DISCARDED)
    return Delivered(Ending.REFUSED, f"The editor did not apply the edit{f': {reason}' if reason else ''}.")


async def _has_arrived(session: Session, change: WorkspaceChange) -> bool:
    """Whether the editor really made the change.

    Neovim 0.12 says `applied` also where it passed an edit over because its buffer was newer
    (tests/editors/test_neovim_edits.py): then what it tells next are only the user's own changes.
    """
    for file in change.files:
        if not file.is_open:
            continue
        for _ in range(int(ECHO_S / 0.02)):
            later = session.edits_since(file.snapshot)
            if later is None or any(edit is None for edit in rebase_edits(file.edits, later)):
                break
            await asyncio.sleep(0.02)
        else:
            return not later  # silence: take its word
    return True


def workspace_edit(session: Session, change: WorkspaceChange, *, client_asks: bool = False) -> dict[str, Any]:
    """A WorkspaceEdit in the form that the client declared. `client_asks`: it is to ask the user by itself."""
    features = session.features
    if not features.has_document_changes:
        return {"changes": {file.uri: list(_text_edits(file)) for file in change.files}}
    annotations: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    for file in change.files:
        edits = list(_text_edits(file))
        if features.has_annotations:
            for index, edit in enumerate(edits):
                edit["annotationId"] = _annotate(annotations, change.label, file.note(index), client_asks)
        if file.is_new and features.can_create_files:
            parts.append({"kind": "create", "uri": file.uri})
        version = file.snapshot.version if file.is_open else None
        parts.append({"textDocument": {"uri": file.uri, "version": version}, "edits": edits})
    return {"documentChanges": parts} | ({"changeAnnotations": annotations} if annotations else {})


def _annotate(annotations: dict[str, Any], label: str, note: str, needs_confirmation: bool) -> str:
    """The id of the annotation with this note, made when it is the first."""
    wanted = {"label": label, "needsConfirmation": needs_confirmation} | ({"description": note} if note else {})
    for id, annotation in annotations.items():
        if annotation == wanted:
            return id
    id = f"ai-lsp.{len(annotations) + 1}"
    annotations[id] = wanted
    return id


def _text_edits(file: FileChange) -> Iterator[dict[str, Any]]:
    for edit in file.edits:
        span = edit.span
        yield {"range": to_lsp.lsp_range(file.snapshot, span.start, span.end), "newText": edit.new_text}


def single_file(label: str, snapshot: DocumentSnapshot, edits: Sequence[Edit]) -> WorkspaceChange:
    """A change of one open document."""
    return WorkspaceChange(label, (FileChange(snapshot, tuple(edits)),))
