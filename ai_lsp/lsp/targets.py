"""What a proposal may touch: no file that is ignored, outside the workspace or not to be written; and, only after
the user's word, what runs code by merely lying there or is marked as dangerous."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ai_lsp.context.protected_paths import why_protected
from ai_lsp.context.workspace_files import WorkspaceFiles
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.text.change import FileChange, WorkspaceChange

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

OUTSIDE = "is outside of the workspace"

DANGEROUS = "marked `ai-lsp: dangerous` where the edit is"


async def what_needs_a_word(session: Session, change: WorkspaceChange) -> list[tuple[str, str]]:
    """(path, what it is) of the files that are changed only with the user's word by name: those that run code or
    steer tools, and those with an edit inside code that a comment calls dangerous."""
    out = []
    for file in change.files:
        name = session.relative(file.uri)
        if what := why_protected(name):
            out.append((name, what))
        elif "dangerous" in file.snapshot.text and await asyncio.to_thread(_is_in_danger, file, name):
            out.append((name, DANGEROUS))
    return out


def _is_in_danger(file: FileChange, path: str) -> bool:
    from ai_lsp.diagnostics.danger import danger_lines  # loads the parsers: not before they are needed
    from ai_lsp.diagnostics.source import read

    source = read(path, file.snapshot.language_id, file.snapshot.text)
    if source is None:
        return False
    document = file.snapshot
    dangerous = danger_lines(source, [document.line_span(n).start for n in range(document.line_count)])
    return any(
        line in dangerous
        for edit in file.edits
        for line in range(document.line_at(edit.span.start), document.line_at(edit.span.end) + 1)
    )


async def why_barred(session: Session, uri: str) -> str:
    """Why a file may not be changed, in a sentence; "" where it may. Asks the disk, off the loop.

    A document that an editor has open may lie outside of the workspace, since the user went there; a file that
    none has open may not, be it by a link.
    """
    name, path = session.relative(uri) or uri, path_of(uri)
    is_open = session.documents.get(uri) is not None
    if is_open:
        await session.checked(uri)
        if session.is_ignored(uri):
            return f"{name} is ignored or holds secrets: it is never shown to a model nor changed."
        if path is not None and await asyncio.to_thread(_is_read_only, path):
            return f"{name} is read-only."
        return ""
    if path is None:
        return f"{name} is not a file."
    return await asyncio.to_thread(_why_barred_on_disk, path, session.roots, session.settings.privacy.ignore)


def _is_read_only(path: str) -> bool:
    """Editors go by the mode as well: to the superuser every file can be written."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not mode & 0o222 or not os.access(path, os.W_OK)


def _why_barred_on_disk(path: str, roots: Sequence[str], patterns: tuple[str, ...]) -> str:
    real = os.path.realpath(path)
    for root in roots:
        if not real.startswith(os.path.realpath(root).rstrip(os.sep) + os.sep):
            continue
        name = os.path.relpath(real, os.path.realpath(root))
        if not WorkspaceFiles(root, patterns=patterns).may_read(path):
            return f"{name} is ignored or holds secrets: it is never shown to a model nor changed."
        return f"{name} is read-only." if _is_read_only(path) else ""
    return f"{path} {OUTSIDE}."
