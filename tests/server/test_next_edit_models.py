"""The next edit of a user's own model: every format behind the API that serves it, and models that misbehave."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.edits.next_formats.material import Material
from ai_lsp.edits.next_formats.table import FORMATS
from tests.scripted_model import Received, ScriptedModel
from tests.server.driving import messages, open_file, session, until, until_async
from tests.server.test_next_edit import ask

TEXT = """import os


def gross(net):
    price = net
    total = price
    return total


print(3)
"""
CHANGED = TEXT.replace("gross(net)", "gross(net, tax)")
WANTED = CHANGED.replace("price = net", "price = net * tax")
CURSOR = CHANGED.index("tax") + 3

REGIONS = {
    "zeta": r"<\|editable_region_start\|>\n(.*)\n<\|editable_region_end\|>",
    "zeta2": r"<<<<<<< CURRENT\n(.*)\n=======\n",
    "sweep": r"<\|file_sep\|>current/shop.py\n(.*)\n<\|file_sep\|>updated",
    "instinct": r".*<\|editable_region_start\|>\n(.*)\n<\|editable_region_end\|>",
    "mercury-edit": r"<\|code_to_edit\|>\n(.*)\n<\|/code_to_edit\|>",
    "chat": r"<FILE path=\"shop.py\".*<REGION>\n(.*)\n</REGION>",
}
MARK = re.compile(r"<\|user_cursor_is_here\|>|<\|user_cursor\|>|<\|cursor\|>|<CURSOR/>")
FORMAT = {row.name: row for row in FORMATS}

SERVED = [
    ("zeta", "llamacpp", "/completion"),
    ("zeta2", "openai", "/v1/completions"),
    ("zeta2", "ollama", "/api/generate"),
    ("sweep", "llamacpp", "/completion"),
    ("instinct", "ollama", "/api/chat"),
    ("mercury-edit", "openai", "/v1/edit/completions"),
    ("chat", "openai", "/v1/chat/completions"),
    ("chat", "anthropic", "/v1/messages"),
    ("chat", "mistral", "/v1/chat/completions"),
    ("chat", "llamacpp", "/v1/chat/completions"),
]


def region_of(name: str, prompt: str) -> str:
    found = re.search(REGIONS[name], prompt, re.DOTALL)
    assert found, prompt
    return MARK.sub("", found[1])


def answering(name: str, change: Callable[[str], str]) -> Callable[[Received], str]:
    """A model that knows its format: the region of each prompt, changed."""

    def reply(received: Received) -> str:
        region = region_of(name, received.prompt)
        return FORMAT[name].say(change(region), Material("shop.py", "python", "", region, ""))

    return reply


def better(region: str) -> str:
    return region.replace("price = net\n", "price = net * tax\n")


def settings(model: ScriptedModel, name: str, api: str, **more: Any) -> dict[str, Any]:
    one = {"api": api, "url": model.url, "model": "m", "template": name, "context_tokens": 4096}
    return {
        "models": {"own": one},
        "routes": {"completion": "", "next_edit": "own"},
        "next_edit": {"speculate": False} | more,
        "shadow": {"enabled": False},
    }


async def edited(client: LspClient, root: Path, text: str = TEXT) -> str:
    """The file is open and a parameter has just been added."""

    async def opened() -> str:
        return str((await client.request("aiLsp/status", {}))["routes"].get("next_edit", {}).get("state"))

    await until_async(opened, "ready")
    uri = open_file(client, root, "shop.py", text)
    at = text.index("(net)") + len("(net")
    client.change(uri, at, at, ", tax")
    return uri


async def suggested(client: LspClient, uri: str, offset: int = CURSOR) -> list[Any]:
    found: list[Any] = (await ask(client, uri, offset, context={"max": 5}))["suggestions"]
    return found


async def why(client: LspClient) -> str:
    return str(await client.request("workspace/executeCommand", {"command": "ai-lsp.why"}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    root.mkdir()
    return root


@pytest.mark.parametrize(("name", "api", "path"), SERVED, ids=lambda value: str(value).strip("/"))
async def test_a_models_answer_becomes_the_smallest_edit(name: str, api: str, path: str, root: Path) -> None:
    async with (
        ScriptedModel(answering(name, better), dialect=api) as model,
        session(root, settings(model, name, api)) as client,
    ):
        uri = await edited(client, root)
        (found,) = await suggested(client, uri)
        assert found["origin"] == "model"
        assert found["edits"][0]["newText"] == " * tax"
        client.apply_edits(uri, found["edits"])
        assert client.documents[uri].text == WANTED
        (request,) = model.requests
        assert request.path == path
        assert "+def gross(net, tax):" in request.prompt or name == "sweep"
        assert "def gross(net):" in request.prompt


async def test_what_introduces_an_error_is_withheld_and_said(root: Path) -> None:
    """Of the checkers that answer in time; the first question may come before they have started."""

    def worse(region: str) -> str:
        return region.replace("price = net\n", "price = nett * tax\n")

    async with (
        ScriptedModel(dialect="openai", reply=answering("zeta2", worse)) as model,
        session(root, settings(model, "zeta2", "openai") | {"shadow": {"enabled": True}}) as client,
    ):
        uri = await edited(client, root)

        async def shown() -> list[Any]:
            return [each for each in await suggested(client, uri) if each["origin"] == "model"]

        await until_async(shown, [])
        said = await why(client)
        assert "a checker looked" in said
        assert "nett" in said


async def test_a_fill_in_model_writes_the_line_anew(root: Path) -> None:
    async with ScriptedModel("price = net * tax\n", dialect="llamacpp") as model:
        options = settings(model, "qwen-coder", "llamacpp", min_confidence=0.3)
        async with session(root, options) as client:
            uri = await edited(client, root)
            (found,) = await suggested(client, uri, CHANGED.index("price"))
            assert found["edits"][0]["newText"] == " * tax"
            assert "recent_edits.diff" in model.requests[0].prompt


async def test_crlf_documents_keep_their_line_ends(root: Path) -> None:
    text = TEXT.replace("\n", "\r\n")
    change = answering("chat", lambda region: region.replace("price = net\n", "price = net\n    price *= tax\n"))
    async with (
        ScriptedModel(change, dialect="openai") as model,
        session(root, settings(model, "chat", "openai")) as client,
    ):
        uri = await edited(client, root, text)
        (found,) = await suggested(client, uri, text.index("(net)") + 9)
        client.apply_edits(uri, found["edits"])
        wanted = CHANGED.replace("price = net\n", "price = net\n    price *= tax\n").replace("\n", "\r\n")
        assert client.documents[uri].text == wanted


async def test_several_changes_are_staged_and_the_model_is_asked_once(root: Path) -> None:
    def both(region: str) -> str:
        return better(region).replace("return total", "return round(total)")

    async with (
        ScriptedModel(answering("chat", both), dialect="openai") as model,
        session(root, settings(model, "chat", "openai")) as client,
    ):
        uri = await edited(client, root)
        first, second = await suggested(client, uri)
        client.apply_edits(uri, first["edits"])
        await client.request("workspace/executeCommand", first["command"])
        client.change(uri, 0, 0, "# typed above\n")
        (following,) = await suggested(client, uri)
        assert following["edits"][0]["newText"] == second["edits"][0]["newText"]
        assert following["target"]["start"]["line"] == second["target"]["start"]["line"] + 1
        client.apply_edits(uri, following["edits"])
        assert "return round(total)\n" in client.documents[uri].text
        assert len(model.requests) == 1


async def test_the_edit_after_next_is_there_when_the_shown_one_is_taken(root: Path) -> None:
    def next_one(region: str) -> str:
        return better(region) if "* tax" not in region else region.replace("return total", "return round(total)")

    async with (
        ScriptedModel(answering("chat", next_one), dialect="openai") as model,
        session(root, settings(model, "chat", "openai", speculate=True)) as client,
    ):
        uri = await edited(client, root)
        (first,) = await suggested(client, uri)
        await model.until(lambda m: len(m.requests) == 2)
        client.apply_edits(uri, first["edits"])
        await client.request("workspace/executeCommand", first["command"])
        (following,) = await suggested(client, uri)
        assert "round" in following["edits"][0]["newText"]
        await model.until(lambda m: len(m.requests) == 3)  # asked ahead again, not for what was shown
        assert "round(total)" in model.requests[2].prompt


async def test_moved_code_is_one_edit_not_a_loss_and_a_find(root: Path) -> None:
    def moving(region: str) -> str:
        return region.replace("    total = price\n", "").replace(
            "def gross(net, tax):\n", "def gross(net, tax):\n    total = price\n"
        )

    async with (
        ScriptedModel(answering("chat", moving), dialect="openai") as model,
        session(root, settings(model, "chat", "openai")) as client,
    ):
        uri = await edited(client, root)
        (only,) = [each for each in await suggested(client, uri) if each["origin"] == "model"]
        client.apply_edits(uri, only["edits"])
        assert client.documents[uri].text == moving(CHANGED)


WRONG: dict[str, tuple[Callable[[Received], str] | str, str]] = {
    "takes back what was typed": (answering("chat", lambda r: r.replace("(net, tax)", "(net)")), "take back"),
    "rewrites all of it": (answering("chat", lambda r: "\n".join("x" for _ in r.split("\n"))), ""),
    "deletes nearly all": (answering("chat", lambda r: r.partition("\n")[0]), "delete too much"),
    "answers in prose": ("I would multiply by the tax.", "prose"),
    "answers nothing": ("", "empty"),
    "only blanks": (answering("chat", lambda r: r.replace("price = net", "price  =  net")), "only blanks"),
    "answers about another file": ("<REGION>\nfn main() {}\n", "cut short"),
    "writes the text of another file": (
        answering("chat", lambda r: "".join(f"    case {n}: run(step{n});\n" for n in range(r.count("\n")))),
        "next to nothing of the text",
    ),
    "says that nothing follows": ("<SAME/>", "would change nothing"),
    "brings marks in": (answering("chat", lambda r: r + "\n<|editable_region_end|>"), "marks of the model"),
}


@pytest.mark.parametrize("case", WRONG, ids=WRONG.keys())
async def test_a_wrong_answer_is_silent_and_says_why(case: str, root: Path) -> None:
    reply, reason = WRONG[case]
    async with (
        ScriptedModel(reply, dialect="openai") as model,
        session(root, settings(model, "chat", "openai")) as client,
    ):
        long = TEXT.replace("    total = price\n", "".join(f"    step_{n} = price\n" for n in range(20)))
        uri = await edited(client, root, long)
        found = await suggested(client, uri, long.index("(net)") + 9)
        if case == "rewrites all of it":
            assert found == [] or len(found[0]["edits"]) == 1  # bounded: one edit, which the user sees first
            return
        assert found == []
        assert reason in await why(client)
        assert model.requests


async def test_a_failing_model_is_told_once_and_the_embedded_engine_goes_on(root: Path) -> None:
    async with ScriptedModel("x", dialect="openai") as model:
        model.change(status=500, body=b"{}")
        async with session(root, settings(model, "chat", "openai", min_confidence=0.4)) as client:
            uri = await edited(client, root)
            assert await suggested(client, uri) == []
            at = client.documents[uri].text.index("total")
            client.change(uri, at, at + 5, "sum_due")
            for _ in range(200):
                if found := await suggested(client, uri, at + 8):
                    break
                await asyncio.sleep(0.05)
            assert found[0]["origin"] == "local"
            await until(lambda: sum("embedded" in said for said in messages(client)) == 1)


async def test_what_is_typed_while_the_model_thinks_is_kept(root: Path) -> None:
    async with (
        ScriptedModel(answering("chat", better), dialect="openai") as model,
        session(root, settings(model, "chat", "openai")) as client,
    ):
        model.change(first_token_ms=400)
        uri = await edited(client, root)
        mirror = client.documents[uri]
        asked = {"textDocument": {"uri": uri, "version": mirror.version}}
        call = client.send("aiLsp/nextEdit", asked | {"position": mirror.position(CURSOR).to_json()})
        await model.until(lambda m: len(m.requests) == 1)
        client.change(uri, 0, 0, "# above\n")
        (found,) = (await call.answer)["suggestions"]
        assert found["version"] == client.documents[uri].version
        client.apply_edits(uri, found["edits"])
        assert client.documents[uri].text == "# above\n" + WANTED


async def test_a_newer_request_ends_the_older_one_with_an_empty_list(root: Path) -> None:
    async with (
        ScriptedModel(answering("chat", better), dialect="openai") as model,
        session(root, settings(model, "chat", "openai")) as client,
    ):
        model.change(first_token_ms=300)
        uri = await edited(client, root)
        asked = {"textDocument": {"uri": uri}, "position": client.documents[uri].position(CURSOR).to_json()}
        older = client.send("aiLsp/nextEdit", asked)
        await model.until(lambda m: len(m.requests) == 1)
        newer = client.send("aiLsp/nextEdit", asked)
        assert await asyncio.wait_for(older.answer, 0.25) == {"suggestions": []}
        assert (await newer.answer)["suggestions"]
        await model.until(lambda m: len(m.disconnects) == 1)


async def test_a_secret_in_the_region_does_not_leave_and_comes_back(root: Path) -> None:
    key = "sk-proj-Zx9yW8vU7tS6rQ5pO4nM3lK2"
    text = TEXT.replace("    total = price\n", f'    total = price\n    api_key = "{key}"\n')

    async with (
        ScriptedModel(answering("chat", lambda r: r.replace('"\n', '"  # ours\n')), dialect="openai") as model,
        session(root, settings(model, "chat", "openai")) as client,
    ):
        uri = await edited(client, root, text)
        (found,) = await suggested(client, uri, text.index("(net)") + 9)
        assert key not in model.requests[0].prompt
        client.apply_edits(uri, found["edits"])
        assert f'api_key = "{key}"  # ours' in client.documents[uri].text
