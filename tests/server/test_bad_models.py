"""Models and clients that misbehave while ghost text is asked for: all is answered, nothing is left running."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ai_lsp.cli.lsp_wire import RequestFailed
from tests.scripted_model import ScriptedModel
from tests.server.driving import inline, open_file, ready, route, session, until

TEXT = "a = 1\nb = 2\nc = 3\nx = "


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(reply="compute(value)", dialect="llamacpp") as server:
        yield server


async def test_bursts_of_requests_and_cancels_are_answered_and_end(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(first_token_ms=5_000)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        calls = []
        for number in range(5_000):
            client.change(uri, len(TEXT), len(client.documents[uri].text), f"v{number}")
            calls.append(client.ask_inline(uri, len(client.documents[uri].text)))
            if number % 3 == 0:
                client.cancel(calls[-1])
            if number % 200 == 0:
                await client.drain()
        client.cancel(calls[-1])
        await asyncio.wait([call.answer for call in calls], timeout=60)
        sent = time.monotonic()
        assert all(call.answer.done() for call in calls)
        codes = {e.code for call in calls if isinstance(e := call.answer.exception(), RequestFailed)}
        assert codes <= {-32800}
        await until(lambda: all(each.disconnected_at or each.ended_at for each in model.requests))
        assert time.monotonic() - sent < 2.0
        assert not client.unanswered


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ({"write_bytes": 1, "write_ms": 0.2, "reply": "größe(漢𝒳)"}, "größe(漢𝒳)"),  # half a character per chunk
        ({"reply": "value + " * 400_000}, None),  # 3 MB, for ever the same
        ({"reply": "compute(value)", "die_after": 90}, None),  # in the middle of the stream
        ({"reply": "word " * 2_000_000, "ignores_stops": True}, None),  # 10 MB
    ],
    ids=["half-characters", "for-ever", "dies", "10-MB"],
)
async def test_what_such_a_model_says_is_bounded_and_the_next_answer_is_fine(
    tmp_path: Path, model: ScriptedModel, script: dict[str, object], shown: str | None
) -> None:
    model.change(**script)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        found = await asyncio.wait_for(inline(client, uri, len(TEXT)), 15)
        if shown is not None:
            assert found == [shown]
        assert all(len(text) < 4_000 for text in found)
        model.change(reply="compute(value)", write_bytes=0, write_ms=0, die_after=None, ignores_stops=False)
        other = open_file(client, tmp_path, "b.py", "y = ")
        assert await inline(client, other, 4) == ["compute(value)"]


async def test_a_model_of_one_byte_a_second_holds_up_nothing(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(write_bytes=1, write_ms=1_000)
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        call = client.ask_inline(uri, len(TEXT))
        await until(lambda: model.requests)
        began = time.monotonic()
        await client.request("aiLsp/status", {})
        assert time.monotonic() - began < 1.0
        client.cancel(call)
        with pytest.raises(RequestFailed):
            await call.answer
        await until(lambda: model.disconnects)


async def test_versions_out_of_order_and_files_never_closed(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        for number in range(60):
            uri = open_file(client, tmp_path, f"f{number}.py", TEXT)
            client.documents[uri].version = 100 - number  # the next change says a lower one
            client.change(uri, len(TEXT), len(TEXT), "c")
        assert await inline(client, uri, len(TEXT) + 1) == ["compute(value)"]
        params = {"textDocument": {"uri": "file:///nowhere.py"}, "position": {"line": 0, "character": 0}}
        assert await client.request("textDocument/inlineCompletion", params) == {"items": []}


async def test_an_answer_that_comes_after_its_cancellation_is_shown_to_nobody(
    tmp_path: Path, model: ScriptedModel
) -> None:
    model.change(first_token_ms=250, reply="late(1)")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        call = client.ask_inline(uri, len(TEXT))
        await until(lambda: model.requests)
        cancelled = time.monotonic()
        client.cancel(call)
        with pytest.raises(RequestFailed):
            await call.answer
        await until(lambda: model.disconnects)
        assert (model.requests[0].disconnected_at or 0) - cancelled < 0.2
        model.change(reply="right(2)")
        await asyncio.sleep(0.4)
        assert await inline(client, uri, len(TEXT)) == ["right(2)"]
        assert not client.seen.unasked
        assert not client.unanswered
