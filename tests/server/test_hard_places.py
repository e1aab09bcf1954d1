"""Hard places for a server: an editor that kills it in a loop, a slow disk, files that belong to no folder."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.e2e.test_endings import until_gone
from tests.scripted_model import ScriptedModel
from tests.server.driving import COMMAND, inline, messages, open_file, ready, route, session, until_shown
from tests.server.test_bad_input import PATTERN

TEXT = PATTERN[: PATTERN.index("nection(")]
SLOW_S = 0.5
SLOW = """
# Every look at the workspace takes as long as on a network disk that is hardly there.
import builtins, io, os, time

def slowed(look):
    def looking(path=".", *more, **named):
        if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith({root!r}):
            time.sleep({seconds})
        return look(path, *more, **named)
    return looking

builtins.open = io.open = slowed(open)
for name in ("stat", "lstat", "open", "scandir", "listdir"):
    setattr(os, name, slowed(getattr(os, name)))
"""


async def test_an_editor_that_kills_it_in_the_middle_and_starts_it_again(tmp_path: Path) -> None:
    """Five times, each time while a model is answering and the workspace is read; the sixth is as good as new."""
    for name in "bcd":
        (tmp_path / f"{name}.py").write_text(PATTERN)
    async with ScriptedModel(reply="nection()", dialect="llamacpp") as model:
        model.change(first_token_ms=10_000)
        home = {f"XDG_{name}_HOME": str(tmp_path.parent / name) for name in ("CONFIG", "CACHE", "STATE")}
        for wait_s in (0.0, 0.05, 0.2, 0.4, 0.8):
            client = await LspClient.start(COMMAND, tmp_path, options=route(model.url), environment=home)
            if wait_s >= 0.4:  # by then the model is asked; before, the settings may not be read
                await ready(client)
            uri = open_file(client, tmp_path, "a.py", TEXT)
            call = client.ask_inline(uri, len(TEXT))
            await asyncio.sleep(wait_s)
            assert wait_s < 0.4 or not call.answer.done()
            os.kill(client.process.pid, signal.SIGKILL)
            await until_gone(client.process.pid)
            await client.kill()
        model.change(first_token_ms=0)
        async with await LspClient.start(COMMAND, tmp_path, options=route(model.url), environment=home) as client:
            await ready(client)
            uri = open_file(client, tmp_path, "a.py", TEXT)
            assert await inline(client, uri, len(TEXT)) == ["nection()"]
            assert messages(client) == []


async def test_a_slow_disk_stops_neither_the_typing_nor_the_answers(tmp_path: Path) -> None:
    """A look at the disk on the loop would take half a second; nothing that is asked meanwhile does."""
    root, shims = tmp_path / "work", tmp_path / "shims"
    root.mkdir()
    shims.mkdir()
    for name in "bcdefgh":
        (root / f"{name}.py").write_text(PATTERN)
    (root / ".gitignore").write_text("ignored/\n")
    slow = SLOW.format(root=str(root), seconds=SLOW_S)
    (shims / "sitecustomize.py").write_text(slow)
    home = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "CACHE", "STATE")}
    home["PYTHONPATH"] = str(shims)
    async with await LspClient.start(COMMAND, root, environment=home) as client:
        await client.request("aiLsp/status", {})  # it has begun
        uri = open_file(client, root, "a.py", PATTERN * 3 + TEXT)
        at, worst, end = len(PATTERN * 3 + TEXT), 0.0, time.monotonic() + 20
        has_answered = False
        while time.monotonic() < end and not has_answered:
            began = time.monotonic()
            await client.request("aiLsp/status", {})
            worst = max(worst, time.monotonic() - began)
            call = client.ask_inline(uri, at)
            await asyncio.wait({call.answer}, timeout=0.3)
            has_answered = call.answer.done() and bool((call.answer.result() or {}).get("items"))
        assert worst < SLOW_S * 0.8
        assert has_answered, "what is in the open file is suggested"


async def test_a_file_without_a_folder_gets_everything_that_needs_none(tmp_path: Path) -> None:
    """`rootUri` and `workspaceFolders` are null, as where a single file is opened: its folder is not read."""
    for name in "bcd":
        (tmp_path / f"{name}.py").write_text("other = tuple_of(everything)\n" * 4)
    no_folder = {"rootUri": None, "workspaceFolders": None}
    async with session(tmp_path, {}, initialize=no_folder) as client:
        await ready(client)
        text = PATTERN * 4 + TEXT
        uri = open_file(client, tmp_path, "a.py", text)
        await until_shown(client, uri, len(text), "nection(self")
        status = await client.request("aiLsp/status", {})
        assert status["local"]["files"] <= 1, "what lies beside it is not ours to read"
        edit = {"textDocument": {"uri": uri, "version": 1}, "position": {"line": 0, "character": 0}}
        assert await client.request("aiLsp/nextEdit", edit) == {"suggestions": []}
        review = {"command": "ai-lsp.review", "arguments": [{"diff": "HEAD", "wait": True}]}
        assert (await client.request("workspace/executeCommand", review))["problem"] == "no folder is open"
        mine = {"command": "ai-lsp.review", "arguments": [{"uri": uri, "wait": True}]}
        assert (await client.request("workspace/executeCommand", mine))["files"] == [{"uri": uri}]
        assert messages(client) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
async def test_a_named_pipe_in_the_workspace_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a_pipe.py")
    for name in "bcd":
        (tmp_path / f"{name}.py").write_text(PATTERN)
    async with session(tmp_path, {}) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "z.py", TEXT)
        await until_shown(client, uri, len(TEXT), "nection(self")
        review = {"command": "ai-lsp.review", "arguments": [{"paths": ["."], "wait": True}]}
        done = await client.request("workspace/executeCommand", review, timeout=20)
        assert done["problem"] == ""
