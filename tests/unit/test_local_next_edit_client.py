"""The embedded next-edit engine as the server uses it: a real worker process, real files, real kills."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from ai_lsp.edits.local.client import LocalNextEdits, Proposal
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, LineEdit, Span
from ai_lsp.text.history import History

CODE = "def total(prices):\n    return sum(prices)\n"


async def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0.01)


class User:
    """One open document and its history, told to an engine."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.engine = LocalNextEdits(self.texts.get)
        self.history = History()

    def renames(self, uri: str, language: str = "python") -> None:
        before = DocumentSnapshot(uri, 1, language, CODE)
        edit = Edit(Span(10, 16), "amounts")
        after = before.replace(edit, 2)
        self.texts[uri] = CODE
        self.engine.opened(uri, None, language, CODE)
        self.history.changed(before, [edit], after, 1.0)
        self.texts[uri] = after.text
        self.engine.changed(uri, [LineEdit(0, 10, 0, 16, "amounts")])
        self.engine.edited(self.history.standing(16), 1.5)

    async def asks(self, uri: str) -> list[Proposal]:
        return await self.engine.suggest(uri, 0, 17, min_confidence=0.3, timeout_s=5)


@pytest_asyncio.fixture
async def user() -> AsyncIterator[User]:
    made = User()
    yield made
    await made.engine.aclose()


async def test_a_rename_is_followed_also_by_a_new_worker(user: User) -> None:
    await user.engine.start([])
    await until(lambda: user.engine.status.state == "ready")
    user.renames("file:///a.py")
    (one,) = await user.asks("file:///a.py")
    assert (one.start_line, one.new_text, one.kind) == (1, "    return sum(amounts)", "edit")
    process = user.engine._worker.process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: user.engine._worker.process not in (None, process))
    await until(lambda: user.engine.status.state == "ready")
    assert await user.asks("file:///a.py") == [one]


async def test_ignored_and_secret_files_are_no_place_for_edits(user: User, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("out/\n")
    (tmp_path / ".aiignore").write_text("private.py\n")
    for name in ("out/b.py", "private.py", ".env", "shown.py", "late.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = prices\n")
    await user.engine.start([str(tmp_path)], patterns=["late.py"])
    await until(lambda: user.engine.status.state == "ready")
    assert user.engine.status.files == 1
    user.renames("file:///a", "plaintext")  # without scopes a name may be anywhere
    found = await user.engine.suggest("file:///a", 0, 0, max=20, min_confidence=0.0, timeout_s=5)
    assert {one.uri.rsplit("/", 1)[-1] for one in found} <= {"a", "shown.py"}


async def test_files_that_come_go_and_change(user: User, tmp_path: Path) -> None:
    file = tmp_path / "b.py"
    await user.engine.start([str(tmp_path)])
    await until(lambda: user.engine.status.state == "ready")
    user.renames("file:///a", "plaintext")  # without scopes a name may be anywhere

    async def places() -> set[str]:
        found = await user.engine.suggest("file:///a", 0, 0, max=20, min_confidence=0.0, timeout_s=5)
        return {one.uri.rsplit("/", 1)[-1] for one in found}

    assert "b.py" not in await places()
    file.write_text("y = prices\n")
    user.engine.files_changed([(str(file), 1)])
    await until(lambda: user.engine.status.files == 1)
    assert "b.py" in await places()
    file.unlink()  # nobody has told
    assert "b.py" not in await places()
    user.engine.files_changed([(str(file), 3)])
    await until(lambda: user.engine.status.files == 0)


async def test_a_worker_that_hangs_costs_only_the_time_limit(user: User) -> None:
    await user.engine.start([])
    await until(lambda: user.engine.status.state == "ready")
    process = user.engine._worker.process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    began = time.monotonic()
    assert await user.engine.suggest("file:///a.py", 0, 0, timeout_s=0.05) == []
    assert time.monotonic() - began < 1
    os.kill(process.pid, signal.SIGCONT)


async def test_ten_thousand_changes_are_taken_in_and_the_next_question_is_answered(user: User) -> None:
    await user.engine.start([])
    await until(lambda: user.engine.status.state == "ready")
    user.renames("file:///a.py")
    user.engine.opened("file:///b.py", None, "python", "x = 1\n" * 2_000)
    for number in range(10_000):
        line = number % 2_000
        user.engine.changed("file:///b.py", [LineEdit(line, 4, line, 5, str(number % 10))])
    (one, *_) = await user.asks("file:///a.py")
    assert one.new_text == "    return sum(amounts)"


async def test_edits_of_a_document_that_is_gone_teach_nothing(user: User) -> None:
    await user.engine.start([])
    await until(lambda: user.engine.status.state == "ready")
    user.renames("file:///a.py")
    user.engine.closed("file:///a.py")
    assert await user.asks("file:///a.py") == []
