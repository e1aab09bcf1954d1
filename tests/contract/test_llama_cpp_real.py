"""The backends against a real llama.cpp server: counts of tokens, which no load on the machine can change."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from dataclasses import replace
from typing import Any

import pytest

from ai_lsp import errors
from ai_lsp.models.port import ContextFile, FimPrompt, Model, Usage
from tests.contract.asking import Heard, hear, opened, request

pytestmark = pytest.mark.real

BEFORE = "".join(f"def area_{n}(r, h):\n    return r * {n} + h\n\n\n" for n in range(40))
AFTER = "\n\n\n" + "".join(f"def volume_{n}(r, h):\n    return r * h * {n}\n\n\n" for n in range(20))
HOLE = FimPrompt(BEFORE + "def total(values):\n", "    ", AFTER, path="src/area.py", repo="shop")

# How a hole is asked: with our own text, by the server's `/infill`, and as any OpenAI-compatible server.
WAYS = [("llamacpp", "qwen-coder"), ("llamacpp", "infill"), ("openai", "qwen-coder")]
every_way = pytest.mark.parametrize(("api", "template"), WAYS)
our_text = pytest.mark.parametrize(("api", "template"), [way for way in WAYS if way[1] != "infill"])


def model_at(url: str, api: str, template: str = "", timeout_s: float = 30) -> Model:
    return opened(api, url, model="tiny", template=template, timeout_s=timeout_s)


def slots(url: str) -> Any:
    with urllib.request.urlopen(f"{url}/slots", timeout=5) as answer:
        return json.load(answer)


async def until_idle(url: str, limit_s: float = 5.0) -> float:
    """Seconds until no slot of the server works."""
    start = time.monotonic()
    while any(each["is_processing"] for each in await asyncio.to_thread(slots, url)):
        assert time.monotonic() - start < limit_s, "the server still works on an abandoned request"
        await asyncio.sleep(0.005)
    return time.monotonic() - start


@every_way
async def test_a_hole_is_filled_in_pieces(real_llama: str, api: str, template: str) -> None:
    model = model_at(real_llama, api, template)
    heard = await hear(model, request(HOLE, max_tokens=24))
    assert len(heard.chunks) > 3
    assert heard.finish in ("length", "stop")
    usage = heard.chunks[-1].usage
    assert usage
    assert usage.prompt_tokens
    assert usage.prompt_tokens > 500
    assert 1 <= (usage.output_tokens or 0) <= 24
    await model.aclose()


async def fresh_tokens_per_key(model: Model, text: str) -> list[int]:
    """Prompt tokens that the server reads anew at each key of `text`, after a first request without it."""
    await hear(model, request(HOLE, max_tokens=1))
    counts = []
    for end in range(1, len(text) + 1):
        heard = await hear(model, request(replace(HOLE, typed=HOLE.typed + text[:end]), max_tokens=4))
        usage = heard.chunks[-1].usage
        assert usage
        assert usage.prompt_tokens is not None
        assert usage.cached_tokens is not None
        counts.append(usage.prompt_tokens - usage.cached_tokens)
    return counts


@our_text
async def test_a_key_within_a_line_costs_the_server_a_few_tokens(
    real_llama: str, api: str, template: str
) -> None:
    model = model_at(real_llama, api, template)
    counts = await fresh_tokens_per_key(model, "return sum(v for v")
    assert max(counts) <= 4, counts
    assert sum(counts) / len(counts) <= 2.5, counts
    await model.aclose()


async def test_a_prompt_is_read_ahead_for_a_token_at_most(real_llama: str) -> None:
    """What warming rests on: asked for no token b11549 writes one, and the next key reads next to nothing."""
    model = model_at(real_llama, "llamacpp", "qwen-coder")
    await hear(
        model, request(replace(HOLE, prefix="x = 1\n" + HOLE.prefix), max_tokens=1)
    )  # something else is kept
    heard = await hear(model, request(HOLE, max_tokens=0))
    assert (heard.chunks[-1].usage or Usage()).output_tokens in (0, 1)
    usage = (await hear(model, request(replace(HOLE, typed=HOLE.typed + "r"), max_tokens=4))).chunks[-1].usage
    assert usage
    assert (usage.prompt_tokens or 0) - (usage.cached_tokens or 0) <= 4
    await model.aclose()


async def test_infill_reads_the_whole_suffix_again_at_each_key(real_llama: str) -> None:
    """Why it is not the default. A failure here is good news: llama.cpp has moved the typed part behind it."""
    model = model_at(real_llama, "llamacpp", "infill")
    counts = await fresh_tokens_per_key(model, "return sum")
    assert min(counts) > 100, counts
    await model.aclose()


@every_way
async def test_an_abandoned_request_frees_the_server(real_llama: str, api: str, template: str) -> None:
    model = model_at(real_llama, api, template)
    heard = Heard()
    task = asyncio.create_task(hear(model, request(HOLE, max_tokens=6000), heard))
    while not heard.chunks and not task.done():
        await asyncio.sleep(0.002)
    assert not task.done(), "the answer was too short to be abandoned"
    task.cancel()
    assert await until_idle(real_llama) < 0.5
    await model.aclose()


@every_way
async def test_the_time_limit_keeps_what_came_and_frees_the_server(
    real_llama: str, api: str, template: str
) -> None:
    model = model_at(real_llama, api, template, timeout_s=0.4)
    heard = await hear(model, request(replace(HOLE, prefix=""), max_tokens=7500))
    assert heard.finish == "timeout"
    assert heard.text
    assert await until_idle(real_llama) < 0.5
    await model.aclose()


@our_text
async def test_other_files_are_read_and_then_kept(real_llama: str, api: str, template: str) -> None:
    model = model_at(real_llama, api, template)
    files = (ContextFile("src/rates.py", "RATE = 3\n" * 60),)
    first, second = [
        (await hear(model, request(replace(HOLE, files=files, typed=typed), max_tokens=2))).chunks[-1].usage
        for typed in ("    re", "    ret")
    ]
    assert first
    assert second
    assert (first.prompt_tokens or 0) > 700
    assert (second.prompt_tokens or 0) - (second.cached_tokens or 0) <= 3
    await model.aclose()


@pytest.mark.parametrize("api", ["llamacpp", "openai"])
async def test_it_chats(real_llama: str, api: str) -> None:
    model = model_at(real_llama, api)
    heard = await hear(model, request(max_tokens=12))
    assert heard.finish
    assert heard.chunks[-1].usage
    await model.aclose()


@every_way
async def test_a_prompt_over_the_context_is_told_with_its_size(real_llama: str, api: str, template: str) -> None:
    model = model_at(real_llama, api, template)
    long = replace(HOLE, prefix="area = 1  # π\n" * 4000)
    if template == "infill":
        # /infill cuts the prefix by itself to what fits its batch.
        assert (await hear(model, request(long, max_tokens=2))).finish
    else:
        with pytest.raises(errors.PromptTooLong) as caught:
            await hear(model, request(long, max_tokens=2))
        assert caught.value.limit_tokens == 8192
    await model.aclose()


@every_way
async def test_a_stop_string_ends_the_answer(real_llama: str, api: str, template: str) -> None:
    model = model_at(real_llama, api, template)
    whole = (await hear(model, request(HOLE, max_tokens=40))).text
    stop = whole[len(whole) // 2 :][:3]
    heard = await hear(model, request(HOLE, max_tokens=40, stop=(stop,)))
    assert heard.text == whole[: whole.index(stop)]
    assert heard.finish == "stop"
    await model.aclose()


async def test_the_probe_tells_who_it_is(real_llama: str) -> None:
    found = await model_at(real_llama, "llamacpp").probe()
    assert found.problem == ""
    assert (found.model, found.template, found.context_tokens) == ("tiny.gguf", "infill", 8192)
    found = await model_at(real_llama, "openai", "qwen-coder").probe()
    assert found.reachable
    assert "tiny" in found.advice, "it lists the names that the server knows"


async def test_a_connection_closed_without_a_word_is_replaced(real_llama: str) -> None:
    """llama.cpp closes after a streamed answer and does not say so: requests in a row meet dead connections."""
    model = model_at(real_llama, "llamacpp", "qwen-coder")
    for _ in range(40):
        assert (await hear(model, request(HOLE, max_tokens=1))).finish
    await model.aclose()


async def test_llama_cpp_still_closes_after_a_stream(real_llama: str) -> None:
    """The reason for the second try in models/wire.py; when this fails, it may go."""
    host, _, port = real_llama.removeprefix("http://").partition(":")
    body = b'{"prompt": "def f", "n_predict": 1, "stream": true}'
    head = b"POST /completion HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head % len(body) + body)
    answer = await asyncio.wait_for(reader.read(-1), 2)  # to its end: the server closes
    assert b"connection: close" not in answer.lower()
    writer.close()
