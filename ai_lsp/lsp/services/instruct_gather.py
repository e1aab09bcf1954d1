"""From a wish to a task: everything that a model is shown, read as the workspace's rules allow."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lsp.context.project_rules import read_rules
from ai_lsp.context.workspace_files import read_source
from ai_lsp.edits.instruct_material import definitions, named_files, problems, recent, rules
from ai_lsp.edits.instruct_values import Failure, Source, Task, Why
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.lsp.targets import OUTSIDE, why_barred
from ai_lsp.text.document import DocumentSnapshot

if TYPE_CHECKING:
    from ai_lsp.lsp.services.instruct_wish import Wish
    from ai_lsp.lsp.session import Session

MOST_OTHERS = 5
"""Files named in an instruction that are shown in full."""

DEFINITIONS_S = 0.3

_ELSEWHERE = re.compile(r"~|[A-Za-z]:[/\\]") if os.name != "nt" else re.compile("~")

_SEVERITIES = {1: "error", 2: "warning", 3: "information", 4: "hint"}


async def task_of(session: Session, wish: Wish) -> Task | Failure:
    """The task of a wish, or why its document may not be edited. The snapshot is the wish's own."""
    snapshot = wish.snapshot
    path = session.relative(snapshot.uri) or snapshot.uri.rsplit("/", 1)[-1]
    edits, now = session.history.recent(40), session.clock()
    if barred := await why_barred(session, snapshot.uri):
        return Failure(Why.WITHHELD, barred)

    def may_show(uri: str) -> bool:
        return not session.is_ignored(uri)

    material = [
        *rules(await _rules(session)),
        *definitions(await _definitions(session, wish, path)),
        *recent(edits, now, session.relative, may_show),
        *problems([_problem(each) for each in wish.diagnostics], path),
    ]
    main = Source(path, snapshot)
    others = []
    for name in named_files(wish.instruction)[: 3 * MOST_OTHERS]:
        found = await open_file(session, main, name)
        if isinstance(found, Source) and not found.is_new and found.snapshot.uri != snapshot.uri:
            others.append(found)
    unique = {other.snapshot.uri: other for other in others[:MOST_OTHERS]}
    return Task(wish.instruction, main, wish.span, tuple(material), tuple(unique.values()))


async def open_file(session: Session, main: Source, path: str) -> Source | Failure:
    """The file that a reply or an instruction names, open or on disk or yet to be made; or why it is barred."""
    root = _root_of(session, main)
    wanted, relative = _wanted(root, path)
    if relative.startswith("..") and path.startswith("/"):  # a model's root may be the workspace's
        wanted, relative = _wanted(root, path.lstrip("/"))
        if not await asyncio.to_thread(os.path.lexists, wanted):
            return Failure(Why.OUTSIDE, f"It names {path}.")
    if relative.startswith("..") or _ELSEWHERE.match(path):
        return Failure(Why.OUTSIDE, f"It names {path}.")
    document = next((d for d in session.documents.all() if path_of(d.uri) == wanted), None)
    uri = document.uri if document is not None else Path(wanted).as_uri()
    if barred := await why_barred(session, uri):
        return Failure(Why.OUTSIDE if OUTSIDE in barred else Why.BARRED, barred)
    shown = session.relative(uri) or relative
    if document is not None:
        return Source(shown, session.documents.get(uri) or document)
    if not await asyncio.to_thread(os.path.lexists, wanted):
        return Source(shown, DocumentSnapshot(uri, 0, "", ""), is_open=False, is_new=True)
    text = await asyncio.to_thread(read_source, wanted)
    if text is None:
        return Failure(Why.BARRED, f"{shown} is no source file that can be read.")
    return Source(shown, DocumentSnapshot(uri, 0, "", text), is_open=False)


def _wanted(root: str, path: str) -> tuple[str, str]:
    """The path itself and relative to the root, by its words alone: links are seen to later."""
    wanted = os.path.normpath(os.path.join(root, path.replace("\\", "/")))
    return wanted, os.path.relpath(wanted, root)


def _root_of(session: Session, main: Source) -> str:
    path = path_of(main.snapshot.uri)
    if path is None:
        return session.roots[0] if session.roots else os.getcwd()
    inside = [root for root in session.roots if path.startswith(root.rstrip("/") + "/")]
    return max(inside, key=len) if inside else os.path.dirname(path)


async def _rules(session: Session) -> list[tuple[str, str]]:
    """What the projects that the user trusts tell whoever writes code in them, as it stands now."""
    trusted, patterns = session.settings.context.trusted_folders, session.settings.privacy.ignore
    found = await asyncio.to_thread(read_rules, session.roots, trusted, patterns)
    return [(each.path, each.text) for each in found]


async def _definitions(session: Session, wish: Wish, path: str) -> list[tuple[str, str]]:
    """Definitions of what is used at the place, as far as they are known in a moment."""
    offset = wish.span.start if wish.span is not None else 0
    found = await session.surroundings.gather(wish.snapshot, offset, limit_s=DEFINITIONS_S)
    return [(part.label.uri, part.text) for part in found if part.kind == "definition"]


def _problem(diagnostic: Mapping[str, Any]) -> str:
    """One diagnostic in a line: where, how bad, who says it, what."""
    place = diagnostic.get("range")
    start = place.get("start") if isinstance(place, Mapping) else None
    line = start.get("line") if isinstance(start, Mapping) else None
    where = f"line {line + 1}, " if isinstance(line, int) else ""
    severity = _SEVERITIES.get(diagnostic.get("severity", 0), "problem")
    source = diagnostic.get("source")
    said = f" ({source})" if isinstance(source, str) else ""
    return f"{where}{severity}{said}: {' '.join(str(diagnostic.get('message', '')).split())[:500]}"
