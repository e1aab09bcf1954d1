"""Every failure of a model server becomes one leaf of the error tree, says what to do, and holds no secret."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ai_lsp import errors
from ai_lsp.models.registry import apis
from tests.contract.asking import Heard, hear, opened, request
from tests.scripted_model import ScriptedModel

every_api = pytest.mark.parametrize("api", apis())
KEY = "sk-very-secret-0123456789"


@pytest.fixture
async def server(api: str) -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(reply="x = 1\n", dialect=api) as server:
        yield server


def said(message: str, **more: object) -> bytes:
    return json.dumps({"error": {"message": message} | more}).encode()


STATUSES = {
    "no key": (401, said("missing key"), errors.BadCredentials, "key_env"),
    "not allowed": (403, b"", errors.BadCredentials, "key_env"),
    "no such model": (404, said("model not found"), errors.NoSuchModel, '"model"'),
    "too large": (413, b"", errors.PromptTooLong, "context_tokens"),
    "too long, openai": (
        400,
        said(
            "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens."
        ),
        errors.PromptTooLong,
        "context_tokens",
    ),
    "too long, llama.cpp": (
        400,
        said("the request exceeds the available context size", type="exceed_context_size_error", n_ctx=4096),
        errors.PromptTooLong,
        "context_tokens",
    ),
    "too long, anthropic": (
        400,
        json.dumps(
            {"type": "error", "error": {"message": "prompt is too long: 9 tokens > 4096 maximum"}}
        ).encode(),
        errors.PromptTooLong,
        "context_tokens",
    ),
    "cannot infill": (501, said("This server does not support infill."), errors.UnknownTemplate, "template"),
    "cannot insert": (400, b'{"error":"\\"m\\" does not support insert"}', errors.UnknownTemplate, "template"),
    "odd field": (400, said("unknown field: foo"), errors.BadRequest, '"api"'),
    "teapot": (418, b"short and stout", errors.BadRequest, '"api"'),
    "broken": (500, said("out of memory"), errors.ServerFailed, "log"),
    "loading": (503, said("Loading model"), errors.ServerFailed, "log"),
    "bad gateway page": (502, b"<html><body>nginx</body></html>", errors.ServerFailed, "log"),
}


@every_api
@pytest.mark.parametrize("case", STATUSES)
async def test_a_status_becomes_its_error(api: str, case: str, server: ScriptedModel) -> None:
    status, body, kind, advice = STATUSES[case]
    server.change(status=status, body=body)
    model = opened(api, server.url)
    with pytest.raises(kind) as caught:
        await hear(model, request())
    assert type(caught.value) is kind
    assert advice in caught.value.advice
    assert str(status) in str(caught.value)
    assert "<html>" not in str(caught.value)
    if isinstance(caught.value, errors.PromptTooLong) and status == 400 and "anthropic" not in case:
        assert caught.value.limit_tokens == 4096
    server.change(status=200)
    assert (await hear(model, request())).text == "x = 1\n", "it recovers by itself"
    await model.aclose()


@every_api
@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", None), ("-1", None)])
async def test_too_many_requests_says_how_long_to_wait(
    api: str, server: ScriptedModel, header: str, seconds: float | None
) -> None:
    server.change(status=429, body=said("slow down"), headers=(("Retry-After", header),))
    model = opened(api, server.url)
    with pytest.raises(errors.RateLimited) as caught:
        await hear(model, request())
    assert caught.value.retry_after_s == seconds
    await model.aclose()


NO_ANSWERS = {
    "broken json": b'data: {"choi\n\n',
    "broken line": b'{"response": \n',
    "no object": b"data: [1, 2]\n\n",
    "prose": b"Hello! I am a web server and all is well.\n",
    "nothing": b"",
    "another shape": b'data: {"choices": [7], "content": 7, "type": 7, "message": 7, "delta": 7}\n\n',
    "another shape in lines": b'{"choices": [7], "content": 7, "type": 7, "response": 7, "message": 7}\n',
    "deep": b"data: " + b"[" * 100_000 + b"\n\n",
    "no utf-8": b"\xff\xfe\x80\x81\n\n",
}


@every_api
@pytest.mark.parametrize("case", NO_ANSWERS)
async def test_an_answer_of_another_kind_is_malformed(api: str, case: str, server: ScriptedModel) -> None:
    server.change(raw=NO_ANSWERS[case])
    model = opened(api, server.url)
    with pytest.raises((errors.MalformedAnswer, errors.ModelUnreachable)) as caught:
        await hear(model, request())
    assert caught.value.advice
    await model.aclose()


@every_api
async def test_a_web_page_is_malformed(api: str, server: ScriptedModel) -> None:
    page = b"<!DOCTYPE html><html><title>Router login</title></html>"
    server.change(raw=page, content_type="text/html; charset=utf-8")
    model = opened(api, server.url)
    with pytest.raises(errors.MalformedAnswer, match="web page") as caught:
        await hear(model, request())
    assert '"url"' in caught.value.advice
    assert "Router" not in str(caught.value)
    await model.aclose()


@every_api
async def test_an_event_without_end_is_bounded(api: str, server: ScriptedModel) -> None:
    server.change(raw=b'data: {"content": "' + b"x" * 5_000_000, never_ends=True)
    model = opened(api, server.url)
    with pytest.raises(errors.MalformedAnswer):
        await hear(model, request())
    await model.aclose()


STREAMED = {
    "overloaded": (
        {"type": "error", "error": {"type": "overloaded_error", "message": "later"}},
        errors.ServerFailed,
    ),
    "context": (
        {"error": {"code": 400, "message": "exceeds the context size", "n_ctx": 512}},
        errors.PromptTooLong,
    ),
    "words": ({"error": "llama runner process has terminated"}, errors.ServerFailed),
    "rate": ({"error": {"code": 429, "message": "slow down"}}, errors.RateLimited),
}


@every_api
@pytest.mark.parametrize("case", STREAMED)
async def test_an_error_inside_the_stream_becomes_its_error(api: str, case: str, server: ScriptedModel) -> None:
    event, kind = STREAMED[case]
    text = json.dumps(event).encode()
    server.change(raw=text + b"\n" if api == "ollama" else b"data: " + text + b"\n\n")
    model = opened(api, server.url)
    with pytest.raises(kind):
        await hear(model, request())
    await model.aclose()


@every_api
async def test_silence_is_a_timeout_with_advice(api: str, server: ScriptedModel) -> None:
    server.change(first_token_ms=60_000)
    model = opened(api, server.url, timeout_s=0.2)
    with pytest.raises(errors.ModelTimeout) as caught:
        await hear(model, request())
    assert "timeout_s" in caught.value.advice
    await server.until(lambda each: each.disconnects)
    await model.aclose()


@every_api
async def test_nothing_listening_is_told_and_cured_by_a_start(api: str) -> None:
    async with ScriptedModel(reply="x = 1\n", dialect=api) as gone:
        url, port = gone.url, gone.port
    model = opened(api, url)
    with pytest.raises(errors.ModelUnreachable, match="nothing listens"):
        await hear(model, request())
    found = await model.probe()
    assert (found.reachable, bool(found.problem), bool(found.advice)) == (False, True, True)
    async with ScriptedModel(reply="x = 1\n", dialect=api, port=port):
        assert (await hear(model, request())).text == "x = 1\n"
    await model.aclose()


@every_api
async def test_a_server_that_restarts_between_requests_is_no_failure(api: str) -> None:
    async with ScriptedModel(reply="x = 1\n", dialect=api) as first:
        model = opened(api, first.url)
        await hear(model, request())
    async with ScriptedModel(reply="x = 2\n", dialect=api, port=first.port):
        assert (await hear(model, request())).text == "x = 2\n"
    await model.aclose()


@every_api
async def test_a_name_that_does_not_resolve_is_told(api: str) -> None:
    model = opened(api, "http://no-such-host.invalid:8012")
    with pytest.raises(errors.ModelUnreachable, match="does not resolve"):
        await hear(model, request())
    await model.aclose()


@every_api
async def test_https_at_a_plain_server_is_told(api: str, server: ScriptedModel) -> None:
    model = opened(api, server.url.replace("http:", "https:"), timeout_s=2)
    with pytest.raises(errors.ModelUnreachable, match="secure"):
        await hear(model, request())
    await model.aclose()


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command to make a certificate")
async def test_a_certificate_that_nobody_vouches_for_is_refused_even_here(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
    ]
    subject = ["1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*made, *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate, key)
    received: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=served)
    model = opened("openai", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(errors.ModelUnreachable, match="secure"):
        await hear(model, request())
    assert received == []
    server.close()
    await model.aclose()


@every_api
async def test_a_redirect_is_told_and_the_key_stays_here(
    api: str, server: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    async with ScriptedModel(reply="stolen", dialect=api) as elsewhere:
        server.change(status=307, headers=(("Location", elsewhere.url + "/v1/completions?a=b"),))
        model = opened(api, server.url, key_env="TEST_MODEL_KEY")
        with pytest.raises(errors.BadRequest) as caught:
            await hear(model, request())
        assert elsewhere.url in caught.value.advice
        assert elsewhere.connections == 0
        await model.aclose()


@every_api
async def test_the_key_is_sent_and_told_to_nobody(
    api: str, server: ScriptedModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    model = opened(api, server.url, key_env="TEST_MODEL_KEY")
    await hear(model, request())
    assert KEY in " ".join(server.requests[0].headers.values())
    server.change(status=401, body=said(f"Incorrect API key provided: {KEY}"))
    with pytest.raises(errors.BadCredentials) as caught:
        await hear(model, request())
    told = f"{caught.value!r} {caught.value} {caught.value.advice} {caught.value.__cause__} {await model.probe()}"
    assert KEY not in told + caplog.text + repr(model) + repr(vars(model))
    assert "TEST_MODEL_KEY" in caught.value.advice
    await model.aclose()


@every_api
async def test_a_key_that_is_not_set_is_told_before_anything_is_sent(
    api: str, server: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_MODEL_KEY", raising=False)
    model = opened(api, server.url, key_env="TEST_MODEL_KEY")
    with pytest.raises(errors.BadCredentials, match="TEST_MODEL_KEY"):
        await hear(model, request())
    assert not (await model.probe()).reachable or (await model.probe()).problem
    assert server.connections == 0
    await model.aclose()


@pytest.mark.parametrize("api", sorted({*apis()} - {"llamacpp"}))  # that serves one model and takes any name
async def test_a_model_the_server_does_not_have_is_told_by_the_probe(api: str, server: ScriptedModel) -> None:
    found = await opened(api, server.url, model="no-such-model").probe()
    assert found.reachable
    assert "no-such-model" in found.problem
    assert "qwen2.5-coder-1.5b" in found.advice


@every_api
async def test_a_probe_of_a_hanging_server_ends(api: str, server: ScriptedModel) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    hanging = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = hanging.sockets[0].getsockname()[1]
    found = await opened(api, f"http://127.0.0.1:{port}", timeout_s=0.2).probe()
    assert not found.reachable
    assert found.problem
    hanging.close()


@every_api
async def test_what_came_before_a_malformed_event_is_kept(api: str, server: ScriptedModel) -> None:
    whole = {
        "openai": b'data: {"choices":[{"delta":{"content":"x = "}}]}\n\n',
        "mistral": b'data: {"choices":[{"delta":{"content":"x = "}}]}\n\n',
        "llamacpp": b'data: {"choices":[{"delta":{"content":"x = "}}]}\n\n',
        "ollama": b'{"message":{"content":"x = "},"done":false}\n',
        "anthropic": b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"x = "}}\n\n',
    }
    server.change(raw=whole[api] + b"data: {]\n\n{]\n", write_bytes=len(whole[api]), write_ms=30)
    model = opened(api, server.url)
    heard = Heard()
    with pytest.raises(errors.MalformedAnswer):
        await hear(model, request(), heard)
    assert heard.text == "x = "
    await model.aclose()
