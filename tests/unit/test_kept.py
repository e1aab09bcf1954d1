"""Whether a suggestion that was taken is still there later: at its own place, and told for each moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.stats import summary
from ai_lsp.completion.query import Suggestion
from ai_lsp.lsp.journal import read_journal
from ai_lsp.lsp.services.learning import LearningService, still_there
from ai_lsp.lsp.session import Session
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

TEXT = "def a():\n    \n" + "# filler\n" * 20 + "def b():\n    return x\n"
AT = TEXT.index("    \n") + 4
URI = "file:///work/a.py"


def taken(*edits: Edit) -> bool:
    """Whether `return x`, taken at AT of TEXT, is there after further edits."""
    start = DocumentSnapshot(URI, 1, "python", TEXT)
    suggestion = Suggestion("1", start, AT, "return x", "local")
    every = (Edit(Span(AT, AT), "return x"), *edits)
    now = start
    for edit in every:
        now = now.replace(edit, now.version + 1)
    return still_there(suggestion, now, every)


def test_it_is_looked_for_at_its_own_place() -> None:
    assert taken()
    assert taken(Edit(Span(0, 0), "import os\n\n"))
    assert taken(Edit(Span(AT + 8, AT + 8), " + y"))
    assert taken(Edit(Span(AT - 4, AT), "\t"))  # indented anew
    assert not taken(Edit(Span(AT, AT + 8), ""))  # the same words stand in b()
    assert not taken(Edit(Span(AT + 7, AT + 8), "y"))
    assert not taken(Edit(Span(0, 0), "import os\n\n"), Edit(Span(AT + 11, AT + 19), "pass"))


def test_an_editor_that_writes_the_whole_line_anew_has_taken_it() -> None:
    start = DocumentSnapshot(URI, 1, "python", TEXT)
    edit = Edit(Span(AT - 4, AT), "    return x")
    assert still_there(Suggestion("1", start, AT, "return x", "local"), start.replace(edit, 2), [edit])


class Quiet:
    """An editor that says nothing."""

    def notify(self, method: str, params: Any = None) -> None:
        pass

    async def ask(self, method: str, params: Any, timeout_s: float) -> Any:
        return None


@pytest.mark.parametrize("is_removed", [False, True])
async def test_each_moment_is_told_also_for_what_is_gone_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_removed: bool
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = Session(Quiet())
    service = LearningService(session, kept_after_s=(0.05, 0.1))
    session.services = (service,)
    session.opened(URI, 1, "python", TEXT)
    document = session.documents.get(URI)
    assert document is not None
    session.shown.add(Suggestion("1", document, AT, "return x", "local"))
    place = {"line": 1, "character": 4}
    session.changed(URI, 2, [{"range": {"start": place, "end": place}, "text": "return x"}])
    if is_removed:
        gone = {"start": place, "end": {"line": 1, "character": 12}}
        session.changed(URI, 3, [{"range": gone, "text": ""}])
    await asyncio.sleep(0.3)
    await session.aclose()
    events = [e for e in read_journal(service.journal.path) if e["event"] == "kept"]
    assert [(e["after_s"], e["kept"]) for e in events] == [(0.05, not is_removed), (0.1, not is_removed)]


async def test_what_stands_in_a_document_that_is_closed_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = Session(Quiet())
    service = LearningService(session, kept_after_s=(0.05, 60.0))
    session.services = (service,)
    session.opened(URI, 1, "python", TEXT)
    document = session.documents.get(URI)
    assert document is not None
    session.shown.add(Suggestion("1", document, AT, "return x", "local"))
    place = {"line": 1, "character": 4}
    session.changed(URI, 2, [{"range": {"start": place, "end": place}, "text": "return x"}])
    await asyncio.sleep(0.15)
    session.closed(URI)
    await session.aclose()
    events = [e for e in read_journal(service.journal.path) if e["event"] == "kept"]
    assert [(e["after_s"], e["kept"]) for e in events] == [(0.05, True), (60.0, True)]


def test_the_figures_count_both_moments() -> None:
    told = [
        {"event": "kept", "after_s": s, "kept": k}
        for s, k in ((30, True), (300, False), (30, False), (300, False))
    ]
    kept = summary(told)["kept"]
    assert kept == {"30s": {"looked_at": 2, "kept": 0.5}, "300s": {"looked_at": 2, "kept": 0.0}}
