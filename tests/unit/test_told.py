"""What the workspace's process is told of open documents: the same text, whatever is typed meanwhile."""

from __future__ import annotations

import asyncio
import queue
from types import SimpleNamespace
from typing import Any

import pytest

from ai_lsp.context.workspace.client import PIECE, WorkspaceClient
from ai_lsp.context.workspace.worker import Worker
from ai_lsp.lsp.documents import Documents
from ai_lsp.lsp.told import Told

URI = "untitled:1"


async def test_a_long_document_edited_while_it_is_told_is_the_same_text_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, client, documents = Worker(queue.SimpleQueue()), WorkspaceClient(), Documents()
    monkeypatch.setattr(client._worker, "send", worker.handle)
    monkeypatch.setattr(client._worker, "process", object())
    session: Any = SimpleNamespace(documents=documents, may_learn=lambda _: True, relative=lambda _: "a.py")
    told = Told(session, client)
    documents.open(URI, 1, "python", "x = 1\n" * (PIECE // 2))
    telling = asyncio.create_task(told.tell(URI))
    await asyncio.sleep(0)
    end = {"line": PIECE // 2 - 1, "character": 0}
    documents.change(URI, 2, {"range": {"start": end, "end": end}, "text": "y = 2\n"})
    assert not told.follow(URI), "half of it is there"
    await told.tell(URI)
    await telling
    assert told.follow(URI)
    now = documents.get(URI)
    assert now is not None
    assert worker.documents.by_uri[URI].snapshot.text == now.text
