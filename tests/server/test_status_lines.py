"""What clients with a status line are told, and that nobody else hears of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import DEFAULT_CAPABILITIES, LspClient
from tests.scripted_model import ScriptedModel
from tests.server.driving import inline, open_file, ready, route, session, until

SHOWS = {**DEFAULT_CAPABILITIES, "experimental": {"aiLsp": {"status": True}}}


def told(client: LspClient, uri: str | None = None) -> list[tuple[str, str]]:
    """The states that were told, of the server or of a document, in their order."""
    found: list[dict[str, Any]] = [
        m["params"] for m in client.seen.notifications if m["method"] == "aiLsp/didChangeStatus"
    ]
    return [(each["state"], each["reason"]) for each in found if each.get("uri") == uri]


async def test_a_slow_model_is_told_to_think_and_a_failing_one_why(tmp_path: Path) -> None:
    async with (
        ScriptedModel(reply="a + b", dialect="llamacpp") as model,
        session(tmp_path, route(model.url), initialize={"capabilities": SHOWS}) as client,
    ):
        await ready(client)
        text = "def add(a, b):\n    return "
        uri = open_file(client, tmp_path, "sum.py", text)
        await until(lambda: told(client)[-1:] == [("idle", "")])
        model.change(first_token_ms=400)
        assert await inline(client, uri, len(text)) == ["a + b"]
        await until(lambda: told(client)[-2:] == [("thinking", ""), ("idle", "")])
        model.change(status=500, body=b"boom")
        client.change(uri, len(text), len(text), "(")
        await inline(client, uri, len(text) + 1)
        await until(lambda: told(client)[-1][0] == "failing")
        assert "500" in told(client)[-1][1]
        assert told(client, uri) == []


async def test_why_it_is_off_in_a_file_and_while_it_is_snoozed(tmp_path: Path) -> None:
    options = {"completion": {"disabled_languages": ["markdown"], "max_file_kb": 1}}
    async with session(tmp_path, options, initialize={"capabilities": SHOWS}) as client:
        await ready(client)
        secret = open_file(client, tmp_path, ".env", "TOKEN=1\n")
        plain = open_file(client, tmp_path, "a.py", "x = 1\n")
        large = open_file(client, tmp_path, "b.py", "x = 1\n" * 400)
        await until(lambda: told(client, secret) and told(client, large))
        assert told(client, secret)[0][0] == "off"
        assert "secrets" in told(client, secret)[0][1]
        assert "max_file_kb" in told(client, large)[0][1]
        client.change(large, 0, 2400, "y = 2\n")
        await until(lambda: told(client, large)[-1] == ("idle", ""))
        assert told(client, plain) == []
        await client.request("workspace/executeCommand", {"command": "ai-lsp.snooze", "arguments": [5]})
        client.change(plain, 0, 0, "# new\n")
        await until(lambda: told(client, plain)[-1:] and "snoozed" in told(client, plain)[-1][1])
        await client.request("workspace/executeCommand", {"command": "ai-lsp.snooze", "arguments": [0]})
        await until(lambda: told(client, plain)[-1] == ("idle", ""))


async def test_a_client_that_shows_no_status_is_told_nothing(tmp_path: Path) -> None:
    async with session(tmp_path, {}) as client:
        await ready(client)
        uri = open_file(client, tmp_path, ".env", "TOKEN=1\n")
        await inline(client, uri, 3)
        assert told(client) == told(client, uri) == []
