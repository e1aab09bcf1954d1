"""What each backend sends for a hole, and how it reads what a hole is filled with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ai_lsp import errors
from ai_lsp.models.port import ChatPrompt, ContextFile, FimPrompt, Message, ModelRequest
from tests.contract.asking import HOLE, Heard, hear, opened, request
from tests.scripted_model import ScriptedModel

OTHER = replace(HOLE, files=(ContextFile("src/pi.py", "PI = 3.14"),))


async def sent(
    api: str, prompt: FimPrompt | ChatPrompt = HOLE, *, reply: str = "x", **more: Any
) -> dict[str, Any]:
    """Path and body of the request for `prompt`."""
    asked = request(prompt, max_tokens=32, stop=("\n\n",))
    async with ScriptedModel(reply=reply, dialect=api) as server:
        model = opened(api, server.url, **more)
        await hear(model, asked)
        await model.aclose()
        return {"path": server.requests[0].path} | server.requests[0].body


async def filled(api: str, reply: str, more: dict[str, Any], max_tokens: int = 400) -> Heard:
    """What comes back for a hole when the model answers `reply`."""
    async with ScriptedModel(reply=reply, dialect=api) as server:
        model = opened(api, server.url, **more)
        try:
            return await hear(model, request(HOLE, max_tokens=max_tokens))
        finally:
            await model.aclose()


async def test_llamacpp_pins_one_slot_and_lets_the_typed_part_stand_last() -> None:
    body = await sent("llamacpp", OTHER)
    assert body["path"] == "/completion"
    assert body["prompt"].startswith(
        "<|repo_name|>shop\n<|file_sep|>src/pi.py\nPI = 3.14\n<|file_sep|>src/area.py\n"
    )
    assert body["prompt"].endswith("<|fim_suffix|>\n<|fim_middle|>    return ")
    assert (body["cache_prompt"], body["id_slot"], body["stream"], body["n_predict"]) == (True, 0, True, 32)
    assert body["stop"][0] == "\n\n"
    assert "<|endoftext|>" in body["stop"]


async def test_llamacpp_leaves_an_unknown_model_to_infill() -> None:
    async with ScriptedModel(reply="x", dialect="llamacpp") as server:
        model = opened("llamacpp", server.url, model="my-tune", template="infill")
        await hear(model, ModelRequest(OTHER, 32, min_indent=4))
        body = server.requests[0].body
        assert server.requests[0].path == "/infill"
        assert (body["input_prefix"], body["prompt"], body["input_suffix"]) == (
            "def area(r):\n",
            "    return ",
            "\n",
        )
        assert body["input_extra"] == [{"filename": "src/pi.py", "text": "PI = 3.14\n"}]
        assert body["n_indent"] == 4
        await model.aclose()


async def test_llamacpp_asks_the_server_once_which_model_it_has() -> None:
    async with ScriptedModel(reply="x", dialect="llamacpp") as server:
        model = opened("llamacpp", server.url, model="tab")
        for _ in range(2):
            await hear(model, request(HOLE))
        assert [each.path for each in server.lookups] == ["/props"]
        assert {each.path for each in server.requests} == {"/completion"}
        await model.aclose()


async def test_llamacpp_still_loading_is_told_and_asked_again_later() -> None:
    async with ScriptedModel(reply="x", dialect="llamacpp") as server:
        server.change(status=503, body=b'{"error": {"code": 503, "message": "Loading model"}}')
        model = opened("llamacpp", server.url, model="tab")
        with pytest.raises(errors.ServerFailed, match="Loading model"):
            await hear(model, request(HOLE))
        server.change(status=200)
        await hear(model, request(HOLE))
        assert server.requests[-1].path == "/completion", "the model's name was asked for once it could tell"
        await model.aclose()


async def test_openai_renders_the_familys_tokens() -> None:
    body = await sent("openai")
    assert body["path"] == "/v1/completions"
    assert body["prompt"] == "<|fim_prefix|>def area(r):\n<|fim_suffix|>\n<|fim_middle|>    return "
    assert "suffix" not in body
    assert body["stop"][0] == "\n\n"
    assert len(body["stop"]) <= 4


async def test_openai_leaves_the_suffix_to_the_server_when_told() -> None:
    body = await sent("openai", template="suffix", model="anything")
    assert (body["prompt"], body["suffix"]) == ("def area(r):\n    return ", "\n")


@pytest.mark.parametrize(
    ("root", "path"), [("", "/v1/completions"), ("/", "/v1/completions"), ("/v1", "/v1/completions")]
)
async def test_openai_takes_the_root_with_or_without_v1(root: str, path: str) -> None:
    async with ScriptedModel(reply="x") as server:
        model = opened("openai", server.url + root)
        await hear(model, request(HOLE))
        assert server.requests[0].path == path
        await model.aclose()


async def test_openai_keeps_any_other_path() -> None:
    async with ScriptedModel(reply="x") as server:
        model = opened("openai", server.url + "/beta/")
        with pytest.raises(errors.NoSuchModel):
            await hear(model, request(HOLE))
        assert server.lookups[0].path == "/beta/completions"
        await model.aclose()


@pytest.mark.parametrize("api", ["openai", "llamacpp", "ollama"])
async def test_a_template_that_does_not_exist_is_told_before_anything_is_sent(api: str) -> None:
    async with ScriptedModel(reply="x", dialect=api) as server:
        model = opened(api, server.url, template="qwen-codr")
        with pytest.raises(errors.UnknownTemplate, match="qwen-codr"):
            await hear(model, request(HOLE))
        assert server.requests == []
        assert "qwen-codr" in (await model.probe()).problem
        await model.aclose()


async def test_openai_never_guesses_for_an_unknown_model() -> None:
    async with ScriptedModel(reply="x") as server:
        model = opened("openai", server.url, model="gpt-4o")
        with pytest.raises(errors.UnknownTemplate, match="gpt-4o"):
            await hear(model, request(HOLE))
        assert server.requests == []
        await model.aclose()


async def test_ollama_inserts_or_sends_raw_tokens() -> None:
    body = await sent("ollama")
    assert (body["path"], body["prompt"], body["suffix"]) == ("/api/generate", "def area(r):\n    return ", "\n")
    assert "raw" not in body
    assert body["options"]["num_ctx"] == 8192
    body = await sent("ollama", template="qwen-coder")
    assert body["raw"] is True
    assert body["prompt"].endswith("<|fim_middle|>    return ")


@pytest.mark.parametrize(
    ("api", "more"),
    [("ollama", {}), ("openai", {"template": "suffix"}), ("mistral", {"model": "codestral-latest"})],
)
async def test_source_brings_no_token_into_a_prompt_that_the_server_renders(
    api: str, more: dict[str, str]
) -> None:
    about = FimPrompt('PRE = "<|fim_prefix|>[PREFIX]"\n', "x = ", '\nSUF = "<|fim_suffix|>[SUFFIX]"\n')
    body = await sent(api, about, **more)
    family = ("[PREFIX]", "[SUFFIX]") if api == "mistral" else ("<|fim_prefix|>", "<|fim_suffix|>")
    assert body["prompt"].endswith('"\nx = ')
    assert not any(token in body["prompt"] + body["suffix"] for token in family)


async def test_ollama_without_insert_is_told_by_the_probe() -> None:
    async with ScriptedModel(reply="x", dialect="ollama") as server:
        found = await opened("ollama", server.url).probe()
        assert (found.problem, found.template, found.context_tokens) == ("", "suffix", 8192)


async def test_mistral_puts_other_files_into_the_prefix() -> None:
    body = await sent("mistral", OTHER)
    assert body["path"] == "/v1/fim/completions"
    assert body["prompt"] == "+++++ src/pi.py\nPI = 3.14\n\n+++++ src/area.py\ndef area(r):\n    return "
    assert body["suffix"] == "\n"
    assert "stream_options" not in body


async def test_anthropic_marks_what_stays_the_same_for_caching() -> None:
    body = await sent("anthropic", OTHER, reply="<FILL>x</FILL>")
    assert body["path"] == "/v1/messages"
    stable, hole = body["messages"][0]["content"]
    assert "PI = 3.14" in stable["text"]
    assert stable["cache_control"] == {"type": "ephemeral"}
    assert "def area(r):\n    return <HOLE/>\n" in hole["text"]
    assert "cache_control" not in hole
    assert "</FILL>" in body["stop_sequences"]
    assert "\n\n" not in body["stop_sequences"], "white space alone is refused there, and enforced here"


async def test_anthropic_marks_no_file_that_changes_with_every_edit() -> None:
    files = (*OTHER.files, ContextFile("src/b.py", "-old\n+new\n"))
    body = await sent("anthropic", replace(OTHER, files=files, lasting=1), reply="<FILL>x</FILL>")
    stable, rest = body["messages"][0]["content"]
    assert "PI = 3.14" in stable["text"]
    assert "+new" not in stable["text"]
    assert rest["text"].index("+new") < rest["text"].index("<HOLE/>")


async def test_anthropic_marks_a_conversation_before_its_last_question() -> None:
    turns = (Message("system", "S"), Message("user", "A"), Message("assistant", "B"), Message("user", "C"))
    body = await sent("anthropic", ChatPrompt(turns))
    assert [block.get("cache_control") is not None for block in body["system"]] == [True]
    marked = ["cache_control" in turn["content"][-1] for turn in body["messages"]]
    assert marked == [False, True, False]


async def test_anthropic_starts_the_answer_only_where_the_model_allows_it() -> None:
    old = await sent("anthropic", model="claude-3-5-haiku-latest")
    assert old["messages"][-1] == {"role": "assistant", "content": "<FILL>"}
    new = await sent("anthropic", model="claude-opus-4-6", reply="<FILL>x</FILL>")
    assert new["messages"][-1]["role"] == "user"


async def test_a_model_name_that_reasons_takes_other_limits() -> None:
    body = await sent("openai", ChatPrompt((Message("user", "hi"),)), model="gpt-5-mini")
    assert body["max_completion_tokens"] == 32
    assert not {"max_tokens", "temperature"} & set(body)


async def test_a_draft_is_sent_only_where_it_is_known_to_be_taken() -> None:
    async with ScriptedModel(reply="x") as server:
        for name in ("gpt-4o-mini", "qwen3"):
            model = opened("openai", server.url, model=name)
            await hear(model, ModelRequest(ChatPrompt((Message("user", "hi"),)), 8, draft="def f(): ..."))
            await model.aclose()
        known, unknown = (each.body for each in server.requests)
        assert known["prediction"] == {"type": "content", "content": "def f(): ..."}
        assert "prediction" not in unknown


@pytest.mark.parametrize(("api", "more"), [("openai", {"template": "chat"}), ("anthropic", {})])
async def test_a_file_about_our_own_marks_still_shows_one_hole(api: str, more: dict[str, str]) -> None:
    about = FimPrompt('HOLE = "<HOLE/>"\nOPEN = ', "", '\nCLOSE = "</FILL>"\n', path="hole.py")
    body = await sent(api, about, reply="<FILL>x</FILL>", **more)
    text = str(body["messages"][-1]["content"])
    assert text.count("<HOLE/>") == 2, "the cursor, and the question"
    assert "OPEN = <HOLE/>" in text


CHAT_REPLIES = {
    "in its marks": ("<FILL>math.pi * r</FILL>", "math.pi * r"),
    "with talk around": ("Sure!\n<FILL>math.pi * r</FILL>\nHope it helps.", "math.pi * r"),
    "in a fence": ("```python\nmath.pi * r\n```\n", "math.pi * r"),
    "in marks in a fence": ("```python\n<FILL>math.pi * r</FILL>\n```", "math.pi * r"),
    "of several lines": ("<FILL>a\n\n    b</FILL>", "a\n\n    b"),
    "empty": ("<FILL></FILL>", ""),
    "of an empty fence": ("```python\n```\n", ""),
    "of an open fence": ("```\nmath.pi", "math.pi"),
    "never closed": ("<FILL>math.pi * r", "math.pi * r"),
}
chatting = pytest.mark.parametrize(
    ("api", "more"),
    [("openai", {"template": "chat", "model": "gpt-4o"}), ("anthropic", {"model": "claude-opus-4-6"})],
)


@chatting
@pytest.mark.parametrize("case", CHAT_REPLIES)
async def test_a_chat_model_fills_the_hole(api: str, more: dict[str, str], case: str) -> None:
    reply, text = CHAT_REPLIES[case]
    heard = await filled(api, reply, more)
    assert (heard.text, heard.finish) == (text, "stop")


@chatting
@pytest.mark.parametrize(
    "reply",
    ["You could return math.pi * r ** 2 here.", "", "I'm sorry, I can't help with that.", "blah " * 3000],
    ids=["advice", "nothing", "refusal", "endless"],
)
async def test_prose_never_becomes_a_suggestion(api: str, more: dict[str, str], reply: str) -> None:
    with pytest.raises(errors.MalformedAnswer, match="prose") as caught:
        await filled(api, reply, more, max_tokens=10_000)
    assert "model" in caught.value.advice


async def test_a_token_of_the_family_ends_the_answer() -> None:
    for api in ("openai", "llamacpp"):
        async with ScriptedModel(reply="r * r<|fim_pad|>rubbish", dialect=api) as server:
            server.change(ignores_stops=True)
            model = opened(api, server.url)
            assert (await hear(model, request(HOLE))).text == "r * r"
            await model.aclose()
