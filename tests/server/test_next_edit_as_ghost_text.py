"""The next edit as ghost text where the cursor stands at it: for clients that draw nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from tests.server.driving import inline, open_file, ready, session, until_async
from tests.server.test_next_edit import SHOP, ask

SETTINGS: dict[str, Any] = {"next_edit": {"min_confidence": 0.2}, "completion": {"min_confidence": 1.0}}
"""Nothing but the next edit is sure enough."""

NEW = SHOP.replace("total", "total_sum", 1)
CALL = NEW.index("report = [total") + len("report = [total")


async def renamed(client: LspClient, root: Path) -> str:
    uri = open_file(client, root, "shop.py", SHOP)
    at = SHOP.index("total") + len("total")
    client.change(uri, at, at, "_sum")
    return uri


async def test_what_waits_at_the_cursor_comes_as_ghost_text(tmp_path: Path) -> None:
    async with session(tmp_path, SETTINGS) as client:
        await ready(client)
        uri = await renamed(client, tmp_path)

        async def shown() -> list[Any]:
            return await inline(client, uri, CALL)

        await until_async(shown, ["_sum"])
        why = await client.request("workspace/executeCommand", {"command": "ai-lsp.why"})
        assert "the next edit" in why
        assert await inline(client, uri, CALL - 1) == []
        # Typed into, it stays what it was.
        client.change(uri, CALL, CALL, "_")
        answer = await client.ask_inline(uri, CALL + 1, trigger=1).answer
        assert [item["insertText"] for item in answer["items"]] == ["sum"]
        client.change(uri, CALL + 1, CALL + 1, "sum")
        await client.request("workspace/executeCommand", answer["items"][0]["command"])
        assert await inline(client, uri, CALL + 4) == []


async def test_a_client_that_draws_the_next_edit_does_not_get_it_twice(tmp_path: Path) -> None:
    async with session(tmp_path, SETTINGS) as client:
        await ready(client)
        uri = await renamed(client, tmp_path)

        async def drawn() -> bool:
            return bool((await ask(client, uri, CALL))["suggestions"])

        await until_async(drawn, True)
        await asyncio.sleep(0.6)
        assert await inline(client, uri, CALL) == []
