"""Bad input to the real server: a clear answer, typing unaffected, nothing lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_wire import RequestFailed
from tests.scripted_model import ScriptedModel
from tests.server.driving import inline, messages, open_file, ready, route, session, until_shown

PATTERN = "def start(self):\n    self.connection = open_connection(self.address)\n"


def frame(body: bytes, length: int | None = None) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


async def test_a_file_of_100_mb_is_followed_and_left_alone(tmp_path: Path) -> None:
    async with session(tmp_path, {}) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "dump.py", "value = 1\n" * 10_000_000)
        assert await inline(client, uri, 9) == []
        why = await client.request("workspace/executeCommand", {"command": "ai-lsp.why"})
        assert "max_file_kb" in why
        client.change(uri, 50, 60, "x")
        small = open_file(client, tmp_path, "small.py", "x = 1\n")
        assert await inline(client, small, 5) == []


@pytest.mark.parametrize(
    "position",
    [
        {"line": 10**9, "character": 10**9},
        {"line": -5, "character": -5},
        {"line": 0, "character": 10**12},
    ],
)
async def test_positions_outside_the_document_are_clamped(tmp_path: Path, position: dict[str, int]) -> None:
    async with session(tmp_path, {}) as client:
        uri = open_file(client, tmp_path, "a.py", "x = 1\n")
        params = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 2}}
        assert await client.request("textDocument/inlineCompletion", params) == {"items": []}


@pytest.mark.parametrize("position", [None, 5, {"line": "1", "character": 0}, {"line": 1.5, "character": True}])
async def test_a_position_that_is_none_is_said_to_be_wrong(tmp_path: Path, position: Any) -> None:
    async with session(tmp_path, {}) as client:
        uri = open_file(client, tmp_path, "a.py", "x = 1\n")
        with pytest.raises(RequestFailed, match="position"):
            await client.request(
                "textDocument/inlineCompletion", {"textDocument": {"uri": uri}, "position": position}
            )
        assert messages(client) == []


async def test_unknown_and_closed_documents_are_answered_empty(tmp_path: Path) -> None:
    async with session(tmp_path, {}) as client:
        never = (tmp_path / "never.py").as_uri()
        params = {"textDocument": {"uri": never}, "position": {"line": 0, "character": 0}}
        assert await client.request("textDocument/inlineCompletion", params) == {"items": []}
        changes = [{"text": "x"}]
        client.notify(
            "textDocument/didChange", {"textDocument": {"uri": never, "version": 2}, "contentChanges": changes}
        )
        client.notify("textDocument/didClose", {"textDocument": {"uri": never}})
        assert await client.request("textDocument/inlineCompletion", params) == {"items": []}


async def test_broken_frames_lose_one_message_and_no_more(tmp_path: Path) -> None:
    async with session(tmp_path, {}) as client:
        for damage in (
            b"rubbish without a header\r\n\r\n",
            frame(b"{not json"),
            frame(b'{"jsonrpc":"2.0","method":"x","params":"\xff\xfe"}'),
            frame(b'{"jsonrpc":"2.0","method":"short"}', length=10),
            frame(b'{"jsonrpc":"2.0","method":"long"}', length=5000),
            frame(b"[1, 2, 3]"),
            frame(b"null"),
        ):
            client.write_bytes(damage)
            status = await client.request("aiLsp/status", {}, timeout=5)
            assert "local" in status, damage


async def test_a_request_with_broken_utf8_is_still_answered(tmp_path: Path) -> None:
    async with session(tmp_path, {}) as client:
        call = client.send("aiLsp/status", {})
        await call.answer
        body = json.dumps({"jsonrpc": "2.0", "id": 4711, "method": "nobody/knows"}).encode()
        client.write_bytes(frame(body.replace(b"knows", b"kno\xffs")))
        await client.request("aiLsp/status", {})
        assert any(m["id"] == 4711 for m in client.seen.unasked)


async def test_a_workspace_without_git_or_write_permission(tmp_path: Path) -> None:
    for name in "bcd":
        (tmp_path / f"{name}.py").write_text(PATTERN)
    tmp_path.chmod(0o555)
    cache = Path("/proc/no-cache-here")
    async with session(tmp_path, {}, cache=cache) as client:
        text = PATTERN[: PATTERN.index("nection(")]
        uri = open_file(client, tmp_path, "a.py", text)
        await until_shown(client, uri, len(text), "nection(self")
    tmp_path.chmod(0o755)


async def test_two_servers_on_one_workspace(tmp_path: Path) -> None:
    for name in "bcd":
        (tmp_path / f"{name}.py").write_text(PATTERN)
    text = PATTERN[: PATTERN.index("nection(")]
    async with session(tmp_path, {}) as one, session(tmp_path, {}) as two:
        for client in (one, two):
            uri = open_file(client, tmp_path, "a.py", text)
            await until_shown(client, uri, len(text), "nection(self")


async def test_the_predictor_killed_in_the_middle_comes_back(tmp_path: Path) -> None:
    for name in "bcd":
        (tmp_path / f"{name}.py").write_text(PATTERN)
    text = PATTERN[: PATTERN.index("nection(")]
    async with session(tmp_path, {}) as client:
        uri = open_file(client, tmp_path, "a.py", text)
        await until_shown(client, uri, len(text), "nection(self")
        for child in children(client.process.pid):
            os.kill(child, signal.SIGKILL)
        client.change(uri, len(text), len(text), "n")  # typing goes on
        await until_shown(client, uri, len(text) + 1, "ection(self")
        assert messages(client) == []


def children(pid: int) -> list[int]:
    return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_a_model_that_answers_prose_is_silence(tmp_path: Path) -> None:
    async with ScriptedModel(dialect="openai", reply="Sure! I would be happy to help you with that.") as model:
        options = route(model.url, api="openai", model="gpt-4o", template="chat")
        async with session(tmp_path, options) as client:
            await ready(client)
            uri = open_file(client, tmp_path, "a.py", "x = ")
            assert await inline(client, uri, 4) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http://127.0.0.1:9"}, "127.0.0.1:9"),
        ({"api": "openai", "model": "no-such-family"}, "template"),
        ({"api": "telepathy"}, "llamacpp"),
        ({"url": "not a url"}, "url"),
        ({"key_env": "sk-secretsecretsecretsecret"}, "key_env"),
    ],
)
async def test_a_wrongly_set_model_is_said_once_with_what_to_do(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    async with (
        ScriptedModel(dialect="llamacpp", reply="1") as model,
        session(tmp_path, route(model.url, **change)) as client,
    ):
        uri = open_file(client, tmp_path, "a.py", "x = ")
        for _ in range(30):
            await inline(client, uri, 4)
            await asyncio.sleep(0.03)
        told = messages(client)
        assert len(told) == len(set(told))
        assert any(said in message for message in told), told
        assert not any("sk-secret" in message for message in told)
