"""Ghost text that keeps up: streams are joined, answers kept, and the next one is asked for ahead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.scripted_model import ScriptedModel
from tests.server.driving import open_file, ready, route, session, until

TEXT = "import os\nimport sys\n\n\ndef total(items):\n    "
REPLY = "return sum(\n        item.price\n        for item in items\n    )\n"


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(reply=REPLY, dialect="llamacpp") as server:
        yield server


async def shown(client: LspClient, uri: str, offset: int) -> str | None:
    """The ghost text as a typing editor asks for it; None where the request was superseded."""
    answer = await client.ask_inline(uri, offset).answer
    if answer is None:
        return None
    return "".join(item["insertText"] for item in answer["items"])


async def test_a_key_joins_the_stream_that_is_on_its_way(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(first_token_ms=400)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        older = client.ask_inline(uri, len(TEXT))
        await until(lambda: len(model.requests) == 1)
        client.change(uri, len(TEXT), len(TEXT), "ret")
        newer = client.ask_inline(uri, len(TEXT) + 3)
        assert await older.answer is None
        (item,) = (await newer.answer)["items"]
        assert item["insertText"] == REPLY[3:].rstrip()
        assert len(model.requests) == 1
        assert not model.disconnects


async def test_a_key_that_disagrees_closes_the_stream_and_asks_anew(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(tokens_per_s=4)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        older = client.ask_inline(uri, len(TEXT))
        await until(lambda: model.requests and model.requests[0].first_at)
        await asyncio.sleep(0.05)
        client.change(uri, len(TEXT), len(TEXT), "x")
        client.ask_inline(uri, len(TEXT) + 1)
        assert await older.answer is None
        await until(lambda: len(model.requests) == 2 and len(model.disconnects) == 1)


async def test_an_answer_serves_all_its_lines_after_backspace_and_a_look_elsewhere(
    tmp_path: Path, model: ScriptedModel
) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        other = open_file(client, tmp_path, "b.py", "y = \n")
        at = len(TEXT)
        assert await shown(client, uri, at) == REPLY.rstrip()
        client.change(uri, at, at, "return sum(\n        it")
        assert await shown(client, uri, at + 22) == REPLY[22:].rstrip()
        client.change(uri, at + 20, at + 22, "x")  # something else, and back again
        client.change(uri, at + 20, at + 21, "")
        client.change(other, 4, 4, "1")
        assert await shown(client, uri, at + 20) == REPLY[20:].rstrip()
        assert len(model.requests) == 1


async def test_a_bracket_that_the_editor_closes_is_typed_through(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(reply="total(items)")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        text = "a = 1\nb = 2\nc = 3\nx = "
        uri = open_file(client, tmp_path, "a.py", text)
        assert await shown(client, uri, len(text)) == "total(items)"
        client.change(uri, len(text), len(text), "total()")
        assert await shown(client, uri, len(text) + 6) == "items"
        assert len(model.requests) == 1


async def test_what_follows_an_acceptance_is_asked_for_ahead(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(reply=["total", " = 3\n"])
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", "a = 1\nb = 2\nc = 3\n")
        items = client.inline_items(uri, 18, await client.ask_inline(uri, 18).answer)
        client.cancel(client.ask_inline(uri, 18))
        assert await shown(client, uri, 18) == "total"  # known: so the next can be asked for
        await until(lambda: len(model.requests) == 2 and model.requests[1].ended_at)
        await asyncio.sleep(0.05)
        offset = client.accept(uri, items[0])
        assert await shown(client, uri, offset) == " = 3"
        assert len(model.requests) == 2


async def test_a_dismissed_suggestion_does_not_come_back_from_the_cache(
    tmp_path: Path, model: ScriptedModel
) -> None:
    model.change(reply=["total", "other"])
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", "a = 1\nb = 2\nc = 3\n")
        (item,) = (await client.ask_inline(uri, 18).answer)["items"]
        await client.request(
            "workspace/executeCommand", {"command": "ai-lsp.reject", "arguments": item["command"]["arguments"]}
        )
        client.change(uri, 18, 18, "\n")
        client.change(uri, 18, 19, "")
        assert await shown(client, uri, 18) != "total"


async def test_a_line_typed_to_its_end_before_the_stream_ended_asks_for_what_follows(
    tmp_path: Path, model: ScriptedModel
) -> None:
    """The stream is closed at the end of the statement: that the rest is empty does not mean there is none."""
    model.change(reply=["total\n", "\nother = 1\n"], tokens_per_s=8)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        text = "a = 1\nb = 2\nc = 3\nx = "
        uri = open_file(client, tmp_path, "a.py", text)
        older = client.ask_inline(uri, len(text))
        await until(lambda: model.requests and model.requests[0].first_at)
        client.change(uri, len(text), len(text), "total")
        found = await shown(client, uri, len(text) + 5)
        assert found is not None
        assert found.startswith("\nother")
        assert await older.answer is None
        assert len(model.requests) == 2


async def test_what_is_known_is_shown_at_once_while_more_is_on_its_way(
    tmp_path: Path, model: ScriptedModel
) -> None:
    """An editor may take ghost text away at each key until it has an answer."""
    model.change(reply="total of all the items there are", tokens_per_s=12)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        text = "a = 1\nb = 2\nc = 3\n# "
        uri = open_file(client, tmp_path, "a.py", text)
        first = await shown(client, uri, len(text))
        assert first is not None
        assert first.startswith("total")
        client.change(uri, len(text), len(text), "t")
        began = time.monotonic()
        rest = await shown(client, uri, len(text) + 1)
        assert rest is not None
        assert rest.startswith(first[1:])
        assert time.monotonic() - began < 0.05


async def test_asked_by_hand_other_answers_are_offered_beside_the_first(
    tmp_path: Path, model: ScriptedModel
) -> None:
    body = "def start(self):\n    self.connection = open_connection(self.address)\n"
    for name in "bcdef":
        (tmp_path / f"{name}.py").write_text(body)
    model.change(reply="nect(self.address)")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        text = body[: body.index("nection(")]
        uri = open_file(client, tmp_path, "a.py", text)
        for _ in range(100):  # the predictor learns the workspace meanwhile
            found = (await client.ask_inline(uri, len(text), trigger=1).answer)["items"]
            if len(found) > 1:
                break
            await asyncio.sleep(0.05)
        first, second = found
        assert first["insertText"] == "nect(self.address)"
        assert second["insertText"].startswith("nection(self")
        client.change(uri, len(text), len(text), second["insertText"])
        await client.request("workspace/executeCommand", second["command"])
        while_typing = (await client.ask_inline(uri, len(client.documents[uri].text)).answer)["items"]
        assert len(while_typing) <= 1


async def test_half_an_answer_is_not_shown_torn_off(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(reply="name: str) -> tuple", tokens_per_s=20, hang_after=1_000)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        text = "import os\nimport sys\n\n\ndef total("
        uri = open_file(client, tmp_path, "a.py", text)
        found = await shown(client, uri, len(text))
        assert found
        assert found[-1] not in " ->:,"
