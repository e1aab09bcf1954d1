"""The real server against a real HTTP model server: who is asked, who is told, and what never leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_wire import RequestFailed
from tests.scripted_model import ScriptedModel
from tests.server.driving import (
    inline,
    messages,
    open_file,
    ready,
    route,
    session,
    until,
    until_async,
    until_shown,
)


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(dialect="llamacpp", reply="compute(value)") as server:
        yield server


async def test_the_models_answer_is_the_ghost_text(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", "x = ")
        assert await inline(client, uri, 4) == ["compute(value)"]
        assert model.requests[0].prompt.endswith("x = ")
        why = await client.request("workspace/executeCommand", {"command": "ai-lsp.why"})
        assert "the model" in why


async def test_secret_and_ignored_files_never_reach_the_model(tmp_path: Path, model: ScriptedModel) -> None:
    (tmp_path / ".aiignore").write_text("private/\n")
    (tmp_path / ".gitignore").write_text("notes.py\n")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        for name in (".env", "id_rsa", "private/a.py", "certs/server.pem", "sub/.env.local"):
            uri = open_file(client, tmp_path, name, "TOKEN = ")
            assert await inline(client, uri, 8) == [], name
            why = await client.request("workspace/executeCommand", {"command": "ai-lsp.why"})
            assert "secrets" in why
        assert model.requests == []
        uri = open_file(client, tmp_path, "notes.py", "x = ")
        assert await inline(client, uri, 4) == ["compute(value)"]  # .gitignore does not decide for open files


async def test_a_file_ignored_while_it_is_open_is_not_sent_any_more(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "later.py", "x = ")
        assert await inline(client, uri, 4) == ["compute(value)"]
        ignore = tmp_path / ".aiignore"
        ignore.write_text("later.py\n")
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": ignore.as_uri(), "type": 1}]})
        client.change(uri, 4, 4, "y")
        assert await inline(client, uri, 5) == []
        assert len(model.requests) == 1


async def test_a_newer_request_answers_the_older_with_null_at_once_and_hangs_up(
    tmp_path: Path, model: ScriptedModel
) -> None:
    model.change(first_token_ms=3000)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", "x = ")
        older = client.ask_inline(uri, 4)
        await until(lambda: len(model.requests) == 1)
        model.change(first_token_ms=0)
        client.change(uri, 2, 4, "")  # typing on would join the stream: tests/server/test_reuse.py
        newer = client.ask_inline(uri, 2)
        assert await older.answer is None
        assert older.answered_ns < (await newer.answer and newer.answered_ns)
        await until(lambda: len(model.disconnects) == 1)


async def test_cancelling_closes_the_models_socket(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(first_token_ms=5000)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", "x = ")
        call = client.ask_inline(uri, 4)
        await until(lambda: len(model.requests) == 1)
        client.cancel(call)
        with pytest.raises(RequestFailed) as caught:
            await call.answer
        assert "-32800" in str(caught.value) or getattr(caught.value, "code", 0) == -32800
        await until(lambda: len(model.disconnects) == 1)
        took = model.disconnects[0].disconnected_at
        assert took is not None
        assert took - call.answered_ns / 1e9 < 1.0  # 0.1 s on a quiet machine; bench/overhead.py measures


async def test_a_failing_model_is_told_once_and_the_predictor_takes_over(
    tmp_path: Path, model: ScriptedModel
) -> None:
    model.change(status=500, body=b"boom")
    body = "def start(self):\n    self.connection = open_connection(self.address)\n"
    for name in "bcd":
        (tmp_path / f"{name}.py").write_text(body)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        text = "def start(self):\n    self.connection = open_con"
        uri = open_file(client, tmp_path, "a.py", text)
        await until_shown(client, uri, len(text), "nection(self")
        told = [m for m in messages(client) if "takes over" in m]
        assert len(told) == 1
        assert "tab" in told[0]


async def test_a_wrong_setting_is_told_with_its_key_and_the_rest_works(
    tmp_path: Path, model: ScriptedModel
) -> None:
    options = {**route(model.url), "completion": {"max_lines": "many", "debounce": 5}}
    async with session(tmp_path, options) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", "x = ")
        assert await inline(client, uri, 4) == ["compute(value)"]
        told = " ".join(messages(client))
        assert "completion.max_lines" in told
        assert "debounce_ms" in told  # did you mean


async def test_a_repository_cannot_name_a_server(tmp_path: Path, model: ScriptedModel) -> None:
    hostile = f'[models.tab]\napi = "openai"\nurl = "{model.url}"\nmodel = "x"\n[routes]\ncompletion = "tab"\n'
    (tmp_path / ".ai-lsp.toml").write_text(hostile)
    async with session(tmp_path, {}) as client:
        uri = open_file(client, tmp_path, "a.py", "x = ")
        for _ in range(10):
            await inline(client, uri, 4)
            await asyncio.sleep(0.05)
        assert model.requests == []
        assert model.lookups == []
        assert any(".ai-lsp.toml" in m for m in messages(client))


async def test_settings_change_while_running(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, {}) as client:
        uri = open_file(client, tmp_path, "a.py", "x = ")
        client.notify("workspace/didChangeConfiguration", {"settings": {"ai-lsp": route(model.url)}})
        await until_async(lambda: inline(client, uri, 4), ["compute(value)"])
        off = {"ai-lsp": {"routes": {"completion": ""}}}
        client.notify("workspace/didChangeConfiguration", {"settings": off})
        await until_async(lambda: inline(client, uri, 4), [])


async def test_line_ends_and_whole_line_ranges(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(reply="f(\n\t\t2)")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        text = "# 漢𝒳\r\n\ta = \r\n"
        uri = open_file(client, tmp_path, "a.py", text)
        params = {
            "textDocument": {"uri": uri, "version": 1},
            "position": {"line": 1, "character": 5},
            "context": {"triggerKind": 2},
            "formattingOptions": {"tabSize": 4, "insertSpaces": False},
        }
        item = (await client.request("textDocument/inlineCompletion", params))["items"][0]
        assert item["insertText"] == "\ta = f(\n\t\t2)"  # editors put in their own line ends
        assert item["range"]["start"] == {"line": 1, "character": 0}
        assert item["range"]["end"] == {"line": 1, "character": 5}


async def test_pages_of_other_open_files_that_share_names_are_sent(tmp_path: Path, model: ScriptedModel) -> None:
    useful = (
        "class Invoice:\n    def total_price(self, currency): ...\n    def apply_discount(self, percent): ...\n"
    )
    (tmp_path / ".aiignore").write_text("hidden.py\n")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        open_file(client, tmp_path, "invoice.py", useful)
        open_file(client, tmp_path, "hidden.py", useful.replace("Invoice", "Hidden"))
        open_file(client, tmp_path, "weather.py", "sun = 1\nrain = 2\n" * 40)
        text = "invoice = Invoice()\ninvoice.apply_discount(5)\nprint(invoice.total_price("
        uri = open_file(client, tmp_path, "a.py", text)
        await until_async(lambda: sent_with(client, model, uri), True)
        last = model.requests[-1].prompt
        assert last.index("class Invoice") < last.index("invoice = Invoice()")
        assert "Hidden" not in last
        assert "rain" not in last


async def sent_with(client: Any, model: ScriptedModel, uri: str) -> bool:
    """Whether the next request's prompt holds the other file; it is gathered while the first one is asked."""
    end = len(client.documents[uri].text)
    client.change(uri, end, end, "x")
    await inline(client, uri, end + 1)
    return "class Invoice" in model.requests[-1].prompt


async def test_settings_asked_for_again_register_nothing_twice(tmp_path: Path, model: ScriptedModel) -> None:
    """VS Code and others send didChangeConfiguration without settings: the server shall ask for them."""
    settings: dict[str, Any] = {}
    watches = {"workspace": {"configuration": True, "didChangeWatchedFiles": {"dynamicRegistration": True}}}
    async with session(tmp_path, {}, settings=settings, capabilities=watches) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", "x = ")
        client.settings["ai-lsp"] = route(model.url)
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        await until_async(lambda: inline(client, uri, 4), ["compute(value)"])
        assert len(client.seen.registrations) == 1
