"""Every file of models/backends keeps the promises of `Model`, against a real HTTP server in its dialect."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest

from ai_lsp import errors
from ai_lsp.models.port import ChatPrompt, Message
from ai_lsp.models.registry import apis, open_model
from ai_lsp.models.settings import ModelSettings
from tests.contract.asking import Heard, hear, opened, request
from tests.scripted_dialects import DIALECTS
from tests.scripted_model import ScriptedModel

every_api = pytest.mark.parametrize("api", apis())
TEXT = "def area(r):\n    return π * r ** 2  # 面積 🙂\n"


@pytest.fixture
async def server(api: str) -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(reply=TEXT, dialect=api) as server:
        yield server


def test_each_backend_has_a_dialect_to_be_tested_in() -> None:
    assert set(apis()) == set(DIALECTS)


@every_api
async def test_text_streams_while_the_server_still_writes(api: str, server: ScriptedModel) -> None:
    server.change(tokens_per_s=40)
    model = opened(api, server.url)
    arrived: list[float] = []
    heard = Heard()
    async for chunk in model.stream(request()):
        heard.chunks.append(chunk)
        arrived.append(time.monotonic())
    assert heard.text == TEXT
    assert heard.finish == "stop"
    assert all(each.finish is None for each in heard.chunks[:-1])
    ended_at = server.requests[0].ended_at
    assert ended_at
    assert arrived[0] < ended_at - 0.1
    await model.aclose()


@every_api
async def test_one_connection_serves_probe_and_requests(api: str, server: ScriptedModel) -> None:
    model = opened(api, server.url)
    assert (await model.probe()).problem == ""
    for _ in range(3):
        assert (await hear(model, request())).text == TEXT
    assert server.connections == 1
    await model.aclose()


@every_api
async def test_a_character_cut_by_any_write_is_whole_again(api: str, server: ScriptedModel) -> None:
    server.change(write_bytes=1)
    model = opened(api, server.url)
    assert (await hear(model, request())).text == TEXT
    await model.aclose()


@every_api
async def test_cancelling_closes_the_socket_within_100_ms(api: str, server: ScriptedModel) -> None:
    server.change(tokens_per_s=5)
    model = opened(api, server.url, timeout_s=60)
    task = asyncio.create_task(hear(model, request()))
    await server.until(lambda each: each.requests and each.requests[0].at)
    await asyncio.sleep(0.05)
    cancelled_at = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.until(lambda each: each.disconnects)
    gone_at = server.requests[0].disconnected_at
    assert gone_at
    assert gone_at - cancelled_at < 0.1
    server.change(tokens_per_s=0)
    assert (await hear(model, request())).text == TEXT, "the client is usable after a cancel"
    await model.aclose()


@every_api
async def test_cancelling_before_the_first_byte_closes_it_too(api: str, server: ScriptedModel) -> None:
    server.change(first_token_ms=60_000)
    model = opened(api, server.url, timeout_s=60)
    task = asyncio.create_task(hear(model, request()))
    await server.until(lambda each: each.requests)
    cancelled_at = time.monotonic()
    task.cancel()
    await server.until(lambda each: each.disconnects)
    assert (server.requests[0].disconnected_at or 1e9) - cancelled_at < 0.1
    await model.aclose()


@every_api
async def test_closing_the_iterator_closes_the_socket(api: str, server: ScriptedModel) -> None:
    server.change(tokens_per_s=5)
    model = opened(api, server.url, timeout_s=60)
    stream = model.stream(request())
    await anext(stream)
    await stream.aclose()
    await server.until(lambda each: each.disconnects)
    await model.aclose()


@every_api
async def test_a_stop_string_ends_the_answer_though_the_server_ignores_it(
    api: str, server: ScriptedModel
) -> None:
    server.change(reply="one\n\n\ntwo and a lot more " * 50, ignores_stops=True, tokens_per_s=200)
    model = opened(api, server.url)
    heard = await hear(model, request(stop=("wo and a", "\n\n\n\n")))
    assert (heard.text, heard.finish) == ("one\n\n\nt", "stop")
    await server.until(lambda each: each.disconnects)
    await model.aclose()


@every_api
async def test_the_start_of_a_stop_string_that_is_none_is_kept(api: str, server: ScriptedModel) -> None:
    server.change(reply="a <|im_e and <|", ignores_stops=True)
    model = opened(api, server.url)
    assert (await hear(model, request(stop=("<|im_end|>",)))).text == "a <|im_e and <|"
    await model.aclose()


@every_api
async def test_a_stream_left_open_after_its_end_is_not_waited_for(api: str, server: ScriptedModel) -> None:
    server.change(never_ends=True)
    model = opened(api, server.url, timeout_s=30)
    start = time.monotonic()
    heard = await hear(model, request())
    assert (heard.text, heard.finish) == (TEXT, "stop")
    assert time.monotonic() - start < 1.5
    await model.aclose()


@every_api
async def test_the_token_limit_is_told(api: str, server: ScriptedModel) -> None:
    model = opened(api, server.url)
    heard = await hear(model, request(max_tokens=3))
    assert heard.finish == "length"
    assert TEXT.startswith(heard.text)
    await model.aclose()


@every_api
async def test_usage_comes_with_the_last_chunk(api: str, server: ScriptedModel) -> None:
    model = opened(api, server.url)
    last = (await hear(model, request())).chunks[-1]
    assert last.usage
    assert last.usage.prompt_tokens
    assert last.usage.output_tokens
    assert last.usage.prompt_tokens >= 4
    await model.aclose()


@every_api
async def test_a_server_that_does_not_stream_is_understood(api: str, server: ScriptedModel) -> None:
    server.change(streams=False)
    model = opened(api, server.url)
    heard = await hear(model, request())
    assert (heard.text, heard.finish) == (TEXT, "stop")
    await model.aclose()


@every_api
async def test_the_time_limit_keeps_what_came(api: str, server: ScriptedModel) -> None:
    server.change(reply="word " * 400, tokens_per_s=50)
    model = opened(api, server.url, timeout_s=0.4)
    start = time.monotonic()
    heard = await hear(model, request())
    assert heard.finish == "timeout"
    assert heard.text.startswith("word word")
    assert time.monotonic() - start < 0.8
    await server.until(lambda each: each.disconnects)
    await model.aclose()


@every_api
async def test_a_drip_of_bytes_does_not_outlast_the_limit(api: str, server: ScriptedModel) -> None:
    server.change(write_bytes=1, write_ms=30)
    model = opened(api, server.url, timeout_s=0.3)
    start = time.monotonic()
    with pytest.raises(errors.ModelTimeout, match=r"0\.3 s"):
        await hear(model, request())
    assert time.monotonic() - start < 0.7
    await model.aclose()


@every_api
async def test_an_answer_without_end_is_bounded(api: str, server: ScriptedModel) -> None:
    server.change(reply="word" * 2_000_000, piece_chars=20_000)
    model = opened(api, server.url, timeout_s=20)
    heard = await hear(model, request())
    assert heard.finish == "length"
    assert 1_000_000 <= len(heard.text) < 1_200_000
    await server.until(lambda each: each.disconnects)
    await model.aclose()


@every_api
async def test_a_broken_connection_is_told_after_what_came(api: str, server: ScriptedModel) -> None:
    server.change(reply="word " * 100, die_after=2000, tokens_per_s=2000)
    model = opened(api, server.url)
    heard = Heard()
    with pytest.raises(errors.ModelUnreachable) as caught:
        await hear(model, request(), heard)
    assert heard.text.startswith("word")
    assert caught.value.advice
    await model.aclose()


@every_api
async def test_text_that_is_no_unicode_does_not_break_the_request(api: str, server: ScriptedModel) -> None:
    model = opened(api, server.url)
    asked = request(ChatPrompt((Message("user", "half a pair: \ud83d, \x00, \u2028"),)))
    assert (await hear(model, asked)).text == TEXT
    await model.aclose()


@every_api
async def test_two_requests_at_once(api: str, server: ScriptedModel) -> None:
    server.change(tokens_per_s=100)
    model = opened(api, server.url)
    first, second = await asyncio.gather(hear(model, request()), hear(model, request()))
    assert first.text == second.text == TEXT
    await model.aclose()


@every_api
async def test_a_proxy_is_not_asked_for_this_machine(
    api: str, server: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    model = opened(api, server.url)
    assert (await hear(model, request())).text == TEXT
    await model.aclose()


def test_opening_nothing_imports_no_http_client() -> None:
    code = "import ai_lsp.models.registry as r, sys; r.apis(); sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_api_is_told_with_those_there_are() -> None:
    with pytest.raises(errors.SettingsError) as caught:
        open_model(ModelSettings("tab", "gemini", "http://127.0.0.1:1", "m"))
    assert all(api in caught.value.advice for api in apis())


@every_api
@pytest.mark.parametrize("url", ["", "localhost:8012", "ftp://x", "http://", "http://[::1", "http://h:99999"])
def test_a_url_that_cannot_be_one_is_told(api: str, url: str) -> None:
    with pytest.raises(errors.SettingsError, match=r"models\.tab"):
        opened(api, url)
