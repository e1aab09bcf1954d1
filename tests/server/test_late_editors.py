"""Editors that do not ask at each key, or ask before they tell what was typed: ghost text keeps up even so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.scripted_model import ScriptedModel
from tests.server.driving import open_file, ready, route, session, until

TEXT = "a = 1\nb = 2\nc = 3\nx = "
REPLY = "total(items, prices)"


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(reply=REPLY, dialect="llamacpp") as server:
        yield server


async def shown(call: Any) -> str | None:
    answer = await call.answer
    return None if answer is None else "".join(item["insertText"] for item in answer["items"])


async def learned(client: LspClient, root: Path, wait_s: float) -> None:
    """The server has seen how long after a key this editor asks."""
    uri = open_file(client, root, "before.py", "q = \n")
    for n in range(4):
        client.change(uri, 4 + n, 4 + n, "t")
        await asyncio.sleep(wait_s)
        await client.ask_inline(uri, 5 + n).answer


async def test_vs_code_takes_its_request_back_at_each_key_and_loses_nothing(
    tmp_path: Path, model: ScriptedModel
) -> None:
    """It cancels at the key and asks 50 ms later: the stream that agrees waits for it."""
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        await learned(client, tmp_path, 0.05)
        uri, at = open_file(client, tmp_path, "a.py", TEXT), len(TEXT)
        model.change(tokens_per_s=12)
        seen, call = len(model.requests), client.ask_inline(uri, at)
        await until(lambda: len(model.requests) > seen and model.requests[-1].first_at)
        for key in "tota":
            client.cancel(call)
            client.change(uri, at, at, key)
            at += 1
            await asyncio.sleep(0.05)
            call = client.ask_inline(uri, at)
        found = await shown(call)
        assert found
        assert REPLY[4:].startswith(found)
        assert len(model.requests) == seen + 1


async def test_what_neovim_will_ask_in_a_pause_is_on_its_way_before(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        await learned(client, tmp_path, 0.1)
        uri, at = open_file(client, tmp_path, "a.py", TEXT), len(TEXT)
        await asyncio.sleep(0.2)
        seen = len(model.requests)
        client.change(uri, at, at, "y")
        await until(lambda: len(model.requests) == seen + 1 and model.requests[-1].ended_at)
        assert await shown(client.ask_inline(uri, at + 1)) == REPLY
        client.change(uri, 0, 5, "")  # no key: a line was deleted
        client.change(uri, 0, 0, "pasted = 1")
        await asyncio.sleep(0.2)
        assert len(model.requests) == seen + 1


async def test_a_stream_that_nobody_came_for_is_closed(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        await learned(client, tmp_path, 0.1)
        uri, at = open_file(client, tmp_path, "a.py", TEXT), len(TEXT)
        await asyncio.sleep(0.2)  # whether it may be read is known
        model.change(tokens_per_s=1)
        client.change(uri, at, at, "y")
        await until(lambda: model.disconnects)


@pytest.mark.parametrize("typed", ["", "t"])
async def test_a_request_whose_text_comes_after_it_is_answered_for_that_text(
    tmp_path: Path, model: ScriptedModel, typed: str
) -> None:
    """Also where the user has typed on and the editor, as Neovim in a burst, has not asked again."""
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri, at = open_file(client, tmp_path, "a.py", TEXT), len(TEXT)
        model.change(tokens_per_s=20)
        call = client.ask_inline(uri, at)
        await until(lambda: bool(model.requests))
        if typed:
            client.change(uri, at, at, typed)
        answer = await call.answer
        (item,) = answer["items"]
        assert REPLY[len(typed) :].startswith(item["insertText"])
        assert (
            item["range"]["start"]
            == item["range"]["end"]
            == client.documents[uri].position(at + len(typed)).to_json()
        )


async def test_a_whole_text_is_taken_for_the_key_it_was(tmp_path: Path, model: ScriptedModel) -> None:
    """A new line in front of a line's end may be either of the two; it is the one at the cursor."""
    model.change(reply="\n    y = 1\n    z = 2")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        text = "def f():\n    pass\n\n\ndef g():"
        uri = open_file(client, tmp_path, "a.py", f"{text}\n\nk = 1\n")
        first = await shown(client.ask_inline(uri, len(text)))
        assert first == "\n    y = 1\n    z = 2"
        mirror = client.documents[uri]
        mirror.replace(len(text), len(text), "\n    ")
        document = {"uri": uri, "version": mirror.version}
        changes = [{"text": mirror.text}]
        client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        assert await shown(client.ask_inline(uri, len(text) + 5)) == "y = 1\n    z = 2"
        assert len(model.requests) == 1
