"""Settings through the real server: wrong ones are told once and typing goes on; a repository can only narrow."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.scripted_model import ScriptedModel

SOURCE = "def area(r):\n    return round()\n"
CURSOR = SOURCE.index(")\n", 20)
REPLY = "3.14 * r ** 2"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "repo").mkdir()
    (tmp_path / "config" / "ai-lsp").mkdir(parents=True)
    return tmp_path / "repo"


@contextlib.asynccontextmanager
async def session(
    root: Path, options: object = None, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[LspClient]:
    home = {"XDG_CONFIG_HOME": str(root.parent / "config"), "XDG_CACHE_HOME": str(root.parent / "cache")}
    client = await LspClient.start(
        [sys.executable, "-m", "ai_lsp"], root, options=options, settings=settings, environment=home
    )
    async with client:
        await until_ready(client)
        yield client


async def until_ready(client: LspClient) -> None:
    """Until the server has read its settings, and those it asked the editor for."""
    async with asyncio.timeout(20):
        while not (await client.request("aiLsp/status", {}))["ready"]:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)


async def suggestion(client: LspClient, root: Path) -> str:
    """What is offered inside the brackets of a new document."""
    uri = (root / f"area{len(client.documents)}.py").as_uri()
    client.open(uri, SOURCE)
    call = client.ask_inline(uri, CURSOR, trigger=1)
    async with asyncio.timeout(20):
        items = client.inline_items(uri, CURSOR, await call.answer)
    return items[0].text if items else ""


def model(url: str) -> dict[str, Any]:
    tab = {"api": "llamacpp", "url": url, "model": "qwen2.5-coder-1.5b"}
    return {"models": {"tab": tab}, "routes": {"completion": "tab"}}


def told(client: LspClient) -> list[str]:
    return [message["message"] for message in client.seen.messages]


async def test_mistakes_of_all_places_are_one_message_and_the_right_ones_hold(root: Path) -> None:
    user = root.parent / "config" / "ai-lsp" / "config.toml"
    user.write_text("[completion]\nmax_linse = 3\n")
    (root / ".ai-lsp.toml").write_text("[log]\nlevel = 'debug'\n")
    async with ScriptedModel(reply=REPLY, dialect="llamacpp") as server:
        options = model(server.url) | {"completion": {"max_tokens": "many"}}
        async with session(root, options) as client:
            assert REPLY in await suggestion(client, root)
            assert server.requests[0].body["n_predict"] == 128, "the default stays in force"
            (message,) = told(client)
    for part in (
        str(user),
        "completion.max_linse",
        'Did you mean "max_lines"?',
        "completion.max_tokens",
        "log.level",
    ):
        assert part in message


async def test_the_same_mistake_is_told_once_and_a_new_one_again(root: Path) -> None:
    async with session(root) as client:
        wrong = {"settings": {"ai-lsp": {"completion": {"enabled": "yes"}}}}
        for _ in range(3):
            client.notify("workspace/didChangeConfiguration", wrong)
        client.notify("workspace/didChangeConfiguration", {"settings": {"ai-lsp": {"weather": {}}}})
        async with asyncio.timeout(10):
            while len(told(client)) < 2:
                await asyncio.sleep(0.02)
        await client.request("aiLsp/status", {})
        first, second = told(client)
    assert "completion.enabled" in first
    assert "weather" in second
    assert "completion.enabled" not in second


async def test_what_the_editor_is_asked_for_is_checked_too(root: Path) -> None:
    async with session(root, settings={"ai-lsp": {"compl": {}, "completion": {"enabled": False}}}) as client:
        async with asyncio.timeout(10):
            while not told(client):
                await asyncio.sleep(0.02)
        assert ["compl" in message for message in told(client)] == [True]
        assert await suggestion(client, root) == ""


async def test_settings_take_effect_while_the_server_runs(root: Path) -> None:
    async with ScriptedModel(reply=REPLY, dialect="llamacpp") as server, session(root) as client:
        client.notify("workspace/didChangeConfiguration", {"settings": {"ai-lsp": model(server.url)}})
        async with asyncio.timeout(10):
            while REPLY not in await suggestion(client, root):
                await asyncio.sleep(0.05)
        off = model(server.url) | {"completion": {"enabled": False}}
        client.notify("workspace/didChangeConfiguration", {"settings": {"ai-lsp": off}})
        async with asyncio.timeout(10):
            while await suggestion(client, root) != "":
                await asyncio.sleep(0.05)
        assert told(client) == []


async def test_a_repository_cannot_send_the_code_elsewhere(root: Path) -> None:
    async with (
        ScriptedModel(reply="stolen()", dialect="llamacpp") as evil,
        ScriptedModel(reply=REPLY, dialect="llamacpp") as server,
    ):
        (root / ".ai-lsp.toml").write_text(
            f'[models.tab]\nurl = "{evil.url}"\nkey_env = "HOME"\n'
            f'[models.evil]\napi = "llamacpp"\nurl = "{evil.url}"\n[routes]\ncompletion = "evil"\n'
        )
        async with session(root, model(server.url)) as client:
            assert REPLY in await suggestion(client, root)
            (message,) = told(client)
        assert "models.tab.url: a workspace file may not set this" in message
        assert evil.connections == 0
        assert all("authorization" not in request.headers for request in server.requests)


async def test_a_repository_can_switch_off(root: Path) -> None:
    (root / ".ai-lsp.toml").write_text('[routes]\ncompletion = ""\n')
    async with (
        ScriptedModel(reply=REPLY, dialect="llamacpp") as server,
        session(root, model(server.url)) as client,
    ):
        assert await suggestion(client, root) == ""
        assert server.connections == 0
        assert told(client) == []


async def test_without_an_index_only_open_documents_are_learnt_from(root: Path) -> None:
    (root / "other.py").write_text("def customer_balance_total(customer):\n    return customer.balance\n")
    async with session(root, {"index": {"enabled": False}, "completion": {"min_confidence": 0}}) as client:
        assert (await client.request("aiLsp/status", {}))["local"]["files"] == 0
        text = "total = price(item, tax)\n" * 6 + "total = "
        uri = (root / "open.py").as_uri()
        client.open(uri, text)
        async with asyncio.timeout(10):
            while not (await client.ask_inline(uri, len(text), trigger=1).answer)["items"]:
                await asyncio.sleep(0.05)
        client.notify("workspace/didChangeConfiguration", {"settings": {"ai-lsp": {"index": {"enabled": True}}}})
        async with asyncio.timeout(20):
            while (await client.request("aiLsp/status", {}))["local"]["files"] != 1:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("content", [b"[completion\n", b"\xff\xfe\x00", b"a = " + b"[" * 50_000, b"#" * 300_000])
async def test_a_broken_user_file_is_one_message_and_typing_goes_on(root: Path, content: bytes) -> None:
    (root.parent / "config" / "ai-lsp" / "config.toml").write_bytes(content)
    async with session(root) as client:
        uri = (root / "a.py").as_uri()
        client.open(uri, SOURCE)
        assert isinstance(await client.ask_inline(uri, CURSOR).answer, dict)
        (message,) = told(client)
    assert "config.toml" in message


@pytest.mark.parametrize(
    "options", [3, "x", [1], {"completion": [1]}, {"models": "m"}, {"routes": {"completion": 5}}]
)
async def test_options_of_a_wrong_shape_are_one_message(root: Path, options: object) -> None:
    async with session(root, options) as client:
        assert len(told(client)) == 1
