"""What the tests of the real server share: sessions, open files, waiting for a claim to come true."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient

COMMAND = [sys.executable, "-m", "ai_lsp", "--stdio"]


def route(at: str, **more: Any) -> dict[str, Any]:
    model = {"api": "llamacpp", "url": at, "model": "qwen2.5-coder-1.5b", **more}
    return {"models": {"tab": model}, "routes": {"completion": "tab"}}


@contextlib.asynccontextmanager
async def session(
    root: Path, options: dict[str, Any], cache: Path | None = None, **more: Any
) -> AsyncIterator[LspClient]:
    home = {"XDG_CONFIG_HOME": str(root.parent / "home"), "XDG_CACHE_HOME": str(cache or root.parent / "cache")}
    home["XDG_STATE_HOME"] = str(root.parent / "state")
    client = await LspClient.start(COMMAND, root, options=options, environment=home, **more)
    async with client:
        yield client


async def ready(client: LspClient) -> None:
    """Settings are read and the route is open."""
    for _ in range(200):
        status = await client.request("aiLsp/status", {})
        if all(r["state"] not in ("starting", "off") for r in status["routes"].values()):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(status)


def open_file(client: LspClient, root: Path, name: str, text: str) -> str:
    uri = (root / name).as_uri()
    client.open(uri, text)
    return uri


async def inline(client: LspClient, uri: str, offset: int, **context: Any) -> list[Any]:
    result = await client.ask_inline(uri, offset, trigger=1, **context).answer
    return [item["insertText"] for item in result["items"]]


def messages(client: LspClient) -> list[str]:
    return [message["message"] for message in client.seen.messages]


async def until(claim: Any) -> None:
    for _ in range(250):
        if claim():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true within 5 s")


async def until_async(ask: Any, wanted: Any) -> None:
    for _ in range(100):
        if (got := await ask()) == wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(got)


async def until_shown(client: LspClient, uri: str, offset: int, start: str) -> None:
    """The predictor knows the workspace, and says how the text goes on; how far it dares is its own affair."""

    async def ask() -> bool:
        return any(shown.startswith(start) for shown in await inline(client, uri, offset))

    await until_async(ask, True)
